"""Fields that administrators add to people and companies: made, filled in, listed, filtered, by pages and the API."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from django.test import Client

from onefold.accounts.api import Role
from onefold.crm.errors import SetupRejected
from onefold.crm.field_setup import FieldWanted, add_field, archive_field, own_field, restore_field
from onefold.crm.objects import FieldDef, FieldKind, Option
from onefold.crm.own_traits import LIST_KINDS, read_own, trait_input, trait_shown
from onefold.crm.schema import COMPANY, PERSON, own_traits
from onefold.crm.used_in import uses_of
from onefold.filters.api import AllOf, Number, OneOf, to_json
from onefold.profiles.api import CorrectionRejected
from tests.crm.api import Api
from tests.web.conftest import Shop

TIERS: Final = (Option("", "Gold", "ok"), Option("", "Plain"))


def add(shop: Shop, of: str, title: str, kind: str, **more: Any) -> str:
    return add_field(shop.conn, of, FieldWanted(title=title, kind=kind, **more), acting_user="user:eve")


def definition(kind: FieldKind) -> FieldDef:
    options = (Option("a", "Ay", "ok"), Option("b", "Bee")) if kind in {FieldKind.CHOICE, FieldKind.CHOICES} else ()
    return FieldDef(name="x", title="X", kind=kind, options=options, currency="EUR")


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "given", "held", "text"),
        [
            (FieldKind.TEXT, " a  b ", "a b", "a b"),
            (FieldKind.LONG_TEXT, "a\nb", "a\nb", "a\nb"),
            (FieldKind.NUMBER, "2.50", 2.5, "2.5"),
            (FieldKind.NUMBER, 3, 3, "3"),
            (FieldKind.MONEY, "1250", 1250, "€1,250"),
            (FieldKind.DAY, "2026-05-17", "2026-05-17", "17 May 2026"),
            (FieldKind.CHOICE, "a", "a", "Ay"),
            (FieldKind.CHOICES, ["a", "b"], ["a", "b"], "Ay, Bee"),
            (FieldKind.FLAG, "true", True, "Yes"),
            (FieldKind.LINK, "https://x.example/y", "https://x.example/y", "https://x.example/y"),
            (FieldKind.TEXT, "", None, "None"),
        ],
    )
    def test_what_is_typed_is_held_and_shown(self, kind: FieldKind, given: Any, held: Any, text: str) -> None:
        field = definition(kind)
        assert read_own(field, given) == held
        assert trait_shown(field, held).text == text
        assert read_own(field, trait_input(field, held).value) == held, "what the form sends again"

    @pytest.mark.parametrize("kind", list(LIST_KINDS))
    @pytest.mark.parametrize("value", ["<b>x</b>", 7, 1e300, True, ["a", 1], {"a": [1]}, "javascript:alert(1)"])
    def test_whatever_a_source_says_is_shown_and_leads_nowhere(self, kind: FieldKind, value: Any) -> None:
        shown = trait_shown(definition(kind), value)
        assert shown.kind in {"text", "long", "tag", "moment", "link", "none"}
        assert shown.url == ""
        trait_input(definition(kind), value)

    @pytest.mark.parametrize(
        ("kind", "given"),
        [
            (FieldKind.NUMBER, "many"), (FieldKind.DAY, "tomorrow"), (FieldKind.CHOICE, "c"), (FieldKind.FLAG, "maybe"),
            (FieldKind.LINK, "javascript:alert(1)"), (FieldKind.TEXT, {"a": 1}), (FieldKind.CHOICES, ["a", "z"]),
        ],
    )  # fmt: skip
    def test_what_it_cant_hold_is_refused_in_words(self, kind: FieldKind, given: Any) -> None:
        with pytest.raises(CorrectionRejected):
            read_own(definition(kind), given)


class TestSetup:
    def test_names_of_their_own_fields_are_taken(self, shop: Shop, django_access: None) -> None:
        assert add(shop, PERSON, "Owner of the boat", "text") == "owner_of_the_boat"
        for name in ("owner", "name", "email", "merged_into", "lead_score"):
            with pytest.raises(SetupRejected):
                add(shop, PERSON, f"My {name}", "text", name=name)
        with pytest.raises(SetupRejected):
            add(shop, COMPANY, "Domains", "text", name="domain")

    def test_what_traits_cant_hold_or_promise_is_refused(self, shop: Shop, django_access: None) -> None:
        for kind in ("user", "person", "company", "record", "nothing"):
            with pytest.raises(SetupRejected) as refused:
                add(shop, PERSON, "X", kind)
            assert "kind" in refused.value.faults
        with pytest.raises(SetupRejected, match="required"):
            add(shop, COMPANY, "X", "text", is_required=True)

    def test_one_that_is_archived_leaves_and_comes_back(self, shop: Shop, django_access: None) -> None:
        add(shop, COMPANY, "Tier", "choice", options=TIERS)
        assert [one.name for one in own_traits(shop.conn, COMPANY)] == ["tier"]
        assert own_traits(shop.conn, PERSON) == ()
        archive_field(shop.conn, COMPANY, "tier", acting_user="user:eve")
        assert own_traits(shop.conn, COMPANY) == ()
        restore_field(shop.conn, COMPANY, "tier", acting_user="user:eve")
        assert own_field(shop.conn, COMPANY, "tier").options[0].value == "gold"
        assert not uses_of(shop.conn, COMPANY, "tier")


@pytest.mark.usefixtures("processor")
class TestPages:
    @pytest.fixture
    def browser(self, shop: Shop, browser_of: Callable[..., Client]) -> Client:
        shop.identify("1", name="Ada", email="ada@x.example")
        shop.identify("2", name="Ben", tier="gold")
        shop.send({"type": "group", "userId": "1", "groupId": "acme", "traits": {"name": "Acme", "seats": "many"}})
        for of in (PERSON, COMPANY):
            add(shop, of, "Tier", "choice", options=TIERS)
            add(shop, of, "Seats", "number")
            add(shop, of, "Likes", "choices", options=TIERS)
        return browser_of("root", Role.ADMIN)

    def test_of_people(self, browser: Client, shop: Shop) -> None:
        page = browser.get("/records/of/person/user_id:1/fields").content.decode()
        assert "Tier" in page
        form = browser.get("/records/of/person/user_id:1/fields/likes/edit").content.decode()
        assert form.count('type="checkbox"') == 2
        seen = form.partition('name="seen" value="')[2].partition('"')[0]
        sent = {"value": ["gold", "plain"], "seen": seen}
        assert "Gold, Plain" in browser.post("/records/of/person/user_id:1/fields/likes", sent).content.decode()
        form = browser.get("/records/of/person/user_id:1/fields/seats/edit").content.decode()
        seen = form.partition('name="seen" value="')[2].partition('"')[0]
        refused = browser.post("/records/of/person/user_id:1/fields/seats", {"value": "many", "seen": seen})
        assert "is no number" in refused.content.decode()
        browser.post("/records/of/person/user_id:1/fields/seats", {"value": "12", "seen": seen})
        tree = to_json(AllOf((OneOf("trait:tier", "is", ("gold",)),)))
        listed = browser.get("/people", {"filter": tree, "col": ["name", "trait:tier"]}).content.decode()
        assert "Ben" in listed
        assert "Gold" in listed
        assert ">Ada<" not in listed
        tree = to_json(AllOf((Number("trait:seats", "gt", 10),)))
        more = browser.get("/people", {"filter": tree}).content.decode()
        assert "Ada" in more
        assert browser.get("/records/of/person/user_id:1/fields/nothing").status_code == 404

    def test_of_companies(self, browser: Client) -> None:
        page = browser.get("/companies/:acme").content.decode()
        assert "Tier" in page
        assert "many" in page, "what a source says otherwise"
        form = browser.get("/companies/field/edit?company=:acme&name=seats").content.decode()
        seen = form.partition('name="seen" value="')[2].partition('"')[0]
        sent = {"company": ":acme", "name": "seats", "seen": seen, "value": "x"}
        assert "is no number" in browser.post("/companies/field", sent, headers={"HX-Request": "true"}).content.decode()
        sent["value"] = "40"
        assert "40" in browser.post("/companies/field", sent, headers={"HX-Request": "true"}).content.decode()
        tree = to_json(AllOf((Number("trait:seats", "gt", 30),)))
        listed = browser.get("/companies", {"filter": tree, "col": ["name", "trait:seats"]}).content.decode()
        assert "Acme" in listed

    def test_settings(self, browser: Client) -> None:
        page = browser.get("/settings/crm/objects").content.decode()
        assert "/settings/crm/objects/person" in page
        form = browser.get("/settings/crm/objects/person/fields/new").content.decode()
        assert 'value="choices"' in form
        assert 'value="record"' not in form
        assert "Tier" in browser.get("/settings/crm/objects/company").content.decode()


@pytest.mark.usefixtures("processor")
def test_the_api_makes_and_fills_them(shop: Shop, make_api: Callable[..., Api]) -> None:
    api = make_api("root", Role.ADMIN, scopes=("read", "edit", "manage", "personal_data"))
    shop.identify("1", name="Ada")
    made = api("POST", "objects/person/fields", {"title": "Seats", "kind": "number"}, expect=201)
    assert made["name"] == "seats"
    assert api.get("profiles/user_id:1/fields")["fields"]["seats"] is None
    changed = api("PATCH", "profiles/user_id:1/fields", {"seats": 3})
    assert changed["fields"]["seats"] == 3
    assert "is no number" in api("PATCH", "profiles/user_id:1/fields", {"seats": "x"}, expect=400)["message"]
    assert "seats" in api("PATCH", "profiles/user_id:1/fields", {"nothing": 3}, expect=400)["message"]
