"""How a walk reads a lake: what it refuses, what it mends, what it leaves unread."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
import numba
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onefold.kernel.errors import Broken, Rejected, Unavailable
from onefold.lake.kernels import compiling, merging, selecting
from onefold.lake.kernels.api import (
    Condition,
    Funnel,
    Paths,
    Sequence,
    SequenceStep,
    Sessions,
    Wanted,
    funnel,
    over_walks,
    paths,
    sequence,
    sessions,
)
from onefold.lake.kernels.coding import Bits, NameCodes
from onefold.lake.kernels.reading import steady
from onefold.lake.snapshot import Snapshot
from tests.lake.conftest import BUCKET
from tests.lake.kernel_world import HOT, SECOND, STARTS, Event, World, snapshot_of

HOUR: Final = 3600 * SECOND
ANY: Final = Bits((Condition(),))


def made(ts: int, profile: int = 1, place: int = 0, **more: Any) -> Event:
    """An event; positions grow with time unless given."""
    values: dict[str, Any] = {"name": "A", "is_big": None, "fragment": profile, "is_gone": False, "position": ts}
    return Event(profile=profile, ts=ts, place=place, **{**values, **more})


def walked(snapshot: Snapshot, **more: Any) -> list[tuple[list[int], ...]]:
    """Profiles, offsets and times of each part."""
    wanted = Wanted(coding=ANY, **more)
    columns = ("profiles", "offsets", "ts")
    return [part for part, _ in over_walks(snapshot, wanted, lambda w: tuple(getattr(w, c).tolist() for c in columns))]


def test_a_profile_is_in_one_part_and_in_order_of_time(tmp_path: Path) -> None:
    january, february = STARTS[0], STARTS[1]
    events = (
        made(february, 3), made(january, 3), made(january + 5, 19), made(january + 2, 3, HOT), made(january, 4),
    )  # fmt: skip
    snapshot, _ = snapshot_of(World(events), tmp_path)
    assert walked(snapshot) == [
        ([3, 19], [0, 3, 4], [january, january + 2, february, january + 5]),
        ([4], [0, 1], [january]),
    ]


def test_a_moved_profile_is_walked_once_with_all_its_rows(tmp_path: Path) -> None:
    begin = STARTS[0]
    events = (made(begin, 3), made(begin + 1, 4, fragment=99), made(begin + 2, 3, HOT), made(begin + 3, 5))
    snapshot, _ = snapshot_of(World(events, {99: 3}), tmp_path)
    assert walked(snapshot) == [([5], [0, 1], [begin + 3]), ([3], [0, 3], [begin, begin + 1, begin + 2])]


def test_more_files_than_can_be_merged_are_sorted(tmp_path: Path) -> None:
    events = tuple(made(STARTS[0] + i, place=0) for i in range(merging.MAX_RUNS + 3))
    snapshot, _ = snapshot_of(World(()), tmp_path)
    parts = [snapshot_of(World((event,)), _folder(tmp_path, i))[0].tables["events"] for i, event in enumerate(events)]
    table = replace(snapshot.tables["events"], files=tuple(file for part in reversed(parts) for file in part.files))
    snapshot = replace(snapshot, tables={"events": table})
    assert walked(snapshot) == [([1], [0, len(events)], [event.ts for event in events])]


def _folder(parent: Path, number: int) -> Path:
    folder = parent / f"{number:03}"
    folder.mkdir()
    return folder


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=200), st.booleans())
def test_a_profiles_rows_are_sorted_by_time_and_position(rows: list[tuple[int, int]], has_position: bool) -> None:
    table = np.array([(7, ts, 1 + position, position) for ts, position in rows], np.int64).reshape(-1, 4)
    if not has_position:
        table = np.ascontiguousarray(table[:, :3])
    walk = merging.Desk().walk_of(table, [0, *range(0, len(rows), 50), len(rows)], is_sorted=True)
    assert walk.ts.tolist() == sorted(ts for ts, _ in rows)
    assert sorted(zip(walk.ts.tolist(), (walk.code - 1).tolist(), strict=True)) == sorted(rows)
    if has_position:
        assert list(zip(walk.ts.tolist(), walk.position.tolist(), strict=True)) == sorted(rows)


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(-(2**63), 2**63 - 1)), st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_lookups(keys: set[int], others: list[int]) -> None:
    ordered = np.array(sorted(keys), np.int64)
    values = np.array([*keys, *others], np.int64)
    found = selecting.places_of(selecting.lookup_of(ordered), steady(values))
    assert found.tolist() == [sorted(keys).index(value) if value in keys else -1 for value in values.tolist()]


def test_a_file_that_is_gone_or_damaged_says_so(tmp_path: Path) -> None:
    snapshot, _ = snapshot_of(World((made(STARTS[0]),)), tmp_path)
    path = Path(snapshot.tables["events"].files[0].uri)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Broken, match="damaged"):
        walked(snapshot)
    path.unlink()
    with pytest.raises(Unavailable, match="can't be read"):
        walked(snapshot)


def test_a_row_without_profile_is_a_broken_promise(tmp_path: Path) -> None:
    snapshot, _ = snapshot_of(World((made(STARTS[0]),)), tmp_path)
    path = Path(snapshot.tables["events"].files[0].uri)
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, "profile_id", pa.nulls(1, pa.int64())), path)
    with pytest.raises(Broken, match="no profile"):
        walked(snapshot)


def test_months_out_of_the_span_are_not_opened(tmp_path: Path) -> None:
    snapshot, _ = snapshot_of(World((made(STARTS[0]), made(STARTS[1]))), tmp_path)
    (january,) = (file for file in snapshot.tables["events"].files if file.partition["month"] == "2025-01")
    Path(january.uri).unlink()
    assert walked(snapshot, span=(STARTS[1], STARTS[2])) == [([1], [0, 1], [STARTS[1]])]


def test_files_in_an_object_store_are_read_there(tmp_path: Path, object_store: dict[str, str]) -> None:
    snapshot, _ = snapshot_of(World((made(STARTS[0]),)), tmp_path)
    (file,) = snapshot.tables["events"].files
    address = f"{object_store['AWS_ENDPOINT_URL']}/{BUCKET}/kernels/one.parquet"
    httpx.put(address, content=Path(file.uri).read_bytes()).raise_for_status()

    def stored_as(name: str) -> Snapshot:
        table = replace(snapshot.tables["events"], files=(replace(file, uri=f"s3://{BUCKET}/kernels/{name}"),))
        return replace(snapshot, tables={"events": table}, storage_options=object_store)

    assert walked(stored_as("one.parquet")) == [([1], [0, 1], [STARTS[0]])]
    with pytest.raises(Unavailable, match="can't be read"):
        walked(stored_as("two.parquet"))


def test_an_error_of_a_where_reaches_the_caller(tmp_path: Path) -> None:
    snapshot, _ = snapshot_of(World((made(STARTS[0]),)), tmp_path)
    broken = Condition(where=lambda table: table["nothing"], columns=("name",))
    with pytest.raises(KeyError):
        funnel(snapshot, Funnel(steps=(broken,), window_us=1))


def test_what_cannot_be_asked_is_refused() -> None:
    step, named = Condition(), SequenceStep(event=Condition())
    for ask in (
        lambda: Funnel(steps=(), window_us=1),
        lambda: Funnel(steps=(step,) * 17, window_us=1),
        lambda: Funnel(steps=(step,), window_us=-1),
        lambda: Bits((Condition(names=frozenset()),)),
        lambda: Bits((step,) * 32),
        lambda: Sequence(steps=()),
        lambda: Sequence(steps=(replace(named, within_us=1),)),
        lambda: Sequence(steps=(named, replace(named, within_us=-1))),
        lambda: Sessions(gap_us=-1),
        lambda: Paths(depth=17),
        lambda: Paths(gap_us=-1),
    ):
        with pytest.raises(Rejected):
            ask()


def test_an_empty_lake_has_answers(tmp_path: Path) -> None:
    snapshot, _ = snapshot_of(World(()), tmp_path)
    step = Condition(names=frozenset({"A"}))
    result = funnel(snapshot, Funnel(steps=(step, step), window_us=1), with_levels=True)
    assert [one.profiles for one in result.steps] == [0, 0]
    assert result.reached(1).to_pylist() == []
    assert sequence(snapshot, Sequence(steps=(SequenceStep(event=step),))).profile_ids.to_pylist() == []
    assert list(sessions(snapshot, Sessions())) == []
    assert paths(snapshot, Paths()).transitions.num_rows == 0


def test_names_keep_their_numbers() -> None:
    coding = NameCodes()
    first = coding.of_names(pa.array(["b", "a", ""]))
    again = coding.of_names(pa.array(["c", "a", "b", ""]))
    assert coding.names.take(pa.array(first - 1)).to_pylist() == ["b", "a", ""]
    assert coding.names.take(pa.array(again - 1)).to_pylist() == ["c", "a", "b", ""]
    assert (again[1], again[2]) == (first[1], first[0])


def test_kernels_are_compiled_once(tmp_path: Path) -> None:
    """Whatever the rows come from: each set of types costs seconds."""
    positions = count(1)
    events = tuple(
        made(STARTS[month] + i, profile, place, position=next(positions), is_gone=i == 1)
        for month in range(2)
        for profile in (3, 19, 4)
        for place in range(HOT + 1)
        for i in range(3)
    )
    for world in (World(events, {4: 3}), World(events, {}, frozenset({0}))):
        snapshot, _ = snapshot_of(world, tmp_path)
        for by_position in (False, True):
            list(over_walks(snapshot, Wanted(coding=ANY, by_position=by_position), len))
            list(over_walks(snapshot, Wanted(coding=NameCodes(), by_position=by_position), len))
    kernels: list[Any] = [selecting.select, selecting.places_of, selecting.are_among, merging._merge]
    assert [len(kernel.signatures) for kernel in kernels] == [1, 1, 1, 1]


def test_an_installation_that_cannot_be_written_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numba.njit

    def without_cache(*given: Any, **options: Any) -> Any:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return real(*given, **options)

    monkeypatch.setattr(numba, "njit", without_cache)
    twice = compiling.compiled(lambda value: 2 * value)
    assert twice(21) == 42
