"""The list of people in a browser: what is typed, opened and gone back to stays in the address."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop


def asked(page: Page) -> dict[str, list[str]]:
    address = urlsplit(page.url)
    assert address.path == "/people"
    return parse_qs(address.query)


def test_a_search_a_person_at_the_side_and_back(visit: Callable[..., Page], shop: Shop) -> None:
    page = visit("alice", "/people?who=all")
    page.get_by_label("Search people").fill("astrid")
    expect(page.locator("#export-list [name=address]")).to_have_value("q=astrid&who=all")
    assert asked(page) == {"who": ["all"], "q": ["astrid"]}
    found = page.locator("#list [data-row]")
    found.first.click()
    expect(page.locator("#peek .name")).to_contain_text("Astrid")
    assert set(asked(page)) == {"who", "q", "peek"}
    page.go_back()
    expect(page.locator("#peek .name")).to_have_count(0)
    assert asked(page) == {"who": ["all"], "q": ["astrid"]}
    page.go_forward()
    expect(page.locator("#peek .name")).to_contain_text("Astrid")
    page.keyboard.press("Escape")
    expect(page.locator("#peek .name")).to_have_count(0)
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("button", name="Filter by groups (AND, OR)").click()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip.filter")).to_contain_text("has a value")
    assert {"who", "q", "filter"} == set(asked(page))
