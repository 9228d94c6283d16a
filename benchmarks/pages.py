"""`record_p95`, `first_load_kb`: what somebody at a browser waits for.

The record page is asked for as the browser does it, one after the other, of people taken at random from those with
events. The first load is that of Chromium, after signing in, with an empty cache.
"""

import http.client
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, BrowserContext

from benchmarks.figures import Measuring, percentile, tell_times
from benchmarks.installation import Running, environment
from benchmarks.scale import Scale
from onefold.profiles.ids import to_text
from tests.browser.chromium import chromium, sign_in

USER: Final = "benchmarks"
PASSWORD: Final = "benchmarks of pages"  # noqa: S105 of a database that lives for minutes
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
            "select distinct n.prof from event e join node n on n.h = e.fragment where n.prof is not null limit %s",
            [20 * scale.record_pages],
        ).fetchall()
    people = [to_text(prof) for (prof,) in rows]
    random.Random(1).shuffle(people)  # noqa: S311 which people doesn't matter
    connection = http.client.HTTPConnection("127.0.0.1", running.web_port, timeout=60)
    times = [_answer_ms(connection, f"/people/{one}", session) for one in people[: scale.record_pages]]
    connection.close()
    tell_times("record pages", times)
    return percentile(times, 0.95)


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
