"""Filters, columns, the person at the side, views, export: what the pages of a list do."""

import csv
import io
import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import pytest
from django.test import Client

from onefold.kernel.hashing import identifier_hash
from onefold.profiles.ids import to_text
from tests.web.conftest import Shop, days_ago
from tests.web.reading import found, names, page


def filtered(*conditions: dict[str, Any], **more: str) -> str:
    """Address of the list of those for whom all conditions hold."""
    tree = {"v": 1, "where": {"type": "all", "of": list(conditions)}}
    return "/people?" + urlencode({"filter": json.dumps(tree), **more})


PRO = {"type": "text", "field": "trait:plan", "op": "is", "values": ["pro"]}


@pytest.fixture
def crowd(shop: Shop) -> Shop:
    """Ada and Ben are pro, Cy is not; Ada has two orders."""
    shop.identify("1", name="Ada", email="ada@example.com", plan="pro", orders=2, at=days_ago(3))
    shop.identify("2", name="Ben", plan="pro", orders=10, at=days_ago(2))
    shop.identify("3", name="=Cy()", plan="free", tags=["vip"], at=days_ago(1))
    return shop


class TestFilters:
    """Chips and their forms."""

    def test_a_list_by_traits_and_its_chips(self, bob: Client, crowd: Shop) -> None:
        html = page(bob, filtered(PRO, {"type": "number", "field": "trait:orders", "op": "gt", "value": 5}))
        assert names(html) == ["Ben"]
        assert re.search(r"<i>plan</i> is <b>pro</b>", html)
        removed = found(r'<b>pro</b></button><a href="([^"]+)"', html)
        assert names(page(bob, removed)) == ["Ben"]
        assert "orders" in removed
        assert "plan" not in removed

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            ({"type": "text", "field": "identifier:email", "op": "is", "values": ["ADA@example.com"]}, ["Ada"]),
            ({"type": "present", "field": "identifier:email", "value": False}, ["=Cy()", "Ben"]),
            ({"type": "list", "field": "trait:tags", "op": "has", "values": ["vip"]}, ["=Cy()"]),
            ({"type": "recent", "field": "last_seen", "op": "longer_ago", "days": 2}, ["Ben", "Ada"]),
            ({"type": "any", "of": [PRO, {"type": "present", "field": "trait:tags"}]}, ["=Cy()", "Ben", "Ada"]),
            ({"type": "none", "of": [PRO]}, ["=Cy()"]),
            (
                {"type": "none", "of": [{"type": "present", "field": "trait:tags"}, {**PRO, "op": "is_not"}]},
                ["Ben", "Ada"],
            ),
            ({"type": "recent", "field": "trait:renewed", "op": "ahead", "days": 30}, []),
        ],
    )
    def test_identifiers_lists_times_and_groups(
        self, condition: dict[str, Any], expected: list[str], bob: Client, crowd: Shop
    ) -> None:
        assert names(page(bob, filtered(condition))) == expected

    def test_a_group_and_what_comes_stand_in_chips(self, bob: Client, crowd: Shop) -> None:
        ahead = {"type": "recent", "field": "trait:renewed", "op": "ahead", "days": 30}
        address = filtered(
            {"type": "none", "of": [ahead, {"type": "any", "of": [PRO]}]}, {"type": "none", "of": [ahead]}
        )
        html = page(bob, address)
        assert names(html) == ["=Cy()"]
        assert re.findall(r"<i></i> ([a-z ]+) <b>([^<]+)</b>", html) == [
            ("none of", "2 conditions"),
            ("none of", "1 condition"),
        ]
        assert 'data-none="none of these holds"' in html
        assert '<select name="op"' in page(bob, f"/people/filter/form?place=0&{urlsplit(address).query}")
        (one,) = re.findall(r"<i>renewed</i> ([a-z ]+) <b>30 days</b>", page(bob, filtered(ahead)))
        assert one == "in the next"
        form = page(bob, f"/people/filter/form?place=0&{urlsplit(filtered(ahead)).query}")
        assert 'value="recent.ahead" data-takes="count" selected' in form

    def test_a_filter_may_be_a_group_of_none(self, bob: Client, crowd: Shop) -> None:
        tree = {"v": 1, "where": {"type": "none", "of": [PRO]}}
        html = page(bob, "/people?" + urlencode({"filter": json.dumps(tree)}))
        assert names(html) == ["=Cy()"]
        assert names(page(bob, found(r'<b>1 condition</b></button><a href="([^"]+)"', html))) == ["=Cy()", "Ben", "Ada"]

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ({"type": "sample", "percent": 10}, "Make an audience"),
            ({"type": "top", "field": "trait:orders", "percent": 10}, "Make an audience"),
            ({"type": "regex", "field": "trait:plan", "pattern": "^p"}, "can't be asked this"),
        ],
    )
    def test_what_only_audiences_ask_is_told(self, asked: dict[str, Any], said: str, bob: Client, crowd: Shop) -> None:
        address = filtered(asked)
        response = bob.get(address, headers={"HX-Request": "true"})
        assert response.status_code == 400
        assert said in unquote(response["X-Message"])
        assert '<select name="op"' in page(bob, f"/people/filter/form?place=0&{urlsplit(address).query}")

    def test_a_filter_that_is_none_is_told(self, bob: Client, crowd: Shop) -> None:
        response = bob.get("/people", {"filter": '{"v":1,"where":{"type":"text"}}'}, headers={"HX-Request": "true"})
        assert response.status_code == 400
        assert "filters.md" in response["X-Message"]
        assert bob.get(filtered({"type": "present", "field": "salary"})).status_code == 400

    def test_the_popover_offers_what_people_have(self, bob: Client, crowd: Shop) -> None:
        html = page(bob, "/people/filter")
        assert 'value="trait:plan"' in html
        assert 'value="identifier:user_id"' in html
        assert "pro" in page(bob, "/people/filter/form?field=trait:plan")
        data = bob.get("/people/filter/fields").json()["fields"]
        (orders,) = [one for one in data if one["field"] == "trait:orders"]
        assert orders["operators"][0][0] == "number.eq"

    def test_a_form_adds_and_changes_a_condition(self, bob: Client, crowd: Shop) -> None:
        sent = {"field": "trait:plan", "op": "text.is", "value": ["pro", ""], "sort": "name"}
        location = bob.get("/people/filter/apply", sent)["Location"]
        assert names(page(bob, location)) == ["Ada", "Ben"]
        again = {"filter": parse_qs(urlsplit(location).query)["filter"][0], "place": "0"}
        changed = bob.get("/people/filter/apply", {**again, "field": "trait:orders", "op": "number.lt", "value": "3"})
        assert names(page(bob, changed["Location"])) == ["Ada"]

    def test_a_form_says_what_is_wrong(self, bob: Client, crowd: Shop) -> None:
        for op, value, said in (
            ("number.gt", "many", "is no number"),
            ("text.is", "", "Give a value"),
            ("date.before", "soon", "Write a day"),
            ("recent.within", "0", "whole number of days"),
            ("", "x", "Choose how to compare"),
            ("number.gt", "1e400", "is no number"),
            ("number.gt", "9" * 32, "beyond"),
        ):
            html = page(bob, "/people/filter/apply?" + urlencode({"field": "trait:orders", "op": op, "value": value}))
            assert said in html, (op, value)


