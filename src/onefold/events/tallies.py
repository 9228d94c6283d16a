"""Sums of accepted events by the hour they happened in: events by source, revenue, pages. Written by the processor.

A sum doesn't depend on the order of what is added, and a retraction subtracts, so the tables are a function of `event`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.events.event import Decoded, Flag, Kind
from onefold.infra.arrays import bigints, instants, integers, texts
from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.events", "tallies.sql")
SIGNS: Final = {"order completed": 1, "order refunded": -1}
"""Event names of Segment's e-commerce specification, in lower case with spaces."""
PAGES_KEPT: Final = 1_000  # of a day that is over: the most viewed
PAGE_DAYS: Final = 62  # the longest that pages show, and as much before it
_LATE: Final = timedelta(days=2)  # most of what comes late has come
_CHUNK: Final = 10_000
_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US
_CENT: Final = Decimal("0.01")
_MOST: Final = Decimal(10) ** 12
_BOT: Final = int(Flag.BOT)
_NOT_COUNTED: Final = frozenset((Kind.LINK, Kind.RETRACT))


class _Body(msgspec.Struct, gc=False):
    properties: Any = None


_read: Final = msgspec.json.Decoder(_Body).decode


@dataclass
class Tallies:
    """What a batch adds; times in µs."""

    events: Counter[tuple[int, int]] = field(default_factory=Counter)  # (hour, source id)
    orders: Counter[tuple[int, str]] = field(default_factory=Counter)  # (hour, currency)
    amounts: dict[tuple[int, str], Decimal] = field(default_factory=dict)
    pages: Counter[tuple[int, str]] = field(default_factory=Counter)  # (day, page)

    def add(self, event: Decoded, sign: int = 1) -> None:
        """Count one event; `sign` -1 takes it back."""
        if event.kind in _NOT_COUNTED:
            return
        hour = event.ts - event.ts % _HOUR_US
        self.events[hour, event.source_id] += sign
        if event.kind is Kind.TRACK:
            if (worth := order_sign(event.name)) is not None:
                self.add_order(event.ts, event.body, worth, sign)
        elif event.page and not event.flags & _BOT:
            self.pages[event.ts - event.ts % _DAY_US, event.page] += sign

    def add_order(self, ts: int, body: bytes, worth: int, sign: int = 1) -> None:
        """Count the order of one event; `worth` is the `order_sign` of its name."""
        amount, currency = order_value(_read(body).properties)
        key = (ts - ts % _HOUR_US, currency)
        self.orders[key] += sign if worth > 0 else 0
        self.amounts[key] = self.amounts.get(key, Decimal(0)) + amount * sign * worth


def order_value(properties: Any) -> tuple[Decimal, str]:  # noqa: ANN401 what a sender wrote
    """Worth and currency of an order: `revenue`, else `total`, else `value`. 0: no number; "": no currency."""
    if not isinstance(properties, dict):
        return Decimal(0), ""
    currency = properties.get("currency")
    known = currency.strip().upper() if isinstance(currency, str) else ""
    known = known if len(known) == 3 and known.isascii() and known.isalpha() else ""
    for name in ("revenue", "total", "value"):
        amount = _decimal(properties.get(name))
        if amount is not None:
            return amount, known
    return Decimal(0), known


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value)[:40])
    except InvalidOperation:
        return None
    return amount.quantize(_CENT) if amount.is_finite() and abs(amount) < _MOST else None


@lru_cache(maxsize=1024)
def order_sign(name: str) -> int | None:
    """1 for the name of an order, -1 for that of a refund; None for any other track."""
    return SIGNS.get(name.lower().replace("_", " "))


