"""The REST API of records: what it answers, takes, and from whom."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from onefold.accounts.api import Role
from onefold.crm.objects import STANDARD
from onefold.crm.viewer import Viewer
from tests.crm.api import EVERY_KIND, Api
from tests.crm.conftest import new
from tests.crm.test_records import stage
from tests.web.conftest import Shop

Team = dict[str, Viewer]


class TestReading:
    """Lists, one record, its history, what kinds there are."""

    def test_what_kinds_of_records_there_are(self, api: Api, custom: Shop) -> None:
        objects = {one["name"]: one for one in api.get("records")}
        assert list(objects) == [*STANDARD, "boat"]
        fields = {one["name"]: one for one in objects["deal"]["fields"]}
        assert fields["name"]["is_required"]
        assert fields["stage"] | {"title": ""} == {
            "name": "stage", "title": "", "kind": "record", "options": [], "target": "stage", "currency": "",
            "is_required": False, "is_read_only": False, "is_sortable": False,
        }  # fmt: skip
        assert [one["value"] for one in fields["state"]["options"]] == ["open", "won", "lost"]
        assert (fields["state"]["is_read_only"], fields["amount"]["is_sortable"]) == (True, True)
        assert {one["name"] for one in objects["boat"]["fields"]} >= {name for name, *_ in EVERY_KIND}

    def test_references_are_told_by_what_names_them(self, api: Api, people: Shop, team: Team) -> None:
        number = new(people.conn, "deal", team["rob"], name="Tents", person="email:ada@example.com", amount="1250.5")
        found = api.get(f"records/deal/{number}")
        (ada,) = people.conn.execute("select id from profile where name = 'Ada'").fetchone() or (0,)
        assert (found["id"], found["created_by"]) == (number, "user:rob")
        assert (found["owner"], found["company"], found["stage"]) == (
            "rob", ":acme", stage(people.conn, "Qualified"),
        )  # fmt: skip
        assert found["person"] == f"{ada & (1 << 64) - 1:016x}"
        assert '"amount":1250.50,' in api.text
        assert found["created_at"].endswith("Z")
        assert (found["close_on"], found["checked"], found["source"]) == (None, [], "")

    def test_who_leads_to_nobody_is_told_by_identifier(self, api: Api, people: Shop, team: Team) -> None:
        number = new(people.conn, "deal", team["rob"], name="Tents", person="user_id:1")
        people.conn.execute("delete from profile_traits")
        people.conn.execute("delete from profile")
        assert api.get(f"records/deal/{number}")["person"] == "user_id:1"
        api("PATCH", f"records/deal/{number}", {"person": "user_id:1", "name": "x"})
        people.conn.execute("delete from company")
        people.conn.execute("delete from node")
        gone = api.get(f"records/deal/{number}")
        assert (gone["person"], gone["company"]) == (None, None)

    def test_a_person_is_told_as_who_they_are_today(self, api: Api, people: Shop, team: Team) -> None:
        people.send({"type": "page", "anonymousId": "a-1"})
        number = new(people.conn, "deal", team["rob"], name="Tents", person="anonymous_id:a-1")
        before = api.get(f"records/deal/{number}")["person"]
        people.send({"type": "identify", "userId": "1", "anonymousId": "a-1"})
        after = api.get(f"records/deal/{number}")
        assert after["person"] != before
        said = len(people.conn.execute("select from event_log where source_id = 1").fetchall())
        assert api("PATCH", f"records/deal/{number}", after)["act"] is None, "the anchor stays what it is"
        assert len(people.conn.execute("select from event_log where source_id = 1").fetchall()) == said

    def test_a_page_is_a_few_statements_however_many_records(
        self,
        api: Api,
        people: Shop,
        team: Team,
        statements: list[str],
    ) -> None:
        for n in range(6):
            new(people.conn, "deal", team["rob"], name=f"Deal {n}", person="user_id:1")
        api.get("records/deal", size=1)
        counts = []
        for size in (1, 4):
            statements.clear()
            assert len(api.get("records/deal", size=size)["records"]) == size
            counts.append(len(statements))
        assert counts[0] == counts[1]

    def test_lists_are_filtered_searched_sorted_and_come_in_pages(self, api: Api, people: Shop, team: Team) -> None:
        for n in range(5):
            new(people.conn, "deal", team["rob"], name=f"Deal {n}", amount=str(n), person="user_id:1")
        new(people.conn, "deal", team["rob"], name="Other", amount="99")
        where = {"v": 1, "where": {"type": "related", "field": "person", "op": "has", "where": {
            "type": "text", "field": "name", "op": "is", "values": ["Ada"]}}}  # fmt: skip
        asked: dict[str, Any] = {"filter": where, "q": "deal", "sort": "-amount", "size": 2}
        names: list[str] = []
        after: str | None = ""
        for _page in range(3):
            page = api.get("records/deal", **asked, after=after)
            assert (page["count"], page["is_count_capped"]) == (5, False)
            names += [one["name"] for one in page["records"]]
            after = page["next"]
        assert (names, after) == ([f"Deal {n}" for n in (4, 3, 2, 1, 0)], None)
        totals = api.get("records/deal/totals", filter=where, q="deal")
        assert totals == {"count": 5, "sums": {"home_amount": 10.0, "weighted": 2.0}, "currency": "EUR"}

    def test_the_place_of_another_list_is_none(self, api: Api, shop: Shop, team: Team) -> None:
        for n in range(3):
            new(shop.conn, "deal", team["sue"], name=f"Deal {n}", amount=str(n))
            new(shop.conn, "task", team["sue"], name=f"Task {n}")
        place = api.get("records/deal", sort="amount", size=1)["next"]
        for path in ("task?sort=due_at", "deal?sort=-amount", "deal?sort=name", "deal"):
            sign = "&" if "?" in path else "?"
            assert api("GET", f"records/{path}{sign}after={place}", expect=400)["code"] == "query_invalid"
        for wrong in ("x", "1", "0", "-1", "9999999.deal.amount", "1n", "%00", f"{'9' * 40}.deal.amount"):
            answer = api("GET", f"records/deal?sort=amount&after={wrong}", expect=400)
            assert answer["code"] == "query_invalid"

    def test_history_tells_values_as_records_do(self, api: Api, people: Shop, team: Team) -> None:
        number = new(people.conn, "deal", team["rob"], name="Tents", person="user_id:1", amount="5")
        api("PATCH", f"records/deal/{number}", {"owner": "sue", "amount": 6.25, "close_on": "2026-12-01"})
        changed, created = api.get(f"records/deal/{number}/history")
        assert changed["actor"].endswith(":ann")
        assert (changed["action"], changed["changes"]["owner"]) == ("changed", ["rob", "sue"])
        assert changed["changes"]["close_on"] == [None, "2026-12-01"]
        assert changed["changes"]["amount"] == [5, 6.25]
        assert created["changes"]["company"] == [None, ":acme"]
        assert created["changes"]["person"][1] == api.get(f"records/deal/{number}")["person"]
        assert len(api.get(f"records/deal/{number}/history", limit=1)) == 1
        api("DELETE", f"records/deal/{number}")
        assert api.get(f"records/deal/{number}/history")[0]["action"] == "deleted"

    def test_pipelines_with_their_stages(self, api: Api, shop: Shop) -> None:
        shop.conn.execute("update stage set archived_at = now() where name = 'Meeting'")
        (sales,) = api.get("pipelines")
        assert [one["name"] for one in sales["stages"]][:2] == ["Qualified", "Meeting"]
        assert [one["is_archived"] for one in sales["stages"]][:2] == [False, True]
        assert sales["stages"][3]["required"] == ["amount", "close_on"]


class TestWriting:
    """Make, change, delete, restore, undo."""

    def test_one_is_made(self, api: Api, people: Shop) -> None:
        given = {"name": "Tents", "amount": 12.5, "person": "email:ada@example.com", "owner": "rob"}
        made = api("POST", "records/deal", given, expect=201)
        (found,) = made["records"]
        assert found == api.get(f"records/deal/{found['id']}")
        assert (found["amount"], found["owner"], found["company"]) == (12.5, "rob", ":acme")
        undone = api("POST", f"acts/{made['act']}/undo", {})
        assert (undone["records"], undone["left"]) == (1, 0)
        api("GET", f"records/deal/{found['id']}", expect=404)
        assert api("POST", f"acts/{undone['act']}/undo", {})["records"] == 1
        assert api.get(f"records/deal/{found['id']}")["name"] == "Tents"

    def test_many_are_made_or_none(self, api: Api, shop: Shop) -> None:
        rows: list[dict[str, Any]] = [{"name": f"Deal {n}", "amount": n} for n in range(1_000)]
        made = api("POST", "records/deal", {"records": rows}, expect=201)
        assert [one["name"] for one in made["records"]] == [one["name"] for one in rows]
        rows[700] = {"name": "x", "amount": "lots", "close_on": "soon"}
        refused = api("POST", "records/deal", {"records": rows}, expect=400)
        assert refused["code"] == "record_invalid"
        assert (refused["row"], set(refused["faults"])) == (701, {"amount", "close_on"})
        assert "2026-05-17" in refused["faults"]["close_on"]
        assert api.get("records/deal/totals")["count"] == 1_000
        assert api("POST", "records/deal", {"records": [*rows, {"name": "y"}]}, expect=400)["message"].startswith(
            "1 to"
        )

    def test_faults_name_what_is_allowed(self, api: Api, shop: Shop) -> None:
        given = {"name": "x", "source": "moon", "colour": 1, "state": "won", "owner": "nobody", "person": "user_id:99"}
        faults = api("POST", "records/deal", given, expect=400)["faults"]
        assert set(faults) == set(given) - {"name"}
        assert "website, referral" in faults["source"]
        assert "Fields: name, pipeline" in faults["colour"]
        assert "kept by Onefold" in faults["state"]

    def test_each_record_may_change_otherwise(self, api: Api, shop: Shop, team: Team) -> None:
        first, second, third = (new(shop.conn, "deal", team["rob"], name=name, amount="1") for name in "abc")
        body = {"records": [{"id": second, "name": "B"}, {"id": first, "amount": 7}, {"id": third, "name": "c"}]}
        done = api("PATCH", "records/deal", body)
        assert [(one["id"], one["name"], one["amount"]) for one in done["records"]] == [
            (second, "B", 1), (first, "a", 7), (third, "c", 1),
        ]  # fmt: skip
        assert done["unchanged"] == 1
        assert api("POST", f"acts/{done['act']}/undo", {})["records"] == 2
        again = {"records": [{"id": first, "name": "x"}, {"id": second, "name": ""}]}
        assert api("PATCH", "records/deal", again, expect=400)["row"] == 2
        assert api.get(f"records/deal/{first}")["name"] == "a", "all or none"
        required = {"records": [{"id": third, "name": "c"}, {"id": 10**9, "name": "x"}]}
        assert api("PATCH", "records/deal", required, expect=404)["code"] == "record_not_found"

    def test_what_was_seen_and_has_changed_is_a_conflict(self, api: Api, people: Shop, team: Team) -> None:
        people.send({"type": "page", "anonymousId": "a-1"})
        number = new(people.conn, "deal", team["rob"], name="Tents", amount="5", person="anonymous_id:a-1")
        people.send({"type": "identify", "userId": "1", "anonymousId": "a-1"})
        seen = api.get(f"records/deal/{number}")
        api("PATCH", f"records/deal/{number}", {"amount": 6, "seen": seen})
        refused = api("PATCH", f"records/deal/{number}", {"amount": 7, "seen": {"amount": 5}}, expect=409)
        assert refused["code"] == "edit_conflict"
        assert api.get(f"records/deal/{number}")["amount"] == 6
        api("PATCH", f"records/deal/{number}", {"amount": 7, "seen": {"amount": "6.00", "name": "Tents"}})
        wrong = api("PATCH", f"records/deal/{number}", {"amount": 7, "seen": {"colour": 1}}, expect=400)
        assert set(wrong["faults"]) == {"colour"}

    def test_a_stage_says_what_it_needs(self, api: Api, shop: Shop, team: Team) -> None:
        negotiation = stage(shop.conn, "Negotiation")
        shop.conn.execute("update stage set checklist = '{Budget}' where id = %s", [negotiation])
        number = new(shop.conn, "deal", team["rob"], name="Tents")
        refused = api("PATCH", f"records/deal/{number}", {"stage": negotiation}, expect=400)
        assert refused["code"] == "stage_refused"
        assert (refused["stage"], refused["fields"], refused["items"]) == (
            negotiation, ["amount", "close_on"], ["Budget"],
        )  # fmt: skip
        rows = [{"name": "x"}, {"name": "y", "stage": negotiation}]
        assert api("POST", "records/deal", {"records": rows}, expect=400)["row"] == 2

    def test_many_are_deleted_and_come_back(self, api: Api, shop: Shop, team: Team) -> None:
        ids = [new(shop.conn, "deal", team["rob"], name=name) for name in "abc"]
        assert api("POST", "records/deal/delete", {"ids": ids[:2]})["ids"] == ids[:2]
        once = api("DELETE", f"records/deal/{ids[0]}")
        assert (once["act"], once["ids"], once["unchanged"]) == (None, [], 1)
        assert api("PATCH", f"records/deal/{ids[0]}", {"name": "x"}, expect=404)["code"] == "record_not_found"
        back = api("POST", "records/deal/restore", {"ids": [*ids, ids[0]]})
        assert (sorted(back["ids"]), back["unchanged"]) == (ids[:2], 1)
        assert api("POST", f"acts/{back['act']}/undo", {})["records"] == 2
        api("POST", "records/deal/delete", {"ids": [ids[2], 10**9]}, expect=404)
        assert api.get("records/deal")["count"] == 1

    def test_two_products_have_no_code_in_common(self, api: Api, shop: Shop) -> None:
        (first,) = api("POST", "records/product", {"name": "Tent", "code": "T (1)"}, expect=201)["records"]
        refused = api("POST", "records/product", {"name": "Other", "code": "T (1)"}, expect=400)
        assert refused["faults"] == {"code": "“T (1)” is taken by another one."}
        api("DELETE", f"records/product/{first['id']}")
        api("POST", "records/product", {"name": "Other", "code": "T (1)"}, expect=201)
        api("POST", "records/product/restore", {"ids": [first["id"]]}, expect=400)


class TestWhoMay:
    """Rights: keys of sources, viewers, masked users."""

    def test_keys_of_sources_may_nothing(self, shop: Shop, team: Team) -> None:
        number = new(shop.conn, "deal", team["rob"], name="Tents")
        robot = Api(shop.key)
        for path in ("records", "records/deal", f"records/deal/{number}", "records/deal/totals", "pipelines"):
            assert robot("GET", path, expect=403)["code"] == "not_allowed"
        robot("POST", "records/deal", {"name": "x"}, expect=403)
        robot("POST", "records/nonsense", {}, expect=403)
        robot("DELETE", f"records/deal/{number}", expect=403)

    @pytest.mark.parametrize(("role", "scopes"), [(Role.VIEWER, ("read", "edit")), (Role.EDITOR, ("read",))])
    def test_who_only_looks_writes_nothing(
        self, role: Role, scopes: tuple[str, ...], make_api: Callable[..., Api], shop: Shop, team: Team
    ) -> None:
        api = make_api("val", role, scopes)
        made = new(shop.conn, "deal", team["rob"], name="Tents")
        (act,) = shop.conn.execute("select act from record_change").fetchone() or ("",)
        for method, path, body in (
            ("POST", "records/deal", {"name": "x"}),
            ("PATCH", "records/deal", {"records": [{"id": made, "name": "x"}]}),
            ("PATCH", f"records/deal/{made}", {"name": "x"}),
            ("PATCH", f"records/deal/{made}", {"name": "Tents"}),
            ("DELETE", f"records/deal/{made}", None),
            ("POST", "records/deal/delete", {"ids": [made]}),
            ("POST", "records/deal/restore", {"ids": [made]}),
            ("POST", f"acts/{act}/undo", {}),
        ):
            assert api(method, path, body, expect=403)["code"] == "not_allowed"
        assert api.get(f"records/deal/{made}")["name"] == "Tents"
        assert shop.conn.execute("select count(*) from record_change").fetchone() == (1,)

    def test_who_sees_only_their_own(self, api: Api, shop: Shop, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
        """As `access.py` will say it of salespeople: Ann is let in as Sue, who sees and edits her own."""
        own = new(shop.conn, "deal", team["sue"], name="Hers", amount="1")
        other = new(shop.conn, "deal", team["rob"], name="His", amount="2")
        (act,) = shop.conn.execute("select act from record_change where record = %s", [other]).fetchone() or ("",)
        monkeypatch.setattr("onefold.crm.access.viewer_of", lambda conn, actor, zone=None: team["sue"])
        assert [one["name"] for one in api.get("records/deal")["records"]] == ["Hers"]
        assert api.get("records/deal/totals")["count"] == 1
        hidden = api("GET", f"records/deal/{other}", expect=404)
        missing = api("GET", f"records/deal/{other + 1000}", expect=404)
        assert hidden["message"].replace(str(other), "N") == missing["message"].replace(str(other + 1000), "N")
        for method, path, body in (
            ("GET", f"records/deal/{other}/history", None),
            ("PATCH", f"records/deal/{other}", {"amount": 3}),
            ("PATCH", f"records/deal/{other}", {"amount": 3, "seen": {"amount": 99}}),
            ("PATCH", f"records/deal/{other}", {"amount": 2}),
            ("DELETE", f"records/deal/{other}", None),
            ("POST", "records/deal/delete", {"ids": [own, other]}),
            ("POST", f"acts/{act}/undo", {}),
        ):
            assert api(method, path, body, expect=404)["code"] == "record_not_found"
        place = f"{other}.deal.-amount"
        assert api("GET", f"records/deal?sort=-amount&after={place}", expect=400)["code"] == "query_invalid"
        assert api("PATCH", f"records/deal/{own}", {"amount": 3})["records"][0]["amount"] == 3
        assert api("POST", "records/deal", {"name": "x", "owner": "rob"}, expect=403)["code"] == "record_forbidden"

    def test_what_is_masked_is_not_found_by_pieces(
        self, make_api: Callable[..., Api], people: Shop, team: Team
    ) -> None:
        new(people.conn, "activity", team["rob"], name="mail ada@example.com", number="0721 123 456",
            body="or +40721123456 at home", person="user_id:1")  # fmt: skip
        masked, plain = make_api("max", scopes=("read",)), make_api("pia")

        def found(api: Api, **asked: Any) -> int:
            count: int = api.get("records/activity", **asked)["count"]
            return count

        for text in ("ada@exam", "xample.c", "4072112"):
            assert (found(masked, q=text), found(plain, q=text)) == (0, 1)
            part = {"v": 1, "where": {"type": "any", "of": [
                {"type": "part", "field": name, "op": "contains", "value": text} for name in ("name", "body")
            ]}}  # fmt: skip
            assert (found(masked, filter=part), found(plain, filter=part)) == (0, 1)
        assert found(masked, q="at home") == 1
        number = {"v": 1, "where": {"type": "part", "field": "number", "op": "starts", "value": "0721"}}
        assert found(plain, filter=number) == 1
        for path in (f"filter={quote(json.dumps(number))}", "sort=number"):
            assert masked("GET", f"records/activity?{path}", expect=400)["code"] in {"field_hidden", "sort_invalid"}
        through = {"v": 1, "where": {"type": "related", "field": "person", "op": "has", "where": {
            "type": "part", "field": "email", "op": "starts", "value": "ada"}}}  # fmt: skip
        hidden = masked("GET", f"records/activity?filter={quote(json.dumps(through))}", expect=400)
        assert hidden["code"] == "field_hidden"
        assert (found(plain, filter=through), plain.text.count("0721 123 456")) == (1, 1)


def test_the_how_to_works_as_it_stands(api: Api, people: Shop) -> None:
    page = (Path(__file__).parents[2] / "docs/howto/work-with-deals-by-the-api.md").read_text("utf-8")
    act, done = "", 0
    for line in re.findall(r"^curl .*$", page, re.MULTILINE):
        words = shlex.split(line)[3:]  # without curl -H "$KEY"
        is_query = "-G" in words
        url = next(word for word in words if word.startswith("$API")).removeprefix("$API/").replace("$ACT", act)
        given = [words[n + 1] for n, word in enumerate(words) if word in {"-d", "--data-urlencode", "--json"}]
        method = words[words.index("-X") + 1] if "-X" in words else "POST" if given and not is_query else "GET"
        if is_query:
            answer = api.get(url, **dict(one.split("=", 1) for one in given))
            assert [one["name"] for one in answer["records"]] == ["Rental fleet"]
        else:
            is_new = method == "POST" and url == "records/deal"
            answer = api(method, url, given[0].encode() if given else None, expect=201 if is_new else 200)
        act = answer.get("act", act) if isinstance(answer, dict) else act
        done += 1
    assert done == 11
