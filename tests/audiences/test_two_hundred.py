"""The stream, DuckDB and the plain reference agree about 200 rules over a fixed world; Spark: `test_spark.py`."""

from datetime import datetime

import pytest

from onefold.audiences.folding import State
from onefold.audiences.rules import BOUNDS, check_rule, shares_in
from onefold.filters.api import from_json, to_json
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.snapshot import Snapshot
from tests.audiences.asking import decoded, evaluator_of, found_in, key, memberships_by, person_of, scope_of
from tests.audiences.asking import members_by as members_by_engine
from tests.audiences.oracle import World, members, threshold
from tests.audiences.rich_world import MOMENTS, rich_snapshot, rich_world
from tests.audiences.two_hundred import RULES


@pytest.fixture(scope="module")
def world() -> World:
    return rich_world()


@pytest.fixture(scope="module")
def lake(world: World, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return rich_snapshot(tmp_path_factory.mktemp("lake [of] {odd}"), world)


def test_there_are_two_hundred_rules_that_can_be_kept(world: World) -> None:
    assert len(RULES) == 200
    for rule in RULES.values():
        check_rule(rule, scope_of(world))
        assert from_json(to_json(rule), BOUNDS) == rule


def test_most_rules_divide_people(world: World) -> None:
    divided = [name for name, rule in RULES.items() if 0 < len(members(world, rule, MOMENTS[0])) < len(world.people)]
    assert len(divided) > 180


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_duckdb_says_what_the_reference_says(now: datetime, engine: DuckDBEngine, world: World, lake: Snapshot) -> None:
    found = memberships_by(engine, lake, world, RULES, now)
    assert found == {name: members(world, rule, now) for name, rule in RULES.items()}


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_the_stream_says_what_the_reference_says(now: datetime, world: World) -> None:
    shares = {key(share): share for rule in RULES.values() for share in shares_in(rule, scope_of(world))}
    thresholds = {name: threshold(world, share, now) for name, share in shares.items()}
    names = dict(enumerate(RULES, 1))
    rules = {number: RULES[name] for number, name in names.items()}
    evaluator = evaluator_of(world, rules, thresholds)
    found: dict[str, set[int]] = {name: set() for name in RULES}
    for one in world.people:
        states: dict[int, State] = {}
        for event in world.events:
            if event.profile == one.id and event.ts <= now:
                evaluator.folder.fold(states.setdefault(event.fragment, {}), decoded(event))
        for number in found_in(evaluator, rules, person_of(world, one, list(states.values())), now):
            found[names[number]].add(one.id)
    assert found == {name: members(world, rule, now) for name, rule in RULES.items()}


@pytest.mark.parametrize("name", list(RULES)[::20])
def test_a_rule_alone_is_what_it_is_among_others(name: str, engine: DuckDBEngine, world: World, lake: Snapshot) -> None:
    alone = members_by_engine(engine, lake, world, RULES[name], MOMENTS[1], {})
    assert alone == members(world, RULES[name], MOMENTS[1])
