"""Stream, rebuild and the slow reference agree on every history, however it is delivered."""

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onefold.identity.api import LastKnown
from tests.processor.driving import check_rebuild, deliver, install, read_world, undone
from tests.reference.acceptance import accepted
from tests.reference.oracle import expected
from tests.reference.strategies import History, deliveries, histories
from tests.reference.world import Ev, World, diff

FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def processed(conn: Connection[Any], history: History, batches: Sequence[Sequence[Ev]]) -> tuple[World, list[str]]:
    """The world after these batches, and what a rebuild would find wrong in it."""
    with undone(conn):
        install(conn, history.config)
        off, last_known = 1, LastKnown(generation=5)  # so few that some are remembered, and some are not
        for batch in batches:
            off = deliver(conn, batch, off, last_known)
        return read_world(conn, history.config), check_rebuild(conn)


@FEW
@given(data=st.data())
def test_stream_equals_reference_and_rebuild(lone_db: Connection[Any], data: st.DataObject) -> None:
    history = data.draw(histories())
    batches = data.draw(deliveries(history.events, is_log_order=True))
    world, wrong = processed(lone_db, history, batches)
    assert diff(expected(history.events, history.config), world) == []
    assert wrong == []


@FEW
@given(data=st.data())
def test_two_deliveries_of_one_history_give_one_world(lone_db: Connection[Any], data: st.DataObject) -> None:
    history = data.draw(histories(max_events=60))
    first, _ = processed(lone_db, history, data.draw(deliveries(history.events, is_log_order=True)))
    other, _ = processed(lone_db, history, data.draw(deliveries(history.events, is_log_order=True)))
    assert diff(first, other) == []


@FEW
@given(data=st.data())
def test_a_batch_processed_again_after_a_restart_changes_nothing(lone_db: Connection[Any], data: st.DataObject) -> None:
    history = data.draw(histories(max_events=60))
    batches = data.draw(deliveries(history.events, is_log_order=True))
    retractions = any(event.kind == "retract" for event in history.events)
    assume(not retractions)  # a retraction between two deliveries of one event lets the second one in
    once, _ = processed(lone_db, history, batches)
    again, wrong = processed(lone_db, history, [batch for batch in batches for _ in range(2)])
    assert diff(once, again) == []
    assert wrong == []


@FEW
@given(data=st.data())
def test_a_retraction_equals_a_world_in_which_the_events_never_came(
    lone_db: Connection[Any], data: st.DataObject
) -> None:
    history = data.draw(histories(max_events=60))
    kept = accepted(history.events)
    never_came = History([e for e in kept if e.kind != "retract"], history.config)
    with_retractions, wrong = processed(lone_db, history, [[event] for event in history.events])
    without, _ = processed(lone_db, never_came, [never_came.events])
    assert wrong == []
    for part in ("nodes", "edges", "fragments", "profiles", "companies", "allows"):
        assert getattr(with_retractions, part) == getattr(without, part)
