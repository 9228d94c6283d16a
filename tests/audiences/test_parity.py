"""The stream's evaluator, the engine's SQL and the plain reference agree about every rule, history and moment."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onefold.audiences.asked import company_rule
from onefold.audiences.folding import State
from onefold.audiences.rules import check_rule
from onefold.filters import api as f
from onefold.lake.engines.duckdb import DuckDBEngine
from tests.audiences.asking import (
    companies_by,
    decoded,
    evaluator_of,
    found_in,
    members_by,
    person_of,
    scope_of,
    snapshot,
    us,
)
from tests.audiences.drawing import (
    START,
    company_rules,
    computed_leaves,
    dids,
    moments,
    person_leaves,
    rules,
    sequences,
    worlds,
)
from tests.audiences.oracle import Event, Somebody, World, company_holds, members

NONE: Final[Mapping[str, float | None]] = MappingProxyType({})
SOME = settings(
    max_examples=int(os.environ.get("TWIN_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def streamed(world: World, rule: Any, now: Any, thresholds: Mapping[str, float | None] = NONE) -> set[int]:
    """Events folded one by one, those until now."""
    evaluator = evaluator_of(world, {1: rule}, thresholds)
    inside = set()
    for one in world.people:
        states: dict[int, State] = {}
        for event in world.events:
            if event.profile == one.id and event.ts <= now:
                evaluator.folder.fold(states.setdefault(event.fragment, {}), decoded(event))
        if found_in(evaluator, {1: rule}, person_of(world, one, list(states.values())), now):
            inside.add(one.id)
    return inside


def test_integers_beyond_all_doubles_mean_the_same_in_the_stream_and_in_bulk(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    now = START + timedelta(hours=1)
    events = [Event(n, 1, 1, START, "Bought", "track", {"total": total}) for n, total in enumerate((int("9" * 400), 3))]
    columns = {"name": "", "email": "", "phone": "", "first_seen": START, "last_seen": START, "known": True}
    world = World([Somebody(1, {}, columns, {})], events)
    bought, dear = f.EventMatch("Bought"), f.EventMatch("Bought", where=f.Number("total", "ge", 5))
    rules = [f.Did(dear, op="ge", value=1), f.Did(bought, "distinct", "total", "number", op="ge", value=2)]
    rules += [
        f.Did(bought, measure, "total", "number", op=op, value=value)
        for measure in ("sum", "average", "min", "max")
        for op in ("ge", "lt")
        for value in (3, 4)
    ]
    lake = snapshot(tmp_path, world, is_hot=True)
    assert streamed(world, rules[0], now) == {1}
    for rule in rules:
        assert streamed(world, rule, now) == members_by(engine, lake, world, rule, now, {}), rule


@SOME
@given(data=st.data())
def test_each_condition_alone_means_the_same_everywhere(
    engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    world = data.draw(worlds())
    leaves = (person_leaves, dids, sequences(), computed_leaves(world, [f"computed:{name}" for name in world.computed]))
    rule = data.draw(st.one_of(*leaves))
    now = data.draw(moments(world))
    expected = members(world, rule, now)
    assert streamed(world, rule, now) == expected
    folder = tmp_path_factory.mktemp("lake")
    assert members_by(engine, snapshot(Path(folder), world, is_hot=True), world, rule, now, {}) == expected


@SOME
@given(data=st.data())
def test_stream_and_engine_say_what_the_reference_says(
    engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    world = data.draw(worlds())
    rule = data.draw(rules(world))
    check_rule(rule, scope_of(world))
    now = data.draw(moments(world))
    expected = members(world, rule, now)
    assert streamed(world, rule, now) == expected
    folder = tmp_path_factory.mktemp("lake")
    assert members_by(engine, snapshot(Path(folder), world, is_hot=True), world, rule, now, {}) == expected


@SOME
@given(data=st.data())
def test_rules_of_companies_mean_the_same_everywhere(
    engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    world = data.draw(worlds())
    rule = data.draw(company_rules)
    check_rule(rule, scope_of(world), is_of_companies=True)
    now = data.draw(moments(world))
    there = [one for one in world.people if one.company]
    expected = {one.company_id for one in there if company_holds(world, one, rule, now)}
    asked = company_rule(rule, scope_of(world).company_rule_of)
    assert {one.company_id for one in there if asked(person_of(world, one, []), us(now))[0]} == expected
    folder = tmp_path_factory.mktemp("lake")
    assert companies_by(engine, snapshot(Path(folder), world, is_hot=True), world, rule, now) == expected
