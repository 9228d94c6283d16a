"""People, identifiers, memberships and companies as PostgreSQL has them, and which the lake's tables don't have so."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import duckdb
import pyarrow as pa

from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Unavailable
from onefold.lake.delta import schema_of
from onefold.lake.rows import bounded_arrow, read_arrow
from onefold.lake.snapshot import TableFiles
from onefold.lake.tables import BUCKETS, COMPANIES, IDENTIFIERS, MEMBERSHIPS, PROFILES, Table

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Connection

QUERIES: Final = load_queries("onefold.lake", "refresh.sql")
MAX_CHANGED_BYTES: Final = 512 * 1024 * 1024
"""Of rows that are read from PostgreSQL because the files don't have them yet."""
KEYS: Final = {PROFILES: "id", IDENTIFIERS: "n.prof", MEMBERSHIPS: "profile"}
"""Table → what the profile is called in the query of its rows."""
BUCKET_SQL: Final = f"((profile_id % {BUCKETS} + {BUCKETS}) % {BUCKETS})::integer as bucket"
_INSTANT: Final = "to_timestamp(0) + to_microseconds({0}) as {1}"
SELECTS: Final = {
    PROFILES.name: f"select {BUCKET_SQL}, *",
    IDENTIFIERS.name: f"select {BUCKET_SQL}, profile_id, identifier_id, namespace, value, "
    f"{_INSTANT.format('rcv', 'first_received_at')}, n_events, {_INSTANT.format('first_ts', 'first_ts')}, "
    f"{_INSTANT.format('last_ts', 'last_ts')}",
    MEMBERSHIPS.name: f"select {BUCKET_SQL}, *",
    COMPANIES.name: "select *",
}
"""From PostgreSQL's answers the columns of the lake."""


class Stand(NamedTuple):
    """Up to where the tables are, and up to where they could be."""

    refreshed: int
    refreshed_move: int
    last: int
    last_move: int
    has_noted: bool
    refreshed_change: int
    last_change: int

    @property
    def has_news(self) -> bool:
        """Whether anything may have changed."""
        of_people = (self.last, self.last_move, self.has_noted) != (self.refreshed, self.refreshed_move, False)
        return of_people or self.last_change != self.refreshed_change

    def is_first(self, table: Table) -> bool:
        """Whether a table of people has nothing yet, so that all of it is read."""
        return not (self.refreshed_change if table == MEMBERSHIPS else self.refreshed)

    def touched_sql(self, table: Table) -> str:
        """Profiles of which a table of people may have changed rows."""
        if table == MEMBERSHIPS:
            return QUERIES["touched_members"].format(change=self.refreshed_change)
        return QUERIES["touched"].format(after=self.refreshed, move=self.refreshed_move)


def stand_in(moment: "Connection") -> Stand:
    """At this moment."""
    return Stand(**read_arrow(moment, QUERIES["stand"]).to_pylist()[0])


def with_changes(moment: "Connection", files: TableFiles) -> TableFiles:
    """A table as its files have it, and what has changed since; before the first refresh all of it.

    Cost: the profiles that may have changed since the last refresh; 5 µs each. Raises Unavailable when they are more
    than MAX_CHANGED_BYTES.
    """
    stand, table = stand_in(moment), files.table
    if not stand.has_news or (table == COMPANIES and not have_companies_changed(moment, stand)):
        return files
    if table == COMPANIES:
        return replace(files, files=(), hot=_rows(moment, table, QUERIES[table.name]))
    if stand.is_first(table):
        return replace(files, files=(), hot=_rows(moment, table, QUERIES[table.name].format(touched="true")))
    touched = stand.touched_sql(table)
    is_touched = f"{KEYS[table]} in (select profile_id from ({touched}) touched)"  # noqa: S608 numbers
    hot = _rows(moment, table, QUERIES[table.name].format(touched=is_touched))
    return replace(files, hot=hot, replaced=read_arrow(moment, touched).select(["profile_id"]))


def have_companies_changed(moment: "Connection", stand: Stand) -> bool:
    """Whether there may be news of companies."""
    query = QUERIES["has_group_calls"].format(after=stand.refreshed)
    return not stand.refreshed or bool(read_arrow(moment, query)["has_any"][0].as_py())


def _rows(moment: "Connection", table: Table, query: str) -> pa.Table:
    schema = schema_of(table.columns)
    with duckdb.connect() as memory:
        memory.execute("set TimeZone = 'UTC'")
        found = bounded_arrow(moment, query, MAX_CHANGED_BYTES)
        if found is None:
            raise Unavailable(
                f"More {table.name} changed since the lake's last refresh than can be read at once. The worker"
                " refreshes it with every flush; ask again in a few minutes. Health shows how far it is."
            )
        memory.register("found", found)
        rows: pa.Table = memory.sql(f"{SELECTS[table.name]} from found").to_arrow_table()
    return rows.select(schema.names).cast(schema)
