"""What was refused, or accepted without a part, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.events", "violations.sql")
PAGE_SIZE: Final = 50
MAX_ID: Final = (1 << 63) - 1


@dataclass(frozen=True, kw_only=True)
class ViolationRow:
    """A stored violation. `body` is what was sent, at most 32 KB of it, and need not be JSON."""

    id: int
    at: datetime
    source_id: int
    message_id: str
    kind: str
    reason: str
    detail: str
    is_fatal: bool
    body: bytes


@dataclass(frozen=True, kw_only=True)
class ViolationPage:
    """The latest first; `next_id` None = nothing older."""

    violations: list[ViolationRow]
    next_id: int | None


@dataclass(frozen=True, kw_only=True)
class ReasonCount:
    """How often a source failed for a reason in the last 24 hours."""

    source_id: int
    reason: str
    n: int


def violation_page(
    conn: Connection[Any],
    *,
    source_id: int | None = None,
    reason: str | None = None,
    before: int | None = None,
    limit: int = PAGE_SIZE,
) -> ViolationPage:
    """Violations older than the one with id `before`. One statement; a rare reason without a source walks many rows."""
    name = "newest" if source_id is None else "newest_of_source"
    parameters = {
        "source_id": source_id,
        "reason": reason,
        "before": MAX_ID if before is None else max(min(before, MAX_ID), 0),
        "limit": limit + 1,
    }
    columns = ("id", "at", "source_id", "message_id", "kind", "reason", "detail", "is_fatal", "body")
    rows = [ViolationRow(**dict(zip(columns, row, strict=True))) for row in conn.execute(QUERIES[name], parameters)]
    shown = rows[:limit]
    return ViolationPage(violations=shown, next_id=shown[-1].id if len(rows) > limit else None)


@dataclass(frozen=True, kw_only=True)
class Group:
    """A reason for which a source failed: how often in 24 hours, in 7 days, and on each of these, the oldest first."""

    source_id: int
    reason: str
    day: int
    week: int
    days: list[int]


def violation_groups(conn: Connection[Any], source_id: int | None = None) -> list[Group]:
    """The most frequent of the week first, at most 30. Cost: a week of counted minutes."""
    rows = conn.execute(QUERIES["groups"], {"source_id": source_id})
    return [
        Group(source_id=source, reason=reason, day=day or 0, week=week, days=days)
        for source, reason, day, week, days in rows
    ]


def reason_counts(conn: Connection[Any], source_id: int | None = None) -> list[ReasonCount]:
    """Source, reason and number of the last 24 hours, the most frequent first, at most 50."""
    rows = conn.execute(QUERIES["counts"], {"source_id": source_id})
    return [ReasonCount(source_id=source, reason=reason, n=n) for source, reason, n in rows]
