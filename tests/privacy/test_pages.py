"""Pages and API of privacy, with the real processor behind them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from onefold.kernel.hashing import identifier_hash
from onefold.privacy.api import may
from onefold.profiles.api import to_text
from tests.privacy.test_consent import stated
from tests.privacy.test_erasure import DEVICE, EMAIL, PHONE, USER, differences, history, holding
from tests.web.conftest import NOW, Shop, track

ANNA = identifier_hash("user_id", "anna")
PAGE = f"/people/{to_text(ANNA)}"


def posted(client: Client, path: str, body: dict[str, Any]) -> Any:
    """The JSON that the API answers."""
    response = client.post(path, json.dumps(body), "application/json")
    assert response.status_code == 200, response.content
    return response.json()


class TestConsent:
    def test_the_panel_names_every_purpose(self, bob: Client, shop: Shop) -> None:
        shop.send(stated("m1", email_marketing=True, advertising=False, odd_one=True))
        html = bob.get(f"{PAGE}/consent").content.decode()
        assert html.count("<li>") == 6
        assert html.count("Granted") == 2
        assert html.count("Denied") == 1
        assert html.count("Not asked") == 3
        assert "Not known here, counts for nothing" in html
        assert "<form" not in html  # bob may only look
        assert "/export" not in html

    def test_an_administrator_finds_the_way_to_export_and_to_erase(self, alice: Client, shop: Shop) -> None:
        shop.identify("anna")
        html = alice.get(f"{PAGE}/consent").content.decode()
        assert f'href="/api/profiles/{to_text(ANNA)}/export"' in html
        look = alice.post("/privacy/erase", {"step": "look", "identifier": to_text(ANNA)}).content.decode()
        assert "This would go, for ever" in look

    def test_the_persons_page_loads_it(self, bob: Client, shop: Shop) -> None:
        shop.identify("anna")
        assert f'hx-get="{PAGE}/consent"' in bob.get(PAGE).content.decode()

    def test_granted_withdrawn_and_undone(self, alice: Client, shop: Shop, processor: None) -> None:
        shop.identify("anna")
        answer = alice.post(
            f"{PAGE}/consent", {"purpose": "email_marketing", "granted": "1"}, headers={"HX-Request": "true"}
        )
        assert answer.status_code == 200
        assert "Set by alice" in answer.content.decode()
        assert may(shop.conn, ANNA, "email_marketing")
        undo = json.loads(answer["HX-Trigger"])["toast"]["undo"]
        assert alice.post(undo).status_code == 302
        assert not may(shop.conn, ANNA, "email_marketing")
        assert alice.post(undo).status_code == 404
        again = alice.post(f"{PAGE}/consent", {"purpose": "email_marketing", "granted": "1"})
        assert (again.status_code, again["Location"]) == (302, PAGE)
        alice.post(f"{PAGE}/consent", {"purpose": "email_marketing", "granted": "0"})
        assert not may(shop.conn, ANNA, "email_marketing")
        assert differences(shop.conn) == []

    def test_someone_elses_event_cant_be_undone(self, alice: Client, shop: Shop) -> None:
        shop.send(track("0f2f2c7e-3c6f-4b57-8d0c-0e6f6e1f4a11", "anna"))
        answer = alice.post(f"{PAGE}/consent/undo/0f2f2c7e-3c6f-4b57-8d0c-0e6f6e1f4a11")
        assert answer.status_code == 404
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (0,)

    @pytest.mark.parametrize("purpose", ["", "<b>", "x" * 60])
    def test_what_is_no_purpose(self, alice: Client, shop: Shop, purpose: str) -> None:
        shop.identify("anna")
        assert alice.post(f"{PAGE}/consent", {"purpose": purpose, "granted": "1"}).status_code == 400
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (0,)

    def test_the_ledger_shows_wording_escaped(self, bob: Client, shop: Shop) -> None:
        event = stated("m1", advertising=True)
        event["properties"]["wording"] = "<script>alert(1)</script>" + "x" * 1000
        shop.send(event)
        html = bob.get(f"{PAGE}/consent/ledger").content.decode()
        assert "&lt;script&gt;alert(1)" in html
        assert "footer" in html
        assert "Advertising" in html

    def test_the_api_tells_and_sets(self, robot: Client, shop: Shop, processor: None) -> None:
        shop.identify("anna")
        made = posted(robot, "/api/profiles/user_id:anna/consent", {"purpose": "SMS Marketing", "is_granted": True})
        assert made["is_processed"]
        found = robot.get("/api/profiles/user_id:anna/consent").json()
        assert found["purposes"] == {
            "advertising": False, "analytics": False, "email_marketing": False, "personalisation": False,
            "sms_marketing": True,
        }  # fmt: skip
        assert found["ledger"][0]["details"]["actingUser"].startswith("key:")
        assert robot.get("/api/profiles/user_id:nobody/consent").status_code == 404


class TestPurposes:
    def test_added_changed_removed(self, alice: Client, shop: Shop) -> None:
        assert alice.post("/privacy/purposes", {"name": "Post & parcels", "slug": "post"}).status_code == 302
        alice.post("/privacy/purposes", {"name": "Letters", "slug": "post", "description": "On paper"})
        html = alice.get("/privacy/purposes").content.decode()
        assert "Letters" in html
        assert "On paper" in html
        assert alice.post("/privacy/purposes/post/remove").status_code == 302
        assert "Letters" not in alice.get("/privacy/purposes").content.decode()
        assert alice.post("/privacy/purposes/analytics/remove").status_code == 404
        actions = [
            row[0] for row in shop.conn.execute("select action from audit where target = 'purpose:post' order by id")
        ]
        assert actions == ["purpose.saved", "purpose.saved", "purpose.removed"]

    def test_a_bad_name_is_told_beside_the_form(self, alice: Client, shop: Shop) -> None:
        answer = alice.post("/privacy/purposes", {"name": "&&&"})
        assert answer.status_code == 422
        assert "A purpose needs a name" in answer.content.decode()


class TestErasing:
    def test_look_then_erase_then_release(self, alice: Client, shop: Shop, processor: None) -> None:
        history(shop)
        look = alice.post("/privacy/erase", {"step": "look", "identifier": f"email:{EMAIL}"}).content.decode()
        assert "This would go, for ever" in look
        assert USER in look
        assert shop.conn.execute("select count(*) from privacy_request").fetchone() == (0,)
        done = alice.post("/privacy/erase", {"step": "erase", "identifier": f"email:{EMAIL}", "suppress": "1"})
        assert done.status_code == 302
        report = alice.get(done["Location"]).content.decode()
        assert "What went" in report
        for needle in (EMAIL, USER, DEVICE, PHONE):
            assert needle not in report
            assert holding(shop.conn, needle) == []
        assert "4 identifiers are suppressed" in alice.get("/privacy").content.decode()
        freed = alice.post("/privacy/release", {"identifier": f"user_id:{USER}"})
        assert "Identifiers released" in alice.get(freed["Location"]).content.decode()
        assert "Let somebody come back" not in alice.get("/privacy").content.decode()
        assert differences(shop.conn) == []

    def test_a_bad_identifier_is_told_beside_the_form(self, alice: Client, shop: Shop) -> None:
        answer = alice.post("/privacy/erase", {"step": "look", "identifier": "anna"})
        assert answer.status_code == 422
        assert "Write an identifier as namespace:value" in answer.content.decode()

    def test_by_the_api(self, robot: Client, shop: Shop, processor: None) -> None:
        history(shop)
        assert posted(robot, "/api/privacy/erasures/preview", {"identifier": f"user_id:{USER}"}) == {
            "identifiers": {"anonymous_id": 1, "email": 1, "phone": 1, "user_id": 1},
            "events": 4, "companies": 1, "consents": 1, "decisions": 1, "others": 1,
        }  # fmt: skip
        made = posted(robot, "/api/privacy/erasures", {"identifier": f"user_id:{USER}"})
        assert made["done_at"]
        assert made["report"]["suppressed"] == 4
        assert robot.get(f"/api/privacy/requests/{made['id']}").json() == made
        assert robot.get("/api/privacy/requests").json() == {"requests": [made], "next": None}
        assert robot.get(f"/api/profiles/user_id:{USER}").status_code == 404
        freed = posted(robot, "/api/privacy/releases", {"identifier": f"email:{EMAIL}"})
        assert freed["report"] == {"released": 4}
        audited = {row[0] for row in shop.conn.execute("select action from audit")}
        assert {"person.erasure_requested", "person.release_requested"} <= audited

    def test_a_request_that_waits_is_not_made_twice(self, robot: Client, shop: Shop) -> None:
        shop.identify("anna")
        first = posted(robot, "/api/privacy/erasures", {"identifier": "user_id:anna"})
        second = posted(robot, "/api/privacy/erasures", {"identifier": "user_id:anna"})
        assert first["done_at"] is None
        assert first == second

    def test_a_shared_identifier_is_refused(self, robot: Client, shop: Shop) -> None:
        for user in ("u1", "u2", "u3"):
            shop.send({"type": "track", "event": "X", "userId": user, "anonymousId": "kiosk", "messageId": user})
        answer = robot.post("/api/privacy/erasures", '{"identifier": "anonymous_id:kiosk"}', "application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "shared_identifier")
        assert shop.conn.execute("select count(*) from privacy_request").fetchone() == (0,)


class TestExport:
    def test_everything_of_a_person_as_one_document(self, robot: Client, shop: Shop) -> None:
        history(shop)
        shop.send(*(track(f"t{n}", USER, timestamp=(NOW - timedelta(minutes=n)).isoformat()) for n in range(1200)))
        shop.send({"type": "identify", "userId": USER, "traits": {"phone": "no number"}, "messageId": "i2"})
        answer = robot.get(f"/api/profiles/email:{EMAIL}/export")
        assert answer.status_code == 200
        assert "attachment" in answer["Content-Disposition"]
        found = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]  # the test client types every answer as whole
        assert len({event["message_id"] for event in found["events"]}) == len(found["events"]) == 1204
        assert {(one["namespace"], one["value"]) for one in found["identifiers"]} == {
            ("user_id", USER), ("email", EMAIL), ("phone", PHONE), ("anonymous_id", DEVICE),
        }  # fmt: skip
        assert found["traits"]["name"]["value"] == "Anna Holm"
        assert found["traits"]["name"]["source"] == "back-end"
        assert found["companies"][0]["key"] == "tindra"
        assert found["consent"] == {"advertising": True}
        assert len(found["consent_ledger"]) == 1
        assert found["decisions"][0]["rule"] == "never"
        assert {(move["namespace"], move["value"]) for move in found["moves"]} >= {("user_id", USER), ("email", EMAIL)}
        (faulty,) = [event for event in found["events"] if "violations" in event]
        assert faulty["message_id"] == "i2"
        assert [one["reason"] for one in faulty["violations"]] == ["identifier_invalid"]
        assert shop.conn.execute("select count(*) from audit where action = 'person.exported'").fetchone() == (1,)

    def test_somebody_without_events_of_their_own(self, robot: Client, shop: Shop) -> None:
        assert robot.get("/api/profiles/user_id:nobody/export").status_code == 404
        assert robot.get("/api/profiles/bad/export").status_code == 400
