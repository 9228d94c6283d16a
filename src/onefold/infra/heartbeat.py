"""The row by which a process says that it lives: written every 15 s, taken back when it stops in order.

Read by `doctor` and the health endpoint.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
# another process of the same name, on another machine perhaps, may have written the row since: its own stays
TAKE_BACK_SQL: Final = "delete from process_status where name = %(name)s and pid = %(pid)s and host = %(host)s"
PIDS_SQL: Final = "select pid from process_status where host = %(host)s and name = any(%(names)s::text[])"
FORGET_SQL: Final = "update process_status set restarts = 0 where restarts > 0 and name = any(%(names)s::text[])"

_STARTED_AT: Final = datetime.now(UTC)  # of the process, near enough

log = get_logger(__name__)


def beat(connection: Connection[tuple[Any, ...]], name: str) -> None:
    """One beat, on a connection in autocommit mode; for a loop that calls it every BEAT_S itself."""
    connection.execute(BEAT_SQL, _row(name))


def take_back(connection: Connection[tuple[Any, ...]], name: str) -> None:
    """What a process does last when it stops in order, so that nobody takes it for alive, or for dead."""
    connection.execute(TAKE_BACK_SQL, _row(name))


@contextmanager
def beating(url: str, name: str) -> Iterator[None]:
    """Beats in a thread, on a connection of its own, while the block runs; a lost database is waited for.

    When the block ends without a fault, the beat is taken back.
    """
    ended, in_order = threading.Event(), threading.Event()
    thread = threading.Thread(target=_beat, args=(url, name, ended, in_order), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
        in_order.set()
    finally:
        ended.set()
        thread.join(BEAT_S)


async def beat_async(url: str, name: str) -> None:
    """Beats for ever, for asyncio: run it as a task and cancel it at the end, which takes the beat back."""
    while True:
        try:
            async with await connect_async(url, f"{name} heartbeat", autocommit=True) as connection:
                try:
                    while True:
                        await connection.execute(BEAT_SQL, _row(name))
                        await asyncio.sleep(BEAT_S)
                except asyncio.CancelledError:
                    with suppress(psycopg.Error):  # gone: nobody takes it for alive for long
                        await connection.execute(TAKE_BACK_SQL, _row(name))
                    raise
        except (Unavailable, psycopg.Error) as fault:
            log.warning("heartbeat_failed", process=name, fault=type(fault).__name__)
        await asyncio.sleep(BEAT_S / 3)


def record_restart(url: str, name: str, pid: int, restarts: int) -> None:
    """Adds `restarts` to those of a process that has been started again. Raises Unavailable or psycopg.Error."""
    with connect(url, "supervisor", autocommit=True) as connection:
        row = {"name": name, "pid": pid, "host": socket.gethostname(), "restarts": restarts}
        connection.execute(RESTART_SQL, row)


def forget_restarts(url: str, names: Sequence[str]) -> None:
    """Begins the count anew, for a new run of these. Raises Unavailable or psycopg.Error."""
    with connect(url, "supervisor", autocommit=True) as connection:
        connection.execute(FORGET_SQL, {"names": list(names)})


def pids_here(url: str, names: Sequence[str]) -> list[int]:
    """Pids of these processes on this machine, unless they stopped in order. Raises Unavailable or psycopg.Error."""
    with connect(url, "supervisor", autocommit=True) as connection:
        rows = connection.execute(PIDS_SQL, {"host": socket.gethostname(), "names": list(names)})
        return [pid for (pid,) in rows]


def _beat(url: str, name: str, ended: threading.Event, in_order: threading.Event) -> None:
    while not ended.is_set():
        try:
            with connect(url, f"{name} heartbeat", autocommit=True) as connection:
                while not ended.is_set():
                    connection.execute(BEAT_SQL, _row(name))
                    ended.wait(BEAT_S)
                if in_order.is_set():
                    take_back(connection, name)
        except (Unavailable, psycopg.Error) as fault:
            log.warning("heartbeat_failed", process=name, fault=type(fault).__name__)
            ended.wait(BEAT_S / 3)


def _row(name: str) -> dict[str, Any]:
    return {"name": name, "pid": os.getpid(), "host": socket.gethostname(), "started_at": _STARTED_AT}
