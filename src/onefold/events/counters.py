"""How many events each source sent lately, and what became of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.events", "counters.sql")


@dataclass(frozen=True, kw_only=True)
class Counter:
    """Of one source. `last_at`: the minute in which its latest accepted event came."""

    source_id: int
    accepted_hour: int
    accepted_day: int
    violations_day: int
    duplicates_day: int
    last_at: datetime | None


def recent_counters(conn: Connection[Any]) -> dict[int, Counter]:
    """Source id → its counters. Cost: a day of minutes of each source."""
    rows = conn.execute(QUERIES["recent"])
    return {row[0]: Counter(**dict(zip(Counter.__dataclass_fields__, row, strict=True))) for row in rows}
