"""Which histories are in the lake only. Light: the processor asks with every retraction; `thaw.py` fetches them."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.pq import TransactionStatus

from onefold.infra.arrays import bigints, uuids
from onefold.infra.memory import Memory
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Unavailable
from onefold.lake.state import locked

MAX_HERE: Final = 20_000
"""Events that are fetched while somebody waits for them: seconds."""
KEPT: Final = timedelta(days=1)
HOLD_KEY: Final = 0x0F01D_1B
LETTING_GO_S: Final = 5
_all_hot: Final = Memory[bool](max_age_s=30, max_entries=10)
QUERIES: Final = load_queries("onefold.lake", "cold.sql")


class HistoryInLake(Unavailable):
    """Events that are needed must be fetched from the lake first."""

    code = "history_in_lake"

    def __init__(self, fragments: list[int]) -> None:
        super().__init__(
            f"The older events of {len(fragments)} identifiers are in the lake; they are being fetched. Try again in a "
            "minute."
        )
        self.fragments = fragments


def cold_fragments(conn: Connection[Any], fragments: Collection[int]) -> list[int]:
    """Those that have events which are not in PostgreSQL. Cost: a look-up each."""
    return list(_cold_sizes(conn, fragments))


def _cold_sizes(conn: Connection[Any], fragments: Collection[int]) -> dict[int, int]:
    """With how many events each has, wherever these are."""
    found = conn.execute(QUERIES["cold"], {"fragments": bigints(list(fragments))}, binary=True)
    return {h: n for h, n in found}


def demand_history(conn: Connection[Any], fragments: Collection[int]) -> None:
    """Raises HistoryInLake unless every event of these fragments is in PostgreSQL, and stays until the caller's
    transaction ends.
    """
    conn.execute(QUERIES["hold"], {"key": HOLD_KEY})
    if cold := cold_fragments(conn, fragments):
        raise HistoryInLake(cold)


@contextmanager
def letting_go(conn: Connection[Any]) -> Iterator[None]:
    """Events may leave PostgreSQL within the block: nobody's transaction relies on their staying, and none begins to.

    `conn` is in autocommit. Raises Unavailable when one goes on for longer than LETTING_GO_S.
    """
    with locked(conn, HOLD_KEY, LETTING_GO_S, "Somebody's history has been changed"):
        yield


def known_ids(conn: Connection[Any], ids: Collection[bytes]) -> set[bytes]:
    """Which of these events PostgreSQL has. Cost: a look-up each."""
    return {found.bytes for (found,) in conn.execute(QUERIES["known"], {"ids": uuids(list(ids))}, binary=True)}


def warm_up(conn: Connection[Any], fragments: Collection[int]) -> None:
    """Every event of these fragments is in PostgreSQL afterwards. Safe to repeat.

    Cost: a look-up each; for those that weren't, the row groups of the lake they are in, and a row an event. Raises
    HistoryInLake when they are more than MAX_HERE, so that nobody waits for minutes: the worker fetches them. Raises
    Unavailable when the lake can't be read.
    """
    if _is_all_hot(conn) or not (cold := _cold_sizes(conn, fragments)):
        return
    is_alone = conn.info.transaction_status == TransactionStatus.IDLE  # what is asked for in a transaction goes with it
    if is_alone and sum(cold.values()) > MAX_HERE:
        want_history(conn, list(cold))
        raise HistoryInLake(list(cold))
    from onefold.lake.thaw import thaw_here  # heavy, and seldom needed

    thaw_here(conn, list(cold))


def warm_up_ids(conn: Connection[Any], ids: Collection[bytes]) -> None:
    """As `warm_up`, for the fragments of these events. Cost: if one is not in PostgreSQL, a scan of the lake's ids."""
    if _is_all_hot(conn):
        return
    known = known_ids(conn, ids)
    if missing := [one for one in ids if one not in known]:
        from onefold.lake.thaw import thaw_ids_here  # heavy, and seldom needed

        thaw_ids_here(conn, missing)


def _is_all_hot(conn: Connection[Any]) -> bool:
    """Whether PostgreSQL has every event. That it had is believed for seconds: it says half an hour before when not."""
    key = conn.info.dbname
    return bool(_all_hot.get(key) or _all_hot.keep(hot_since(conn) is None, key))


def want_history(conn: Connection[Any], fragments: Collection[int]) -> None:
    """Ask the worker to fetch it."""
    conn.execute(QUERIES["want"], {"fragments": bigints(list(fragments))})


def is_history_wanted(conn: Connection[Any]) -> bool:
    """Whether the processor waits for something that is in the lake only."""
    row = conn.execute(QUERIES["is_wanted"]).fetchone()
    return bool(row and row[0])


def hot_since(conn: Connection[Any]) -> datetime | None:
    """Events received before are in the lake only; None = PostgreSQL has all."""
    row = conn.execute(QUERIES["hot_since"]).fetchone()
    return row[0] if row else None


def announced_cold(conn: Connection[Any], before: datetime) -> datetime | None:
    """Events received before this have counted as being in the lake only since before `before`; None = none have."""
    row = conn.execute(QUERIES["announced"], {"before": before}).fetchone()
    return row[0] if row else None


def announce_cold(conn: Connection[Any], since: datetime) -> bool:
    """From now on events received before `since` count as being in the lake only; False if they aren't in it yet."""
    return conn.execute(QUERIES["cool"], {"since": since}).rowcount == 1


def freeze(conn: Connection[Any], now: datetime) -> int:
    """Let go what was thawed more than KEPT ago; how many fragments."""
    with conn.transaction():
        expired = conn.execute(QUERIES["expire"], {"before": now - KEPT}).rowcount
        conn.execute(QUERIES["freeze"])
    return expired
