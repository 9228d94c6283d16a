"""What a person did, newest first, in keyset pages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from onefold.events.api import Flag, Kind
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of, micros_of

QUERIES = load_queries("onefold.profiles", "timeline.sql")
PAGE_SIZE: Final = 50
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)
_START: Final = (_LATEST, UUID(int=(1 << 128) - 1), _LATEST)

Place = tuple[datetime, UUID, datetime]
"""(time, event id, receipt): where a page begins. A message id may come again after a day, so all three are needed."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An accepted event."""

    id: UUID
    ts: datetime
    received_at: datetime
    kind: Kind
    name: str
    source_id: int
    flags: Flag
    message_id: str
    body: bytes  # JSON

    @property
    def is_bot(self) -> bool:
        """Whether a robot sent it."""
        return Flag.BOT in self.flags

    @property
    def place(self) -> Place:
        """The page after this entry begins here."""
        return (self.ts, self.id, self.received_at)


@dataclass(frozen=True, kw_only=True)
class TimelinePage:
    """`next_place` None = nothing older."""

    entries: list[Entry]
    next_place: Place | None


def timeline_page(
    conn: Connection[Any],
    fragments: list[int],
    *,
    after: Place | None = None,
    limit: int = PAGE_SIZE,
    until: int | None = None,
) -> TimelinePage:
    """The newest events of these fragments after a place. One statement; cost grows with fragments, not with events."""
    if not fragments:
        return TimelinePage(entries=[], next_place=None)
    before_at, before_id, before_received = after or _START
    parameters = {
        "fragments": fragments,
        "before_at": before_at,
        "before_id": before_id,
        "before_received": before_received,
        "limit": limit + 1,
        "until": _LATEST if until is None else instant_of(until),
    }
    entries = [
        Entry(
            id=row[0],
            ts=row[1],
            received_at=row[2],
            kind=Kind(row[3]),
            name=row[4],
            source_id=row[5],
            flags=Flag(row[6]),
            message_id=row[7],
            body=row[8],
        )
        for row in conn.execute(QUERIES["newest"], parameters)
    ]
    shown = entries[:limit]
    return TimelinePage(entries=shown, next_place=shown[-1].place if len(entries) > limit else None)


def place_to_text(place: Place) -> str:
    """For a URL: µs since 1970, event id, µs of the receipt."""
    return f"{micros_of(place[0])}_{place[1].hex}_{micros_of(place[2])}"


def place_from_text(text: str) -> Place | None:
    """What `place_to_text` wrote; None when it is no place."""
    instant, _, rest = text.partition("_")
    event, _, receipt = rest.partition("_")
    try:
        return (instant_of(int(instant)), UUID(hex=event), instant_of(int(receipt)))
    except (ValueError, OverflowError):
        return None
