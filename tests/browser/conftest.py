"""A browser at a running installation, signed in per role. What goes wrong in a page fails the test that opened it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from onefold.config import load_settings
from onefold.programs.demo import storefront
from tests.browser.audiences import add_audiences, consents
from tests.browser.chromium import Watch, chromium, sign_in
from tests.browser.customers import awful, customers
from tests.browser.sales import add_sales
from tests.scenarios.installation import COMMAND, Installation, Origin, installed, lasting_port

PASSWORD: Final = "correct horse battery staple"
USERS: Final = {"alice": ["--admin"], "rita": ["--admin"], "bob": [], "keeper": []}
SIZES: Final = {"desk": (1440, 900), "phone": (390, 844)}
BATCH: Final = 100
TEST_TIMEOUT_S: Final = 240  # the first one waits for the installation and the browser
HERE: Final = Path(__file__).parent
FAST: Final = {"ONEFOLD_LOG_LEVEL": "warning", "ONEFOLD_PROCESSOR_MIN_INTERVAL_MS": "20"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers on a busy machine are slow."""
    for item in items:
        if HERE in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S))


@dataclass
class Shop:
    """A running installation with customers. `states`: what a browser keeps after signing in, by user."""

    installation: Installation
    website: Origin
    backend: Origin
    states: dict[str, StorageState] = field(default_factory=dict)

    @property
    def web(self) -> str:
        return self.installation.web

    def send(self, *events: dict[str, Any]) -> None:
        """Events of the back end; returns when they are processed."""
        for place in range(0, len(events), BATCH):
            body = {"batch": list(events[place : place + BATCH])}
            self.installation.post(self.backend, body)
        self.installation.settle()


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    """Running, with customers and users."""
    with installed(FAST) as installation:
        make_users(installation)
        website = installation.new_source("web-shop", name="Web shop", kind="browser")
        one = Shop(installation, website, installation.new_source("back-end", name="Shop back end"))
        now = datetime.now(UTC)
        one.send(*customers(now), *awful(now), *consents())
        add_audiences(installation)
        add_sales(installation)
        yield one


@pytest.fixture(scope="session")
def storefront_url(shop: Shop) -> str:
    """The sample shop's website, whose events come to this installation."""
    origin = shop.installation.new_source("storefront", kind="browser", key_kind="public")
    names = ("ONEFOLD_WEB_PORT", "ONEFOLD_COLLECTOR_PORT")
    ports = {name: shop.installation.environ[name] for name in names}
    return storefront.start(load_settings(ports | {"ONEFOLD_DEMO_PORT": str(lasting_port())}), origin.key).rstrip("/")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A module's own: while it runs, the thread has an event loop, which Django's tests would object to."""
    with chromium() as one:
        yield one


@pytest.fixture
def visit(browser: Browser, shop: Shop) -> Iterator[Callable[..., Page]]:
    """`visit("bob", "/people", size="phone", theme="dark")`: a page in a browser of that user's; "" = not signed in."""
    contexts: list[BrowserContext] = []

    def open_page(user: str, path: str = "", *, size: str = "desk", theme: Any = "light") -> Page:
        context, watch = new_context(browser, shop, size=size, theme=theme, state=state_of(browser, shop, user))
        contexts.append(context)
        page = context.new_page()
        watches[page] = watch
        if path:
            page.goto(shop.web + path)
        return page

    yield open_page
    faults = [
        fault for context in contexts for page in context.pages if page in watches for fault in watches[page].faults
    ]
    for context in contexts:
        context.close()
    assert faults == []


watches: dict[Page, Watch] = {}
"""Of every page that `visit` opened."""


def state_of(browser: Browser, shop: Shop, user: str) -> StorageState | None:
    """What the browser of a signed-in user keeps; signs in at the first time."""
    if user and user not in shop.states:
        context, watch = new_context(browser, shop)
        sign_in(context.new_page(), shop.web, user, PASSWORD)
        shop.states[user] = context.storage_state()
        context.close()
        assert watch.faults == []
    return shop.states.get(user)


def new_context(
    browser: Browser, shop: Shop, *, size: str = "desk", theme: Any = "light", state: StorageState | None = None
) -> tuple[BrowserContext, Watch]:
    """A browser profile of its own, and its watch."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, storage_state=state, reduced_motion="reduce"
    )
    return context, Watch(context, {urlsplit(shop.web).netloc, urlsplit(shop.installation.collector).netloc})


def make_users(installation: Installation) -> None:
    """All at once: each takes seconds, most of them to start Python."""
    started = [
        subprocess.Popen(
            [COMMAND, "createuser", name, "--password-stdin", *more], env=installation.environ, stdin=subprocess.PIPE
        )
        for name, more in USERS.items()
    ]
    for process in started:
        process.communicate(PASSWORD.encode() + os.linesep.encode(), timeout=60)
        assert process.returncode == 0
