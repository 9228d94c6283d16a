"""Puts people into the companies at whose domain their e-mail is, finds who is there twice, scores: seconds behind."""

import asyncio
import time
from typing import Final

import psycopg

from onefold.config import Settings
from onefold.infra.logs import get_logger
from onefold.kernel.errors import OnefoldError
from onefold.programs.children import is_stopped

LOOK_S: Final = 2.0
THOROUGH_S: Final = 3_600
log = get_logger(__name__)


async def keep_companies(settings: Settings, stopping: asyncio.Event) -> None:
    """Looks every LOOK_S, at all companies when it starts and every hour, until stopped."""
    thorough_at = float("-inf")
    while not await is_stopped(stopping, LOOK_S):
        is_thorough = time.monotonic() - thorough_at >= THOROUGH_S
        if await asyncio.to_thread(_join, settings, is_thorough) and is_thorough:
            thorough_at = time.monotonic()
        await asyncio.to_thread(_follow, settings)


def _follow(settings: Settings) -> None:
    """What couldn't be done is by the next look."""
    from onefold.crm.jobs import assign_people, compare_people, reckon_scores_of_people

    for follow in (compare_people, reckon_scores_of_people, assign_people):
        try:
            follow(settings.database.address())
        except (OnefoldError, psycopg.Error) as fault:
            log.warning("people_not_followed", by=follow.__name__, fault=type(fault).__name__)


def _join(settings: Settings, is_thorough: bool) -> bool:
    """Whether it could; the next look tries again."""
    from onefold.crm.jobs import join_people

    try:
        join_people(settings.database.address(), is_thorough=is_thorough)
    except (OnefoldError, psycopg.Error) as fault:
        log.warning("companies_not_joined", fault=type(fault).__name__)
        return False
    return True
