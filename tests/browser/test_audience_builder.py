"""The builder in a browser: a rule made by mouse, moved by keyboard, saved; nothing lost; awful text stays text."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Shop, watches
from tests.browser.customers import MARKUP, WORD
from tests.browser.looking import axe_faults, not_for_the_keyboard, wider_than_the_screen

PURPOSE: Final = "personalisation"  # which nobody else of the shop speaks of
COUNT: Final = "#estimate [data-count]"
COUNTS_MS: Final = 30_000  # the first time the engine starts
ORDER: Final = {"name": "Order Completed"}
LINES: Final = "#rule .cond[data-node]"


@pytest.fixture(scope="module", autouse=True)
def quiet_buyers(shop: Shop) -> None:
    """Five people ordered twice 40 days ago, two of them again yesterday; all of them allow it."""
    now = datetime.now(UTC)
    events: list[dict[str, Any]] = []
    for number in range(5):
        who = {"userId": f"quiet-{number}", "type": "track"}
        name = {"type": "identify", "userId": f"quiet-{number}", "traits": {"name": f"Quiet {number}"}}
        events += [name, {**who, "event": "Consent Updated", "properties": {"purposes": {PURPOSE: True}}}]
        days = [40, 41, *([1] if number < 2 else [])]
        events += [
            {**who, "event": "Order Completed", "timestamp": (now - timedelta(days=day)).isoformat(),
             "messageId": f"quiet-{number}-{day}", "properties": {"total": 100 + number, "category": "Tents"}}
            for day in days
        ]  # fmt: skip
    shop.send(*events)


def counted(page: Page, number: int) -> None:
    """Waits until so many are counted exactly."""
    expect(page.locator(COUNT)).to_have_text(f"{number}", timeout=COUNTS_MS)


def add(page: Page, what: str) -> None:
    """A condition by the menu's search."""
    page.get_by_role("button", name="Condition", exact=True).last.click()
    page.keyboard.type(what)
    page.locator("#offers [role=option]").first.click()


def open_blank(visit: Callable[..., Page], size: str = "desk") -> Page:
    page = visit("alice", "/audiences/new?from=blank", size=size)
    page.locator("#builder-bar [name=purpose]").select_option(PURPOSE)
    return page


def test_bought_twice_and_then_nothing_from_scratch(visit: Callable[..., Page], shop: Shop) -> None:
    page = open_blank(visit)
    counted(page, 5)
    add(page, "Order Completed")
    line = page.locator(LINES).first
    line.get_by_label("times").fill("2")
    line.get_by_label("How to compare").select_option("ge")
    line.locator(".asks input[type=number]").fill("90")
    counted(page, 5)
    add(page, "Order Completed")
    line = page.locator(LINES).nth(1)
    line.get_by_label("What counts").select_option("never")
    counted(page, 3)
    expect(page.locator("#sentence")).to_contain_text("never did 'Order Completed' in the last 30 days")
    expect(line.locator(".cnt")).not_to_be_empty()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("Give the audience a name first.")
    page.get_by_label("Name", exact=True).fill("Buyers going quiet")
    page.keyboard.press("Control+s")
    expect(page.locator("#saved-at")).to_contain_text("Saved")
    assert page.url.endswith("/edit")
    page.reload()
    expect(page.locator(LINES)).to_have_count(2)
    counted(page, 3)
    page.get_by_label("E-mail or id of a person").fill("quiet-0")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#why-lines")).to_contain_text("is not in: one condition fails.")
    expect(page.locator("#why-lines")).to_contain_text("Each of these alone would bring them in")


