"""A hostile public key, end to end: a component of thousands of identifiers is cut up, and rebuild agrees."""

import random
from typing import Any, Final

import pytest

from onefold.identity.api import DEFAULT_CONFIG
from tests.scenarios.installation import Installation, Origin

pytestmark = pytest.mark.timeout(180)

REQUEST_EVENTS: Final = 500
EVENTS: Final = 6_000
CONTACTS: Final = 1_500  # e-mails, and as many phones: with 6,000 pairs of them nearly all hang together


def test_mesh_of_thousands_is_cut_up_and_rebuild_agrees(installation: Installation) -> None:
    site = installation.new_source("site", kind="browser", key_kind="public")
    bystander = installation.new_source("shop")
    installation.send(bystander, [_identify("bystander", "bystander@shop.example", "+46700999999")])

    _attack(installation, site)
    installation.settle(120)

    assert installation.value("select count(*) from node") > 5_000
    assert installation.value("select count(*) from link_rule where a = b") > 0
    largest = "select max(n) from (select count(*) as n from node group by comp) component"
    assert installation.value(largest) <= DEFAULT_CONFIG.component_limit
    assert installation.value("select count(*) from event where source_id = %s", site.id) == EVENTS
    assert installation.query("select reason from violation") == []
    installation.demand_clean_rebuild()
    person = installation.api("/profiles/user_id:bystander", include="identifiers")
    assert len(person["identifiers"]) == 3


def test_verdict_is_a_decision_that_a_steward_sees_and_withdraws(installation: Installation) -> None:
    """Runs alone too: whatever isolated identifier there is, its rule goes like any other."""
    rules = installation.api("/identity/links")["rules"]
    if not rules:
        site = installation.new_source("site-again", kind="browser", key_kind="public")
        _attack(installation, site)
        installation.settle(120)
        rules = installation.api("/identity/links")["rules"]
    isolated = rules[0]
    assert (isolated["rule"], isolated["a"]) == ("never", isolated["b"])

    body = {"rule": "withdrawn", "a": isolated["a"], "b": isolated["a"]}
    answer = installation.ask("POST", "/identity/links", json=body)

    assert answer.status_code == 200, answer.text
    assert answer.json()["a"]["profile_id"] is not None
    installation.settle(60)
    installation.demand_clean_rebuild()


def _attack(installation: Installation, site: Origin) -> None:
    chance = random.Random(1)  # noqa: S311 the same mesh each time
    for start in range(0, EVENTS, REQUEST_EVENTS):
        events = [_pair(chance, number) for number in range(start, start + REQUEST_EVENTS)]
        installation.send(site, events)


def _pair(chance: random.Random, number: int) -> dict[str, Any]:
    email, phone = f"e{chance.randrange(CONTACTS)}@mesh.example", f"+4670{chance.randrange(CONTACTS):07d}"
    return {"type": "identify", "anonymousId": f"mesh-{number}", "traits": {"email": email, "phone": phone}}


def _identify(user: str, email: str, phone: str) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": {"email": email, "phone": phone}}
