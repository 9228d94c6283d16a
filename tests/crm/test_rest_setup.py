"""The REST API where administrators set the CRM up: an object, its fields, records of it, pipelines and rates."""

from collections.abc import Callable

import pytest

from onefold.accounts.api import Role
from tests.crm.api import Api
from tests.web.conftest import Shop


@pytest.fixture
def admin(make_api: Callable[..., Api], people: Shop) -> Api:
    """A key of an administrator; Ada of Acme is there."""
    return make_api("root", Role.ADMIN, scopes=("read", "edit", "manage", "personal_data"))


def test_an_object_is_made_filled_and_filtered(admin: Api) -> None:
    given = {"title": "Boat", "plural": "Boats", "icon": "map-pin"}
    assert admin("POST", "objects", given, expect=201) == {"name": "boat"}
    kinds = (
        {"title": "Length", "kind": "number", "is_required": True},
        {"title": "State", "kind": "choice", "options": [{"title": "Afloat", "tone": "ok"}, {"title": "In dock"}]},
        {"title": "Yard", "kind": "company"},
        {"title": "Sold by", "kind": "record", "target": "deal", "name": "sale"},
        {"title": "Price", "kind": "money"},
    )
    names = [admin("POST", "objects/boat/fields", one, expect=201)["name"] for one in kinds]
    assert names == ["length", "state", "yard", "sale", "price"]
    deal = admin("POST", "records/deal", {"name": "Kayaks"}, expect=201)["records"][0]["id"]
    boat = {"name": "Astrid", "length": 9.5, "state": "afloat", "yard": ":acme", "sale": deal, "price": 1200}
    made = admin("POST", "records/boat", {"records": [boat, {"name": "Dinghy", "length": 3}]}, expect=201)["records"]
    assert {name: made[0][name] for name in boat if name not in {"yard", "sale"}} == {
        "name": "Astrid", "length": 9.5, "state": "afloat", "price": 1200,
    }  # fmt: skip
    named = {"type": "text", "field": "name", "op": "is"}
    for tree in (
        {"type": "number", "field": "length", "op": "gt", "value": 5},
        {"type": "text", "field": "state", "op": "is", "values": ["afloat"]},
        {"type": "related", "field": "sale", "op": "has", "where": named | {"values": ["Kayaks"]}},
        {"type": "related", "field": "yard", "op": "has", "where": named | {"values": ["Acme"]}},
    ):
        found = admin.get("records/boat", filter={"v": 1, "where": {"type": "all", "of": [tree]}})["records"]
        assert [one["name"] for one in found] == ["Astrid"], tree
    faults = admin("POST", "records/boat", {"name": "No length", "state": "sunk"}, expect=400)["faults"]
    assert set(faults) == {"state"}
    (told,) = [one for one in admin.get("records") if one["name"] == "boat"]
    assert {"length", "state", "yard", "sale", "price"} < {one["name"] for one in told["fields"]}
    assert next(one for one in told["fields"] if one["name"] == "price")["currency"] == "EUR"


def test_fields_are_changed_ordered_archived_and_restored(admin: Api) -> None:
    for title in ("Colour", "Size"):
        admin("POST", "objects/deal/fields", {"title": title}, expect=201)
    deal = admin("POST", "records/deal", {"name": "Kayaks", "colour": "red"}, expect=201)["records"][0]["id"]
    admin("PATCH", "objects/deal/fields/colour", {"title": "Hull"})
    admin("PUT", "objects/deal/fields", {"names": ["size", "colour"]})
    listed = admin.get("objects/deal/fields")
    assert [(one["name"], one["title"]) for one in listed] == [("size", "Size"), ("colour", "Hull")]
    stage = admin.get("pipelines")[0]["stages"][1]["id"]
    admin("PATCH", f"stages/{stage}", {"required": ["colour"]})
    said = admin("POST", "objects/deal/fields/colour/archive")
    assert said == {"views": [], "private_views": 0, "stages": ["Sales: Meeting"]}
    assert "colour" not in admin.get(f"records/deal/{deal}")
    admin("PATCH", f"records/deal/{deal}", {"stage": stage, "size": "L"})
    admin("POST", "objects/deal/fields/colour/restore")
    assert admin.get(f"records/deal/{deal}")["colour"] == "red"
    for name, faulty in (("title", {"title": "Currency"}), ("kind", {"title": "X", "kind": "blob"})):
        assert set(admin("POST", "objects/deal/fields", faulty, expect=400)["faults"]) == {name}
    admin("PATCH", "objects/deal/fields/no_such", {"title": "x"}, expect=404)
    admin("POST", "objects/yacht/fields", {"title": "x"}, expect=404)


