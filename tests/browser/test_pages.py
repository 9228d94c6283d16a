"""Every page there is, with good and awful data: whole on desk and phone, in both themes, and no fault for axe-core."""

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import SIZES, Shop, watches
from tests.browser.customers import ASTRID, AWFUL, COMPANY
from tests.node import node_modules
from tests.web.doors import ANYONE, DOORS
from tests.web.reading import person

PERSON: Final = person(ASTRID).rpartition("/")[2]
AWFUL_PERSON: Final = person(AWFUL).rpartition("/")[2]
VALUES: Final = {"slug": "back-end", "key_id": "1"}
PLACES: Final = {
    "companies/<path:identifier>": [f"companies/:{COMPANY}", "companies/:<b>"],
    "jump": ["jump?q=astrid"],
}
"""Addresses of routes whose parameters don't say what they are."""
MORE: Final = ["people?q=awful&who=all", "people?q=nobody-has-this-name", "people/0000000000000000", "no/such/page"]
"""The same pages in other states: nothing found, nothing there."""
SERIOUS: Final = {"serious", "critical"}
AXE: Final = """async (colours) => {
  const only = colours ? {runOnly: ["color-contrast"]} : {};
  const found = await axe.run(document, {resultTypes: ["violations"], ...only});
  const told = ({html, any}) => [html.slice(0, 200), ...any.map((one) => one.message)];
  return found.violations.map(({id, impact, nodes}) => ({id, impact, nodes: nodes.slice(0, 5).map(told)}));
}"""


def addresses() -> list[str]:
    """One or more of every route that is looked at, without the API's answers."""
    found = []
    for route, door in DOORS.items():
        if "GET" in door and (not route.startswith("api/") or route == "api/docs"):
            found += PLACES.get(route) or _filled(route)
    return [*found, *MORE]


def _filled(route: str) -> list[str]:
    if route.startswith("people/<str:identifier>"):
        rest = route.removeprefix("people/<str:identifier>")
        return [f"people/{one}{rest}" for one in (PERSON, AWFUL_PERSON)]
    return [re.sub(r"<(?:\w+:)?(\w+)>", lambda found: VALUES[found[1]], route)]


@pytest.fixture(scope="session")
def axe() -> str:
    """The script."""
    return (node_modules() / "axe-core" / "axe.min.js").read_text("utf-8")


def faults_for_axe(page: Page, axe: str, *, colours_only: bool = False) -> list[Any]:
    """What is serious or worse."""
    if not page.evaluate("() => !!window.axe"):
        page.evaluate(axe)
    return [fault for fault in page.evaluate(AXE, colours_only) if fault["impact"] in SERIOUS]


def wider_than_the_screen(page: Page) -> list[str]:
    """What sticks out to the right, if the page can be scrolled there."""
    return list(
        page.evaluate(
            """() => {
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              return [...document.querySelectorAll("body *")]
                .filter((one) => one.getBoundingClientRect().right > width + 1)
                .slice(0, 8).map((one) => one.outerHTML.slice(0, 160));
            }"""
        )
    )


@pytest.mark.parametrize("path", addresses())
def test_a_page_is_whole(path: str, visit: Callable[..., Page], shop: Shop, axe: str) -> None:
    page = visit("" if DOORS.get(path, {}).get("GET") == ANYONE else "alice")
    answer = page.request.get(f"{shop.web}/{path}")
    assert answer.status == 200 or path in MORE, f"/{path}: {answer.status}. Where is one? Say it in PLACES."
    if "<html" not in answer.text():
        return  # a piece of a page, or no page at all
    watches[page].forgive(r"status of 404 .*/(no/such/page|people/0+)")
    page.goto(f"{shop.web}/{path}")
    page.wait_for_timeout(100)  # for what loads afterwards
    assert faults_for_axe(page, axe) == []
    assert wider_than_the_screen(page) == []
    page.emulate_media(color_scheme="dark")
    assert faults_for_axe(page, axe, colours_only=True) == []
    width, height = SIZES["phone"]
    page.set_viewport_size({"width": width, "height": height})
    assert wider_than_the_screen(page) == []
