"""Rows in order, of more than memory holds: some profiles at a time."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import duckdb
import pyarrow as pa

from onefold.lake.tables import ROW_GROUP_BYTES, ROW_GROUP_ROWS, Table

SLICE_BYTES: Final = 128 * 1024 * 1024
"""Of rows that are sorted at once. DuckDB's sort goes to the disk, and yet fails when wide rows are several times its
memory."""
_ROW_BYTES: Final = 300
"""About what a row of events takes beside its body."""


def sorted_reader(
    memory: duckdb.DuckDBPyConnection, rows_sql: str, table: Table, *, rows: int, body_bytes: int
) -> pa.RecordBatchReader:
    """What `rows_sql` selects of a table of events, in the table's order, in batches that are row groups.

    `rows`, `body_bytes`: about how many, and how large their bodies are together. Cost: where they are more than
    SLICE_BYTES, the rows are read once a slice. Memory: a slice, but a profile is never divided.
    """
    schema = memory.sql(f"select * from ({rows_sql}) limit 0").to_arrow_table().schema  # noqa: S608 SQL of ours
    slices = math.ceil((body_bytes + rows * _ROW_BYTES) / SLICE_BYTES)
    at_once = max(1, min(ROW_GROUP_ROWS, ROW_GROUP_BYTES * rows // max(1, body_bytes)))
    conditions = _conditions(memory, rows_sql, slices) if slices > 1 else ["true"]
    order = ", ".join(table.sorted_by)

    def batches() -> Iterator[pa.RecordBatch]:
        for condition in conditions:
            query = f"select * from ({rows_sql}) where {condition} order by {order}"  # noqa: S608 SQL of ours
            yield from memory.sql(query).to_arrow_reader(at_once)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _conditions(memory: duckdb.DuckDBPyConnection, rows_sql: str, slices: int) -> list[str]:
    """Together every profile, each once, in their order; of about as many rows each."""
    shares = [place / slices for place in range(1, slices)]
    ((found,),) = memory.sql(f"select approx_quantile(profile_id, {shares}) from ({rows_sql})").fetchall()  # noqa: S608 as above
    bounds = sorted(set(found))
    between = [f"profile_id > {low} and profile_id <= {high}" for low, high in pairwise(bounds)]
    return [f"profile_id <= {bounds[0]}", *between, f"profile_id > {bounds[-1]}"]