class TestColumnsAndSide:
    """What a list shows."""

    def test_columns_of_ones_choice(self, bob: Client, crowd: Shop) -> None:
        sent = {"show": ["name", "trait:orders", "identifier:user_id", "nonsense"]}
        location = bob.get("/people/columns", sent)["Location"]
        html = page(bob, location)
        assert re.findall(r'data-column="([^"]+)"', html) == ["name", "trait:orders", "identifier:user_id"]
        assert re.search(r'<td class="fold t2 n">10</td>', html)
        assert "trait:plan" in page(bob, f"/people/columns{location.removeprefix('/people')}")

    def test_a_person_at_the_side(self, bob: Client, crowd: Shop) -> None:
        h = to_text(identifier_hash("user_id", "1"))
        html = bob.get(f"/people?peek={h}", headers={"HX-Request": "true", "HX-Target": "peek"}).content.decode()
        assert "ada@example.com" in html or "a•••@" in html
        assert "<table" not in html
        assert "orders" in html
        assert names(page(bob, f"/people?peek={h}"))[0] == "=Cy()"
        assert "no longer here" in page(bob, f"/people?peek={'0' * 16}")


class TestViews:
    """Lists that are kept."""

    def save(self, client: Client, name: str, **more: str) -> str:
        address = urlsplit(filtered(PRO, sort="name")).query
        return str(client.post("/people/views", {"address": address, "name": name, **more})["Location"])

    def test_saved_seen_changed_deleted_and_brought_back(self, alice: Client, crowd: Shop) -> None:
        assert "Save view" not in page(alice, "/people")
        assert "Save view" in page(alice, filtered(PRO))
        url = self.save(alice, "Pro <b>people</b>")
        html = page(alice, url)
        assert names(html) == ["Ada", "Ben"]
        assert "Pro &lt;b&gt;people" in html
        assert "Save view" not in html
        assert "Reset" in page(alice, f"{url}&who=all")
        view = parse_qs(urlsplit(url).query)["view"][0]
        alice.post(f"/people/views/{view}/replace", {"address": "who=all"})
        assert f"/people?who=all&amp;view={view}" in page(alice, "/people")
        html = alice.post(f"/people/views/{view}/delete", follow=True).content.decode()
        assert f"view={view}" not in html
        alice.post(found(r'<form method="post" action="(/people/views/\d+/restore)">', html))
        assert f"view={view}" in page(alice, "/people")

    def test_ones_own_and_everybodys(self, alice: Client, bob: Client, crowd: Shop) -> None:
        self.save(alice, "Mine")
        url = self.save(alice, "Ours", shared="yes")
        html = page(bob, "/people")
        assert "Ours" in html
        assert "Mine" not in html
        view = parse_qs(urlsplit(url).query)["view"][0]
        assert bob.post(f"/people/views/{view}/delete").status_code == 403
        assert bob.post("/people/views/999/delete").status_code == 404
        assert bob.post("/people/views", {"address": "", "name": " "}).status_code == 400

    def tabs(self, client: Client) -> list[str]:
        html = page(client, "/people")
        return [unescape(name) for name in re.findall(r"view=\d+[^>]*><span>([^<]*)</span>", html)]

    def test_tabs_are_moved_among_those_one_sees(self, alice: Client, bob: Client, crowd: Shop) -> None:
        for name in "ABC":
            self.save(alice, name, shared="yes")
        own = parse_qs(urlsplit(self.save(bob, "Mine")).query)["view"][0]
        assert self.tabs(bob) == ["A", "B", "C", "Mine"]
        seen = []
        for by in ("-1", "-1", "-1", "-1", "1"):
            bob.post(f"/people/views/{own}/move", {"by": by})
            seen.append(self.tabs(bob).index("Mine"))
        assert seen == [2, 1, 0, 0, 1]
        assert self.tabs(bob) == ["A", "Mine", "B", "C"]
        assert self.tabs(alice) == ["A", "B", "C"]
        theirs = int(own) - 1
        assert bob.post(f"/people/views/{theirs}/move", {"by": "-1"}).status_code == 403
        assert self.tabs(alice) == ["A", "B", "C"]

    def test_there_is_always_room_between_two_tabs(self, alice: Client, crowd: Shop) -> None:
        views = {name: parse_qs(urlsplit(self.save(alice, name)).query)["view"][0] for name in "ABC"}
        for _ in range(60):  # each goes between the other two: halving the room would leave none
            last = self.tabs(alice)[-1]
            alice.post(f"/people/views/{views[last]}/move", {"by": "-1"})
        assert self.tabs(alice) == ["A", "B", "C"]

    def test_renamed_by_editors_and_shared_by_the_owner_alone(self, alice: Client, bob: Client, crowd: Shop) -> None:
        view = parse_qs(urlsplit(self.save(bob, "Mine")).query)["view"][0]
        assert alice.post(f"/people/views/{view}/rename", {"name": "Stolen"}).status_code == 404
        bob.post(f"/people/views/{view}/rename", {"name": " Our  own ", "shared": "yes"})
        assert self.tabs(alice) == ["Our own"]
        assert "Rename or share" in page(bob, f"/people?view={view}")
        assert "Rename or share" not in page(alice, f"/people?view={view}")
        alice.post(f"/people/views/{view}/rename", {"name": "Everybody's"})
        assert self.tabs(bob) == self.tabs(alice) == ["Everybody's"]
        assert bob.post(f"/people/views/{view}/rename", {"name": "  "}).status_code == 400
        bob.post(f"/people/views/{view}/rename", {"name": "Mine again"})
        assert (self.tabs(alice), self.tabs(bob)) == ([], ["Mine again"])


