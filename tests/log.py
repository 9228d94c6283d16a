"""To read the log of a cluster that other tests use too: any writer in it, of whatever database, holds readers back."""

from typing import Any

from psycopg import Connection

from onefold.events.api import LogRow, lock_positions, read_batch
from tests.waiting import wait_until

READABLE = """
    select not exists (select from event_log where xid >= pg_snapshot_xmin(pg_current_snapshot()))
"""


def wait_until_readable(conn: Connection[Any]) -> None:
    """Returns once every row that is there may be read."""

    def is_readable() -> bool:
        row = conn.execute(READABLE).fetchone()
        assert row is not None
        return bool(row[0])

    wait_until(is_readable, what="No older transaction is open")


def read_log(conn: Connection[Any], max_events: int = 10_000_000) -> list[LogRow]:
    """The rows after the positions, once every row that is there may be read."""
    wait_until_readable(conn)
    return read_batch(conn, lock_positions(conn), max_events)
