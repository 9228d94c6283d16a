"""What a tree means, in plain Python: what the compiled SQL is held against."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from onefold.filters.api import (
    AllOf,
    Anniversary,
    AnyOf,
    Behaviour,
    Between,
    Condition,
    Contains,
    Days,
    Flag,
    Has,
    Matches,
    Node,
    NoneOf,
    Number,
    OneOf,
    Present,
    Recent,
)

DATE = re.compile(
    r"(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?)?"
)


def matches(tree: Node, record: Mapping[str, Any], now: datetime) -> bool:
    """Whether a record (field → value, absent = no value) matches. Of what lists can be asked."""
    match tree:
        case AllOf():
            return all(matches(one, record, now) for one in tree.of)
        case AnyOf():
            return any(matches(one, record, now) for one in tree.of)
        case NoneOf():
            return sum(matches(one, record, now) for one in tree.of) == 0
    assert not isinstance(tree, Behaviour)
    return holds(tree, record.get(tree.field), now)


def holds(tree: Condition, value: Any, now: datetime) -> bool:
    """Whether a value does."""
    match tree:
        case Present():
            return (value is not None and value != "") is tree.value
        case OneOf():
            return (isinstance(value, str) and value in tree.values) is (tree.op == "is")
        case Has():
            return any(same(one, held) for one in tree.values for held in as_list(value)) is (tree.op == "has")
        case Flag():
            return value is tree.value
        case Contains():
            return part(tree, value)
        case Number() | Between():
            return number(tree, value)
        case Days() | Recent():
            return when(tree, value, now)
        case Matches() | Anniversary():
            raise AssertionError(tree)


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def same(a: Any, b: Any) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    return is_number(a) and is_number(b) and exact(a) == exact(b)


def is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def exact(value: Any) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def fold(text: str) -> str:
    """Lower case letter by letter, as PostgreSQL's built-in locale does it."""
    return "".join("i" if char == "İ" else char.lower() for char in text)


def part(tree: Contains, value: object) -> bool:
    if not isinstance(value, str):
        return tree.op == "contains_not"
    if tree.op == "starts":
        return fold(value).startswith(fold(tree.value))
    return (fold(tree.value) in fold(value)) is (tree.op == "contains")


def number(tree: Number | Between, value: Any) -> bool:
    if not is_number(value):
        return isinstance(tree, Number) and tree.op == "ne"
    held = exact(value)
    if isinstance(tree, Between):
        return exact(tree.low) <= held <= exact(tree.high)
    asked = exact(tree.value)
    return {
        "eq": held == asked,
        "ne": held != asked,
        "lt": held < asked,
        "le": held <= asked,
        "gt": held > asked,
        "ge": held >= asked,
    }[tree.op]


def instant(value: object) -> timedelta | None:
    """Since the year 1, for these reach beyond what a datetime holds."""
    if isinstance(value, datetime):
        return value - datetime(1, 1, 1, tzinfo=UTC)
    if not isinstance(value, str) or not DATE.fullmatch(value):
        return None
    day = date(int(value[:4]), int(value[5:7]), 1).toordinal() + int(value[8:10]) - 2
    found = re.fullmatch(r".([\d:]+)(\.\d+)?(Z|[+-][\d:]+)?", value[10:] or "T00:00")
    assert found
    hours, minutes, seconds = ([int(part) for part in found[1].split(":")] + [0])[:3]
    shift = [int(part) for part in found[3][1:].split(":")] if found[3] and found[3] != "Z" else [0, 0]
    sign = -1 if (found[3] or "").startswith("-") else 1
    micros = int((found[2] or ".0")[1:].ljust(6, "0"))
    at = timedelta(days=day, hours=hours, minutes=minutes, seconds=seconds, microseconds=micros)
    return at - sign * timedelta(hours=shift[0], minutes=shift[1])


def when(tree: Days | Recent, value: object, now: datetime) -> bool:
    held = instant(value)
    if held is None:
        return False
    present = instant(now)
    assert present is not None
    if isinstance(tree, Recent):
        days = timedelta(days=tree.days)
        return {
            "within": present - days <= held <= present,
            "longer_ago": held < present - days,
            "ahead": present <= held <= present + days,
        }[tree.op]
    first = timedelta(days=tree.first.toordinal() - 1)
    if tree.op == "before":
        return held < first
    after = timedelta(days=(tree.last or tree.first).toordinal())
    return held >= after if tree.op == "after" else first <= held < after
