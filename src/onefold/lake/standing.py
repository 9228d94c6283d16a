"""How the lake is, as PostgreSQL knows it: for pages and the doctor. Light: no file is opened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from onefold.lake.state import QUERIES

LATE_FLUSHES: Final = 10
"""So many flushes may come late before somebody should look."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`waiting`: about how many events aren't in it; `waiting_since`: when the worker saw the first of them."""

    events: int
    size_bytes: int
    waiting: int
    waiting_since: datetime | None
    flushed_at: datetime | None
    compacted_at: datetime | None
    hot_since: datetime | None
    fault: str
    fault_at: datetime | None

    def late_s(self, now: datetime) -> float:
        """For how long events have waited without any of them getting in, in seconds."""
        return (now - self.waiting_since).total_seconds() if self.waiting_since else 0.0

    def faults(self, now: datetime, flush_s: float) -> list[str]:
        """Sentences on what is wrong; `flush_s`: after how many seconds events should be in it."""
        found = []
        if self.late_s(now) > LATE_FLUSHES * flush_s:
            found.append(
                f"The lake is {self.late_s(now) / 60:.0f} min behind: about {self.waiting:,} events wait in "
                "PostgreSQL. Nothing is lost. See that the worker runs; `onefold lake flush` tells what stops it."
            )
        if self.fault:
            at = f"{self.fault_at:%Y-%m-%d %H:%M} UTC" if self.fault_at else "last"
            found.append(f"The lake's run of {at} failed: {self.fault} It is tried again.")
        return found


def standing_of(conn: Connection[Any]) -> Standing:
    """As of now. Cost: some rows, however many events wait."""
    cursor = conn.execute(QUERIES["standing"])
    row = cursor.fetchone() or ()
    names = [column.name for column in cursor.description or ()]
    return Standing(**dict(zip(names, row, strict=True)))
