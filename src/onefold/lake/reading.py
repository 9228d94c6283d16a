"""Takes a snapshot: the files that count, and from PostgreSQL in the same moment what isn't in them yet."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from onefold.lake.delta import demand_extent
from onefold.lake.location import Location
from onefold.lake.people import with_changes
from onefold.lake.promoted import Promoted, promoted_column
from onefold.lake.rows import HOT, bounded_arrow, connect_arrow, first_position, hot_rows, read_arrow
from onefold.lake.snapshot import Snapshot, TableFiles
from onefold.lake.tables import EVENTS, IDENTIFIERS, MEMBERSHIPS, PROFILES, TABLES, Table

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Connection

NO_VERSION: Final = -1
"""Of a table that isn't there yet."""
_ABOUT_PEOPLE: Final = (PROFILES.name, IDENTIFIERS.name, MEMBERSHIPS.name)
MAX_HOT: Final = 500_000
"""Positions of the hot tail that are read; of a longer one the oldest, and the snapshot says where it ends."""
MAX_HOT_BYTES: Final = 512 * 1024 * 1024
"""As well: where events are large, fewer positions."""


def take_snapshot(
    url: str, location: Location, fragments: Collection[int] | None = None, tables: Collection[str] = ()
) -> Snapshot:
    """What was accepted by now, each event once. `fragments`: of the hot tail only these. `tables`: of people and
    companies, if they shall be as of now, too; others are as of the last refresh, without who has been erased since.

    Cost: 5 ms, and 8 µs for each event that came since the last flush. Raises Unavailable when more people have changed
    since the last refresh than may be read at once.
    """
    with one_moment(url) as conn:
        return snapshot_in(conn, location, fragments, tables)


@contextmanager
def one_moment(url: str) -> Iterator["Connection"]:
    """A connection on which everything is read as of the same moment."""
    with connect_arrow(url) as conn:
        read_arrow(conn, "set transaction isolation level repeatable read, read only")
        yield conn
        conn.rollback()


def snapshot_in(
    conn: "Connection", location: Location, fragments: Collection[int] | None = None, tables: Collection[str] = ()
) -> Snapshot:
    """As `take_snapshot`, at the moment of a connection of `one_moment`."""
    stored = {row["name"]: row for row in read_arrow(conn, HOT["versions"]).to_pylist()}
    stand = read_arrow(conn, HOT["stand"]).to_pylist()[0]
    promoted = [Promoted(**row) for row in read_arrow(conn, HOT["promoted"]).to_pylist()]
    hot, ends, ends_at = _hot_tail(conn, stand["flushed"], fragments)
    gone, overrides, withheld = (
        read_arrow(conn, HOT[name].format(fragments=_array(fragments))) for name in ("gone", "overrides", "withheld")
    )
    columns = {one.name: promoted_column(one) for one in promoted}
    events = EVENTS._replace(columns=(*EVENTS.columns, *columns.values()))
    found = {events.name: _of_version(location, events, stored, hot_rows(hot, promoted))}
    as_of_now = {*tables, *_ABOUT_PEOPLE} if withheld.num_rows else tables
    for table in TABLES[1:]:
        files = _of_version(location, table, stored)
        found[table.name] = with_changes(conn, files) if table.name in as_of_now else files
    return Snapshot(
        tables=found,
        position=stand["flushed"],
        ends=ends,
        taken_at=(ends_at or stand["taken_at"]).astimezone(UTC),
        gone=gone,
        overrides=overrides,
        withheld=withheld,
        promoted=columns,
        hot_since=stand["hot_since"],
        storage_options=location.options,
    )


def _of_version(
    location: Location, table: Table, stored: Mapping[str, dict[str, Any]], hot: pa.Table | None = None
) -> TableFiles:
    known = stored.get(table.name)
    if known is None:
        return TableFiles(table=table, version=NO_VERSION, files=(), hot=hot)
    return TableFiles(table=table, version=known["version"], files=demand_extent(location, **known), hot=hot)


def _array(fragments: Collection[int] | None) -> str:
    return "null" if fragments is None else f"'{{{','.join(str(int(one)) for one in fragments)}}}'"


def _hot_tail(
    conn: "Connection", after: int, fragments: Collection[int] | None
) -> tuple[pa.Table, int, datetime | None]:
    """Events that aren't in the lake yet, and their last position; if they are too many, the oldest of them, and up to
    when those came."""
    newest = read_arrow(conn, HOT["given_position"])["position"][0].as_py()
    first = first_position(conn, after, newest) or newest + 1
    most = MAX_HOT
    while True:
        query = HOT["hot"].format(first=first, most=most, fragments=_array(fragments))
        hot = read_arrow(conn, query) if most == 1 else bounded_arrow(conn, query, MAX_HOT_BYTES)
        if hot is not None:
            break
        most //= 2
    if first_position(conn, first + most - 1, newest) is None:
        return hot, newest, None
    ends_at: datetime = read_arrow(conn, HOT["hot_end"].format(first=first, most=most))["ends_at"][0].as_py()
    return hot, first + most - 1, ends_at
