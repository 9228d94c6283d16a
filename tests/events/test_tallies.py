"""What an order is worth, which page was viewed, and that the sums don't depend on the way they came about."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection

from onefold.events.api import LogRow, Trust
from onefold.events.tallies import order_value, trim_pages
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.rebuild import rebuild
from onefold.programs.processor.steps import process
from tests.processor.driving import NOWHERE

AT = 1_790_000_000_000_000
SHOP, OWN = 2, 1


@pytest.mark.parametrize(
    ("properties", "worth"),
    [
        ({"revenue": 10, "total": 12, "currency": "eur"}, (Decimal("10.00"), "EUR")),
        ({"total": 12.5}, (Decimal("12.50"), "")),
        ({"revenue": "19.90", "currency": " SEK "}, (Decimal("19.90"), "SEK")),
        ({"revenue": None, "value": 3}, (Decimal("3.00"), "")),
        ({"revenue": True, "total": 1e300, "value": "NaN", "currency": "€"}, (Decimal(0), "")),
        ({"revenue": "1,5"}, (Decimal(0), "")),
        ([1], (Decimal(0), "")),
        (None, (Decimal(0), "")),
    ],
)
def test_what_an_order_is_worth(properties: Any, worth: tuple[Decimal, str]) -> None:
    assert order_value(properties) == worth


EVENTS: list[dict[str, Any]] = [
    {"type": "track", "event": "Order Completed", "properties": {"revenue": 99.99, "currency": "EUR"}},
    {"type": "track", "event": "order_completed", "properties": {"total": 0.01, "currency": "EUR"}},
    {"type": "track", "event": "Order Refunded", "properties": {"total": 30, "currency": "EUR"}},
    {"type": "track", "event": "Order Completed", "properties": {"total": []}},
    {"type": "page", "properties": {"path": "/boots?q=secret#top"}},
    {"type": "page", "context": {"page": {"path": "/boots"}}},
    {"type": "page", "name": "Home", "properties": {"path": ["no", "text"]}},
    {"type": "page", "name": "Home", "context": {"userAgent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}},
    {"type": "page", "context": {"page": "nonsense"}},
    {"type": "identify"},
]


def deliver(conn: Connection[Any], off: int, events: Sequence[dict[str, Any]], source: int = SHOP) -> None:
    row = LogRow(
        1, 1000, off, 0, source, Trust.SECRET, AT + off, len(events), "", "", json.dumps({"batch": events}).encode()
    )
    with conn.transaction():
        context = load_context(conn)
        process(conn, context, prepare([row], context))


def named(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """With ids that stay when the order changes."""
    return [{"userId": "1", "messageId": f"m-{n}", **event} for n, event in enumerate(events)]


def stored(conn: Connection[Any]) -> list[list[tuple[Any, ...]]]:
    """What all three tables hold, sums of nothing left out."""
    queries = (
        "select source_id, sum(n) from event_tally group by 1 having sum(n) <> 0 order by 1",
        "select currency, sum(orders), sum(amount) from revenue_tally group by 1 having sum(orders) <> 0 order by 1",
        "select page, sum(n) from page_tally group by 1 having sum(n) <> 0 order by 1",
    )
    return [conn.execute(query).fetchall() for query in queries]


@pytest.fixture
def shop(db: Connection[Any]) -> Connection[Any]:
    db.execute("insert into source (id, slug, name, kind) values (2, 'shop', 'Shop', 'server')")
    return db


ALL = [
    [(SHOP, 10)],
    [("", 1, Decimal(0)), ("EUR", 2, Decimal("70.00"))],
    [("/boots", 2), ("Home", 1)],
]


def test_sums_don_t_depend_on_order_batches_or_repeats(shop: Connection[Any]) -> None:
    events = named(EVENTS)
    for off, event in enumerate(reversed(events), start=1):
        deliver(shop, off, [event, event])
    assert stored(shop) == ALL


def test_what_is_taken_back_is_subtracted_and_a_rebuild_finds_the_same(shop: Connection[Any]) -> None:
    deliver(shop, 1, named(EVENTS))
    assert stored(shop) == ALL
    taken = [f"m-{n}" for n in (0, 4, 9)]
    deliver(shop, 2, [{"type": "retract", "source": SHOP, "messageIds": taken, "messageId": "r"}], source=OWN)
    left = [[(SHOP, 7)], [("", 1, Decimal(0)), ("EUR", 1, Decimal("-29.99"))], [("/boots", 1), ("Home", 1)]]
    assert stored(shop) == left
    (count,) = shop.execute("select sum(n) from source_count where outcome = 'taken_back'").fetchone() or (0,)
    assert count == 3
    shop.execute("truncate event_tally, revenue_tally, page_tally")
    rebuild(shop, NOWHERE, is_check=False)
    assert stored(shop) == left


def test_only_the_most_viewed_pages_of_days_that_are_over_are_kept(
    db: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onefold.events.tallies.PAGES_KEPT", 3)
    monkeypatch.setattr("onefold.events.tallies._CHUNK", 2)
    db.execute(
        "insert into page_tally select date_trunc('day', now(), 'UTC') - day * interval '1 day', '/' || page,"
        " case when page < 3 then 10 - page else 1 end from generate_series(1, 9) page, unnest(array[0, 1, 5, 90]) day"
    )
    assert trim_pages(db, datetime.now(UTC)) == 9 + 6
    assert trim_pages(db, datetime.now(UTC)) == 0
    days = db.execute("select array_agg(page order by page) from page_tally group by day order by day").fetchall()
    every = [f"/{n}" for n in range(1, 10)]
    assert [row[0] for row in days] == [["/1", "/2", "/3"], every, every]
