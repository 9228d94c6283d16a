"""What the collector alone knows of a source: received events and refused requests, by minute."""

import time
from typing import Final

from onefold.events.api import Counts

_MINUTE_US: Final = 60_000_000


class Counters:
    """Counts in memory until they are flushed. The processor counts what became of the events."""

    def __init__(self) -> None:
        self._counts: Counts = {}
        self._used_keys: set[int] = set()
        self.refused_without_source = 0  # a bad key belongs to no source

    def received(self, source_id: int, key_id: int, events: int, at_us: int) -> None:
        """Events that are durable."""
        self._add(source_id, at_us, "received", events)
        self._used_keys.add(key_id)

    def refused(self, source_id: int | None, code: str) -> None:
        """One request."""
        if source_id is None:
            self.refused_without_source += 1
        else:
            self._add(source_id, time.time_ns() // 1000, f"rejected:{code}", 1)

    def take(self) -> tuple[Counts, list[int]]:
        """Counts and used keys since the last time; they start afresh."""
        counts, keys = self._counts, sorted(self._used_keys)
        self._counts, self._used_keys = {}, set()
        return counts, keys

    def give_back(self, counts: Counts, keys: list[int]) -> None:
        """What could not be flushed."""
        for (source_id, minute, outcome), n in counts.items():
            self._add(source_id, minute, outcome, n)
        self._used_keys.update(keys)

    def _add(self, source_id: int, at_us: int, outcome: str, n: int) -> None:
        key = (source_id, at_us - at_us % _MINUTE_US, outcome)
        self._counts[key] = self._counts.get(key, 0) + n
