"""What the installation of the browser tests has of the CRM: of every object one good record and an awful one."""

import os
import subprocess
import sys
from typing import Any, Final

import django

from onefold.config import use_django
from onefold.crm.api import STANDARD, Doing, Reach, Viewer, create_records
from onefold.infra.postgres import connect
from tests.browser.customers import ASTRID, AWFUL, COMPANY, MARKUP, WORD
from tests.scenarios.installation import Installation
from tests.web.reading import person

GOOD: Final = 1
BAD: Final = 2
"""Numbers of the records of each object: `deals/1`, `deals/2`."""
_NAME: Final = f"{MARKUP} \u202e مرحبا 👩‍👩‍👧‍👦 {WORD}"[:500]
_LONG: Final = f"{MARKUP}\n{WORD}\n\u202e مرحبا\n" * 100


def add_sales(installation: Installation) -> None:
    """Made by a process of its own: what writes records asks Django, which here belongs to another database."""
    environ = {**installation.environ, "DATABASE_URL": installation.url}
    subprocess.run([sys.executable, "-m", "tests.browser.sales"], env=environ, check=True, timeout=60)
    installation.settle()


def main(url: str) -> None:
    """Written as programs write: checked, with history and facts in the log."""
    viewer = Viewer(name="user:alice", user_id=None, usual=dict.fromkeys(Doing, Reach.ALL))
    who, awful = (person(one).rpartition("/")[2] for one in (ASTRID, AWFUL))
    rows: dict[str, list[dict[str, Any]]] = {
        "product": [
            {"name": "Tundra tent", "code": "TENT-2", "price": "349", "currency": "EUR"},
            {"name": _NAME, "code": WORD[:100], "price": "999999999999999", "currency": "JPY"},
        ],
        "deal": [
            {"name": "Tents for the season", "amount": "12500", "person": who, "company": f":{COMPANY}"},
            {"name": _NAME, "amount": "999999999999999", "person": awful, "company": ":<b>", "next_step": _NAME},
        ],
        "task": [
            {"name": "Ring Astrid", "kind": "call", "due_at": "2026-01-02T09:00:00Z", "deal": GOOD, "person": who},
            {"name": _NAME, "note": _LONG, "due_at": "9999-12-30T23:59:59Z", "deal": BAD, "person": awful},
        ],
        "activity": [
            {
                "name": "First talk", "kind": "call", "at": "2026-01-02T09:00:00Z", "duration_s": 240, "deal": GOOD,
                "person": who, "outcome": "connected", "transcript": "Astrid: Twelve tents, please.",
            },
            {
                "name": _NAME, "kind": "note", "at": "1970-01-01T00:00:00Z", "duration_s": 31_536_000, "deal": BAD,
                "person": awful, "body": _LONG, "transcript": _LONG, "number": "+" + "9" * 40,
            },
        ],
    }  # fmt: skip
    with connect(url, "tests", autocommit=True) as conn:
        for name, many in rows.items():
            done = create_records(conn, STANDARD[name], many, viewer=viewer)
            if done.ids != [GOOD, BAD]:
                raise AssertionError(done)


if __name__ == "__main__":
    use_django()
    django.setup()
    main(os.environ["DATABASE_URL"])
