"""Parquet files of a table, written through the lake's own storage."""

import uuid
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from onefold.kernel.errors import Unavailable
from onefold.lake.delta import added
from onefold.lake.location import Location
from onefold.lake.tables import ROW_GROUP_ROWS, Table

if TYPE_CHECKING:
    from deltalake.transaction import AddAction

COMPRESSION: Final = "zstd"
_PLAIN: Final = ("event_id",)
"""Columns of which every value is another: a dictionary would only cost."""


def write_file(location: Location, table: Table, partition: dict[str, str], rows: pa.Table) -> "AddAction":
    """Write sorted rows into a new file of a partition; what tells the Delta log of it.

    The file is nobody's until that is committed. Raises Unavailable when the storage fails or is full.
    """
    folder = "".join(f"{name}={partition[name]}/" for name in table.partitioned_by)
    path = f"{folder}{uuid.uuid4().hex}.parquet"
    files = location.files(table.name)
    dictionary = [name for name in rows.column_names if name not in _PLAIN]
    try:
        with files.open_output_stream(path) as sink:
            pq.write_table(
                rows,
                sink,
                row_group_size=ROW_GROUP_ROWS,
                compression=COMPRESSION,
                use_dictionary=dictionary,
                write_page_index=True,
                sorting_columns=[pq.SortingColumn(rows.column_names.index(name)) for name in table.sorted_by],
            )
            size = sink.tell()
    except (OSError, pa.ArrowException) as fault:
        raise Unavailable(f"The lake can't be written: {fault}") from fault
    return added(path, size, partition, rows)
