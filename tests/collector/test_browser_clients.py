"""The real browser libraries in a real browser: their calls arrive, and nobody but the collector is asked."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from psycopg import Connection

from onefold.events.api import update_source
from tests.browser.chromium import Watch, chromium
from tests.collector.conftest import Sender
from tests.collector.running import RunningCollector
from tests.demo.snippets import snippets
from tests.node import node_modules
from tests.waiting import wait_until

CLIENTS: Final = Path(__file__).parents[1] / "clients"
RUDDER: Final = "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js"
CALLS: Final = Counter({("page", ""): 1, ("track", "Product Viewed"): 1, ("track", "Order Completed"): 1,
                        ("identify", ""): 1, ("group", ""): 1})  # fmt: skip


class _Pages(BaseHTTPRequestHandler):
    def __init__(self, files: dict[str, bytes], *arguments: Any) -> None:
        self._files = files
        super().__init__(*arguments)

    def do_GET(self) -> None:
        body = self._files.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("content-type", "text/javascript" if self.path.endswith(".js") else "text/html")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def site(files: dict[str, bytes]) -> Iterator[str]:
    """A website with these files; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, files))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def page_of(name: str, collector: RunningCollector, keys: dict[str, str]) -> bytes:
    """A page that uses a client."""
    text = (CLIENTS / name).read_text("utf-8")
    return text.replace("BASE", collector.base).replace("KEY", keys["public"]).encode()


def calls_of(sender: Sender) -> Counter[tuple[str, str]]:
    good, bad = sender.stored()
    assert bad == []
    return Counter((event.kind.name.lower(), event.name if event.kind.name == "TRACK" else "") for event in good)


@pytest.mark.parametrize("name", ["analytics_next.html", "segment_snippet.html", "rudder_browser.html"])
def test_calls_arrive_and_no_other_host_is_asked(
    collector: RunningCollector, sender: Sender, keys: dict[str, str], name: str
) -> None:
    files = {"/": page_of(name, collector, keys), "/favicon.ico": b""}
    if name == "rudder_browser.html":
        files["/rudder.js"] = (node_modules() / RUDDER).read_bytes()
    with site(files) as address, chromium() as browser, browser.new_context() as context:
        watch = Watch(context, {urlsplit(address).netloc, urlsplit(collector.base).netloc})
        context.new_page().goto(address)
        wait_until(lambda: calls_of(sender).total() >= CALLS.total(), 20, "the page's calls")
        assert watch.faults == []
    assert calls_of(sender) == CALLS
    bodies = sender.bodies()
    assert len({body["anonymousId"] for body in bodies}) == 1
    assert len({body["messageId"] for body in bodies}) == len(bodies)
    (traits,) = [body.get("traits") or body["context"]["traits"] for body in bodies if body["type"] == "identify"]
    assert traits["shoeSize"] == 38.5
    assert all(body["context"]["page"]["url"].startswith(address) for body in bodies)


def test_the_line_of_the_how_to_works(collector: RunningCollector, sender: Sender, keys: dict[str, str]) -> None:
    blocks = {block.language: block.text for block in reversed(list(snippets("docs/howto/collect-from-a-browser.md")))}
    line = blocks["html"].replace("http://127.0.0.1:8088", collector.base).replace('"KEY"', f'"{keys["public"]}"')
    page = f"<!doctype html><head>{line}</head><body><script>{blocks['js']}</script>"
    files = {"/": page.encode(), "/favicon.ico": b""}
    with site(files) as address, chromium() as browser, browser.new_context() as context:
        watch = Watch(context, {urlsplit(address).netloc, urlsplit(collector.base).netloc})
        context.new_page().goto(address)
        wait_until(partial(_has_calls, sender, 3), 20, "the page's calls")
        assert watch.faults == []
    kinds = Counter(event.kind.name for event in sender.stored()[0])
    assert kinds == {"PAGE": 1, "TRACK": 1, "IDENTIFY": 1}


def test_a_browser_that_lost_its_storage_is_known_again_by_its_cookie(
    collector: RunningCollector, sender: Sender, keys: dict[str, str], db: Connection[Any]
) -> None:
    update_source(db, "site", {"id_cookie": True}, acting_user="alice")
    collector.refresh()
    library = f'<script src="{collector.base}/onefold.js" data-write-key="{keys["public"]}"></script>'
    pages = {"/": library.encode(), "/favicon.ico": b""}
    with site(pages) as address, chromium() as browser, browser.new_context() as context:
        page = context.new_page()
        for visits in (1, 2, 3):
            page.goto(address)
            wait_until(partial(_has_calls, sender, visits), 20, "the visit")
            assert "of_id" not in page.evaluate("document.cookie")
            if visits == 2:
                page.evaluate("localStorage.clear()")
                context.clear_cookies(name="ajs_anonymous_id")
        (cookie,) = [one for one in context.cookies(collector.base) if one["name"] == "of_id"]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    first, second, third = sender.stored()[0]
    assert first.device_id is None
    assert second.device_id == third.device_id == f"of-{cookie['value']}"
    assert first.anonymous_id == second.anonymous_id != third.anonymous_id


def _has_calls(sender: Sender, count: int) -> bool:
    return calls_of(sender).total() >= count
