"""A real data set: counts and sums are exact, from the raw file to profiles."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import httpx
import msgspec
import pytest

from tests.scenarios.cdnow import Purchase, purchases
from tests.scenarios.installation import Installation, Origin

pytestmark = pytest.mark.timeout(300)

MOST_EVENTS: Final = 200  # that the API tells of
REQUEST_EVENTS: Final = 1_500  # some 350 KB
SAMPLE_EVERY: Final = 600  # customers asked for by the API; and the best ones


@pytest.fixture(scope="module")
def history() -> list[Purchase]:
    """The raw file."""
    return purchases()


@pytest.fixture(scope="module")
def shop(installation: Installation, history: list[Purchase]) -> Origin:
    """The source that all of the file has come in by, processed."""
    origin = installation.new_source("cdnow", kind="import")
    with httpx.Client(base_url=installation.collector, auth=(origin.key, ""), timeout=30) as client:
        events = [event_of(purchase, f"cdnow-{line}") for line, purchase in enumerate(history)]
        for start in range(0, len(events), REQUEST_EVENTS):
            batch = events[start : start + REQUEST_EVENTS]
            answer = client.post("/v1/import", content=msgspec.json.encode({"batch": batch}))
            assert answer.status_code == 200, answer.text
            assert answer.json()["okEvents"] == len(batch)
    installation.settle(120)
    return origin


def event_of(purchase: Purchase, message_id: str) -> dict[str, Any]:
    """The purchase as an event; the sum as a JSON number with the file's own digits."""
    revenue = msgspec.Raw(str(purchase.dollars).encode())
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": message_id,
        "userId": purchase.customer,
        "timestamp": f"{purchase.on}T00:00:00Z",
        "properties": {"revenue": revenue, "quantity": purchase.quantity, "currency": "USD"},
    }


def test_file_is_the_published_one(history: list[Purchase]) -> None:
    assert len(history) == 69_659
    assert len({purchase.customer for purchase in history}) == 23_570
    assert sum(purchase.dollars for purchase in history) == Decimal("2500315.63")


def test_every_purchase_is_an_event_with_its_sum(
    installation: Installation, history: list[Purchase], shop: Origin
) -> None:
    wanted = Counter((one.customer, one.on, one.quantity, one.dollars) for one in history)

    found = Counter(stored_purchases(installation, shop))

    assert found == wanted
    assert found.total() == 69_659
    assert sum(dollars * n for (_, _, _, dollars), n in found.items()) == Decimal("2500315.63")
    assert installation.counts(shop, "accepted") == 69_659
    assert installation.value("select count(*) from violation") == 0


def stored_purchases(installation: Installation, shop: Origin) -> Iterator[tuple[str, str, int, Decimal]]:
    """What the bodies in the database say; sums by PostgreSQL's exact numbers."""
    yield from installation.query(
        "select body ->> 'userId', to_char(ts at time zone 'UTC', 'YYYY-MM-DD'), "
        "(body #>> '{properties,quantity}')::int, (body #>> '{properties,revenue}')::numeric "
        "from (select ts, convert_from(body, 'UTF8')::jsonb as body from event where source_id = %s) stored",
        shop.id,
    )


def test_every_customer_is_a_profile_with_its_purchases(
    installation: Installation, history: list[Purchase], shop: Origin
) -> None:
    wanted = Counter(purchase.customer for purchase in history)
    fragments = "select val, n from node where ns = 2"

    assert dict(installation.query(fragments)) == wanted
    assert installation.value("select count(*) from profile") == 23_570
    assert installation.value("select sum(n)::int from node") == 69_659


def test_api_tells_first_and_last_purchase(installation: Installation, history: list[Purchase], shop: Origin) -> None:
    of: dict[str, list[Purchase]] = defaultdict(list)
    for purchase in history:
        of[purchase.customer].append(purchase)
    best = sorted(of, key=lambda customer: len(of[customer]))[-5:]

    for customer in [*sorted(of)[::SAMPLE_EVERY], *best]:
        own = of[customer]
        person = installation.api(f"/profiles/user_id:{customer}", include="identifiers,events", limit=str(MOST_EVENTS))
        days = sorted(purchase.on for purchase in own)
        assert (person["first_seen"][:10], person["last_seen"][:10]) == (days[0], days[-1])
        assert [item["events"] for item in person["identifiers"]] == [len(own)]
        # JSON numbers come as floats here; each has the file's digits, so Decimal of its text is exact
        sums = [Decimal(str(event["body"]["properties"]["revenue"])) for event in person["events"]]
        assert len(sums) == min(len(own), MOST_EVENTS)
        if len(own) <= MOST_EVENTS:
            assert sorted(sums) == sorted(purchase.dollars for purchase in own)


def test_rebuild_agrees(installation: Installation, shop: Origin) -> None:
    installation.demand_clean_rebuild()
