"""Leads get owners by rules: whose turn it is, each once, and what becomes of it when many come or nobody has room."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection, Rollback

from onefold.accounts.api import Role
from onefold.crm.assign_setup import AssignmentWanted, add_rule, archive_rule, archived_rules, change_rule, move_rule
from onefold.crm.assigning import (
    AssignmentMember,
    AssignmentRule,
    Way,
    assign_leads,
    choose,
    forget_assignments,
    load_rules,
)
from onefold.crm.errors import SetupMissing, SetupRejected
from onefold.crm.viewer import Viewer
from tests.crm.api import Api
from tests.crm.conftest import events_of
from tests.waiting import wait_until
from tests.web.conftest import Shop

ADMIN: Final = "user:admin"


def rule(way: Way, *members: tuple[int, int | None], last: int | None = None) -> AssignmentRule:
    return AssignmentRule(1, "North", way, "", "", None, last, [AssignmentMember(n, str(n), cap) for n, cap in members])


def lead(shop: Shop, user: str, **traits: Any) -> None:
    shop.identify(user, name=f"Lead {user}", lifecycle_stage="lead", **traits)


def assigned(conn: Connection[Any]) -> list[str]:
    """Who got leads, in the order in which they were given."""
    rows = conn.execute(
        'select u.username from lead_assignment a join accounts_user u on u.id = a."user" order by at, anchor'
    )
    return [name for (name,) in rows]


def wanted(*members: str, **fields: Any) -> AssignmentWanted:
    given: dict[str, Any] = {"name": "North", "way": "round_robin", "members": dict.fromkeys(members)}
    return AssignmentWanted(**(given | fields))


class TestWhoseTurn:
    def test_in_turn_it_goes_around(self) -> None:
        three = ((1, None), (2, None), (3, None))
        turns = [None]
        for _ in range(5):
            one = choose(rule(Way.ROUND_ROBIN, *three), {}, turns[-1])
            assert one is not None
            turns.append(one.user)  # type: ignore[arg-type]  # the list begins with nobody
        assert turns[1:] == [1, 2, 3, 1, 2]

    @given(
        st.sampled_from(list(Way)),
        st.dictionaries(st.integers(1, 6), st.one_of(st.none(), st.integers(1, 5)), max_size=6),
        st.dictionaries(st.integers(1, 6), st.integers(0, 6)),
        st.one_of(st.none(), st.integers(1, 6)),
    )
    def test_nobody_gets_more_than_they_can_take(
        self, way: Way, members: dict[int, int | None], loads: dict[int, int], last: int | None
    ) -> None:
        one = choose(rule(way, *members.items()), loads, last)
        free = [user for user, cap in members.items() if cap is None or loads.get(user, 0) < cap]
        assert (one is None) is (not free)
        if one is not None:
            assert one.user in free
            if way is Way.LEAST_BUSY:
                assert loads.get(one.user, 0) == min(loads.get(user, 0) for user in free)


class TestAssigning:
    def test_each_lead_once_in_turn(self, shop: Shop, team: dict[str, Viewer]) -> None:
        conn = shop.conn
        add_rule(conn, wanted("rob", "sue"), acting_user=ADMIN)
        for user in "1234":
            lead(shop, user)
        shop.identify("5", name="No lead")
        lead(shop, "6", owner=team["mia"].user_id)
        assert assign_leads(conn) == 4
        assert sorted(assigned(conn)) == ["rob", "rob", "sue", "sue"]
        assert assign_leads(conn) == 0
        shop.identify("1", city="Oslo")
        assert assign_leads(conn) == 0, "nobody is assigned twice"
        events = events_of(conn)
        assert {event["actingUser"] for event in events} == {"onefold: assignment “North”"}
        assert len({event["messageId"] for event in events}) == 4
        told = conn.execute("select count(*) from notification where key like 'assigned:%'").fetchone()
        assert told == (4,)

    @pytest.mark.usefixtures("processor")
    def test_the_owner_is_on_the_record_and_says_why(self, shop: Shop, team: dict[str, Viewer]) -> None:
        conn = shop.conn
        add_rule(conn, wanted("sue"), acting_user=ADMIN)
        lead(shop, "1")
        assert assign_leads(conn) == 1
        asked = "select t.traits ->> 'owner' from profile_traits t"
        wait_until(lambda: conn.execute(asked).fetchone() == (str(team["sue"].user_id),), 10, "the owner")

    def test_the_first_rule_that_is_of_a_lead_counts(self, shop: Shop, team: dict[str, Viewer]) -> None:
        conn = shop.conn
        last = add_rule(conn, wanted("mia", name="All others"), acting_user=ADMIN)
        add_rule(conn, wanted("rob", name="Norway", country="norway"), acting_user=ADMIN)
        add_rule(conn, wanted("sue", name="Fairs", source="event"), acting_user=ADMIN)
        add_rule(conn, wanted("vic", name="Hot", least_points=10), acting_user=ADMIN)
        for _ in range(3):
            move_rule(conn, last, 1, acting_user=ADMIN)
        assert [one.name for one in load_rules(conn)] == ["Norway", "Fairs", "Hot", "All others"]
        for user, traits in (
            ("1", {"country": "Norway", "lead_source": "event"}),
            ("2", {"lead_source": "event"}),
            ("3", {"email": "ada@example.com", "title": "Countess"}),
            ("4", {}),
        ):
            lead(shop, user, **traits)
            if user == "3":
                conn.execute(
                    "insert into lead_score select prof, 12, now() from node where val = '3' on conflict do nothing"
                )
            assign_leads(conn)
        assert assigned(conn) == ["rob", "sue", "vic", "mia"]

    def test_who_has_no_room_gets_no_more_and_leads_wait_for_room(self, shop: Shop, team: dict[str, Viewer]) -> None:
        conn = shop.conn
        number = add_rule(conn, wanted(members={"rob": 2, "sue": 1}, way="least_busy"), acting_user=ADMIN)
        for user in "12345":
            lead(shop, user)
        assert assign_leads(conn) == 3
        assert conn.execute("select count(*) from lead_waiting").fetchone() == (2,)
        assert assign_leads(conn) == 0
        change_rule(conn, number, wanted(members={"rob": 2, "sue": 5}, way="least_busy"), acting_user=ADMIN)
        assert assign_leads(conn) == 2
        assert sorted(assigned(conn)) == ["rob", "rob", "sue", "sue", "sue"]
        assert conn.execute("select count(*) from lead_waiting").fetchone() == (0,)

    def test_who_may_not_sign_in_gets_none(self, shop: Shop, team: dict[str, Viewer]) -> None:
        conn = shop.conn
        add_rule(conn, wanted("rob", "sue"), acting_user=ADMIN)
        conn.execute("update accounts_user set is_active = false where username = 'rob'")
        for user in "12":
            lead(shop, user)
        assign_leads(conn)
        assert assigned(conn) == ["sue", "sue"]

    def test_killed_before_its_end_it_was_never_done(self, shop: Shop, team: dict[str, Viewer]) -> None:
        conn = shop.conn
        add_rule(conn, wanted("rob"), acting_user=ADMIN)
        lead(shop, "1")
        with suppress(Rollback), conn.transaction():
            assert assign_leads(conn) == 1
            raise Rollback
        assert (assigned(conn), events_of(conn)) == ([], [])
        assert assign_leads(conn) == 1
        assert len(events_of(conn)) == 1

    def test_who_is_erased_leaves_no_trace(self, shop: Shop, team: dict[str, Viewer]) -> None:
        conn = shop.conn
        add_rule(conn, wanted("rob"), acting_user=ADMIN)
        for user in "12":
            lead(shop, user)
        assert assign_leads(conn) == 2
        conn.execute("delete from node where val = '1'")
        forget_assignments(conn)
        assert len(assigned(conn)) == 1


class TestRules:
    @pytest.mark.parametrize(
        "fields",
        [
            {"name": " \0"},
            {"name": "x" * 101},
            {"country": "x" * 101},
            {"way": "by_lot"},
            {"members": {}},
            {"members": {"nobody": None}},
            {"members": {"rob": 0}},
            {"members": {"rob": 10**6}},
            {"members": {str(n): None for n in range(201)}},
            {"least_points": 10**7},
        ],
    )
    def test_what_a_rule_cannot_be_is_said(self, shop: Shop, team: dict[str, Viewer], fields: dict[str, Any]) -> None:
        with pytest.raises(SetupRejected):
            add_rule(shop.conn, wanted("rob", **fields), acting_user=ADMIN)
        assert load_rules(shop.conn) == []

    def test_archived_and_back(self, shop: Shop, team: dict[str, Viewer]) -> None:
        conn = shop.conn
        number = add_rule(conn, wanted("rob"), acting_user=ADMIN)
        archive_rule(conn, number, is_archived=True, acting_user=ADMIN)
        lead(shop, "1")
        assert (assign_leads(conn), archived_rules(conn)) == (0, [(number, "North")])
        archive_rule(conn, number, is_archived=False, acting_user=ADMIN)
        assert [one.id for one in load_rules(conn)] == [number]
        with pytest.raises(SetupMissing):
            archive_rule(conn, 10**9, is_archived=True, acting_user=ADMIN)
        with pytest.raises(SetupMissing):
            change_rule(conn, 10**9, wanted("rob"), acting_user=ADMIN)
        with pytest.raises(SetupMissing):
            move_rule(conn, 10**9, 1, acting_user=ADMIN)


def test_the_page(shop: Shop, team: dict[str, Viewer], browser_of: Callable[..., Client]) -> None:
    admin = browser_of("root", Role.ADMIN)
    page = "/settings/crm/assignment"
    assert "Nobody is assigned by rules yet." in admin.get(page).content.decode()
    sent = {"name": "<b>North</b>", "way": "least_busy", "member": ["rob", "sue"], "capacity-rob": "5"}
    assert admin.post(page, sent).status_code == 302
    (one,) = load_rules(shop.conn)
    assert [(member.name, member.capacity) for member in one.members] == [("rob", 5), ("sue", None)]
    html = admin.get(page).content.decode()
    assert "&lt;b&gt;North&lt;/b&gt;" in html
    assert 'name="capacity-rob" value="5"' in html
    assert admin.post(page, sent | {"capacity-rob": "many"}).status_code == 422
    assert admin.post(f"{page}/{one.id}", sent | {"member": ["sue"], "name": "South"}).status_code == 302
    assert [member.name for member in load_rules(shop.conn)[0].members] == ["sue"]
    for user in "12":
        lead(shop, user)
    shop.conn.execute("update assignment_member set capacity = 1")
    assign_leads(shop.conn)
    assert "1 lead waits" in admin.get(page).content.decode()
    assert admin.post(f"{page}/{one.id}/archive").status_code == 302
    assert load_rules(shop.conn) == []


def test_rules_by_the_api(shop: Shop, team: dict[str, Viewer], make_api: Callable[..., Api]) -> None:
    admin = make_api("root", Role.ADMIN, scopes=("read", "edit", "manage"))
    rule = {"name": "North", "way": "least_busy", "members": {"rob": 5, "sue": None}, "source": "event"}
    number = admin("POST", "assignment-rules", rule, expect=201)["id"]
    whole = rule | {"id": number, "country": "", "least_points": None}
    assert admin.get("assignment-rules") == [whole]
    admin("PUT", f"assignment-rules/{number}", rule | {"members": {"sue": 1}})
    assert admin.get("assignment-rules")[0]["members"] == {"sue": 1}
    admin("POST", f"assignment-rules/{number}/archive")
    assert admin.get("assignment-rules") == []
    admin("POST", f"assignment-rules/{number}/restore")
    points = {"kind": "event", "subject": "Called", "points": 12, "half_life_days": 7, "most": 3, "value": ""}
    given = admin("POST", "score-rules", points, expect=201)["id"]
    assert admin.get("score-rules")[-1] == points | {"id": given}
    assert "setup_invalid" in str(admin("PUT", f"score-rules/{given}", points | {"points": 0}, expect=400))
    admin("PUT", f"score-rules/{given}", points | {"points": 9})
    assert admin.get("score-rules")[-1]["points"] == 9
    admin("POST", f"score-rules/{given}/archive")
    assert given not in {one["id"] for one in admin.get("score-rules")}
    admin("POST", f"score-rules/{given}/restore")
    editor = make_api("ed")
    for path in ("assignment-rules", "score-rules"):
        assert editor("GET", path, expect=403)
