"""Trees from JSON and to it, and what bounds them. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from onefold.filters.tree import (
    MAX_NUMBER,
    AtCompany,
    Behaviour,
    Condition,
    Days,
    Did,
    EventMatch,
    FilterRejected,
    Group,
    Node,
    RelatedTo,
    Sequence,
)

VERSION: Final = 1
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How large a tree may be. `depth`: groups within groups, the outermost counted."""

    depth: int
    conditions: int
    values: int
    bytes: int


IN_AN_ADDRESS: Final = Bounds(depth=4, conditions=50, values=100, bytes=20_000)
"""Of lists, which keep their filter in their address."""


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is stored and sent: the tree and the version of its language."""

    where: Node
    v: Literal[1] = VERSION


_decoder = msgspec.json.Decoder(Filter)


def from_json(text: str | bytes, bounds: Bounds = IN_AN_ADDRESS) -> Node:
    """The tree of `{"v": 1, "where": …}`. Raises FilterRejected, which says where it is wrong."""
    if len(text) > bounds.bytes:
        raise FilterRejected(f"The filter is longer than {bounds.bytes:,} characters. Use fewer conditions.")
    try:
        tree = _decoder.decode(text).where
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise FilterRejected(f"The filter can't be read: {fault}. docs/reference/filters.md shows how.") from fault
    check(tree, bounds)
    return tree


def to_json(tree: Node) -> str:
    """What `from_json` reads; equal trees give equal text."""
    return msgspec.json.encode(Filter(tree), order="sorted").decode()


def check(tree: Node, bounds: Bounds = IN_AN_ADDRESS) -> None:
    """Raise FilterRejected when a tree is too deep, too large, or asks for what no stored value can be."""
    for text in _texts_in(msgspec.to_builtins(tree)):
        _check_value(text, "The filter")
    leaves = list(leaves_of(tree, bounds))
    if len(leaves) > bounds.conditions:
        raise FilterRejected(f"The filter has {len(leaves)} conditions; {bounds.conditions} are allowed.")
    for at, one in leaves:
        for value in msgspec.structs.astuple(one):
            parts = value if isinstance(value, tuple) else (value,)
            if len(parts) > bounds.values:
                raise FilterRejected(f"{at} has {len(parts):,} values; {bounds.values:,} are allowed.")
            for part in parts:
                _check_value(part, at)
        if isinstance(one, Days) and (one.last is None) is (one.op == "between"):
            raise FilterRejected(f"{at}: `between` needs `first` and `last`; `before` and `after` take `first` alone.")


def leaves_of(
    node: Node, bounds: Bounds = IN_AN_ADDRESS, at: str = "where", depth: int = 1
) -> Iterator[tuple[str, Condition | Behaviour]]:
    """Every leaf with its place, those about properties and companies too. Raises FilterRejected."""
    if depth > bounds.depth + 1:
        raise FilterRejected(f"{at}: groups are nested deeper than {bounds.depth}.")
    if isinstance(node, Group):
        if depth > bounds.depth:
            raise FilterRejected(f"{at}: groups are nested deeper than {bounds.depth}.")
        for i, one in enumerate(node.of):
            yield from leaves_of(one, bounds, f"{at}.of[{i}]", depth + 1)
        return
    yield at, node
    if isinstance(node, AtCompany | RelatedTo):
        yield from leaves_of(node.where, bounds, f"{at}.where", depth + 1)
    for place, event in events_in(node, at):
        if event.where is not None:
            yield from leaves_of(event.where, bounds, f"{place}.where", depth + 1)


def events_in(leaf: Condition | Behaviour, at: str) -> Iterator[tuple[str, EventMatch]]:
    """The events that a leaf asks about, with their places."""
    if isinstance(leaf, Did):
        yield f"{at}.event", leaf.event
    if isinstance(leaf, Sequence):
        for i, step in enumerate(leaf.steps):
            yield f"{at}.steps[{i}].event", step.event
            if step.without is not None:
                yield f"{at}.steps[{i}].without", step.without
        if leaf.then_not is not None:
            yield f"{at}.then_not.event", leaf.then_not.event


def _texts_in(found: Any) -> Iterator[str]:  # noqa: ANN401  (JSON)
    """Every text in it, wherever it stands."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict | list | tuple):
        for one in found.values() if isinstance(found, dict) else found:
            yield from _texts_in(one)


def _check_value(value: Any, at: str) -> None:  # noqa: ANN401  (a field of a leaf)
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise FilterRejected(f"{at} holds a character that no stored text has (NUL, or half of a pair).")
    if isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise FilterRejected(f"{at} holds a number beyond 10³⁰.")
