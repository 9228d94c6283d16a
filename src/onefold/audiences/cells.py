"""What rules read off one metric: each figure once for all rules, whatever they compare it with. Pure.

Most events move no figure over a number that any rule names: its place among these numbers stays what it was.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

from onefold.audiences.folding import Partial, State, merged
from onefold.audiences.measuring import (
    MEASURES,
    Bound,
    Way,
    days_since,
    in_window,
    least_bucket,
    leaves_at,
    micros,
)
from onefold.audiences.metrics import Measure, Metric, grain_of, unit_of
from onefold.audiences.series import since, width_of
from onefold.filters.api import FOREVER, Window, compare

Said = tuple[Hashable, int]
"""What a cell says, and until when that is sure if nothing happens (µs)."""
Read = Callable[[Sequence[State], int, int], tuple[int, int]]
"""Of states, now, and a time until which the answer is asked for: bits, and until when they are sure."""
_DROPPED = ("count", "sum")
"""Of these it is known what is left when a bucket leaves the window."""


class Cell(Protocol):
    """Reads one metric. `needs_record`: also a trait of the person, so it can't be asked without."""

    number: int
    needs_record: bool

    def look(self, states: Sequence[State], person: Any, now_us: int) -> Said:  # noqa: ANN401  (a Person, or None)
        """As of now. `person` may be None where no record is needed."""


class News:
    """Moments that came: (µs, bits) of each, all their bits, and whether each was later than all that was there."""

    __slots__ = ("are_newest", "every", "times")

    def __init__(self) -> None:
        self.times: list[tuple[int, int]] = []
        self.every, self.are_newest = 0, True

    def add(self, ts: int, bits: int, is_newest: bool) -> None:
        """One more."""
        self.times.append((ts, bits))
        self.every |= bits
        self.are_newest = self.are_newest and is_newest


class Figure:
    """A number, and where it lies among all those that rules compare it with."""

    def __init__(self, number: int, metric: Metric, measure: Measure, window: Window, bound: Bound) -> None:
        self.number, self.needs_record = number, bool(window.since_trait)
        self._metric, self._measure, self._window, self._bound = metric, measure, window, bound
        self._in_millionths = measure in ("sum", "average")
        self.is_count = measure == "count"
        self._is_dropped = measure in _DROPPED and metric.fold in _DROPPED
        self._width, self._place = width_of(metric), 2 if measure == "sum" else 1
        self._asked: list[tuple[str, float, list[bool]]] = []
        self._cuts: list[Any] = []
        self._rank: Callable[[Any], int] = self._rank_of_average if measure == "average" else self._rank_of

    def table(self, op: str, value: float) -> list[bool]:
        """Whether the comparison holds, by place of the figure; filled by `seal`."""
        table: list[bool] = []
        self._asked.append((op, micros(value) if self._in_millionths else value, table))
        return table

    def seal(self) -> None:
        """All comparisons are known. Places: below the first cut 0, at it 1, between it and the second 2 …; the last
        place is that of no figure at all."""
        self._cuts = sorted({value for _, value, _ in self._asked})
        for op, value, table in self._asked:
            at = 2 * self._cuts.index(value) + 1
            table[:] = [compare(op, place, at) for place in range(2 * len(self._cuts) + 1)]
            table.append(op == "ne")

    def look(self, states: Sequence[State], person: Any, now_us: int) -> Said:  # noqa: ANN401  (as Cell)
        """The place, and until when."""
        return self._placed(states, person, now_us)

    def reader(self, bits_of: Sequence[int]) -> Read:
        """As `look`, of who needs no record, with bits by place; until when is said exactly only before what is given.

        Counts and sums of people are read with every event, so this is written out.
        """
        if not self._is_dropped:
            return lambda states, now, due: self._bits(bits_of, states, now, due)
        number, cuts, unit, grain = self.number, self._cuts, unit_of(self._metric), grain_of(self._window)
        width, place = self._width, self._place
        leaves = None if self._window.last is None else leaves_at(0, self._metric, self._window)
        asked_at, least = -1, -FOREVER

        def read(states: Sequence[State], now_us: int, due_us: int) -> tuple[int, int]:
            nonlocal asked_at, least
            if now_us != asked_at:
                asked_at, least = now_us, least_bucket(self._metric, self._bound(None, now_us))
            total, first = 0, FOREVER
            for state in states:
                series = state.get(number)
                if series is not None:
                    end = at = len(series) - width
                    while at >= 0 and series[at] >= least:
                        total += series[at + place]
                        at -= width
                    if at < end:
                        first = min(first, series[at + width])
            here = bisect_left(cuts, total) + bisect_right(cuts, total)
            if leaves is None or first == FOREVER or first * unit // grain * grain + leaves >= due_us:
                return bits_of[here], due_us
            return bits_of[here], min(self._until(states, least, total, here), due_us)

        return read

    def _bits(self, bits_of: Sequence[int], states: Sequence[State], now_us: int, due_us: int) -> tuple[int, int]:
        place, until = self._placed(states, None, now_us)
        return bits_of[place], min(until, due_us)

    def _placed(self, states: Sequence[State], person: Any, now_us: int) -> tuple[int, int]:  # noqa: ANN401  (as Cell)
        bound = self._bound(person, now_us)
        if self._is_dropped:
            least = FOREVER if bound is None else least_bucket(self._metric, bound)
            total = sum([n for _, n in self._in_window(states, least)])
            place = self._place_of(total)
            return place, FOREVER if self._window.last is None else self._until(states, least, total, place)
        found = in_window(states, self.number, self._metric, bound)
        place = self._rank(merged(self._metric, [partial for _, partial in found]))
        if self._window.last is None or not found:
            return place, FOREVER
        return place, leaves_at(min(found)[0], self._metric, self._window)

    def _in_window(self, states: Sequence[State], least: int) -> list[tuple[int, int]]:
        """Of a count or sum the buckets that count, with how much each adds."""
        width, place = self._width, self._place
        rows: list[tuple[int, int]] = []
        for state in states:
            if series := state.get(self.number):
                young = since(series, width, least)
                rows += zip(young[::width], young[place::width], strict=True)
        return rows

    def _until(self, states: Sequence[State], least: int, total: int, here: int) -> int:
        """Until so many buckets have left the window that the figure is elsewhere."""
        cuts, width, place = self._cuts, self._width, self._place
        kept = [series for state in states if (series := state.get(self.number)) and series[-width] >= least]
        if len(kept) == 1:  # nearly always
            (series,) = kept
            begin = len(series) - width
            while begin and series[begin - width] >= least:
                begin -= width
            for at in range(begin, len(series), width):
                total -= series[at + place]
                if bisect_left(cuts, total) + bisect_right(cuts, total) != here:
                    following = series[at + width] if at + width < len(series) else None
                    if not self._leave_together(series[at], following):
                        return leaves_at(series[at], self._metric, self._window)
            return FOREVER
        rows = sorted(self._in_window(states, least))
        for i, (bucket, n) in enumerate(rows):
            total -= n
            following = rows[i + 1][0] if i + 1 < len(rows) else None
            if self._place_of(total) != here and not self._leave_together(bucket, following):
                return leaves_at(bucket, self._metric, self._window)
        return FOREVER

    def _leave_together(self, bucket: int, following: int | None) -> bool:
        """A window ends at whole hours or days, whatever buckets are kept."""
        if following is None:
            return False
        return leaves_at(bucket, self._metric, self._window) == leaves_at(following, self._metric, self._window)

    def _place_of(self, value: Any) -> int:  # noqa: ANN401  (a number)
        return bisect_left(self._cuts, value) + bisect_right(self._cuts, value)

    def _rank_of(self, whole: Partial | None) -> int:
        value = MEASURES[self._measure](whole)
        return 2 * len(self._cuts) + 1 if value is None else self._place_of(value)

    def _rank_of_average(self, whole: Partial | None) -> int:
        n, total = whole or (0, 0)
        if not n:
            return 2 * len(self._cuts) + 1
        at_least = sum(1 for cut in self._cuts if total >= cut * n)
        return at_least + sum(1 for cut in self._cuts if total > cut * n)


