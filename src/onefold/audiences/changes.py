"""What it would take for a condition to be otherwise, in a few words. Pure."""

import math
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from onefold.audiences.found import Asking, count_of
from onefold.audiences.phrases import event_of, window_of
from onefold.audiences.spelling import number_of
from onefold.audiences.words import words_of
from onefold.filters.api import (
    Behaviour,
    Condition,
    Consents,
    Contains,
    Did,
    Flag,
    Has,
    InAudience,
    Number,
    OneOf,
    PeopleIn,
    Present,
)

_CONTRARY_OPS: Final = {
    "eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "le": "gt", "gt": "le", "is": "is_not", "is_not": "is",
    "contains": "contains_not", "contains_not": "contains", "has": "has_not", "has_not": "has", "given": "denied",
    "denied": "given",
}  # fmt: skip


def change_of(leaf: Condition | Behaviour, asking: Asking) -> str:
    """What would make it hold if it doesn't, else what would end that: "1 more 'Order Completed' in the last day"."""
    wanted = contrary_of(leaf) if asking.is_held(leaf) else leaf
    if wanted is None:
        return f"no longer: {words_of(leaf, asking.reader.names)}"
    more = _more(wanted, asking) if isinstance(wanted, Did) and wanted.measure == "count" else 0
    if more <= 0 or not isinstance(wanted, Did):
        return words_of(wanted, asking.reader.names)
    event = event_of(wanted.event)
    views = event if wanted.event.kind == "track" else f"{'view' if more == 1 else 'views'} of {event}"
    return f"{number_of(more)} more {views}{window_of(wanted.window)}"


def contrary_of(leaf: Condition | Behaviour) -> Condition | Behaviour | None:
    """A condition that, if it holds, ends this one; None: only this one's words say what that would be."""
    if isinstance(leaf, Flag | Present | InAudience):
        return replace(leaf, value=not leaf.value)
    op = _CONTRARY_OPS.get(getattr(leaf, "op", ""))
    if op is None or not isinstance(leaf, OneOf | Contains | Number | Has | Did | Consents | PeopleIn):
        return None
    return replace(leaf, op=op)


def _more(wanted: Did, asking: Asking) -> int:
    """How many events more, where more help; else 0 or less."""
    count = count_of(wanted, asking)
    return 0 if count is None else _NEEDED[wanted.op](wanted.value, count)


_NEEDED: Final[dict[str, Callable[[Any, int], int]]] = {
    "ge": lambda value, count: math.ceil(value) - count,
    "gt": lambda value, count: math.floor(value) + 1 - count,
    "eq": lambda value, count: int(value) - count if value == int(value) else 0,
    "ne": lambda value, count: 1,
    "lt": lambda value, count: 0,
    "le": lambda value, count: 0,
}
