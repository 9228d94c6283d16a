"""What must be true of the events of one client, wherever it sent them through."""

from collections import Counter
from typing import Any

import msgspec

from onefold.events.api import Kind
from tests.scenarios.clients import Call, Visitor, outline
from tests.scenarios.installation import Installation, Origin


def stored(installation: Installation, origin: Origin) -> list[tuple[str, str, str, Any]]:
    """(kind, name, message id, body) of every accepted event of a source."""
    rows = installation.query("select kind, name, message_id, body from event where source_id = %s", origin.id)
    return [
        (Kind(kind).name.lower(), name, message_id, msgspec.json.decode(body)) for kind, name, message_id, body in rows
    ]


def demand_each_once(installation: Installation, origin: Origin, calls: list[Call]) -> list[tuple[str, str, str, Any]]:
    """Exactly these calls, each once, are accepted; nothing was refused. Returns what is stored."""
    events = stored(installation, origin)
    assert Counter((kind, name) for kind, name, _, _ in events) == outline(calls)
    assert len({message_id for _, _, message_id, _ in events}) == len(calls)
    assert installation.query("select reason, detail from violation where source_id = %s", origin.id) == []
    return events


def demand_visitor(installation: Installation, origin: Origin, visitor: Visitor, calls: list[Call]) -> None:
    """The story's person as the API tells of them: whole."""
    question = f"/profiles/user_id:{visitor.user_id}"
    person = installation.api(question, include="traits,identifiers,companies,events")
    assert person["traits"] == visitor.traits
    assert (person["name"], person["email"], person["is_known"]) == ("Ingrid Ålund", visitor.email, True)
    held = {(item["namespace"], item["value"]) for item in person["identifiers"]}
    assert held == {
        ("user_id", visitor.user_id),
        ("anonymous_id", visitor.anonymous_id),
        ("email", visitor.email),
    }
    own = [call for call in calls if call["call"] != "alias"]  # an alias names two user ids: it is one's or the other's
    told = [event for event in person["events"] if event["type"] != "alias"]
    assert Counter((event["type"], event["name"]) for event in told) == outline(own)
    (order,) = [event for event in told if event["name"] == "Order Completed"]
    assert order["body"]["properties"] == visitor.order
    company = {name: person["companies"][0][name] for name in ("key", "name", "traits")}
    traits = {"name": "Tindra AB", "employees": 12}
    assert company == {"key": f"{visitor.client}-g-1", "name": "Tindra AB", "traits": traits}
    assert installation.api(f"/profiles/email:{visitor.email}")["profile_id"] == person["profile_id"]
    owners = {person["profile_id"]}
    if len(own) < len(calls):
        owners.add(installation.api(f"/profiles/user_id:{visitor.client}-old")["profile_id"])
    demand_receipts(installation, origin, owners)


def demand_receipts(installation: Installation, origin: Origin, owners: set[str]) -> None:
    """Of every message the receipt says: stored, and whose it is (one of the profiles `owners`)."""
    for kind, name, message_id, _ in stored(installation, origin):
        receipt = installation.api(f"/events/{origin.slug}/{message_id}")
        assert (receipt["status"], receipt["type"], receipt["name"]) == ("stored", kind, name)
        assert receipt["profile_id"] in owners
        assert not receipt["violations"]
