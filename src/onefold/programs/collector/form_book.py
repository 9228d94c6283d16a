"""Published forms in the collector's memory, its connection for them, and what it counts of them."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

import psycopg
from psycopg import AsyncConnection

from onefold.forms.api import LiveForm, read_forms, store_counts
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect_async
from onefold.kernel.errors import Unavailable

FRESH_S: Final = 2.0
"""For so long a form is served as it was read; then it is read again, when somebody asks."""
FLUSH_S: Final = 5.0
Counts = dict[tuple[int, date, str], int]
Result = TypeVar("Result")

log = get_logger(__name__)


class FormBook:
    """One connection, opened when the first form is asked for: most installations serve events alone."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._conn: AsyncConnection[Any] | None = None
        self._turn = asyncio.Lock()
        self._forms: dict[str, LiveForm] = {}
        self._read_at = -math.inf
        self._counts: Counts = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to store counts."""
        self._task = asyncio.create_task(self._keep_flushing())

    async def stop(self) -> None:
        """Stores the counts a last time."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        try:
            await self._flush()
        except Unavailable as fault:
            log.warning("form_counts_lost", fault=str(fault))
        if self._conn:
            await self._conn.close()

    async def find(self, key: str) -> LiveForm | None:
        """The published form of that key, at most FRESH_S old; while the database is away as it was last read."""
        if time.monotonic() - self._read_at > FRESH_S:
            try:
                await self.execute(self._read)
            except Unavailable:
                if self._read_at == -math.inf:
                    raise
        return self._forms.get(key)

    async def execute(self, work: Callable[[AsyncConnection[Any]], Awaitable[Result]]) -> Result:
        """What `work` makes of the connection, one after another. Raises Unavailable."""
        async with self._turn:
            try:
                if self._conn is None or self._conn.closed:
                    self._conn = await connect_async(self._url, "collector forms", autocommit=True)
                    await self._conn.execute("set statement_timeout = '5s'")
                return await work(self._conn)
            except psycopg.Error as fault:
                if self._conn:
                    await self._conn.close()
                raise Unavailable("The database does not answer. Try again in a moment.") from fault

    def count(self, form: LiveForm, outcome: str) -> None:
        """One more; stored within FLUSH_S."""
        key = (form.id, datetime.now(UTC).date(), outcome)
        self._counts[key] = self._counts.get(key, 0) + 1

    async def _read(self, conn: AsyncConnection[Any]) -> None:
        began = time.monotonic()
        if began - self._read_at > FRESH_S:  # those who waited for this one need no other
            self._forms = await read_forms(conn)
            self._read_at = began

    async def _flush(self) -> None:
        counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            await self.execute(lambda conn: store_counts(conn, counts))
        except Unavailable:
            for key, n in counts.items():
                self._counts[key] = self._counts.get(key, 0) + n
            raise

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                await self._flush()
            except Unavailable as fault:
                log.warning("form_counts_waiting", fault=str(fault))
