"""The tree of conditions: groups of AND and OR, and one type of leaf for each question. Pure."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec

from onefold.kernel.errors import Rejected

VERSION: Final = 1
MAX_DEPTH: Final = 4  # groups within groups, the outermost counted
MAX_CONDITIONS: Final = 50
MAX_VALUES: Final = 100
MAX_TEXT: Final = 500
MAX_BYTES: Final = 20_000
MAX_DAYS: Final = 36_500
MAX_NUMBER: Final = 10**30
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")

Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
Texts = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=MAX_VALUES)]
Numeral = int | float


class FilterRejected(Rejected):
    """The filter can't be read."""

    code = "filter_invalid"


class _Leaf(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    field: Name


class OneOf(_Leaf, frozen=True, tag="text"):
    """`is`, `is_not`: the text equals one of `values`, letter by letter. What is no text equals none."""

    op: Literal["is", "is_not"]
    values: Texts


class Contains(_Leaf, frozen=True, tag="part"):
    """`contains`, `contains_not`, `starts`: whatever the letters' case. What is no text contains nothing."""

    op: Literal["contains", "contains_not", "starts"]
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]


class Number(_Leaf, frozen=True, tag="number"):
    """The number compared with one. What is no number is unlike every number, and neither smaller nor greater."""

    op: Literal["eq", "ne", "lt", "le", "gt", "ge"]
    value: Numeral


class Between(_Leaf, frozen=True, tag="range"):
    """A number from `low` to `high`, both included."""

    low: Numeral
    high: Numeral


class Days(_Leaf, frozen=True, tag="date"):
    """`before` a day, `after` it, or from `first` to `last` (`between`); days of UTC. Text that is no date never is."""

    op: Literal["before", "after", "between"]
    first: date
    last: date | None = None


class Recent(_Leaf, frozen=True, tag="recent"):
    """`within` the last N days up to now; `longer_ago` than that. Text that is no date is neither."""

    op: Literal["within", "longer_ago"]
    days: Annotated[int, msgspec.Meta(ge=1, le=MAX_DAYS)]


class Flag(_Leaf, frozen=True, tag="flag"):
    """Is true, or is false. What is no truth value is neither."""

    value: bool


class Has(_Leaf, frozen=True, tag="list"):
    """`has`, `has_not`: the list holds one of `values`. What is no list holds nothing."""

    op: Literal["has", "has_not"]
    values: Annotated[tuple[Text | Numeral, ...], msgspec.Meta(min_length=1, max_length=MAX_VALUES)]


class Present(_Leaf, frozen=True, tag="present"):
    """There is a value: neither missing, nor null, nor empty text; `value` false asks for the contrary."""

    value: bool = True


class AnyOf(msgspec.Struct, frozen=True, tag="any", tag_field="type", forbid_unknown_fields=True):
    """At least one of them (none of none)."""

    of: tuple["Node", ...]


class AllOf(msgspec.Struct, frozen=True, tag="all", tag_field="type", forbid_unknown_fields=True):
    """Every one of them. Without any, everything matches."""

    of: tuple["Node", ...] = ()


Condition = OneOf | Contains | Number | Between | Days | Recent | Flag | Has | Present
Node = OneOf | Contains | Number | Between | Days | Recent | Flag | Has | Present | AnyOf | AllOf


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is stored and sent: the tree and the version of its language."""

    where: Node
    v: Literal[1] = VERSION


_decoder = msgspec.json.Decoder(Filter)


def from_json(text: str | bytes) -> Node:
    """The tree of `{"v": 1, "where": …}`. Raises FilterRejected, which says where it is wrong."""
    if len(text) > MAX_BYTES:
        raise FilterRejected(f"The filter is longer than {MAX_BYTES:,} characters. Use fewer conditions.")
    try:
        tree = _decoder.decode(text).where
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise FilterRejected(f"The filter can't be read: {fault}. docs/reference/filters.md shows how.") from fault
    check(tree)
    return tree


def to_json(tree: Node) -> str:
    """What `from_json` reads; equal trees give equal text."""
    return msgspec.json.encode(Filter(tree), order="sorted").decode()


def check(tree: Node) -> None:
    """Raise FilterRejected when a tree is too deep, too large, or asks for what no stored value can be."""
    conditions = list(_conditions(tree, 1))
    if len(conditions) > MAX_CONDITIONS:
        raise FilterRejected(f"The filter has {len(conditions)} conditions; {MAX_CONDITIONS} are allowed.")
    for one in conditions:
        for value in msgspec.structs.astuple(one):
            for part in value if isinstance(value, tuple) else (value,):
                _check_value(part)
        if isinstance(one, Days) and (one.last is None) is (one.op == "between"):
            raise FilterRejected("`between` needs `first` and `last`; `before` and `after` take `first` alone.")


def in_all(tree: Node | None) -> AllOf:
    """The same as a group of AND, which more can be added to."""
    if tree is None:
        return AllOf()
    return tree if isinstance(tree, AllOf) else AllOf((tree,))


def _conditions(node: Node, depth: int) -> Iterator[Condition]:
    if not isinstance(node, AnyOf | AllOf):
        yield node
        return
    if depth > MAX_DEPTH:
        raise FilterRejected(f"Groups are nested deeper than {MAX_DEPTH}.")
    for one in node.of:
        yield from _conditions(one, depth + 1)


def _check_value(value: Any) -> None:  # noqa: ANN401  (a field of a leaf)
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise FilterRejected("The filter holds a character that no stored text has (NUL, or half of a pair).")
    if isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise FilterRejected("The filter holds a number beyond 10³⁰.")
