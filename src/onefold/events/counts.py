"""Counts of events by source, minute and outcome: written by collector and processor, shown beside each source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection, Connection

from onefold.infra.arrays import Array, bigints, instants, integers, texts
from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.events", "counts.sql")

Counts = dict[tuple[int, int, str], int]
"""(source id, minute in µs, outcome) → how many."""


@dataclass(frozen=True, kw_only=True)
class Recent:
    """What became of one source's events; `rejected_day` counts requests.

    `last_at`: the minute in which its latest accepted event came.
    """

    source_id: int
    accepted_hour: int
    accepted_day: int
    violations_day: int
    duplicates_day: int
    rejected_day: int
    last_at: datetime | None


class Totals(NamedTuple):
    """What came in an hour and in 24; `delay_s`: receipt to profile of the newest, the 95th percentile."""

    received_hour: int
    accepted_day: int
    violations_day: int
    duplicates_day: int
    rejected_day: int
    delay_s: float | None

    @property
    def accepted_share(self) -> float:
        """Of what was received and is no duplicate, 0 to 1."""
        total = self.accepted_day + self.violations_day
        return self.accepted_day / total if total else 1.0


def recent_counts(conn: Connection[Any]) -> dict[int, Recent]:
    """By source id. Cost: a day of minutes of each source."""
    rows = conn.execute(QUERIES["recent"])
    return {row[0]: Recent(**dict(zip(Recent.__dataclass_fields__, row, strict=True))) for row in rows}


class First(NamedTuple):
    """What became of all that a source ever sent: events accepted, violations, and requests that were refused."""

    accepted: int
    violations: int
    rejected: int


def first_counts(conn: Connection[Any], source_id: int) -> First:
    """For a source that is waited for. Cost: every minute in which it sent, so for new ones only."""
    return First(*(conn.execute(QUERIES["first"], {"source_id": source_id}).fetchone() or (0, 0, 0)))


class Came(NamedTuple):
    """What became of the events of an hour."""

    accepted: int = 0
    duplicates: int = 0
    violations: int = 0


def counts_by_hour(
    conn: Connection[Any], hours: Sequence[datetime], source_id: int | None = None
) -> list[tuple[datetime, Came]]:
    """Of one source, or all: for each of these beginnings of hours that follow each other. Cost: their minutes."""
    found = {
        at: Came(*counts) for at, *counts in conn.execute(QUERIES["hours"], {"since": hours[0], "source_id": source_id})
    }
    return [(hour, found.get(hour, Came())) for hour in hours]


def rejection_counts(conn: Connection[Any], source_id: int | None = None) -> list[tuple[str, int]]:
    """Code and number of refused requests of 24 hours, of one source or all, the most frequent first."""
    return [(code, n) for code, n in conn.execute(QUERIES["rejections"], {"source_id": source_id})]


def recent_totals(conn: Connection[Any]) -> Totals:
    """Over all sources. Cost: a day of minutes of each, and the newest thousand of what was processed."""
    row = conn.execute(QUERIES["totals"]).fetchone()
    return Totals(*row) if row else Totals(0, 0, 0, 0, 0, None)


def store_counts(conn: Connection[Any], counts: Mapping[tuple[int, int, str], int]) -> None:
    """Add `counts`, in the caller's transaction."""
    if counts:
        conn.execute(QUERIES["add"], _columns(counts))


async def store_counts_async(conn: AsyncConnection[Any], counts: Mapping[tuple[int, int, str], int]) -> None:
    """As `store_counts`, for asyncio."""
    if counts:
        await conn.execute(QUERIES["add"], _columns(counts))


def _columns(counts: Mapping[tuple[int, int, str], int]) -> dict[str, Array]:
    keys = sorted(counts)  # always in one order: two writers can't lock each other out
    return {
        "source_id": integers([source_id for source_id, _, _ in keys]),
        "minute": instants([minute for _, minute, _ in keys]),
        "outcome": texts([outcome for _, _, outcome in keys]),
        "n": bigints([counts[key] for key in keys]),
    }
