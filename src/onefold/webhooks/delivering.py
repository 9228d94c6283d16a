"""What is due is sent, some messages beside each other, and what came of it noted.

A message is claimed, sent, then noted, in transactions of their own. A worker that dies between leaves the claim, which
ends by itself; then the message is sent again, with the same id: at least once.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.kernel.marking import marked as _
from onefold.notifications.api import News, tell
from onefold.webhooks.rules import PAUSED_AFTER, headers, is_delivered, pause_s
from onefold.webhooks.sending import Answer, post
from onefold.webhooks.store import QUERIES

AT_ONCE: Final = 16
CLAIMED: Final = 32
OF_EACH: Final = 4
"""Messages of one endpoint that are claimed at once: one that hangs doesn't stop the others."""
CLAIM_S: Final = 120
"""Longer than all that is claimed may take, resolving names included."""
LONGEST_S: Final = 300.0
GONE: Final = 410
_PAUSED: Final = _("The webhook “%(name)s” is paused.")
_GONE: Final = _("It answered that it is gone (410). It is told nothing more until somebody resumes it.")
_FAILING: Final = _("Nothing has arrived there for five days. Messages wait until somebody resumes it.")

log = get_logger(__name__)


class _Due(NamedTuple):
    id: int
    endpoint: int
    message: str
    body: str
    tries: int
    url: str
    secret: str
    old_secret: str | None


def deliver_due(conn: Connection[Any], *, may_be_private: bool) -> int:
    """Sends whatever is due until nothing is, or LONGEST_S are over; how many attempts.

    Autocommit; safe to run twice at once.
    """
    attempts, began = 0, time.monotonic()
    with ThreadPoolExecutor(AT_ONCE, "webhooks") as pool:
        while time.monotonic() - began < LONGEST_S and (due := _claim(conn)):
            answers = pool.map(lambda one: _send(one, may_be_private=may_be_private), due)
            for one, answer in zip(due, answers, strict=True):
                _note(conn, one, answer)
            attempts += len(due)
    return attempts


def _claim(conn: Connection[Any]) -> Sequence[_Due]:
    bounds = {"each": OF_EACH, "most": CLAIMED, "claim_s": CLAIM_S}
    return [_Due(*row) for row in conn.execute(QUERIES["claim"], bounds)]


def _send(one: _Due, *, may_be_private: bool) -> Answer:
    secrets = [one.secret, one.old_secret] if one.old_secret else [one.secret]
    sent = headers(secrets, one.message, int(time.time()), one.body)
    return post(one.url, sent, one.body.encode(), may_be_private=may_be_private)


def _note(conn: Connection[Any], one: _Due, answer: Answer) -> None:
    has_arrived = is_delivered(answer.status)
    pause = None if has_arrived else pause_s(one.tries, random.random(), answer.retry_after_s)  # noqa: S311 spreads load
    state = "delivered" if has_arrived else "failed" if pause is None or answer.status == GONE else "waiting"
    with conn.transaction():
        told = {"duration_ms": answer.duration_ms, "status": answer.status, "fault": answer.fault}
        conn.execute(QUERIES["attempted"], {"delivery": one.id, "response": answer.response, **told})
        settled = {"delivery": one.id, "state": state, "pause_s": pause, "tries": one.tries}
        conn.execute(QUERIES["settle"], settled)
        if has_arrived:
            conn.execute(QUERIES["arrived"], {"endpoint": one.endpoint})
        else:
            _judge(conn, one.endpoint, answer)
    log.info("webhook_attempted", endpoint=one.endpoint, message=one.message, status=answer.status, state=state)


def _judge(conn: Connection[Any], endpoint: int, answer: Answer) -> None:
    """An endpoint that says it is gone is told nothing more; one that fails for days is paused. Both are told."""
    given = {"endpoint": endpoint, "patience": PAUSED_AFTER}
    name, is_too_long = conn.execute(QUERIES["failed"], given).fetchone() or ("", False)
    if not is_too_long and answer.status != GONE:
        return
    why = "gone" if answer.status == GONE else "failing"
    if conn.execute(QUERIES["pause"], {"endpoint": endpoint, "why": why}).fetchone() is None:
        return
    title, body, url = _PAUSED, _GONE if why == "gone" else _FAILING, f"/settings/webhooks/{endpoint}"
    tell(
        conn,
        News(key=f"webhook:{endpoint}", tone="bad", title=title, body=body, url=url, params={"name": name}),
    )
