"""`make screenshots`: every page, light, dark and on a phone, with a demo's data, with awful ones, with none.

`python -m tests.browser.screenshots FOLDER [PATH …] [--only rich|awful|empty] [--looks light …]`
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import django
from playwright.sync_api import Browser, StorageState
from playwright.sync_api import Error as PlaywrightError

from onefold.config import use_django
from onefold.profiles.ids import to_text

use_django()
django.setup()  # what follows reads the routes of the web program
from tests.browser.audiences import add_audiences  # noqa: E402 as above
from tests.browser.chromium import Watch, chromium, sign_in  # noqa: E402 as above
from tests.browser.conftest import PASSWORD, SIZES, make_users  # noqa: E402 as above
from tests.browser.customers import COMPANY, awful  # noqa: E402 as above
from tests.browser.looking import AWFUL_PERSON, PERSON, addresses  # noqa: E402 as above
from tests.demo.shop import are_filled, demo_folder  # noqa: E402 as above
from tests.scenarios.installation import Installation, installed  # noqa: E402 as above
from tests.waiting import wait_until  # noqa: E402 as above

STATES: Final = ("rich", "awful", "empty")
LOOKS: Final = {"light": ("desk", "light"), "dark": ("desk", "dark"), "phone": ("phone", "light")}
SETTLES_MS: Final = 500
FILLS_S: Final = 90


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes FOLDER/STATE/PAGE-LOOK.png, and tells what went wrong in the pages on standard error."""
    parser = argparse.ArgumentParser(description="Pictures of every page.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=STATES, help="one state of the data instead of all")
    parser.add_argument("--looks", nargs="+", choices=LOOKS, help="these instead of all")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="these addresses instead of every page")
    options = parser.parse_args(arguments)
    for state in [options.only] if options.only else STATES:
        with running(state) as (installation, user, password), chromium() as browser:
            asked = options.paths or addresses()
            found = [place for one in asked if (place := place_of(state, installation, one)) or one == ""]
            take(browser, installation, (user, password), found, options.folder / state, options.looks or LOOKS)


@contextmanager
def running(state: str) -> Iterator[tuple[Installation, str, str]]:
    """An installation in this state, a user and the password."""
    if state == "rich":
        with demo_folder() as demo:
            demo.start()
            wait_until(lambda: are_filled(demo), FILLS_S, "the audiences")
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
            add_audiences(installation)
        yield installation, "alice", PASSWORD


def place_of(state: str, installation: Installation, path: str) -> str:
    """Where that page is with these data; empty where it can't be, because there is nobody."""
    is_awful = AWFUL_PERSON in path or "<b>" in path
    if state == "rich" and not is_awful:
        known = installation.query(
            "select n.prof from event e join node n on n.h = e.fragment join profile p on p.id = n.prof"
            " where p.is_known group by 1 order by count(*) desc limit 1"
        )
        companies = installation.query("select key from company order by n desc limit 1")
        for invented, there in (
            (PERSON, to_text(known[0][0])),
            (COMPANY, companies[0][0]),
            ("back-end", "shop-backend"),
        ):
            path = path.replace(invented, there)
        return path
    if state == "awful":
        return "" if PERSON in path or COMPANY in path else path
    return "" if is_awful or any(one in path for one in (PERSON, COMPANY, "back-end")) else path


def take(
    browser: Browser,
    installation: Installation,
    who: tuple[str, str],
    paths: list[str],
    folder: Path,
    looks: Iterable[str],
) -> None:
    """A picture of each page in each look."""
    folder.mkdir(parents=True, exist_ok=True)
    kept: StorageState | None = None
    for look in looks:
        size, theme = LOOKS[look]
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
            try:
                answer = page.goto(f"{installation.web}/{path}")
            except PlaywrightError as fault:
                if "Download is starting" not in str(fault):
                    raise
                continue
            if answer and answer.status == 200 and "<html" in answer.text():
                page.wait_for_timeout(SETTLES_MS)
                name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:80] or "home"
                page.screenshot(path=folder / f"{name}-{look}.png")
        context.close()
        sys.stderr.writelines(f"{folder.name} {look}: {fault}\n" for fault in watch.faults)


if __name__ == "__main__":
    main()
