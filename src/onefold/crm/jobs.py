"""What programs do for the CRM: the worker's timers, joining people and companies, lists of people hear of sales."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg
from procrastinate import Blueprint
from procrastinate.retry import BaseRetryStrategy
from psycopg import Connection

from onefold.crm.company_duplicates import compare_all_companies, find_company_duplicates
from onefold.crm.duplicates import FOLLOWER as DUPLICATES
from onefold.crm.duplicates import find_duplicates
from onefold.crm.following import look_at_all
from onefold.crm.joining import join_by_domain
from onefold.crm.reckoning import TASK, reckon_deals
from onefold.crm.scores import FOLLOWER as SCORES
from onefold.crm.scores import reckon_scores
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect
from onefold.kernel.errors import OnefoldError
from onefold.lists.api import Parameters
from onefold.profiles.api import Export, Rows

log = get_logger(__name__)


def crm_jobs(url: str, retry: BaseRetryStrategy) -> Blueprint:
    """The timers of the CRM. Cheap when there is nothing to do, and safe to run twice or twice at once.

    Deals' amounts are reckoned at once when a rate or a probability changes (`infra.waking`), and every hour for the
    workspace's currency.
    """
    blueprint = Blueprint()

    @blueprint.periodic(cron="7 * * * *")
    @blueprint.task(name="reckon_deals", queueing_lock=TASK, retry=retry)
    def amounts(timestamp: int) -> None:
        log.info("deals_reckoned", count=reckon_all(url))

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="remind", queueing_lock="remind")
    def reminders(timestamp: int) -> None:
        from onefold.crm.telling import remind  # Django's words are heavy, and this is a program's start

        with connect(url, "reminders", autocommit=True) as conn:
            told = remind(conn, datetime.now(UTC))
        log.debug("reminders_told", count=told)

    @blueprint.periodic(cron="53 3 * * *")
    @blueprint.task(name="tidy", retry=retry)
    def leftovers(timestamp: int) -> None:
        with connect(url, "upkeep", autocommit=True) as conn:
            log.info("crm_tidied", count=tidy(conn, datetime.now(UTC)))

    return blueprint


def reckon_all(url: str) -> int:
    """Deals whose converted or weighted amount isn't what rates and stages say; how many there were."""
    with connect(url, "reckoning", autocommit=True) as conn:
        return reckon_deals(conn)


def tidy(conn: Connection[Any], now: datetime) -> int:
    """What the CRM needn't keep any longer; how many rows. Whoever is gone leaves the duplicates. Safe to repeat."""
    from onefold.crm.assigning import forget_assignments  # as above
    from onefold.crm.files import forget_files

    for name in (DUPLICATES, SCORES):
        look_at_all(conn, name)
    compare_all_companies(conn)
    forget_assignments(conn)
    return forget_files(conn, now)


def tell_of_people() -> None:
    """As `person_more.tell_of_people`."""
    from onefold.crm.person_more import tell_of_people as tell  # the worker starts without it

    tell()


def follow_people(url: str, *, is_thorough: bool, with_scores: bool) -> bool:
    """What follows from people and events: companies by e-mail domain, duplicates, scores, owners of leads; whether all
    of it could be done. By one connection: idle, this is most of what it costs.

    `is_thorough`: compares all companies. One that fails doesn't keep the others from their work.
    """
    from onefold.crm.assigning import assign_leads  # its words need Django's settings

    is_whole = True
    with connect(url, "followers", autocommit=True) as conn:
        for name, work in (
            ("companies", partial(join_by_domain, is_thorough=is_thorough)),
            ("duplicates", find_duplicates),
            ("company duplicates", find_company_duplicates),
            ("scores", reckon_scores if with_scores else None),
            ("assignment", assign_leads),
        ):
            try:
                if work is not None:
                    work(conn)
            except (OnefoldError, psycopg.Error) as fault:
                log.warning("people_not_followed", by=name, fault=type(fault).__name__)
                is_whole = False
    return is_whole


def rows_of_export(conn: Connection[Any], export: Export, given: Parameters) -> Rows:
    """The rows of a list of records or companies, as its owner may see it now. Raises Rejected."""
    from onefold.crm.exporting import rows_of_export as rows  # heavy, wanted seldom

    return rows(conn, export, given)
