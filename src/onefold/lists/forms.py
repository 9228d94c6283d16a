"""From the form of one condition to a leaf of the tree."""

import math
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from django.utils.translation import gettext as _

from onefold.filters.api import (
    AllOf,
    Between,
    Condition,
    Contains,
    Days,
    FilterRejected,
    Flag,
    Has,
    Number,
    OneOf,
    Present,
    Recent,
    from_json,
    to_json,
)
from onefold.lists.state import Parameters

Numeral = int | float
_NUMERAL: Final = re.compile(r"-?\d{1,15}(\.\d{1,10})?")


def condition_of(form: Parameters) -> Condition:
    """`field`, `op` (a code of `words.OPERATORS`), `value` once or several times, `value2`.

    Raises FilterRejected, which says what the operator takes.
    """
    kind, _sep, op = form.get("op", "").partition(".")
    make = _MAKERS.get(kind)
    if make is None:
        raise FilterRejected(_("Choose how to compare."))
    values = [value.strip() for value in form.getlist("value") if value.strip()]
    try:
        made: Condition = make(form.get("field", ""), op, values, form.get("value2", "").strip())
        checked = from_json(to_json(made))
    except (msgspec.ValidationError, IndexError, ValueError) as fault:
        raise FilterRejected(_("Give a value.")) from fault
    if isinstance(checked, AllOf) or not isinstance(checked, type(made)):
        raise FilterRejected(_("Give a value."))
    return made


def _number(text: str) -> Numeral:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FilterRejected(_("“%(text)s” is no number.") % {"text": text[:40]})
    return number


def _text(field: str, op: str, values: list[str], _second: str) -> Condition:
    return msgspec.convert({"type": "text", "field": field, "op": op, "values": values}, OneOf)


def _part(field: str, op: str, values: list[str], _second: str) -> Condition:
    return msgspec.convert({"type": "part", "field": field, "op": op, "value": values[-1]}, Contains)


def _compared(field: str, op: str, values: list[str], _second: str) -> Condition:
    return msgspec.convert({"type": "number", "field": field, "op": op, "value": _number(values[0])}, Number)


def _range(field: str, _op: str, values: list[str], second: str) -> Condition:
    return Between(field, _number(values[0]), _number(second))


def _days(field: str, op: str, values: list[str], second: str) -> Condition:
    last = second if op == "between" else None
    try:
        return msgspec.convert({"type": "date", "field": field, "op": op, "first": values[0], "last": last}, Days)
    except msgspec.ValidationError as fault:
        raise FilterRejected(_("Write a day as 2026-05-17.")) from fault


def _recent(field: str, op: str, values: list[str], _second: str) -> Condition:
    days = _number(values[0])
    try:
        return msgspec.convert({"type": "recent", "field": field, "op": op, "days": days}, Recent)
    except msgspec.ValidationError as fault:
        raise FilterRejected(_("Give a whole number of days, up to 36,500.")) from fault


def _has(field: str, op: str, values: list[str], _second: str) -> Condition:
    numbers = [float(value) for value in values if _NUMERAL.fullmatch(value)]  # a list may hold 5 or "5"
    return msgspec.convert({"type": "list", "field": field, "op": op, "values": [*values, *numbers]}, Has)


def _flag(field: str, op: str, _values: list[str], _second: str) -> Condition:
    return Flag(field, op == "true")


def _present(field: str, op: str, _values: list[str], _second: str) -> Condition:
    return Present(field, op == "true")


_MAKERS: Final[dict[str, Callable[[str, str, list[str], str], Any]]] = {
    "text": _text,
    "part": _part,
    "number": _compared,
    "range": _range,
    "date": _days,
    "recent": _recent,
    "list": _has,
    "flag": _flag,
    "present": _present,
}
