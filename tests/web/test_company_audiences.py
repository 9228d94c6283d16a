"""Audiences of companies: which enter and leave, when and why; whom people's rules find by them; API and rights."""

import json
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import pytest
from django.test import Client

from onefold.audiences import actions, rest
from onefold.audiences.api import LOOK_NOW
from onefold.audiences.errors import AudienceInUse, RuleRejected
from onefold.audiences.filling import advance
from onefold.events.api import Trust
from onefold.filters import api as f
from tests.web.audiences import PRO, Audiences, audiences, document, one
from tests.web.conftest import days_ago, track
from tests.web.reading import page

__all__ = ["audiences"]


def join(user: str, company: str, *, days: float = 1, **traits: Any) -> dict[str, Any]:
    """A group call, so many days ago."""
    return {
        "type": "group", "userId": user, "groupId": company, "traits": traits, "messageId": f"g-{user}-{company}",
        "timestamp": days_ago(days).isoformat(),
    }  # fmt: skip


def names_in(audiences: Audiences, number: int) -> list[str]:
    rows = audiences.conn.execute(
        "select c.key from membership m join company c on c.h = m.profile where m.audience = %s order by 1", [number]
    )
    return [row[0] for row in rows]


def people_in(audiences: Audiences, number: int) -> list[str]:
    rows = audiences.conn.execute(
        "select p.name from membership m join profile p on p.id = m.profile where m.audience = %s order by 1", [number]
    )
    return [row[0] for row in rows]


def history(audiences: Audiences, number: int) -> list[tuple[int, int]]:
    """Kind and cause of what happened, in order."""
    query = "select kind, cause from membership_change where audience = %s order by position"
    return audiences.conn.execute(query, [number]).fetchall()


@pytest.fixture
def pro(audiences: Audiences) -> int:
    """Who is pro: Ada and Ben of Acme are; Cy of Acme is not."""
    audiences.shop.send(join("1", "acme", name="Acme", size=80), join("2", "acme"), join("3", "acme"))
    number = audiences.make("Pro", starts=True)
    audiences.fill()
    assert number == one(audiences.conn, "select min(id) from audience")
    return number


def counting(audiences: Audiences, pro: int, op: str = "ge", value: int = 2, *, also: Iterable[Any] = ()) -> int:
    rule = f.AllOf((f.PeopleIn(pro, op, value), *also))  # type: ignore[arg-type]  # one of its operators
    number = audiences.make("Accounts", rule, purpose="", is_of_companies=True, starts=True)
    audiences.fill()
    return number


