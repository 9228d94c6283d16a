"""Kernels answer what plain Python answers, whatever the files look like."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from onefold.lake.kernels.api import (
    Condition,
    Funnel,
    Paths,
    Sequence,
    SequenceStep,
    Sessions,
    funnel,
    paths,
    sequence,
    sessions,
)
from onefold.lake.snapshot import Snapshot
from tests.lake import kernel_reference as reference
from tests.lake.kernel_world import SECOND, STARTS, Event, World, snapshot_of, worlds

IS_BIG = Condition(where=lambda table: table["p_big"], columns=("p_big",))
CONDITIONS: dict[str, tuple[Condition, reference.Meets]] = {
    "A": (Condition(names=frozenset({"A"})), lambda event: event.name == "A"),
    "B": (Condition(names=frozenset({"B"})), lambda event: event.name == "B"),
    "A or C": (Condition(names=frozenset({"A", "C"})), lambda event: event.name in ("A", "C")),
    "any": (Condition(), lambda _: True),
    "no name": (Condition(names=frozenset({""})), lambda event: not event.name),
    "big": (IS_BIG, lambda event: event.is_big is True),
    "big B": (
        Condition(names=frozenset({"B"}), where=lambda table: pc.equal(table["p_big"], True), columns=("p_big",)),
        lambda event: event.name == "B" and event.is_big is True,
    ),
}
conditions = st.sampled_from(sorted(CONDITIONS))
windows = st.integers(0, 6).map(lambda seconds: seconds * SECOND)
moments = st.none() | st.builds(
    lambda start, after: start + after * SECOND, st.sampled_from(STARTS), st.integers(-3, 3)
)


def asked(world: World, ask: Any) -> tuple[Any, int]:
    """What a kernel answers about a lake, and how many rows lie out of order."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot, violations = snapshot_of(world, Path(folder))
        return ask(snapshot), violations


def within(world: World, since: int | None, until: int | None) -> list[Event]:
    """Present events of the span."""
    return [
        event for event in world.present if (since is None or event.ts >= since) and (until is None or event.ts < until)
    ]


def instant(ts: int | None) -> Any:
    """As the API takes it."""
    return None if ts is None else pa.scalar(ts, pa.timestamp("us", "UTC")).as_py()


@settings(max_examples=60, deadline=None)
@given(world=worlds(), names=st.lists(conditions, min_size=1, max_size=4), window=windows, since=moments, until=moments)
def test_funnels(world: World, names: list[str], window: int, since: int | None, until: int | None) -> None:
    steps = tuple(CONDITIONS[name][0] for name in names)
    meets = [CONDITIONS[name][1] for name in names]
    ask = Funnel(steps=steps, window_us=window, since=instant(since), until=instant(until))
    result, violations = asked(world, lambda snapshot: funnel(snapshot, ask, with_levels=True))
    events = within(world, since, until)
    levels = reference.funnel_levels(events, meets, window)
    assert dict(zip(*result.levels.to_pydict().values(), strict=True)) == levels
    assert [step.profiles for step in result.steps] == [
        sum(level > step for level in levels.values()) for step in range(len(steps))
    ]
    for number, (step, took) in enumerate(
        zip(result.steps, reference.funnel_times(events, meets, window), strict=True), 1
    ):
        starts, previous = (sorted(times) for times in zip(*took, strict=True)) if took else ([], [])
        assert (step.median_from_start_us, step.fastest_us) == (_median(starts), min(starts, default=None))
        assert step.median_from_previous_us == _median(previous)
        assert sorted(result.reached(number).to_pylist()) == sorted(p for p, level in levels.items() if level >= number)
        assert sorted(result.dropped(number).to_pylist()) == sorted(p for p, level in levels.items() if level == number)
    assert _violations_hold(result.violations, violations, since, until)


