"""Conditions of a plan as SQL expressions. Pure."""

import math
from datetime import datetime
from functools import partial
from typing import Final

from sqlglot import exp

from onefold.lake.plans import (
    AllOf,
    AnyOf,
    Between,
    Compare,
    Condition,
    Exists,
    Field,
    Not,
    OneOf,
    PlanRejected,
    Scalar,
    Text,
)
from onefold.lake.sources import Source, instant

MAX_DEPTH: Final = 50
_OPERATORS: Final = {"=": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}
_WHOLE: Final = ("integer", "long")
_HEX_DIGITS: Final = 32


def compile_condition(condition: Condition, source: Source, at: str, depth: int = 0) -> exp.Expr:
    """True, false or null, which counts as false. `at` is its place in the plan. Raises PlanRejected."""
    if depth > MAX_DEPTH:
        raise PlanRejected(f"{at}: conditions may stand {MAX_DEPTH} deep.")
    inner = partial(compile_condition, source=source, depth=depth + 1)
    match condition:
        case AllOf():
            every = [inner(one, at=f"{at}.of[{i}]") for i, one in enumerate(condition.of)]
            return exp.and_(*every) if every else exp.true()
        case AnyOf():
            each = [inner(one, at=f"{at}.of[{i}]") for i, one in enumerate(condition.of)]
            return exp.or_(*each) if each else exp.false()
        case Not():
            return exp.Not(this=exp.func("coalesce", inner(condition.of, at=f"{at}.of"), exp.false()))
        case Compare():
            return _compared(condition, source, at)
        case OneOf():
            column, kind = source.field(condition.field, f"{at}.field"), source.kind(condition.field, f"{at}.field")
            values = [literal(one, kind, f"{at}.values[{i}]") for i, one in enumerate(condition.values)]
            return exp.In(this=column, expressions=values)
        case Exists():
            return exp.Not(this=exp.Is(this=source.field(condition.field, f"{at}.field"), expression=exp.Null()))
        case Text():
            _needs(source, condition.field, at, "string")
            node = exp.Contains if condition.how == "contains" else exp.StartsWith
            return node(
                this=source.field(condition.field, f"{at}.field"), expression=exp.Literal.string(condition.text)
            )
        case Between():
            return _between(condition, source, at)


def literal(value: Scalar, kind: str, at: str) -> exp.Expr:
    """A value of a field's type. Raises PlanRejected."""
    match kind:
        case "string" if isinstance(value, str):
            return exp.Literal.string(value)
        case "boolean" if isinstance(value, bool):
            return exp.convert(value)
        case "integer" | "long" if isinstance(value, int) and not isinstance(value, bool) and -(2**63) < value < 2**63:
            return exp.convert(value)
        case "double" if isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value):
            return exp.cast(exp.convert(float(value)), "double")
        case "binary" if isinstance(value, str) and _is_hex(value):
            return exp.Unhex(this=exp.Literal.string(value))
    expected = {
        "string": "a text",
        "boolean": "true or false",
        "integer": "a whole number of 64 bits",
        "long": "a whole number of 64 bits",
        "double": "a finite number",
        "binary": f"{_HEX_DIGITS} hexadecimal digits",
        "timestamp": "compared by Between",
    }[kind]
    raise PlanRejected(f"{at}: must be {expected}, is {str(value)[:40]!r}.")


def check_instant(moment: datetime | None, at: str) -> None:
    """Instants without a zone say nothing. Raises PlanRejected."""
    if moment is not None and moment.tzinfo is None:
        raise PlanRejected(f"{at}: must be an instant with its zone, like 2026-01-31T12:00:00Z.")


def _compared(condition: Compare, source: Source, at: str) -> exp.Expr:
    column, kind = source.field(condition.field, f"{at}.field"), source.kind(condition.field, f"{at}.field")
    if kind in ("boolean", "binary") and condition.operator not in ("=", "!="):
        raise PlanRejected(f"{at}.operator: must be one of =, != for a {kind} field, is {condition.operator!r}.")
    return _OPERATORS[condition.operator](this=column, expression=literal(condition.value, kind, f"{at}.value"))


def _between(condition: Between, source: Source, at: str) -> exp.Expr:
    _needs(source, condition.field, at, "timestamp")
    check_instant(condition.since, f"{at}.since")
    check_instant(condition.until, f"{at}.until")
    column = source.field(condition.field, f"{at}.field")
    bounds: list[exp.Expr] = []
    if condition.since:
        bounds.append(column >= instant(condition.since))
    if condition.until:
        bounds.append(column.copy() < instant(condition.until))
    return exp.and_(*bounds) if bounds else exp.Not(this=exp.Is(this=column, expression=exp.Null()))


def _needs(source: Source, field: Field, at: str, wanted: str) -> None:
    if (kind := source.kind(field, f"{at}.field")) != wanted:
        raise PlanRejected(f"{at}.field: must be a {wanted} field, {field.name!r} is {kind}.")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_hex(text: str) -> bool:
    return len(text) == _HEX_DIGITS and all(letter in "0123456789abcdef" for letter in text)
