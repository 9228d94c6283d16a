"""The twelve main pages in light, in dark and on a phone: whole, and with a picture to be looked at of each."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Shop
from tests.browser.customers import ASTRID, COMPANY
from tests.browser.looking import wider_than_the_screen
from tests.web.reading import person

LOOKS: Final = {"light": ("desk", "light"), "dark": ("desk", "dark"), "phone": ("phone", "light")}
PAGES: Final = {
    "home": "/",
    "my-day": "/my-day",
    "people": "/people",
    "person": person(ASTRID),
    "companies": "/companies",
    "company": f"/companies/:{COMPANY}",
    "deals": "/deals",
    "board": "/deals/board",
    "deal": "/deals/1",
    "tasks": "/tasks",
    "calendar": "/tasks/calendar",
    "reports": "/sales/reports",
}
FOLDER: Final = Path(__file__).parents[2] / "screenshots" / "tests"
"""Git doesn't know it; `make screenshots` puts a demo's beside."""
LEAST_BYTES: Final = 15_000
"""An empty page makes a picture of 5 to 8 kB."""


@pytest.mark.parametrize("look", LOOKS)
def test_the_main_pages_have_their_picture_taken(look: str, visit: Callable[..., Page], shop: Shop) -> None:
    size, theme = LOOKS[look]
    page = visit("alice", size=size, theme=theme)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, path in PAGES.items():
        answer = page.goto(shop.web + path)
        assert answer is not None
        assert answer.status == 200, path
        page.wait_for_load_state("networkidle")
        assert wider_than_the_screen(page) == [], path
        picture = page.screenshot(path=FOLDER / f"{name}-{look}.png")
        assert len(picture) > LEAST_BYTES, path
