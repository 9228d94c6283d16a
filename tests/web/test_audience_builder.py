"""The builder: who may open it, what it is given, what it answers while a rule is made, and what it keeps."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import pytest
from django.test import Client
from psycopg import Connection

from onefold.accounts.api import PersonalData
from onefold.accounts.models import User
from onefold.audiences import builder_views, suggesting
from onefold.audiences.builder_pages import wanted_of
from onefold.audiences.rules import Scope, rule_of
from onefold.audiences.templating import templates_for
from tests.web.audiences import Audiences
from tests.web.conftest import Shop, days_ago, track

PRO: Final = {"type": "text", "field": "trait:plan", "op": "is", "values": ["pro"]}
BOUGHT: Final = {"type": "did", "event": {"name": "Order Completed"}, "value": 2}
ALL: Final[dict[str, Any]] = {"type": "all", "of": []}
MARKUP: Final = "<script>alert(1)</script></script><!-- \u202e evil 👩‍👩‍👧‍👦"


def rule(*of: dict[str, Any]) -> dict[str, Any]:
    return {**ALL, "of": list(of)}


def sent(client: Client, path: str, asked: dict[str, Any], **more: Any) -> Any:
    """The answer to what the page asks."""
    body = {"rule": asked, "purpose": "email_marketing", **more}
    return client.post(f"/audiences/{path}", body, content_type="application/json", headers={"HX-Request": "true"})


def kept(client: Client, asked: dict[str, Any], name: str = "Pros", **more: Any) -> dict[str, Any]:
    """A saved audience."""
    answer = sent(client, "save", asked, name=name, **more)
    assert answer.status_code == 200, unquote(answer.headers.get("X-Message", ""))
    found: dict[str, Any] = answer.json()
    return found


def boot_of(client: Client, path: str) -> dict[str, Any]:
    """What the page tells its scripts."""
    html = client.get(path).content.decode()
    text = html.partition('<script id="boot" type="application/json">')[2].partition("</script>")[0]
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture
def crowd(shop: Shop, pg_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Ada, Ben and Di are pro, Cy is free; all but Di allow e-mail. Ada ordered once, each of the others once more."""
    audiences = Audiences(shop, pg_url, tmp_path)
    monkeypatch.setattr(builder_views, "working", lambda: nullcontext(audiences.work))
    for number, (name, plan) in enumerate((("Ada", "pro"), ("Ben", "pro"), ("Cy", "free"), ("Di", "pro")), 1):
        shop.identify(str(number), name=name, email=f"{name.lower()}@example.com", plan=plan, at=days_ago(3))
        for order in range(number):
            details = {"total": 100.0 * order, "shop": {"city": "Umeå"}, "is_gift": True, "day": "2026-01-01"}
            event = track(f"o{number}-{order}", str(number), event="Order Completed", properties=details)
            shop.send(event, at=days_ago(2))
    audiences.allow("1", "2", "3", purpose="email_marketing")
    return shop


