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
from onefold.lake.cold import warm_up
from onefold.profiles.topics import Topic

QUERIES = load_queries("onefold.profiles", "timeline.sql")
PAGE_SIZE: Final = 50
WINDOW: Final = 10_000
"""Events that are looked at while somebody waits: of a topic's page from where it begins, of a tally the newest."""
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)
EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC)
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
    """`next_place` None = nothing older. `is_cut`: WINDOW events were looked at, and the topic may have older ones."""

    entries: list[Entry]
    next_place: Place | None
    is_cut: bool = False

    def first(self, n: int) -> "TimelinePage":
        """A page of the first `n` of them."""
        if len(self.entries) <= n:
            return self
        return TimelinePage(entries=self.entries[:n], next_place=self.entries[n - 1].place)


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

    Cost grows with fragments, not with events; of a topic up to WINDOW events are passed over.
    """
    if not fragments:
        return TimelinePage(entries=[], next_place=None)
    warm_up(conn, fragments)
    parameters = _placed(fragments, until, after) | {"limit": limit + 1}
    if topic is not None:
        since = window_of(conn, fragments, until, after)
        return _topic_page(conn, parameters, topic, since)
    entries = [entry_of(row) for row in conn.execute(QUERIES["newest"], parameters)]
    shown = entries[:limit]
    return TimelinePage(entries=shown, next_place=shown[-1].place if len(entries) > limit else None)


def window_of(
    conn: Connection[Any], fragments: list[int], until: int | None = None, after: Place | None = None
) -> datetime | None:
    """When the newest WINDOW events after a place began; None if there are no older ones.

    Cost: up to WINDOW rows of each fragment.
    """
    warm_up(conn, fragments)
    parameters = _placed(fragments, until, after) | {"window": WINDOW}
    row = conn.execute(QUERIES["window"], parameters).fetchone()
    return row[0] if row else None


def _placed(fragments: list[int], until: int | None, after: Place | None) -> dict[str, Any]:
    before_at, before_id, before_received = after or _START
    return {
        "fragments": fragments,
        "before_at": before_at,
        "before_id": before_id,
        "before_received": before_received,
        "until": _LATEST if until is None else instant_of(until),
    }


def _topic_page(
    conn: Connection[Any], parameters: dict[str, Any], topic: Topic, since: datetime | None
) -> TimelinePage:
    limit = parameters["limit"] - 1
    parameters |= {
        "since": since or EARLIEST,
        "kinds": [int(kind) for kind in topic.kinds],
        "like": topic.like,
        "unlike": topic.unlike,
    }
    entries = [entry_of(row) for row in conn.execute(QUERIES["newest_of_topic"], parameters)]
    if len(entries) > limit:
        return TimelinePage(entries=entries[:limit], next_place=entries[limit - 1].place)
    if since is None:
        return TimelinePage(entries=entries, next_place=None)
    return TimelinePage(entries=entries, next_place=(since, UUID(int=0), EARLIEST), is_cut=True)


def entry_of(row: tuple[Any, ...]) -> Entry:
    """From the columns of its queries."""
    return Entry(
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
    """What there is of a person's events, or of the newest WINDOW of them. `revenue` by currency."""

    names: list[tuple[Kind, str, int]]
    n: int
    n_orders: int
    revenue: dict[str, Decimal]
    is_capped: bool


def tally(conn: Connection[Any], fragments: list[int], until: int | None, since: datetime | None) -> Tally:
    """Counts by name, and what was ordered; `since`: where the window began. One statement; cost: these events."""
    warm_up(conn, fragments)
    parameters = {
        "fragments": fragments,
        "orders": list(SIGNS),
        "until": _LATEST if until is None else instant_of(until),
        "since": since or EARLIEST,
    }
    names, revenue, n_orders = [], dict[str, Decimal](), 0
    for kind, name, n, bodies in conn.execute(QUERIES["tally"], parameters):
        names.append((Kind(kind), name, n))
        sign = SIGNS.get(name.lower().replace("_", " "), 0)
        for body in bodies or ():
            amount, currency = order_value(msgspec.json.decode(body).get("properties"))
            revenue[currency] = revenue.get(currency, Decimal(0)) + sign * amount
            n_orders += sign > 0
    return Tally(
        names=names,
        n=sum(n for _k, _n, n in names),
        n_orders=n_orders,
        revenue=revenue,
        is_capped=since is not None,
    )


def pulse(conn: Connection[Any], h: int) -> tuple[int, int] | None:
    """The present profile of an identifier and its number of events: cheap enough to ask every half second."""
    row = conn.execute(QUERIES["pulse"], {"h": h}).fetchone()
    return (row[0], int(row[1] or 0)) if row else None
