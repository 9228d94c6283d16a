"""`record_p95`, `live_to_page`, `first_load_kb`: what somebody at a browser waits for.

The record page is asked for as the browser does it, one after the other, of people taken at random from those with
events. The other two need Chromium: the first page after signing in with an empty cache, and a click on a page of a
shop with the collector's script in it, while the visitor's record page stands open in another tab.
"""

import http.client
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.figures import Measuring, percentile, tell_times
from benchmarks.installation import SHOP, Running, environment, wait_until
from benchmarks.scale import Scale
from onefold.events.api import create_key
from onefold.profiles.ids import to_text
from tests.browser.chromium import chromium, sign_in

USER: Final = "benchmarks"
PASSWORD: Final = "benchmarks of pages"  # noqa: S105 of a database that lives for minutes
SEEN_WITHIN_S: Final = 20.0
VISITOR: Final = "page-visitor"
CHARTS: Final = ("echarts.js", "cytoscape.js")


def figures(scale: Scale, running: Running, wanted: set[str]) -> Measuring:
    """Those that are wanted."""
    _make_user(running)
    base = f"http://127.0.0.1:{running.web_port}"
    with chromium() as browser, _signed_in(browser, base) as context:
        session = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in context.cookies())
        if "first_load_kb" in wanted:
            yield "first_load_kb", first_load_kb(browser, context, base)
        if "record_p95" in wanted:
            yield "record_p95", record_p95(scale, running, session)
        if "live_to_page" in wanted:
            yield "live_to_page", live_to_page(scale, running, context, base)


def first_load_kb(browser: Browser, signed_in: BrowserContext, base: str) -> float:
    """Kilobytes (1000) of script and style that come over the line for the first page, charts apart."""
    context = browser.new_context(storage_state=signed_in.storage_state())
    page = context.new_page()
    page.goto(base, wait_until="networkidle")
    sizes = page.evaluate(
        "() => performance.getEntriesByType('resource').map(({name, encodedBodySize}) => [name, encodedBodySize])"
    )
    context.close()
    counted = [(name.rpartition("/")[2], size) for name, size in sizes if re.search(r"\.(js|css)(\?|$)", name)]
    print(f"  first page: {', '.join(f'{name} {size:,}' for name, size in counted)}", file=sys.stderr)
    return float(sum(size for name, size in counted if name not in CHARTS)) / 1000


def record_p95(scale: Scale, running: Running, session: str) -> float:
    """Milliseconds that the server takes for a record page, on one connection that is kept."""
    with running.connect() as conn:
        rows = conn.execute(
            "select prof from node where n > 0 and prof is not null order by h limit %s",
            [20 * scale.record_pages],
        ).fetchall()
    people = [to_text(prof) for (prof,) in rows]
    random.Random(1).shuffle(people)  # noqa: S311 which people doesn't matter
    connection = http.client.HTTPConnection("127.0.0.1", running.web_port, timeout=60)
    times = [_answer_ms(connection, f"/people/{one}", session) for one in people[: scale.record_pages]]
    connection.close()
    tell_times("record pages", times)
    return percentile(times, 0.95)


def live_to_page(scale: Scale, running: Running, context: BrowserContext, base: str) -> float:
    """Milliseconds from a click in the shop until its event stands on the open record page."""
    with running.connect() as conn:
        key = create_key(conn, SHOP, kind="public", acting_user=USER).text
    with _shop(f"http://127.0.0.1:{running.collector_port}", key) as address:
        shop, record = context.new_page(), context.new_page()
        shop.goto(address)
        shop.click("button")
        question = f"{base}/api/profiles/user_id:{VISITOR}"
        wait_until(lambda: context.request.get(question).ok, SEEN_WITHIN_S, "The visitor's record was not there")
        record.goto(f"{base}/people/{context.request.get(question).json()['profile_id']}")
        times = [_click_ms(shop, record, number) for number in range(2, scale.clicks + 2)]
    tell_times("click to page", times)
    return percentile(times, 0.5)


def _click_ms(shop: Page, record: Page, number: int) -> float:
    began = time.monotonic()
    shop.evaluate("() => document.querySelector('button').click()")
    record.get_by_text(f"Click {number}", exact=True).first.wait_for(timeout=SEEN_WITHIN_S * 1000)
    seconds = time.monotonic() - began
    time.sleep(0.1 + random.random() / 2)  # noqa: S311 so that no poll keeps step with the clicks
    return seconds * 1000


def _answer_ms(connection: http.client.HTTPConnection, path: str, session: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path, headers={"cookie": session, "accept-encoding": "gzip"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"A record page answered {answer.status}.")
    return (time.perf_counter() - began) * 1000


def _make_user(running: Running) -> None:
    command = [sys.executable, "-m", "onefold.programs.cli", "createuser", USER, "--admin", "--password-stdin"]
    subprocess.run(command, env=environment(DATABASE_URL=running.url), input=PASSWORD.encode(), check=True, stdout=2)


@contextmanager
def _signed_in(browser: Browser, base: str) -> Iterator[BrowserContext]:
    context = browser.new_context()
    sign_in(context.new_page(), base, USER, PASSWORD)
    yield context
    context.close()


@contextmanager
def _shop(collector: str, key: str) -> Iterator[str]:
    """A page with the collector's line of script and a button that tells of its clicks."""
    page = (
        f"<!doctype html><title>Shop</title><script src='{collector}/onefold.js' data-write-key='{key}'></script>"
        "<button>Buy</button><script>let n = 0; document.querySelector('button').addEventListener('click', () => {"
        f" if (!n) analytics.identify('{VISITOR}', {{name: 'Page Visitor'}}); analytics.track('Click ' + ++n) }})"
        "</script>"
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 whatever would be logged
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
