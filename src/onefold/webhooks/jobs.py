"""What the worker does for webhooks: sends what is due, removes what is old."""

from datetime import UTC, datetime, timedelta

from procrastinate import Blueprint, RetryStrategy

from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect
from onefold.webhooks.delivering import deliver_due
from onefold.webhooks.store import KEPT_DAYS, TASK, delete_old

log = get_logger(__name__)


def webhook_jobs(url: str, retry: RetryStrategy, *, may_be_private: bool) -> Blueprint:
    """At once when something is queued (`infra.waking`), and every minute for what is to be tried again."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="deliver", queueing_lock=TASK, retry=retry)
    def deliver(timestamp: int) -> None:
        with connect(url, "webhooks", autocommit=True) as conn:
            log.debug("webhooks_delivered", attempts=deliver_due(conn, may_be_private=may_be_private))

    @blueprint.periodic(cron="53 3 * * *")
    @blueprint.task(name="delete_old", retry=retry)
    def old_messages(timestamp: int) -> None:
        with connect(url, "webhooks", autocommit=True) as conn:
            deleted = delete_old(conn, datetime.now(UTC) - timedelta(days=KEPT_DAYS))
        log.info("webhook_messages_deleted", count=deleted)

    return blueprint
