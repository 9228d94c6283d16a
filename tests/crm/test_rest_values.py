"""The REST API of records: what is read can be given back, and nothing that is sent breaks it."""

import json
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import pytest

from onefold.crm.viewer import Viewer
from tests.crm.api import EVERY_KIND, Api
from tests.crm.conftest import new
from tests.web.conftest import Shop

Team = dict[str, Viewer]


class TestRoundTrip:
    """What is read can be given back."""

    def test_of_a_field_of_every_kind(self, api: Api, custom: Shop, team: Team) -> None:
        deal = new(custom.conn, "deal", team["rob"], name="Tents")
        given = {name: deal if target else value for name, _kind, target, value in EVERY_KIND}
        (made,) = api("POST", "records/boat", {"name": "Anna", **given}, expect=201)["records"]
        profile = made.pop("t_person")
        assert {name: made[name] for name in given if name != "t_person"} == {
            name: value for name, value in given.items() if name != "t_person"
        }
        assert len(profile) == 16
        read = api.get(f"records/boat/{made['id']}")
        assert api("PATCH", f"records/boat/{made['id']}", read)["act"] is None
        assert api("PATCH", "records/boat", {"records": [read]})["unchanged"] == 1
        writable = {name: value for name, value in read.items() if name in given or name == "name"}
        (copy,) = api("POST", "records/boat", writable, expect=201)["records"]
        assert {name: copy[name] for name in writable} == writable
        assert api("PATCH", f"records/boat/{made['id']}", dict.fromkeys(given))["act"]
        empty = api.get(f"records/boat/{made['id']}")
        assert api("PATCH", f"records/boat/{made['id']}", empty)["act"] is None

    def test_of_every_standard_object(self, api: Api, people: Shop) -> None:
        objects: dict[str, dict[str, Any]] = {
            "deal": {"amount": 999999999999999, "close_on": "2026-12-01", "person": "user_id:1", "checked": ["a"]},
            "task": {"due_at": "2026-12-01T09:00", "priority": "high"},
            "activity": {"kind": "call", "duration_s": 61, "number": "0721 123 456", "body": "a\nb"},
            "product": {"price": 1.5, "currency": "usd", "code": "x"},
        }
        for name, fields in objects.items():
            (made,) = api("POST", f"records/{name}", {"name": name, **fields}, expect=201)["records"]
            assert api("PATCH", f"records/{name}/{made['id']}", made)["act"] is None

    def test_what_is_out_of_use_by_now_stays(self, api: Api, people: Shop, team: Team) -> None:
        number = new(people.conn, "deal", team["rob"], name="Tents", company=":acme")
        people.conn.execute("update stage set archived_at = now() where name = 'Qualified'")
        people.conn.execute("update accounts_user set is_active = false where username = 'rob'")
        people.conn.execute("delete from company")
        read = api.get(f"records/deal/{number}")
        done = api("PATCH", f"records/deal/{number}", read | {"name": "Boats"})
        assert list(api.get(f"records/deal/{number}/history")[0]["changes"]) == ["name"]
        assert done["records"][0]["owner"] == "rob"

    def test_to_the_last_digit(self, api: Api, custom: Shop) -> None:
        body = b'{"name": "x", "t_number": 0.12345678901234567891, "t_money": 999999999999999.99}'
        (made,) = api("POST", "records/boat", body, expect=201)["records"]
        assert '"t_number":0.12345678901234567891,"t_money":999999999999999.99' in api.text
        sent = api.client.get(f"/api/records/boat/{made['id']}").content
        assert b"999999999999999.99" in sent
        assert api("PATCH", f"records/boat/{made['id']}", sent)["act"] is None

    def test_of_who_sees_it_masked(self, make_api: Callable[..., Api], custom: Shop, team: Team) -> None:
        api = make_api("max", scopes=("read", "edit"))
        boat = b'{"name": "for ada@example.com", "t_money": 999999999999999.99}'
        (made,) = api("POST", "records/boat", boat, expect=201)["records"]
        call = new(custom.conn, "activity", team["rob"], name="x", number="0721 123 456", body="at +40721123456")
        for path in (f"records/boat/{made['id']}", f"records/activity/{call}"):
            sent = api.client.get(f"/api/{path}").content
            assert b"\xe2\x80\xa2" in sent
            assert b"721" not in sent
            assert b"ada@" not in sent
            assert api("PATCH", path, sent)["act"] is None, "what it couldn't see is as it was"
        assert b"999999999999999.99" in api.client.get(f"/api/records/boat/{made['id']}").content


def deep(levels: int) -> bytes:
    return b'{"name": ' + b"[" * levels + b"]" * levels + b"}"


