"""Webhooks in a browser: whole with good and awful data; made, tested, paused and resumed by an administrator."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop
from tests.browser.test_pages import look_closely

AWFUL = "<b>Übergrößenträgerinnenverkaufsabteilungsleitung & Söhne</b> " + "x" * 30
ENDPOINT_SQL = """
insert into webhook_endpoint (name, url, events, acts_as, secret, paused_for, paused_at, failing_since, created_by)
select %(name)s, %(url)s, %(events)s, id, 'whsec_AAAA', %(why)s::text, case when %(why)s::text <> '' then now() end,
    case when %(why)s::text <> '' then now() - interval '6 days' end, 'user:alice'
from accounts_user where username = 'alice' returning id
"""
MESSAGES_SQL = """
with made as (
    insert into webhook_delivery (endpoint, message, event, object, record, body, state, tries)
    select %(endpoint)s, 'msg_' || md5(n::text || %(endpoint)s), 'deal.stage_changed', 'deal', n,
        '{"type": "deal.stage_changed", "data": {"record": {"name": "' || repeat('long ', 40) || '"}}}',
        (array['waiting', 'delivered', 'failed'])[1 + n %% 3], 1 + n %% 9
    from generate_series(1, 60) n returning id, state
)
insert into webhook_attempt (delivery, duration_ms, status, fault, response)
select id, 1234, case when state = 'delivered' then 200 when state = 'failed' then 500 end,
    case when state = 'waiting' then 'There was no whole answer in time.' else '' end, repeat('<html> ', 30) from made
"""


@pytest.fixture(scope="module")
def hooks(shop: Shop) -> list[int]:
    """One that works, one of an awful name that is paused."""
    made = []
    with shop.installation.connection() as conn:
        for name, url, events, why in (
            ("Warehouse", "https://example.com/hooks/onefold", ["deal.*", "task.completed"], ""),
            (AWFUL, "https://example.com/" + 60 * "long", ["*"], "failing"),
        ):
            given = {"name": name, "url": url, "events": events, "why": why}
            (number,) = conn.execute(ENDPOINT_SQL, given).fetchone() or (0,)
            conn.execute(MESSAGES_SQL, {"endpoint": number})
            made.append(number)
    return made


@pytest.mark.parametrize("place", [None, 0, 1])
def test_a_page_of_webhooks_is_whole(place: int | None, hooks: list[int], visit: Callable[..., Page]) -> None:
    page = visit("alice", "/settings/webhooks" + ("" if place is None else f"/{hooks[place]}"))
    page.wait_for_load_state("networkidle")
    if place is not None:
        page.locator("summary").first.click()
    look_closely(page)


def test_one_is_made_tested_paused_and_resumed(hooks: list[int], visit: Callable[..., Page]) -> None:
    page = visit("alice", "/settings/webhooks")
    page.get_by_role("button", name="Webhook", exact=True).click()
    page.get_by_label("Name").fill("Shop")
    page.get_by_label("Address").fill("https://example.com/hook")
    page.get_by_label("deal.won").check()
    page.locator("dialog[open]").get_by_role("button", name="Add").click()
    expect(page.get_by_text(re.compile("whsec_"))).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("The webhook is paused.")).to_be_visible()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("1 message waits.")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    page.locator("dialog[open]").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The webhook is removed.")).to_be_visible()
