"""Connections to PostgreSQL, retries with back-off, and named queries."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeVar

import psycopg
from psycopg import AsyncConnection, Connection

from onefold.infra.logs import get_logger
from onefold.kernel.errors import Broken, Rejected, Unavailable

CONNECT_TIMEOUT_S: Final = 5
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0

ADDRESS_RULE: Final = (
    "DATABASE_URL can't be read. It looks like postgresql://USER:PASSWORD@HOST:PORT/DATABASE; "
    "in the password write %, @, : and / as %25, %40, %3A and %2F."
)

Result = TypeVar("Result")

# Notices a dead server within half a minute instead of the system's two hours.
LINK: Final[Mapping[str, Any]] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

log = get_logger(__name__)


class AddressRejected(Rejected):
    """The database's address is malformed."""

    code = "address_rejected"


def connect(url: str, application_name: str, *, autocommit: bool = False) -> Connection[tuple[Any, ...]]:
    """A connection; `application_name` is what `doctor` calls it. Raises Unavailable, AddressRejected."""
    try:
        return psycopg.connect(url, autocommit=autocommit, application_name=_named(application_name), **LINK)
    except psycopg.OperationalError as fault:
        raise _unreachable(fault) from fault
    except psycopg.ProgrammingError as fault:
        raise AddressRejected(ADDRESS_RULE) from fault


async def connect_async(
    url: str, application_name: str, *, autocommit: bool = False
) -> AsyncConnection[tuple[Any, ...]]:
    """As `connect`, for asyncio."""
    try:
        return await AsyncConnection.connect(
            url, autocommit=autocommit, application_name=_named(application_name), **LINK
        )
    except psycopg.OperationalError as fault:
        raise _unreachable(fault) from fault
    except psycopg.ProgrammingError as fault:
        raise AddressRejected(ADDRESS_RULE) from fault


def pauses() -> Iterator[float]:
    """Seconds to wait before each next attempt: doubling from .1 to 5 s, each shortened by up to half at random."""
    longest = FIRST_PAUSE_S
    while True:
        yield longest * random.uniform(0.5, 1)  # noqa: S311 spreads load, hides nothing
        longest = min(longest * 2, LONGEST_PAUSE_S)


def reconnecting(
    attempt: Callable[[], Result], *, timeout_s: float | None = None, is_stopped: Callable[[], bool] = lambda: False
) -> Result:
    """What `attempt` returns, tried again with back-off while it raises Unavailable or loses its connection.

    `attempt` must be safe to repeat. Gives up with the last Unavailable after `timeout_s` (None: never) or when
    `is_stopped()`.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    for pause in pauses():
        try:
            return attempt()
        except (Unavailable, psycopg.OperationalError, psycopg.InterfaceError) as fault:
            if is_stopped() or (deadline is not None and time.monotonic() >= deadline):
                if isinstance(fault, Unavailable):
                    raise
                raise Unavailable(f"The database can't be reached: {fault}") from fault
            log.warning("database_unreachable", fault=type(fault).__name__)
            time.sleep(pause)
    raise AssertionError("pauses() never ends")


@cache
def load_queries(package: str, name: str) -> Mapping[str, str]:
    """The queries of a `.sql` file beside a package's code: name -> SQL.

    Each begins with a line `-- name: what it is for`; comments within a query are indented or follow code.
    Raises Broken when the file holds a query without a name or one name twice.
    """
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    head, *parts = re.split(r"^-- ([a-z0-9_]+): .*$", text, flags=re.MULTILINE)
    if re.sub(r"--.*", "", head).strip():
        raise Broken(f"{package}/{name} holds SQL before its first `-- name: comment` line.")
    names, bodies = parts[0::2], parts[1::2]
    if len(set(names)) < len(names):
        raise Broken(f"{package}/{name} uses a query name twice.")
    return {key: body.strip() for key, body in zip(names, bodies, strict=True)}


def _named(application_name: str) -> str:
    return application_name if application_name.startswith("onefold") else f"onefold {application_name}"


def _unreachable(fault: psycopg.OperationalError) -> Unavailable:
    """The driver's own text names host and port, never the password."""
    return Unavailable(f"The database can't be reached: {str(fault).strip()}")