NO_RECORD: Final = (
    b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff", b'{"name": "\\ud800"}', b'{"name": NaN}', b'{"name": Infinity}',
    b'{"amount": ' + b"9" * 5_000 + b"}", b'{"amount": 1e99999999999999999999999}', deep(100_000),
    b'{"records": {}}', b'{"records": [1]}', b'{"records": null}', b'{"records": [{}], "name": "x"}',
    json.dumps({f"f{n}": 1 for n in range(400)}).encode(), json.dumps({"f" * 200: 1}).encode(),
)  # fmt: skip
WRONG: Final[dict[str, tuple[Any, ...]]] = {
    "name": ("", " ", None, [], "x" * 501, "a\0b", {"a": 1}, ["x"]),
    "amount": ("x", 10**15, -(10**15), 10**40, 1e308, 0.001, True, {}, [1], "NaN", "Infinity", "1e999999999"),
    "currency": ("EURO", 1, "e€r", {}, ["EUR"]),
    "close_on": ("soon", 20261, "2026-02-30", {}, [2026], True, "0000-01-01", "10000-01-01"),
    "stage": (0, -1, 10**30, "x", 1.5, True, {}, [1], 10**6),
    "pipeline": (0, 10**18, "1x", {}),
    "owner": ("nobody", 1, {}, ["rob"], True, "x" * 10_000),
    "company": ("acme", ":nope", "::", {}, 7, "x" * 10_000 + ":y"),
    "person": ("nobody", "email:x", "ffffffffffffffff", {}, 7, "user_id:", "x:y:z", "user_id:" + "x" * 5_000),
    "source": ("moon", {}, ["website"], 1, True),
    "checked": (["x" * 501], [["x"]], [{}], {}, ["a"] * 101),
    "id": (99, "1", None),
    "created_by": ("me",),
    "home_amount": (1,),
    "\0": (1,),
    "custom": ({},),
}


