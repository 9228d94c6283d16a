"""What the worker does for audiences: wakes at once when one is started or changed, and fills it in a child process."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final

from procrastinate import Blueprint, RetryStrategy

from onefold.audiences.forgetting import forget_exits
from onefold.config import Settings
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect, load_queries

QUERIES: Final = load_queries("onefold.audiences", "filling.sql")
POLL_S: Final = 2.0
"""The processor tells when it has had its turn; this is for a notification that got lost, and for what failed."""
ROUND_S: Final = 3_000
log = get_logger(__name__)


def audience_jobs(url: str, wanted: asyncio.Event, retry: RetryStrategy) -> Blueprint:
    """Sets `wanted`: when somebody starts or changes an audience (`infra.waking`), and every minute for the rest.
    Once a day exits of people who were erased are forgotten."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="fill", queueing_lock="audiences:fill")
    async def fill_soon(timestamp: int) -> None:
        wanted.set()

    @blueprint.periodic(cron="28 3 * * *")
    @blueprint.task(name="forget_exits", retry=retry)
    def erased_people(timestamp: int) -> None:
        with connect(url, "audiences", autocommit=True) as conn:
            forgotten = forget_exits(conn, datetime.now(UTC))
        log.info("exits_forgotten", people=forgotten)

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
