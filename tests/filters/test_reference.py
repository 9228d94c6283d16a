"""docs/reference/filters.md tells every condition, operator and bound."""

import re
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import msgspec

from onefold.filters import reading, tree
from onefold.filters.api import IN_AN_ADDRESS, AllOf, Anniversary, Matches, from_json

PAGE: Final = (Path(__file__).parents[2] / "docs" / "reference" / "filters.md").read_text("utf-8")
OF_AUDIENCES: Final[frozenset[Any]] = frozenset({Matches, Anniversary})
"""Conditions about a field that lists refuse."""


def test_every_condition_and_operator_has_its_line() -> None:
    for kind in set(get_args(tree.Condition)) - OF_AUDIENCES:
        name = kind.__struct_config__.tag
        (row,) = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)
        operators = get_args(get_type_hints(kind).get("op"))
        said = [*operators, *(one for one in kind.__struct_fields__ if one not in ("field", "op"))]
        assert [one for one in said if f"`{one}`" not in row] == []
    for group in get_args(tree.Group):
        assert f"\n| `{group.__struct_config__.tag}` |" in PAGE


def test_what_only_audiences_ask_is_named() -> None:
    (paragraph,) = re.findall(r"^\*\*Audiences ask more\*\*.*$", PAGE, re.MULTILINE)
    asked = OF_AUDIENCES.union(get_args(tree.Behaviour)) - {tree.RelatedTo}
    assert {f"`{kind.__struct_config__.tag}`" for kind in asked} - set(re.findall("`[a-z_]+`", paragraph)) == set()


def test_what_only_lists_ask_is_named() -> None:
    assert "| `related` | `has`, `has_not`; `field`, `where` |" in PAGE


def test_the_example_is_a_filter() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert isinstance(from_json(example), AllOf)
    assert msgspec.json.decode(example)["v"] == reading.VERSION


def test_the_bounds_are_those_of_the_code() -> None:
    most = IN_AN_ADDRESS
    bounds = (
        f"{most.conditions} conditions, groups within groups {most.depth} deep, {most.values} values",
        f"{tree.MAX_TEXT} characters",
        f"{most.bytes:,} characters altogether",
    )
    assert [bound for bound in bounds if bound not in PAGE] == []
