"""The sample shop's many people: the same for the same instant, believable, and nothing the collector refuses."""

import gzip
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from onefold.events.api import Decoded, LogRow, Trust, Violation, decode_each
from onefold.programs.demo.calls import APP, BACKEND, CARE, NEWSLETTER, WEBSITE
from onefold.programs.demo.crowd import hundred, hundreds_for, world
from onefold.programs.demo.history import Request, marks
from onefold.programs.demo.sending import encoded

NOW: Final = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
SOURCES: Final = (WEBSITE, BACKEND, APP, NEWSLETTER, CARE)
SOME: Final = 6


@pytest.fixture(scope="module")
def crowd() -> list[list[Request]]:
    return [hundred(number, NOW) for number in range(SOME)]


@pytest.fixture(scope="module")
def events(crowd: list[list[Request]]) -> list[Decoded]:
    """What the collector's check makes of every message."""
    found: list[Decoded] = []
    for request in [request for requests in crowd for request in requests]:
        path, _, body = encoded(request, "key", NOW)
        assert path == "/v1/import"
        assert len(body) < 500_000
        plain = gzip.decompress(body)
        assert len(plain) < 4_000_000
        assert len(request.messages) <= 2_500
        at = int(NOW.timestamp() * 1_000_000)
        row = LogRow(1, 1, 1, 1, 2 + SOURCES.index(request.source), Trust.PUBLIC, at, 1, "", "", plain)
        for result in decode_each(row):
            assert not isinstance(result, Violation), result
            found.append(result)
    return found


def ids_of(requests: list[Request]) -> set[str]:
    return {message.body["messageId"] for request in requests for message in request.messages}


def tracked(events: list[Decoded], name: str) -> list[Decoded]:
    return [event for event in events if event.name == name]


def test_a_hundred_is_the_same_every_time_and_no_other(crowd: list[list[Request]]) -> None:
    assert hundred(3, NOW) == crowd[3]
    assert not ids_of(crowd[2]) & ids_of(crowd[3])
    assert all(1_200 < sum(len(request.messages) for request in requests) < 5_000 for requests in crowd)


def test_marks_stand_in_the_last_request(crowd: list[list[Request]]) -> None:
    for number, requests in enumerate(crowd):
        last = {message.body["messageId"] for message in requests[-1].messages}
        assert set(marks(world(number))[: len(last)]) <= last


def test_it_is_a_year_and_a_half_of_a_growing_shop(events: list[Decoded]) -> None:
    first = min(event.ts for event in events) / 1e6
    assert NOW - timedelta(days=550) < datetime.fromtimestamp(first, UTC) < NOW - timedelta(days=500)
    assert max(event.ts for event in events) < NOW.timestamp() * 1e6
    orders: dict[str, int] = defaultdict(int)
    for order in tracked(events, "Order Completed"):
        orders[datetime.fromtimestamp(order.ts / 1e6, UTC).strftime("%Y-%m")] += 1
    assert orders["2025-12"] > 1.5 * orders["2025-09"]
    assert sum(n for month, n in orders.items() if month >= "2025-06") > sum(orders.values()) / 2


def test_everything_a_shop_knows_is_in_it(events: list[Decoded]) -> None:
    names = Counter(event.name for event in events)
    wanted = (
        "Product Viewed",
        "Product Added",
        "Checkout Started",
        "Order Completed",
        "Order Refunded",
        "Email Opened",
    )
    for name in (*wanted, "Email Link Clicked", "Call Completed", "Consent Updated", "Quote Requested"):
        assert names[name] > 3, name
    assert {event.source_id for event in events} == set(range(2, 7))
    assert len({event.group_id for event in events if event.group_id}) == SOME
    denied = [event for event in tracked(events, "Consent Updated") if ("email_marketing", False) in event.consents]
    assert denied


def test_shared_devices_and_mistyped_addresses(events: list[Decoded]) -> None:
    users: dict[str, set[str]] = defaultdict(set)
    addresses: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.anonymous_id and event.user_id:
            users[event.anonymous_id].add(event.user_id)
        if event.anonymous_id and event.email:
            addresses[event.anonymous_id].add(event.email)
    assert sum(len(found) > 1 for found in users.values()) >= SOME
    assert max(len(found) for found in users.values()) == 12  # a kiosk
    assert any(len(found) > 1 for id_, found in addresses.items() if len(users[id_]) == 1)


def test_messages_repeat_only_where_an_answer_was_lost(crowd: list[list[Request]]) -> None:
    counts: Counter[Any] = Counter(
        message.body["messageId"] for requests in crowd for request in requests for message in request.messages
    )
    assert 5 < sum(n == 2 for n in counts.values()) < 100
    assert max(counts.values()) == 2


@pytest.mark.parametrize(("people", "hundreds"), [(0, 0), (400, 0), (401, 1), (10_000, 96)])
def test_hundreds_for_so_many_people(people: int, hundreds: int) -> None:
    assert hundreds_for(people) == hundreds