def test_objects_are_changed_archived_and_restored(admin: Api) -> None:
    admin("POST", "objects", {"title": "Boat", "plural": "Boats"}, expect=201)
    admin("POST", "records/boat", {"name": "Astrid"}, expect=201)
    admin("PATCH", "objects/boat", {"plural": "Ships"})
    admin("POST", "objects/boat/archive")
    assert admin.get("objects") == [
        {"name": "boat", "title": "Boat", "plural": "Ships", "icon": "package", "is_archived": True, "records": 1}
    ]
    admin("GET", "records/boat", expect=404)
    admin("POST", "objects/boat/restore")
    assert [one["name"] for one in admin.get("records/boat")["records"]] == ["Astrid"]
    assert set(admin("POST", "objects", {"title": "Task", "plural": "x"}, expect=400)["faults"]) == {"title"}


def test_pipelines_stages_and_rates(admin: Api) -> None:
    first = admin.get("pipelines")[0]["id"]
    number = admin("POST", "pipelines", {"name": "Charter"}, expect=201)["id"]
    new = {"name": "Test sail", "probability": 60, "checklist": ["Skipper found"], "stale_days": 9}
    stage = admin("POST", f"pipelines/{number}/stages", new, expect=201)["id"]
    admin("PUT", "pipelines", {"ids": [number, first]})
    admin("PATCH", f"pipelines/{number}", {"name": "Charters"})
    admin("PATCH", f"stages/{stage}", {"probability": 70, "stale_days": None})
    one = admin.get("pipelines")[0]
    assert one["name"] == "Charters"
    known = {each["name"]: each for each in one["stages"]}
    assert list(known) == ["New", "Test sail", "Won", "Lost"]
    assert (known["Test sail"]["probability"], known["Test sail"]["stale_days"]) == (70, None)
    assert known["Test sail"]["checklist"] == ["Skipper found"]
    order = [known[name]["id"] for name in ("Test sail", "New", "Won", "Lost")]
    admin("PUT", f"pipelines/{number}/stages", {"ids": order})
    deal = {"name": "Regatta", "stage": known["New"]["id"], "amount": 100, "currency": "SEK"}
    made = admin("POST", "records/deal", deal, expect=201)["records"][0]["id"]
    admin("POST", f"stages/{known['New']['id']}/archive", {}, expect=400)
    done = admin("POST", f"stages/{known['New']['id']}/archive", {"to": known["Won"]["id"]})
    assert admin.get(f"records/deal/{made}")["state"] == "won"
    admin("POST", f"stages/{known['New']['id']}/restore", {"act": done["act"]})
    assert admin.get(f"records/deal/{made}")["state"] == "open"
    admin("PUT", "exchange-rates/SEK", {"rate": "0.1"})
    assert admin.get(f"records/deal/{made}")["home_amount"] == 10
    found = admin.get("exchange-rates")
    assert (found["home"], found["missing"]) == ("EUR", {})
    assert [(rate["currency"], float(rate["rate"])) for rate in found["rates"]] == [("SEK", 0.1)]
    admin("DELETE", "exchange-rates/SEK")
    admin("DELETE", "exchange-rates/SEK", expect=404)
    admin("POST", f"pipelines/{number}/archive", expect=400)


def test_who_may_not_manage_is_refused(make_api: Callable[..., Api], people: Shop) -> None:
    editor = make_api("ed", Role.EDITOR)
    reader = make_api("root", Role.ADMIN, scopes=("read", "edit"))
    for one in (editor, reader):
        one("POST", "objects", {"title": "Boat", "plural": "Boats"}, expect=403)
        one("GET", "exchange-rates", expect=403)
    assert people.conn.execute("select count(*) from custom_object").fetchone() == (0,)
