"""Takes an erased person out of who entered and left."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from onefold.infra.arrays import bigints
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.audiences", "forgetting.sql")
NOBODY: Final = 0
"""`membership_move.profile` of whoever was erased."""
FOLLOWED_FOR: Final = timedelta(days=7)
"""So long the exits that an erasure brings name whom they are about: whoever follows changes takes the person away."""
CHUNK_ROWS: Final = 1_000


def forget_changes(conn: Connection[Any], profiles: Collection[int]) -> None:
    """That somebody entered and left stays, so that figures of the past are right and positions go on; not that it was
    these. Before they are taken out of their audiences; then `note_exits`. In the caller's transaction."""
    parameters = {"ids": bigints(list(profiles))}
    conn.execute(QUERIES["forget_others"], parameters)
    conn.execute(QUERIES["forget"], parameters)


def note_exits(conn: Connection[Any], profiles: Collection[int]) -> None:
    """They left just now: those exits are forgotten after FOLLOWED_FOR."""
    conn.execute(QUERIES["note_exits"], {"ids": bigints(list(profiles))})


def forget_exits(conn: Connection[Any], now: datetime) -> int:
    """Those that are old enough; of how many people. In short transactions. Safe to repeat."""
    count = 0
    while True:
        with conn.transaction():
            parameters = {"before": now - FOLLOWED_FOR, "limit": CHUNK_ROWS}
            found = conn.execute(QUERIES["old_exits"], parameters).fetchall()
            if not found:
                return count
            profiles, positions = zip(*found, strict=True)
            conn.execute(
                QUERIES["forget_exits"], {"profiles": bigints(list(profiles)), "positions": bigints(list(positions))}
            )
        count += len(found)
