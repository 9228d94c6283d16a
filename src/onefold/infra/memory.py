"""What the database said a moment ago, kept for seconds so that fast pages and calls need not ask again."""

import time
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

V = TypeVar("V")

_all: list["Memory[Any]"] = []


class Memory(Generic[V]):
    """Values by key, each for `max_age_s`. A full one is emptied. Threads may share it; made once, by a module."""

    def __init__(self, max_age_s: float, max_entries: int = 1) -> None:
        self._max_age_s = max_age_s
        self._max_entries = max_entries
        self._kept: dict[Hashable, tuple[float, V]] = {}
        _all.append(self)

    def get(self, key: Hashable = None) -> V | None:
        """What was kept under the key and is young enough."""
        known = self._kept.get(key)
        return known[1] if known is not None and time.monotonic() - known[0] < self._max_age_s else None

    def last(self, key: Hashable = None) -> V | None:
        """What was kept under the key, however old."""
        known = self._kept.get(key)
        return known[1] if known is not None else None

    def keep(self, value: V, key: Hashable = None) -> V:
        """The value, from now on kept under the key."""
        if key not in self._kept and len(self._kept) >= self._max_entries:
            self._kept.clear()
        self._kept[key] = (time.monotonic(), value)
        return value

    def forget(self) -> None:
        """The next question is asked of the database."""
        self._kept.clear()


def forget_everything() -> None:
    """Empties every memory of this process: another database lies behind it now, or the same with other rows."""
    for memory in _all:
        memory.forget()