class TestWhichAreIn:
    """Live: the processor decides, as of people."""

    def test_a_company_enters_with_its_third_person_and_leaves_with_one(self, audiences: Audiences, pro: int) -> None:
        number = counting(audiences, pro, value=3)
        assert names_in(audiences, number) == []
        audiences.shop.identify("3", plan="pro")
        audiences.fill()
        assert names_in(audiences, number) == ["acme"]
        audiences.shop.identify("1", plan="free")
        audiences.fill()
        assert names_in(audiences, number) == []
        assert history(audiences, number) == [(1, 7), (2, 7)]

    def test_who_moves_to_another_company_is_counted_there(self, audiences: Audiences, pro: int) -> None:
        number = counting(audiences, pro)
        assert names_in(audiences, number) == ["acme"]
        audiences.shop.send(join("1", "basil", days=0), join("2", "basil", days=0))
        audiences.fill()
        assert names_in(audiences, number) == ["basil"]

    def test_people_who_turn_out_to_be_one_count_once(self, audiences: Audiences, pro: int) -> None:
        number = counting(audiences, pro)
        pair = {"type": "link", "a": ["user_id", "1"], "b": ["user_id", "2"]}
        link = pair | {"rule": "always", "messageId": "one", "timestamp": days_ago(1).isoformat()}
        audiences.shop.send(link, source=audiences.shop.internal, trust=Trust.SECRET)
        audiences.fill()
        assert names_in(audiences, number) == []
        never = pair | {
            "rule": "never",
            "messageId": "two",
            "timestamp": days_ago(0).isoformat(),
        }
        audiences.shop.send(never, source=audiences.shop.internal, trust=Trust.SECRET)
        audiences.fill()
        assert names_in(audiences, number) == ["acme"]

    def test_what_is_taken_back_no_longer_counts(self, audiences: Audiences, pro: int) -> None:
        number = counting(audiences, pro)
        source = audiences.shop.back_end.id
        gone = {"type": "retract", "source": source, "messageIds": ["g-1-acme"], "messageId": "r1"}
        audiences.shop.send(gone, source=audiences.shop.internal)
        audiences.fill()
        assert names_in(audiences, number) == []

    def test_a_company_of_which_nothing_is_left_leaves(self, audiences: Audiences) -> None:
        audiences.shop.send(join("1", "acme", size=80))
        number = audiences.make(
            "Large", f.Number("trait:size", "ge", 50), purpose="", is_of_companies=True, starts=True
        )
        audiences.fill()
        assert names_in(audiences, number) == ["acme"]
        gone = {
            "type": "retract", "source": audiences.shop.back_end.id, "messageIds": ["g-1-acme"], "messageId": "r1",
        }  # fmt: skip
        audiences.shop.send(gone, source=audiences.shop.internal)
        audiences.fill()
        assert one(audiences.conn, "select count(*) from membership where audience = %s", number) == 0
        assert history(audiences, number)[-1] == (2, 5)

    def test_what_is_said_of_it_by_hand_brings_it_in_and_out(self, audiences: Audiences) -> None:
        rule = f.Number("trait:size", "ge", 50)
        number = audiences.make("Large", rule, purpose="", is_of_companies=True, starts=True)
        audiences.fill()
        for size, inside in ((80, ["acme"]), (8, [])):
            own = {"type": "group", "groupId": "acme", "traits": {"size": size}, "messageId": f"own-{size}"}
            audiences.shop.send(own, source=audiences.shop.internal)
            audiences.fill()
            assert names_in(audiences, number) == inside
        assert history(audiences, number) == [(1, 1), (2, 1)]

    def test_a_companys_own_event_counts_for_nobody(self, audiences: Audiences) -> None:
        audiences.allow("1")
        number = audiences.make("Bought", f.Did(f.EventMatch("Bought")), starts=True)
        audiences.fill()
        own = {"type": "track", "event": "Bought", "groupId": "acme", "messageId": "own"}
        audiences.shop.send(own, source=audiences.shop.internal)
        audiences.fill()
        other = audiences.make("Bought before", f.Did(f.EventMatch("Bought")), starts=True)
        audiences.fill()
        for audience in (number, other):
            assert one(audiences.conn, "select count(*) from membership where audience = %s", audience) == 0

    def test_traits_bring_it_in_and_time_takes_it_out(self, audiences: Audiences) -> None:
        rule = f.AllOf((f.Number("trait:size", "ge", 50), f.Recent("trait:renews", "ahead", 3650)))
        number = audiences.make("Large", rule, purpose="", is_of_companies=True, starts=True)
        audiences.fill()
        audiences.shop.send(join("1", "acme", size=80, renews="2033-01-01"))
        audiences.fill()
        assert names_in(audiences, number) == ["acme"]
        assert one(audiences.conn, "select count(*) from company_due") == 1
        audiences.shop.send(join("1", "acme", days=0, size=8) | {"messageId": "smaller"})
        audiences.fill()
        assert names_in(audiences, number) == []
        assert history(audiences, number) == [(1, 1), (2, 1)]

    def test_a_changed_rule_moves_companies_and_pausing_keeps_them(self, audiences: Audiences, pro: int) -> None:
        number = counting(audiences, pro)
        actions.change_rule(audiences.conn, number, document(f.PeopleIn(pro, "ge", 3)), "", acting_user="user:alice")
        audiences.fill()
        assert names_in(audiences, number) == []
        assert history(audiences, number) == [(1, 3), (2, 3)]
        audiences.shop.identify("3", plan="pro", at=days_ago(0.5))
        audiences.fill()
        actions.pause_audience(audiences.conn, number, acting_user="user:alice")
        audiences.shop.identify("3", plan="free")
        audiences.fill()
        assert names_in(audiences, number) == ["acme"]
        actions.start_audience(audiences.conn, number, acting_user="user:alice")
        audiences.fill()
        assert names_in(audiences, number) == []

    def test_removing_it_takes_all_out(self, audiences: Audiences, pro: int) -> None:
        number = counting(audiences, pro)
        with pytest.raises(AudienceInUse):
            actions.trash_audience(audiences.conn, pro, acting_user="user:alice")
        actions.trash_audience(audiences.conn, number, acting_user="user:alice")
        audiences.fill()
        assert one(audiences.conn, "select count(*) from membership where audience = %s", number) == 0
        assert history(audiences, number)[-1] == (2, 6)


