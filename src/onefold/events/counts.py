"""Counts by source, minute and outcome, for writers that use asyncio; `accepted.store_counts` is for the others."""

from typing import Any

from psycopg import AsyncConnection

from onefold.events.accepted import QUERIES
from onefold.infra.arrays import bigints, instants, integers, texts

Counts = dict[tuple[int, int, str], int]
"""(source id, minute in µs, outcome) → how many."""


async def add_counts(conn: AsyncConnection[Any], counts: Counts) -> None:
    """One statement; `counts` must not be empty."""
    keys = sorted(counts)  # always in one order: two writers can't lock each other out
    columns = {
        "source_id": integers([source_id for source_id, _, _ in keys]),
        "minute": instants([minute for _, minute, _ in keys]),
        "outcome": texts([outcome for _, _, outcome in keys]),
        "n": bigints([counts[key] for key in keys]),
    }
    await conn.execute(QUERIES["add_counts"], columns)
