"""Endpoints and messages as they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import uuid4

import msgspec
from psycopg import Connection

from onefold.infra.postgres import load_queries
from onefold.infra.waking import wake

QUERIES: Final = load_queries("onefold.webhooks", "webhooks.sql")
TASK: Final = "webhooks:deliver"
PAGE_SIZE: Final = 50
MOST_COUNTED: Final = 100_000
KEPT_DAYS: Final = 14
_CHUNK: Final = 5_000
_LAST: Final = (1 << 63) - 1
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


class Listener(NamedTuple):
    """An endpoint that is told things: which, and what whom may see."""

    endpoint: int
    events: Sequence[str]
    username: str
    role: str
    personal_data: str


@dataclass(frozen=True, kw_only=True)
class Message:
    """For one endpoint. `data`: any JSON; `at`: when it happened."""

    endpoint: int
    event: str
    object: str
    record: int
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """As pages and the API show it, without its secret. `waiting` is counted up to MOST_COUNTED."""

    id: int
    name: str
    url: str
    events: list[str]
    acts_as: str
    paused_at: datetime | None
    paused_for: str
    failing_since: datetime | None
    old_until: datetime | None
    waiting: int
    tried_at: datetime | None


class Attempt(NamedTuple):
    """What came of sending a message once. `status` None: nothing was answered, `fault` says why."""

    at: datetime
    duration_ms: int
    status: int | None
    fault: str
    response: str


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message to an endpoint, with its attempts, the first first. `state`: waiting, delivered, failed."""

    id: int
    message: str
    event: str
    object: str
    record: int
    state: str
    tries: int
    next_at: datetime
    created_at: datetime
    body: str
    attempts: list[Attempt] = field(default_factory=list)


def listeners(conn: Connection[Any]) -> list[Listener]:
    """Endpoints that are told things; paused ones too, whose messages wait. One statement."""
    return [Listener(*row) for row in conn.execute(QUERIES["listeners"])]


def queue(conn: Connection[Any], messages: Sequence[Message]) -> None:
    """Puts them into the queue in the caller's transaction: they go once it commits, or never. One statement."""
    if not messages:
        return
    rows = [_row(n, one) for n, one in enumerate(messages)]
    conn.execute(QUERIES["queue"], {"rows": msgspec.json.encode(rows).decode()})
    wake(conn, TASK)


def endpoints(conn: Connection[Any], number: int | None = None) -> list[Endpoint]:
    """Those there are, by name; or one."""
    rows = conn.execute(QUERIES["endpoints"], {"endpoint": number, "most": MOST_COUNTED})
    names = Endpoint.__dataclass_fields__
    return [Endpoint(**dict(zip(names, row, strict=True))) for row in rows]


def deliveries(
    conn: Connection[Any], endpoint: int, *, state: str = "", before: int | None = None, limit: int = PAGE_SIZE
) -> list[Delivery]:
    """An endpoint's messages with their attempts, the latest first, those before a number. Two statements."""
    given = {"endpoint": endpoint, "state": state, "before": before or _LAST, "limit": limit}
    names = [name for name in Delivery.__dataclass_fields__ if name != "attempts"]
    rows = conn.execute(QUERIES["deliveries"], given).fetchall()
    found = {row[0]: Delivery(**dict(zip(names, row, strict=True))) for row in rows}
    for row in conn.execute(QUERIES["attempts"], {"deliveries": list(found)}):
        found[row[0]].attempts.append(Attempt(*row[1:]))
    return list(found.values())


def delete_old(conn: Connection[Any], before: datetime) -> int:
    """Messages from before then, with their attempts; how many. Autocommit; safe to repeat."""
    deleted = 0
    while (n := conn.execute(QUERIES["delete_old"], {"before": before, "chunk": _CHUNK}).rowcount) > 0:
        deleted += n
    return deleted


def _row(n: int, one: Message) -> dict[str, Any]:
    body = {"type": one.event, "timestamp": one.at.isoformat(), "data": one.data}
    return {
        "n": n, "endpoint": one.endpoint, "message": f"msg_{uuid4().hex}", "event": one.event, "object": one.object,
        "record": one.record, "body": _encoder.encode(body).decode(),
    }  # fmt: skip
