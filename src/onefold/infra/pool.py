"""One pool of connections a process, for programs that answer requests in several threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from onefold.infra.postgres import LINK
from onefold.kernel.errors import Broken, Unavailable

WAIT_S: Final = 5.0
STATEMENT_TIMEOUT_S: Final = 10

_opened: dict[str, ConnectionPool[Connection[tuple[Any, ...]]]] = {}


def open_pool(url: str, application_name: str, *, max_size: int) -> None:
    """Begin to keep connections to `url`, whether or not it answers yet; a pool opened before is closed."""
    close_pool()
    _opened["pool"] = ConnectionPool(
        url,
        min_size=1,
        max_size=max_size,
        max_idle=60,
        num_workers=1,
        timeout=WAIT_S,
        check=ConnectionPool.check_connection,  # a server that was restarted costs nobody an error
        kwargs={
            "autocommit": True,
            "application_name": f"onefold {application_name}",
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_S}s -c timezone=UTC",
            **LINK,
        },
        open=True,
    )


def close_pool() -> None:
    """Give the connections back; safe to repeat."""
    if pool := _opened.pop("pool", None):
        pool.close()


@contextmanager
def pooled() -> Iterator[Connection[tuple[Any, ...]]]:
    """A connection in autocommit, for one request. Raises Unavailable when the database is down, slow or lost."""
    if (pool := _opened.get("pool")) is None:
        raise Broken("open_pool was not called.")
    try:
        with pool.connection() as conn:
            yield conn
    except PoolTimeout as fault:
        raise Unavailable("The database can't be reached at the moment. Try again in a few seconds.") from fault
    except psycopg.errors.QueryCanceled as fault:
        raise Unavailable(f"The question took longer than {STATEMENT_TIMEOUT_S} s. Ask for less.") from fault
    except psycopg.OperationalError as fault:
        raise Unavailable("The database went away while it answered. Try again in a few seconds.") from fault
