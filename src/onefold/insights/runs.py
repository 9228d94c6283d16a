"""Runs of queries: noted when they begin and end, stopped from wherever, kept for some days for whoever asked."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from onefold.infra.pool import pooled
from onefold.infra.postgres import load_queries
from onefold.insights.guard import SqlRejected
from onefold.kernel.errors import NotFound, Unavailable

QUERIES: Final = load_queries("onefold.insights", "runs.sql")
KEPT: Final = timedelta(days=7)
LISTED: Final = 20


class Run(NamedTuple):
    """`outcome`: running, done, rejected, too_much, cancelled, failed."""

    id: UUID
    sql: str
    asked_at: datetime
    outcome: str
    rows: int | None
    seconds: float | None

    @property
    def title(self) -> str:
        """Its text in one line."""
        return " ".join(self.sql.split())


def begin_run(conn: Connection[Any], run_id: UUID, *, owner: str, sql: str) -> None:
    """Note that it is asked. Raises SqlRejected for an id that was used before."""
    given = {"id": run_id, "owner": owner, "sql": sql.replace("\0", ""), "kept": KEPT}
    if conn.execute(QUERIES["begin"], given).fetchone() is None:
        raise SqlRejected("This run has begun already. Run the query again.")


def end_run(conn: Connection[Any], run_id: UUID, outcome: str, rows: int | None, seconds: float | None) -> None:
    """Note what became of it."""
    conn.execute(QUERIES["end"], {"id": run_id, "outcome": outcome, "rows": rows, "seconds": seconds})


def cancel_run(conn: Connection[Any], run_id: UUID, *, owner: str) -> bool:
    """Have it stopped by the process that runs it, within a second. False = it isn't there, or has ended."""
    return conn.execute(QUERIES["cancel"], {"id": run_id, "owner": owner}).fetchone() is not None


def cancelled(run_id: UUID) -> Callable[[], bool]:
    """Asks whether somebody wants it stopped; while the database is away nobody does."""

    def is_cancelled() -> bool:
        with suppress(Unavailable), pooled() as conn:
            row = conn.execute(QUERIES["is_cancelled"], {"id": run_id}).fetchone()
            return bool(row and row[0])
        return False

    return is_cancelled


def recent_runs(conn: Connection[Any], owner: str) -> list[Run]:
    """Their latest, each text once."""
    return [Run(*row) for row in conn.execute(QUERIES["recent"], {"owner": owner, "limit": LISTED})]


def find_run(conn: Connection[Any], run_id: UUID, owner: str) -> Run:
    """Raises NotFound unless it is theirs and still kept."""
    row = conn.execute(QUERIES["one"], {"id": run_id, "owner": owner}).fetchone()
    if row is None:
        raise NotFound("There is no such run. Runs are kept for seven days.")
    return Run(*row)
