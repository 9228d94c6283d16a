"""The receipt: one test for each way in which a message can end."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.test import Client

from onefold.kernel.hashing import identifier_hash
from onefold.profiles.ids import to_text
from tests.web.conftest import NOW, Shop, track


class TestReceipt:
    """GET /api/events/{source}/{message_id}: one test for each way a message can end."""

    def receipt(self, robot: Client, message_id: str, source: str = "back-end") -> dict[str, Any]:
        found: dict[str, Any] = robot.get(f"/api/events/{source}/{quote(message_id, safe='')}").json()
        return found

    def test_stored(self, robot: Client, shop: Shop) -> None:
        shop.send(track("a/b:c d"), at=NOW)
        receipt = self.receipt(robot, "a/b:c d")
        assert (receipt["status"], receipt["fragment"]) == ("stored", "user_id:1")
        assert receipt["profile_id"] == to_text(identifier_hash("user_id", "1"))
        assert receipt["duplicates"] == receipt["violations"] == []

    def test_stored_without_a_part(self, robot: Client, shop: Shop) -> None:
        shop.send(track("m-1", context={"traits": {"email": "no address"}}))
        receipt = self.receipt(robot, "m-1")
        assert receipt["status"] == "stored"
        assert [(fault["reason"], fault["is_fatal"]) for fault in receipt["violations"]] == [
            ("identifier_invalid", False)
        ]

    def test_stored_and_came_again(self, robot: Client, shop: Shop) -> None:
        shop.send(track("m-1"))
        shop.send(track("m-1"), at=NOW + timedelta(hours=1))
        receipt = self.receipt(robot, "m-1")
        assert receipt["status"] == "stored"
        assert len(receipt["duplicates"]) == 1
        assert "1 more time" in receipt["why"]

    def test_duplicate_of_what_is_no_longer_kept(self, robot: Client, shop: Shop) -> None:
        shop.send(track("m-1"))
        shop.send(track("m-1"), at=NOW + timedelta(hours=1))
        shop.conn.execute("delete from event")
        assert self.receipt(robot, "m-1")["status"] == "duplicate"

    def test_stored_for_nobody(self, robot: Client, shop: Shop) -> None:
        for user in ("1", "2"):
            shop.send(track(f"m-{user}", user, anonymousId="kiosk"))
        shop.send({"type": "page", "anonymousId": "kiosk", "messageId": "m-3"})
        receipt = self.receipt(robot, "m-3")
        assert (receipt["status"], receipt["profile_id"]) == ("stored", None)
        assert "belongs to nobody" in receipt["why"]

    def test_refused(self, robot: Client, shop: Shop) -> None:
        shop.send({"type": "track", "userId": "1", "messageId": "m-1"})
        receipt = self.receipt(robot, "m-1")
        assert (receipt["status"], receipt["received_at"]) == ("refused", None)
        assert receipt["violations"][0]["reason"] == "no_event_name"
        assert receipt["why"] == receipt["violations"][0]["detail"]

    def test_pending(self, robot: Client, shop: Shop) -> None:
        body = json.dumps({"batch": [track("m-1")]}).encode()
        shop.conn.execute(
            "insert into event_log (epoch, lane, source_id, trust, received_at, n, body)"
            " values (1, 0, %s, 2, now(), 1, %s)",
            [shop.back_end.id, body],
        )
        assert self.receipt(robot, "m-1")["status"] == "pending"
        assert self.receipt(robot, "m-2")["status"] == "unknown"
        assert self.receipt(robot, "m-1", "web-shop")["status"] == "unknown"

    def test_retracted(self, robot: Client, shop: Shop, processor: None) -> None:
        shop.send(track("m-1"), track("m-2"))
        answer = robot.post(
            "/api/retractions", {"source": "back-end", "messageIds": ["m-1", "m-1"]}, content_type="application/json"
        ).json()
        assert answer == {"accepted": 1, "is_processed": True}
        assert self.receipt(robot, "m-1")["status"] == "retracted"
        assert self.receipt(robot, "m-1")["retracted_at"] is not None
        assert self.receipt(robot, "m-2")["status"] == "stored"

    def test_unknown_and_unknown_source(self, robot: Client, shop: Shop) -> None:
        assert self.receipt(robot, "m-1")["status"] == "unknown"
        assert self.receipt(robot, "a\0b")["status"] == "unknown"
        assert self.receipt(robot, "m-1", "nowhere")["code"] == "not_found"
