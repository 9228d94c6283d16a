"""What a filter may be, and what is said of one that is none."""

import json
from typing import Any, Final

import pytest

from onefold.filters.api import (
    IN_AN_ADDRESS,
    AllOf,
    AnyOf,
    Bounds,
    FilterRejected,
    Node,
    NoneOf,
    OneOf,
    Present,
    Recent,
    events_in,
    from_json,
    in_all,
    leaves_of,
    to_json,
)


def tree_of(where: Any, version: int = 1) -> Node:
    return from_json(json.dumps({"v": version, "where": where}))


PRESENT: Final = {"type": "present", "field": "name"}


def nested(depth: int, group: str = "any", inner: dict[str, Any] = PRESENT) -> dict[str, Any]:
    for _ in range(depth):
        inner = {"type": group, "of": [inner]}
    return inner


def did(name: str = "Order Completed", where: Any = None) -> dict[str, Any]:
    return {"type": "did", "event": {"name": name, "where": where}}


def texts(count: int) -> dict[str, Any]:
    return {"type": "text", "field": "name", "op": "is", "values": ["a"] * count}


def test_a_filter_as_it_is_sent() -> None:
    tree = AllOf(
        (
            OneOf("trait:plan", "is", ("pro",)),
            AnyOf((Present("email"), Present("phone", False))),
            NoneOf((Recent("trait:renewed", "ahead", 30), Present("company"))),
        )
    )
    assert from_json(to_json(tree)) == tree


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"type": "text", "field": "name", "op": "like", "values": ["a"]}, "Invalid enum value 'like'"),
        ({"type": "text", "field": "name", "op": "is", "values": []}, "length >= 1"),
        ({"type": "text", "field": "name", "op": "is", "values": ["\0"]}, "a character"),
        ({"type": "number", "field": "name", "op": "eq", "value": 10**31}, "beyond"),
        ({"type": "number", "field": "name", "op": "eq", "value": "1"}, "Expected `int | float`"),
        ({"type": "date", "field": "seen", "op": "between", "first": "2026-01-01"}, "between"),
        ({"type": "date", "field": "seen", "op": "before", "first": "yesterday"}, "Invalid"),
        ({"type": "secret", "field": "name"}, "secret"),
        ({"type": "present", "field": "name", "drop": 1}, "unknown field"),
        ({"type": "recent", "field": "seen", "op": "soon", "days": 3}, "Invalid enum value 'soon'"),
        ({"type": "recent", "field": "seen", "op": "ahead", "days": 0}, ">= 1"),
        ({"type": "none"}, "missing required field `of`"),
        ({"type": "none", "of": [PRESENT, {"type": "present"}]}, r"`\$\.where\.of\[1\]`"),
        (texts(IN_AN_ADDRESS.values + 1), "101 values; 100 are allowed"),
        ({"type": "regex", "field": "name", "pattern": "a" * 201}, "length <= 200"),
        ({"type": "top", "field": "trait:a", "percent": 0}, "> 0"),
        (did("\0"), r"The filter holds a character"),
        (did(where={**texts(1), "values": ["\0"]}), r"The filter holds a character"),
        (did(where={"type": "date", "field": "on", "op": "between", "first": "2026-01-01"}), "`first` and `last`"),
        ({"type": "company", "where": texts(101)}, r"where\.where has 101 values"),
        ({"type": "all", "of": [did(where=PRESENT)] * 26}, "52 conditions"),
        ({"type": "sequence", "steps": []}, "length >= 1"),
        (nested(5), "deeper"),
        (nested(5, "none"), "deeper"),
        (nested(4, inner=did(where=nested(1))), "deeper"),
        (nested(300), "deeper"),
        ({"type": "all", "of": [PRESENT] * (IN_AN_ADDRESS.conditions + 1)}, "51 conditions"),
    ],
)
def test_what_is_wrong_is_said(where: Any, said: str) -> None:
    with pytest.raises(FilterRejected, match=said):
        tree_of(where)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"v":2,"where":{"type":"all"}}', "\ud800", "[" * 10_000])
def test_what_is_no_filter_at_all(text: str) -> None:
    with pytest.raises(FilterRejected):
        from_json(text)


def test_the_deepest_that_is_allowed() -> None:
    assert isinstance(tree_of(nested(4)), AnyOf)
    assert isinstance(tree_of(nested(4, "none")), NoneOf)


def test_whoever_keeps_filters_elsewhere_allows_more() -> None:
    text = json.dumps({"v": 1, "where": {"type": "all", "of": [nested(5), texts(101)] * 30}})
    with pytest.raises(FilterRejected):
        from_json(text)
    assert isinstance(from_json(text, Bounds(depth=6, conditions=60, values=101, bytes=len(text))), AllOf)
    for less in ({"depth": 5}, {"conditions": 59}, {"values": 100}, {"bytes": len(text) - 1}):
        with pytest.raises(FilterRejected):
            from_json(text, Bounds(**{"depth": 6, "conditions": 60, "values": 101, "bytes": len(text), **less}))


def test_leaves_and_their_events_are_told_with_their_places() -> None:
    step = {"event": {"name": "a"}, "without": {"name": "b", "where": PRESENT}}
    last = {"event": {"name": "c"}, "within": {"n": 1}}
    tree = tree_of({"type": "none", "of": [PRESENT, {"type": "sequence", "steps": [step], "then_not": last}]})
    found = list(leaves_of(tree))
    assert [at for at, _ in found] == ["where.of[0]", "where.of[1]", "where.of[1].steps[0].without.where"]
    assert [(at, event.name) for at, event in events_in(found[1][1], "it")] == [
        ("it.steps[0].event", "a"), ("it.steps[0].without", "b"), ("it.then_not.event", "c"),
    ]  # fmt: skip


def test_a_tree_to_which_conditions_can_be_added() -> None:
    leaf = Present("name")
    assert in_all(None) == AllOf()
    assert in_all(leaf) == AllOf((leaf,))
    assert in_all(AllOf((leaf,))) == AllOf((leaf,))
    assert in_all(NoneOf((leaf,))) == AllOf((NoneOf((leaf,)),))
