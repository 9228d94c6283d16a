"""The queue of jobs in PostgreSQL (procrastinate)."""

from typing import Final

from procrastinate import App, Blueprint, JobContext, PsycopgConnector

from onefold.infra.postgres import LINK

# A notification wakes the worker at once; polling is for the one that got lost. Idle is idle.
POLL_S: Final = 30.0
STALLED_AFTER_S: Final = 120.0
WAIT_S: Final = 3.0  # for a connection
SHUTDOWN_S: Final = 8.0


def make_jobs(url: str) -> App:
    """The app on the database at `url`; tasks come as blueprints (`add_tasks_from`)."""
    kwargs = {"application_name": "onefold worker", **LINK}
    connector = PsycopgConnector(conninfo=url, min_size=1, max_size=4, num_workers=1, timeout=WAIT_S, kwargs=kwargs)
    app = App(connector=connector)
    app.add_tasks_from(_housekeeping(), namespace="jobs")
    return app


async def work(app: App) -> None:
    """Runs jobs until cancelled (then those under way may finish) or until the database is lost: returns or raises."""
    async with app.open_async():
        await app.run_worker_async(
            concurrency=2,
            fetch_job_polling_interval=POLL_S,
            abort_job_polling_interval=POLL_S,
            update_heartbeat_interval=POLL_S,
            stalled_worker_timeout=STALLED_AFTER_S,
            shutdown_graceful_timeout=SHUTDOWN_S,
            install_signal_handlers=False,
            delete_jobs="successful",
        )


def _housekeeping() -> Blueprint:
    blueprint = Blueprint()

    @blueprint.periodic(cron="*/10 * * * *")
    @blueprint.task(name="retry_stalled", pass_context=True)
    async def retry_stalled(context: JobContext, timestamp: int) -> None:
        """Puts jobs whose worker was killed back into the queue; every job is safe to run twice."""
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            await manager.retry_job(job)

    return blueprint