def test_a_condition_moves_by_keyboard(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/audiences/new?from=quiet")
    verbs = page.locator(LINES).get_by_label("What counts")
    page.locator(f"{LINES} .handle").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#said")).to_contain_text("lifted")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#said")).to_contain_text("Place 2 of 2 in All of")
    expect(verbs.first).to_have_value("never")
    page.keyboard.press("Escape")
    expect(verbs.first).to_have_value("count")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#said")).to_contain_text("dropped: place 2 of 2")
    expect(verbs.first).to_have_value("never")
    expect(page.locator(f"{LINES} .handle").last).to_be_focused()
    page.keyboard.press("Control+z")
    expect(verbs.first).to_have_value("count")
    assert not_for_the_keyboard(page) == []


def test_a_condition_is_dragged_into_a_group_and_removed_with_undo(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/audiences/new?from=quiet")
    page.get_by_role("button", name="Group", exact=True).first.click()
    handle, group = page.locator(f"{LINES} .handle").first, page.locator("#rule .grp .grp .gb")
    start, end = handle.bounding_box(), group.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 60, end["y"] + 8, steps=8)
    page.mouse.up()
    expect(page.locator("#rule .grp .grp .cond")).to_have_count(1)
    page.locator("#rule .grp .grp .cond").get_by_label("Condition menu").click()
    page.get_by_role("menuitem", name="Remove").click()
    expect(page.locator("#rule .grp .grp .cond")).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#rule .grp .grp .cond")).to_have_count(1)


def test_what_is_wrong_stands_by_its_line_and_the_last_figure_stays(visit: Callable[..., Page], shop: Shop) -> None:
    page = open_blank(visit)
    watches[page].forgive("400")
    counted(page, 5)
    add(page, "Trait")
    page.keyboard.type("name")
    page.keyboard.press("Tab")
    line = page.locator(LINES).first
    expect(page.locator("#gaps")).to_contain_text("not filled in")
    line.get_by_label("How to compare").select_option("regex")
    line.get_by_label("Pattern").fill("(unclosed")
    expect(line.locator(".fault")).to_be_visible()
    expect(page.locator(COUNT)).to_have_text("5")
    expect(page.locator("#estimate")).to_have_class("stale")
    expect(line.get_by_label("Pattern")).to_have_value("(unclosed")
    line.get_by_label("Pattern").fill("^Quiet")
    expect(line.locator(".fault")).to_be_hidden()


def test_a_line_that_is_refused_is_marked_and_focused_when_saved(visit: Callable[..., Page], shop: Shop) -> None:
    page = open_blank(visit)
    watches[page].forgive("400")
    add(page, "Order Completed")
    add(page, "Order Completed")
    line = page.locator(LINES).last
    line.get_by_label("Where: Add a condition about a property").click()
    page.keyboard.type("category")
    page.keyboard.press("Tab")
    line.get_by_label("How to compare").last.select_option("regex")
    line.get_by_label("Pattern").fill("(unclosed")
    page.get_by_label("Name", exact=True).fill("Refused")
    page.keyboard.press("Control+s")
    expect(line.get_by_label("Pattern")).to_be_focused()
    expect(line.get_by_label("Pattern")).to_have_attribute("aria-invalid", "true")
    expect(line).to_have_class("cond faulty")
    expect(page.locator("#rule .faulty.with")).to_have_count(1)
    expect(page.locator("#rule .faulty.cond")).to_have_count(1)
    page.on("dialog", lambda dialog: dialog.accept())


def test_an_engine_that_fails_leaves_the_rule_and_says_what_next(visit: Callable[..., Page], shop: Shop) -> None:
    page = open_blank(visit)
    watches[page].forgive("503")
    counted(page, 5)
    said = {"X-Message": "The%20lake%20is%20out%20of%20reach."}
    page.route("**/audiences/preview", lambda route: route.fulfill(status=503, headers=said, body=""))
    add(page, "Order Completed")
    expect(page.locator("#fault")).to_contain_text("The lake is out of reach. The rule is as you left it")
    expect(page.locator(COUNT)).to_have_text("5")
    page.unroute("**/audiences/preview")
    page.locator("#fault").get_by_role("button", name="Count again").click()
    expect(page.locator("#fault")).to_be_hidden()
    expect(page.locator("#counted")).to_contain_text("Counted")
    page.on("dialog", lambda dialog: dialog.accept())


def test_groups_within_an_event_are_shown_changed_and_kept(visit: Callable[..., Page], shop: Shop) -> None:
    tents, total = {"type": "text", "field": "category", "op": "is", "values": ["Tents"]}, {"type": "present"}
    dear = {"type": "number", "field": "total", "op": "ge", "value": 104}
    none = {"type": "none", "of": [{**total, "field": "total"}]}
    where = {"type": "all", "of": [tents, {"type": "any", "of": [dear, none]}]}
    page = visit("alice", "/audiences/new?from=blank")
    number = saved(page, shop, "Nested", {"type": "all", "of": [{"type": "did", "event": {**ORDER, "where": where}}]})
    page.goto(f"{shop.web}/audiences/{number}/edit")
    counted(page, 1)
    line = page.locator(LINES).first
    expect(line.locator(".within")).to_have_count(3)
    line.get_by_label("none of").get_by_label("Remove this condition about a property").click()
    expect(page.locator("#gaps")).to_contain_text("not filled in")
    line.get_by_label("Remove this group").last.click()
    line.get_by_label("any of", exact=True).get_by_label("Value").fill("102")
    counted(page, 3)
    line.get_by_label("Add a group of such conditions").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("total")
    page.keyboard.press("Tab")
    line.get_by_label("How to compare").last.select_option("number.le")
    line.get_by_label("Value").last.fill("103")
    line.locator(".within .within").last.get_by_label("How many of these must be true").select_option("none")
    counted(page, 1)
    assert axe_faults(page) == []
    assert not_for_the_keyboard(page) == []
    page.keyboard.press("Control+s")
    expect(page.locator("#saved-at")).to_contain_text("Saved")
    page.reload()
    counted(page, 1)
    expect(line.locator(".within")).to_have_count(3)


def test_the_rule_as_sql_finds_the_same_people(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/audiences/new?from=quiet")
    page.locator("#builder-bar [name=purpose]").select_option(PURPOSE)
    counted(page, 3)
    page.get_by_role("button", name="Show SQL").click()
    expect(page.locator("#sql-text")).to_contain_text("FROM events AS given")
    assert axe_faults(page) == []
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open in SQL").click()
    other = opened.value
    other.locator("#go").click()
    expect(other.locator("#result")).to_contain_text("3 rows")
    other.goto(f"{shop.web}/sql")
    expect(other.locator("#sql")).to_have_value("")


def test_leaving_asks_while_something_is_not_saved(visit: Callable[..., Page], shop: Shop) -> None:
    page = open_blank(visit)
    add(page, "Order Completed")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.evaluate("location.href = '/people'")
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    assert "/audiences/new" in page.url
    page.on("dialog", lambda dialog: dialog.accept())


def test_somebody_was_faster(visit: Callable[..., Page], shop: Shop) -> None:
    one = open_blank(visit)
    add(one, "Order Completed")
    one.get_by_label("Name", exact=True).fill("Of two")
    one.keyboard.press("Control+s")
    expect(one.locator("#saved-at")).to_contain_text("Saved")
    other = visit("alice", one.url.removeprefix(shop.web))
    watches[other].forgive("409")
    one.locator(LINES).first.get_by_label("times").fill("3")
    expect(one.locator("#saved-at")).to_contain_text("Not saved")
    one.keyboard.press("Control+s")
    expect(one.locator("#saved-at")).to_contain_text("Saved")
    other.locator(LINES).first.get_by_label("times").fill("4")
    other.keyboard.press("Control+s")
    expect(other.locator("#conflict")).to_contain_text("alice saved version 2")
    other.get_by_role("button", name="Save mine over it").click()
    expect(other.locator("#saved-at")).to_contain_text("Saved")


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_awful_text_and_two_hundred_conditions(visit: Callable[..., Page], shop: Shop, size: str) -> None:
    texts = [MARKUP[:200], WORD[:500], "مرحبا \u202e evil", "👩‍👩‍👧‍👦" * 20]
    leaf = {"type": "text", "field": f"trait:{WORD[:300]}", "op": "is", "values": texts}
    event = {"type": "did", "event": {"name": MARKUP[:400], "where": {"type": "all", "of": [leaf]}}}
    company = {"type": "company", "where": leaf}
    rule = {"type": "all", "of": [leaf, event, company, {"type": "any", "of": [leaf] * 100}, *([event] * 47)]}
    page = visit("alice", "/audiences/new?from=blank", size=size)
    number = saved(page, shop, f"Awful {size} {MARKUP[:80]}", rule)
    page.goto(f"{shop.web}/audiences/{number}/edit")
    expect(page.locator(LINES)).to_have_count(150)
    assert wider_than_the_screen(page) == []
    assert axe_faults(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("template", ["cart", "large", "vip", "engaged"])
def test_every_kind_of_line_is_readable(visit: Callable[..., Page], shop: Shop, template: str, theme: str) -> None:
    page = visit("alice", f"/audiences/new?from={template}", theme=theme)
    expect(page.locator(LINES).first).to_be_visible()
    page.wait_for_timeout(1500)
    assert axe_faults(page) == []
    assert not_for_the_keyboard(page) == []


def saved(page: Page, shop: Shop, name: str, rule: dict[str, Any]) -> int:
    """An audience made as the page makes it; its number."""
    body = json.dumps({"rule": rule, "purpose": PURPOSE, "name": name, "id": None})
    headers = {"Content-Type": "application/json", "X-CSRFToken": _token(page), "Referer": shop.web}
    answer = page.request.post(f"{shop.web}/audiences/save", data=body, headers=headers)
    assert answer.status == 200, answer.text()
    return int(answer.json()["id"])


def _token(page: Page) -> str:
    return next(one["value"] for one in page.context.cookies() if one["name"] == "onefold_csrf")
