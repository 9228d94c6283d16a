"""What is looked at on a page: faults for axe-core, what is wider than the screen, what is not for the keyboard."""

import re
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from tests.browser.customers import ASTRID, AWFUL, COMPANY
from tests.node import node_modules
from tests.web.doors import DOORS
from tests.web.doors import VALUES as NOWHERE
from tests.web.reading import person

PERSON: Final = person(ASTRID).rpartition("/")[2]
AWFUL_PERSON: Final = person(AWFUL).rpartition("/")[2]
PEOPLE: Final = "people/<str:identifier>"
VALUES: Final = {"slug": "back-end", "key_id": "1", "user_id": "1"}
"""What is there. For what has no value here (a code, a token) there is none in an address either."""
PLACES: Final = {
    "companies/<path:identifier>": [f"companies/:{COMPANY}", "companies/:<b>"],
    "audiences/<int:number>": ["audiences/1", "audiences/2"],
    "audiences/<int:number>/history": ["audiences/1/history", "audiences/2/history"],
    "audiences/<int:number>/versions": ["audiences/1/versions", "audiences/2/versions"],
    "duplicates": ["duplicates", "duplicates?show=decided"],
    "duplicates/compare": [f"duplicates/compare?a={PERSON}&b={AWFUL_PERSON}"],
    "duplicates/companies": ["duplicates/companies", "duplicates/companies?show=decided"],
    "duplicates/companies/compare": [f"duplicates/companies/compare?a=:{COMPANY}&b=:%3Cb%3E"],
    "companies/bulk/input": ["companies/bulk/input?field=owner"],
    "people/bulk/input": ["people/bulk/input?field=owner"],
    "records/of/person/<str:identifier>/fields": [f"records/of/person/{PERSON}/fields"],
    "records/of/person/<str:identifier>/fields/<slug:name>": [f"records/of/person/{PERSON}/fields/owner"],
    "records/of/person/<str:identifier>/fields/<slug:name>/edit": [f"records/of/person/{PERSON}/fields/owner/edit"],
    "companies/why": [f"companies/why?company=:{COMPANY}&name=name"],
    "companies/field": [f"companies/field?company=:{COMPANY}&name=name"],
    "companies/field/edit": [f"companies/field/edit?company=:{COMPANY}&name=name"],
    **{f"{route}/<int:number>": [f"{route}/1", f"{route}/2"] for route in ("deals", "tasks", "activities", "products")},
    **{
        f"records/<slug:object_name>/<int:number>{end}": [f"records/deal/1{end}", f"records/deal/2{end}"]
        for end in ("", "/shares", "/fields/name", "/fields/name/edit")
    },
    "deals": ["deals", "deals?peek=1", "deals?peek=2"],
    "tasks": ["tasks", "tasks?peek=2"],
    "deals/lanes/<int:stage>": ["deals/lanes/1"],
    "records/of/deal/<int:number>": ["records/of/deal/1", "records/of/deal/2"],
    "activities/<int:number>/told": ["activities/1/told", "activities/2/told"],
    **{
        f"{route}/bulk/input": [f"{place}/bulk/input?field=owner"]
        for route, place in (
            ("deals", "deals"),
            ("tasks", "tasks"),
            ("activities", "activities"),
            ("products", "products"),
            ("records/<slug:object_name>", "records/deal"),
        )
    },
    "events/one": ["events/one?open=v1"],
    "jump": ["jump?q=astrid"],
    "violations/replay": ["violations/replay?reason=type_unknown", "violations/replay?id=1"],
}
"""Addresses of routes whose parameters don't say what they are."""
FOR_THE_SECOND_FACTOR: Final = frozenset(
    f"account/second-factor/{part}/" for part in ("totp/deactivate", "recovery-codes", "recovery-codes/download")
)
"""Theirs only who have set one up."""
SERIOUS: Final = {"serious", "critical"}
_SCRIPT: Final = Path(__file__).with_suffix(".js").read_text("utf-8")


def addresses() -> list[str]:
    """One or more of every route that is looked at: not the API's answers, nor what is only sent."""
    found = []
    for route, door in DOORS.items():
        if "GET" in door and (not route.startswith("api/") or route == "api/docs"):
            found += PLACES.get(route) or _filled(route)
    return found


def _filled(route: str) -> list[str]:
    if route.startswith(PEOPLE):
        return [f"people/{one}{route.removeprefix(PEOPLE)}" for one in (PERSON, AWFUL_PERSON)]
    known = NOWHERE | VALUES
    return [re.sub(r"<(?:\w+:)?(\w+)>", lambda found: known[found[1]], route)]


def may_be_missing(path: str) -> bool:
    """Whether the address holds a value that nothing has, so that the page may say so."""
    return path in FOR_THE_SECOND_FACTOR or any(
        value in path for name, value in NOWHERE.items() if name not in VALUES and value != VALUES["slug"]
    )


def ask(page: Page, question: str, argument: object = None) -> list[Any]:
    """What a function of looking.js answers."""
    return list(page.evaluate(f"(argument) => {_SCRIPT.strip()}.{question}(argument)", argument))


def axe_faults(page: Page, *rules: str) -> list[Any]:
    """What axe-core finds serious or worse, by all of its rules or only these."""
    if not page.evaluate("() => !!window.axe"):
        page.evaluate((node_modules() / "axe-core" / "axe.min.js").read_text("utf-8"))
    return [fault for fault in ask(page, "axe", rules) if fault["impact"] in SERIOUS]


def wider_than_the_screen(page: Page) -> list[str]:
    """What sticks out to the right, if the page can be scrolled there."""
    return ask(page, "wider")


def not_for_the_keyboard(page: Page) -> list[str]:
    """Actions that Tab doesn't come to, and those where one can't see that it did."""
    return ask(page, "keyboard")
