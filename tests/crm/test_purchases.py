"""Orders and refunds: against a plain reference over random histories, and from the log to the page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from onefold.profiles.api import to_text
from onefold.profiles.purchases import Deed, deed_of, purchases_in, totals_of
from tests.web.conftest import Shop

START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def deed(n: int, day: int, number: str, amount: int, currency: str = "EUR", *, is_refund: bool = False) -> Deed:
    return Deed(
        id=UUID(int=n), ts=START + timedelta(days=day), is_refund=is_refund, number=number,
        amount=Decimal(amount), currency=currency,
    )  # fmt: skip


def plain(deeds: list[Deed]) -> tuple[int, Decimal, Decimal]:
    """How many orders, what they were worth, what came back: of one currency, order by order, without cleverness."""
    count, worth, back = 0, Decimal(0), Decimal(0)
    for number in {one.number or str(one.id) for one in deeds}:
        mine = [one for one in deeds if (one.number or str(one.id)) == number]
        first = min((one for one in mine if not one.is_refund), key=lambda one: (one.ts, one.id), default=None)
        left = first.amount if first else Decimal(0)
        count += first is not None
        worth += left
        for one in sorted((one for one in mine if one.is_refund), key=lambda one: (one.ts, one.id)):
            taken = one.amount if one.amount else max(left, Decimal(0))
            left -= taken
            back += taken
    return count, worth, back


_SAID: Final = st.tuples(st.integers(0, 9), st.sampled_from(["", "A", "B"]), st.integers(0, 50), st.booleans())


@given(st.lists(_SAID, max_size=10), st.randoms(use_true_random=False))
def test_random_histories_add_up_as_the_plain_reference_says(
    said: list[tuple[int, str, int, bool]], random: Random
) -> None:
    deeds = [deed(n, day, number, amount, is_refund=back) for n, (day, number, amount, back) in enumerate(said)]
    shuffled = list(deeds)
    random.shuffle(shuffled)
    orders = purchases_in(shuffled)
    totals = totals_of(orders)
    count, worth, back = plain(deeds)
    assert sum(total.n_orders for total in totals) == count
    assert sum((total.amount for total in totals), Decimal(0)) == worth
    assert sum((total.refunded for total in totals), Decimal(0)) == back
    assert orders == purchases_in(deeds)


def test_a_refund_in_another_currency_stands_by_itself() -> None:
    orders = purchases_in([deed(1, 1, "A", 10), deed(2, 2, "A", 4, "USD", is_refund=True)])
    assert [(one.currency, one.net, one.ts is None) for one in orders] == [
        ("USD", Decimal(-4), True),
        ("EUR", Decimal(10), False),
    ]


@pytest.mark.parametrize(
    "properties", [None, [], {"products": [None, {"name": {}}, 7], "order_id": ["x"], "total": "much", "currency": 5}]
)
def test_whatever_a_sender_wrote_is_an_order(properties: Any) -> None:
    import json

    body = json.dumps({"properties": properties}).encode()
    found = deed_of(UUID(int=1), START, "order_completed", body)
    assert (found.number, found.amount, list(found.products), found.is_refund) == ("", Decimal(0), [], False)


@pytest.fixture
def bought(shop: Shop) -> Shop:
    shop.send({"type": "group", "userId": "1", "groupId": "acme", "traits": {"name": "Acme"}})
    shop.identify("1", email="ada@example.com", name="Ada")
    tent = {"products": [{"name": "=Tent", "quantity": 2, "price": 50}, {"name": "Rope"}], "currency": "EUR"}
    first = {"type": "track", "event": "Order Completed", "userId": "1", "timestamp": "2026-05-01T10:00:00Z"}
    shop.send(first | {"properties": tent | {"order_id": "N1", "total": 120.5}})
    shop.send(first | {"event": "order_completed", "properties": tent | {"order_id": "N1", "total": 120.5}})
    shop.send({"type": "track", "event": "Order Refunded", "userId": "1", "properties": {
        "order_id": "N1", "total": 20.5, "currency": "EUR",
    }})  # fmt: skip
    return shop


def path_of(shop: Shop) -> str:
    row = shop.conn.execute("select id from profile").fetchone()
    assert row is not None
    return f"person/{to_text(row[0])}"


def test_the_card_the_table_and_the_file_say_the_same(bought: Shop, editor: Client) -> None:
    for of in (path_of(bought), "company/:acme"):
        card = editor.get(f"/purchases/card/{of}").content.decode()
        page = editor.get(f"/purchases/{of}").content.decode()
        for text in (card, page):
            assert all(part in text for part in ("€100", "€20.50", "€120.50", "=Tent")), text
        lines = editor.get(f"/purchases/csv/{of}").content.decode().splitlines()
        assert lines[1].startswith("N1,2026-05-01T10:00:00+00:00,2 x =Tent; 1 x Rope,120.50,20.50,100.00,EUR")
        assert len(lines) == 2


def test_who_bought_nothing_has_no_card_and_an_empty_page(shop: Shop, editor: Client) -> None:
    shop.identify("1", email="ada@example.com")
    assert editor.get(f"/purchases/card/{path_of(shop)}").content == b""
    assert "No orders yet" in editor.get(f"/purchases/{path_of(shop)}").content.decode()
    assert editor.get("/purchases/boat/1").status_code == 404


def test_long_histories_are_paged(shop: Shop, editor: Client) -> None:
    shop.identify("1", email="ada@example.com")
    shop.send(*(
        {"type": "track", "event": "Order Completed", "userId": "1", "properties": {"order_id": f"N{n:03}", "total": 1}}
        for n in range(60)
    ))  # fmt: skip
    first, second = (editor.get(f"/purchases/{path_of(shop)}?page={n}").content.decode() for n in (1, 2))
    assert (first.count("<tr>"), second.count("<tr>")) == (51, 11)


@pytest.fixture
def editor(browser_of: Callable[..., Client]) -> Client:
    return browser_of("eve")
