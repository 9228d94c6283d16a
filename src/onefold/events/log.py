"""The event log: append requests durably; wait until they are processed. Read it with `reading`."""

import json
import select
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import uuid4

import msgspec
import psycopg
from psycopg import AsyncConnection, Connection

from onefold.events.clean import clean_text
from onefold.events.envelope import stored_body
from onefold.events.event import Trust
from onefold.events.internal import INTERNAL_SOURCE, told
from onefold.events.limits import DEFAULT_LIMITS
from onefold.events.reading import INTERACTIVE, Position
from onefold.infra.arrays import byteas, instants, integers, smallints, texts
from onefold.infra.postgres import connect_async, load_queries
from onefold.kernel.errors import Unavailable
from onefold.kernel.instants import instant_of

QUERIES: Final = load_queries("onefold.events", "log.sql")
STATEMENT_TIMEOUT_MS: Final = 8_000
_ACCOUNTABLE: Final = ("user:", "key:", "api_key:")
WAIT_S: Final = 2.0
"""How long a person or program waits for the effect of what it decided."""
_FIRST_POLL_S: Final = 0.01
_LONGEST_POLL_S: Final = 0.1


class NewRow(msgspec.Struct, frozen=True, gc=False):
    """One request to be stored; fields as in LogRow."""

    lane: int
    source_id: int
    trust: Trust
    received_at: int  # µs
    n: int
    ip: str
    user_agent: str
    body: bytes


class NotStored(Unavailable):
    """The log can't be reached, so nothing was stored."""

    code = "log_unreachable"


class EventLog(Protocol):
    """Where acknowledged requests go."""

    async def append(self, rows: Sequence[NewRow]) -> None:
        """Returns when all of `rows` are durable.

        Raises NotStored when none is, so that a repetition is safe; Unavailable when that can't be known.
        """

    async def close(self) -> None:
        """Gives up what it holds; nothing is appended afterwards."""


class PostgresLog:
    """The table `event_log`. Each concurrent `append` uses a connection of its own, kept for the next."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[tuple[AsyncConnection[Any], int]] = []  # with the epoch, checked when it was opened

    async def append(self, rows: Sequence[NewRow]) -> None:
        """One statement, which is one transaction: about 3 µs a row and a commit."""
        conn, epoch = await self._take()
        try:
            await conn.execute(QUERIES["append"], _columns(epoch, rows), binary=True)
        except psycopg.Error as fault:
            await conn.close()
            raise Unavailable(f"The database did not confirm the events: {type(fault).__name__}.") from fault
        except BaseException:
            await conn.close()
            raise
        self._idle.append((conn, epoch))

    async def close(self) -> None:
        """Closes the idle connections."""
        while self._idle:
            await self._idle.pop()[0].close()

    async def _take(self) -> tuple[AsyncConnection[Any], int]:
        while self._idle:
            conn, epoch = self._idle.pop()
            if not _is_lost(conn):
                return conn, epoch
            await conn.close()
        return await self._connect()

    async def _connect(self) -> tuple[AsyncConnection[Any], int]:
        try:
            conn = await connect_async(self._url, "collector", autocommit=True)
        except Unavailable as fault:
            raise NotStored(str(fault)) from fault
        try:
            await conn.execute(f"set statement_timeout = {STATEMENT_TIMEOUT_MS}")
            return conn, await open_epoch(conn)
        except psycopg.Error as fault:
            await conn.close()
            raise NotStored(f"The database does not answer as it should: {type(fault).__name__}.") from fault


async def open_epoch(conn: AsyncConnection[Any]) -> int:
    """The epoch of the cluster behind `conn`; begins one for a cluster that is new to this log (after a restore)."""
    async with conn.transaction():
        for query in ("find_epoch", "lock_epoch", "find_epoch", "begin_epoch"):
            cursor = await conn.execute(QUERIES[query])
            if query != "lock_epoch" and (row := await cursor.fetchone()):
                return int(row[0])
    raise Unavailable("The log's epoch could not be begun.")


def current_epoch(conn: Connection[Any]) -> int:
    """As `open_epoch`, in the caller's transaction."""
    with conn.transaction():
        for query in ("find_epoch", "lock_epoch", "find_epoch", "begin_epoch"):
            cursor = conn.execute(QUERIES[query])
            if query != "lock_epoch" and (row := cursor.fetchone()):
                return int(row[0])
    raise Unavailable("The log's epoch could not be begun.")


