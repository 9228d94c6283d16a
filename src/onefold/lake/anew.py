"""Begins the lake anew out of PostgreSQL: what helps when its files are damaged, and there is no copy of them."""

from datetime import datetime
from typing import Any, Final

from deltalake import DeltaTable
from psycopg import Connection

from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Rejected
from onefold.lake.location import Location
from onefold.lake.state import maintaining, progress_of
from onefold.lake.storage import translated
from onefold.lake.tables import TABLES

QUERIES: Final = load_queries("onefold.lake", "anew.sql")


class AnewRejected(Rejected):
    """The lake can't be filled again, or there is one in its place."""

    code = "lake_anew_rejected"


def begin_anew(conn: Connection[Any], location: Location) -> None:
    """Forget what the lake holds: the next flushes fill another one. `conn` is in autocommit. Safe to repeat.

    Answers are complete meanwhile as far as the hot tail is read (they say so). Processes that have read the old lake
    are to be started again. Raises AnewRejected when some events are in the lake only, or the old files are in the way.
    """
    with maintaining(conn):
        if since := progress_of(conn).hot_since:
            raise _rejected(since)
        for table in TABLES:
            address = location.table(table.name)
            with translated(location, table.name):
                if DeltaTable.is_deltatable(address, location.options or None):
                    raise AnewRejected(f"{address} is in the way. Stop Onefold and move {location.url} away first.")
        with conn.transaction():
            if not conn.execute(QUERIES["begin"]).rowcount:  # since the look above
                raise _rejected(progress_of(conn).hot_since)
            for name in ("forget_tables", "forget_gone", "forget_overrides", "forget_touched"):
                conn.execute(QUERIES[name])


def _rejected(since: datetime | None) -> AnewRejected:
    return AnewRejected(
        f"Events received before {since:%Y-%m-%d} are in the lake only: it can't be filled again without them."
    )
