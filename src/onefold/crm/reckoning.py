"""What follows from exchange rates and from stages' probabilities: converted and weighted amounts of deals.

A deal's writer reckons for that deal. When a rate or a probability changes, the first deals change with it; the worker
goes on in pieces, for a long transaction would keep the log's readers waiting.
"""

from typing import Any, Final

from psycopg import Connection

from onefold.infra.postgres import load_queries
from onefold.infra.waking import wake

QUERIES: Final = load_queries("onefold.crm", "reckoning.sql")
TASK: Final = "crm:reckon_deals"
AT_ONCE: Final = 5_000
PIECE: Final = 2_000


def reckon_soon(conn: Connection[Any], *, stage: int | None = None, currency: str | None = None) -> None:
    """In the caller's transaction the first AT_ONCE deals of a stage or currency; then the worker looks at all."""
    _piece(conn, after=0, most=AT_ONCE, stage=stage, currency=currency)
    wake(conn, TASK)


def reckon_deals(conn: Connection[Any]) -> int:
    """Every deal whose amounts aren't what rates and stages say, in short transactions; how many there were.

    Two scans of the deals when nothing is to be done. Safe to repeat, and twice at once.
    """
    count = after = 0
    while True:
        last, done = _piece(conn, after=after, most=PIECE)
        count += done
        if last is None:
            return count
        after = last


def _piece(
    conn: Connection[Any], *, after: int, most: int, stage: int | None = None, currency: str | None = None
) -> tuple[int | None, int]:
    given = {"after": after, "most": most, "stage": stage, "currency": currency}
    # not prepared: one plan for a stage, another for all of them
    last, count = conn.execute(QUERIES["reckon"], given, prepare=False).fetchone() or (None, 0)
    return last, int(count)
