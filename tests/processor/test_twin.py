"""Stream, rebuild and the slow reference agree on every history, however it is delivered."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from tests.processor.driving import check_rebuild, deliver, install, read_world, undone
from tests.reference.oracle import expected
from tests.reference.strategies import deliveries, histories
from tests.reference.world import diff

EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@EXAMPLES
@given(data=st.data())
def test_stream_equals_reference_and_rebuild(db: Connection[Any], data: st.DataObject) -> None:
    history = data.draw(histories())
    batches = data.draw(deliveries(history.events, is_log_order=True))
    with undone(db):
        install(db, history.config)
        off = 1
        for batch in batches:
            off = deliver(db, batch, off)
        assert diff(expected(history.events, history.config), read_world(db, history.config)) == []
        assert check_rebuild(db) == []
