"""Keeps the tables in order: partitions ahead, old log and old outcomes away. All may run twice, and at once."""

from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.config import LakeSettings, RetentionSettings
from onefold.infra.partitions import FIRST_MONDAY, Partitioned, drop_partitions, ensure_partitions, find_missing
from onefold.lake.cold import announce_cold, announced_cold, freeze, hot_since, letting_go

LOG: Final = Partitioned("event_log", "received_at", days=1)
EVENTS: Final = Partitioned("event", "received_at", days=7)
LOG_AHEAD: Final = timedelta(days=8)
EVENTS_AHEAD: Final = timedelta(weeks=3)
CHUNK_ROWS: Final = 10_000

# Rows that some lane has not read yet; a lane without a position has read nothing.
# Uses the index on (lane, epoch, xid, off).
UNREAD_SQL: Final = """
select 1 from {partition} p left join log_position l using (lane)
where l.lane is null or (p.epoch, p.xid, p.off) > (l.epoch, l.xid, l.off) limit 1
"""
COOLS_FOR: Final = timedelta(minutes=30)
# Events that are not in the lake, or not in its tables of people; and nothing goes while a history is being changed.
STILL_NEEDED_SQL: Final = """
select 1 from {partition} where position > (
    select case when refreshed = 0 then flushed else least(flushed, refreshed) end from lake_progress
)
union all select 1 from withheld union all select 1 from lake_wanted union all select 1 from pending_retraction limit 1
"""
OUTCOMES: Final = (
    ("violation", "at"),
    ("duplicate", "received_at"),
    ("source_count", "minute"),
    ("notification", "at"),
    ("record_seen", "at"),
    ("log_lag", "at"),
)


def make_partitions(connection: Connection[tuple[Any, ...]], now: datetime) -> list[str]:
    """Log partitions (days) for now … 8 days, event partitions (weeks) for now … 3 weeks; the names of the new ones.

    Those of the past are made too when the default partition holds rows of theirs.
    """
    return [
        *ensure_partitions(connection, LOG, now, now + LOG_AHEAD),
        # what was fetched from the lake for a while stays where it is
        *ensure_partitions(
            connection, EVENTS, now, now + EVENTS_AHEAD, kept_in_default=hot_since(connection) or FIRST_MONDAY
        ),
    ]


def missing_partitions(connection: Connection[tuple[Any, ...]], now: datetime) -> list[str]:
    """Names of the partitions for today, tomorrow, this week and the next that are not there."""
    return [
        *find_missing(connection, LOG, now, now + timedelta(days=1)),
        *find_missing(connection, EVENTS, now, now + timedelta(weeks=1)),
    ]


def drop_old_log(connection: Connection[tuple[Any, ...]], retention: RetentionSettings, now: datetime) -> list[str]:
    """Drops the log's partitions that every lane has read and that are older than the retention."""
    return drop_partitions(connection, LOG, now - timedelta(days=retention.log_days), UNREAD_SQL)


def cool_events(connection: Connection[tuple[Any, ...]], lake: LakeSettings, now: datetime) -> list[str]:
    """Events that are in the lake leave PostgreSQL after their `hot_days`, week by week; the partitions dropped.

    A run says which weeks count as being in the lake only, and a later one drops them: whoever began to read before
    that has long ended. What was fetched back goes a day later, also when nothing more shall leave (`hot_days` 0).
    Raises Unavailable when somebody's history is being changed for long.
    """
    dropped: list[str] = []
    with letting_go(connection):
        if announced := announced_cold(connection, now - COOLS_FOR):
            dropped = drop_partitions(
                connection,
                EVENTS,
                announced,
                STILL_NEEDED_SQL,
                with_each_sql="delete from lake_thaw",
                stays_if_sql="kind in (7, 8)",  # decisions are few, and found by their ids when somebody is erased
            )
        if lake.hot_days:
            announce_cold(connection, EVENTS.start_of(now - timedelta(days=lake.hot_days)))
        freeze(connection, now)
    return dropped


def delete_old_outcomes(connection: Connection[tuple[Any, ...]], retention: RetentionSettings, now: datetime) -> int:
    """Deletes violations, duplicates, counts, notifications and lags past their retention; how many.

    In short transactions, because a long one stalls the log's reader. One scan of each table a chunk at worst.
    """
    before = now - timedelta(days=retention.outcome_days)
    return sum(_delete_before(connection, table, column, before) for table, column in OUTCOMES)


def delete_expired_sessions(connection: Connection[tuple[Any, ...]], now: datetime) -> int:
    """Deletes the sessions of browsers that are over; how many."""
    return _delete_before(connection, "django_session", "expire_date", now)


def _delete_before(connection: Connection[tuple[Any, ...]], table: str, column: str, before: datetime) -> int:
    delete = SQL(
        "delete from {table} where ctid = any(array(select ctid from {table} where {column} < %s limit {chunk}))"
    ).format(table=Identifier(table), column=Identifier(column), chunk=CHUNK_ROWS)
    deleted = 0
    while count := connection.execute(delete, [before]).rowcount:
        deleted += count
    return deleted
