"""What a person did, newest first, in keyset pages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import Connection

from onefold.events.api import SIGNS, Flag, Kind, order_value
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of, micros_of
from onefold.profiles.topics import Topic

QUERIES = load_queries("onefold.profiles", "timeline.sql")
PAGE_SIZE: Final = 50
TALLY_CAP: Final = 10_000
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
    topic: Topic | None = None,
) -> TimelinePage:
    """The newest events of these fragments after a place, received by then (µs), of a topic. One statement.

    Cost grows with fragments, not with events; of a rare topic with the events that are passed over.
    """
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
        "kinds": None if topic is None else [int(kind) for kind in topic.kinds],
        "like": topic.like if topic else "",
        "unlike": topic.unlike if topic else "",
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


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What there is of a person's events: at least, if they have more than TALLY_CAP. `revenue` by currency."""

    names: list[tuple[Kind, str, int]]
    n: int
    n_orders: int
    revenue: dict[str, Decimal]

    @property
    def is_capped(self) -> bool:
        """Whether there are more than were looked at."""
        return self.n > TALLY_CAP


def tally(conn: Connection[Any], fragments: list[int], until: int | None = None) -> Tally:
    """Counts by name, and what was ordered. One statement; cost: up to TALLY_CAP events."""
    parameters = {
        "fragments": fragments,
        "orders": list(SIGNS),
        "until": _LATEST if until is None else instant_of(until),
        "limit": TALLY_CAP + 1,
    }
    names, revenue, n_orders = [], dict[str, Decimal](), 0
    for kind, name, n, bodies in conn.execute(QUERIES["tally"], parameters):
        names.append((Kind(kind), name, n))
        sign = SIGNS.get(name.lower().replace("_", " "), 0)
        for body in bodies or ():
            amount, currency = order_value(msgspec.json.decode(body).get("properties"))
            revenue[currency] = revenue.get(currency, Decimal(0)) + sign * amount
            n_orders += sign > 0
    return Tally(names=names, n=sum(n for _k, _n, n in names), n_orders=n_orders, revenue=revenue)


def pulse(conn: Connection[Any], h: int) -> tuple[int, int] | None:
    """The present profile of an identifier and its number of events: cheap enough to ask every half second."""
    row = conn.execute(QUERIES["pulse"], {"h": h}).fetchone()
    return (row[0], int(row[1] or 0)) if row else None
