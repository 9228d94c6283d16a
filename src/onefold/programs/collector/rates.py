"""How many events a second a source may send, and how much somebody may send by forms."""

import math
from collections import OrderedDict
from collections.abc import Hashable


class RateLimits:
    """One token bucket a source: filled with one second's worth, and a large batch may overdraw it.

    So a batch larger than the rate is not refused for ever; the next ones wait until the debt is paid.
    """

    def __init__(self) -> None:
        self._buckets: dict[int, tuple[float, float]] = {}  # source -> tokens, as of s

    def wait_s(self, source_id: int, events: int, rate: int, now_s: float) -> int:
        """0 when the events may come (and are counted), else whole seconds until the next may."""
        tokens, as_of = self._buckets.get(source_id, (float(rate), now_s))
        tokens = min(float(rate), tokens + (now_s - as_of) * rate)
        if tokens <= 0:
            self._buckets[source_id] = (tokens, now_s)
            return max(1, math.ceil(-tokens / rate))
        self._buckets[source_id] = (tokens - events, now_s)
        return 0


class SlowRates:
    """One token bucket for whatever asks: so many at once, filled again within `period_s`. Remembers the last ones."""

    def __init__(self, most: int, period_s: float, remembered: int) -> None:
        self._most = most
        self._period_s = period_s
        self._remembered = remembered
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # -> tokens, as of s

    def may(self, who: Hashable, now_s: float) -> bool:
        """Whether one more may come (then it is counted)."""
        tokens, as_of = self._buckets.pop(who, (float(self._most), now_s))
        tokens = min(float(self._most), tokens + (now_s - as_of) * self._most / self._period_s)
        is_allowed = tokens >= 1
        self._buckets[who] = (tokens - is_allowed, now_s)
        while len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)
        return is_allowed
