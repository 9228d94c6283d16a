"""Keeps sources and keys in memory, fresh: told by the database, asked for what is unknown, polled now and then."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

import psycopg
from psycopg import AsyncConnection

from onefold.events.api import CHANGED_CHANNEL, Grant, KeyBook, read_book, store_counts_async, touch_keys
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect_async, pauses
from onefold.kernel.errors import Unavailable
from onefold.programs.collector.counters import Counters

POLL_S: Final = 30.0  # a notification can get lost with its connection
FLUSH_S: Final = 5.0
RELOAD_APART_S: Final = 0.2  # at most five reloads a second, however many unknown keys come

Result = TypeVar("Result")

log = get_logger(__name__)


class Directory(Protocol):
    """Who may send."""

    is_up: bool  # whether what it knows is fresh

    async def find(self, key: str) -> Grant | None:
        """None for an unknown key. Raises Unavailable when that can't be known."""


class KeyDirectory:
    """The database's sources and keys, and the way back for counts. Two connections."""

    def __init__(self, url: str, counters: Counters) -> None:
        self.is_up = False
        self._url = url
        self._counters = counters
        self._book: KeyBook | None = None
        self._read_at = self._failed_at = -math.inf
        self._conn: AsyncConnection[Any] | None = None
        self._lock = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Reads what is there and begins to keep it fresh; a database that is away is not waited for."""
        try:
            await self.refresh()
        except Unavailable as fault:
            log.warning("directory_unreachable", fault=type(fault).__name__)
        self._tasks = [asyncio.create_task(loop()) for loop in (self._listen, self._upkeep)]

    async def stop(self) -> None:
        """Flushes the counts a last time."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._flush()
        except Unavailable as fault:
            log.warning("counts_lost", fault=str(fault))
        if self._conn:
            await self._conn.close()

    async def find(self, key: str) -> Grant | None:
        """From memory; a key that isn't there may have been made a moment ago, so the database is asked."""
        if self._book is not None and (grant := self._book.find(key, datetime.now(UTC))):
            return grant
        await self.refresh()
        assert self._book is not None  # noqa: S101 just read
        return self._book.find(key, datetime.now(UTC))

    async def refresh(self) -> None:
        """Returns when the book was read after this call; many who ask share one reading. Raises Unavailable."""
        asked_at = time.monotonic()
        async with self._lock:
            if self._read_at > asked_at:
                return
            if self._failed_at > asked_at:  # those who waited for that attempt need not make another
                raise Unavailable("The database does not answer. Try again in a moment.")
            pause = self._read_at + RELOAD_APART_S - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            await self._reload()

    async def _reload(self) -> None:
        began = time.monotonic()
        try:
            self._book = await self._execute(read_book)
        except Unavailable:
            self._failed_at = time.monotonic()
            self.is_up = False
            raise
        self._read_at = began
        self.is_up = True

    async def _flush(self) -> None:
        counts, keys = self._counters.take()
        if not counts and not keys:
            return
        try:
            await self._execute(lambda conn: store_counts_async(conn, counts))
            if keys:
                await self._execute(lambda conn: touch_keys(conn, keys))
        except Unavailable:
            self._counters.give_back(counts, keys)
            raise

    async def _execute(self, work: Callable[[AsyncConnection[Any]], Awaitable[Result]]) -> Result:
        try:
            if self._conn is None or self._conn.closed:
                self._conn = await connect_async(self._url, "collector directory", autocommit=True)
                await self._conn.execute("set statement_timeout = '5s'")
            return await work(self._conn)
        except psycopg.Error as fault:
            if self._conn:
                await self._conn.close()
            raise Unavailable("The database does not answer. Try again in a moment.") from fault

    async def _listen(self) -> None:
        """Reads again whenever a source or key changes."""
        delays = pauses()
        while True:
            try:
                async with await connect_async(self._url, "collector listener", autocommit=True) as conn:
                    await conn.execute(f"listen {CHANGED_CHANNEL}")
                    delays = pauses()
                    while True:
                        await self.refresh()
                        async for _ in conn.notifies(timeout=POLL_S, stop_after=1):
                            pass
            except (Unavailable, psycopg.Error) as fault:
                self.is_up = False
                log.warning("directory_unreachable", fault=type(fault).__name__)
                await asyncio.sleep(next(delays))

    async def _upkeep(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                await self._flush()
            except Unavailable as fault:
                log.warning("counts_waiting", fault=str(fault))
