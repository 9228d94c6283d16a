"""What somebody bought: `Order Completed`, and what came back by `Order Refunded`. The first part is pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import Connection

from onefold.events.api import SIGNS, order_value
from onefold.infra.postgres import load_queries
from onefold.lake.cold import warm_up
from onefold.profiles.timeline import EARLIEST, window_of

QUERIES: Final = load_queries("onefold.profiles", "purchases.sql")
MOST_ORDERS: Final = 2_000
"""Events that are read, the newest: their bodies are in memory."""
MOST_FRAGMENTS: Final = 2_000
MOST_PRODUCTS: Final = 50
_MAX_TEXT: Final = 200
_NONE: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Deed:
    """An order or a refund as an event told it. `number` empty = it told none; `amount` 0 = the same."""

    id: UUID
    ts: datetime
    is_refund: bool
    number: str
    amount: Decimal
    currency: str
    products: tuple["Bought", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bought:
    """A line of an order."""

    name: str
    quantity: str


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """An order with what of it came back; `ts` None: the order itself isn't known, a refund of it is."""

    number: str
    ts: datetime | None
    amount: Decimal
    refunded: Decimal
    currency: str
    products: tuple[Bought, ...] = ()
    refunded_at: datetime | None = None

    @property
    def net(self) -> Decimal:
        """What was paid and stayed so."""
        return self.amount - self.refunded


@dataclass(frozen=True, kw_only=True)
class Total:
    """Of the orders in one currency."""

    currency: str
    n_orders: int
    amount: Decimal
    refunded: Decimal

    @property
    def net(self) -> Decimal:
        """What was paid and stayed so."""
        return self.amount - self.refunded

    @property
    def average(self) -> Decimal | None:
        """Of an order, before refunds."""
        return (self.amount / self.n_orders).quantize(Decimal("0.01")) if self.n_orders else None


@dataclass(frozen=True, kw_only=True)
class Purchases:
    """The latest first. `is_cut`: there may be older ones, which weren't read."""

    orders: list[Purchase] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    is_cut: bool = False

    @property
    def n_orders(self) -> int:
        """Those that are known themselves."""
        return sum(one.n_orders for one in self.totals)

    @property
    def last_at(self) -> datetime | None:
        """When the last order was."""
        return max((one.ts for one in self.orders if one.ts is not None), default=None)


def purchases_in(deeds: Iterable[Deed]) -> list[Purchase]:
    """Orders with their refunds, the latest first; whatever the order of the events.

    An order that is told twice by one number is the one told first. Refunds of an order add up; one without an amount
    takes back what is left of it.
    """
    orders: dict[str, Purchase] = {}
    told = sorted(deeds, key=lambda one: (one.is_refund, one.ts, one.id))
    for one in told:
        key = one.number or str(one.id)
        known = orders.get(key)
        if not one.is_refund:
            if known is None:
                orders[key] = Purchase(
                    number=one.number, ts=one.ts, amount=one.amount, refunded=_NONE, currency=one.currency,
                    products=one.products,
                )  # fmt: skip
            continue
        if known is None or (known.currency != one.currency and one.currency and one.amount):
            key = f"{key} {one.currency}"  # of an order that isn't known, or in another currency than that
            known = orders.get(key) or Purchase(
                number=one.number, ts=None, amount=_NONE, refunded=_NONE, currency=one.currency, products=one.products
            )
        back = one.amount or max(known.amount - known.refunded, _NONE)
        orders[key] = replace(known, refunded=known.refunded + back, refunded_at=one.ts)
    return sorted(orders.values(), key=_when, reverse=True)


def totals_of(orders: Iterable[Purchase]) -> list[Total]:
    """By currency, the greatest first."""
    found: dict[str, Total] = {}
    for one in orders:
        known = found.get(one.currency) or Total(currency=one.currency, n_orders=0, amount=_NONE, refunded=_NONE)
        found[one.currency] = replace(
            known,
            n_orders=known.n_orders + (one.ts is not None),
            amount=known.amount + one.amount,
            refunded=known.refunded + one.refunded,
        )
    return sorted(found.values(), key=lambda one: (-one.net, one.currency))


def deed_of(event: UUID, ts: datetime, name: str, body: bytes) -> Deed:
    """What an event says."""
    said = msgspec.json.decode(body).get("properties")
    properties: Mapping[str, Any] = said if isinstance(said, dict) else {}
    amount, currency = order_value(properties)
    return Deed(
        id=event,
        ts=ts,
        is_refund=SIGNS[name.lower().replace("_", " ")] < 0,
        number=_text(properties.get("order_id", properties.get("orderId"))),
        amount=amount,
        currency=currency,
        products=_products(properties.get("products")),
    )


def purchases_of(conn: Connection[Any], fragments: list[int]) -> Purchases:
    """Of the newest WINDOW events of these fragments up to MOST_ORDERS orders and refunds. Two statements.

    Cost as of a timeline's page of a topic. Raises HistoryInLake, Unavailable.
    """
    if not fragments:
        return Purchases()
    warm_up(conn, fragments)
    since = window_of(conn, fragments)
    parameters = {
        "fragments": fragments, "since": since or EARLIEST, "names": list(SIGNS), "limit": MOST_ORDERS + 1,
    }  # fmt: skip
    rows = conn.execute(QUERIES["orders"], parameters).fetchall()
    orders = purchases_in(deed_of(event, ts, name, body) for event, ts, name, body in rows[:MOST_ORDERS])
    return Purchases(orders=orders, totals=totals_of(orders), is_cut=since is not None or len(rows) > MOST_ORDERS)


def fragments_of_people(conn: Connection[Any], people: Sequence[int]) -> list[int]:
    """What heads the events of these people, up to MOST_FRAGMENTS. One statement."""
    parameters = {"people": list(people), "limit": MOST_FRAGMENTS}
    return [h for (h,) in conn.execute(QUERIES["fragments_of_people"], parameters)] if people else []


def _when(one: Purchase) -> tuple[datetime, str]:
    return (one.ts or one.refunded_at or EARLIEST, one.number)


def _products(said: object) -> tuple[Bought, ...]:
    if not isinstance(said, list):
        return ()
    found = []
    for one in said[:MOST_PRODUCTS]:
        if isinstance(one, dict):
            names = (one.get(name) for name in ("name", "title", "product_id", "sku"))
            name = next((text for text in map(_text, names) if text), "")
            found.append(Bought(name=name, quantity=_text(one.get("quantity"))[:12]))
    return tuple(one for one in found if one.name)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:_MAX_TEXT]
