"""Rows of Python into tables of DuckDB, and out of them."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final

import duckdb
import pyarrow as pa

BATCH_ROWS: Final = 20_000
Row = tuple[Any, ...]


def insert(memory: duckdb.DuckDBPyConnection, table: str, rows: Iterator[Row]) -> None:
    """Append rows to a table with these columns, BATCH_ROWS at a time."""
    schema = memory.table(table).limit(0).to_arrow_table().schema
    while batch := list(islice(rows, BATCH_ROWS)):
        columns = zip(*batch, strict=True)
        incoming = pa.table([pa.array(values, one.type) for values, one in zip(columns, schema, strict=True)], schema)
        memory.register("incoming", incoming)
        memory.execute(f"insert into {table} select * from incoming")  # noqa: S608 a name of ours
        memory.unregister("incoming")


def read(memory: duckdb.DuckDBPyConnection, query: str) -> Iterator[Row]:
    """The answer, streamed; beside it `memory` may go on."""
    return chain.from_iterable(_batches(memory, query))


def _batches(memory: duckdb.DuckDBPyConnection, query: str) -> Iterator[Iterator[Row]]:
    with memory.cursor() as reader:
        for batch in reader.sql(query).to_arrow_reader(BATCH_ROWS):
            yield zip(*(column.to_pylist() for column in batch.columns), strict=True)
