"""The worker runs its timers, and goes on after the database was away."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.config import load_settings
from onefold.crm.jobs import rows_of_export
from onefold.infra import embedded
from onefold.infra.jobs import make_jobs
from onefold.infra.postgres import connect
from onefold.profiles.jobs import export_jobs
from onefold.programs.worker import RETRY, upkeep_jobs
from tests.conftest import UNSAFE_BUT_FAST
from tests.waiting import wait_until

WEEKS_SQL: Final = """
select inhrelid::regclass::text from pg_inherits
where inhparent = 'event'::regclass and inhrelid <> 'event_default'::regclass
order by 1
"""
COMMAND: Final = str(Path(sys.executable).with_name("onefold"))


def test_timers_are_registered(pg_url: str) -> None:
    app = make_jobs(pg_url)
    app.add_tasks_from(upkeep_jobs(load_settings({"DATABASE_URL": pg_url})), namespace="upkeep")
    app.add_tasks_from(export_jobs(pg_url, RETRY, rows_of_export), namespace="exports")
    timers = {periodic.task.name: periodic.cron for periodic in app.periodic_registry.periodic_tasks.values()}
    assert timers == {
        "jobs:retry_stalled": "*/10 * * * *",
        "upkeep:make_partitions": "3 * * * *",
        "upkeep:drop_old_log": "13 * * * *",
        "upkeep:cool_events": "23 * * * *",
        "upkeep:delete_old_outcomes": "23 3 * * *",
        "upkeep:delete_expired_sessions": "33 3 * * *",
        "upkeep:trim_pages": "43 3 * * *",
        "upkeep:note_lags": "* * * * *",
        "upkeep:tell_concerns": "* * * * *",
        "exports:make_exports": "* * * * *",
    }


def test_worker_does_a_job_loses_its_connections_and_does_the_next(own_pg_url: str) -> None:
    environ = os.environ | {"DATABASE_URL": own_pg_url}
    process = subprocess.Popen([COMMAND, "run", "worker"], env=environ, stderr=subprocess.DEVNULL)
    app = make_jobs(own_pg_url)
    settings = load_settings({"DATABASE_URL": own_pg_url})
    app.add_tasks_from(upkeep_jobs(settings), namespace="upkeep")
    make_partitions = app.tasks["upkeep:make_partitions"]
    try:
        with connect(own_pg_url, "tests", autocommit=True) as connection, app.open():
            wait_until(lambda: has_beaten(connection))
            drop_ahead(connection)
            make_partitions.defer(timestamp=0)
            wait_until(lambda: is_ahead(connection))
            kick_out(connection)
            drop_ahead(connection)
            make_partitions.defer(timestamp=0)
            make_partitions.defer(timestamp=0)  # twice
            wait_until(lambda: is_ahead(connection))
            assert process.poll() is None
            query = "select count(*) from procrastinate_jobs where status = 'failed'"
            assert connection.execute(query).fetchone() == (0,)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_worker_ends_when_told_though_its_database_is_gone(data_dir: Path) -> None:
    server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(data_dir)}), UNSAFE_BUT_FAST)
    try:
        environ = os.environ | {"DATABASE_URL": server.url}
        assert subprocess.run([COMMAND, "migrate"], env=environ, check=False, capture_output=True).returncode == 0
        process = subprocess.Popen([COMMAND, "run", "worker"], env=environ, stderr=subprocess.DEVNULL)
        with connect(server.url, "tests", autocommit=True) as connection:
            wait_until(lambda: has_beaten(connection))
    finally:
        server.stop()
    time.sleep(1)  # it looks for its database
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def has_beaten(connection: Connection[tuple[Any, ...]]) -> bool:
    return connection.execute("select 1 from process_status where name = 'worker'").fetchone() is not None


def drop_ahead(connection: Connection[tuple[Any, ...]]) -> None:
    (name,) = connection.execute(WEEKS_SQL).fetchall()[-1]
    connection.execute(SQL("drop table {}").format(Identifier(name)))


def is_ahead(connection: Connection[tuple[Any, ...]]) -> bool:
    """Four weeks of events: this one and three ahead."""
    return len(connection.execute(WEEKS_SQL).fetchall()) == 4


def kick_out(connection: Connection[tuple[Any, ...]]) -> None:
    """Ends every session of the worker."""
    connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and application_name like 'onefold worker%'"
    )
