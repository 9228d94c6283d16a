"""`funnel_kernel` and its ratios: five steps over a year of events in the lake's layout, on their Parquet files.

Beside it, in the same rounds: what decoding the same columns takes with as many threads, and ClickHouse's
`windowFunnel` (chdb) on the same files. The page cache holds the files; answers must be equal.
"""

import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.figures import Measuring, median_of
from benchmarks.scale import Scale
from onefold.lake.kernels.api import Condition, Funnel, FunnelResult, funnel
from onefold.lake.snapshot import File, Snapshot, TableFiles
from onefold.lake.tables import BUCKETS, EVENTS, ROW_GROUP_ROWS

MONTHS: Final = 12
ROUNDS: Final = 7
THREADS: Final = 2
WINDOW_US: Final = 30 * 86_400 * 1_000_000
STEPS: Final = ("Page Viewed", "Product Viewed", "Product Added", "Checkout Started", "Order Completed")
OTHERS: Final = tuple(f"Other event {i}" for i in range(15))
SHARES: Final = (0.3, 0.2, 0.08, 0.04, 0.02, *(0.36 / len(OTHERS),) * len(OTHERS))
COLUMNS: Final = ["profile_id", "ts", "name"]
QUERY: Final = """
select level, count() from (
    select profile_id, windowFunnel({window})(toUInt64(toUnixTimestamp64Micro(ts)), {conditions}) as level
    from file('{folder}/*/*/*.parquet', Parquet, 'profile_id Int64, ts DateTime64(6), name String')
    where name in ({names}) group by profile_id)
group by level
"""


def figures(scale: Scale, folder: Path) -> Measuring:
    """At a tenth of the events and at all of them; the smaller is told on standard error."""
    for share in (10, 1):
        events, people = scale.past_events // share, scale.people // share
        made = folder / f"lake-{events}"
        snapshot = fill(made, events, people)
        rounds = _rounds(snapshot, made)
        if share == 1:
            yield median_of("funnel_kernel", rounds["kernel"])
            for name, other in (("funnel_kernel_decode_ratio", "decode"), ("funnel_kernel_chdb_ratio", "chdb")):
                pairs = zip(rounds["kernel"], rounds[other], strict=True)
                yield median_of(name, [ours / theirs for ours, theirs in pairs])
        else:
            told = {name: round(statistics.median(times), 3) for name, times in rounds.items()}
            print(f"  funnel of {events:,} events in s: {told}", file=sys.stderr)


def fill(folder: Path, events: int, people: int) -> Snapshot:
    """A year of events, filed by month and bucket as compaction leaves them, without bodies. 15 s for 20 million."""
    r = np.random.default_rng(1)
    ids = r.integers(-(2**63), 2**63 - 1, people)
    files: list[File] = []
    edges = np.arange("2025-01", "2026-02", dtype="datetime64[M]")
    for month in range(MONTHS):
        count = events // MONTHS
        begin, end = (int(edge.astype("datetime64[ms]").astype(np.int64)) for edge in edges[month : month + 2])
        profile = ids[(r.random(count) ** 1.5 * people).astype(np.int64)]  # some come more often
        table = pa.table(
            {
                "profile_id": profile,
                "ts": pa.array(r.integers(begin, end, count) * 1_000, pa.timestamp("us", "UTC")),
                "position": np.arange(month * count, (month + 1) * count),
                "fragment_id": profile,
                "name": pa.array((*STEPS, *OTHERS)).take(pa.array(r.choice(len(SHARES), count, p=SHARES))),
            }
        ).sort_by([("profile_id", "ascending"), ("ts", "ascending")])
        bucket = table["profile_id"].to_numpy() % BUCKETS
        files += [_write(table.filter(bucket == one), folder, str(edges[month]), one) for one in range(BUCKETS)]
    return _snapshot(tuple(files))


def _write(table: pa.Table, folder: Path, month: str, bucket: int) -> File:
    path = folder / f"month={month}" / f"bucket={bucket}" / "one.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(table, path, row_group_size=ROW_GROUP_ROWS, compression="zstd")
    partition = {"month": month, "bucket": str(bucket)}
    return File(uri=str(path), partition=partition, size_bytes=path.stat().st_size, rows=len(table))


def _snapshot(files: tuple[File, ...]) -> Snapshot:
    nothing = pa.array([], pa.int64())
    return Snapshot(
        tables={EVENTS.name: TableFiles(table=EVENTS, version=0, files=files)},
        position=0,
        taken_at=datetime.now(UTC),
        gone=pa.table({"position": nothing}),
        overrides=pa.table({"fragment_id": nothing, "profile_id": nothing}),
        withheld=pa.table({"fragment_id": nothing}),
    )


def _rounds(snapshot: Snapshot, folder: Path) -> dict[str, list[float]]:
    """Seconds of each, in turn; the first round, which compiles, isn't counted."""
    asked = Funnel(steps=tuple(Condition(names=frozenset({name})) for name in STEPS), window_us=WINDOW_US)
    measured: dict[str, Callable[[], Any]] = {
        "kernel": lambda: funnel(snapshot, asked, threads=THREADS),
        "decode": lambda: decode(snapshot),
        "chdb": lambda: by_clickhouse(folder),
    }
    times: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(ROUNDS + 1):
        answers = {}
        for name, run in measured.items():
            began = time.perf_counter()
            answers[name] = run()
            if number:
                times[name].append(time.perf_counter() - began)
        if _reached(answers["kernel"]) != answers["chdb"]:
            raise AssertionError(f"the kernel found {_reached(answers['kernel'])}, ClickHouse {answers['chdb']}")
    return times


def _reached(result: FunnelResult) -> list[int]:
    return [step.profiles for step in result.steps]


def decode(snapshot: Snapshot) -> int:
    """The columns of every file, with as many threads; names as a dictionary, which is the quickest. Rows."""

    def rows(file: File) -> int:
        with pq.ParquetFile(file.uri, read_dictionary=["name"]) as opened:
            return len(opened.read(COLUMNS, use_threads=False))

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(rows, snapshot.tables[EVENTS.name].files))


def by_clickhouse(folder: Path) -> list[int]:
    """How many profiles came to each step."""
    names = [f"'{name}'" for name in STEPS]
    query = QUERY.format(
        window=WINDOW_US,
        conditions=", ".join(f"name = {name}" for name in names),
        folder=folder,
        names=", ".join(names),
    )
    chdb: Any = import_module("chdb")  # it has no types
    answer = str(chdb.query(query, "CSV"))
    pairs = (line.split(",") for line in answer.split())
    levels = {int(level): int(count) for level, count in pairs}
    return [sum(count for level, count in levels.items() if level > step) for step in range(len(STEPS))]
