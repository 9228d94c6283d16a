"""No route without a word about who may use it (tests/web/test_doors.py then knocks)."""

import re

from tests.web.doors import DOORS, HOW_TO, VALUES, api_methods, routes


def test_every_route_has_an_entry() -> None:
    missing = sorted(set(routes()) - set(DOORS))
    assert missing == [], f"Nobody said who may use these routes. {HOW_TO}"


def test_every_entry_has_its_route() -> None:
    assert sorted(set(DOORS) - set(routes())) == [], "tests/web/doors.py speaks of routes that there are not"


def test_every_method_of_the_api_has_an_entry() -> None:
    assert {route: set(DOORS[route]) for route in api_methods()} == api_methods(), HOW_TO


def test_every_parameter_has_a_value() -> None:
    used = {name for route in DOORS for name in re.findall(r"<(?:\w+:)?(\w+)>", route)}
    assert sorted(used - set(VALUES)) == [], "Give these parameters a value in VALUES of tests/web/doors.py"
