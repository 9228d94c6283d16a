"""A sales team: Mia leads it, Rob and Sue sell, Vic only looks; the shop of tests/web, whose people they sell to."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.test import Client

from onefold.accounts.api import Role
from onefold.crm.objects import STANDARD
from onefold.crm.records import create_records
from onefold.crm.schema import forget_objects
from onefold.crm.viewer import Doing, Reach, Viewer
from tests.crm.api import EVERY_KIND, Api
from tests.crm.floor import Floor
from tests.web.conftest import (  # noqa: F401  fixtures
    PASSWORD,
    Shop,
    _pool,
    _quick_passwords,
    processor,
    shop,
    signed_in,
    statements,
)

if TYPE_CHECKING:
    from psycopg import Connection

    from onefold.accounts.models import User

ALL: Final = dict.fromkeys(Doing, Reach.ALL)
OWN: Final = {Doing.SEE: Reach.ALL, Doing.EDIT: Reach.OWN, Doing.DELETE: Reach.OWN}
LOOKS: Final = {Doing.SEE: Reach.ALL, Doing.EDIT: Reach.NONE, Doing.DELETE: Reach.NONE}
ONLY_OWN: Final = dict.fromkeys(Doing, Reach.OWN)


@pytest.fixture
def make_user(shop: Shop, django_access: None) -> "Callable[..., User]":  # noqa: F811  pytest's way
    """A user of a role, an editor unless said."""
    from onefold.accounts.api import create_user
    from onefold.accounts.models import User

    def make(name: str, role: Role = Role.EDITOR) -> "User":
        return User.objects.get(pk=create_user(name, PASSWORD, role=role))

    return make


@pytest.fixture
def team(make_user: "Callable[..., User]") -> dict[str, Viewer]:
    """The sales team by name."""
    rights: dict[str, Mapping[Doing, Reach]] = {"mia": ALL, "rob": OWN, "sue": ONLY_OWN, "vic": LOOKS}
    return {
        name: Viewer(name=f"user:{name}", user_id=make_user(name).pk, username=name, usual=usual)
        for name, usual in rights.items()
    }


@pytest.fixture
def floor(shop: Shop, make_user: "Callable[..., User]") -> Floor:  # noqa: F811  pytest's way
    """A sales floor; there are Ada and her company."""
    shop.send({"type": "group", "userId": "1", "groupId": "acme", "traits": {"name": "Acme"}})
    shop.identify("1", email="ada@example.com", name="Ada")
    return Floor(shop.conn, make_user)


@pytest.fixture
def browser_of(make_user: "Callable[..., User]") -> Callable[..., Client]:
    """A browser of a new user: `browser_of("ann", Role.ADMIN)`."""
    return lambda name, role=Role.EDITOR: signed_in(make_user(name, role))


@pytest.fixture
def make_api(make_user: Callable[..., Any]) -> Callable[..., Api]:
    """A program of a new user: `make_api("ann", Role.VIEWER, scopes=("read",))`."""
    from onefold.accounts.api_keys import create_api_key

    def make(
        name: str, role: Role = Role.EDITOR, scopes: tuple[str, ...] = ("read", "edit", "personal_data"), **fields: Any
    ) -> Api:
        user = make_user(name, role)
        for field, value in fields.items():
            setattr(user, field, value)
        user.save()
        return Api(create_api_key(user, name="test", scopes=scopes, days=0, acting_user="test").text)

    return make


@pytest.fixture
def api(make_api: Callable[..., Api], team: dict[str, Viewer]) -> Api:
    """Ann edits everything."""
    return make_api("ann")


@pytest.fixture
def people(shop: Shop) -> Shop:  # noqa: F811  pytest's way
    """Ada of Acme."""
    shop.send({"type": "group", "userId": "1", "groupId": "acme", "traits": {"name": "Acme"}})
    shop.identify("1", email="ada@example.com", name="Ada")
    return shop


@pytest.fixture
def custom(people: Shop) -> Shop:
    """An object with a field of every kind."""
    people.conn.execute(
        "insert into custom_object (name, title, plural, icon, place) values ('boat', 'Boat', 'Boats', 'box', 1)"
    )
    options = '[{"value": "a", "title": "A"}, {"value": "b", "title": "B"}]'
    for place, (name, kind, target, _value) in enumerate(EVERY_KIND):
        people.conn.execute(
            "insert into custom_field (object, name, title, kind, options, target, place)"
            " values ('boat', %s, %s, %s, %s, %s, %s)",
            [name, name, kind, options if "choice" in kind else "[]", target, place],
        )
    forget_objects()
    return people


def new(conn: "Connection[Any]", kind: str, viewer: Viewer, /, **fields: Any) -> int:
    """A record of an object; its number."""
    return create_records(conn, STANDARD[kind], [fields], viewer=viewer).ids[0]


def events_of(conn: "Connection[Any]") -> list[dict[str, Any]]:
    """What Onefold's own source logged, in order."""
    import json

    rows = conn.execute("select body from event_log where source_id = 1 order by off").fetchall()
    return [event for (body,) in rows for event in json.loads(body)["batch"]]
