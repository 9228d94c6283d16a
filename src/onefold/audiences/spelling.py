"""How numbers, texts, names and lengths of time of a rule are written in a sentence. Pure."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from unicodedata import category

from onefold.filters.api import Span

MAX_QUOTED: Final = 60
MOST_SAID: Final = 5
"""Of a list of values; one more is said, too, rather than counted."""
_NARROW_SPACE: Final = "\u202f"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_US: Final = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_END_US: Final = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_PLAIN: Final = re.compile(r"[\w$][\w.$-]*")


def span_of(span: Span) -> str:
    """90 days; of one the unit alone: "in the last day"."""
    return counted(span.n, span.unit.removesuffix("s")) if span.n > 1 else span.unit.removesuffix("s")


def whole_span_of(span: Span) -> str:
    """1 day, 2 days."""
    return counted(span.n, span.unit.removesuffix("s"))


def counted(n: float, what: str) -> str:
    """1 day, 2 days."""
    return f"{number_of(n)} {what}{'' if n == 1 else 's'}"


def number_of(number: float) -> str:
    """Every digit of it; different numbers never look alike."""
    if isinstance(number, int):
        return f"{number:,}"
    is_readable = number == 0 or 1e-9 <= abs(number) < 1e21
    return f"{Decimal(repr(number)):,f}".removesuffix(".0") if is_readable else repr(number)


def percent_of(percent: float) -> str:
    """10 %."""
    return f"{number_of(percent)}{_NARROW_SPACE}%"


def quoted(text: str) -> str:
    """In quotes, in one line and not too long."""
    said = "".join(c if c.isprintable() else " " if category(c) == "Zs" else repr(c)[1:-1] for c in shortened(text))
    return f'"{said}"' if "'" in said and '"' not in said else f"'{said}'"


def shortened(text: str) -> str:
    """At most MAX_QUOTED characters."""
    return text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 1]}…"


def plain(name: str) -> str:
    """A name as it is if no quotes are needed to see where it ends."""
    return name if len(name) <= MAX_QUOTED and _PLAIN.fullmatch(name) else quoted(name)


def value_of(value: str | float) -> str:
    """A text or a number of a rule."""
    return quoted(value) if isinstance(value, str) else number_of(value)


def series_of(said: list[str], total: int | None = None) -> str:
    """a, b and 7 more; all of them if that is hardly longer. `total`: if there are more than those given."""
    n = len(said) if total is None else total
    if n <= MOST_SAID + 1 and n == len(said):
        return ", ".join(said)
    return f"{', '.join(said[:MOST_SAID])} and {n - len(said[:MOST_SAID]):,} more"


def day_of(instant_us: int) -> str:
    """2026-12-01, in UTC; beyond the calendar "no day that there is"."""
    return f"{_at(instant_us):%Y-%m-%d}" if _FIRST_US <= instant_us < _END_US else "no day that there is"


def minute_of(instant_us: int) -> str:
    """2026-12-01 10:41 UTC."""
    return f"{_at(instant_us):%Y-%m-%d %H:%M} UTC" if _FIRST_US <= instant_us < _END_US else day_of(instant_us)


def json_of(value: Any) -> str:  # noqa: ANN401  (any JSON value)
    """A value that somebody has: 'pro', 12, true, ['a', 'b'], an object."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return value_of(value)
    if isinstance(value, list):
        return f"[{series_of([json_of(one) for one in value[: MOST_SAID + 1]], len(value))}]"
    return "null" if value is None else "an object"


def _at(instant_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=instant_us)
