"""The worker: runs jobs, and the timers that keep the tables in order."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from procrastinate import Blueprint, RetryStrategy
from procrastinate.exceptions import ConnectorException
from psycopg import Connection

from onefold.config import Settings
from onefold.infra.heartbeat import beating
from onefold.infra.jobs import make_jobs, work
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect, pauses, reconnecting
from onefold.kernel.errors import Broken
from onefold.programs.upkeep import delete_old_outcomes, drop_old_log, make_partitions

Result = TypeVar("Result")

RETRY = RetryStrategy(max_attempts=5, exponential_wait=4)

log = get_logger(__name__)


def run(settings: Settings) -> None:
    """`onefold run worker`. Returns after SIGTERM or SIGINT; survives the database's absence."""
    url = _url(settings)
    reconnecting(lambda: _with_database(url, lambda connection: make_partitions(connection, datetime.now(UTC))))
    with beating(url, "worker"):
        for pause in pauses():
            app = make_jobs(url)
            app.add_tasks_from(upkeep_jobs(settings), namespace="upkeep")
            try:
                return asyncio.run(work(app))
            except ConnectorException as fault:
                log.warning("database_lost", fault=type(fault).__name__)
            time.sleep(pause)


def upkeep_jobs(settings: Settings) -> Blueprint:
    """The timers. All are cheap when there is nothing to do, and safe to run twice or twice at once."""
    blueprint = Blueprint()
    url = _url(settings)

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

    @blueprint.periodic(cron="23 3 * * *")
    @blueprint.task(name="delete_old_outcomes", retry=RETRY)
    def old_outcomes(timestamp: int) -> None:
        deleted = _with_database(
            url, lambda connection: delete_old_outcomes(connection, settings.retention, datetime.now(UTC))
        )
        log.info("outcomes_deleted", count=deleted)

    return blueprint


def _with_database(url: str, job: Callable[[Connection[tuple[Any, ...]]], Result]) -> Result:
    with connect(url, "upkeep", autocommit=True) as connection:
        return job(connection)


def _url(settings: Settings) -> str:
    if settings.database.url is None:
        raise Broken("The worker needs the address of a running database.")
    return settings.database.url.reveal()