class TestAwfulInput:
    """Nothing that somebody sends breaks it, and every refusal says why."""

    @pytest.mark.parametrize("body", NO_RECORD)
    def test_bodies_that_are_none(self, body: bytes, api: Api, shop: Shop) -> None:
        for method, path in (("POST", "records/deal"), ("PATCH", "records/deal"), ("PATCH", "records/deal/1"),
                             ("POST", "records/deal/delete"), ("POST", "records/deal/restore")):  # fmt: skip
            answer = api.client.generic(method, f"/api/{path}", body, "application/json")
            assert answer.status_code in {400, 404, 422}, (path, answer.content[:300])
            assert len(answer.content) < 20_000
        assert shop.conn.execute("select count(*) from deal").fetchone() == (0,)

    @pytest.mark.parametrize("field", WRONG)
    def test_values_that_are_none(self, field: str, api: Api, people: Shop, team: Team) -> None:
        number = new(people.conn, "deal", team["rob"], name="Tents", amount="5")
        before = api.get(f"records/deal/{number}")
        for value in WRONG[field]:
            made = api("POST", "records/deal", {"name": "x", field: value}, expect=400)
            assert (made["code"], list(made["faults"])) == ("record_invalid", [field]), value
            changed = api("PATCH", f"records/deal/{number}", {field: value}, expect=400)
            assert list(changed["faults"]) == [field], value
        assert api.get(f"records/deal/{number}") == before

    def test_values_of_custom_fields_that_are_none(self, api: Api, custom: Shop) -> None:
        for name, value in (
            ("t_number", 1e-300), ("t_number", "1e-999999999"), ("t_number", 10**15), ("t_link", "javascript:x"),
            ("t_flag", "maybe"), ("t_choice", {}), ("t_choices", ["c"]), ("t_moment", "0001-01-01T00:00+14:00"),
            ("t_moment", "now"), ("t_deal", 10**9), ("t_person", True), ("t_long", "x" * 100_001), ("t_user", 1),
        ):  # fmt: skip
            assert list(api("POST", "records/boat", {"name": "x", name: value}, expect=400)["faults"]) == [name]
        for seconds in (-1, 1.5, 10**14):
            answer = api("POST", "records/activity", {"kind": "call", "duration_s": seconds}, expect=400)
            assert list(answer["faults"]) == ["duration_s"]

    def test_an_amount_that_no_column_holds_once_it_is_converted(self, api: Api, shop: Shop) -> None:
        shop.conn.execute("insert into exchange_rate values ('USD', 9999999999)")
        given = {"name": "x", "amount": 10**14, "currency": "USD"}
        assert list(api("POST", "records/deal", given, expect=400)["faults"]) == ["amount"]

    @pytest.mark.parametrize("number", ["0", str(2**63 - 1), str(2**63), "9" * 30])
    def test_numbers_that_no_record_has(self, number: str, api: Api, shop: Shop) -> None:
        api("GET", f"records/deal/{number}", expect=404)
        api("GET", f"records/deal/{number}/history", expect=404)
        api("PATCH", f"records/deal/{number}", {"name": "x"}, expect=404)
        api("DELETE", f"records/deal/{number}", expect=404)

    @pytest.mark.parametrize("one", [0, -1, 2**63, 10**40, 1.0, "1", True, None, [], {}])
    def test_ids_that_are_none(self, one: Any, api: Api, shop: Shop) -> None:
        for path, body in (("delete", {"ids": [one]}), ("restore", {"ids": [one]})):
            assert api("POST", f"records/deal/{path}", body, expect=422)["code"] == "request_invalid"
        assert "id" in api("PATCH", "records/deal", {"records": [{"id": one, "name": "x"}]}, expect=422)["message"]

    def test_too_many_and_none_at_all(self, api: Api, shop: Shop) -> None:
        for rows in ([], list(range(1, 1_002))):
            api("POST", "records/deal/delete", {"ids": rows}, expect=400)
            api("PATCH", "records/deal", {"records": [{"id": one} for one in rows]}, expect=400)
            api("POST", "records/deal", {"records": [{"name": "x"} for _ in rows]}, expect=400)
        api("PATCH", "records/deal", {"records": [{"id": 1}, {"id": 1}]}, expect=422)
        api("POST", "records/deal", b'{"name": "' + b"x" * 1_100_000 + b'"}', expect=413)

    @pytest.mark.parametrize("name", ["nope", "%00", "x" * 500, "pipeline", "deal%2F1", "Deal", "deal;drop"])
    def test_objects_that_there_are_not(self, name: str, api: Api, shop: Shop) -> None:
        assert api.client.get(f"/api/records/{name}").status_code == 404
        assert api.client.post(f"/api/records/{name}", {}, content_type="application/json").status_code in {404, 405}

    @pytest.mark.parametrize(
        "query",
        ["filter=x", "filter={}", "filter=%00", "sort=person", "sort=--name", "sort=%00", "size=0", "size=201",
         "size=x", "q=" + "x" * 201, "filter=" + "[" * 5_000, "after=" + "1" * 400,
         "filter=" + quote('{"v":1,"where":{"type":"text","field":"owner","op":"is","values":["\\u0000"]}}'),
         "filter=" + quote('{"v":1,"where":{"type":"text","field":"id","op":"is","values":["1"]}}'),
         "filter=" + quote('{"v":1,"where":{"type":"number","field":"amount","op":"gt","value":1e400}}')],
    )  # fmt: skip
    def test_questions_that_are_none(self, query: str, api: Api, shop: Shop) -> None:
        answer = api.client.get(f"/api/records/deal?{query}")
        assert answer.status_code in {400, 422}, answer.content
        assert answer.json()["message"]

    @pytest.mark.parametrize(
        "query", ["q=%00", "q=%25_", "q=%F0%9F%90%B5", "q=%ff", "q='", "sort=", "after=", "filter="]
    )
    def test_questions_that_are_strange(self, query: str, api: Api, shop: Shop) -> None:
        assert api.client.get(f"/api/records/deal?{query}").status_code == 200

    def test_acts_that_there_are_not(self, api: Api, shop: Shop) -> None:
        assert api("POST", "acts/00000000-0000-4000-8000-000000000009/undo", {}, expect=404)["code"] == (
            "record_not_found"
        )
        assert api.client.post("/api/acts/x/undo").status_code == 404

    def test_conditions_of_every_type_on_every_field(self, api: Api, custom: Shop, team: Team) -> None:
        """They match or are refused: a condition of another kind than the field's breaks nothing."""
        new(custom.conn, "deal", team["rob"], name="Tents", person="user_id:1")
        leaves: list[dict[str, Any]] = [
            {"type": "text", "op": "is", "values": ["1", "x", ":", "me", "f" * 16, "9" * 30, "-1", "%s"]},
            {"type": "text", "op": "is_not", "values": ["a:b:c"]},
            {"type": "part", "op": "contains", "value": "%_\\'"},
            {"type": "number", "op": "gt", "value": 1e30},
            {"type": "number", "op": "eq", "value": -(10**30)},
            {"type": "range", "low": 5, "high": -5},
            {"type": "date", "op": "before", "first": "0001-01-01"},
            {"type": "date", "op": "between", "first": "9999-12-31", "last": "0001-01-01"},
            {"type": "recent", "op": "longer_ago", "days": 36_500},
            {"type": "flag", "value": True},
            {"type": "list", "op": "has_not", "values": ["x", 1]},
            {"type": "present", "value": False},
            {"type": "related", "op": "has_not", "where": {"type": "all", "of": []}},
            {"type": "related", "op": "has", "where": {"type": "present", "field": "trait:100%s"}},
        ]
        for kind in api.get("records"):
            for field in [one["name"] for one in kind["fields"]] + ["tasks", "boat", "people"]:
                for leaf in leaves:
                    where = quote(json.dumps({"v": 1, "where": leaf | {"field": field}}))
                    for path in (kind["name"], f"{kind['name']}/totals"):
                        answer = api.client.get(f"/api/records/{path}?filter={where}")
                        assert answer.status_code in {200, 400}, (kind["name"], field, leaf, answer.content)

    def test_lists_in_every_order_there_is(self, api: Api, custom: Shop, team: Team) -> None:
        for kind in api.get("records"):
            for field in kind["fields"]:
                for sort in (field["name"], f"-{field['name']}"):
                    status = api.client.get(f"/api/records/{kind['name']}?sort={sort}").status_code
                    assert status == (200 if field["is_sortable"] else 400), (kind["name"], sort)
