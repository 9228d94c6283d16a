"""`make screenshots`: every page, light, dark and on a phone, with a demo's data, with awful ones, with none.

`python -m tests.browser.screenshots FOLDER [--only rich|awful|empty] [PATH …]`
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, StorageState

from tests.browser.chromium import Watch, chromium, sign_in
from tests.browser.conftest import PASSWORD, SIZES, make_users
from tests.browser.customers import awful
from tests.browser.looking import AWFUL_PERSON, PERSON, addresses
from tests.demo.shop import demo_folder
from tests.scenarios.installation import Installation, installed

STATES: Final = ("rich", "awful", "empty")
LOOKS: Final = {"light": ("desk", "light"), "dark": ("desk", "dark"), "phone": ("phone", "light")}
SETTLES_MS: Final = 500


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes FOLDER/STATE/PAGE-LOOK.png, and tells what went wrong in the pages on standard error."""
    parser = argparse.ArgumentParser(description="Pictures of every page.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=STATES, help="one state of the data instead of all")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="these addresses instead of every page")
    options = parser.parse_args(arguments)
    for state in [options.only] if options.only else STATES:
        with running(state) as (installation, user, password), chromium() as browser:
            found = [one for one in options.paths or addresses() if state == "rich" or is_of(state, one)]
            take(browser, installation, (user, password), found, options.folder / state)


@contextmanager
def running(state: str) -> Iterator[tuple[Installation, str, str]]:
    """An installation in this state, a user and the password."""
    if state == "rich":
        with demo_folder() as demo:
            demo.start()
            yield demo, "demo", demo.password()
        return
    with installed({"ONEFOLD_LOG_LEVEL": "warning"}) as installation:
        make_users(installation)
        if state == "awful":
            source = installation.new_source("back-end", name="B" * 200)
            events = list(awful(datetime.now(UTC), traits=5_000, identifiers=300))
            for place in range(0, len(events), 50):
                installation.post(source, {"batch": events[place : place + 50]})
            installation.settle()
        yield installation, "alice", PASSWORD


def is_of(state: str, path: str) -> bool:
    """Whether there is such a page with these data: nobody's when there is nobody."""
    return PERSON not in path and (state == "awful" or "/" not in path or AWFUL_PERSON not in path)


def take(browser: Browser, installation: Installation, who: tuple[str, str], paths: list[str], folder: Path) -> None:
    """A picture of each page in each look."""
    folder.mkdir(parents=True, exist_ok=True)
    kept: StorageState | None = None
    for look, (size, theme) in LOOKS.items():
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=kept,
            reduced_motion="reduce",
        )
        watch, page = Watch(context, {installation.web.removeprefix("http://")}), context.new_page()
        if kept is None:
            sign_in(page, installation.web, *who)
            kept = context.storage_state()
        for path in paths:
            answer = page.goto(f"{installation.web}/{path}")
            if answer and answer.status == 200 and "text/html" in answer.headers.get("content-type", ""):
                page.wait_for_timeout(SETTLES_MS)
                name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:80] or "home"
                page.screenshot(path=folder / f"{name}-{look}.png")
        context.close()
        sys.stderr.writelines(f"{folder.name} {look}: {fault}\n" for fault in watch.faults)


if __name__ == "__main__":
    main()
