"""`scan_ratio`: what an aggregate costs through plans, over the same query written by hand."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from benchmarks.figures import Measuring, median_of
from benchmarks.scale import Scale
from onefold.config import EngineSettings
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.plans import Aggregate, Column, Compare, Metric, OneOf, Order, Output, Property, TimeBucket
from onefold.lake.snapshot import File, Snapshot, TableFiles
from onefold.lake.tables import BUCKETS, EVENTS, ROW_GROUP_ROWS
from onefold.lake.tables import Column as TableColumn

AMOUNT: Final = TableColumn("p_amount", "double", "A property")
TABLE: Final = EVENTS._replace(columns=(*EVENTS.columns, AMOUNT))
PLAN: Final = Aggregate(
    metrics=(
        Metric("events"),
        Metric("people", "distinct", Column("profile_id")),
        Metric("revenue", "sum", Property("amount", "double")),
        Metric("large", where=Compare(Property("amount", "double"), ">", 90)),
    ),
    dimensions=(Output("name", Column("name")), Output("day", TimeBucket("day"))),
    where=OneOf(Column("name"), ("Event 1", "Event 2", "Event 3")),
    since=datetime(2025, 3, 1, tzinfo=UTC),
    until=datetime(2025, 9, 1, tzinfo=UTC),
    order=(Order("revenue", is_descending=True),),
)
BY_HAND: Final = """
select name, date_trunc('day', ts)::date as day, count(*) as events, count(distinct profile_id) as people,
    sum(p_amount) as revenue, count(*) filter (where p_amount > 90) as large
from read_parquet([{files}])
where name in ('Event 1', 'Event 2', 'Event 3') and ts >= '2025-03-01T00:00:00Z' and ts < '2025-09-01T00:00:00Z'
group by all order by revenue desc, name, day
"""
_ROWS: Final = """
select (hash(i * 3 // 61) % {people})::bigint as profile_id,
    make_timestamptz({first}000000 + (hash(i) % {seconds})::bigint * 1000000) as ts,
    encode(printf('%016x', i)) as event_id, i as position, 'Event ' || (hash(i + 7) % 9) as name,
    (hash(i + 5) % 10000) / 100.0 as p_amount,
    '{{"properties": {{"amount": ' || i % 100 || ', "filler": "' || repeat('x', 200) || '"}}}}' as body
from range({events}) as rows(i)
"""


def figures(scale: Scale, folder: Path) -> Measuring:
    """Rounds of both, in turns; each opens its own DuckDB, as a question does."""
    snapshot = _lake(folder / "lake", scale)
    files = snapshot.tables["events"].files
    engine = DuckDBEngine(EngineSettings(memory_mb=4_096), folder / "spill")
    query = BY_HAND.format(files=", ".join(f"'{file.uri}'" for file in files))

    def asked() -> pa.Table:
        return engine.run(PLAN, snapshot).table

    def written() -> pa.Table:
        return _by_hand(query)

    if _counts(asked()) != _counts(written()):
        raise AssertionError("the two answers differ")
    rounds = [_timed(asked) / _timed(written) for _ in range(scale.scan_rounds)]
    yield median_of("scan_ratio", rounds)


def _by_hand(query: str) -> pa.Table:
    with duckdb.connect(config={"threads": EngineSettings().threads}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.sql(query).to_arrow_table()


def _counts(table: pa.Table) -> list[dict[str, object]]:
    """Without sums of doubles, whose last digits depend on the order of adding; so may the rows' order."""
    counts = table.drop_columns(["revenue"])
    return counts.sort_by([("name", "ascending"), ("day", "ascending")]).to_pylist()  # type: ignore[no-any-return]  # pyarrow has no types


def _timed(ask: Callable[[], pa.Table]) -> float:
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def _lake(folder: Path, scale: Scale) -> Snapshot:
    """A year of events in the lake's layout: a sorted file for each month and bucket."""
    first, last = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    span = {"first": int(first.timestamp()), "seconds": int((last - first).total_seconds())}
    folder.mkdir()
    with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(folder / "spill")}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = _ROWS.format(events=scale.scan_events, people=scale.people, **span)
        connection.execute(f"create view made as {rows}")
        connection.execute(
            f"copy (select *, strftime(ts, '%Y-%m') as month, profile_id % {BUCKETS} as bucket from made"  # noqa: S608 ours
            f" order by month, bucket, profile_id, ts, event_id) to '{folder}/events'"
            f" (format parquet, partition_by (month, bucket), row_group_size {ROW_GROUP_ROWS}, compression zstd)"
        )
    files = tuple(file_of(path) for path in sorted(folder.glob("events/*/*/*.parquet")))
    nothing = pa.table({"position": pa.array([], pa.int64()), "fragment_id": pa.array([], pa.int64())})
    return Snapshot(
        tables={"events": TableFiles(table=TABLE, version=1, files=files)},
        position=scale.scan_events,
        taken_at=last,
        gone=nothing.select(["position"]),
        withheld=nothing.select(["fragment_id"]),
        overrides=nothing.append_column("profile_id", pa.array([], pa.int64())).drop_columns(["position"]),
        promoted={"amount": AMOUNT},
    )


def file_of(path: Path) -> File:
    partition = dict(part.split("=") for part in path.parts if "=" in part)
    return File(uri=str(path), partition=partition, size_bytes=path.stat().st_size, rows=0)