def append_internal(
    conn: Connection[Any], events: Sequence[dict[str, Any]], *, acting_user: str, is_audited: bool = False
) -> Position:
    """Logs Onefold's own events on the interactive lane, in the caller's transaction; where the last of them stands.

    Each gets a messageId and a timestamp, unless it has them, and its `actingUser`. What users and keys do goes into
    the audit log with it, unless the caller says it there (`is_audited`).
    """
    received_at = time.time_ns() // 1000
    now = instant_of(received_at)
    items = [_internal_item(event, now, acting_user) for event in events]
    rows = [
        NewRow(INTERACTIVE, INTERNAL_SOURCE, Trust.SECRET, received_at, len(chunk), "", "", stored_body(chunk))
        for chunk in _chunks(items)
    ]
    if not rows:
        raise ValueError("append_internal needs at least one event")
    with conn.transaction():
        position = append_rows(conn, rows)
        if not is_audited and acting_user.startswith(_ACCOUNTABLE):
            _note(conn, events, acting_user)
    return position


def append_rows(conn: Connection[Any], rows: Sequence[NewRow]) -> Position:
    """Logs rows of one lane in the caller's transaction; where the last of them stands. `rows` isn't empty."""
    epoch = current_epoch(conn)
    row = conn.execute(QUERIES["append"], _columns(epoch, rows), binary=True).fetchone()
    assert row is not None  # noqa: S101 an aggregate always has a row
    return Position(lane=rows[0].lane, epoch=epoch, xid=row[0], off=row[1])


async def append_rows_async(conn: AsyncConnection[Any], rows: Sequence[NewRow]) -> None:
    """As `append_rows`, for asyncio."""
    await conn.execute(QUERIES["append"], _columns(await open_epoch(conn), rows), binary=True)


def _note(conn: Connection[Any], events: Sequence[dict[str, Any]], acting_user: str) -> None:
    from onefold.accounts.api import audit  # as in sources.py

    if events[0].get("type") == "request":
        return  # privacy/requests.py says what was asked
    action, target, details = told(events)
    audit(conn, actor=acting_user, action=action, target=target, details=details)


def wait_until_processed(conn: Connection[Any], position: Position, timeout_s: float | None = None) -> bool:
    """Whether the processor has come past `position` within the time (WAIT_S); asks up to every 10 ms.

    The row must be committed and `conn` outside a repeatable-read transaction.
    """
    deadline = time.monotonic() + (WAIT_S if timeout_s is None else timeout_s)
    parameters = {"lane": position.lane, "epoch": position.epoch, "xid": str(position.xid), "off": position.off}
    pause = _FIRST_POLL_S
    while True:
        row = conn.execute(QUERIES["is_processed"], parameters).fetchone()
        if row and row[0]:
            return True
        if time.monotonic() + pause > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_POLL_S)


def _is_lost(conn: AsyncConnection[Any]) -> bool:
    """Whether a connection at rest has ended: a server that goes says so, and nothing else is there to be read."""
    if conn.closed:
        return True
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _internal_item(event: dict[str, Any], now: datetime, acting_user: str) -> bytes:
    whole = {"messageId": str(uuid4()), "timestamp": now.isoformat(), **event, "actingUser": acting_user}
    # json writes a lone surrogate, which somebody may have typed, as an escape that can be cleaned; msgspec raises
    return clean_text(json.dumps(whole, allow_nan=False).encode())[0]


def _chunks(items: list[bytes]) -> Iterator[list[bytes]]:
    """Rows of the log that a reader can take one by one."""
    for start in range(0, len(items), DEFAULT_LIMITS.max_events):
        yield items[start : start + DEFAULT_LIMITS.max_events]


def _columns(epoch: int, rows: Sequence[NewRow]) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "lane": smallints([row.lane for row in rows]),
        "source_id": integers([row.source_id for row in rows]),
        "trust": smallints([row.trust for row in rows]),
        "received_at": instants([row.received_at for row in rows]),
        "n": integers([row.n for row in rows]),
        "ip": texts([row.ip for row in rows]),
        "user_agent": texts([row.user_agent for row in rows]),
        "body": byteas([row.body for row in rows]),
    }