class Sequenced:
    """Whether there is a sequence.

    `last`: the bit of its last step; `waits_us`: how long after it nothing may follow, None if anything may. Of one of
    two steps `within_us`: how far they may be apart, and `excluded`: the bit of what must not lie between; 0: anything
    may.
    """

    needs_record = False

    def __init__(self, number: int, way: Way) -> None:
        self.number, self._way, self.last = number, way, 1 << (len(way.within) - 1)
        self.has_two_steps = len(way.within) == 2
        self.waits_us = None if way.follows is None else way.idle_us + 1
        self.within_us, without = way.within[-1], way.without[-1]
        self.excluded = 0 if without is None else 1 << without
        self.since, self.stays_until = way.since, way.stays_until

    def look(self, states: Sequence[State], person: Any, now_us: int) -> Said:  # noqa: ANN401  (as Cell)
        """Yes or no, and until when."""
        return self.held(states, now_us)

    def held(self, states: Sequence[State], now_us: int) -> tuple[bool, int]:
        """As `look`."""
        return self._way.held(states, self.number, now_us)

    def ends_at(self, moments: Sequence[tuple[int, list[int]]], end_us: int, now_us: int) -> tuple[bool, int]:
        """Whether a way ends then or later, of a sequence that waits for nothing, and until when that is sure."""
        begin = self._way.begin_of_end(moments, end_us, now_us)
        return (False, FOREVER) if begin is None else (True, self._way.stays_until(begin))


class Computed:
    """A computed trait that rules ask as they ask a trait."""

    def __init__(self, number: int, metric: Metric, measure: Measure, window: Window, bound: Bound) -> None:
        self.number, self.needs_record = number, bool(window.since_trait)
        self._metric, self._measure, self._window, self._bound = metric, measure, window, bound

    def look(self, states: Sequence[State], person: Any, now_us: int) -> Said:  # noqa: ANN401  (as Cell)
        """The value, lists as tuples, and until when."""
        if self._measure == "days_since":
            return days_since(states, self.number, now_us)
        found = in_window(states, self.number, self._metric, self._bound(person, now_us))
        value = MEASURES[self._measure](merged(self._metric, [partial for _, partial in found]))
        until = FOREVER
        if found and self._window.last is not None:
            until = leaves_at(min(bucket for bucket, _ in found), self._metric, self._window)
        return (tuple(value) if isinstance(value, list) else value), until
