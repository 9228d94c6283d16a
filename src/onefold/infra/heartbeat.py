"""The row by which a process says that it lives: written every 15 s, read by `doctor` and the health endpoint."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect, connect_async
from onefold.kernel.errors import Unavailable

BEAT_S: Final = 15.0
STALE_AFTER_S: Final = 3 * BEAT_S

# epoch = it has not beaten yet; restarts are counted by the supervisor; see `record_restart`
BEAT_SQL: Final = """
insert into process_status (name, pid, host, started_at, beat_at)
values (%(name)s, %(pid)s, %(host)s, %(started_at)s, now())
on conflict (name) do update set pid = excluded.pid, host = excluded.host, started_at = excluded.started_at,
    beat_at = excluded.beat_at
"""
RESTART_SQL: Final = """
insert into process_status (name, pid, host, started_at, beat_at, restarts)
values (%(name)s, %(pid)s, %(host)s, now(), 'epoch', %(restarts)s)
on conflict (name) do update set pid = excluded.pid, host = excluded.host, started_at = excluded.started_at,
    restarts = process_status.restarts + excluded.restarts
"""

_STARTED_AT: Final = datetime.now(UTC)  # of the process, near enough

log = get_logger(__name__)


def beat(connection: Connection[tuple[Any, ...]], name: str) -> None:
    """One beat, on a connection in autocommit mode; for a loop that calls it every BEAT_S itself."""
    connection.execute(BEAT_SQL, _row(name))


@contextmanager
def beating(url: str, name: str) -> Iterator[None]:
    """Beats in a thread, on a connection of its own, while the block runs; a lost database is waited for."""
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(url, name, ended), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(BEAT_S)


async def beat_async(url: str, name: str) -> None:
    """Beats for ever, for asyncio: run it as a task and cancel it at the end."""
    while True:
        try:
            async with await connect_async(url, f"{name} heartbeat", autocommit=True) as connection:
                while True:
                    await connection.execute(BEAT_SQL, _row(name))
                    await asyncio.sleep(BEAT_S)
        except (Unavailable, psycopg.Error) as fault:
            log.warning("heartbeat_failed", process=name, fault=type(fault).__name__)
        await asyncio.sleep(BEAT_S / 3)


def record_restart(url: str, name: str, pid: int, restarts: int) -> None:
    """Adds `restarts` to those of a process that has been started again. Raises Unavailable or psycopg.Error."""
    with connect(url, "supervisor", autocommit=True) as connection:
        row = {"name": name, "pid": pid, "host": socket.gethostname(), "restarts": restarts}
        connection.execute(RESTART_SQL, row)


def _beat(url: str, name: str, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            with connect(url, f"{name} heartbeat", autocommit=True) as connection:
                while not ended.is_set():
                    connection.execute(BEAT_SQL, _row(name))
                    ended.wait(BEAT_S)
        except (Unavailable, psycopg.Error) as fault:
            log.warning("heartbeat_failed", process=name, fault=type(fault).__name__)
            ended.wait(BEAT_S / 3)


def _row(name: str) -> dict[str, Any]:
    return {"name": name, "pid": os.getpid(), "host": socket.gethostname(), "started_at": _STARTED_AT}
