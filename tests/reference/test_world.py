"""A difference between worlds is told in words; equal worlds say nothing."""

from dataclasses import replace

from .oracle import expected
from .story import config, ident, says, seen
from .world import World, diff


def test_equal_worlds_do_not_differ_whatever_the_order_of_their_parts() -> None:
    events = [says(1, "user_id=1", {"x": {"a": 1, "b": 2}}), seen(2, "user_id=2", "email=a")]
    again = [says(1, "user_id=1", {"x": {"b": 2, "a": 1}}), events[1]]
    assert diff(expected(events, config()), expected(again[::-1], config())) == []


def test_differences_name_identifier_field_and_both_values() -> None:
    lines = diff(_world(seen_at=1), _world(seen_at=2))
    assert "nodes user_id=1: rcv expected 1000000, is 2000000" in lines
    assert "edges (user_id=1, email=a): first expected 1000000, is 2000000" in lines


def test_missing_and_surplus_parts_are_told() -> None:
    world = _world()
    empty: World = expected([], config())
    assert any(line.startswith("profiles user_id=1: missing, expected ") for line in diff(world, empty))
    assert any(line.startswith("profiles user_id=1: not expected, is ") for line in diff(empty, world))
    assert any("expected to be accepted, is not" in line for line in diff(world, empty))
    assert any("accepted, not expected to be" in line for line in diff(empty, world))


def test_values_differ_by_type_too() -> None:
    worlds = [expected([says(1, "user_id=1", {"x": value})], config()) for value in (1, 1.0, True, "1", [1])]
    for i, left in enumerate(worlds):
        assert [diff(left, right) == [] for right in worlds] == [i == j for j in range(len(worlds))]


def test_only_what_differs_is_told() -> None:
    world = _world()
    h = ident("email=a").h
    nodes = {**world.nodes, h: replace(world.nodes[h], is_shared=True)}
    assert diff(world, replace(world, nodes=nodes)) == ["nodes email=a: is_shared expected False, is True"]


def _world(seen_at: int = 1) -> World:
    return expected([seen(seen_at, "user_id=1", "email=a", message="m")], config())
