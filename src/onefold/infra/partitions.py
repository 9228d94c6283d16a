"""Range partitions by time: made ahead, emptied out of the default partition, dropped when old."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import Connection, errors
from psycopg.sql import SQL, Composed, Identifier, Literal

from onefold.kernel.errors import Unavailable

# Making or dropping a partition locks the whole table; who waits longer would make everybody else wait behind it.
LOCK_TIMEOUT_MS: Final = 500
LOCK_ATTEMPTS: Final = 20
FIRST_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)
_ADVISORY_KEY: Final = 0x0F01D_F1


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A table partitioned by `column`, `days` each, counted from a Monday, and `<name>_default` for the rest."""

    name: str
    column: str
    days: int

    def start_of(self, at: datetime) -> datetime:
        """When the partition that holds `at` begins, UTC."""
        return at - (at - FIRST_MONDAY) % timedelta(days=self.days)

    def partition(self, start: datetime) -> str:
        """Name of the partition that begins at `start`."""
        return f"{self.name}_{start:%Y%m%d}"

    def starts(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """The beginnings of all partitions that hold an instant of since … until."""
        start = self.start_of(since)
        while start <= until:
            yield start
            start += timedelta(days=self.days)


def ensure_partitions(
    connection: Connection[tuple[Any, ...]],
    table: Partitioned,
    since: datetime,
    until: datetime,
    *,
    kept_in_default: datetime = FIRST_MONDAY,
) -> list[str]:
    """Makes the missing partitions for since … until and those of which the default one holds rows, which move there;
    rows of before `kept_in_default` stay in it.

    Safe to repeat and to run twice at once. `connection` must be in autocommit mode: one short transaction for
    each partition made. Returns the names of those. Raises Unavailable when the table stays locked.
    """
    wanted = {*table.starts(since, until), *_starts_in_default(connection, table, kept_in_default)}
    missing = [start for start in sorted(wanted) if not _exists(connection, table.partition(start))]
    return [table.partition(start) for start in missing if _patiently(connection, table, start)]


def find_missing(
    connection: Connection[tuple[Any, ...]], table: Partitioned, since: datetime, until: datetime
) -> list[str]:
    """Names of the partitions for since … until that are not there."""
    names = [table.partition(start) for start in table.starts(since, until)]
    return [name for name in names if not _exists(connection, name)]


def _patiently(connection: Connection[tuple[Any, ...]], table: Partitioned, start: datetime) -> bool:
    for _ in range(LOCK_ATTEMPTS):
        try:
            return _make(connection, table, start)
        except errors.LockNotAvailable:
            continue
    raise Unavailable(
        f"The table {table.name} stayed locked for {LOCK_ATTEMPTS * LOCK_TIMEOUT_MS / 1000:.0f} s, so its "
        f"partition for {start:%Y-%m-%d} was not made; `onefold doctor` names long transactions."
    )


def _make(connection: Connection[tuple[Any, ...]], table: Partitioned, start: datetime) -> bool:
    """Whether it was this call that made the partition."""
    name = table.partition(start)
    default = Identifier(f"{table.name}_default")
    bounds = {"lower": Literal(start), "upper": Literal(start + timedelta(days=table.days))}
    is_inside = SQL("{column} >= {lower} and {column} < {upper}").format(column=Identifier(table.column), **bounds)
    with connection.transaction():
        _lock_shortly(connection)
        if _exists(connection, name):
            return False
        connection.execute(SQL("lock table {} in access exclusive mode").format(default))
        connection.execute(
            SQL(
                "create temp table moved on commit drop as "
                "with gone as (delete from {default} where {is_inside} returning *) select * from gone"
            ).format(default=default, is_inside=is_inside)
        )
        connection.execute(
            SQL("create table {name} partition of {table} for values from ({lower}) to ({upper})").format(
                name=Identifier(name), table=Identifier(table.name), **bounds
            )
        )
        connection.execute(SQL("insert into {} overriding system value select * from moved").format(Identifier(name)))
    return True


def drop_partitions(
    connection: Connection[tuple[Any, ...]],
    table: Partitioned,
    before: datetime,
    keep_if_sql: str,
    *,
    with_each_sql: str = "select",
    stays_if_sql: str = "false",
) -> list[str]:
    """Drops the partitions that end at or before `before`, but those where `keep_if_sql` finds a row.

    `keep_if_sql` is a trusted `select 1 …` with `{partition}` in it; `with_each_sql` goes with each drop. Rows for
    which `stays_if_sql` holds move to the default partition.
    Safe to repeat and to run twice at once.
    `connection` must be in autocommit mode. A partition that is locked is left for the next run.
    """
    dropped = []
    for name in _partitions(connection, table, before):
        keep_if = SQL(keep_if_sql).format(partition=Identifier(name))
        try:
            if _drop(connection, table, name, (keep_if, SQL(with_each_sql), SQL(stays_if_sql))):
                dropped.append(name)
        except errors.LockNotAvailable:
            continue
    return dropped


def _drop(
    connection: Connection[tuple[Any, ...]], table: Partitioned, name: str, conditions: tuple[Composed, SQL, SQL]
) -> bool:
    keep_if, with_each, stays_if = conditions
    with connection.transaction():
        _lock_shortly(connection)
        if not _exists(connection, name):
            return False
        # locked first, so that nothing is written between the question and the drop
        connection.execute(SQL("lock table {} in access exclusive mode").format(Identifier(name)))
        if connection.execute(keep_if).fetchone() is not None:
            return False
        connection.execute(with_each)
        connection.execute(
            SQL("create temp table staying on commit drop as select * from {} where {}").format(
                Identifier(name), stays_if
            )
        )
        connection.execute(SQL("drop table {}").format(Identifier(name)))
        connection.execute(
            SQL("insert into {} overriding system value select * from staying").format(Identifier(table.name))
        )
    return True


def _starts_in_default(connection: Connection[tuple[Any, ...]], table: Partitioned, since: datetime) -> list[datetime]:
    """The beginnings of the partitions that rows in the default one belong to. One scan of it; it is normally empty."""
    query = SQL(
        "select distinct date_bin(make_interval(days => %s), {column}, %s) from {default} where {column} >= %s"
    ).format(column=Identifier(table.column), default=Identifier(f"{table.name}_default"))
    return [start.astimezone(UTC) for (start,) in connection.execute(query, [table.days, FIRST_MONDAY, since])]


def _partitions(connection: Connection[tuple[Any, ...]], table: Partitioned, before: datetime) -> list[str]:
    """Names of the partitions that end at or before `before`, oldest first."""
    rows = connection.execute(
        "select inhrelid::regclass::text from pg_inherits where inhparent = %s::regclass order by 1", [table.name]
    )
    youngest = table.partition(before - timedelta(days=table.days))
    return [name for (name,) in rows if name <= youngest and name != f"{table.name}_default"]


def _exists(connection: Connection[tuple[Any, ...]], name: str) -> bool:
    # not to_regclass: it may answer from a cache that doesn't know yet what another session committed
    query = "select 1 from pg_class where relname = %s and relnamespace = current_schema()::regnamespace"
    return connection.execute(query, [name]).fetchone() is not None


def _lock_shortly(connection: Connection[tuple[Any, ...]]) -> None:
    """One such change at a time, and none that waits long for the table."""
    connection.execute("select pg_advisory_xact_lock(%s)", [_ADVISORY_KEY])
    connection.execute(f"set local lock_timeout = {LOCK_TIMEOUT_MS}")
