"""Audiences in a browser: removed and brought back, started and filled, why somebody is in, a list uploaded."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.audiences import ALLOWING, LIVE
from tests.browser.conftest import Shop
from tests.browser.looking import axe_faults, not_for_the_keyboard, wider_than_the_screen
from tests.web.reading import person

FILLS_MS = 60_000


def test_one_is_removed_and_brought_back(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/audiences?sort=-members")
    page.get_by_role("button", name="What to do with Draft").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Draft is removed.")
    assert urlsplit(page.url).query == "sort=-members"
    expect(page.locator("#list").get_by_role("link", name="Draft", exact=True)).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("Draft")
    page.goto(f"{shop.web}/audiences")
    expect(page.locator("#list").get_by_role("link", name="Draft", exact=True)).to_have_count(1)


def test_search_stands_in_the_address(visit: Callable[..., Page]) -> None:
    page = visit("bob", "/audiences?sort=-members")
    page.get_by_label("Search audiences").fill("umeå")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    assert urlsplit(page.url).query == "q=ume%C3%A5&sort=-members"
    page.reload()
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.locator("#chips").get_by_role("link", name="Live").click()
    expect(page.locator("#list tbody tr")).to_have_count(1)
    assert wider_than_the_screen(page) == []


def test_a_draft_is_started_and_turns_live_by_itself(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/audiences")
    page.locator("#list").get_by_role("link", name="Draft", exact=True).click()
    expect(page.locator("#tab, .empty")).to_contain_text("Nobody is in a draft.")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".top .dot")).to_have_text("Live", timeout=FILLS_MS)
    expect(page.locator("#filling")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".toast")).to_contain_text("Draft is paused.")
    expect(page.locator(".top .dot")).to_have_text("Paused")


def test_members_enter_while_events_come_and_it_is_said_why(visit: Callable[..., Page], shop: Shop) -> None:
    shop.send({"type": "track", "event": "Order Completed", "userId": ALLOWING[0], "messageId": "ordered-just-now"})
    page = visit("alice", "/audiences/1")
    expect(page.locator("h1")).to_have_text(LIVE)
    page.locator(".members").get_by_role("button", name="Why").first.click()
    expect(page.locator("#why")).to_contain_text("Is in")
    assert axe_faults(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#why")).to_be_hidden()
    page.get_by_role("button", name="View as table").click()
    expect(page.locator("#members-chart tbody tr")).to_have_count(90)
    page.goto(shop.web + person(ALLOWING[0]))
    panel = page.locator("aside")
    expect(panel.get_by_role("link", name=LIVE)).to_be_visible()
    expect(panel).to_contain_text("orders")


def test_a_list_is_looked_at_before_it_is_kept(visit: Callable[..., Page], tmp_path: Path) -> None:
    file = tmp_path / "guests.csv"
    file.write_text("name,email\nAda,astrid.0@example.com\nBen,nobody@example.com\nCy,none\n", "utf-8")
    page = visit("alice", "/audiences/lists")
    page.locator("#list-file").set_input_files(file)
    expect(page.locator(".counts")).to_contain_text("People found1")
    expect(page.locator("#list-preview")).to_contain_text("Line 4")
    expect(page.locator("#list-name")).to_have_value("guests")
    page.locator("#list-column").select_option("0")
    expect(page.locator(".counts")).to_contain_text("People found0")
    page.locator("#list-column").select_option("1")
    expect(page.locator(".counts")).to_contain_text("People found1")
    assert axe_faults(page) == []
    assert not_for_the_keyboard(page) == []
    page.get_by_role("button", name="Keep the list").click()
    expect(page.locator(".toast")).to_contain_text("guests holds 2 identifiers.")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete guests").click()
    expect(page.locator(".toast")).to_contain_text("The list is deleted.")


def test_a_computed_trait_is_made_by_its_form(visit: Callable[..., Page]) -> None:
    page = visit("alice", "/audiences/computed", size="phone")
    form = page.locator("[data-computed]")
    form.get_by_label("Name", exact=True).fill("spent")
    expect(form.get_by_label("Of the property")).to_be_hidden()
    form.get_by_label("Measure").select_option("sum")
    form.get_by_label("Event").fill("Order Completed")
    form.get_by_label("Event").press("Enter")
    form.get_by_label("Where: Add a condition about a property").click()
    form.get_by_role("button", name="Make it").click()
    expect(page.locator(".toast")).to_contain_text("Fill in this line first")
    page.locator(".toast").get_by_role("button").last.click()
    form.get_by_label("Property", exact=True).fill("tot")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    form.get_by_label("Value").fill("10")
    form.get_by_label("Add a group of such conditions").click()
    form.get_by_label("Property", exact=True).last.fill("currency")
    page.keyboard.press("Tab")
    expect(form.get_by_label("Value").last).to_be_focused()
    page.keyboard.type("EUR")
    page.keyboard.press("Enter")
    form.get_by_label("Of the property").fill("to")
    page.locator("#suggested").get_by_role("option", name="total").click()
    assert wider_than_the_screen(page) == []
    assert axe_faults(page) == []
    form.get_by_label("Which time counts").select_option("last")
    form.get_by_label("How long").fill("90")
    form.get_by_role("button", name="Make it").click()
    expect(page.locator(".toast")).to_contain_text("spent is made.")
    expect(page.locator(".computed")).to_contain_text("total is at least 10")
    assert wider_than_the_screen(page) == []
