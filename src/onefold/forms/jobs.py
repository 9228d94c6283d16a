"""What the worker does for forms: mails that ask to confirm, and what waited too long."""

from typing import Any, Final
from uuid import UUID

from procrastinate import Blueprint, RetryStrategy
from psycopg import Connection

from onefold.config import Settings, reachable
from onefold.forms.definition import definition_from
from onefold.forms.letter import letter_of
from onefold.forms.submissions import expire
from onefold.forms.taking import MAIL_TASK, QUERIES
from onefold.forms.tokens import confirm_token
from onefold.infra.logs import get_logger
from onefold.infra.mail import NotSent, send
from onefold.infra.postgres import connect

MAX_TRIES: Final = 6
FIRST_PAUSE_S: Final = 30
MAX_MAILS: Final = 1_000
"""In one run; the next one comes within a minute."""

log = get_logger(__name__)


def form_jobs(settings: Settings, retry: RetryStrategy) -> Blueprint:
    """Mails: at once when one is asked for (`infra.waking`), and every minute for what failed; expiry every hour."""
    blueprint = Blueprint()

    @blueprint.periodic(cron="* * * * *")
    @blueprint.task(name="send_confirmations", queueing_lock=MAIL_TASK, retry=retry)
    def confirmations(timestamp: int) -> None:
        sent = send_confirmations(settings)
        log.debug("confirmations_sent", count=sent)

    @blueprint.periodic(cron="53 * * * *")
    @blueprint.task(name="expire_submissions", retry=retry)
    def old_submissions(timestamp: int) -> None:
        with connect(settings.database.address(), "forms", autocommit=True) as conn:
            log.info("submissions_expired", count=expire(conn))

    return blueprint


def send_confirmations(settings: Settings) -> int:
    """Send what is due; how many went out. Safe to run twice at once; a worker that dies may send one mail twice."""
    sent = 0
    with connect(settings.database.address(), "forms", autocommit=True) as conn:
        for _ in range(MAX_MAILS):
            with conn.transaction():
                row = conn.execute(QUERIES["due_mail"]).fetchone()
                if row is None:
                    break
                tries = row[3] + 1
                # before it is sent, in a transaction of its own: a mail that kills us is not tried for ever
                _put_off(conn, row[0], tries, "")
            try:
                _send(settings, row)
            except NotSent as fault:
                _put_off(conn, row[0], tries, str(fault))
                log.warning("confirmation_not_sent", fault=str(fault), tries=tries)
            else:
                conn.execute(QUERIES["mailed"], {"id": row[0]})
                sent += 1
    return sent


def _send(settings: Settings, row: tuple[Any, ...]) -> None:
    id_, email, first_name, _tries, key, _name, secret, text = row
    base = (settings.collector.url or "").rstrip("/") or (
        f"http://{reachable(settings.collector.host)}:{settings.collector.port}"
    )
    link = f"{base}/forms/{key}/confirm/{confirm_token(bytes(secret), id_)}"
    letter = letter_of(definition_from(text), link, first_name or "")
    send(settings.mail, to=email, subject=letter.subject, text=letter.text, html=letter.html)


def _put_off(conn: Connection[Any], id_: UUID, tries: int, fault: str) -> None:
    pause_s = FIRST_PAUSE_S * 4 ** (tries - 1)
    parameters = {"id": id_, "tries": tries, "fault": fault, "most": MAX_TRIES, "seconds": pause_s}
    conn.execute(QUERIES["put_off"], parameters)