class TestExport:
    """CSV."""

    def rows(self, client: Client, **sent: str) -> list[list[str]]:
        response = client.post("/people/export", sent)
        assert response.status_code == 200
        return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))  # type: ignore[attr-defined]  # Django's test client says HttpResponse

    def test_a_whole_list_with_its_columns(self, alice: Client, crowd: Shop) -> None:
        address = urlencode({"col": ["name", "trait:plan", "trait:tags"]}, doseq=True)
        head, *rows = self.rows(alice, address=address, all="yes")
        assert head == ["id", "name", "trait:plan", "trait:tags"]
        assert sorted(row[1:] for row in rows) == [["'=Cy()", "free", "vip"], ["Ada", "pro", ""], ["Ben", "pro", ""]]

    def test_those_that_were_ticked_and_an_entry_in_the_audit_log(self, alice: Client, crowd: Shop) -> None:
        rows = self.rows(alice, address="", ids=to_text(identifier_hash("user_id", "2")))
        assert [row[1] for row in rows[1:]] == ["Ben"]
        entry = crowd.conn.execute("select actor, action, details from audit order by id desc limit 1").fetchone()
        assert entry is not None
        assert entry[:2] == ("user:alice", "people.exported")
        assert alice.post("/people/export", {"address": ""}).status_code == 400


class TestApi:
    """GET /api/people."""

    def test_pages_with_a_filter_an_order_and_fields(self, robot: Client, crowd: Shop) -> None:
        asked = {"filter": json.dumps({"v": 1, "where": PRO}), "sort": "name", "fields": "trait:orders", "limit": "1"}
        first = robot.get("/api/people", asked).json()
        assert [one["name"] for one in first["people"]] == ["Ada"]
        assert first["people"][0]["fields"] == {"trait:orders": 2}
        assert (first["count"], first["is_count_capped"]) == (2, False)
        second = robot.get("/api/people", {**asked, "after": first["next"]}).json()
        assert ([one["name"] for one in second["people"]], second["next"]) == (["Ben"], None)

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"filter": "x"}, "filter_invalid"),
            ({"sort": "salary"}, "list_invalid"),
            ({"after": "x"}, "query_invalid"),
            ({"filter": '{"v":1,"where":{"type":"present","field":"x"}}'}, "field_unknown"),
        ],
    )
    def test_what_is_wrong_is_said(self, asked: dict[str, str], code: str, robot: Client, crowd: Shop) -> None:
        response = robot.get("/api/people", asked)
        assert (response.status_code, response.json()["code"]) == (400, code)
        assert unescape(response.json()["message"])
