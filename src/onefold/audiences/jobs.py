"""What the worker does for audiences: wakes at once when one is started or changed, and fills it in a child process."""

import asyncio
import time
from typing import Final

from procrastinate import Blueprint

from onefold.config import Settings
from onefold.infra.postgres import connect, load_queries

QUERIES: Final = load_queries("onefold.audiences", "filling.sql")
POLL_S: Final = 2.0
"""The processor tells when it has had its turn; this is for a notification that got lost, and for what failed."""
ROUND_S: Final = 3_000


def audience_jobs(wanted: asyncio.Event) -> Blueprint:
    """Sets `wanted`: when somebody starts or changes an audience (`infra.waking`), and every minute for the rest."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="fill", queueing_lock="audiences:fill")
    async def fill_soon(timestamp: int) -> None:
        wanted.set()

    return blueprint


def is_fill_wanted(url: str) -> bool:
    """Whether `fill` has something to do."""
    with connect(url, "audiences", autocommit=True) as conn:
        (found,) = conn.execute(QUERIES["has_work"]).fetchone() or (False,)
    return bool(found)


def fill(settings: Settings, *, stay_s: float = 0) -> bool:
    """Until every audience that was started or changed is live, or for ROUND_S; whether something is left. What failed
    isn't waited for. `stay_s`: so long it stays when all is done, so that the next audience needn't wait for its start.

    Safe to repeat, to break off, and to run twice at once.
    """
    from onefold.audiences.actions import forget_metrics
    from onefold.audiences.filling import advance, is_anything_filling, refresh_shares
    from onefold.audiences.work import Work
    from onefold.lake.engine import engine_of
    from onefold.lake.location import location_of

    url, until = settings.database.address(), time.monotonic() + ROUND_S
    with connect(url, "audiences", autocommit=True) as conn:
        engine = engine_of(settings.engine, settings.database.data_dir / "tmp")
        work = Work(conn, url, location_of(settings), engine)
        try:
            conn.execute("listen onefold_audiences")
            forget_metrics(conn)
            staying_until = time.monotonic() + stay_s
            while time.monotonic() < until:
                refresh_shares(work)
                if advance(work):
                    staying_until = time.monotonic() + stay_s
                elif time.monotonic() >= staying_until:
                    break
                for _ in conn.notifies(timeout=POLL_S, stop_after=1):
                    pass
            return is_anything_filling(conn)
        finally:
            engine.close()
