"""Does the lake hold every event exactly once, as PostgreSQL and the profiles have it?"""

from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import duckdb
import pyarrow as pa

from onefold.kernel.instants import micros_of
from onefold.lake.damage import damage_in, sentence_on
from onefold.lake.delta import schema_of, stored_columns
from onefold.lake.files import register_files, working_memory
from onefold.lake.location import Location
from onefold.lake.promoted import Promoted, bare_columns_sql, values_sql
from onefold.lake.reading import one_moment, snapshot_in
from onefold.lake.rows import HOT, PATHS, read_arrow, schema_with, stream_arrow
from onefold.lake.snapshot import Snapshot
from onefold.lake.tables import EVENTS, MEMBERSHIPS

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Connection

BLOCK: Final = 10_000
"""Positions of which count and hash are compared at once."""
MAX_NAMED: Final = 20


class Verified(NamedTuple):
    """What was compared, and sentences on what differs (of each kind at most MAX_NAMED)."""

    events_in_lake: int
    events_compared: int
    fragments_compared: int
    faults: list[str]


def verify(url: str, location: Location) -> Verified:
    """Compare the lake with PostgreSQL at one moment, while everything goes on.

    Each file is whole. Each event of the lake is there once; events that PostgreSQL has too are the same there, by
    count and hash; each fragment has as many events, from the same first to the same last, as its profile says; columns
    made of the JSON, promoted ones among them, are what it says; who is in which audience by the table of memberships
    is who is in it. Cost: reading all files and their JSON (4 µs an event and core), and a scan of `event`, `node` and
    `membership`.
    """
    with one_moment(url) as conn, working_memory() as memory:
        snapshot = snapshot_in(conn, location, tables=[MEMBERSHIPS.name])
        if damaged := [
            one for files in snapshot.tables.values() for one in damage_in(location, files.table, files.files)
        ]:
            return Verified(0, 0, 0, [sentence_on(damaged)])
        _load_lake(memory, location, snapshot)
        compared = _load_database(memory, conn)
        memory.register("fragments", read_arrow(conn, HOT["fragments"]))
        faults = [
            *_sentences(memory, _TWICE_SQL),
            *_sentences(memory, _DIFFERENT_SQL, hot_since=_micros(snapshot.hot_since)),
            *_sentences(memory, _COUNTED_OTHERWISE_SQL),
            *_columns_that_differ(memory, _promoted(snapshot)),
            *_members_that_differ(memory, conn, location, snapshot),
        ]
        (events,), (fragments,) = (memory.sql(query).fetchall()[0] for query in _TOTALS)
    return Verified(events, compared, fragments, faults)


def _load_lake(memory: duckdb.DuckDBPyConnection, location: Location, snapshot: Snapshot) -> None:
    events = snapshot.tables["events"]
    register_files(memory, "files", location, EVENTS, events.files, schema_with(_promoted(snapshot)))
    memory.register("gone", snapshot.gone)
    memory.register("withheld", snapshot.withheld)
    memory.register("hot", events.hot)
    memory.execute(_LAKE_SQL)
    memory.execute(_COUNTS_SQL)


def _promoted(snapshot: Snapshot) -> list[Promoted]:
    return [Promoted(name, column.name, column.type) for name, column in snapshot.promoted.items()]


def _columns_that_differ(memory: duckdb.DuckDBPyConnection, promoted: list[Promoted]) -> list[str]:
    expected = {name: f"found[{place}]" for place, name in enumerate(PATHS, start=1)}
    names = [one.column for one in promoted]
    expected |= dict(zip(names, bare_columns_sql(promoted, "carried"), strict=True))
    counts = ", ".join(f'count(*) filter ("{name}" is distinct from {value})' for name, value in expected.items())
    carried = f", {values_sql(promoted)} as carried" if promoted else ""
    (row,) = memory.sql(
        f"select {counts} from (select *, try(json_extract_string(body, {list(PATHS.values())!r})) as found{carried} "  # noqa: S608 names of ours, and quoted ones
        "from files anti join gone using (position))"
    ).fetchall()
    return [
        f"The column {name} of {count:,} events isn't what their JSON says."
        for name, count in zip(expected, row, strict=True)
        if count
    ]


