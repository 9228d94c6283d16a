"""Brings the database to the tables that this version of Onefold needs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg import Connection

from onefold.config import Settings, use_django
from onefold.infra.binaries import OLDEST_MAJOR
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect
from onefold.kernel.errors import Rejected, Unavailable
from onefold.programs.upkeep import make_partitions

LOCK_TIMEOUT_S: Final = 600
INSUFFICIENT_PRIVILEGE: Final = "42501"
_ADVISORY_KEY: Final = 0x0F01D_F0

log = get_logger(__name__)


class DatabaseRejected(Rejected):
    """The given PostgreSQL can't hold Onefold."""

    code = "database_rejected"


def set_up_django(settings: Settings) -> None:
    """Makes Django usable in this process, on the database of `settings`; safe to repeat."""
    use_django()
    import django
    from django.db import connections

    django.setup()
    from onefold.programs.web.settings import database

    connections.close_all()
    connections.settings["default"].update(database(settings))


def migrate(settings: Settings) -> list[str]:
    """Applies what is missing and makes the partitions ahead; the names of the migrations applied.

    Safe to repeat; a second one that runs at once waits for the first. Raises Rejected when the server is too old or
    lacks an extension, Unavailable when it can't be reached.
    """
    with _alone(settings.database.address()) as connection:
        _check_server(connection)
        set_up_django(settings)
        applied = _apply()
        make_partitions(connection, datetime.now(UTC))
    log.info("database_migrated", applied=len(applied))
    return applied


def demand_tables(settings: Settings) -> None:
    """Raises DatabaseRejected when the database was never migrated; cheap, so that every start can ask."""
    with connect(settings.database.address(), "start", autocommit=True) as connection:
        if connection.execute("select to_regclass('process_status')").fetchone() == (None,):
            raise DatabaseRejected("The database has no tables yet. Run `onefold migrate` first (`onefold up` does).")


def pending_migrations() -> list[str]:
    """Names of the migrations that the database lacks; needs `set_up_django`."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def known_migrations() -> set[str]:
    """Names of the migrations that this version has; needs `set_up_django`."""
    from django.db.migrations.loader import MigrationLoader

    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}


def _apply() -> list[str]:
    from django.core.management import call_command
    from django.db import DatabaseError, NotSupportedError, connection

    try:
        if not (pending := pending_migrations()):
            return []
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '30s'")  # a table in use is reported, not waited for without end
        call_command("migrate", interactive=False, verbosity=0)
    except NotSupportedError as fault:
        raise DatabaseRejected(
            f"The PostgreSQL server lacks something Onefold needs: {str(fault).strip()}\n"
            "Install its contrib extensions (package postgresql-contrib on many systems), then run `onefold migrate`."
        ) from fault
    except DatabaseError as fault:
        if not _is_for_want_of_rights(fault):
            raise
        raise DatabaseRejected(
            f"The role in DATABASE_URL may not make Onefold's tables: {str(fault).strip()}\n"
            "Make it the owner of the database (`alter database NAME owner to ROLE`), then run `onefold migrate`."
        ) from fault
    finally:
        connection.close()
    return pending


def _is_for_want_of_rights(fault: BaseException | None) -> bool:
    """Django wraps the driver's error, once or twice."""
    while fault is not None and not isinstance(fault, psycopg.Error):
        fault = fault.__cause__ or fault.__context__
    return fault is not None and fault.sqlstate == INSUFFICIENT_PRIVILEGE


def _check_server(connection: Connection[tuple[Any, ...]]) -> None:
    major = connection.info.server_version // 10_000
    if major < OLDEST_MAJOR:
        raise DatabaseRejected(f"DATABASE_URL leads to PostgreSQL {major}; Onefold needs {OLDEST_MAJOR} or later.")


@contextmanager
def _alone(url: str) -> Iterator[Connection[tuple[Any, ...]]]:
    """An autocommit connection that holds the lock on migrating."""
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    with connect(url, "migrate", autocommit=True) as connection:
        # asked again and again: a statement that waits would hold up a `create index concurrently` of the other
        while connection.execute("select pg_try_advisory_lock(%s)", [_ADVISORY_KEY]).fetchone() != (True,):
            if time.monotonic() > deadline:
                raise Unavailable("Another `onefold migrate` is still running after 10 minutes.")
            time.sleep(0.1)
        yield connection
