"""What a filter may be, and what is said of one that is none."""

import json
from typing import Any

import pytest

from onefold.filters.api import (
    MAX_CONDITIONS,
    AllOf,
    AnyOf,
    FilterRejected,
    Node,
    OneOf,
    Present,
    from_json,
    in_all,
    to_json,
)


def tree_of(where: Any, version: int = 1) -> Node:
    return from_json(json.dumps({"v": version, "where": where}))


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "present", "field": "name"}
    for _ in range(depth):
        inner = {"type": "any", "of": [inner]}
    return inner


def test_a_filter_as_it_is_sent() -> None:
    tree = AllOf((OneOf("trait:plan", "is", ("pro",)), AnyOf((Present("email"), Present("phone", False)))))
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
        (nested(5), "deeper"),
        (nested(300), "deeper"),
        ({"type": "all", "of": [{"type": "present", "field": "a"}] * (MAX_CONDITIONS + 1)}, "51 conditions"),
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


def test_a_tree_to_which_conditions_can_be_added() -> None:
    leaf = Present("name")
    assert in_all(None) == AllOf()
    assert in_all(leaf) == AllOf((leaf,))
    assert in_all(AllOf((leaf,))) == AllOf((leaf,))
