"""Shares of people begin at the value of the last one in them: in bulk, in the stream and in the plain reference."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onefold.audiences.metrics import Measure
from onefold.audiences.rules import Computed
from onefold.filters import api as f
from onefold.lake.engines.duckdb import DuckDBEngine
from tests.audiences.asking import key, members_by, snapshot, threshold_by
from tests.audiences.drawing import NUMBERS, START, matches, moments, windows, worlds
from tests.audiences.oracle import Event, Somebody, World, members, threshold
from tests.audiences.test_parity import SOME, streamed

NOBODY: Final[dict[str, Any]] = {
    "name": "", "email": "", "phone": "", "first_seen": START, "last_seen": START, "known": False,
}  # fmt: skip
percents = st.sampled_from((0.001, 10, 25.0, 33.3, 100 / 3, 50, 66.7, 99.999, 100))


def world_of(*values: Any) -> World:
    """People whose `score` is this; None: they have none."""
    return World([Somebody(i + 1, {} if v is None else {"score": v}, NOBODY, {}) for i, v in enumerate(values)], [])


def agreed(engine: DuckDBEngine, folder: Path, world: World, share: f.TopShare, now: datetime) -> set[int]:
    """Who is in the share, after all three said the same."""
    folder.mkdir(exist_ok=True)
    lake = snapshot(folder, world, is_hot=True)
    edge = threshold(world, share, now)
    assert threshold_by(engine, lake, world, share, now) == edge
    found = members(world, share, now)
    assert members_by(engine, lake, world, share, now, {key(share): edge}) == found
    assert streamed(world, share, now, {key(share): edge}) == found
    return found


@pytest.mark.parametrize(
    ("values", "percent", "edge", "n_in"),
    [
        ((10, 20, 30, 40), 25, 40, 1),
        ((10, 20, 30, 40), 26, 30, 2),  # a share takes in the person whom it cuts
        ((10, 20, 20, 30), 50, 20, 3),  # and whoever has the same value
        ((5, 5, 5), 0.001, 5, 3),
        ((10, 20, 30), 100, 10, 3),
        ((10, None, "30", True, [40]), 50, 10, 1),  # of those who have a number
        ((-0.0, 0, -1), 34, 0, 2),
    ],
)
def test_a_share_begins_at_its_last_one(
    values: Any, percent: float, edge: float, n_in: int, engine: DuckDBEngine, tmp_path: Path
) -> None:
    world, share = world_of(*values), f.TopShare("trait:score", percent)
    assert threshold(world, share, START) == edge
    found = agreed(engine, tmp_path, world, share, START)
    assert len(found) == n_in


def test_the_bottom_counts_from_the_smallest(engine: DuckDBEngine, tmp_path: Path) -> None:
    world = world_of(30, 10, 20, None, 10)
    assert agreed(engine, tmp_path, world, f.TopShare("trait:score", 25, True), START) == {2, 5}
    assert agreed(engine, tmp_path / "again", world, f.TopShare("trait:score", 75, True), START) == {2, 3, 5}


@pytest.mark.parametrize("world", [world_of(), world_of(None, "x", True)], ids=["no people", "no values"])
def test_a_share_of_nobody_begins_nowhere_and_has_nobody(world: World, engine: DuckDBEngine, tmp_path: Path) -> None:
    for i, share in enumerate((f.TopShare("trait:score", 100), f.TopShare("trait:score", 100, True))):
        assert threshold(world, share, START) is None
        assert agreed(engine, tmp_path / str(i), world, share, START) == set()


@SOME
@given(
    values=st.lists(st.sampled_from((*NUMBERS, *NUMBERS, "12", None, True)), max_size=12),
    percent=percents,
    is_bottom=st.booleans(),
)
@example(values=[1, 2, 3], percent=100 / 3, is_bottom=False)
def test_shares_by_a_trait_are_the_same_everywhere(
    engine: DuckDBEngine,
    tmp_path_factory: pytest.TempPathFactory,
    values: list[Any],
    percent: float,
    is_bottom: bool,
) -> None:
    folder = tmp_path_factory.mktemp("lake")
    agreed(engine, folder, world_of(*values), f.TopShare("trait:score", percent, is_bottom), START)


@SOME
@given(data=st.data())
def test_shares_by_a_computed_trait_are_the_same_everywhere(
    engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    world = data.draw(worlds())
    measure: Measure = data.draw(st.sampled_from(("count", "sum", "average", "min", "max", "distinct", "days_since")))
    prop = "" if measure in ("count", "days_since") else "total"
    window = f.EVER if measure == "days_since" else data.draw(windows)
    asked = Computed(data.draw(matches), measure, prop, "number", window)
    share = f.TopShare("computed:figure", data.draw(percents), data.draw(st.booleans()))
    world = replace(world, computed={"figure": asked}, audiences={})
    agreed(engine, tmp_path_factory.mktemp("lake"), world, share, data.draw(moments(world)))


@pytest.mark.parametrize("is_bottom", [False, True])
@pytest.mark.parametrize("measure", ["count", "distinct", "sum"])
def test_who_did_nothing_is_in_no_share(
    engine: DuckDBEngine, tmp_path: Path, measure: Measure, is_bottom: bool
) -> None:
    """One of ten bought: the best tenth of who bought is that one, and not everybody because the tenth of ten has 0."""
    people = [Somebody(i, {}, NOBODY, {}) for i in range(1, 11)]
    events = [Event(n, 3, 30, START, "Bought", properties={"total": 5}) for n in range(4)]
    asked = Computed(f.EventMatch("Bought"), measure, "" if measure == "count" else "total")
    world = replace(World(people, events), computed={"figure": asked})
    for i, percent in enumerate((1.0, 10.0, 50.0, 100.0)):
        share = f.TopShare("computed:figure", percent, is_bottom)
        assert agreed(engine, tmp_path / str(i), world, share, START) == {3}


def test_an_average_or_trait_of_zero_is_a_value(engine: DuckDBEngine, tmp_path: Path) -> None:
    assert agreed(engine, tmp_path, world_of(0, 0, 5, None), f.TopShare("trait:score", 100), START) == {1, 2, 3}
