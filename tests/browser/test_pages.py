"""Every page there is, with good and awful data: whole on desk and phone, in both themes, by keyboard."""

from collections.abc import Callable, Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Watch
from tests.browser.conftest import SIZES, Shop, new_context, state_of
from tests.browser.looking import addresses, axe_faults, may_be_missing, not_for_the_keyboard, wider_than_the_screen
from tests.web.door_kinds import ANYONE
from tests.web.doors import DOORS

MORE: Final = [
    "people?q=awful&who=all",
    "events?open=v1",
    "people?q=nobody-has-this-name",
    "people/0000000000000000",
    "no/such/page",
]
"""Pages in other states: nothing found, nothing there."""


Tab = tuple[Page, Watch]


@pytest.fixture(scope="module")
def tab_of(browser: Browser, shop: Shop) -> Iterator[Callable[[str], Tab]]:
    """A user's browser, which keeps styles and scripts from one page to the next; "" = not signed in."""
    tabs: dict[str, Tab] = {}

    def tab(user: str) -> Tab:
        if user not in tabs:
            context, watch = new_context(browser, shop, state=state_of(browser, shop, user))
            tabs[user] = context.new_page(), watch
        page, watch = tabs[user]
        watch.forget()
        width, height = SIZES["desk"]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        return page, watch

    yield tab
    for page, _ in tabs.values():
        page.context.close()


@pytest.mark.parametrize("path", [*addresses(), *MORE])
def test_a_page_is_whole(path: str, tab_of: Callable[[str], Tab], shop: Shop) -> None:
    page, watch = tab_of("" if DOORS.get(path, {}).get("GET") == ANYONE else "alice")
    answer = page.request.get(f"{shop.web}/{path}")
    is_missing = answer.status != 200 and (path in MORE or may_be_missing(path))
    assert answer.status == 200 or is_missing, f"/{path}: {answer.status}. Where is one? Say it in looking.PLACES."
    if "<html" not in answer.text():
        return  # a piece of a page, or no page at all
    if is_missing:
        watch.forgive("the server responded with a status of 4")
    page.goto(f"{shop.web}/{path}")
    page.wait_for_timeout(100)  # for what loads afterwards
    look_closely(page)
    assert watch.faults == []


def look_closely(page: Page) -> None:
    """At what it shows now."""
    assert axe_faults(page) == []
    assert not_for_the_keyboard(page) == []
    assert wider_than_the_screen(page) == []
    page.emulate_media(color_scheme="dark")
    assert axe_faults(page, "color-contrast") == []
    width, height = SIZES["phone"]
    page.set_viewport_size({"width": width, "height": height})
    assert wider_than_the_screen(page) == []
