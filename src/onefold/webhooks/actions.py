"""What administrators do with endpoints: each in one transaction, with an entry of the audit log."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import Connection

from onefold.accounts.api import audit
from onefold.infra.waking import wake
from onefold.kernel.errors import NotFound
from onefold.webhooks.rules import (
    OVERLAP,
    SECRET_BYTES,
    TEST_EVENT,
    WebhookRejected,
    checked_events,
    checked_url,
    secret_of,
)
from onefold.webhooks.store import QUERIES, TASK, Message, queue

MAX_ENDPOINTS: Final = 50
MAX_NAME: Final = 100
_DONE: Final = {
    "change": "changed", "pause": "paused", "resume": "resumed", "rotate": "secret_rotated", "remove": "removed",
}  # fmt: skip


class EndpointMissing(NotFound):
    """There is no such endpoint or message."""

    code = "webhook_missing"


@dataclass(frozen=True, kw_only=True)
class NewEndpoint:
    """What somebody says of an endpoint."""

    name: str
    url: str
    events: Sequence[str]


def add_endpoint(conn: Connection[Any], given: NewEndpoint, *, acts_as: str, acting_user: str) -> tuple[int, str]:
    """Its number and its secret, which nobody is shown again. `acts_as`: what this user may see is told.

    Raises WebhookRejected.
    """
    with conn.transaction():
        parameters = _checked(given)
        (count,) = conn.execute(QUERIES["count"]).fetchone() or (0,)
        if count >= MAX_ENDPOINTS:
            raise WebhookRejected(f"There can be {MAX_ENDPOINTS} endpoints. Remove one that isn't used.")
        secret = secret_of(secrets.token_bytes(SECRET_BYTES))
        row = conn.execute(
            QUERIES["add"], parameters | {"acts_as": acts_as, "secret": secret, "by": acting_user}
        ).fetchone()
        if row is None:
            raise WebhookRejected(f"There is no user {acts_as[:80]!r}.")
        _note(conn, "added", row[0], acting_user, {"events": parameters["events"], "acts_as": acts_as})
    return int(row[0]), secret


def change_endpoint(conn: Connection[Any], number: int, given: NewEndpoint, *, acting_user: str) -> None:
    """Another name, address, other events: from the next message on. Raises EndpointMissing, WebhookRejected."""
    _do(conn, "change", number, acting_user, _checked(given))


def pause_endpoint(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """Nothing is sent; messages wait. Raises EndpointMissing, also where it is paused."""
    _do(conn, "pause", number, acting_user, {"why": "asked"})


def resume_endpoint(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """What waits goes at once. Raises EndpointMissing, also where it isn't paused."""
    with conn.transaction():
        _do(conn, "resume", number, acting_user, {})
        conn.execute(QUERIES["hurry"], {"endpoint": number})
        wake(conn, TASK)


def rotate_secret(conn: Connection[Any], number: int, *, acting_user: str) -> str:
    """A new secret, shown once; the one before signs as well for OVERLAP. Raises EndpointMissing."""
    secret = secret_of(secrets.token_bytes(SECRET_BYTES))
    _do(conn, "rotate", number, acting_user, {"secret": secret, "overlap": OVERLAP})
    return secret


def remove_endpoint(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """For ever; what waits isn't sent. Raises EndpointMissing."""
    with conn.transaction():
        _do(conn, "remove", number, acting_user, {})
        conn.execute(QUERIES["drop_waiting"], {"endpoint": number})


def send_test(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """A message that says nothing, to this endpoint alone. Raises EndpointMissing."""
    with conn.transaction():
        if conn.execute(QUERIES["endpoints"], {"endpoint": number, "most": 0}).fetchone() is None:
            raise EndpointMissing("There is no such endpoint.")
        data = {"text": "This is a test."}
        now = datetime.now(UTC)
        queue(conn, [Message(endpoint=number, event=TEST_EVENT, object="webhook", record=0, at=now, data=data)])
        _note(conn, "tested", number, acting_user, {})


def redeliver(conn: Connection[Any], number: int, delivery: int, *, acting_user: str) -> None:
    """The same message once more, with the same id. Raises EndpointMissing, also while it waits."""
    with conn.transaction():
        row = conn.execute(QUERIES["redeliver"], {"endpoint": number, "delivery": delivery}).fetchone()
        if row is None:
            raise EndpointMissing("There is no such message, or it waits already.")
        wake(conn, TASK)
        _note(conn, "redelivered", number, acting_user, {"message": row[0]})


def _checked(given: NewEndpoint) -> dict[str, Any]:
    name = " ".join(given.name.split())
    if not name or len(name) > MAX_NAME:
        raise WebhookRejected(f"A name is needed, of up to {MAX_NAME} characters.")
    return {"name": name, "url": checked_url(given.url), "events": checked_events(given.events)}


def _do(conn: Connection[Any], query: str, number: int, acting_user: str, given: Mapping[str, Any]) -> None:
    with conn.transaction():
        if conn.execute(QUERIES[query], {"endpoint": number, **given}).fetchone() is None:
            raise EndpointMissing("There is no such endpoint, or it is so already.")
        _note(conn, _DONE[query], number, acting_user, {"events": given["events"]} if "events" in given else {})


def _note(conn: Connection[Any], done: str, number: int, acting_user: str, details: Mapping[str, Any]) -> None:
    audit(conn, actor=acting_user, action=f"webhook.{done}", target=f"webhook:{number}", details=details)
