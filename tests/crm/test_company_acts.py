"""Companies at the side of their list, and the same of many of them at once."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from onefold.accounts.api import Role
from onefold.crm.company_merging import company_at, merge, values_in
from onefold.crm.field_setup import FieldWanted, add_field
from onefold.crm.objects import Option
from onefold.filters.api import Number, in_all, to_json
from onefold.kernel.hashing import company_hash
from onefold.profiles.api import correct_company
from tests.web.conftest import Shop

KEYS = ("a", "b", "c")


@pytest.fixture
def firms(shop: Shop) -> Shop:
    for number, key in enumerate(KEYS):
        traits = {"name": f"Firm {key}", "employees": number * 10, "industry": "Lodging"}
        shop.send({"type": "group", "userId": f"u-{key}", "groupId": key, "traits": traits})
    return shop


@pytest.fixture
def browser(firms: Shop, browser_of: Callable[..., Client]) -> Client:
    return browser_of("eve")


def value(shop: Shop, key: str, name: str) -> Any:
    return values_in(company_at(shop.conn, f":{key}")).get(name)


def numbers(*keys: str) -> str:
    return ",".join(str(company_hash("", key)) for key in keys)


@pytest.mark.usefixtures("processor")
class TestMany:
    def test_those_that_are_picked_change_and_change_back(self, browser: Client, firms: Shop) -> None:
        sent = {"field": "industry", "value": "Travel", "ids": numbers("a", "b"), "address": "q=firm"}
        answer = browser.post("/companies/bulk", sent)
        assert answer["location"] == "/companies?q=firm"
        assert [value(firms, key, "industry") for key in KEYS] == ["Travel", "Travel", "Lodging"]
        page = browser.get(answer["location"]).content.decode()
        assert "2 companies changed." in page
        undo = re.search(r"/companies/acts/[0-9a-f-]{36}/undo", page)
        assert undo
        correct_company(firms.conn, "", "b", name="industry", value="Guiding", acting_user="user:kim")
        browser.post(undo[0])
        assert [value(firms, key, "industry") for key in KEYS] == ["Lodging", "Guiding", "Lodging"]
        assert browser.post(undo[0]).status_code == 302, "safe to repeat"
        assert value(firms, "b", "industry") == "Guiding"

    def test_all_that_match(self, browser: Client, firms: Shop) -> None:
        tree = to_json(in_all(Number("trait:employees", "ge", 10)))
        browser.post("/companies/bulk", {"field": "owner", "value": "eve", "all": "yes", "address": f"filter={tree}"})
        assert [value(firms, key, "owner") for key in KEYS] == [None, "eve", "eve"]

    def test_own_fields_and_what_was_merged(self, browser: Client, firms: Shop, make_user: Callable[..., Any]) -> None:
        options = (Option("", "Gold"), Option("", "Plain"))
        wanted = FieldWanted(title="Likes", kind="choices", options=options)
        add_field(firms.conn, "company", wanted, acting_user="user:eve")
        merge(firms.conn, make_user("ann"), (":a", ":b"), {}, once=uuid4())
        assert browser.get("/companies/bulk/input?field=likes").content.decode().count("checkbox") == 2
        sent = {"field": "likes", "value": ["gold", "plain"], "all": "yes", "address": ""}
        browser.post("/companies/bulk", sent)
        assert value(firms, "b", "likes") == value(firms, "c", "likes") == ["gold", "plain"]
        assert "2 companies changed." in browser.get("/companies").content.decode()

    def test_bad_requests_are_answered_in_words(self, browser: Client, firms: Shop) -> None:
        for sent in (
            {"field": "name", "value": "x", "ids": numbers("a")},
            {"field": "industry", "value": "x", "ids": "x,y"},
            {"field": "lifecycle_stage", "value": "nonsense", "ids": numbers("a")},
            {"field": "industry", "value": "x", "ids": "7"},
            {},
        ):
            answer = browser.post("/companies/bulk", sent)
            assert answer.status_code == 400, sent
        assert browser.get("/companies/bulk/input?field=name").status_code == 404
        assert browser.post("/companies/acts/00000000-0000-4000-8000-000000000000/undo").status_code == 404
        assert value(firms, "a", "industry") == "Lodging"

    def test_who_may_only_look_changes_nothing(self, firms: Shop, browser_of: Callable[..., Client]) -> None:
        sent = {"field": "industry", "value": "x", "ids": numbers("a")}
        assert browser_of("vic", Role.VIEWER).post("/companies/bulk", sent).status_code == 403
        assert value(firms, "a", "industry") == "Lodging"


class TestAtTheSide:
    def test_it_says_the_essentials(self, browser: Client) -> None:
        page = browser.get(f"/companies?peek={numbers('b')}").content.decode()
        side = page.partition('id="peek"')[2]
        assert "Firm b" in side
        assert "Lodging" in side
        part = browser.get(
            f"/companies?peek={numbers('b')}", headers={"HX-Request": "true", "HX-Target": "peek"}
        ).content.decode()
        assert part.lstrip().startswith('<div class="peek')

    def test_of_none_it_says_so(self, browser: Client) -> None:
        for text in ("7", "x", "9" * 30, "-", "\u0663"):
            assert "no longer here" in browser.get("/companies", {"peek": text}).content.decode()
