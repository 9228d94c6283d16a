"""Privacy requests that aren't done: how many, and whether somebody should look."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.privacy", "requests.sql")
LATE: Final = timedelta(hours=1)
OVERDUE: Final = timedelta(days=25)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Requests that aren't done. `oldest_at`: when the oldest was asked; `n_stopped`: those that stand still."""

    n: int
    oldest_at: datetime
    n_stopped: int

    def is_overdue(self, now: datetime) -> bool:
        """Whether little is left of the month that the law (GDPR, art. 12) gives."""
        return now - self.oldest_at >= OVERDUE

    def is_late(self, now: datetime) -> bool:
        """Whether something keeps it that somebody should look at: it usually takes seconds."""
        return self.n_stopped > 0 or now - self.oldest_at >= LATE


def waiting_requests(conn: Connection[Any]) -> Waiting | None:
    """None = all are done. Cost: the requests that aren't (index on id where not done)."""
    row = conn.execute(QUERIES["unfinished"]).fetchone()
    return Waiting(n=row[0], oldest_at=row[1], n_stopped=row[2]) if row and row[0] else None
