"""Parquet files of a table, written and read through the lake's own storage."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from onefold.kernel.errors import Unavailable
from onefold.lake.damage import damage_in, sentence_on
from onefold.lake.delta import Extent, added, schema_of, stored_columns
from onefold.lake.location import Location
from onefold.lake.scanning import scannable
from onefold.lake.snapshot import File
from onefold.lake.state import LakeDamaged
from onefold.lake.storage import folder_of, plain
from onefold.lake.tables import ROW_GROUP_BYTES, ROW_GROUP_ROWS, Table

if TYPE_CHECKING:
    from deltalake.transaction import AddAction

COMPRESSION: Final = "zstd"
_PLAIN: Final = ("event_id", "message_id", "body")
"""Columns of which every value is another: a dictionary would only cost."""
PAGE_BYTES: Final = 64 * 1024
"""Readers skip whole pages: somebody's events of a year cost a third of what they do with pages of a megabyte."""
PARQUET: Final = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
)
_STREAM: Final = "reading the stream"
"""In what DuckDB says when Arrow can't read for it."""
_Source = tuple[Location, Table, Sequence[File]]
_sources: Final[dict[int, list[_Source]]] = {}
"""By connection of `working_memory` and `quick_memory`: what was read in it."""
MEMORY_MB: Final = 512
THREADS: Final = 2
KEEP_SIDES: Final = "set disabled_optimizers = 'build_side_probe_side'"
"""Joins are held in memory by their right side: of files that are read through Arrow DuckDB doesn't know the size, and
would take them for small."""


def write_rows(location: Location, table: Table, partition: dict[str, str], rows: pa.Table) -> "AddAction":
    """As `write_stream`."""
    return write_stream(location, table, partition, rows.combine_chunks().to_reader(ROW_GROUP_ROWS))


def write_stream(
    location: Location, table: Table, partition: dict[str, str], rows: pa.RecordBatchReader
) -> "AddAction":
    """Write sorted rows into a new file of a partition, a batch a row group; what tells the Delta log of it.

    The file is nobody's until that is committed. Raises Unavailable when the storage fails or is full.
    """
    folder = "".join(f"{name}={partition[name]}/" for name in table.partitioned_by)
    path = f"{folder}{uuid.uuid4().hex}.parquet"
    extent = Extent(table)
    try:
        with folder_of(location, table.name).open_output_stream(path) as sink:
            with _writer(sink, table, rows.schema) as writer:
                for batch in rows:
                    extent.add(batch)
                    for group in _row_groups(batch):
                        writer.write_batch(group, ROW_GROUP_ROWS)
            size = sink.tell()
    except (OSError, pa.ArrowException, duckdb.IOException) as fault:
        raise Unavailable(f"The lake can't be written: {plain(fault)}") from fault
    return added(path, size, partition, extent)


def _row_groups(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    rows = max(1, min(ROW_GROUP_ROWS, batch.num_rows * ROW_GROUP_BYTES // max(1, batch.nbytes)))
    yield from (batch.slice(first, rows) for first in range(0, batch.num_rows, rows))


def _writer(sink: pa.NativeFile, table: Table, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        sink,
        schema,
        compression=COMPRESSION,
        data_page_size=PAGE_BYTES,
        use_dictionary=[name for name in schema.names if name not in _PLAIN],
        write_page_index=True,
        write_page_checksum=True,
        sorting_columns=[pq.SortingColumn(schema.names.index(name)) for name in table.sorted_by],
    )


@contextmanager
def working_memory(memory_mb: int = MEMORY_MB) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB for a run over the lake: bounded memory, what is more goes to a temporary folder.

    Raises Unavailable when both are full: a sum over texts of millions of groups keeps some of each in memory.
    """
    try:
        folder = tempfile.mkdtemp(prefix="onefold-lake-")
    except OSError as fault:
        raise Unavailable(f"The lake has no room for temporary files: {fault}") from fault
    try:
        with duckdb.connect() as memory:
            memory.execute(f"set memory_limit = '{memory_mb}MB'")
            memory.execute(f"set threads = {THREADS}")
            memory.execute(f"set temp_directory = '{folder}'")
            memory.execute("set TimeZone = 'UTC'")
            memory.execute("set preserve_insertion_order = false")
            memory.execute("set enable_progress_bar = false")
            with _readable(memory):
                yield memory
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _readable(memory: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Files that can't be read are named."""
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InvalidInputException) as fault:
        raise fault_of(_sources.get(id(memory), []), fault) from fault
    finally:
        _sources.pop(id(memory), None)


def fault_of(sources: Sequence[_Source], fault: Exception) -> Exception:
    """LakeDamaged if any of the files is; else Unavailable, or the fault itself if it is ours."""
    try:
        if damaged := [one for location, table, files in sources for one in damage_in(location, table, files)]:
            return LakeDamaged(sentence_on(damaged))
    except OSError as other:
        fault = other
    if isinstance(fault, duckdb.InvalidInputException) and _STREAM not in str(fault):
        return fault
    return Unavailable(f"The lake can't be read, or there is no room to work: {plain(fault)}")


@cache
def _instance() -> duckdb.DuckDBPyConnection:
    instance = duckdb.connect()
    instance.execute(f"set memory_limit = '{MEMORY_MB}MB'")
    instance.execute(f"set threads = {THREADS}")
    instance.execute("set TimeZone = 'UTC'")
    return instance


@contextmanager
def quick_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB for a small question: a connection to this process's own, because a new one takes 20 ms to start."""
    with _instance().cursor() as memory, _readable(memory):
        yield memory


def files_sql(memory: duckdb.DuckDBPyConnection, location: Location, table: Table, files: Sequence[File]) -> str:
    """The columns of `table` that are in its files, as something to select from; quicker than `register_files` where
    the files are local. At least one file."""
    if not location.is_remote:
        _sources.setdefault(id(memory), []).append((location, table, files))
        paths = ", ".join("'" + file.uri.replace("'", "''") + "'" for file in files)
        return f"read_parquet([{paths}], hive_partitioning = false)"
    register_files(memory, "files", location, table, files, schema_of(stored_columns(table)))
    return "files"


def register_files(
    memory: duckdb.DuckDBPyConnection,
    name: str,
    location: Location,
    table: Table,
    files: Sequence[File],
    schema: pa.Schema,
) -> None:
    """Make `files` of a table the relation `name`; columns that a file lacks are null, those of the path are left out.

    Through Arrow, because DuckDB reads no object store by itself. Raises Unavailable.
    """
    if not files:
        memory.register(name, schema.empty_table())
        return
    store = folder_of(location, table.name)
    paths = [file.uri.removeprefix(f"{location.table(table.name)}/") for file in files]
    try:
        found = ds.dataset(paths, schema=schema, format=PARQUET, filesystem=store)
    except (OSError, pa.ArrowException) as fault:
        raise fault_of([(location, table, files)], fault) from fault
    _sources.setdefault(id(memory), []).append((location, table, files))
    memory.register(name, scannable(found, is_near=not location.is_remote))
