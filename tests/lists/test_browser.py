"""The scripts of lists, at a list of boats in Chromium."""

import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import Client
from playwright.sync_api import Page, expect

from tests.browser.chromium import Watch, chromium

BOATS = "/harbours/rostock/boats"


class Silent(WSGIRequestHandler):
    """Tells nothing of each request."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web(alice: Client) -> Iterator[str]:
    """Where this process serves."""
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Silent) as server:

        def serve() -> None:
            server.serve_forever()
            connections.close_all()  # this thread's

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def boats(alice: Client, web: str) -> Iterator[Page]:
    """The list, by Alice."""
    ((name, session),) = ((name, one.value) for name, one in alice.cookies.items())
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": name, "value": session, "url": web}])
        watch = Watch(context, {urlsplit(web).netloc})
        page = context.new_page()
        page.goto(web + BOATS)
        yield page
        context.close()
    assert watch.faults == []


def asked(page: Page) -> dict[str, list[str]]:
    address = urlsplit(page.url)
    assert address.path == BOATS
    return parse_qs(address.query)


@pytest.mark.timeout(240)
def test_options_the_side_widths_and_ticks(boats: Page) -> None:
    boats.get_by_role("button", name="Filter", exact=True).click()
    boats.get_by_role("button", name="Rig").click()
    boats.get_by_label("Sloop").check()
    boats.get_by_label("Ketch").check()
    boats.get_by_role("button", name="Apply").click()
    expect(boats.locator(".chip.filter")).to_contain_text("Sloop, Ketch")
    expect(boats.locator("[data-row]")).to_have_count(2)

    boats.get_by_role("button", name="Filter", exact=True).click()
    boats.get_by_role("button", name="Filter by groups (AND, OR)").click()
    row = boats.locator(".tree-row")
    expect(row.get_by_label("Sloop")).to_be_checked()
    row.get_by_label("Sloop").uncheck()
    row.get_by_label("Three masts").check()
    boats.get_by_role("button", name="Apply").click()
    expect(boats.locator(".chip.filter")).to_contain_text("Ketch, Three masts")
    assert set(asked(boats)) == {"filter"}

    boats.locator("[data-row]").first.locator("td").last.click()
    expect(boats.locator("#peek .name")).to_have_text("Bertha")
    expect(boats.locator("[data-peek-place]")).to_have_text("1 / 2")
    boats.keyboard.press("j")
    expect(boats.locator("#peek .name")).to_have_text("Clara")
    assert asked(boats)["peek"] == ["c"]
    boats.keyboard.press("Escape")
    expect(boats.locator("#peek .name")).to_have_count(0)

    boats.get_by_label("Select all on this page").check()
    expect(boats.locator("[data-picked]")).to_have_text("2")
    expect(boats.locator("#selbar [name=ids]")).to_have_value("b,c")
    grip = boats.locator("[data-column=title] .grip")
    box = grip.bounding_box()
    assert box
    boats.mouse.move(box["x"] + 4, box["y"] + 4)
    boats.mouse.down()
    boats.mouse.move(box["x"] + 64, box["y"] + 4)
    with boats.expect_navigation():
        boats.mouse.up()
    assert asked(boats)["col"][0].startswith("title~")
