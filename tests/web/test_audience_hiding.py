"""What those who may not see personal data may not ask of audiences either, letter by letter."""

from contextlib import nullcontext
from typing import Any

import pytest
from django.test import Client

from onefold.audiences import actions, builder_views, rest, views
from onefold.audiences.rules import Computed
from onefold.filters import api as f
from tests.web.audiences import Audiences, audiences, document
from tests.web.reading import page, person

__all__ = ["audiences"]
PHONE = 4_917_012_345_678
INVITED = f.EventMatch("Invited")


@pytest.fixture
def invited(audiences: Audiences, monkeypatch: pytest.MonkeyPatch) -> Audiences:
    """Ada's address and number stand in an event, her other number in a trait."""
    for module in (builder_views, views, rest):
        monkeypatch.setattr(module, "working", lambda: nullcontext(audiences.work))
    audiences.shop.identify("1", phone_alt=PHONE)
    properties = {"email": "secret@example.com", "phone": PHONE, "contact": {"email": "secret@example.com"}}
    audiences.shop.send(
        {"type": "track", "event": "Invited", "userId": "1", "messageId": "i1", "properties": properties}
    )
    for name, read in (("as_known", "email"), ("deep", "contact.email")):
        computed = Computed(INVITED, "last", read, "text")
        actions.create_computed(audiences.conn, name, computed, acting_user="test")
    return audiences


@pytest.mark.parametrize(
    "rule",
    [
        f.Contains("computed:as_known", "starts", "sec"),
        f.Contains("computed:deep", "starts", "sec"),
        f.Matches("computed:as_known", "^s"),
        f.Did(INVITED, "max", "phone", op="ge", value=PHONE),
        f.Did(INVITED, "distinct", "contact.email", "text", op="ge", value=1),
        f.Number("trait:phone_alt", "ge", PHONE),
        f.TopShare("trait:phone_alt", 50.0),
    ],
    ids=["part", "deep", "pattern", "greatest", "distinct", "number", "share"],
)
def test_hidden_values_are_not_asked_piece_by_piece(alice: Client, bob: Client, invited: Audiences, rule: Any) -> None:
    asked = {"rule": document(rule), "purpose": "analytics"}
    refused = bob.post("/api/audiences/preview", asked, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "rule_hidden")
    assert alice.post("/api/audiences/preview", asked, content_type="application/json").status_code == 200


def test_what_may_be_asked_as_a_whole_is_answered(bob: Client, invited: Audiences) -> None:
    rules = [f.OneOf("computed:as_known", "is", ("secret@example.com",)), f.Did(INVITED), f.Present("trait:phone_alt")]
    for rule in rules:
        asked = {"rule": document(rule), "purpose": "analytics"}
        assert bob.post("/api/audiences/preview", asked, content_type="application/json").status_code == 200


def test_why_shows_no_hidden_number(alice: Client, bob: Client, invited: Audiences) -> None:
    number = invited.make("Top", f.TopShare("trait:phone_alt", 50.0), starts=True)
    trait = f.Present("computed:as_known")
    other = invited.make("Known", trait, starts=True)
    invited.fill()
    for audience, secret in ((number, f"{PHONE:,}"), (other, "secret@example.com")):
        told = {who: who.get(f"/api/audiences/{audience}/explain/user_id:1").content.decode() for who in (alice, bob)}
        assert secret in told[alice]
        assert secret not in told[bob]
        assert "a value that you don't see" in told[bob]


def test_computed_traits_of_somebody_show_no_hidden_value(alice: Client, bob: Client, invited: Audiences) -> None:
    number = Computed(INVITED, "last", "phone", "number")
    for name, computed in (("dial", number), ("invitations", Computed(INVITED, "count"))):
        actions.create_computed(invited.conn, name, computed, acting_user="test")
    properties = {"email": "secret@example.com", "phone": PHONE, "contact": {"email": "secret@example.com"}}
    invited.shop.send({"type": "track", "event": "Invited", "userId": "1", "messageId": "i2", "properties": properties})
    told = {
        who: {one["name"]: one for one in who.get("/api/profiles/user_id:1/computed-traits").json()}
        for who in (alice, bob)
    }
    assert {name: one["value"] for name, one in told[alice].items()} == {
        "as_known": "secret@example.com", "deep": "secret@example.com", "dial": PHONE, "invitations": 1,
    }  # fmt: skip
    assert {name: (one["value"], one["is_hidden"]) for name, one in told[bob].items()} == {
        "as_known": (None, True), "deep": (None, True), "dial": (None, True), "invitations": (1, False),
    }  # fmt: skip
    html = page(bob, person("1").replace("/people/", "/audiences/of/"))
    assert html.count("a value that you don't see") == 3
    assert "secret" not in html


@pytest.mark.parametrize(
    ("as_of", "told"),
    [("2026-01-31", None), ("2026-01-31T12:00:00Z", None), ("2026-01-31T12:00:00", "with its zone"),
     ("yesterday", "or a day, like 2026-01-31"), ("2999-01-01", "still to come")],
)  # fmt: skip
def test_a_past_moment_is_a_day_or_an_instant(alice: Client, invited: Audiences, as_of: str, told: str | None) -> None:
    asked = {"rule": document(f.Did(INVITED)), "purpose": "analytics", "as_of": as_of}
    answer = alice.post("/api/audiences/preview", asked, content_type="application/json")
    assert answer.status_code == (200 if told is None else 400)
    assert told is None or told in answer.json()["message"]
