"""Levels of funnels are those of ClickHouse's `windowFunnel`, on the same files."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onefold.lake.kernels.api import Condition, Funnel, funnel
from tests.lake.kernel_world import SECOND, STARTS, Event, World, snapshot_of

STEPS = ("A", "B", "A", "C")
QUERY = """
select level, count() from (
    select profile_id,
           windowFunnel({window})(toUInt64(toUnixTimestamp64Micro(ts)), name = 'A', name = 'B', name = 'A', name = 'C')
               as level
    from file('{folder}/*.parquet', Parquet, 'profile_id Int64, ts DateTime64(6), name Nullable(String)')
    group by profile_id)
where level > 0 group by level order by level
"""


@pytest.mark.parametrize("window", [0, 3 * SECOND, 20 * SECOND, 10**12])
def test_levels_are_those_of_clickhouse(tmp_path: Path, window: int) -> None:
    r = np.random.default_rng(window % 97)
    names = np.array(["A", "B", "C", "D"])[r.integers(0, 4, 4_000)]
    drawn = zip(names, r.integers(-150, 150, 4_000), r.integers(0, 200, 4_000), strict=True)
    events = tuple(
        Event(
            profile=int(profile), ts=STARTS[1] + int(after) * SECOND, name=str(name), is_big=None,
            fragment=int(profile), place=i % 3, is_gone=False, position=i,
        )
        for i, (name, after, profile) in enumerate(drawn)
    )  # fmt: skip
    snapshot, _ = snapshot_of(World(events), tmp_path)
    steps = tuple(Condition(names=frozenset({name})) for name in STEPS)
    ours = [step.profiles for step in funnel(snapshot, Funnel(steps=steps, window_us=window)).steps]
    chdb: Any = import_module("chdb")  # it has neither types nor stubs
    answer = str(chdb.query(QUERY.format(window=window, folder=tmp_path), "CSV"))
    levels = {int(level): int(profiles) for level, profiles in (line.split(",") for line in answer.split())}
    assert ours == [sum(n for level, n in levels.items() if level > step) for step in range(len(STEPS))]
    assert ours[0] > 0
