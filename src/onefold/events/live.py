"""The newest accepted events, and only those that came since a page last asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import Connection

from onefold.events.event import Flag, Kind
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of, micros_of

QUERIES = load_queries("onefold.events", "live.sql")
MAX_SHOWN: Final = 50
# Widened until enough are found: nothing but a range of receipts is cheap to search when a million come an hour.
WINDOWS: Final = (timedelta(seconds=5), timedelta(minutes=2), timedelta(hours=1), timedelta(days=1), timedelta(days=30))

Place = tuple[datetime, UUID]
"""(receipt, event id) of the latest event a page has shown."""


class _Sender(msgspec.Struct):
    userId: str | int | float | None = None
    anonymousId: str | int | float | None = None


@dataclass(frozen=True, kw_only=True)
class LiveEvent:
    """An accepted event as the live page shows it."""

    received_at: datetime
    id: UUID
    ts: datetime
    kind: Kind
    name: str
    source_id: int
    flags: Flag
    message_id: str
    fragment: int
    body: bytes

    @property
    def who(self) -> str:
        """The id its sender gave the person; empty when there is none."""
        try:
            sender = msgspec.json.decode(self.body, type=_Sender)
        except msgspec.DecodeError:
            return ""
        return str(sender.userId or sender.anonymousId or "")

    @property
    def is_bot(self) -> bool:
        """Whether a robot sent it."""
        return Flag.BOT in self.flags


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which events; None = any."""

    source_id: int | None = None
    kind: Kind | None = None


def newest(conn: Connection[Any], wanted: Filter, now: datetime) -> list[LiveEvent]:
    """Up to MAX_SHOWN events of the last 30 days, the latest first. Cost: the shortest of WINDOWS that holds enough."""
    found: list[LiveEvent] = []
    for window in WINDOWS:
        found = since(conn, wanted, (now - window, UUID(int=0)))
        if len(found) >= MAX_SHOWN:
            break
    return found


def since(conn: Connection[Any], wanted: Filter, place: Place) -> list[LiveEvent]:
    """Up to MAX_SHOWN events received after a place, the latest first."""
    parameters = {
        "since": place[0],
        "since_id": place[1],
        "source_id": wanted.source_id,
        "kind": None if wanted.kind is None else int(wanted.kind),
        "limit": MAX_SHOWN,
    }
    return [
        LiveEvent(
            received_at=row[0],
            id=row[1],
            ts=row[2],
            kind=Kind(row[3]),
            name=row[4],
            source_id=row[5],
            flags=Flag(row[6]),
            message_id=row[7],
            fragment=row[8],
            body=row[9],
        )
        for row in conn.execute(QUERIES["newest"], parameters)
    ]


def place_to_text(place: Place) -> str:
    """For a URL: µs since 1970 and event id."""
    return f"{micros_of(place[0])}_{place[1].hex}"


def place_from_text(text: str) -> Place | None:
    """What `place_to_text` wrote; None when it is no place."""
    instant, _, event = text.partition("_")
    try:
        return (instant_of(int(instant)), UUID(hex=event))
    except (ValueError, OverflowError):
        return None


def beginning(now: datetime) -> Place:
    """The place of a page that has shown nothing yet."""
    return (now, UUID(int=0))
