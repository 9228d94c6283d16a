"""Real clients while answers get lost, the server refuses, or dies: every event arrives once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import psutil
import pytest

from tests.scenarios.arrivals import demand_each_once, demand_visitor
from tests.scenarios.clients import CLIENTS, Call, RealClient, Visitor, demand_delivered
from tests.scenarios.installation import Installation, Origin
from tests.scenarios.proxy import LOSE_ANSWER, Proxy, misbehaving
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

DISTURBANCES: Final = {
    "lost-answers": [LOSE_ANSWER, LOSE_ANSWER],
    "refusals": [429, 503],
    "everything": [503, LOSE_ANSWER, 429],
}
ORDERS: Final = 150  # of each client, around each death
SMALL_BATCHES: Final = {
    "segment-python": {"upload_size": 5},
    "rudder-python": {"upload_size": 5},
    "segment-node": {"flushAt": 5},
    "rudder-node": {"flushAt": 5},
    "jitsu-node": {},
}


@pytest.mark.parametrize("disturbance", DISTURBANCES)
def test_events_arrive_once_through_a_bad_line(installation: Installation, disturbance: str) -> None:
    """All clients at once, each through a line of its own: together they wait no longer than the slowest."""
    origins = _origins(installation, disturbance)
    visitors = {client.name: Visitor(f"{client.name}-{disturbance}") for client in CLIENTS}
    with _bad_lines(installation, DISTURBANCES[disturbance]) as lines:
        running = [
            client.start(lines[client.name].base, origins[client.name].key, visitors[client.name].story())
            for client in CLIENTS
        ]
        for process in running:
            demand_delivered(process)

    installation.settle()
    for client in CLIENTS:
        calls = client.can(visitors[client.name].story())
        demand_each_once(installation, origins[client.name], calls)
        demand_visitor(installation, origins[client.name], visitors[client.name], calls)
        assert lines[client.name].seen[: len(DISTURBANCES[disturbance])] == DISTURBANCES[disturbance]
    if LOSE_ANSWER in DISTURBANCES[disturbance]:
        assert all(installation.counts(origin, "duplicate") for origin in origins.values())


def test_events_arrive_once_when_the_collector_is_killed(installation: Installation) -> None:
    """Twice, in the middle of what every client sends; the supervisor starts it again."""
    origins = _origins(installation, "death")
    running = []
    for client in CLIENTS:
        patient = replace(client, options={**client.options, **SMALL_BATCHES[client.name]})
        running.append(patient.start(installation.collector, origins[client.name].key, _orders(client)))

    for threshold in (50, 300):
        _await_events(installation, origins, threshold)
        _kill_collector(installation)
    for process in running:
        demand_delivered(process)

    installation.settle()
    for client in CLIENTS:
        demand_each_once(installation, origins[client.name], _orders(client))
    installation.demand_clean_rebuild()


def _origins(installation: Installation, suffix: str) -> dict[str, Origin]:
    return {client.name: installation.new_source(f"{client.name}-{suffix}") for client in CLIENTS}


@contextmanager
def _bad_lines(installation: Installation, script: list[int]) -> Iterator[dict[str, Proxy]]:
    """A misbehaving proxy for each client."""
    port = urlsplit(installation.collector).port
    assert port is not None
    with ExitStack() as stack:
        yield {client.name: stack.enter_context(misbehaving(port, script)) for client in CLIENTS}


def _orders(client: RealClient) -> list[Call]:
    user = {"userId": f"{client.name}-u"}
    login: Call = {"call": "identify", **user, "traits": {"plan": "gold"}}
    orders = [{"call": "track", **user, "event": f"Order {number}"} for number in range(ORDERS)]
    return [login, *orders]


def _await_events(installation: Installation, origins: dict[str, Origin], least: int) -> None:
    ids = [origin.id for origin in origins.values()]
    count = "select coalesce(sum(n), 0)::int from event_log where source_id = any(%s)"
    wait_until(lambda: installation.value(count, ids) >= least, 60, f"{least} events in the log")


def _kill_collector(installation: Installation) -> None:
    collector = wait_until(lambda: installation.find("collector"), 30, "a collector")
    collector.kill()
    psutil.wait_procs([collector], timeout=10)
