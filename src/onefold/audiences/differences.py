"""A rule as an indented list of lines, and what one version says otherwise than another. Pure.

In English, as `words.py` is, and for the same reason.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

from onefold.audiences.words import NAMELESS, Names, words_of
from onefold.filters.api import AllOf, AnyOf, Group, Node, NoneOf

HEADS: Final[dict[type[Group], str]] = {
    AllOf: "All of these hold", AnyOf: "At least one of these holds", NoneOf: "None of these holds",
}  # fmt: skip
EVERYBODY: Final = "Everybody"
_CONTEXT: Final = 2
"""Lines that stay, shown around those that change."""


class Line(NamedTuple):
    """A line of a rule. `depth`: how far it is indented."""

    depth: int
    text: str


class Said(NamedTuple):
    """A line of a comparison. `mark`: only the newer has it, only the older, both; or lines that both have are left
    out."""

    mark: Literal["added", "gone", "same", "cut"]
    depth: int
    text: str


def outline(rule: Node, purpose: str, names: Names = NAMELESS) -> list[Line]:
    """One line a group and a condition; first what it is for. Groups of one, and those that ask nothing, are left
    out."""
    lines = list(_lines(rule, 0, names)) or [Line(0, EVERYBODY)]
    return [*([Line(0, f"For {names.purposes.get(purpose, purpose)}")] if purpose else []), *lines]


def compared(before: list[Line], after: list[Line]) -> list[Said]:
    """What is gone and what is new, with a little of what stays around it; empty when nothing changed."""
    said: list[Said] = []
    groups = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_CONTEXT)
    for i, group in enumerate(groups):
        if i or group[0][1] > 0:
            said.append(Said("cut", 0, ""))
        for tag, begin, end, new_begin, new_end in group:
            if tag == "equal":
                said += [Said("same", *line) for line in before[begin:end]]
            else:
                said += [Said("gone", *line) for line in before[begin:end]]
                said += [Said("added", *line) for line in after[new_begin:new_end]]
    return said


def _lines(node: Node, depth: int, names: Names) -> Iterator[Line]:
    if isinstance(node, Group):
        if not node.of and not isinstance(node, AnyOf):
            return  # everybody meets it
        if len(node.of) == 1 and not isinstance(node, NoneOf):
            yield from _lines(node.of[0], depth, names)
            return
        yield Line(depth, f"{HEADS[type(node)]}:" if node.of else "Nobody")
        for one in node.of:
            yield from _lines(one, depth + 1, names)
    else:
        yield Line(depth, words_of(node, names))
