"""Which data files are lost or torn, and how a person is told."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem, FileType

from onefold.lake.location import Location
from onefold.lake.snapshot import File
from onefold.lake.storage import OR_ANEW, folder_of
from onefold.lake.tables import Table

MAX_NAMED = 10


def damage_in(location: Location, table: Table, files: Sequence[File]) -> list[tuple[File, str]]:
    """Of these files those that aren't what the Delta log says, and why. Cost: reads them whole.

    Raises OSError when the storage fails meanwhile.
    """
    if not files:
        return []
    store = folder_of(location, table.name)
    found = (
        (file, _fault_of(location, store, file.uri.removeprefix(f"{location.table(table.name)}/"), file))
        for file in files
    )
    return [(file, fault) for file, fault in found if fault]


def sentence_on(damaged: Sequence[tuple[File, str]]) -> str:
    """What is wrong, and what to do."""
    named = "; ".join(f"{file.uri} {fault}" for file, fault in damaged[:MAX_NAMED])
    more = f"; and {len(damaged) - MAX_NAMED} more" if len(damaged) > MAX_NAMED else ""
    return f"Files of the lake are damaged: {named}{more}. Restore them from a backup, under the same names{OR_ANEW}"


def _content(location: Location, store: FileSystem, path: str, file: File) -> pa.NativeFile:
    """Of a folder without reading it all into memory."""
    if not location.is_remote:
        return pa.memory_map(file.uri)
    with store.open_input_file(path) as source:
        return pa.BufferReader(source.read_buffer())


def _fault_of(location: Location, store: FileSystem, path: str, file: File) -> str:
    (info,) = store.get_file_info([path])
    if info.type != FileType.File:
        return "is not there"
    if info.size != file.size_bytes:
        return f"has {info.size:,} bytes instead of {file.size_bytes:,}"
    content = _content(location, store, path, file)  # whatever goes wrong from here on is in the file
    try:
        parquet = pq.ParquetFile(content, page_checksum_verification=True)
        rows = sum(batch.num_rows for batch in parquet.iter_batches())
    except (OSError, pa.ArrowException) as fault:
        return f"can't be read ({fault})"
    return "" if rows == file.rows else f"has {rows:,} rows instead of {file.rows:,}"
