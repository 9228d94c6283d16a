"""Knocks at every door of tests/web/doors.py as everyone there is: whom it opens to, and whom it doesn't."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http.response import HttpResponseBase
from django.test import Client

from onefold.accounts.api import KeyHolder, NotAllowed, Permission, Role, create_user, demand, may
from tests.web.conftest import PASSWORD, Shop, signed_in, track
from tests.web.door_kinds import ANYONE, SIGNED_IN, Who
from tests.web.doors import BODIES, DOORS, address, api_methods, routes

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SEE = {Permission.SEE_PEOPLE, Permission.SEE_EVENTS}
EDIT = SEE | {
    Permission.EDIT_PEOPLE,
    Permission.EXPORT_PEOPLE,
    Permission.MANAGE_IDENTITY,
    Permission.EDIT_AUDIENCES,
    Permission.RUN_SQL,
}
SELL = SEE | {Permission.SEE_RECORDS, Permission.EDIT_RECORDS, Permission.EDIT_PEOPLE}
RIGHTS: dict[str, set[Permission]] = {
    "nobody": set(),
    "viewer": SEE | {Permission.SEE_RECORDS},
    "salesperson": SELL | {Permission.SEE_PERSONAL_DATA},
    "sales lead": SELL | {Permission.EXPORT_PEOPLE, Permission.SEE_PERSONAL_DATA},
    "editor": EDIT | {Permission.SEE_RECORDS, Permission.EDIT_RECORDS, Permission.SEE_PERSONAL_DATA},
    "administrator": set(Permission) - {Permission.REVEAL_PERSONAL_DATA},  # they see without asking
    "key to write": set(),
    "key to read": SEE | {Permission.SEE_PERSONAL_DATA},
    "key to decide": EDIT | {Permission.SEE_PERSONAL_DATA, Permission.ERASE_PEOPLE},
}
"""What each role may do. A new permission belongs to somebody: say here to whom."""


class Caller(NamedTuple):
    """Somebody at the door. `actor`: as `may` knows them; `new_client` gives a browser or program of theirs."""

    role: str
    actor: Any
    new_client: Callable[[], Client]

    def may_use(self, who: Who, route: str) -> bool:
        if who == ANYONE:
            return True
        is_known = self.role != "nobody" and (not self.is_program or route in api_methods())
        return is_known and (who == SIGNED_IN or may(self.actor, who))

    @property
    def is_program(self) -> bool:
        return isinstance(self.actor, KeyHolder)


@pytest.fixture
def callers(shop: Shop, transactional_users: Any) -> list[Caller]:
    """One of each role, those with the fewest rights first; there is a person and a source to be seen."""
    from onefold.accounts.models import User

    shop.identify("1", name="Ada", email="ada@example.com")
    shop.send(track("m-1"))
    viewer, administrator = (transactional_users(name, is_admin=name == "alice") for name in ("bob", "alice"))
    made = {"sam": Role.SALES, "mia": Role.MANAGER, "eve": Role.EDITOR}
    salesperson, lead, editor = (
        User.objects.get(pk=create_user(name, PASSWORD, role=role)) for name, role in made.items()
    )

    def program(role: str, scope: str) -> Caller:
        headers = {"authorization": f"Bearer {shop.new_key('back-end', scope)}"}
        return Caller(role, KeyHolder(1, 1, frozenset({scope})), lambda: Client(headers=headers))

    return [
        Caller("nobody", AnonymousUser(), Client),
        program("key to write", "write"),
        program("key to read", "read"),
        Caller("viewer", viewer, lambda: signed_in(viewer)),
        Caller("salesperson", salesperson, lambda: signed_in(salesperson)),
        Caller("sales lead", lead, lambda: signed_in(lead)),
        Caller("editor", editor, lambda: signed_in(editor)),
        program("key to decide", "admin"),
        Caller("administrator", administrator, lambda: signed_in(administrator)),
    ]


def knock(client: Client, method: str, route: str) -> HttpResponseBase:
    """The answer to a request that holds nothing but what it must."""
    if route.startswith("api/"):
        return client.generic(method, address(route), json.dumps(BODIES.get(route, {})), "application/json")
    return client.generic(method, address(route), "", "application/x-www-form-urlencoded")


def is_refused(response: HttpResponseBase) -> bool:
    """Sent to sign in, or told that they may not."""
    return response.status_code in {401, 403} or response.headers.get("Location", "").startswith("/signin?")


@pytest.mark.parametrize("route", sorted(DOORS))
def test_a_door_opens_to_those_who_may(route: str, callers: list[Caller]) -> None:
    for caller in callers:
        for method, who in DOORS[route].items():
            response = knock(caller.new_client(), method, route)
            seen = f"{method} /{route} as {caller.role}: {response.status_code} {response.reason_phrase}"
            assert response.status_code < 500, seen
            assert is_refused(response) is not caller.may_use(who, route), seen


@pytest.mark.parametrize("route", [route for route, module in routes().items() if module.startswith("onefold.")])
def test_what_no_line_speaks_of_is_refused(route: str, callers: list[Caller]) -> None:
    administrator = callers[-1]
    for method in METHODS:
        if method not in DOORS.get(route, {}):
            response = knock(administrator.new_client(), method, route)
            assert response.status_code == 405, f"{method} /{route}: {response.status_code}"


@pytest.mark.parametrize("route", [route for route, door in DOORS.items() if set(door) - {"GET"}])
def test_nothing_is_changed_from_another_site(route: str, callers: list[Caller]) -> None:
    """Without the token against forged requests, whoever's session the browser brings."""
    for method in set(DOORS[route]) - {"GET"}:
        client = Client(enforce_csrf_checks=True)
        client.cookies = callers[-1].new_client().cookies
        response = knock(client, method, route)
        assert response.status_code == 403, f"{method} /{route}: {response.status_code}"


def test_a_refused_request_changes_nothing(callers: list[Caller], shop: Shop) -> None:
    def state() -> Any:
        return shop.conn.execute(
            "select (select count(*) from event_log), (select jsonb_agg(to_jsonb(s) order by id) from source s),"
            " (select count(*) from source_key), (select count(*) from accounts_user)"
        ).fetchone()

    before = state()
    for caller in callers:
        client = caller.new_client()
        for route, door in DOORS.items():
            for method, who in door.items():
                if method != "GET" and not caller.may_use(who, route):
                    knock(client, method, route)
    assert state() == before


def test_every_role_has_the_rights_it_shall_have(callers: list[Caller]) -> None:
    held = {caller.role: {right for right in Permission if may(caller.actor, right)} for caller in callers}
    assert held == RIGHTS


@pytest.mark.parametrize(
    ("permission", "message"),
    [
        (Permission.EDIT_RECORDS, "Only salespeople, sales leads, editors and administrators may do that."),
        (Permission.EXPORT_PEOPLE, "Only a sales lead, an editor or an administrator may do that."),
        (Permission.RUN_SQL, "Only an editor or an administrator may do that."),
        (Permission.MANAGE_CRM, "Only an administrator may do that."),
    ],
)
def test_who_is_refused_hears_who_may(permission: Permission, message: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        demand(AnonymousUser(), permission)
    assert str(refused.value) == message


def test_a_program_with_a_key_gets_no_page(callers: list[Caller]) -> None:
    program = next(caller for caller in callers if caller.role == "key to decide")
    assert is_refused(knock(program.new_client(), "GET", "people"))
