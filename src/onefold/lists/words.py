"""Conditions in words: what operators are called, and what stands on chips."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onefold.filters.api import (
    AllOf,
    AnyOf,
    Behaviour,
    Between,
    Condition,
    Contains,
    Days,
    Flag,
    Group,
    Has,
    Node,
    NoneOf,
    Number,
    OneOf,
    Present,
    Recent,
    RelatedTo,
)
from onefold.lists.fields import ListField, RelatedList
from onefold.lists.kinds import Text


class Operator(NamedTuple):
    """A choice of the form for one condition. `code`: type of the leaf, and its `op` where it has one."""

    code: str
    words: Text
    takes: str  # text, texts, number, numbers, day, days, count, nothing


OPERATORS: Final[dict[str, tuple[Operator, ...]]] = {
    "text": (
        Operator("text.is", gettext_lazy("is"), "texts"),
        Operator("text.is_not", gettext_lazy("is not"), "texts"),
        Operator("part.contains", gettext_lazy("contains"), "text"),
        Operator("part.contains_not", gettext_lazy("does not contain"), "text"),
        Operator("part.starts", gettext_lazy("starts with"), "text"),
    ),
    "number": (
        Operator("number.eq", "=", "number"),
        Operator("number.ne", "≠", "number"),
        Operator("number.gt", ">", "number"),
        Operator("number.ge", "≥", "number"),
        Operator("number.lt", "<", "number"),
        Operator("number.le", "≤", "number"),
        Operator("range", gettext_lazy("between"), "numbers"),
    ),
    "date": (
        Operator("recent.within", gettext_lazy("in the last days"), "count"),
        Operator("recent.longer_ago", gettext_lazy("longer ago than days"), "count"),
        Operator("recent.ahead", gettext_lazy("in the next days"), "count"),
        Operator("date.before", gettext_lazy("before"), "day"),
        Operator("date.after", gettext_lazy("after"), "day"),
        Operator("date.between", gettext_lazy("between days"), "days"),
    ),
    "flag": (
        Operator("flag.true", gettext_lazy("is true"), "nothing"),
        Operator("flag.false", gettext_lazy("is false"), "nothing"),
    ),
    "list": (
        Operator("list.has", gettext_lazy("has one of"), "texts"),
        Operator("list.has_not", gettext_lazy("has none of"), "texts"),
    ),
    "whole": (
        Operator("text.is", gettext_lazy("is"), "texts"),
        Operator("text.is_not", gettext_lazy("is not"), "texts"),
    ),
    "present": (
        Operator("present.true", gettext_lazy("has a value"), "nothing"),
        Operator("present.false", gettext_lazy("is empty"), "nothing"),
    ),
}
_GROUPS: Final[dict[type[Group], Text]] = {
    AllOf: gettext_lazy("all of"),
    AnyOf: gettext_lazy("any of"),
    NoneOf: gettext_lazy("none of"),
}
_RECENT: Final[dict[str, Text]] = {
    "within": gettext_lazy("in the last"),
    "longer_ago": gettext_lazy("longer ago than"),
    "ahead": gettext_lazy("in the next"),
}


_LEADS_ON: Final = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
"""Between what a field leads to and what of that is meant."""


class Said(NamedTuple):
    """A condition as its chip shows it."""

    field: str
    operator: str
    value: str


def operators_of(field: ListField) -> tuple[Operator, ...]:
    """What a field can be asked, the usual first."""
    return tuple(operator for kind in field.kinds for operator in OPERATORS[kind])


def said(node: Node, field_of: Callable[[str], ListField], relations: Sequence[RelatedList] = ()) -> Said:
    """A chip's words. A group is told by its size; what only audiences are asked by the name of its type."""
    if isinstance(node, RelatedTo):
        return _related(node, field_of, relations)
    if isinstance(node, Group):
        count = _size(node)
        return Said("", str(_GROUPS[type(node)]), ngettext("%(n)d condition", "%(n)d conditions", count) % {"n": count})
    if isinstance(node, Behaviour):
        return Said("", _type_of(node), "")
    field = field_of(node.field)
    code = code_of(node)
    known = (str(one.words) for many in OPERATORS.values() for one in many if one.code == code)
    words, value = next(known, code), ""
    match node:
        case OneOf() | Has():
            value = ", ".join(_labels(node.values, field))
        case Contains() | Number():
            value = str(node.value)
        case Between():
            value = _("%(low)s and %(high)s") % {"low": node.low, "high": node.high}
        case Days():
            value = f"{node.first}"
            if node.last is not None:
                words, value = _("between"), _("%(low)s and %(high)s") % {"low": node.first, "high": node.last}
        case Recent():
            value = ngettext("%(n)d day", "%(n)d days", node.days) % {"n": node.days}
            words = str(_RECENT[node.op])
    return Said(field.title, words, value)


def _related(node: RelatedTo, field_of: Callable[[str], ListField], relations: Sequence[RelatedList]) -> Said:
    """Of what is behind a relation each condition, joined by what they are grouped by."""
    found = next((one for one in relations if one.name == node.field), None)
    known = {one.name: one for one in found.fields} if found else {}

    def behind(name: str) -> ListField:
        if name in known:
            return known[name]
        field = field_of(f"{node.field}/{name}")
        return replace(field, title=field.title.rpartition(_LEADS_ON)[2])

    title = found.title if found else field_of(node.field).title
    group = node.where if isinstance(node.where, Group) else AllOf((node.where,))
    parts = [said(one, behind) for one in group.of]
    joint = _(" or ") if isinstance(group, AnyOf) else ", "
    text = joint.join(" ".join(part for part in one if part) for one in parts)
    if isinstance(group, NoneOf):
        text = f"{_GROUPS[NoneOf]}: {text}"
    return Said(title, _("with") if node.op == "has" else _("without"), text)


def code_of(node: Condition) -> str:
    """The operator of a condition; of one that lists aren't asked, which the form doesn't offer, its type."""
    match node:
        case OneOf():
            return f"text.{node.op}"
        case Contains():
            return f"part.{node.op}"
        case Number():
            return f"number.{node.op}"
        case Between():
            return "range"
        case Days():
            return f"date.{node.op}"
        case Recent():
            return f"recent.{node.op}"
        case Has():
            return f"list.{node.op}"
        case Flag():
            return f"flag.{str(node.value).lower()}"
        case Present():
            return f"present.{str(node.value).lower()}"
    return _type_of(node)


def texts_of(values: Iterable[str | int | float], field: ListField) -> list[str]:
    """Values of a condition as its form has them; of options without the numbers that `forms` adds to digits."""
    return [str(value) for value in values if field.options is None or isinstance(value, str)]


def _labels(values: Iterable[str | int | float], field: ListField) -> list[str]:
    labels = {one.value: one.label for one in field.options or ()}
    return [labels.get(text, text) for text in texts_of(values, field)]


def _type_of(node: Condition | Behaviour) -> str:
    return str(node.__struct_config__.tag)


def _size(node: Node) -> int:
    if isinstance(node, RelatedTo):
        return _size(node.where)
    return sum(map(_size, node.of)) if isinstance(node, Group) else 1
