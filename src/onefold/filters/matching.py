"""Whether a value meets a condition about a field: in Python, for one record at a time. Pure.

Engines say the same by SQL (`audiences/conditions.py`); tests hold both against each other.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from onefold.filters.tree import (
    Anniversary,
    Between,
    Condition,
    Contains,
    Days,
    FilterRejected,
    Flag,
    Has,
    Matches,
    Number,
    OneOf,
    Present,
    Recent,
)
from onefold.kernel.numbers import double_of

DATE_PATTERN: Final = (
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?)?"
)
"""Texts that are a date or an instant, as a whole; some name a day that there is not."""
UNUSABLE_YEARS: Final = ("0000", "0001", "9999")
"""Texts of these are no dates: with their offset, or a day more, they may be in no year that there is."""
MAX_DATE_CHARS: Final = 35
FOREVER: Final = 2**62
DAY_US: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DATE: Final = re.compile(DATE_PATTERN, re.ASCII)
_NUMBERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}

Held = tuple[bool, int]
"""Whether it holds, and from which instant on (µs) that may be otherwise by the passing of time alone."""


class Matcher(NamedTuple):
    """A condition as a function of a JSON value (None: there is none) and of now in µs.

    `is_timed`: what it says of the same value may change with time.
    """

    is_timed: bool
    of: Callable[[Any, int], Held]


def matcher_of(leaf: Condition, *, is_moment: bool = False) -> Matcher:
    """`is_moment`: values are instants in µs, not JSON. Raises FilterRejected for a pattern that is none.

    Cost of a test: some 0.1 to 1 µs, of a pattern linear in the text.
    """
    instant = _as_it_is if is_moment else instant_of
    if isinstance(leaf, Recent):
        return Matcher(True, _recent(leaf, instant))
    if isinstance(leaf, Anniversary):
        return Matcher(True, _anniversary(leaf, instant))
    fixed = _between_days(leaf, instant) if isinstance(leaf, Days) else _fixed(leaf)
    return Matcher(False, lambda value, _: (fixed(value), FOREVER))


def compare(op: str, value: Any, other: Any) -> bool:  # noqa: ANN401  (numbers of any type)
    """Two numbers by an operator of `Number`; a missing one is unlike every number."""
    return op == "ne" if value is None else _NUMBERS[op](value, other)


def instant_of(value: Any) -> int | None:  # noqa: ANN401  (any JSON value)
    """µs since 1970 of a text that is a date or an instant; of a date its begin in UTC; None for anything else."""
    return _instant_of(value) if type(value) is str and len(value) <= MAX_DATE_CHARS else None


@cache
def fold_letter(letter: str) -> str:
    """A letter without case: one for one, and whatever stands beside it."""
    return "i" if letter == "İ" else "σ" if letter in "Σς" else letter.lower()  # noqa: RUF001  (a sigma)


def fold_text(text: str) -> str:
    """A text without letters' case, as every engine folds it."""
    return text.lower() if text.isascii() else "".join(map(fold_letter, text))


def pattern_of(text: str) -> Any:  # noqa: ANN401  (a pattern of re2, which has no public type)
    """The compiled pattern. Raises FilterRejected, which says what is wrong with it."""
    import re2  # type: ignore[import-untyped]  # it has no stubs

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(text, options)
    except re2.error as fault:
        said = fault.args[0].decode() if fault.args and isinstance(fault.args[0], bytes) else str(fault)
        raise FilterRejected(
            f"The pattern {text[:80]!r} can't be used: {said}. Patterns are RE2's: without look-around and"
            " back-references; https://github.com/google/re2/wiki/Syntax"
        ) from fault


def days_ahead(today: date, days: int) -> frozenset[str]:
    """`MM-DD` of today and the next days; 29 February with the 28th where a year has none."""
    found = set()
    for n in range(days + 1):
        day = today + timedelta(days=n)
        found.add(f"{day:%m-%d}")
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
            found.add("02-29")
    return frozenset(found)