class TestOpening:
    """The first page, and the builder."""

    def test_a_new_audience_starts_from_a_choice(self, alice: Client) -> None:
        html = alice.get("/audiences/new").content.decode()
        assert html.count('class="start') >= 9
        assert "/audiences/new?from=blank" in html

    def test_every_template_is_a_rule(self, alice: Client) -> None:
        templates = templates_for(Scope())
        assert len({one.slug for one in templates}) == len(templates) >= 9
        for one in templates:
            rule_of(one.rule, Scope())
            assert boot_of(alice, f"/audiences/new?from={one.slug}")["rule"] == one.rule["where"]

    def test_the_page_knows_what_rules_are_made_of(self, alice: Client, crowd: Shop) -> None:
        boot = boot_of(alice, "/audiences/new?from=nothing-like-it")
        assert boot["rule"] == ALL
        assert {"Order Completed", "Consent Updated"} <= {one["name"] for one in boot["events"]}
        assert ("plan", "text") in {(one["name"], one["kind"]) for one in boot["traits"]}
        assert "email_marketing" in {one["slug"] for one in boot["purposes"]}

    def test_awful_text_stays_text(self, alice: Client) -> None:
        awful = {"type": "text", "field": f"trait:{MARKUP}", "op": "is", "values": [MARKUP * 8, "A" * 500]}
        made = kept(alice, rule(awful), name=MARKUP)
        html = alice.get(f"/audiences/{made['id']}/edit").content.decode()
        assert "<script>alert" not in html
        assert boot_of(alice, f"/audiences/{made['id']}/edit")["rule"] == rule(awful)

    def test_a_copy_opens_with_the_rule_under_a_free_name(self, alice: Client) -> None:
        made = kept(alice, rule(PRO, BOUGHT), description="For tests.")
        boot = boot_of(alice, f"/audiences/new?from={made['id']}")
        assert boot["rule"] == boot_of(alice, f"/audiences/{made['id']}/edit")["rule"]
        assert (boot["id"], boot["name"], boot["description"]) == (None, "Copy of Pros", "For tests.")
        kept(alice, boot["rule"], name=boot["name"])
        assert boot_of(alice, f"/audiences/new?from={made['id']}")["name"] == "Copy 2 of Pros"
        long = kept(alice, rule(PRO), name="A" * 120)
        assert len(boot_of(alice, f"/audiences/new?from={long['id']}")["name"]) == 120
        assert alice.get("/audiences/new?from=999999").status_code == 404

    def test_the_rule_is_said_before_it_is_counted(self, alice: Client) -> None:
        made = kept(alice, rule(PRO))
        assert "<b>plan is &#x27;pro&#x27;</b>" in alice.get(f"/audiences/{made['id']}/edit").content.decode()

    def test_viewers_do_not_build(self, bob: Client) -> None:
        assert bob.get("/audiences/new").status_code == 403
        assert sent(bob, "preview", ALL).status_code == 403
        assert sent(bob, "save", ALL, name="Mine").status_code == 403

    def test_a_rule_with_addresses_is_not_opened_masked(self, alice: Client) -> None:
        secret = {"type": "text", "field": "email", "op": "is", "values": ["ada@example.com"]}
        made = kept(alice, rule(secret))
        User.objects.filter(username="alice").update(personal_data=PersonalData.MASKED)
        assert alice.get(f"/audiences/{made['id']}/edit").status_code == 403
        assert alice.get(f"/audiences/new?from={made['id']}").status_code == 403
        plain = kept(alice, rule(PRO), name="Others")
        assert alice.get(f"/audiences/{plain['id']}/edit").status_code == 200


