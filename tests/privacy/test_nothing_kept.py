"""What may not be kept leaves the log, too, as soon as the processor has read it."""

import json
from typing import Any

import pytest
from django.test import Client

from onefold.events.api import Trust, wait_until_processed
from onefold.events.envelope import ERASED, without_events
from onefold.events.log import NewRow, append_rows
from onefold.kernel.instants import micros_of
from tests.privacy.test_erasure import EMAIL, USER, holding
from tests.web.conftest import NOW, Shop

DENYING = {"consent": {"categoryPreferences": {"analytics": False}}, "note": "secret of mine"}


def logged(shop: Shop, *events: Any, shared: dict[str, Any] | None = None) -> None:
    """As the collector logs them, and processed."""
    body = json.dumps({"batch": events, **(shared or {})}).encode()
    row = NewRow(lane=0, source_id=shop.back_end.id, trust=Trust.SECRET, received_at=micros_of(NOW), n=len(events),
                 ip="192.0.2.7", user_agent="curl", body=body)  # fmt: skip
    with shop.conn.transaction():
        position = append_rows(shop.conn, [row])
    assert wait_until_processed(shop.conn, position, 30.0)


def test_what_denies_analytics_leaves_the_log_and_the_rest_stays(shop: Shop, processor: None) -> None:
    kept = {"type": "track", "event": "Kept", "userId": "bert", "messageId": "k1"}
    denied = {"type": "track", "event": "Not kept", "userId": "anna", "messageId": "d1", "context": DENYING}
    logged(shop, kept, denied, kept | {"messageId": "k2"})
    logged(shop, denied | {"messageId": "d2"})
    assert holding(shop.conn, "secret of mine") == []
    assert holding(shop.conn, "Not kept") == []
    rows = shop.conn.execute("select ip, user_agent, body from event_log order by off").fetchall()
    assert [(ip, agent, body.count(ERASED)) for ip, agent, body in rows] == [("192.0.2.7", "curl", 1), ("", "", 1)]
    assert b'"k2"' in rows[0][2]
    assert shop.conn.execute("select message_id, reason, body from violation order by id").fetchall() == [
        ("d1", "consent_denied", b""),
        ("d2", "consent_denied", b""),
    ]


def test_a_suppressed_event_leaves_a_receipt_without_a_name(shop: Shop, robot: Client, processor: None) -> None:
    shop.identify(USER, email=EMAIL)
    assert robot.post("/api/privacy/erasures", json.dumps({"identifier": f"email:{EMAIL}"}), "application/json").json()[
        "done_at"
    ]
    named = {"type": "identify", "userId": USER, "messageId": "again"}
    logged(shop, named, {"type": "track", "event": "X", "userId": "x", "messageId": f"to-{EMAIL.upper()}",
                         "context": {"traits": {"email": EMAIL}}})  # fmt: skip
    assert holding(shop.conn, USER) == []
    assert holding(shop.conn, EMAIL) == []
    assert shop.conn.execute("select message_id, reason from violation order by id").fetchall() == [
        ("again", "suppressed"),
        ("", "suppressed"),
    ]
    link = {"rule": "always", "a": f"user_id:{USER}", "b": "user_id:bert"}
    robot.post("/api/identity/links", json.dumps(link), "application/json")
    assert holding(shop.conn, USER) == []


@pytest.mark.parametrize(
    ("items", "places", "left", "is_empty"),
    [
        ([b'{"a":1}', b'{"b":2}'], {1}, [b'{"a":1}', ERASED], False),
        ([ERASED, b'{"a":1}', b'{"b":2}'], {0}, [ERASED, ERASED, b'{"b":2}'], False),
        ([b'{"a":1}', ERASED], {0}, [ERASED, ERASED], True),
    ],
)
def test_places_are_counted_without_what_is_erased(
    items: list[bytes], places: set[int], left: list[bytes], is_empty: bool
) -> None:
    body = b'{"batch":[' + b",".join(items) + b'],"sentAt":1}'
    assert without_events(body, places) == (b'{"batch":[' + b",".join(left) + b'],"sentAt":1}', is_empty)