def _fixed(leaf: Condition) -> Callable[[Any], bool]:
    match leaf:
        case OneOf():
            values, is_asked = frozenset(leaf.values), leaf.op == "is"
            return lambda value: (type(value) is str and value in values) is is_asked
        case Contains():
            return _contains(leaf)
        case Number():
            compared, number, is_unlike = _NUMBERS[leaf.op], float(leaf.value), leaf.op == "ne"
            return lambda value: is_unlike if (found := double_of(value)) is None else compared(found, number)
        case Between():
            low, high = float(leaf.low), float(leaf.high)
            return lambda value: (found := double_of(value)) is not None and low <= found <= high
        case Flag():
            wanted = leaf.value
            return lambda value: value is wanted
        case Has():
            return _has(leaf)
        case Present():
            is_there = leaf.value
            return lambda value: (value is not None and value != "") is is_there
        case Matches():
            pattern = pattern_of(leaf.pattern)
            return lambda value: type(value) is str and pattern.search(value) is not None
    raise FilterRejected(f"A value can't be asked this: {type(leaf).__name__}.")


def _contains(leaf: Contains) -> Callable[[Any], bool]:
    part = fold_text(leaf.value)
    if leaf.op == "starts":
        return lambda value: type(value) is str and fold_text(value).startswith(part)
    is_asked = leaf.op == "contains"
    return lambda value: (type(value) is str and part in fold_text(value)) is is_asked


def _has(leaf: Has) -> Callable[[Any], bool]:
    texts = frozenset(value for value in leaf.values if isinstance(value, str))
    numbers = frozenset(float(value) for value in leaf.values if not isinstance(value, str))
    is_asked = leaf.op == "has"

    def holds(one: Any) -> bool:  # noqa: ANN401  (any JSON value)
        return one in texts if type(one) is str else double_of(one) in numbers

    return lambda value: (type(value) is list and any(map(holds, value))) is is_asked


def _between_days(leaf: Days, instant: Callable[[Any], int | None]) -> Callable[[Any], bool]:
    first, last = _begin_of(leaf.first), _begin_of(leaf.last or leaf.first) + DAY_US
    low, high = {"before": (-FOREVER, first), "after": (last, FOREVER), "between": (first, last)}[leaf.op]
    return lambda value: (at := instant(value)) is not None and low <= at < high


def _recent(leaf: Recent, instant: Callable[[Any], int | None]) -> Callable[[Any, int], Held]:
    span = leaf.days * DAY_US

    def within(value: Any, now: int) -> Held:  # noqa: ANN401  (any JSON value)
        at = instant(value)
        if at is None or at + span < now:
            return False, FOREVER
        return (True, at + span + 1) if at <= now else (False, at)

    def longer_ago(value: Any, now: int) -> Held:  # noqa: ANN401  (any JSON value)
        at = instant(value)
        return (False, FOREVER) if at is None else (True, FOREVER) if at + span < now else (False, at + span + 1)

    def ahead(value: Any, now: int) -> Held:  # noqa: ANN401  (any JSON value)
        at = instant(value)
        if at is None or at < now:
            return False, FOREVER
        return (True, at + 1) if at - span <= now else (False, at - span)

    return {"within": within, "longer_ago": longer_ago, "ahead": ahead}[leaf.op]


def _anniversary(leaf: Anniversary, instant: Callable[[Any], int | None]) -> Callable[[Any, int], Held]:
    ahead = cache(lambda day: days_ahead(day_of(day * DAY_US), leaf.days))

    def comes(value: Any, now: int) -> Held:  # noqa: ANN401  (any JSON value)
        at = instant(value)
        if at is None:
            return False, FOREVER
        today = now // DAY_US
        return f"{day_of(at):%m-%d}" in ahead(today), (today + 1) * DAY_US

    return comes


def day_of(instant_us: int) -> date:
    """The day of UTC in which an instant lies."""
    return (_EPOCH + timedelta(microseconds=instant_us)).date()


@cache
def _begin_of(day: date) -> int:
    return (datetime.combine(day, time(), UTC) - _EPOCH) // _MICROSECOND


def _as_it_is(value: Any) -> int | None:  # noqa: ANN401  (an instant)
    return value  # type: ignore[no-any-return]  # what the column holds


def _instant_of(text: str) -> int | None:
    if _DATE.fullmatch(text) is None or text[:4] in UNUSABLE_YEARS:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:  # 30 February
        return None
    return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
