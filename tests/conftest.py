"""What tests share: one embedded PostgreSQL for the session, and a clean, migrated database for each test that asks."""

import fcntl
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.core.cache import cache
from django.utils.translation.trans_real import deactivate
from psycopg import Connection, sql
from xdist.scheduler import LoadScopeScheduling

from onefold.config import EngineSettings, Settings, load_settings
from onefold.infra import embedded
from onefold.infra.memory import forget_everything
from onefold.infra.postgres import connect
from onefold.programs.migrate import migrate, set_up_django
from tests.snapshot import Snapshot

if TYPE_CHECKING:
    from onefold.lake.engine import Engine

UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


TOGETHER: Final = (
    ("tests/browser/",),
    ("tests/scenarios/",),
    ("tests/demo/",),
    ("tests/collector/test_outages.py",),
    ("tests/lake/test_spark.py", "tests/audiences/test_spark.py"),
    ("tests/programs/test_supervisor.py",),
)
"""Folders and modules whose tests share something that runs: each group goes to one worker, which starts it once."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's own, with our groups; all other tests go one by one. The largest groups begin first.

    Not its `--dist loadgroup`: xdist 3.8 writes groups to where pytest 9.2 doesn't look, and then nothing is grouped.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((group[0] for group in TOGETHER if nodeid.startswith(group)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Asked by xdist, where tests run in several workers."""
    return Together(config, log)


@pytest.fixture(scope="session")
def test_folder(testrun_uid: str) -> Iterator[Path]:
    """A short-lived folder shared by the workers of this run, which any system user may pass through."""
    folder = Path(tempfile.gettempdir(), f"onefold-test-{testrun_uid}")
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    with (folder / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        yield folder
        with suppress(BlockingIOError):  # another worker is still at it, and will tidy up
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pg_server(test_folder: Path) -> Iterator[embedded.RunningServer]:
    """One server without fsync for all workers; the first to come owns it and stays until the last has gone."""
    settings = load_settings({"ONEFOLD_DATA_DIR": str(test_folder / "data")})
    with (test_folder / "clients").open("w") as clients:
        fcntl.flock(clients, fcntl.LOCK_SH)
        server = embedded.start(settings, UNSAFE_BUT_FAST)
        yield server
        fcntl.flock(clients, fcntl.LOCK_EX if server.is_owner else fcntl.LOCK_UN)
        server.stop()


@pytest.fixture(scope="session")
def pg_template(pg_server: embedded.RunningServer, test_folder: Path, django_db_blocker: Any) -> str:
    """Name of a migrated database to copy, to which nobody connects: a template may have no other user."""
    name, is_done = "migrated", test_folder / "migrated"
    with (test_folder / "template").open("w") as lock, django_db_blocker.unblock():
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_done.exists():
            with connect(_sibling(pg_server, "postgres"), "tests", autocommit=True) as admin:
                admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            migrate(load_settings({"DATABASE_URL": _sibling(pg_server, name)}))
            is_done.touch()
    return name


@contextmanager
def copied_database(server: embedded.RunningServer, template: str) -> Iterator[str]:
    """Address of a new copy of the template; dropped at the end."""
    name = f"test_{secrets.token_hex(6)}"
    with connect(_sibling(server, "postgres"), "tests", autocommit=True) as admin:
        admin.execute("select pg_advisory_lock(1)")  # one copy at a time
        admin.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))
        admin.execute("select pg_advisory_unlock(1)")
        yield _sibling(server, name)
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def pg_url(pg_server: embedded.RunningServer, pg_template: str) -> Iterator[str]:
    """Address of this worker's own migrated database. Tests that share it ask for `db`, which empties it first."""
    with copied_database(pg_server, pg_template) as url:
        yield url


@pytest.fixture
def own_pg_url(pg_server: embedded.RunningServer, pg_template: str) -> Iterator[str]:
    """Address of a migrated database for one test alone: to change its tables, or to break it."""
    with copied_database(pg_server, pg_template) as url:
        yield url


@pytest.fixture(scope="session")
def clean_database(pg_url: str) -> Iterator[Callable[[], None]]:
    """Puts this worker's database back to what the migrations left, rows and sequences alike, and forgets it."""
    with connect(pg_url, "tests", autocommit=True) as connection:
        snapshot = Snapshot(connection)

        def clean() -> None:
            snapshot.restore()
            forget_everything()
            cache.clear()  # allauth counts tries in it

        yield clean


@pytest.fixture(autouse=True)
def _clean_for_django(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("clean_database")()


@pytest.fixture
def db(pg_url: str, clean_database: Callable[[], None]) -> Iterator[Connection[tuple[Any, ...]]]:
    """A connection (autocommit) to a database as the migrations left it."""
    clean_database()
    with connect(pg_url, "tests", autocommit=True) as connection:
        yield connection


@pytest.fixture
def django_access(db: Connection[tuple[Any, ...]], django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Lets Django write to the database that everyone sees.

    Unlike pytest-django's `transactional_db` nothing is emptied afterwards: each test that comes here begins with that.
    """
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def settings(pg_url: str, tmp_path: Path) -> Settings:
    """Settings of this worker's database."""
    return load_settings({"DATABASE_URL": pg_url, "ONEFOLD_DATA_DIR": str(tmp_path / "data")})


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder to be, that any user may reach; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="onefold-data-"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder)


@contextmanager
def led_back(blocker: Any) -> Iterator[None]:
    """Lets what is done within lead Django to another database, as `migrate` does, and leads it back afterwards."""
    from django.db import connections

    before = dict(connections.settings["default"])
    with blocker.unblock():
        yield
        connections.close_all()
        connections.settings["default"].update(before)


@pytest.fixture
def django_elsewhere(django_db_blocker: Any) -> Iterator[None]:
    """Lets the code under test lead Django to another database, and leads it back afterwards."""
    with led_back(django_db_blocker):
        yield


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """The language of a page that a test asked for isn't the next test's."""
    yield
    deactivate()


@pytest.fixture(scope="session")
def django_db_setup(pg_url: str, django_db_blocker: Any) -> None:
    """Django's tests use this worker's database too, already migrated (pytest-django's own would make another)."""
    with django_db_blocker.unblock():
        set_up_django(load_settings({"DATABASE_URL": pg_url}))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> "Iterator[Engine]":
    """Spark as the driver of a cluster of a master and two workers on this machine."""
    from tests.lake.cluster import cluster, demand_java, environment

    demand_java(pytestconfig)
    from onefold.lake.engines.spark import SparkEngine

    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        environ = environment(folder)
        for name, value in environ.items():
            patch.setenv(name, value)
        patch.setattr("onefold.lake.engines.spark.BUCKETS", 4)  # tasks of a walk: each begins for 50 ms
        with cluster(folder, environ) as url:
            engine = SparkEngine(EngineSettings(kind="spark", spark_url=url))
            yield engine
            engine.close()


def _sibling(server: embedded.RunningServer, database: str) -> str:
    """Address of another database of the server."""
    return f"{server.url.rpartition('/')[0]}/{database}"
