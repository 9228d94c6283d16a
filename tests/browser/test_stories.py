"""What Onefold is for, from a click to the page: a visitor becomes a customer; a merge undone; a person erased."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop, watches
from tests.waiting import wait_until
from tests.web.reading import person

WITHIN_S = 1.0


@pytest.mark.timeout(240)
def test_a_visitor_becomes_a_customer_on_the_open_record(
    visit: Callable[..., Page], shop: Shop, storefront_url: str
) -> None:
    record = visit("alice")
    watches[record].hosts.add(storefront_url.removeprefix("http://"))
    tab = record.context.new_page()
    tab.goto(f"{storefront_url}/")
    link = tab.locator("#dock-open")
    wait_until(lambda: "anonymous_id:" in (link.get_attribute("href") or ""), 20, "the visitor's id")
    visitor = (link.get_attribute("href") or "").rpartition("anonymous_id:")[2]
    wait_until(
        lambda: shop.installation.ask("GET", f"/profiles/anonymous_id:{visitor}").status_code == 200, 20, "visit"
    )
    known = shop.installation.api(f"/profiles/anonymous_id:{visitor}")
    record.goto(f"{shop.web}/people/{known['profile_id']}")
    tab.click("text=Kebnekaise family tent")
    tab.wait_for_load_state()
    tab.click("text=Add to cart")
    seconds = seconds_until(record, "Product Added")
    tab.goto(f"{storefront_url}/account")
    tab.fill("#a-name", "Väinö Visitor")
    tab.fill("#a-email", "vaino@visitor.example")
    tab.click("text=Continue")
    expect(record.locator("#record .name")).to_have_text("Väinö Visitor")
    expect(record.get_by_text("vaino@visitor.example").first).to_be_visible()
    # alone it takes a third of it; other tests run beside this one
    assert seconds < 5 * WITHIN_S, f"{seconds:.1f} s from the click to the record"


def seconds_until(record: Page, text: str) -> float:
    """From now until it stands there, without the page being loaded again."""
    began = time.monotonic()
    record.get_by_text(text).first.wait_for()
    return time.monotonic() - began


def test_an_unmerge_is_shown_before_it_is_done_and_undone_after(visit: Callable[..., Page], shop: Shop) -> None:
    traits = {"name": "Merged Twice", "email": "merged@example.com"}
    shop.send({"type": "identify", "userId": "M-1", "anonymousId": "m-laptop", "traits": traits})
    address = person("M-1")
    page = visit("alice", f"{address}/identity")
    laptop = page.locator("li[data-node]").filter(has_text="m-laptop")
    laptop.get_by_role("button", name="Unmerge").click()
    dialog = page.locator("dialog#preview")
    expect(dialog.get_by_role("heading", name="Now")).to_be_visible()
    expect(dialog.get_by_role("heading", name="Then")).to_be_visible()
    assert len(identifiers(shop, "M-1")) == 3  # nothing has happened yet
    dialog.get_by_role("button", name="Confirm").click()
    page.wait_for_load_state()
    toast = page.locator(".toast").filter(has=page.get_by_role("button", name="Undo"))
    expect(toast).to_be_visible()
    assert "m-laptop" not in identifiers(shop, "M-1")
    toast.get_by_role("button", name="Undo").click()
    page.wait_for_load_state()
    wait_until(lambda: "m-laptop" in identifiers(shop, "M-1"), 20, "the merge to be back")


def identifiers(shop: Shop, user_id: str) -> set[str]:
    """Values of all identifiers of a person."""
    shop.installation.settle()
    found = shop.installation.api(f"/profiles/user_id:{user_id}", include="identifiers")["identifiers"]
    return {one["value"] for one in found}


def test_an_erased_person_is_nowhere_and_stays_away(visit: Callable[..., Page], shop: Shop) -> None:
    event = {"type": "identify", "userId": "E-1", "traits": {"name": "Eva Erased", "email": "eva@erased.example"}}
    shop.send({**event, "messageId": "e-1"})
    page = visit("alice", "/privacy/erase")
    page.get_by_label("Identifier or profile id").fill("email:eva@erased.example")
    page.get_by_role("button", name="See what would go").click()
    expect(page.get_by_role("heading", name="This would go, for ever")).to_be_visible()
    expect(page.locator(".ids")).to_contain_text("eva@erased.example")
    page.once("dialog", lambda question: question.accept())
    page.get_by_role("button", name=re.compile("^Erase")).click()
    page.wait_for_url(re.compile("/privacy/requests/"))
    watches[page].forgive("the server responded with a status of 404")
    wait_until(lambda: page.request.get(f"{shop.web}{person('E-1')}").status == 404, 20, "the person to be gone")
    assert "Eva Erased" not in page.request.get(f"{shop.web}/people?q=eva&who=all").text()
    shop.send({**event, "messageId": "e-2"})  # suppressed: nobody comes in under it again
    assert page.request.get(f"{shop.web}{person('E-1')}").status == 404
