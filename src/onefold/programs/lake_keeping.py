"""Keeps the lake in order: flushes and compactions, each a child process, which takes its memory with it."""

import asyncio
import time
from typing import Final

import psycopg

from onefold.config import Settings
from onefold.infra.postgres import connect
from onefold.kernel.errors import OnefoldError
from onefold.lake.cold import is_history_wanted
from onefold.lake.state import note_waiting, waiting_positions
from onefold.programs.children import is_stopped, run_to_end

LOOK_S: Final = 10
FLUSH_AT: Final = 100_000
"""So many waiting events are flushed before their time: whoever asks the lake reads them from PostgreSQL meanwhile."""
COMPACT_S: Final = 3_600


async def keep_lake(settings: Settings, stopping: asyncio.Event) -> None:
    """Flush when events wait, compact every hour, until stopped; what is under way then is ended, and nothing is lost.

    A compaction may take long, so flushes go on beside it: each waits for a step of the other at most. A run that fails
    notes why in `lake_progress`, and the next one tries again.
    """
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_keep_flushed(settings, stopping))
        tasks.create_task(_keep_compact(settings, stopping))


async def _keep_flushed(settings: Settings, stopping: asyncio.Event) -> None:
    flushed_at = time.monotonic()
    while not await is_stopped(stopping, min(LOOK_S, settings.lake.flush_s)):
        waiting, is_wanted = await asyncio.to_thread(_look, settings)
        if is_wanted:
            await run_to_end(settings, stopping, ("lake", "--quiet", "thaw"))
        if waiting and (waiting >= FLUSH_AT or time.monotonic() - flushed_at >= settings.lake.flush_s):
            await run_to_end(settings, stopping, ("lake", "--quiet", "flush"))
            flushed_at = time.monotonic()


async def _keep_compact(settings: Settings, stopping: asyncio.Event) -> None:
    pause_s: float = settings.lake.flush_s  # soon after the start: an earlier run may have died
    while not await is_stopped(stopping, pause_s):
        waiting, _ = await asyncio.to_thread(_look, settings)
        if waiting is not None:
            await run_to_end(settings, stopping, ("lake", "--quiet", "compact"))
        pause_s = COMPACT_S if waiting is not None else LOOK_S


def _look(settings: Settings) -> tuple[int | None, bool]:
    """How many events wait, and whether somebody waits for older ones. None = the database can't be asked; others say
    so already."""
    try:
        with connect(settings.database.address(), "lake", autocommit=True) as conn:
            waiting = waiting_positions(conn)
            if waiting:
                note_waiting(conn)
            return waiting, is_history_wanted(conn)
    except (OnefoldError, psycopg.Error):
        return None, False
