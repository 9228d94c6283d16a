"""What is read of older events is what the stream would have folded."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefold.audiences.evaluate import metrics_of
from onefold.audiences.folding import Folder, State, without_old
from onefold.audiences.older import Older, buckets_by_fragment
from onefold.lake.engines.duckdb import DuckDBEngine
from tests.audiences.asking import decoded, scope_of, snapshot, us
from tests.audiences.drawing import moments, rules, worlds
from tests.audiences.test_parity import SOME


@SOME
@given(data=st.data())
def test_older_events_are_read_as_they_would_have_been_folded(
    engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    world = data.draw(worlds())
    rule = data.draw(rules(world))
    kept = dict(enumerate(metrics_of([rule], scope_of(world)).values()))
    until = data.draw(st.integers(0, len(world.events)))
    now = data.draw(moments(world))
    folder, folded = Folder(kept), dict[int, State]()
    for event in world.events[:until]:
        folder.fold(folded.setdefault(event.fragment, {}), decoded(event))
    lake = snapshot(Path(tmp_path_factory.mktemp("lake")), world, is_hot=True)
    found: dict[int, State] = {}
    for number, one in kept.items():
        answer = engine.run(Older(kept=one, until=until, now=now), lake).table
        for fragment, buckets in buckets_by_fragment(one, answer):
            found.setdefault(fragment, {})[number] = buckets

    def young(states: dict[int, State]) -> dict[int, State]:
        return {h: kept_of for h, state in states.items() if (kept_of := without_old(kept, state, us(now)))}

    assert young(found) == young(folded)
