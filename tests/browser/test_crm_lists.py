"""Lists of deals in a browser: filtered, kept, changed all at once; every page of the CRM with much and awful data."""

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Shop, state_of, watches
from tests.browser.crm import Records, records_of
from tests.browser.customers import AWFUL, MARKUP, WORD
from tests.browser.looking import axe_faults, not_for_the_keyboard, wider_than_the_screen
from tests.web.reading import person

Visit = Callable[..., Page]
NAMES: Final = {"markup": MARKUP, "word": (WORD * 2)[:400], "rtl": "مرحبا بالعالم \u202e evil \u2066" * 3}
MANY: Final = 7


@pytest.fixture(scope="module")
def records(browser: Browser, shop: Shop) -> Records:
    """The CRM by its API."""
    state = state_of(browser, shop, "alice")
    assert state is not None
    return records_of(shop, state)


def narrow(page: Page, field: str, code: str, value: str) -> None:
    """By the popover of filters."""
    page.get_by_role("button", name="Filter", exact=True).click()
    menu = page.locator("#filter-menu")
    menu.get_by_label("Field").fill(field)
    menu.get_by_role("button", name=field, exact=True).click()
    menu.get_by_label("Comparison").select_option(label=code)
    box = menu.get_by_role("checkbox", name=value, exact=True)
    if box.count():
        box.check()
    else:
        menu.locator("[data-takes-of]:not([hidden]) input").last.fill(value)
    menu.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip.filter").filter(has_text=value)).to_be_visible()


def test_a_filtered_list_is_kept_and_all_of_it_is_changed_and_changed_back(visit: Visit, records: Records) -> None:
    for number in range(MANY):
        records.deal(f"Kept {number}", amount=str(77_000 + number), owner="alice")
    records.deal("Kept, small", amount="5", owner="alice")
    records.deal("Kept, another's", amount="77000", owner="rita")
    page = visit("alice", "/deals")
    narrow(page, "Owner", "is", "Me")
    narrow(page, "Amount", ">", "76999")
    narrow(page, "Person \u203a Name", "contains", "Lindqvist")
    names = page.locator("#list [data-row] [data-peeks]")
    expect(names).to_have_count(MANY)
    page.get_by_role("button", name="Save view").click()
    page.locator("#save-view").get_by_label("Name").fill("My big ones")
    page.get_by_role("button", name="Save as a new view").click()
    expect(page.locator(".view-tabs [aria-current]")).to_have_text("My big ones")
    expect(names).to_have_count(MANY)
    page.get_by_label("Select all", exact=False).first.check()
    expect(page.locator("[data-picked]")).to_have_text(str(MANY))
    page.get_by_label("Field to change").select_option(label="Next step")
    page.locator(".bulk-value input").fill("Ring them all")
    page.locator("#selbar").get_by_role("button", name="Change", exact=True).click()
    toast = page.locator(".toast").filter(has_text=f"{MANY} changed.")
    expect(toast).to_be_visible()
    assert next_steps(records) == {"Ring them all"}
    assert parse_qs(urlsplit(page.url).query)["view"]
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").filter(has_text=f"Undone for {MANY} records.")).to_be_visible()
    assert next_steps(records) == {""}


def next_steps(records: Records) -> set[str]:
    """Of the deals that were changed."""
    found = records.ask("GET", "/records/deal", params={"q": "Kept ", "size": "200"})["records"]
    big = [one for one in found if one["owner"] == "alice" and (one["amount"] or 0) >= 77_000]
    assert len(big) == MANY
    return {one["next_step"] or "" for one in big}


def test_j_and_k_walk_the_deals_and_escape_closes_the_one_at_the_side(visit: Visit, records: Records) -> None:
    for name in ("Side one", "Side two", "Side three"):
        records.deal(name)
    page = visit("alice", "/deals?q=Side")
    names = page.locator("#list [data-row] [data-peeks]").all_text_contents()
    assert len(names) == 3
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    peek = page.locator("#peek .name")
    expect(peek).to_have_text(names[0])
    page.keyboard.press("j")
    expect(peek).to_have_text(names[1])
    page.keyboard.press("k")
    expect(peek).to_have_text(names[0])
    page.keyboard.press("Escape")
    expect(peek).to_have_count(0)
    assert "peek=" not in page.url
    assert page.evaluate("() => document.activeElement.textContent") == names[0]


@pytest.fixture(scope="module")
def awful_pages(records: Records) -> list[str]:
    """Addresses of pages that show what nobody would want to see."""
    whose = person(AWFUL)
    where = records.stages()
    pages = ["/deals", "/deals/board", "/tasks", "/activities", "/people", whose]
    for place, name in enumerate(NAMES.values()):
        about = {"person": whose.rpartition("/")[2]}
        deal = records.deal(name, amount="99999999999", stage=where[place], next_step=WORD, **about)
        task = records.make("task", name=name, deal=deal, due_at="2020-02-02T10:00:00Z", note=name, **about)
        told = records.make(
            "activity", kind="call", name=name, body=name, transcript=WORD, deal=deal, outcome="connected", **about
        )
        pages += [f"/deals/{deal}", f"/tasks/{task}", f"/activities/{told}", f"/deals?peek={deal}"]
    return pages


@pytest.mark.parametrize(
    ("size", "theme"), [("desk", "light"), ("desk", "dark"), ("phone", "light"), ("phone", "dark")]
)
def test_pages_with_awful_names_are_whole(
    visit: Visit, shop: Shop, awful_pages: list[str], size: str, theme: str
) -> None:
    page = visit("alice", size=size, theme=theme)
    for path in awful_pages:
        page.goto(shop.web + path)
        page.wait_for_load_state("networkidle") if "/people/" not in path else page.wait_for_timeout(300)
        assert wider_than_the_screen(page) == [], path
        assert axe_faults(page, *(["color-contrast"] if theme == "dark" else [])) == [], path
        if size == "desk" and theme == "light":
            assert not_for_the_keyboard(page) == [], path
        assert watches[page].faults == [], path
