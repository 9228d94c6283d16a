"""People as records of sales: fields edited in place, whose they are, lists, many at once, stages of their lives."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.http import QueryDict
from django.test import Client
from psycopg import Connection

from onefold.accounts.api import Role
from onefold.crm.company_fields import digest_of
from onefold.crm.errors import LifecycleRejected
from onefold.crm.lifecycle import add_stage, archive_stage, change_stage, load_lifecycle, move_stage, restore_stage
from onefold.crm.objects import STANDARD
from onefold.crm.policy import set_reaches
from onefold.crm.records import create_records
from onefold.crm.viewer import Doing, Reach, Viewer
from onefold.kernel.hashing import identifier_hash
from onefold.profiles.api import list_state_of, to_text
from onefold.profiles.exports import Wanted, ask_export
from onefold.profiles.jobs import make_exports
from tests.crm.floor import Floor
from tests.web.conftest import Shop, signed_in

FILTER = {
    "type": "all",
    "of": [
        {"type": "number", "field": "at_company/trait:employees", "op": "gt", "value": 50},
        {
            "type": "related",
            "field": "deals",
            "where": {
                "type": "all",
                "of": [
                    {"type": "text", "field": "state", "op": "is", "values": ["open"]},
                    {"type": "number", "field": "amount", "op": "gt", "value": 10_000},
                ],
            },
        },
    ],
}
"""People whose company has more than 50 employees and an open deal over 10,000."""


def traits_of(conn: Connection[Any], user: str = "1") -> dict[str, Any]:
    row = conn.execute(
        "select t.traits from node n join profile_traits t on t.id = n.prof where n.h = %s",
        [identifier_hash("user_id", user)],
    ).fetchone()
    assert row is not None
    found: dict[str, Any] = row[0]
    return found


def field_url(conn: Connection[Any], name: str, user: str = "1") -> str:
    row = conn.execute("select prof from node where h = %s", [identifier_hash("user_id", user)]).fetchone()
    assert row is not None
    return f"/records/of/person/{to_text(row[0])}/fields/{name}"


def save(browser: Client, url: str, value: str, seen: Any = None) -> Any:
    return browser.post(url, {"value": value, "seen": digest_of(seen)}, headers={"HX-Request": "true"})


def names_listed(browser: Client, tree: Any, **more: str) -> set[str]:
    address = urlencode({"filter": json.dumps({"v": 1, "where": tree}), **more})
    html = browser.get(f"/people?{address}").content.decode()
    return {name for name in ("Ada", "Ben", "Cleo") if f">{name}</a>" in html}


@pytest.mark.usefixtures("processor")
class TestInPlace:
    """A processor runs."""

    def test_an_owner_is_kept_by_number_shown_by_name_and_undone(self, floor: Floor) -> None:
        me = floor.enter(Role.SALES)
        browser, url = signed_in(me), field_url(floor.conn, "owner")
        answer = save(browser, url, "sam")
        assert traits_of(floor.conn)["owner"] == me.pk
        assert "sam" in answer.content.decode()
        undo = json.loads(answer["HX-Trigger"])["toast"]["undo"]
        assert save(browser, url, "nobody", me.pk).content.decode().count("who can own something") == 1
        assert browser.post(undo).status_code == 302
        assert "owner" not in traits_of(floor.conn)

    def test_an_edit_outranks_a_form_and_says_why(self, floor: Floor, shop: Shop) -> None:
        browser, url = signed_in(floor.enter(Role.SALES)), field_url(floor.conn, "lead_status")
        shop.identify("1", lead_status="working")
        save(browser, url, "qualified", "working")
        shop.identify("1", lead_status="new")
        assert traits_of(floor.conn)["lead_status"] == "qualified"
        why = browser.get(
            url.replace("records/of/person", "people").replace("/fields/lead_status", "/why?trait=lead_status")
        )
        assert "sam" in why.content.decode()

    def test_the_second_of_two_editors_sees_what_the_first_said(self, floor: Floor) -> None:
        url = field_url(floor.conn, "lifecycle_stage")
        first, second = signed_in(floor.enter(Role.EDITOR)), signed_in(floor.root)
        save(first, url, "lead")
        html = save(second, url, "customer").content.decode()
        assert "sam has changed this since you looked" in html
        assert "Lead" in html
        assert traits_of(floor.conn)["lifecycle_stage"] == "lead"
        save(second, url, "customer", "lead")
        assert traits_of(floor.conn)["lifecycle_stage"] == "customer"

    def test_what_is_no_choice_is_refused(self, floor: Floor) -> None:
        browser = signed_in(floor.enter(Role.SALES))
        html = save(browser, field_url(floor.conn, "lifecycle_stage"), "<b>").content.decode()
        assert "is none of" in html
        assert "&lt;b&gt;" in html
        assert "is no" not in str(traits_of(floor.conn))
        assert browser.get(field_url(floor.conn, "shoe_size")).status_code == 404

    def test_only_ones_own_where_the_policy_says_so(self, floor: Floor) -> None:
        me = floor.enter(Role.SALES)
        browser, url = signed_in(me), field_url(floor.conn, "lead_status")
        set_reaches(floor.conn, "sales", {("people", Doing.EDIT): Reach.OWN}, acting_user="test")
        assert save(browser, url, "new").status_code == 403
        person = url.split("/fields")[0].replace("records/of/person", "people")
        assert browser.post(f"{person}/traits/correct", {"name": "a", "value": "b"}).status_code == 403
        assert "pencil" not in browser.get(url).content.decode()
        save(signed_in(floor.root), field_url(floor.conn, "owner"), "sam")
        assert save(browser, url, "new").status_code == 200
        assert traits_of(floor.conn) | {"lead_status": "new", "owner": me.pk} == traits_of(floor.conn)
        assert "a" not in traits_of(floor.conn)

    def test_many_are_changed_and_taken_back_but_for_whom_somebody_else_changed(self, floor: Floor, shop: Shop) -> None:
        shop.identify("2", name="Ben", lifecycle_stage="visitor")
        shop.identify("3", name="Cleo")
        browser = signed_in(floor.enter(Role.SALES))
        answer = browser.post("/people/bulk", {"all": "yes", "field": "lifecycle_stage", "value": "lead"}, follow=True)
        assert [traits_of(floor.conn, one)["lifecycle_stage"] for one in "123"] == ["lead"] * 3
        undo = next(one.extra_tags for one in answer.context["messages"])
        save(signed_in(floor.root), field_url(floor.conn, "lifecycle_stage", "3"), "customer", "lead")
        assert signed_in(floor.users["mate"]).post(undo).status_code == 404, "it is somebody else's"
        browser.post(undo)
        browser.post(undo)
        assert [traits_of(floor.conn, one).get("lifecycle_stage") for one in "123"] == [None, "visitor", "customer"]
        told = floor.conn.execute(
            "select action, details from audit where target = 'people:list' order by id"
        ).fetchall()
        assert [one[0] for one in told] == ["people.changed", "people.change_undone"]
        assert told[0][1]["people"] == 3
        UUID(told[0][1]["act"])

    def test_the_api_tells_and_changes_them(self, floor: Floor, api: Any) -> None:
        url = "profiles/user_id:1/fields"
        before = api.get(url)
        assert before["fields"]["email"] == "ada@example.com"
        assert before["choices"]["lifecycle_stage"][:2] == ["visitor", "lead"]
        answer = api("PATCH", url, {"owner": "rob", "lifecycle_stage": "lead", "seen": {"owner": None}})
        assert answer["is_processed"]
        assert (answer["fields"]["owner"], answer["fields"]["lifecycle_stage"]) == ("rob", "lead")
        assert api("PATCH", url, {"owner": "rob"})["event"] is None
        assert api("PATCH", url, {"owner": "sue", "seen": {"owner": None}}, expect=409)["code"] == "edit_conflict"
        wrongs: list[dict[str, Any]] = [
            {"owner": "nobody"},
            {"shoe_size": 1},
            {"lead_status": "x"},
            {"title": {}},
            {"email": "x"},
        ]
        for wrong in wrongs:
            api("PATCH", url, wrong, expect=400)
        assert traits_of(floor.conn).keys() >= {"owner", "lifecycle_stage"}
        assert "title" not in traits_of(floor.conn)

    def test_others_people_are_not_changed_in_bulk(self, floor: Floor) -> None:
        browser = signed_in(floor.enter(Role.SALES))
        set_reaches(floor.conn, "sales", {("people", Doing.EDIT): Reach.OWN}, acting_user="test")
        sent = {"all": "yes", "field": "owner", "value": "sam"}
        assert browser.post("/people/bulk", sent).status_code == 403
        assert "owner" not in traits_of(floor.conn)


class TestLists:
    """What lists of people are asked."""

    @pytest.fixture
    def deals(self, floor: Floor, shop: Shop) -> Client:
        shop.send({"type": "group", "userId": "1", "groupId": "acme", "traits": {"employees": 80}})
        for user, name in (("2", "Ben"), ("3", "Cleo")):
            shop.identify(user, name=name)
        shop.send({"type": "group", "userId": "2", "groupId": "acme"})
        shop.send({"type": "group", "userId": "3", "groupId": "tiny", "traits": {"employees": 3}})
        me = floor.enter(Role.EDITOR)
        viewer = Viewer(name="t", user_id=me.pk, username="sam", usual=dict.fromkeys(Doing, Reach.ALL))
        rows = [
            {"name": "big", "amount": "20000", "person": "user_id:1"},
            {"name": "small", "amount": "9000", "person": "user_id:2"},
            {"name": "too small a company", "amount": "20000", "person": "user_id:3"},
        ]
        create_records(floor.conn, STANDARD["deal"], rows, viewer=viewer)
        return signed_in(me)

    def test_by_company_and_open_deals(self, deals: Client) -> None:
        assert names_listed(deals, FILTER) == {"Ada"}
        either: Any = {"type": "any", "of": [FILTER, {"type": "text", "field": "name", "op": "is", "values": ["Ben"]}]}
        assert names_listed(deals, either) == {"Ada", "Ben"}
        none = {"type": "related", "field": "deals", "op": "has_not", "where": FILTER["of"][1]["where"]}  # type: ignore[index]  # a test's own JSON
        assert names_listed(deals, none) == {"Ben"}

    def test_the_chip_says_what_is_asked(self, deals: Client) -> None:
        html = deals.get("/people?" + urlencode({"filter": json.dumps({"v": 1, "where": FILTER})})).content.decode()
        assert "<i>Deals</i> with <b>" in html
        assert "Amount &gt; 10000" in html
        assert "Company \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} Employees" in html

    def test_groups_know_what_people_lead_to(self, deals: Client) -> None:
        found = deals.get("/people/filter/fields").json()
        assert [one["field"] for one in found["relations"]][:2] == ["at_company", "deals"]
        fields = {one["field"]: one for one in found["fields"]}
        assert ["me", "Me"] in fields["trait:owner"]["options"]
        assert ["customer", "Customer"] in fields["trait:lifecycle_stage"]["options"]
        assert "deals/amount" in fields

    def test_who_sees_no_deals_is_told_nothing_of_them(self, floor: Floor, deals: Client) -> None:
        set_reaches(floor.conn, "viewer", {("deal", Doing.SEE): Reach.NONE}, acting_user="test")
        viewer = signed_in(floor.make_user("vic", Role.VIEWER))
        assert names_listed(viewer, FILTER) == set()
        assert "deals" not in [one["field"] for one in viewer.get("/people/filter/fields").json()["relations"]]

    def test_owner_and_stage_are_columns_filters_and_orders(self, floor: Floor, shop: Shop, deals: Client) -> None:
        shop.identify("1", owner=floor.users["own"].pk, lifecycle_stage="customer")
        shop.identify("2", owner=floor.users["mate"].pk, lifecycle_stage="lead")
        shop.identify("3", owner="Somebody%s")
        mine = {"type": "text", "field": "trait:owner", "op": "is", "values": ["me"]}
        assert names_listed(deals, mine) == {"Ada"}
        assert names_listed(deals, mine | {"op": "is_not"}) == {"Ben", "Cleo"}
        assert names_listed(deals, mine | {"values": ["mate", "Somebody%s"]}) == {"Ben", "Cleo"}
        assert names_listed(deals, {"type": "present", "field": "trait:owner"}) == {"Ada", "Ben", "Cleo"}
        html = deals.get(
            "/people?sort=trait:lifecycle_stage&col=name&col=trait:lifecycle_stage&col=trait:owner"
        ).content
        text = html.decode().partition("<tbody>")[2]
        assert text.index(">Ben</a>") < text.index(">Ada</a>") < text.index(">Cleo</a>")
        assert "Customer" in text
        assert ">mate<" in text

    def test_an_export_by_the_worker_knows_deals_and_owners(
        self, floor: Floor, shop: Shop, deals: Client, pg_url: str
    ) -> None:
        shop.identify("1", owner=floor.users["mate"].pk)
        address = urlencode({"filter": json.dumps({"v": 1, "where": FILTER}), "col": "name"}) + "&col=trait:owner"
        state = list_state_of(QueryDict(address))
        user_id = int(floor.users["own"].pk)
        ask_export(floor.conn, state, Wanted("user:sam", user_id, is_masked=False))
        assert make_exports(pg_url) == 1
        (row,) = floor.conn.execute("select body from people_export_piece").fetchall()
        assert [line.split(",")[1:] for line in row[0].decode().splitlines()] == [
            ["name", "trait:owner"],
            ["Ada", "mate"],
        ]

    def test_the_worker_needs_no_settings_of_django(self, floor: Floor, pg_url: str) -> None:
        me = floor.enter(Role.SALES)
        code = (
            "import sys; from onefold.crm.jobs import tell_of_people; from onefold.infra.postgres import connect;"
            " from onefold.profiles.more import more_fields_of_user as fields; tell_of_people();"
            " conn = connect(sys.argv[1], 'tests', autocommit=True);"
            " print(*fields(conn, int(sys.argv[2]), is_masked=True).asked)"
        )
        environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        done = subprocess.run(
            [sys.executable, "-c", code, pg_url, str(me.pk)], capture_output=True, text=True, check=True, env=environ
        )
        assert {"trait:owner", "at_company", "deals"} <= set(done.stdout.split())


class TestStages:
    """The workspace's own."""

    def test_they_are_added_renamed_and_moved(self, shop: Shop) -> None:
        conn = shop.conn
        key = add_stage(conn, "  Fän\tclub ", "ok", acting_user="user:root")
        assert (key, add_stage(conn, "日本", "", acting_user="user:root")) == ("fan_club", "stage")
        change_stage(conn, "lead", name="Hot lead", tone="bad", acting_user="user:root")
        move_stage(conn, key, -1, acting_user="user:root")
        titles = [str(one.title) for one in load_lifecycle(conn).live]
        assert titles == [
            "Visitor",
            "Hot lead",
            "Qualified",
            "Opportunity",
            "Customer",
            "Fän club",
            "Evangelist",
            "日本",
        ]
        actions = [row[0] for row in conn.execute("select action from audit where target like 'lifecycle_stage:%'")]
        assert sorted(actions) == [f"lifecycle_stage.{one}" for one in ("added", "added", "changed", "moved")]

    def test_one_in_use_is_not_lost_silently(self, shop: Shop) -> None:
        conn = shop.conn
        shop.identify("1", name="Ada", lifecycle_stage="lead")
        with pytest.raises(LifecycleRejected, match="1 person is in this stage"):
            archive_stage(conn, "lead", is_sure=False, acting_user="user:root")
        assert [one.key for one in load_lifecycle(conn).live][1] == "lead"
        archive_stage(conn, "lead", is_sure=True, acting_user="user:root")
        archive_stage(conn, "lead", is_sure=True, acting_user="user:root")
        assert "lead" not in [one.key for one in load_lifecycle(conn).live]
        assert "lead" in [one.value for one in load_lifecycle(conn).options(with_archived=True)]
        restore_stage(conn, "lead", acting_user="user:root")
        assert [one.key for one in load_lifecycle(conn).live][1] == "lead"

    @pytest.mark.parametrize("name", ["", " ", "x" * 61, "LEAD"])
    def test_names_are_checked(self, shop: Shop, name: str) -> None:
        with pytest.raises(LifecycleRejected):
            add_stage(shop.conn, name, "", acting_user="user:root")

    def test_the_page(self, browser_of: Callable[..., Client], shop: Shop) -> None:
        shop.identify("1", name="Ada", lifecycle_stage="lead")
        browser = browser_of("ann", Role.ADMIN)
        assert browser.post("/settings/crm/lifecycle", {"name": "<b>Fan", "tone": "ok"}).status_code == 302
        html = browser.get("/settings/crm/lifecycle").content.decode()
        assert "&lt;b&gt;Fan" in html
        assert "1 person stays in it" in html
        answer = browser.post("/settings/crm/lifecycle/lead/archive")
        assert (answer.status_code, "1 person is in this stage" in answer.content.decode()) == (422, True)
        assert browser.post("/settings/crm/lifecycle/lead/archive", {"sure": "yes"}).status_code == 302
        assert "1 person is still in it" in browser.get("/settings/crm/lifecycle").content.decode()
        assert browser.post("/settings/crm/lifecycle/nowhere/move").status_code == 422
