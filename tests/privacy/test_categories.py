"""Categories of consent banners mean purposes, as the workspace says; what isn't known is shown, and counts not."""

from typing import Any

import msgspec
from django.test import Client

from onefold.events.api import LogRow, Trust, decode_request
from onefold.kernel.hashing import identifier_hash
from onefold.privacy.api import allowing, consents_of, may
from onefold.profiles.api import to_text
from tests.privacy.test_consent import differences, stamped, stated
from tests.web.conftest import Shop
from tests.web.reading import page

ANNA = identifier_hash("user_id", "anna")
PAGE = f"/people/{to_text(ANNA)}"


def allowed(shop: Shop) -> dict[str, bool]:
    return {purpose: entry.key.is_granted for purpose, entry in consents_of(shop.conn, ANNA).items()}


def test_banners_of_the_usual_makers_are_understood(shop: Shop) -> None:
    shop.send(stamped("m1", **{"C0001": True, "C0002": True, "C0004": True, "statistics": True, "ad_storage": True}))
    assert allowed(shop) == {"analytics": True, "advertising": True}
    assert allowing(shop.conn, [ANNA], "advertising") == {ANNA}
    shop.send(stamped("m2", **{"C0004": True, "C0005": False}))
    assert not may(shop.conn, ANNA, "advertising")  # two names of one purpose: the denial counts
    assert differences(shop.conn) == []


def test_a_statement_by_one_name_stands_against_a_stamp_by_another(shop: Shop) -> None:
    shop.send(stated("m1", advertising=False))
    shop.send(stamped("m2", marketing=True))
    assert not may(shop.conn, ANNA, "advertising")


def test_an_event_that_denies_analytics_by_another_name_is_not_kept(shop: Shop) -> None:
    shop.send(stamped("m1", C0002=False, C0004=True), stated("m2", C0002=False))
    rows = shop.conn.execute("select message_id, reason, body from violation").fetchall()
    assert rows == [("m1", "consent_denied", b"")]
    assert allowed(shop) == {"analytics": False}  # the decision itself is kept, as proof


def test_the_workspace_says_what_a_category_means(shop: Shop, alice: Client, robot: Client) -> None:
    shop.send(stamped("m1", C0042=True, **{"<b>": True}))
    assert allowed(shop) == {"c0042": True}
    assert robot.get("/api/profiles/user_id:anna/consent").json()["unknown"] == ["c0042"]
    html = page(alice, f"{PAGE}/consent")
    assert "c0042" in html
    assert "Not known here, counts for nothing" in html
    assert "c0042" in page(alice, "/privacy/purposes")
    assert alice.post("/privacy/categories", {"name": "C0042", "purpose": "analytics"}).status_code == 302
    assert allowed(shop) == {"analytics": True}
    assert "C0042" not in page(alice, f"{PAGE}/consent")
    shop.send(stamped("m2", c0042=False))
    assert shop.conn.execute("select reason from violation").fetchall() == [("consent_denied",)]
    alice.post("/privacy/categories", {"name": "C0002", "purpose": "-"})
    shop.send(stamped("m3", c0002=False))
    assert shop.conn.execute("select count(*) from violation").fetchone() == (1,)
    alice.post("/privacy/categories", {"name": "c0042", "purpose": ""})
    assert allowed(shop) == {"c0042": True}
    actions = [
        row[0] for row in shop.conn.execute("select action from audit where target = 'category:c0042' order by id")
    ]
    assert actions == ["consent_category.saved", "consent_category.removed"]


def test_a_purpose_of_that_name_means_itself(shop: Shop, alice: Client) -> None:
    shop.send(stamped("m1", marketing=True))
    assert allowed(shop) == {"advertising": True}
    alice.post("/privacy/purposes", {"name": "Marketing"})
    assert allowed(shop) == {"marketing": True}
    alice.post("/privacy/categories", {"name": "marketing", "purpose": "advertising"})
    assert "so it means itself" in page(alice, "/privacy/purposes")
    alice.post("/privacy/categories", {"name": "x", "purpose": "no_such"})
    assert "There is no such purpose" in page(alice, "/privacy/purposes")


def test_rudderstacks_consent_management() -> None:
    management = {"provider": "oneTrust", "allowedConsentIds": ["C0001", 7], "deniedConsentIds": ["C0004"]}
    event: dict[str, Any] = {"type": "page", "anonymousId": "a", "context": {"consentManagement": management}}
    body = msgspec.json.encode({"batch": [event]})
    (decoded,), _ = decode_request(LogRow(1, 1, 1, 0, 2, Trust.PUBLIC, 1_700_000_000_000_000, 1, "", "", body))
    assert dict(decoded.consents) == {"c0001": True, "c0004": False}
