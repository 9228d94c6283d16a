"""The REST API against what the real processor wrote."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from onefold.kernel.hashing import event_id, identifier_hash
from onefold.profiles.ids import to_text
from onefold.profiles.people import person_of
from tests.web.conftest import NOW, Shop, days_ago, track

_RULE_ENDS = ("", "/{number}", "/{number}/archive", "/{number}/restore")
SETUP_PATHS = (
    *(
        f"/api/pipelines{end}"
        for end in ("", "/{number}", "/{number}/archive", "/{number}/restore", "/{number}/stages")
    ),
    *(f"/api/{of}-rules{end}" for of in ("score", "assignment") for end in _RULE_ENDS),
    *(f"/api/stages/{{number}}{end}" for end in ("", "/archive", "/restore")),
    *("/api/exchange-rates", "/api/exchange-rates/{currency}", "/api/objects", "/api/objects/{object}"),
    *(f"/api/objects/{{object}}/{end}" for end in ("archive", "restore", "fields", "fields/{name}")),
    *(f"/api/objects/{{object}}/fields/{{name}}/{end}" for end in ("archive", "restore")),
)
"""Where administrators set the CRM up."""


class TestProfile:
    """GET /api/profiles/{namespace}:{value}."""

    def test_everything_about_a_person(self, robot: Client, shop: Shop) -> None:
        shop.send({"type": "page", "anonymousId": "a-1", "name": "Home"}, at=days_ago(2))
        shop.send(
            {"type": "identify", "userId": "1", "anonymousId": "a-1", "traits": {"email": "Ada@Example.com", "n": 3.0}},
            {"type": "group", "userId": "1", "groupId": "acme", "traits": {"name": "Acme"}},
            at=days_ago(1),
        )
        shop.send(track("m-1", properties={"total": 12.5}))
        answer = robot.get("/api/profiles/email:ADA@example.com?include=traits,identifiers,companies,events").json()
        assert answer["profile_id"] == to_text(identifier_hash("anonymous_id", "a-1"))
        assert (answer["email"], answer["is_known"]) == ("Ada@Example.com", True)
        assert answer["traits"] == {"email": "Ada@Example.com", "n": 3.0}
        assert {(one["namespace"], one["value"], one["events"]) for one in answer["identifiers"]} == {
            ("anonymous_id", "a-1", 1),
            ("email", "ada@example.com", 0),
            ("user_id", "1", 3),
        }
        assert [(one["space"], one["key"], one["traits"]) for one in answer["companies"]] == [
            ("", "acme", {"name": "Acme"})
        ]
        assert answer["events"][0]["type"] == "track"
        assert len(answer["events"]) == 4
        assert answer["events"][0]["body"]["properties"] == {"total": 12.5}
        assert answer["events"][0]["source"] == "back-end"

    def test_nobody_was_last_seen_before_they_were_first_seen(self, robot: Client, shop: Shop) -> None:
        shop.send(track("m-1"), at=days_ago(1).replace(minute=42))  # stored as of the full hour
        now = robot.get("/api/profiles/user_id:1?include=").json()
        assert now["last_seen"] == now["first_seen"]
        then = robot.get(f"/api/profiles/user_id:1?include=&as_of={NOW:%Y-%m-%dT%H:%M:%SZ}").json()
        assert (then["first_seen"], then["last_seen"]) == (now["first_seen"], now["first_seen"])
        (row,) = shop.conn.execute("select first_seen, last_seen from profile").fetchall()
        listed = person_of((1, "", "", "", True, *row, None, None, None))
        assert listed.last_seen == listed.first_seen == row[0] > row[1]

    def test_only_what_is_asked_for(self, robot: Client, shop: Shop) -> None:
        shop.send(track("m-1"), track("m-2"), track("m-3"))
        assert "traits" in robot.get("/api/profiles/user_id:1").json()
        bare = robot.get("/api/profiles/user_id:1?include=").json()
        assert not bare.keys() & {"traits", "identifiers", "companies", "events"}
        two = robot.get("/api/profiles/user_id:1?include=events&limit=2").json()
        assert [event["message_id"] for event in two["events"]] == sorted(
            (event["message_id"] for event in two["events"]),
            key=lambda one: event_id(shop.back_end.id, one),
            reverse=True,
        )
        assert len(two["events"]) == 2

    def test_a_personalisation_call_is_one_statement_and_with_events_two(
        self, robot: Client, shop: Shop, statements: list[str]
    ) -> None:
        for number in range(20):
            shop.send(track(f"m-{number}", context={"device": {"id": f"d-{number}"}}))
        robot.get("/api/profiles/user_id:1?include=events")  # keys and the like are remembered from here on
        statements.clear()
        assert robot.get("/api/profiles/user_id:1?include=traits,identifiers,companies").status_code == 200
        assert len(statements) == 1
        assert len(robot.get("/api/profiles/user_id:1?include=identifiers,events").json()["identifiers"]) == 21
        assert len(statements) == 3

    @pytest.mark.parametrize(
        "value", ["a:b", "a/b", "a//b", "100%", "%2F", "ü 🐵", "../a", "a?b#c", "<script>", "a&b=c+d", "\\", "'"]
    )
    def test_any_value_survives_the_address(self, value: str, robot: Client, shop: Shop) -> None:
        shop.send(track("m-1", value))
        answer = robot.get(f"/api/profiles/user_id:{quote(value, safe='')}?include=identifiers")
        assert answer.status_code == 200, answer.content
        assert [one["value"] for one in answer.json()["identifiers"]] == [value]

    def test_the_longest_namespace_wins(self, robot: Client, shop: Shop) -> None:
        from onefold.events.api import NewSource, create_source

        source = create_source(
            shop.conn, NewSource(slug="app", name="App", kind="server", user_space="app"), acting_user="test"
        )
        shop.send(track("m-1", "7"), source=source)
        shop.send(track("m-2", "7"))
        ours = robot.get("/api/profiles/user_id:7").json()
        theirs = robot.get("/api/profiles/app:user_id:7")
        assert (ours["profile_id"], theirs.status_code) == (to_text(identifier_hash("user_id", "7")), 200)
        assert theirs.json()["profile_id"] != ours["profile_id"]

    def test_a_profile_id_and_an_id_it_once_had_lead_to_the_person(self, robot: Client, shop: Shop) -> None:
        shop.send({"type": "page", "anonymousId": "a-1"}, at=days_ago(1))
        shop.send(track("m-1", anonymousId="a-1"))
        now = to_text(identifier_hash("anonymous_id", "a-1"))
        past = to_text(identifier_hash("user_id", "1"))
        assert robot.get(f"/api/profiles/{now}").json()["profile_id"] == now
        assert robot.get(f"/api/profiles/{past.upper()}").json()["profile_id"] == now

    @pytest.mark.parametrize(
        ("identifier", "status", "code"),
        [
            ("user_id:nobody", 404, "not_found"),
            ("ffffffffffffffff", 404, "not_found"),
            ("foo:1", 400, "identifier_invalid"),
            ("email:nonsense", 400, "identifier_invalid"),
            ("user_id:null", 400, "identifier_invalid"),
            ("user_id:", 400, "identifier_invalid"),
            ("user_id:%00", 400, "identifier_invalid"),
            ("user_id:a%00b", 404, "not_found"),
            ("user_id:%ff", 404, "not_found"),
            ("user_id:" + "x" * 501, 400, "identifier_invalid"),
        ],
    )
    def test_whom_nobody_knows(self, identifier: str, status: int, code: str, robot: Client, shop: Shop) -> None:
        response = robot.get(f"/api/profiles/{identifier}")
        assert response.status_code == status or (identifier == "user_id:a%00b" and response.status_code == 400)
        assert response.json()["code"] == code or response.json()["code"] == "identifier_invalid"
        assert set(response.json()) == {"code", "message"}

    def test_a_shared_identifier_is_nobodys(self, robot: Client, shop: Shop) -> None:
        for user in ("1", "2"):
            shop.send(track(f"m-{user}", user, context={"device": {"id": "kiosk"}}))
        response = robot.get("/api/profiles/device_id:kiosk")
        assert (response.status_code, response.json()["code"]) == (404, "shared_identifier")
        assert "is shared" in response.json()["message"]

    def test_two_identifiers_with_one_hash_are_told_apart(self, robot: Client, shop: Shop) -> None:
        shop.send(track("m-1"))
        shop.conn.execute("update node set val = 'somebody else' where val = '1'")
        assert robot.get("/api/profiles/user_id:1").status_code == 404

    @pytest.mark.parametrize(
        "query", ["include=secrets", "include=events&limit=0", "include=events&limit=9999", "limit=x"]
    )
    def test_a_wrong_question_says_what_is_allowed(self, query: str, robot: Client, shop: Shop) -> None:
        response = robot.get(f"/api/profiles/user_id:1?{query}")
        assert response.status_code in {400, 422}
        assert set(response.json()) == {"code", "message"}
        assert "include" in response.json()["message"] or "limit" in response.json()["message"]


class TestDecisions:
    """Link rules: logged, waited for, listed, withdrawn."""

    def decide(self, robot: Client, rule: str, a: str = "user_id:1", b: str = "email:ada@example.com") -> Any:
        return robot.post("/api/identity/links", {"rule": rule, "a": a, "b": b}, content_type="application/json")

    def test_never_splits_and_withdrawn_joins_again(self, robot: Client, shop: Shop, processor: None) -> None:
        shop.identify("1", email="ada@example.com")
        answer = self.decide(robot, "never").json()
        assert answer["is_processed"]
        assert answer["a"]["profile_id"] != answer["b"]["profile_id"]
        assert answer["b"]["identifier"] == "email:ada@example.com"
        listed = robot.get("/api/identity/links").json()
        assert [rule["rule"] for rule in listed["rules"]] == ["never"]
        assert {listed["rules"][0]["a"], listed["rules"][0]["b"]} == {"user_id:1", "email:ada@example.com"}
        answer = self.decide(robot, "withdrawn").json()
        assert answer["a"]["profile_id"] == answer["b"]["profile_id"]
        assert robot.get("/api/identity/links").json() == {"rules": [], "next": None}

    def test_always_joins_two_who_never_met(self, robot: Client, shop: Shop, processor: None) -> None:
        shop.send(track("m-1", "1"), track("m-2", "2"))
        answer = self.decide(robot, "always", b="user_id:2").json()
        assert answer["a"]["profile_id"] == answer["b"]["profile_id"]

    def test_without_a_processor_it_is_pending(self, robot: Client, shop: Shop) -> None:
        shop.identify("1", email="ada@example.com")
        answer = self.decide(robot, "never").json()
        assert not answer["is_processed"]
        assert answer["a"]["profile_id"] == answer["b"]["profile_id"]
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (1,)

    @pytest.mark.parametrize(
        ("rule", "a", "b", "status"),
        [
            ("sometimes", "user_id:1", "user_id:2", 422),
            ("always", "user_id:1", "user_id:1", 400),
            ("never", "user_id:1", "nonsense", 400),
            ("never", "email:x", "user_id:1", 400),
            ("never", "user_id:" + "x" * 800, "user_id:1", 422),
        ],
    )
    def test_what_cannot_be_decided(self, rule: str, a: str, b: str, status: int, robot: Client, shop: Shop) -> None:
        response = self.decide(robot, rule, a, b)
        assert response.status_code == status
        assert set(response.json()) == {"code", "message"}
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (0,)

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"rule": 1}', b"\xff", b'"' + b"[" * 5000])
    def test_a_body_that_is_no_decision(self, body: bytes, robot: Client) -> None:
        response = robot.post("/api/identity/links", body, content_type="application/json")
        assert response.status_code in {400, 422}
        assert set(response.json()) == {"code", "message"}

    def test_who_decided_is_kept(self, robot: Client, shop: Shop, processor: None) -> None:
        self.decide(robot, "never")
        (body,) = shop.conn.execute("select body from event where kind = 7").fetchone() or (b"",)
        assert json.loads(body)["actingUser"].startswith("key:")

    def test_decisions_come_in_pages(self, robot: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("onefold.profiles.links.PAGE_SIZE", 2)
        shop.send(*(track(f"m-{number}", f"u{number}") for number in range(6)))
        for number in range(1, 6):
            shop.conn.execute(
                "insert into link_rule"
                " values (gen_random_uuid(), least(%(a)s, %(b)s), greatest(%(a)s, %(b)s), 1, 5, 5)",
                {"a": identifier_hash("user_id", "u0"), "b": identifier_hash("user_id", f"u{number}")},
            )
        found: list[frozenset[str]] = []
        after: str | None = ""
        for _ in range(3):
            page = robot.get(f"/api/identity/links?after={after}").json()
            assert "rules" in page, page
            found += [frozenset((rule["a"], rule["b"])) for rule in page["rules"]]
            after = page["next"]
        assert after is None
        assert set(found) == {frozenset(("user_id:u0", f"user_id:u{number}")) for number in range(1, 6)}
        assert len(found) == 5
        assert robot.get("/api/identity/links?after=nonsense").status_code == 400


class TestTheRest:
    """Companies, violations, health, the document."""

    def test_a_company(self, robot: Client, shop: Shop) -> None:
        shop.send({"type": "group", "userId": "1", "groupId": "a:b/c", "traits": {"name": "Acme", "staff": 3}})
        answer = robot.get("/api/companies/:a:b%2Fc").json()
        assert (answer["key"], answer["name"], answer["events"]) == ("a:b/c", "Acme", 1)
        assert answer["traits"] == {"name": "Acme", "staff": 3}
        for wrong in (":nobody", "nobody", "shop:a:b%2Fc", ":%00"):
            assert robot.get(f"/api/companies/{wrong}").json()["code"] == "not_found"

    def test_violations_come_in_pages_and_by_filter(self, robot: Client, shop: Shop) -> None:
        for number in range(5):
            shop.send({"type": "track", "userId": "1", "messageId": f"m-{number}"})
        shop.send({"type": "dance"}, source=shop.web)
        first = robot.get("/api/violations?limit=4").json()
        second = robot.get(f"/api/violations?limit=4&after={first['next']}").json()
        assert (len(first["violations"]), len(second["violations"]), second["next"]) == (4, 2, None)
        assert len({row["id"] for row in first["violations"] + second["violations"]}) == 6
        assert {row["source"] for row in robot.get("/api/violations?source=web-shop").json()["violations"]} == {
            "web-shop"
        }
        assert len(robot.get("/api/violations?reason=no_event_name").json()["violations"]) == 5
        assert robot.get("/api/violations?reason=%00x").json()["violations"] == []
        assert robot.get("/api/violations?source=nowhere").status_code == 404
        assert robot.get("/api/violations?after=99999999999999999999999").json()["next"] is None

    def test_a_retraction_of_an_unknown_source_logs_nothing(self, robot: Client, shop: Shop) -> None:
        for body in ({"source": "nowhere", "messageIds": ["m"]}, {"source": "back-end", "messageIds": []}):
            assert robot.post("/api/retractions", body, content_type="application/json").status_code in {404, 422}
        too_many = {"source": "back-end", "messageIds": [str(number) for number in range(2501)]}
        assert robot.post("/api/retractions", too_many, content_type="application/json").status_code == 422
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (0,)

    def test_health_needs_no_key_and_names_nobody(self, charlie: Client, shop: Shop) -> None:
        shop.identify("1", email="ada@example.com")
        for path in ("/health", "/api/health"):
            answer = charlie.get(path)
            assert answer.status_code == 200
            assert answer.json()["status"] in {"ok", "degraded"}
            assert "ada" not in answer.content.decode()

    def test_an_unknown_path_answers_in_json(self, robot: Client) -> None:
        assert robot.get("/api/nope").json()["code"] == "not_found"

    def test_the_document_describes_every_answer(self, robot: Client, shop: Shop) -> None:
        """Real answers are held against the schemas, by pydantic, which the document is made from."""
        from onefold.events.rest import ViolationsOut
        from onefold.profiles import rest_schemas as shapes
        from onefold.programs.web.health import HealthOut

        shop.send({"type": "track", "userId": "1", "messageId": "bad"})
        shop.send(
            {"type": "identify", "userId": "1", "traits": {"email": "ada@example.com"}, "messageId": "m-1"},
            {"type": "group", "userId": "1", "groupId": "acme"},
        )
        for path, shape in (
            ("profiles/user_id:1?include=traits,identifiers,companies,events", shapes.ProfileOut),
            ("companies/:acme", shapes.CompanyOut),
            ("events/back-end/m-1", shapes.ReceiptOut),
            ("events/back-end/bad", shapes.ReceiptOut),
            ("events/back-end/none", shapes.ReceiptOut),
            ("identity/links", shapes.RulesOut),
            ("violations", ViolationsOut),
            ("health", HealthOut),
        ):
            answer = robot.get(f"/api/{path}").json()
            checked = shape.model_validate(answer)
            assert answer.keys() <= checked.model_dump().keys()

    def test_the_document_is_whole(self, robot: Client) -> None:
        document = robot.get("/api/openapi.json").json()
        assert document["openapi"].startswith("3.")
        assert {
            "/api/profiles/{identifier}", "/api/profiles/{identifier}/why", "/api/identity/preview",
            "/api/companies/{identifier}", "/api/events/{source}/{message_id}",
            "/api/identity/links", "/api/retractions", "/api/violations", "/api/health", "/api/people",
            "/api/profiles/{identifier}/fields", "/api/duplicates",
            "/api/company-duplicates", "/api/company-duplicates/{decision}",
            "/api/profiles/{identifier}/consent", "/api/profiles/{identifier}/export", "/api/privacy/requests",
            "/api/privacy/requests/{request_id}", "/api/privacy/erasures", "/api/privacy/erasures/preview",
            "/api/privacy/releases", "/api/sql", "/api/privacy/requests/{request_id}/again",
            "/api/forms", "/api/forms/{number}", "/api/forms/{number}/publish", "/api/forms/{number}/archive",
            "/api/forms/{number}/restore", "/api/forms/{number}/submissions",
            "/api/forms/{number}/submissions/{submission}/let-in",
            "/api/forms/{number}/submissions/{submission}/discard",
            "/api/audiences", "/api/audiences/schema", "/api/audiences/preview", "/api/audiences/changes",
            "/api/audiences/{number}", "/api/audiences/{number}/start", "/api/audiences/{number}/pause",
            "/api/audiences/{number}/restore", "/api/audiences/{number}/versions", "/api/audiences/{number}/members",
            "/api/audiences/{number}/export", "/api/audiences/{number}/explain/{identifier}",
            "/api/profiles/{identifier}/audiences", "/api/companies/{identifier}/audiences",
            "/api/computed-traits", "/api/computed-traits/{name}",
            "/api/audience-lists", "/api/audience-lists/{number}", "/api/profiles/{identifier}/computed-traits",
            "/api/records", "/api/records/{object}", "/api/records/{object}/totals", "/api/records/{object}/delete",
            "/api/records/{object}/restore", "/api/records/{object}/{number}", "/api/records/{object}/{number}/history",
            "/api/acts/{act}/undo", *SETUP_PATHS,
            "/api/pipelines", "/api/reports/{name}",
            "/api/files/{file}", "/api/files/{file}/restore", "/api/files/{object}/{identifier}",
        } == set(document["paths"])  # fmt: skip
        shapes = document["components"]["schemas"]
        for reference in references(document):
            assert reference.rpartition("/")[2] in shapes
        for operations in document["paths"].values():
            for operation in operations.values():
                assert operation["summary"]
                assert operation["description"]


def references(part: Any) -> list[str]:
    """Every `$ref` in a JSON value."""
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for value in part.values() for found in references(value)]
    return [found for value in part for found in references(value)] if isinstance(part, list) else []