class TestEstimate:
    """Figures of a rule that is not kept."""

    @pytest.mark.parametrize("is_sampled", [False, True])
    def test_counts_all_and_by_line(self, alice: Client, crowd: Shop, is_sampled: bool) -> None:
        found = sent(alice, "preview", rule(PRO, BOUGHT), is_sampled=is_sampled).json()
        assert found["is_sampled"] is is_sampled
        assert {"where", "where.of[0]", "where.of[1]", "purpose"} == set(found["parts"])
        assert "".join(text for text, _ in found["sentence"]).startswith("People ")

    def test_every_line_of_a_large_rule_is_counted(self, alice: Client, crowd: Shop) -> None:
        cities = [{"type": "text", "field": "trait:city", "op": "is", "values": [f"City {n}"]} for n in range(119)]
        bought = [{**BOUGHT, "value": n} for n in range(1, 81)]
        found = sent(alice, "preview", rule({"type": "any", "of": [PRO, *cities]}, *bought)).json()
        assert len(found["parts"]) == 1 + 1 + 120 + 80
        assert (found["parts"]["where.of[0]"], found["parts"]["where.of[0].of[119]"]) == (3, 0)
        assert (found["parts"]["where.of[1]"], found["parts"]["where.of[80]"]) == (4, 0)

    def test_says_whom_by_what_and_how_to_reach_them(self, alice: Client, crowd: Shop) -> None:
        found = sent(alice, "preview", rule(PRO)).json()
        assert (found["parts"]["where"], found["parts"]["purpose"]) == (3, 3)
        assert (found["count"], found["with_email"], found["with_phone"]) == (2, 2, 0)
        assert {name for name in ("Ada", "Ben", "Cy", "Di") if name in "".join(found["sample"])} == {"Ada", "Ben"}

    def test_names_the_place_of_what_is_wrong(self, alice: Client, crowd: Shop) -> None:
        wrong = {"type": "text", "field": "no-such-field", "op": "is", "values": ["x"]}
        answer = sent(alice, "preview", rule(PRO, wrong))
        assert answer.status_code == 400
        assert unquote(answer.headers["X-Message"]).startswith("where.of[1].field: ")

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"rule": 1}', b'{"rule": {}, "purpose": "x", "more": 1}'])
    def test_refuses_what_it_cannot_read(self, alice: Client, body: bytes) -> None:
        answer = alice.post("/audiences/preview", body, content_type="application/json")
        assert answer.status_code == 400

    def test_a_day_that_is_over_can_be_asked(self, alice: Client, crowd: Shop) -> None:
        bought = {**BOUGHT, "window": {"last": {"n": 30, "unit": "days"}}}
        assert sent(alice, "preview", rule(bought), as_of="2020-01-01").json()["count"] == 0
        assert sent(alice, "preview", rule(bought), as_of="2999-01-01").json()["count"] == 2
        assert sent(alice, "preview", rule(bought), as_of="no day").status_code == 400

    def test_tells_who_would_enter_and_leave_and_the_overlap(
        self, alice: Client, crowd: Shop, db: Connection[Any]
    ) -> None:
        number = kept(alice, rule(PRO), starts=True)["id"]
        everybody = "insert into member_of select id, set_bit('\\x0000'::bytea, %s::integer, 1) from profile"
        db.execute(everybody, [number])
        found = sent(alice, "preview", rule(PRO), id=number, overlap=number).json()
        assert (found["entering"]["count"], found["leaving"]["count"]) == (0, 2)
        assert len(found["leaving"]["people"]) == 2
        assert found["overlap"] == {"both": 2, "only_this": 0, "only_that": 2}

    def test_addresses_are_not_told_letter_by_letter(self, alice: Client, crowd: Shop) -> None:
        User.objects.filter(username="alice").update(personal_data=PersonalData.MASKED)
        part = {"type": "part", "field": "email", "op": "starts", "value": "ada"}
        assert sent(alice, "preview", rule(part)).status_code == 403
        assert sent(alice, "explain", rule(part), who="1").status_code == 403
        assert sent(alice, "save", rule(part), name="Guess").status_code == 403
        assert sent(alice, "preview", rule({"type": "present", "field": "email"})).status_code == 200


class TestSql:
    """The rule as SQL. That it finds the same people: tests/browser/test_audience_builder.py."""

    def test_it_asks_the_tables_of_the_page_of_sql(self, alice: Client, crowd: Shop) -> None:
        found = sent(alice, "sql", rule(PRO, BOUGHT)).json()
        assert (found["missing"], found["may_run"]) == ([], True)
        assert "FROM profiles AS given" in found["sql"]
        assert "FROM events AS given" in found["sql"]
        assert '"email_marketing":true' in found["sql"]

    def test_what_sql_cannot_ask_is_named(self, alice: Client, crowd: Shop) -> None:
        order = {"event": {"name": "Order Completed"}}
        found = sent(alice, "sql", rule({"type": "sequence", "steps": [order, order]})).json()
        assert (found["missing"], found["may_run"]) == (["walked_1"], False)

    def test_a_share_begins_where_it_begins_now(self, alice: Client, crowd: Shop) -> None:
        crowd.identify("1", score=7, at=days_ago(1))
        found = sent(alice, "sql", rule({"type": "top", "field": "trait:score", "percent": 10})).json()
        assert ">= CAST(7.0 AS DOUBLE)" in found["sql"]

    def test_it_is_not_run_by_whom_columns_are_hidden_from(self, alice: Client, crowd: Shop) -> None:
        User.objects.filter(username="alice").update(personal_data=PersonalData.MASKED)
        assert not sent(alice, "sql", rule(PRO)).json()["may_run"]
        secret = {"type": "part", "field": "email", "op": "starts", "value": "ada"}
        assert sent(alice, "sql", rule(secret)).status_code == 403