def _members_that_differ(
    memory: duckdb.DuckDBPyConnection, conn: "Connection", location: Location, snapshot: Snapshot
) -> list[str]:
    files = snapshot.tables[MEMBERSHIPS.name]
    register_files(memory, "member_files", location, MEMBERSHIPS, files.files, schema_of(stored_columns(MEMBERSHIPS)))
    nobody = pa.table({"profile_id": pa.array([], pa.int64())})
    memory.register("member_hot", schema_of(MEMBERSHIPS.columns).empty_table() if files.hot is None else files.hot)
    memory.register("member_replaced", nobody if files.replaced is None else files.replaced)
    memory.register("members", read_arrow(conn, HOT["members"]))
    return _sentences(memory, _MEMBERS_SQL)


def _load_database(memory: duckdb.DuckDBPyConnection, conn: "Connection") -> int:
    """Counts and hashes by block of what PostgreSQL holds; how many events those are."""
    memory.execute("create temp table database (block bigint, n bigint, content ubigint)")
    compared = 0
    for batch in stream_arrow(conn, HOT["content"]):
        memory.register("piece", pa.table(batch))
        memory.execute(_DATABASE_SQL)
        compared += batch.num_rows
    return compared


def _sentences(memory: duckdb.DuckDBPyConnection, query: str, **parameters: int) -> list[str]:
    found = memory.sql(f"{query} limit {MAX_NAMED}", params=parameters or None).fetchall()
    return [sentence for (sentence,) in found]


def _micros(at: datetime | None) -> int:
    return micros_of(at) if at else 0


_CONTENT: Final = (
    "hash(position, fragment_id, epoch_us(ts), epoch_us(received_at), source_id, event_id, name, message_id, {body})"
)
_LAKE_SQL: Final = f"""
create temp table lake as
select position, fragment_id, epoch_us(received_at) as received_at, {_CONTENT.format(body="encode(body)")} as content
from files anti join gone using (position)
"""  # noqa: S608 our own names
_COUNTS_SQL: Final = """
create temp table counts as
select fragment_id, count(*) as n, min(happened) as first_ts, max(happened) as last_ts from (
    select fragment_id, epoch_us(ts) as happened, kind from files anti join gone using (position)
    union all select fragment_id, epoch_us(ts), kind from hot
) where kind not in ('link', 'retract') group by fragment_id
"""
_DATABASE_SQL: Final = f"""
insert into database select position // {BLOCK}, count(*), bit_xor({_CONTENT.format(body="body")}) from piece group by 1
"""  # noqa: S608 our own names
_TWICE_SQL: Final = (
    "select format('Position {} is in the lake {} times.', position, count(*)) from lake group by position "
    "having count(*) > 1 order by position"
)
_DIFFERENT_SQL: Final = f"""
    with wanted as (select block, sum(n) as n, bit_xor(content) as content from database group by block),
    found as (
        select position // {BLOCK} as block, count(*) as n, bit_xor(content) as content from lake
        where received_at >= $hot_since group by 1
    )
    select format('Positions {{}} to {{}}: PostgreSQL has {{}} events, the lake {{}}{{}}.', block * {BLOCK},
        block * {BLOCK} + {BLOCK - 1}, coalesce(wanted.n, 0), coalesce(found.n, 0),
        case when wanted.n = found.n then ', of which some differ' else '' end)
    from wanted full join found using (block)
    where wanted.n is distinct from found.n or wanted.content is distinct from found.content order by block
"""  # noqa: S608 our own numbers
_COUNTED_OTHERWISE_SQL: Final = """
    select format('Fragment {}: its profile counts {} events, the lake and the hot tail have {}{}.', fragment_id,
        coalesce(fragments.n, 0), coalesce(counts.n, 0),
        case when fragments.n = counts.n then ', of other times' else '' end)
    from fragments full join counts using (fragment_id) anti join withheld using (fragment_id)
    where (coalesce(fragments.n, counts.n), fragments.first_ts, fragments.last_ts)
        is distinct from (counts.n, counts.first_ts, counts.last_ts)
    order by fragment_id
"""
_MEMBERS_SQL: Final = """
    with found as (
        select profile_id, audience_id, left_at from member_files anti join member_replaced using (profile_id)
        union all select profile_id, audience_id, left_at from member_hot
    ), within as (select profile_id, audience_id, count(*) as n from found where left_at is null group by all)
    select format('Profile {}: {} audience {}, by the lake {}.', profile_id,
        case when members.is_in then 'is in' else 'is not in' end, audience_id,
        case when within.n is null then 'it is not' else 'it is' || case when n > 1 then ' twice' else '' end end)
    from members full join within using (profile_id, audience_id)
    where members.is_in is null or within.n is distinct from 1 order by profile_id, audience_id
"""
_TOTALS: Final = ("select count(*) from lake", "select count(*) from fragments")