class TestWhomTheyBring:
    """People's rules about their company."""

    def test_people_of_companies_that_have_enough_of_an_audience(self, audiences: Audiences, pro: int) -> None:
        rule = f.AtCompany(f.AllOf((f.PeopleIn(pro, "ge", 2), f.Number("trait:size", "ge", 50))))
        number = audiences.make("Colleagues", rule, starts=True)
        audiences.fill()
        assert people_in(audiences, number) == ["Ada", "Ben", "Cy"]
        audiences.shop.identify("1", plan="free")
        audiences.fill()
        assert people_in(audiences, number) == []
        audiences.shop.identify("3", plan="pro")
        audiences.fill()
        assert people_in(audiences, number) == ["Ada", "Ben", "Cy"]

    def test_people_whose_company_is_in_an_audience(self, audiences: Audiences, pro: int) -> None:
        accounts = counting(audiences, pro)
        inside = audiences.make("In", f.AtCompany(f.InAudience(accounts)), starts=True)
        outside = audiences.make("Out", f.AtCompany(f.InAudience(accounts, False)), starts=True)
        audiences.fill()
        assert (people_in(audiences, inside), people_in(audiences, outside)) == (["Ada", "Ben", "Cy"], [])
        audiences.shop.identify("1", plan="free")
        audiences.fill()
        assert (people_in(audiences, inside), people_in(audiences, outside)) == ([], ["Ada", "Ben", "Cy"])

    def test_what_a_company_says_later_moves_its_people(self, audiences: Audiences, pro: int) -> None:
        number = audiences.make("At large ones", f.AtCompany(f.Number("trait:size", "ge", 100)), starts=True)
        audiences.fill()
        audiences.shop.send(join("3", "acme", days=0, size=200) | {"messageId": "grown"})
        audiences.fill()
        assert people_in(audiences, number) == ["Ada", "Ben", "Cy"]
        gone = {"type": "retract", "source": audiences.shop.back_end.id, "messageIds": ["grown"], "messageId": "r1"}
        audiences.shop.send(gone, source=audiences.shop.internal)
        audiences.fill()
        assert people_in(audiences, number) == []


class TestRules:
    """What may not be."""

    def test_rings_through_companies_are_refused(self, audiences: Audiences, pro: int) -> None:
        accounts = counting(audiences, pro)
        ring = document(f.AllOf((PRO, f.AtCompany(f.InAudience(accounts)))))
        with pytest.raises(RuleRejected, match="ring"):
            actions.change_rule(audiences.conn, pro, ring, "analytics", acting_user="user:alice")
        ring = document(f.AtCompany(f.PeopleIn(pro)))
        with pytest.raises(RuleRejected, match="ring"):
            actions.change_rule(audiences.conn, pro, ring, "analytics", acting_user="user:alice")

    def test_sql_names_what_only_the_engine_counts(self, alice: Client, audiences: Audiences, pro: int) -> None:
        colleagues = json.loads(f.to_json(f.AtCompany(f.PeopleIn(pro, "ge", 2))))["where"]
        answer = alice.post("/audiences/sql", {"rule": colleagues, "purpose": "analytics"}, "application/json")
        found = answer.json()
        assert (found["missing"], found["may_run"]) == ([f"counts_{pro}"], False)
        assert "FROM profiles AS given" in found["sql"]

    def test_what_went_wrong_is_over_once_it_goes_on(self, audiences: Audiences, pro: int) -> None:
        rule = f.PeopleIn(pro)
        number = audiences.make("Accounts", rule, purpose="", is_of_companies=True, starts=True)
        failed = "update audience set fault = 'out of order', faults = 3, retry_at = now() where id = %s"
        audiences.conn.execute(failed, [number])
        audiences.fill()
        query = "select state, fault, faults, retry_at from audience where id = %s"
        assert audiences.conn.execute(query, [number]).fetchone() == ("live", "", 0, None)

    def test_the_builder_says_how_many_companies_are_yet_to_be_looked_at(
        self, alice: Client, audiences: Audiences, pro: int
    ) -> None:
        audiences.shop.send(join("1", "basil", days=2), join("2", "cedar", days=2))
        number = audiences.make("Accounts", f.PeopleIn(pro), purpose="", is_of_companies=True, starts=True)
        assert advance(audiences.work)
        assert "Filling, 3 to go" in page(alice, f"/audiences/{number}/edit")

    def test_the_processor_is_told_at_once_whom_to_look_at(self, audiences: Audiences, pro: int) -> None:
        audiences.make("Accounts", f.PeopleIn(pro), purpose="", is_of_companies=True, starts=True)
        audiences.conn.execute("listen onefold_log")
        assert advance(audiences.work)
        assert {said.payload for said in audiences.conn.notifies(timeout=1)} == {LOOK_NOW}

    def test_drafts_are_not_counted(self, audiences: Audiences) -> None:
        draft = audiences.make("Draft")
        with pytest.raises(RuleRejected, match=f"drafts: {draft}"):
            counting(audiences, draft)

    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            (f.Did(f.EventMatch("Bought")), "a company can be asked about its fields"),
            (f.OneOf("email", "is", ("x",)), "a company has no field"),
            (f.PeopleIn(99), "no audience 99 of people"),
            (f.InAudience(99), "no audience 99 of companies"),
            (f.AtCompany(PRO), "a company can be asked"),
        ],
    )
    def test_what_companies_cannot_be_asked(self, audiences: Audiences, rule: Any, said: str) -> None:
        with pytest.raises(RuleRejected, match=said):
            audiences.make("x", rule, purpose="", is_of_companies=True)

    def test_purposes_are_of_people(self, audiences: Audiences, pro: int) -> None:
        with pytest.raises(RuleRejected, match="companies allow nothing"):
            audiences.make("x", f.AllOf(), purpose="analytics", is_of_companies=True)
        with pytest.raises(RuleRejected, match="people_in"):
            audiences.make("x", f.PeopleIn(pro))
        accounts = counting(audiences, pro)
        with pytest.raises(RuleRejected, match="within `company`"):
            audiences.make("x", f.InAudience(accounts))


