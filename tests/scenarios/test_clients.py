"""Real clients, undisturbed: every event arrives once and whole."""

import pytest

from onefold.identity.graph import Refusal
from tests.scenarios.arrivals import demand_each_once, demand_visitor
from tests.scenarios.clients import WAYS, RealClient, Visitor
from tests.scenarios.installation import Installation

LIMIT = int(Refusal.LIMIT)


@pytest.mark.parametrize("client", WAYS, ids=lambda client: client.name)
def test_every_event_of_a_real_client_arrives_once_and_whole(installation: Installation, client: RealClient) -> None:
    origin, visitor = installation.new_source(client.name), Visitor(client.name)

    client.send(installation.collector, origin.key, visitor.story())

    installation.settle()
    calls = client.can(visitor.story())
    demand_each_once(installation, origin, calls)
    demand_visitor(installation, origin, visitor, calls)
    assert installation.counts(origin, "accepted") == len(calls)
    assert installation.counts(origin, "duplicate") == 0


def test_alias_is_kept_but_does_not_make_two_user_ids_one_person(installation: Installation) -> None:
    """A person has one user id: the pair is remembered as refused, for a steward to decide about."""
    origin = installation.new_source("aliases")
    installation.send(origin, [{"type": "alias", "userId": "u-new", "previousId": "u-old"}])
    installation.settle()

    new, old = (installation.api(f"/profiles/user_id:{user}")["profile_id"] for user in ("u-new", "u-old"))

    assert new != old
    found = installation.query("select ref from edge join node on h = a where val in ('u-new', 'u-old')")
    assert found == [(LIMIT,)]
    installation.demand_clean_rebuild()
