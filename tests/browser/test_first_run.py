"""A new installation: whole while nothing is in it, and the way from its first start to the first event."""

import re
import subprocess
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Watch
from tests.browser.conftest import FAST, PASSWORD, SIZES
from tests.browser.looking import axe_faults, wider_than_the_screen
from tests.scenarios.installation import Installation, installed

EMPTY: Final = ("people", "people?who=all", "events", "violations", "privacy", "notifications", "settings/users")
"""Pages that look another way while there is nothing to show."""


@pytest.fixture(scope="module")
def new() -> Iterator[Installation]:
    """Nobody signed in yet, nothing was sent."""
    with installed(FAST) as one:
        yield one


@pytest.mark.timeout(300)
def test_from_the_first_start_to_the_first_event(new: Installation, browser: Browser) -> None:
    width, height = SIZES["desk"]
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    watch, page = Watch(context, {urlsplit(new.web).netloc}), context.new_page()
    set_up(page, new)
    look_at_empty_pages(page, new)
    page.goto(new.web)
    page.locator(".todo").get_by_role("link", name="Make", exact=True).click()
    page.locator("label.kind:has([value=server])").click()
    page.locator("[name=name]").fill("Shop back end")
    page.get_by_role("button", name="Create source and key").click()
    stream = context.new_page()
    stream.goto(f"{new.web}/events")  # in another tab, as one does
    code = page.locator("#snippet-curl").text_content()
    assert code
    subprocess.run(["/bin/sh", "-c", code], check=True, capture_output=True, timeout=30)
    row = stream.locator("#stream .evt a").first
    expect(row).to_have_text("identify")  # by itself
    row.click()
    stream.locator("#detail .trail a[href^='/people/']").first.click()  # whose it became
    expect(stream.locator("#record .name")).to_have_text("Ada Lovelace")
    expect(stream.get_by_text("ada@example.com").first).to_be_visible()
    page.goto(new.web)
    expect(page.locator(".todo .done").filter(has_text="event")).to_be_visible()
    context.close()
    assert watch.faults == []


def set_up(page: Page, new: Installation) -> None:
    """The first administrator, by the address that was printed."""
    printed = re.search(r"first, set up (\S+)", new.log.read_text("utf-8"))
    assert printed
    page.goto(printed[1].replace("localhost", "127.0.0.1"))
    assert axe_faults(page) == []
    page.get_by_label("Your user name").fill("alice")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_label("Name", exact=True).fill("Norrland Outfitters")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="Set up")).to_be_visible()  # what is to be done first


def look_at_empty_pages(page: Page, new: Installation) -> None:
    """Nothing is broken or too wide where nothing is."""
    for path in EMPTY:
        page.goto(f"{new.web}/{path}")
        seen = f"/{path} while nothing is there"
        assert axe_faults(page) == [], seen
        for size in ("phone", "desk"):
            width, height = SIZES[size]
            page.set_viewport_size({"width": width, "height": height})
            assert wider_than_the_screen(page) == [], seen
