"""docs/reference/filters.md tells every condition, operator and bound."""

import re
from pathlib import Path
from typing import Final, get_args, get_type_hints

import msgspec

from onefold.filters import tree
from onefold.filters.api import AllOf, AnyOf, from_json

PAGE: Final = (Path(__file__).parents[2] / "docs" / "reference" / "filters.md").read_text("utf-8")


def test_every_condition_and_operator_has_its_line() -> None:
    for kind in get_args(tree.Condition):
        name = kind.__struct_config__.tag
        (row,) = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)
        operators = get_args(get_type_hints(kind).get("op"))
        said = [*operators, *(one for one in kind.__struct_fields__ if one not in ("field", "op"))]
        assert [one for one in said if f"`{one}`" not in row] == []
    for group in (AllOf, AnyOf):
        assert f"`{group.__struct_config__.tag}`" in PAGE


def test_the_example_is_a_filter() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert isinstance(from_json(example), AllOf)
    assert msgspec.json.decode(example)["v"] == tree.VERSION


def test_the_bounds_are_those_of_the_code() -> None:
    bounds = (
        f"{tree.MAX_CONDITIONS} conditions, groups within groups {tree.MAX_DEPTH} deep, {tree.MAX_VALUES} values",
        f"{tree.MAX_TEXT} characters",
        f"{tree.MAX_BYTES:,} characters altogether",
    )
    assert [bound for bound in bounds if bound not in PAGE] == []
