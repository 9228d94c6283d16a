"""Takes a snapshot: the files that count, and from PostgreSQL in the same moment what isn't in them yet."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute

from onefold.lake.delta import demand_extent
from onefold.lake.location import Location
from onefold.lake.people import with_changes
from onefold.lake.promoted import Promoted, promoted_column
from onefold.lake.rows import HOT, connect_arrow, hot_rows, read_arrow
from onefold.lake.snapshot import Snapshot, TableFiles
from onefold.lake.tables import EVENTS, TABLES, Table

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Connection

NO_VERSION: Final = -1
"""Of a table that isn't there yet."""
MAX_HOT: Final = 500_000
"""Positions of the hot tail that are read; of a longer one the oldest, and the snapshot says where it ends."""


def take_snapshot(
    url: str, location: Location, fragments: Collection[int] | None = None, tables: Collection[str] = ()
) -> Snapshot:
    """What was accepted by now, each event once. `fragments`: of the hot tail only these. `tables`: of people and
    companies, if they shall be as of now, too; others are as of the last refresh.

    Cost: 5 ms, and 8 µs for each event that came since the last flush.
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
    hot = read_arrow(conn, HOT["hot"].format(after=stand["flushed"], most=MAX_HOT, fragments=_array(fragments)))
    gone, overrides, withheld = (
        read_arrow(conn, HOT[name].format(fragments=_array(fragments))) for name in ("gone", "overrides", "withheld")
    )
    columns = {one.name: promoted_column(one) for one in promoted}
    events = EVENTS._replace(columns=(*EVENTS.columns, *columns.values()))
    found = {events.name: _of_version(location, events, stored, hot_rows(hot, promoted))}
    for table in TABLES[1:]:
        files = _of_version(location, table, stored)
        found[table.name] = with_changes(conn, files) if table.name in tables else files
    return Snapshot(
        tables=found,
        position=stand["flushed"],
        taken_at=_taken_at(stand["taken_at"], hot, fragments),
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


def _taken_at(asked_at: datetime, hot: pa.Table, fragments: Collection[int] | None) -> datetime:
    """When it was asked; of a tail that was too long when its last event came."""
    if fragments is None and hot.num_rows and _span(hot) >= MAX_HOT:
        asked_at = pa.compute.max(hot["received_at"]).as_py()
    return asked_at.astimezone(UTC)


def _span(hot: pa.Table) -> int:
    least, most = pa.compute.min_max(hot["position"]).as_py().values()
    return int(most - least) + 1
