"""Any plan over any small lake is answered as it reads."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onefold.config import EngineSettings
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.plans import (
    Plan,
)
from tests.lake.drawing import drawn_events, plans
from tests.lake.reference import answer, comparable
from tests.lake.small import event, snapshot_of, truth


@given(
    rows=drawn_events,
    plan=plans,
    n_hot=st.integers(0, 10),
    gone=st.sets(st.integers(0, 24), max_size=4),
    moved=st.dictionaries(st.integers(-2, 4), st.integers(-2, 6), max_size=2),
    promoted=st.sets(
        st.sampled_from((("a", "double"), (r"d\.e", "string"), ("b", "long"), ("a", "boolean"))), max_size=2
    ),
    fresh=st.sets(st.integers(0, 24)),
    withheld=st.sets(st.integers(-2, 4), max_size=1),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_plan_over_any_rows_is_answered_as_it_reads(
    rows: list[tuple[Any, ...]],
    plan: Plan,
    n_hot: int,
    gone: set[int],
    moved: dict[int, int],
    promoted: set[tuple[str, str]],
    fresh: set[int],
    withheld: set[int],
) -> None:
    made = [
        event(position, profile, ts, name, source_id=source, properties=properties)
        for position, (profile, ts, name, source, properties) in enumerate(rows)
    ]
    hot, filed = made[:n_hot], made[n_hot:]
    with TemporaryDirectory() as folder:
        snapshot = snapshot_of(
            Path(folder, "lake"),
            filed,
            hot=hot,
            gone=sorted(gone),
            overrides=moved,
            withheld=sorted(withheld),
            promoted=sorted(promoted),
            fresh=frozenset(fresh),
            profiles=[{"profile_id": 3}, {"profile_id": 9}],
        )
        found = DuckDBEngine(EngineSettings(threads=1), Path(folder, "spill")).run(plan, snapshot).table.to_pylist()
    assert comparable(found) == comparable(answer(plan, truth(snapshot, filed, hot), (3, 9)))
