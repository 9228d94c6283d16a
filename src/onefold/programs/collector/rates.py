"""How many events a second a source may send."""

import math


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
