"""Counts of events by source, minute and outcome: written by collector and processor, shown beside each source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


def recent_counts(conn: Connection[Any]) -> dict[int, Recent]:
    """By source id. Cost: a day of minutes of each source."""
    rows = conn.execute(QUERIES["recent"])
    return {row[0]: Recent(**dict(zip(Recent.__dataclass_fields__, row, strict=True))) for row in rows}


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
