"""Commands that the worker runs as child processes, which take their memory with them."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from typing import Final

from onefold.config import Settings, child_environment
from onefold.infra.logs import get_logger
from onefold.infra.processes import spawn

RUN_S: Final = 3_600
"""A run that takes longer is ended; what it finished stays."""
_POLL_S: Final = 0.2
log = get_logger(__name__)


async def run_to_end(settings: Settings, stopping: asyncio.Event, arguments: Sequence[str]) -> None:
    """`onefold ARGUMENTS…`, ended when the worker stops. From the main thread, which the child shall not outlive."""
    command = [sys.executable, "-m", "onefold.programs.cli", *arguments]
    child = spawn(command, death_signal=signal.SIGKILL, environ=child_environment(settings))
    deadline = time.monotonic() + RUN_S
    while child.poll() is None:
        if await is_stopped(stopping, _POLL_S) or time.monotonic() > deadline:
            child.kill()
            await asyncio.to_thread(child.wait)
    if child.returncode and not stopping.is_set():
        log.warning("child_ended_badly", command=" ".join(arguments), status=child.returncode)


async def is_stopped(stopping: asyncio.Event, within_s: float) -> bool:
    """Waits so long, or until the worker stops."""
    try:
        await asyncio.wait_for(stopping.wait(), within_s)
    except TimeoutError:
        return False
    return True