class TestApi:
    """The same for programs."""

    def test_made_tried_filled_and_read(
        self, robot: Client, audiences: Audiences, pro: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rest, "working", lambda: nullcontext(audiences.work))
        rule = document(f.PeopleIn(pro, "ge", 2))
        tried = robot.post("/api/audiences/preview", {"rule": rule, "of": "companies"}, "application/json").json()
        assert (tried["count"], tried["people"], tried["their_people"], tried["with_email"]) == (1, 1, 3, 1)
        assert tried["sample"][0]["company"] == ":acme"
        wanted = {"name": "Accounts", "of": "companies", "rule": rule, "start": True}
        made = robot.post("/api/audiences", wanted, "application/json").json()
        assert (made["of"], made["purpose"], made["state"]) == ("companies", "", "filling")
        audiences.fill()
        number = made["id"]
        assert robot.get(f"/api/audiences/{number}").json()["members"] == 1
        (member,) = robot.get(f"/api/audiences/{number}/members").json()["members"]
        assert (member["company"], member["name"], member["profile_id"]) == (":acme", "Acme", None)
        (change,) = robot.get(f"/api/audiences/changes?audience={number}").json()
        assert (change["company"], change["profile_id"], change["cause"]) == (":acme", None, "rule")
        text = b"".join(robot.get(f"/api/audiences/{number}/export").streaming_content).decode()  # type: ignore[attr-defined]  # it is a stream
        assert text.splitlines()[1].startswith(",acme,Acme,3,")
        explained = robot.get(f"/api/audiences/{number}/explain/:acme").json()
        assert explained["root"]["is_held"] is True
        assert explained["root"]["found"] == "2 people are in it"
        assert explained["changes"][0]["words"] == "has less than 2 people in audience 1"
        (of,) = robot.get("/api/companies/:acme/audiences").json()
        assert of["audience"] == number

    def test_a_viewer_looks_and_cannot_change(self, bob: Client, alice: Client, audiences: Audiences, pro: int) -> None:
        number = counting(audiences, pro)
        assert bob.get(f"/api/audiences/{number}/members").status_code == 200
        assert bob.get(f"/api/audiences/{number}/export").status_code == 403
        wanted = {"name": "Other", "of": "companies", "rule": document(f.AllOf())}
        assert bob.post("/api/audiences", wanted, "application/json").status_code == 403
        assert one(audiences.conn, "select count(*) from audience where name = 'Other'") == 0


def test_events_alone_look_at_no_company(audiences: Audiences, pro: int) -> None:
    """What is asked of companies is not asked again because somebody did something."""
    counting(audiences, pro)
    audiences.shop.send(track("b1"))
    assert one(audiences.conn, "select count(*) from company_look") == 0