def _median(values: list[int]) -> int | None:
    return values[(len(values) - 1) // 2] if values else None


def _violations_hold(found: int, planted: int, since: int | None, until: int | None) -> bool:
    """Files and row groups beyond the span aren't read."""
    return found == planted if since is None and until is None else found <= planted


@settings(max_examples=40, deadline=None)
@given(world=worlds(), names=st.lists(conditions, min_size=1, max_size=4), window=windows)
def test_funnels_in_any_order(world: World, names: list[str], window: int) -> None:
    ask = Funnel(steps=tuple(CONDITIONS[name][0] for name in names), window_us=window, is_ordered=False)
    result, _ = asked(world, lambda snapshot: funnel(snapshot, ask, with_levels=True))
    levels = reference.unordered_levels(world.present, [CONDITIONS[name][1] for name in names], window)
    assert dict(zip(*result.levels.to_pydict().values(), strict=True)) == levels


sequence_steps = st.tuples(conditions, st.none() | windows, st.none() | conditions)


@settings(max_examples=60, deadline=None)
@given(world=worlds(12), first=conditions, then=st.lists(sequence_steps, max_size=2), window=st.none() | windows)
def test_sequences(world: World, first: str, then: list[Any], window: int | None) -> None:
    named = [(first, None, None), *then]
    ask = Sequence(
        steps=tuple(
            SequenceStep(
                event=CONDITIONS[name][0], within_us=limit, without=None if not without else CONDITIONS[without][0]
            )
            for name, limit, without in named
        ),
        window_us=window,
    )
    steps = [
        reference.Step(CONDITIONS[name][1], limit, None if not without else CONDITIONS[without][1])
        for name, limit, without in named
    ]
    result, violations = asked(world, lambda snapshot: sequence(snapshot, ask))
    assert result.profile_ids.to_pylist() == sorted(reference.matching(world.present, steps, window))
    assert result.violations == violations


@settings(max_examples=40, deadline=None)
@given(world=worlds(), name=conditions, gap=windows)
def test_sessions(world: World, name: str, gap: int) -> None:
    condition, meets = CONDITIONS[name]

    def ask(snapshot: Snapshot) -> list[tuple[pa.Table, int]]:
        return list(sessions(snapshot, Sessions(gap_us=gap, events=condition)))

    tables, _ = asked(world, ask)
    rows = [row for table, _ in tables for row in table.cast(_in_numbers(table)).to_pylist()]
    expected = [
        {
            "profile_id": session[0].profile,
            "start": session[0].ts,
            "end": session[-1].ts,
            "n_events": len(session),
            "first_name": session[0].name or "",
            "last_name": session[-1].name or "",
        }
        for session in reference.sessions_of([event for event in world.present if meets(event)], gap)
    ]
    assert sorted(rows, key=lambda row: (row["profile_id"], row["start"])) == expected
    for table, _ in tables:
        assert table["profile_id"].to_pylist() == sorted(table["profile_id"].to_pylist())


def _in_numbers(table: pa.Table) -> pa.Schema:
    schema = table.schema
    for name in ("start", "end"):
        schema = schema.set(schema.get_field_index(name), pa.field(name, pa.int64()))
    return schema


@settings(max_examples=60, deadline=None)
@given(
    world=worlds(),
    anchors=st.none() | st.frozensets(st.sampled_from("ABC"), min_size=1, max_size=2),
    depth=st.integers(1, 4),
    gap=st.none() | windows,
    is_backward=st.booleans(),
)
def test_paths(world: World, anchors: frozenset[str] | None, depth: int, gap: int | None, is_backward: bool) -> None:
    ask = Paths(anchors=anchors, depth=depth, gap_us=gap, is_backward=is_backward)
    result, _ = asked(world, lambda snapshot: paths(snapshot, ask))
    rows = result.transitions.to_pylist()
    found = {(row["depth"], row["from_name"], row["to_name"]): row["sessions"] for row in rows}
    expected = reference.transitions(reference.sessions_of(world.present, gap), anchors, depth, is_backward=is_backward)
    assert Counter(found) == expected
    assert [(row["depth"], -row["sessions"]) for row in rows] == sorted((d, -n) for (d, _, _), n in expected.items())


def test_a_heavy_profile_whose_files_overlap_is_walked_in_order(tmp_path: Path) -> None:
    r = np.random.default_rng(3)
    events = tuple(
        Event(profile=16, ts=STARTS[0] + int(ts), name="AB"[i % 2], is_big=None, fragment=16, place=i % 3,
              is_gone=False, position=int(position))
        for i, (ts, position) in enumerate(zip(r.integers(0, 2_000, 5_000), r.permutation(5_000), strict=True))
    )  # fmt: skip
    snapshot, violations = snapshot_of(World(events), tmp_path)
    ((table, found),) = sessions(snapshot, Sessions(gap_us=2))
    assert found == violations == 0
    expected = reference.sessions_of(events, 2)
    assert table["n_events"].to_pylist() == [len(session) for session in expected]
    assert table["last_name"].to_pylist() == [session[-1].name for session in expected]
