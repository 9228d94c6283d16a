"""Audiences of companies in a browser: made by mouse, filled, read, and asked for by an audience of people."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from onefold.audiences import actions
from onefold.filters import api as f
from tests.browser.conftest import Shop
from tests.browser.customers import MARKUP, WORD
from tests.browser.looking import axe_faults, not_for_the_keyboard, wider_than_the_screen
from tests.browser.test_audience_builder import COUNT, LINES, add, counted
from tests.waiting import wait_until
from tests.web.audiences import document

PURPOSE: Final = "sms_marketing"
FANS: Final = "Fans of tents"
BUSY: Final = "Companies with fans"
COMPANIES: Final = ("Basil & Sons", "Corner Press", f"{MARKUP} {WORD[:40]}")


@pytest.fixture(scope="module", autouse=True)
def accounts(shop: Shop) -> None:
    """Three companies of 1, 2 and 3 people; all of them are fans, whom a live audience holds."""
    events: list[dict[str, Any]] = []
    for i, name in enumerate(COMPANIES):
        for n in range(i + 1):
            who = {"userId": f"account-{i}-{n}"}
            events += [
                {
                    **who,
                    "type": "identify",
                    "traits": {"name": f"Account {i}{n}", "fan": True},
                },
                {**who, "type": "track", "event": "Consent Updated", "properties": {"purposes": {PURPOSE: True}}},
                {**who, "type": "group", "groupId": f"account-{i}", "traits": {"name": name, "employees": 40 * i}},
            ]
    shop.send(*events)
    with shop.installation.connection() as conn:
        wanted = actions.Wanted(FANS, PURPOSE, document(f.Flag("trait:fan", True)))
        number = actions.create_audience(conn, wanted, acting_user="user:alice")
        actions.start_audience(conn, number, acting_user="user:alice")
        wanted = actions.Wanted(BUSY, "", document(f.PeopleIn(number, "ge", 2)), is_of_companies=True)
        actions.start_audience(
            conn, actions.create_audience(conn, wanted, acting_user="user:alice"), acting_user="user:alice"
        )
    wait_until(lambda: members(shop, FANS) == 6, 60, "six fans")
    wait_until(lambda: members(shop, BUSY) == 2, 60, "two companies")


def members(shop: Shop, name: str) -> int:
    query = "select count(*) from membership m join audience a on a.id = m.audience where a.name = %s"
    return int(shop.installation.value(query, name) or 0)


def keep(page: Page, name: str) -> None:
    """A screenshot, where somebody wants to look at it."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_companies_with_two_fans_are_made_filled_and_asked_for(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/audiences/new")
    keep(page, "start")
    page.get_by_role("link", name="Accounts with several of an audience").click()
    line = page.locator(LINES).first
    line.get_by_label("Choose an audience").select_option(label=FANS)
    line.get_by_label("Value").fill("2")
    expect(page.locator(COUNT)).to_have_text("2", timeout=60_000)  # the engine starts
    expect(page.locator("[data-their-people]")).to_have_text("5")
    expect(page.locator("#sentence")).to_have_text(f"Companies that have at least 2 people in audience '{FANS}'.")
    add(page, "employees")
    page.locator(LINES).nth(1).get_by_label("How to compare").select_option("number.ge")
    page.locator(LINES).nth(1).get_by_label("Value").fill("80")
    counted(page, 1)
    page.get_by_label("Id of a company").fill("account-1")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#why-lines")).to_contain_text("2 people are in it")
    keep(page, "builder")
    assert not axe_faults(page)
    assert not wider_than_the_screen(page)
    page.locator(LINES).nth(1).get_by_label("Condition menu").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_label("Name", exact=True).fill("Accounts")
    page.get_by_role("button", name="Save and start").click()
    page.wait_for_url(re.compile(r"/audiences/\d+$"))
    wait_until(lambda: members(shop, "Accounts") == 2, 60, "two companies")
    page.reload()
    expect(page.locator("table.members tbody tr")).to_have_count(2)
    keep(page, "members")
    page.locator("table.members").get_by_role("button", name="Why").first.click()
    expect(page.locator("#why")).to_contain_text("people are in it")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="History").click()
    expect(page.locator("table.history tbody tr")).to_have_count(2)
    keep(page, "history")
    page.get_by_role("link", name="Corner Press").click()
    expect(page.get_by_role("link", name="Accounts", exact=True)).to_be_visible()
    keep(page, "company")


def test_people_are_asked_whether_their_company_is_in_one(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/audiences/new?from=blank")
    page.locator("#builder-bar [name=purpose]").select_option(PURPOSE)
    add(page, "Company")
    line = page.locator(LINES).first
    line.get_by_role("button", name="Add: how many of its people are in an audience").click()
    line.get_by_role("button", name="Remove this condition about a property").first.click()
    line.get_by_label("Choose an audience").select_option(label=FANS)
    line.get_by_label("Value").fill("3")
    counted(page, 3)
    keep(page, "builder-people")


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_stand_whatever_the_screen(visit: Callable[..., Page], shop: Shop, size: str, theme: str) -> None:
    number = shop.installation.value("select id from audience where name = %s", BUSY)
    for path in (f"/audiences/{number}", f"/audiences/{number}/edit", "/audiences", "/companies/:account-2"):
        page = visit("alice", path, size=size)
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its names
        page.wait_for_load_state("networkidle")
        keep(page, f"{path.strip('/').replace('/', '-').replace(':', '')}-{size}-{theme}")
        assert not wider_than_the_screen(page)
        assert not not_for_the_keyboard(page)
