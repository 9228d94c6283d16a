"""Fills new and changed audiences in a child process, which takes its memory with it."""

import asyncio
import sys
from typing import Final

import psycopg

from onefold.config import Settings
from onefold.kernel.errors import OnefoldError
from onefold.programs.children import run_to_end

STAY_S: Final = 60
"""Whoever starts an audience often starts another soon after: most of the time that a small one takes is the start."""


async def keep_audiences(settings: Settings, stopping: asyncio.Event, wanted: asyncio.Event) -> None:
    """Runs a child whenever it is wanted and there is something to do, until stopped."""
    ending = asyncio.create_task(stopping.wait())
    while not stopping.is_set():
        asking = asyncio.create_task(wanted.wait())
        await asyncio.wait({ending, asking}, return_when=asyncio.FIRST_COMPLETED)
        asking.cancel()
        wanted.clear()
        if not stopping.is_set() and await asyncio.to_thread(_is_wanted, settings):
            await run_to_end(settings, stopping, ("audiences", "--quiet", "fill", "--stay", str(STAY_S)))
    ending.cancel()


def _is_wanted(settings: Settings) -> bool:
    """False too when the database can't be asked; others say so already."""
    from onefold.audiences.jobs import is_fill_wanted

    try:
        return is_fill_wanted(settings.database.address())
    except (OnefoldError, psycopg.Error):
        return False


def main(settings: Settings, *, quiet: bool, stay_s: float = 0) -> int:
    """`onefold audiences fill`."""
    from onefold.audiences.jobs import fill

    is_left = fill(settings, stay_s=stay_s)
    if not quiet:
        sys.stdout.write("Some audiences are not live yet.\n" if is_left else "Every audience is live.\n")
    return 0
