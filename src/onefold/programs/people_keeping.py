"""Keeps what follows from people seconds behind the processor: companies by domain, duplicates, scores, owners."""

import asyncio
import time
from typing import Final

import psycopg

from onefold.config import Settings
from onefold.infra.logs import get_logger
from onefold.kernel.errors import OnefoldError
from onefold.programs.children import is_stopped

LOOK_S: Final = 2.0
SCORES_EACH: Final = 5
"""Looks: whoever is busy is reckoned once for all they did meanwhile."""
THOROUGH_S: Final = 3_600
log = get_logger(__name__)


async def keep_people(settings: Settings, stopping: asyncio.Event) -> None:
    """Looks every LOOK_S, at all companies when it starts and every hour, until stopped."""
    thorough_at, looks = float("-inf"), 0
    while not await is_stopped(stopping, LOOK_S):
        is_thorough = time.monotonic() - thorough_at >= THOROUGH_S
        with_scores = looks % SCORES_EACH == 0
        looks += 1
        if await asyncio.to_thread(_look, settings, is_thorough, with_scores) and is_thorough:
            thorough_at = time.monotonic()


def _look(settings: Settings, is_thorough: bool, with_scores: bool) -> bool:
    """Whether it could; the next look tries again."""
    from onefold.crm.jobs import follow_people

    try:
        return follow_people(settings.database.address(), is_thorough=is_thorough, with_scores=with_scores)
    except (OnefoldError, psycopg.Error) as fault:
        log.warning("people_not_followed", by="connection", fault=type(fault).__name__)
        return False
