"""The worker: runs jobs, and the timers that keep the tables in order."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from procrastinate import Blueprint, RetryStrategy
from psycopg import Connection

from onefold.audiences.jobs import audience_jobs
from onefold.config import Settings
from onefold.crm.jobs import crm_jobs, rows_of_export, tell_of_people
from onefold.events.api import trim_pages
from onefold.forms.jobs import form_jobs
from onefold.infra.heartbeat import beating
from onefold.infra.jobs import SHUTDOWN_S, WAIT_S, make_jobs, work
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect, pauses
from onefold.profiles.jobs import export_jobs
from onefold.programs.attention import tell_concerns
from onefold.programs.audience_keeping import keep_audiences
from onefold.programs.health import note_lags
from onefold.programs.lake_keeping import keep_lake
from onefold.programs.people_keeping import keep_people
from onefold.programs.upkeep import (
    cool_events,
    delete_expired_sessions,
    delete_old_outcomes,
    drop_old_log,
    make_partitions,
)
from onefold.webhooks.jobs import webhook_jobs

Result = TypeVar("Result")

RETRY = RetryStrategy(max_attempts=5, exponential_wait=4)

log = get_logger(__name__)


def run(settings: Settings) -> None:
    """`onefold run worker`. Returns after SIGTERM or SIGINT; survives the database's absence."""
    loop = asyncio.new_event_loop()
    with beating(settings.database.address(), "worker"):
        loop.run_until_complete(_run(settings))
    stuck = [task for task in asyncio.all_tasks(loop) if not task.done()]
    if not stuck:
        loop.close()
        return
    # Not `asyncio.run`, which would wait for them: procrastinate's tasks may not hear, in their search for a database
    # that is gone, that they are cancelled. They had their time in `_run`.
    log.warning("worker_left_tasks", count=len(stuck))
    sys.stderr.flush()
    os._exit(0)


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    stopped = asyncio.create_task(stopping.wait())
    tell_of_people()
    wanted = asyncio.Event()
    keeping = asyncio.gather(
        keep_lake(settings, stopping), keep_audiences(settings, stopping, wanted), keep_people(settings, stopping)
    )
    for pause in pauses():
        app = make_jobs(settings.database.address())
        app.add_tasks_from(upkeep_jobs(settings), namespace="upkeep")
        app.add_tasks_from(export_jobs(settings.database.address(), RETRY, rows_of_export), namespace="exports")
        webhooks = webhook_jobs(settings.database.address(), RETRY, may_be_private=settings.webhooks.private)
        app.add_tasks_from(webhooks, namespace="webhooks")
        app.add_tasks_from(audience_jobs(settings.database.address(), wanted, RETRY), namespace="audiences")
        app.add_tasks_from(crm_jobs(settings.database.address(), RETRY), namespace="crm")
        app.add_tasks_from(form_jobs(settings, RETRY), namespace="forms")
        working = asyncio.create_task(work(app))
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            await keeping
            working.cancel()
            done, _ = await asyncio.wait({working}, timeout=SHUTDOWN_S + WAIT_S)
            if any(not task.cancelled() and task.exception() for task in done):
                log.warning("worker_stopped_without_database")
            return
        # procrastinate logs what befell it and returns, or raises when it could not even begin
        fault = working.exception()
        log.warning("database_lost", fault=type(fault).__name__ if fault else None)
        await asyncio.wait({stopped}, timeout=pause)


def upkeep_jobs(settings: Settings) -> Blueprint:
    """The timers. All are cheap when there is nothing to do, and safe to run twice or twice at once."""
    blueprint = Blueprint()
    url = settings.database.address()

    @blueprint.periodic(cron="3 * * * *")
    @blueprint.task(name="make_partitions", retry=RETRY)
    def partitions_ahead(timestamp: int) -> None:
        made = _with_database(url, lambda connection: make_partitions(connection, datetime.now(UTC)))
        log.info("partitions_made", count=len(made))

    @blueprint.periodic(cron="13 * * * *")
    @blueprint.task(name="drop_old_log", retry=RETRY)
    def old_log(timestamp: int) -> None:
        dropped = _with_database(
            url, lambda connection: drop_old_log(connection, settings.retention, datetime.now(UTC))
        )
        log.info("log_partitions_dropped", count=len(dropped))

    @blueprint.periodic(cron="23 * * * *")
    @blueprint.task(name="cool_events", retry=RETRY)
    def old_events(timestamp: int) -> None:
        dropped = _with_database(url, lambda connection: cool_events(connection, settings.lake, datetime.now(UTC)))
        log.info("event_partitions_dropped", count=len(dropped))

    @blueprint.periodic(cron="23 3 * * *")
    @blueprint.task(name="delete_old_outcomes", retry=RETRY)
    def old_outcomes(timestamp: int) -> None:
        deleted = _with_database(
            url, lambda connection: delete_old_outcomes(connection, settings.retention, datetime.now(UTC))
        )
        log.info("outcomes_deleted", count=deleted)

    @blueprint.periodic(cron="33 3 * * *")
    @blueprint.task(name="delete_expired_sessions", retry=RETRY)
    def expired_sessions(timestamp: int) -> None:
        deleted = _with_database(url, lambda connection: delete_expired_sessions(connection, datetime.now(UTC)))
        log.info("sessions_deleted", count=deleted)

    @blueprint.periodic(cron="43 3 * * *")
    @blueprint.task(name="trim_pages", retry=RETRY)
    def seldom_viewed_pages(timestamp: int) -> None:
        forgotten = _with_database(url, lambda connection: trim_pages(connection, datetime.now(UTC)))
        log.info("pages_trimmed", count=forgotten)

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="note_lags", queueing_lock="note_lags")
    def how_far_behind(timestamp: int) -> None:
        _with_database(url, lambda connection: note_lags(connection, datetime.now(UTC)))

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="tell_concerns", queueing_lock="tell_concerns")
    def needs_attention(timestamp: int) -> None:
        found = _with_database(url, lambda connection: tell_concerns(connection, settings, datetime.now(UTC)))
        log.debug("concerns_told", count=found)

    return blueprint


def _with_database(url: str, job: Callable[[Connection[tuple[Any, ...]]], Result]) -> Result:
    with connect(url, "upkeep", autocommit=True) as connection:
        return job(connection)