class TestSuggestions:
    """Names and values that there are."""

    def found(self, client: Client, **asked: str) -> dict[str, str]:
        return {one["name"]: one["kind"] for one in client.get("/audiences/suggest", asked).json()["found"]}

    def test_properties_of_an_event_with_what_they_hold(self, alice: Client, crowd: Shop) -> None:
        found = self.found(alice, what="property", name="Order Completed")
        assert found == {"total": "number", "shop.city": "text", "is_gift": "flag", "day": "date"}

    def test_values(self, alice: Client, crowd: Shop) -> None:
        asked = {"what": "value", "name": "Order Completed"}
        assert list(self.found(alice, **asked, property="shop.city")) == ["Umeå"]
        assert set(self.found(alice, what="trait_value", name="plan")) == {"pro"}  # that several have
        assert self.found(alice, what="company_value", name="name") == {}
        assert self.found(alice, what="anything") == {}

    def test_addresses_are_not_suggested_masked(self, alice: Client, crowd: Shop) -> None:
        User.objects.filter(username="alice").update(personal_data=PersonalData.MASKED)
        crowd.send(track("x", event="Mailed", properties={"to": "ada@example.com"}))
        assert self.found(alice, what="value", name="Mailed", property="to") == {}

    def test_what_takes_too_long_suggests_nothing(
        self, shop: Shop, db: Connection[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(suggesting.QUERIES, "event_names", "select pg_sleep(5)")
        monkeypatch.setattr(suggesting, "_TIMEOUT", "10ms")
        assert suggesting.event_names(db) == []


class TestWhy:
    """One person, line by line."""

    def test_says_what_fails_and_what_was_found(self, alice: Client, crowd: Shop) -> None:
        found = sent(alice, "explain", rule(PRO, BOUGHT), who="ada@example.com").json()
        assert found["name"] == "Ada"
        assert not found["root"]["is_held"]
        where, purpose = found["root"]["children"]
        assert purpose["is_held"]
        assert [one["is_held"] for one in where["children"]] == [True, False]
        assert where["children"][1]["found"].startswith("once")

    def test_finds_people_by_id(self, alice: Client, crowd: Shop) -> None:
        assert sent(alice, "explain", rule(PRO, BOUGHT), who="2").json()["root"]["is_held"]
        assert sent(alice, "explain", rule(PRO), who="user_id:3").json()["name"] == "Cy"

    def test_nobody(self, alice: Client, crowd: Shop) -> None:
        assert sent(alice, "explain", ALL, who="nobody@example.com").status_code == 404


class TestSaving:
    """What is kept."""

    def test_a_draft_then_its_next_version(self, alice: Client) -> None:
        made = kept(alice, rule(PRO))
        assert (made["version"], made["state"]) == (1, "draft")
        again = kept(alice, rule(PRO, BOUGHT), name="Pros who buy", id=made["id"], version=1)
        assert (again["id"], again["version"], again["name"]) == (made["id"], 2, "Pros who buy")
        assert boot_of(alice, f"/audiences/{made['id']}/edit")["version"] == 2

    def test_save_and_start_fills_it(self, alice: Client) -> None:
        made = kept(alice, rule(PRO), starts=True)
        assert made["state"] == "filling"
        assert "Pros is saved" in alice.get(f"/audiences/{made['id']}").content.decode()

    def test_who_was_slower_is_told_who_was_faster(self, alice: Client) -> None:
        made = kept(alice, rule(PRO))
        kept(alice, rule(BOUGHT), id=made["id"], version=1)
        answer = sent(alice, "save", rule(), name="Pros", id=made["id"], version=1)
        assert answer.status_code == 409
        facts = answer.json()
        assert (facts["code"], facts["version"]) == ("version_conflict", 2)
        assert "alice" in facts["by"]
        assert boot_of(alice, f"/audiences/{made['id']}/edit")["rule"]["of"][0]["type"] == "did"

    def test_a_name_is_needed_and_taken_once(self, alice: Client) -> None:
        kept(alice, rule(PRO))
        for name in ("", "Pros"):
            answer = sent(alice, "save", rule(PRO), name=name)
            assert answer.status_code == 400
            assert "name" in unquote(answer.headers["X-Message"])

    def test_a_bad_rule_changes_nothing(self, alice: Client) -> None:
        made = kept(alice, rule(PRO))
        ring = {"type": "audience", "audience": made["id"]}
        answer = sent(alice, "save", rule(ring), name="Other", id=made["id"], version=1)
        assert answer.status_code == 400
        boot = boot_of(alice, f"/audiences/{made['id']}/edit")
        assert (boot["version"], boot["name"], boot["rule"]) == (1, "Pros", rule(PRO))


def test_a_request_is_read_once_and_strictly() -> None:
    wanted = wanted_of(b'{"rule": {"type": "all"}, "purpose": "analytics"}')
    assert msgspec.json.decode(wanted.rule) == {"type": "all"}
    assert wanted.id is None


class TestTraitsThatHoldAddresses:
    """Free texts that hold addresses are compared as a whole by who doesn't see those, whatever the trait is called."""

    @pytest.fixture
    def noted(self, crowd: Shop) -> Shop:
        crowd.identify("1", hint="Write to ada@example.com, or ring", colour="deep red")
        crowd.identify("2", hint="Likes blue", colour="blue")
        crowd.identify("3", number=12, list=["call +49 170 1234567"])
        return crowd

    def test_parts_are_asked_only_by_who_sees_them(self, alice: Client, bob: Client, noted: Shop) -> None:
        User.objects.filter(username="bob").update(role="editor", personal_data=PersonalData.MASKED)
        for field in ("trait:hint", "trait:list"):
            for asked in (
                {"type": "part", "op": "contains", "value": "a"},
                {"type": "regex", "pattern": "a.a"},
            ):
                part = rule({"field": field, **asked})
                assert sent(alice, "preview", part).status_code == 200
                refused = sent(bob, "preview", part)
                assert refused.status_code == 403
                assert "only as a whole" in unquote(refused.headers["X-Message"])
                assert sent(bob, "save", part, name="Parts").status_code == 403
        whole = rule({"type": "text", "field": "trait:hint", "op": "is", "values": ["Likes blue"]})
        part = rule({"type": "part", "field": "trait:colour", "op": "contains", "value": "ue"})
        assert sent(bob, "preview", whole).status_code == sent(bob, "preview", part).status_code == 200
        assert noted.conn.execute("select count(*) from audience").fetchone() == (0,)

    def test_what_can_not_be_looked_into_counts_as_hidden(
        self, bob: Client, noted: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        User.objects.filter(username="bob").update(role="editor", personal_data=PersonalData.MASKED)
        part = rule({"type": "part", "field": "trait:colour", "op": "contains", "value": "ue"})
        assert sent(bob, "preview", part).status_code == 200
        monkeypatch.setattr("onefold.audiences.hiding.MAX_TRAITS", 0)
        assert sent(bob, "preview", part).status_code == 403


def test_a_rule_that_leads_back_is_not_tried_by_the_api(robot: Client, alice: Client, crowd: Shop) -> None:
    number = kept(alice, rule(PRO))["id"]
    asked = {"rule": {"v": 1, "where": {"type": "audience", "audience": number}}, "purpose": "analytics"}
    answer = robot.post("/api/audiences/preview", asked | {"audience": number}, content_type="application/json")
    assert answer.status_code == 400
    assert "refer to each other in a ring" in answer.json()["message"]
