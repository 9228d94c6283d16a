"""`audiences_200_traits`, `audiences_200`, `audiences_200_ratio`: who is in two hundred rules, in one pass.

The rules of `audience_rules`: 200 by traits alone; and the mixture, 90 by traits, 90 with windows, 20 sequences. Of a
year of visits in the lake's layout, sorted and filed as compaction leaves them; `price` and `currency` are promoted,
as traffic would have them, so that no rule reads the events' JSON, which is short here. Beside it, in the same rounds,
a bare scan: the greatest value of each column that the rules read, by DuckDB with as many threads.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb
import msgspec
import pyarrow as pa

from benchmarks.audience_rules import N_RULES, Rule, trait_rules, two_hundred
from benchmarks.audiences import PURPOSE
from benchmarks.figures import Measuring, median_of
from benchmarks.scale import Scale
from benchmarks.scan import file_of
from onefold.audiences.compile import Memberships
from onefold.audiences.live import read_rule
from onefold.audiences.rules import Scope, with_purpose
from onefold.config import EngineSettings
from onefold.filters.api import Node
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.snapshot import Snapshot, TableFiles
from onefold.lake.tables import BUCKETS, COMPANIES, EVENTS, PROFILES, ROW_GROUP_ROWS, Column

MEMORY_MB: Final = 4_096
PROMOTED: Final = {
    "price": Column("p_price", "double", "A property"),
    "currency": Column("p_currency", "string", "A property"),
}
SCOPE: Final = Scope(purposes=frozenset({PURPOSE}))
_EVENTS: Final = """
with drawn as (select i, hash(i // 8) as visit, hash(i) as chance, hash(i) % 100 as die from range({events}) rows(i))
select (hash(visit % {people} + 1) >> 1)::bigint as profile_id, profile_id as fragment_id, i as position,
    make_timestamptz({first}000000 + ((visit >> 20) % {seconds})::bigint * 1000000 + (i % 8) * 30000000) as ts,
    encode(printf('%016x', i)) as event_id,
    case when die < 8 then 'identify' when die < 55 then 'page' else 'track' end as kind,
    case when die < 8 then '' when die < 55 then 'Product' when die < 77 then 'Product Viewed' else 'Product Added' end
        as name,
    case when die >= 55 then (chance % 9900) / 100.0 end as p_price,
    case when die >= 55 then if(chance % 3 = 0, 'USD', 'EUR') end as p_currency,
    '{{"properties": {{"price": ' || (chance % 9900) / 100.0 || ', "quantity": 1}}}}' as body,
    strftime(ts, '%Y-%m') as month, profile_id % {buckets} as bucket
from drawn
"""
_PROFILES: Final = """
select (hash(i + 1) >> 1)::bigint as profile_id, 'Person ' || i as name, null::varchar as phone,
    case when i % 3 = 0 then 'person-' || i || '@mail.example' end as email,
    null::bigint as company_id, true as is_known,
    make_timestamptz({first}000000 + (hash(i + 3) % {seconds})::bigint * 1000000) as first_seen,
    make_timestamptz({first}000000 + {seconds}000000) as last_seen,
    '{{"age":' || i % 80 || case when i % 3 = 0 then ',"email":"person-' || i || '@mail.example"' else '' end
        || ',"name":"Person ' || i || '","plan":"' || ['free', 'pro', 'team'][i % 3 + 1] || '"}}' as traits,
    '{{"{purpose}":true}}' as consents, profile_id % {buckets} as bucket
from range({people}) rows(i)
"""
_BARE: Final = (
    "select max(profile_id), max(name), max(traits), max(consents), max(first_seen), max(is_known)"
    " from read_parquet('{folder}/profiles/*/*.parquet')",
    "select max(profile_id), max(ts), max(kind), max(name), max(p_price), max(p_currency)"
    " from read_parquet('{folder}/events/*/*/*.parquet')",
)


def figures(scale: Scale, folder: Path) -> Measuring:
    """Medians over the rounds; compiling the rules is part of each."""
    now = datetime.now(UTC)
    snapshot = _lake(folder, scale, now)
    engine = DuckDBEngine(EngineSettings(memory_mb=MEMORY_MB), folder / "spill")

    def asked(rules: Sequence[Rule]) -> int:
        plan = Memberships(rules=[_read(rule) for rule in rules], scope=SCOPE, now=now)
        table = engine.run(plan, snapshot).table
        return sum(table[f"rule_{i}"].combine_chunks().true_count for i in range(len(rules)))

    by_traits = [{"v": 1, "where": rule} for rule in trait_rules(N_RULES)]
    traits, mixture, bare = [], [], []
    for _ in range(scale.process_rounds):
        traits.append(_timed(lambda: asked(by_traits)))
        mixture.append(_timed(lambda: asked(two_hundred())))
        bare.append(_timed(lambda: _scan(folder)))
    print(f"  {asked(two_hundred()):,} memberships of {scale.people:,} people", file=sys.stderr)
    yield median_of("audiences_200_traits", traits)
    yield median_of("audiences_200", mixture)
    yield median_of("audiences_200_ratio", [ours / scan for ours, scan in zip(mixture, bare, strict=True)])


def _read(rule: Rule) -> Node:
    return with_purpose(read_rule(msgspec.json.encode(rule).decode()), PURPOSE)


def _scan(folder: Path) -> None:
    with duckdb.connect(config={"threads": EngineSettings().threads}) as connection:
        for query in _BARE:
            connection.sql(query.format(folder=folder)).to_arrow_table()


def _timed(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def _lake(folder: Path, scale: Scale, now: datetime) -> Snapshot:
    """A year of visits of eight events, and who made them: a sorted file for each month and bucket. 2 minutes for 20
    million events."""
    last = now.replace(minute=0, second=0, microsecond=0)
    first = last - timedelta(days=365)
    made = {
        "people": scale.people, "events": scale.past_events, "first": int(first.timestamp()), "purpose": PURPOSE,
        "seconds": int((last - first).total_seconds()) - 300, "buckets": BUCKETS,
    }  # fmt: skip
    with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(folder / "made")}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, rows, parts, order in (
            ("events", _EVENTS, "month, bucket", "month, bucket, profile_id, ts, event_id"),
            ("profiles", _PROFILES, "bucket", "bucket, profile_id"),
        ):
            connection.execute(
                f"copy (from ({rows.format(**made)}) order by {order}) to '{folder}/{name}'"
                f" (format parquet, partition_by ({parts}), row_group_size {ROW_GROUP_ROWS}, compression zstd)"
            )
    events = EVENTS._replace(columns=(*EVENTS.columns, *PROMOTED.values()))
    nothing = pa.table({"position": pa.array([], pa.int64()), "fragment_id": pa.array([], pa.int64())})
    return Snapshot(
        tables={
            table.name: TableFiles(
                table=table, version=1, files=tuple(map(file_of, sorted(folder.glob(f"{table.name}/**/*.parquet"))))
            )
            for table in (events, PROFILES, COMPANIES)
        },
        position=scale.past_events,
        taken_at=now,
        gone=nothing.select(["position"]),
        withheld=nothing.select(["fragment_id"]),
        overrides=nothing.append_column("profile_id", pa.array([], pa.int64())).drop_columns(["position"]),
        promoted=PROMOTED,
    )
