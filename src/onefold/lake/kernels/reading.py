"""Reads what a walk needs of one file, or of rows in memory, as plain columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onefold.kernel.errors import Broken, Unavailable
from onefold.lake.kernels.coding import Coding
from onefold.lake.kernels.selecting import Decoded
from onefold.lake.tables import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]

TYPES: Mapping[str, pa.DataType] = {
    "long": pa.int64(),
    "integer": pa.int32(),
    "string": pa.string(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", "UTC"),
}
Span = tuple[int, int]
"""From the first to before the second."""
ALWAYS: Final[Span] = (-(2**63), 2**63 - 1)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What is wanted of files: columns, of which `known` tells the types; `position` too if one may be in `gone`."""

    columns: tuple[str, ...]
    gone: Span
    known: Mapping[str, Column]
    storage_options: Mapping[str, str]


def read(uri: str, ask: Ask, span: Span) -> pa.Table:
    """Row groups that may have rows whose `ts` lies within the span. Columns that the file lacks are null.

    Raises `Unavailable` where the file can't be reached or was compacted away, `Broken` where it isn't whole.
    """
    try:
        with _opened(uri, ask.storage_options) as file:
            there, metadata = file.schema_arrow.names, file.metadata
            groups = _groups_with(metadata, "ts", span)
            columns = [name for name in ask.columns if name in there]
            if "position" not in columns and _groups_with(metadata, "position", ask.gone):
                columns.append("position")
            table = file.read_row_groups(groups, columns, use_threads=False)
    except pa.ArrowInvalid as error:
        raise Broken(f"A file of the lake is damaged: {uri}: {error}") from error
    except OSError as error:  # pyarrow's own are of it, too
        raise Unavailable(f"A file of the lake can't be read: {uri}: {error}") from error
    for name in ask.columns:
        if name not in there:
            table = table.append_column(name, pa.nulls(len(table), TYPES[ask.known[name].type]))
    return table


def _opened(uri: str, storage_options: Mapping[str, str]) -> pq.ParquetFile:
    if "://" not in uri:
        return pq.ParquetFile(uri, read_dictionary=["name"])
    from deltalake.fs import DeltaStorageHandler
    from pyarrow.fs import PyFileSystem

    folder, _, name = uri.rpartition("/")
    source = PyFileSystem(DeltaStorageHandler(folder, dict(storage_options))).open_input_file(name)
    return pq.ParquetFile(source, read_dictionary=["name"], pre_buffer=True)


def _groups_with(metadata: Any, name: str, span: Span) -> list[int]:  # noqa: ANN401 pyarrow has no types
    """Which row groups may have values within the span, by their statistics."""
    if span[0] >= span[1]:
        return []
    every = range(metadata.num_row_groups)
    return [i for i in every if span == ALWAYS or _may_hold(metadata.row_group(i), name, span)]


def _may_hold(group: Any, name: str, span: Span) -> bool:  # noqa: ANN401 as above
    for i in range(group.num_columns):
        column = group.column(i)
        if column.path_in_schema == name and column.physical_type == "INT64":
            found = column.statistics
            return found is None or not found.has_min_max or (found.min_raw < span[1] and found.max_raw >= span[0])
    return True


def decoded(table: pa.Table, coding: Coding) -> "tuple[Decoded, Codes]":
    """The columns, and the codes of the names that `index` tells. `position` is empty where the table hasn't it."""
    index, names = _names(table["name"])
    columns = Decoded(
        _longs(table["profile_id"]),
        _longs(table["ts"].cast(TYPES["timestamp"])),
        index,
        steady(coding.allowed(table)),
        longs_of(table, "position"),
    )
    return columns, coding.of_names(names)


def longs_of(table: pa.Table, name: str) -> Any:  # noqa: ANN401 NDArray, without loading numpy's types
    """A column of whole numbers; empty where the table hasn't it."""
    return _longs(table[name]) if name in table.column_names else steady(np.empty(0, np.int64))


def _names(column: pa.ChunkedArray) -> "tuple[Codes, pa.Array]":
    """For each row the place of its name among the names; the last of those is the empty one, for rows without name."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    whole = column.combine_chunks()
    index = whole.indices.cast(pa.int32())
    if index.null_count:
        index = pc.fill_null(index, len(whole.dictionary))
    return steady(index.to_numpy()), pa.concat_arrays([whole.dictionary.cast(pa.string()), pa.array([""], pa.string())])


def _longs(column: pa.ChunkedArray) -> Any:  # noqa: ANN401 as above
    if column.null_count:
        raise Broken("A row of the lake has no profile, time or position.")
    whole = column.cast(pa.int64())
    return steady((whole.chunk(0) if whole.num_chunks == 1 else whole.combine_chunks()).to_numpy())


def steady(array: Any) -> Any:  # noqa: ANN401 as above
    """Read-only, as Arrow's are: a kernel is compiled anew for arrays that can be written."""
    array.flags.writeable = False
    return array