def store_tallies(conn: Connection[Any], tallies: Tallies) -> None:
    """Add to what is stored, in the caller's transaction. One statement a table; its rows are few, see `Tallies`."""
    if tallies.events:
        events = sorted(tallies.events)
        conn.execute(
            QUERIES["add_events"],
            {
                "hour": instants([hour for hour, _ in events]),
                "source_id": integers([source_id for _, source_id in events]),
                "n": bigints([tallies.events[key] for key in events]),
            },
        )
    if tallies.amounts:
        orders = sorted(tallies.amounts)
        conn.execute(
            QUERIES["add_revenue"],
            {
                "hour": instants([hour for hour, _ in orders]),
                "currency": texts([currency for _, currency in orders]),
                "orders": bigints([tallies.orders[key] for key in orders]),
                "cents": bigints([int(tallies.amounts[key] * 100) for key in orders]),
            },
        )
    if tallies.pages:
        pages = sorted(tallies.pages)
        conn.execute(
            QUERIES["add_pages"],
            {
                "day": instants([day for day, _ in pages]),
                "page": texts([page for _, page in pages]),
                "n": bigints([tallies.pages[key] for key in pages]),
            },
        )


def replace_tallies(conn: Connection[Any], parts: Iterable[Tallies]) -> None:
    """The sum of these instead of what is stored, in the caller's transaction, while no processor writes."""
    for table in ("event_tally", "revenue_tally", "page_tally"):
        conn.execute(SQL("delete from {}").format(Identifier(table)))
    for tallies in parts:
        store_tallies(conn, tallies)


@dataclass(frozen=True, kw_only=True)
class Revenue:
    """Orders less refunds of one currency ("" = none was said) in a step of time."""

    at: datetime
    currency: str
    orders: int
    amount: Decimal


def events_by_step(
    conn: Connection[Any], since: datetime, until: datetime, step: timedelta
) -> dict[tuple[datetime, int], int]:
    """(beginning of the step, source id) → events that happened in it. Cost: a row an hour and source."""
    parameters = {"since": since, "until": until, "step": step}
    return {(at, source_id): n for at, source_id, n in conn.execute(QUERIES["events_by_step"], parameters)}


def revenue_by_step(conn: Connection[Any], since: datetime, until: datetime, step: timedelta) -> list[Revenue]:
    """By step and currency. Cost: a row an hour and currency."""
    rows = conn.execute(QUERIES["revenue_by_step"], {"since": since, "until": until, "step": step})
    return [Revenue(at=at, currency=currency, orders=orders, amount=amount) for at, currency, orders, amount in rows]


def has_events(conn: Connection[Any], source_id: int) -> bool:
    """Whether anything of this source was ever accepted."""
    row = conn.execute(QUERIES["has_events"], {"source_id": source_id}).fetchone()
    return bool(row and row[0])


def top_pages(conn: Connection[Any], since: datetime, limit: int) -> list[tuple[str, int]]:
    """Pages and their views since the beginning of that day. Cost: a row a day and page."""
    day = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return [(page, n) for page, n in conn.execute(QUERIES["top_pages"], {"since": day, "limit": limit})]


def trim_pages(conn: Connection[Any], now: datetime) -> int:
    """Forget all but the PAGES_KEPT most viewed of each day that is over, and days nobody asks for; how many rows.

    In short transactions, because a long one stalls the log's reader. `conn` is in autocommit; safe to repeat.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    forgotten = _delete_all(conn, "forget_days", {"before": today - timedelta(days=PAGE_DAYS)})
    over = {"before": today - _LATE, "kept": PAGES_KEPT}
    for (day,) in conn.execute(QUERIES["days_of_pages"], over).fetchall():
        kept = conn.execute(QUERIES["last_kept"], {"day": day, "kept": PAGES_KEPT}).fetchone()
        if kept:
            forgotten += _delete_all(conn, "forget_pages", {"day": day, "n": kept[0], "page": kept[1]})
    return forgotten


def forget_unviewed(conn: Connection[Any]) -> None:
    """Forget pages that nobody viewed whose events are still there. Cost: a scan of what `trim_pages` leaves."""
    conn.execute(QUERIES["forget_unviewed"])


def _delete_all(conn: Connection[Any], query: str, parameters: dict[str, Any]) -> int:
    deleted = 0
    while n := conn.execute(QUERIES[query], parameters | {"chunk": _CHUNK}).rowcount:
        deleted += n
    return deleted
