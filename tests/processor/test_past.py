"""The past of a person is what a database would show that had received nothing later."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onefold.identity.api import Surroundings
from onefold.profiles.naming import forget_names, names_in_force
from onefold.profiles.standing import Standing, standing
from tests.processor.driving import deliver, install, undone
from tests.reference.oracle import expected
from tests.reference.strategies import histories
from tests.reference.world import H, Profile, Span, Value, World

FEW = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def profile_of(found: Standing, priorities: dict[int, int]) -> Profile:
    """In the reference's words."""
    seen = [(member.first_ts, member.last_ts) for member in found.members if member.n]
    return Profile(
        members=frozenset(H(member.h) for member in found.members),
        n=found.n_events,
        seen=Span(min(first or 0 for first, _ in seen), max(last or 0 for _, last in seen)) if seen else None,
        traits={
            name: Value(value.value, value.source_id, value.ts) for name, value in found.traits(priorities).items()
        },
        companies={(one.space, one.key): Span(one.first_ts, one.last_ts) for one in found.companies},
    )


def check_refusals(around: Surroundings, then: World) -> None:
    """Of every edge of those inside: whether it joins, and why not."""
    for (a, b), edge in then.edges.items():
        if H(a) in around.inside and H(b) in around.inside:
            assert (around.edges[a, b].first, around.edges[a, b].trust) == (edge.first, edge.trust)
            refusal = around.refused.get((a, b))
            if edge.refusal != "shared":
                assert (refusal.name.lower() if refusal else None) == edge.refusal


@FEW
@given(data=st.data())
def test_the_past_is_the_world_that_received_nothing_later(lone_db: Connection[Any], data: st.DataObject) -> None:
    history = data.draw(histories(max_events=60))
    events = [event for event in history.events if event.kind != "retract"]
    moment = data.draw(st.sampled_from(sorted({event.received_at for event in events}) or [1]))
    then = expected([event for event in events if event.received_at <= moment], history.config)
    with undone(lone_db):
        install(lone_db, history.config)
        deliver(lone_db, sorted(events, key=lambda event: event.received_at), 1)
        forget_names()
        names = names_in_force(lone_db)
        for h, node in then.nodes.items():
            found = standing(lone_db, names, h, moment)
            assert found is not None, node
            assert found.profile_id == node.profile
            assert found.is_nobody == node.is_nobody
            if not node.is_nobody:
                assert profile_of(found, names.priorities) == then.profiles[node.profile]
            check_refusals(found.around, then)
        unknown = set(expected(events, history.config).nodes) - set(then.nodes)
        assert all(standing(lone_db, names, h, moment) is None for h in unknown)
    forget_names()


@FEW
@given(data=st.data())
def test_the_present_is_what_the_processor_made(lone_db: Connection[Any], data: st.DataObject) -> None:
    history = data.draw(histories(max_events=60))
    now = expected(history.events, history.config)
    with undone(lone_db):
        install(lone_db, history.config)
        deliver(lone_db, sorted(history.events, key=lambda event: event.received_at), 1)
        forget_names()
        names = names_in_force(lone_db)
        for h, node in now.nodes.items():
            found = standing(lone_db, names, h)
            assert found is not None, node
            assert (found.profile_id, found.is_nobody) == (node.profile, node.is_nobody)
            if not node.is_nobody:
                person = now.profiles[node.profile]
                assert {m.h for m in found.members} == person.members
                assert found.n_events == person.n
            check_refusals(found.around, now)
    forget_names()
