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
from pyarrow.fs import FileSystem

from onefold.kernel.errors import Unavailable
from onefold.lake.delta import Extent, added, schema_of, stored_columns
from onefold.lake.location import Location
from onefold.lake.snapshot import File
from onefold.lake.tables import ROW_GROUP_ROWS, Table

if TYPE_CHECKING:
    from deltalake.transaction import AddAction

COMPRESSION: Final = "zstd"
_PLAIN: Final = ("event_id", "message_id", "body")
"""Columns of which every value is another: a dictionary would only cost."""
PAGE_BYTES: Final = 64 * 1024
"""Readers skip whole pages: somebody's events of a year cost a third of what they do with pages of a megabyte."""
MEMORY_MB: Final = 512
THREADS: Final = 2


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
    extent = Extent()
    try:
        with location.files(table.name).open_output_stream(path) as sink:
            with _writer(sink, table, rows.schema) as writer:
                for batch in rows:
                    writer.write_batch(batch, ROW_GROUP_ROWS)
                    extent.add(batch)
            size = sink.tell()
    except (OSError, pa.ArrowException, duckdb.IOException) as fault:
        raise Unavailable(f"The lake can't be written: {fault}") from fault
    return added(path, size, partition, extent)


def _writer(sink: pa.NativeFile, table: Table, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        sink,
        schema,
        compression=COMPRESSION,
        data_page_size=PAGE_BYTES,
        use_dictionary=[name for name in schema.names if name not in _PLAIN],
        write_page_index=True,
        sorting_columns=[pq.SortingColumn(schema.names.index(name)) for name in table.sorted_by],
    )


@contextmanager
def working_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB for a run that changes the lake: bounded memory, what is more goes to a temporary folder."""
    folder = tempfile.mkdtemp(prefix="onefold-lake-")
    try:
        with duckdb.connect() as memory:
            memory.execute(f"set memory_limit = '{MEMORY_MB}MB'")
            memory.execute(f"set threads = {THREADS}")
            memory.execute(f"set temp_directory = '{folder}'")
            memory.execute("set TimeZone = 'UTC'")
            memory.execute("set preserve_insertion_order = false")
            yield memory
    except (duckdb.IOException, duckdb.OutOfMemoryException) as fault:
        raise Unavailable(f"The lake can't be read, or there is no room to work: {fault}") from fault
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
    try:
        with _instance().cursor() as memory:
            yield memory
    except (duckdb.IOException, duckdb.OutOfMemoryException) as fault:
        raise Unavailable(f"The lake can't be read: {fault}") from fault


def files_sql(memory: duckdb.DuckDBPyConnection, location: Location, table: Table, files: Sequence[File]) -> str:
    """The columns of `table` that are in its files, as something to select from; quicker than `register_files` where
    the files are local. At least one file."""
    if not location.is_remote:
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
    store: FileSystem = location.files(table.name)
    paths = [file.uri.removeprefix(f"{location.table(table.name)}/") for file in files]
    try:
        found = ds.dataset(paths, schema=schema, format="parquet", filesystem=store)
    except (OSError, pa.ArrowException) as fault:
        raise Unavailable(f"The lake can't be read: {fault}") from fault
    memory.register(name, found)
