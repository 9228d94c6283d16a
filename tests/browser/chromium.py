"""Headless Chromium by Playwright, and a watch over what its pages do."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    WebError,
    sync_playwright,
)

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS: Final = (
    "--no-sandbox",  # containers lack what the sandbox needs, and the only pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
MISSING: Final = (
    "The browser tests need Chromium, and none is on the PATH. Debian, Ubuntu: apt-get install -y chromium."
    f" Elsewhere: any of {', '.join(NAMES)}."
)
TIMEOUT_MS: Final = 15_000


def executable() -> str:
    """Path of a Chromium. Raises AssertionError that says what to install."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, MISSING
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser; it ends with the block. Django's ORM can't be used in this thread meanwhile."""
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


class Watch:
    """What goes wrong in a browser context: messages of the console, scripts that break, answers ≥ 500, foreign hosts.

    `forgive` takes what a test provokes on purpose.
    """

    def __init__(self, context: BrowserContext, hosts: set[str]) -> None:
        self.hosts = hosts
        self.asked: list[str] = []
        self._faults: list[str] = []
        self._forgiven: list[str] = []
        context.set_default_timeout(TIMEOUT_MS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("response", self._response)

    def forgive(self, pattern: str) -> None:
        """Faults that match the pattern are no faults."""
        self._forgiven.append(pattern)

    def forget(self) -> None:
        """What was before is another test's."""
        self._faults.clear()
        self._forgiven.clear()

    @property
    def faults(self) -> list[str]:
        """What went wrong and wasn't forgiven."""
        return [fault for fault in self._faults if not any(re.search(one, fault) for one in self._forgiven)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            place: Any = message.location
            self._faults.append(f"console {message.type}: {message.text} ({place.get('url')})")

    def _error(self, error: WebError) -> None:
        self._faults.append(f"script: {error.error}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self.asked.append(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc not in self.hosts:
            self._faults.append(f"another host was asked: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self._faults.append(f"{response.status}: {response.url}")


def sign_in(page: Page, base: str, name: str, password: str) -> None:
    """By the form, as a person does."""
    page.goto(f"{base}/signin")
    page.locator("input[autocomplete=username], input[name=username], input[name=login]").first.fill(name)
    page.locator("input[type=password]").fill(password)
    page.locator("input[type=password]").press("Enter")
    page.wait_for_url(lambda url: "/signin" not in url)
