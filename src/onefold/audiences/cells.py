"""What rules read off one metric: each figure once for all rules, whatever they compare it with. Pure.

Most events move no figure over a number that any rule names: its place among these numbers stays what it was.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

from onefold.audiences.folding import Partial, State, merged
from onefold.audiences.measuring import (
    MEASURES,
    Bound,
    Times,
    Way,
    days_since,
    in_window,
    least_bucket,
    leaves_at,
    micros,
    moments_in,
)
from onefold.audiences.metrics import Measure, Metric, grain_of, unit_of
from onefold.audiences.series import Series, flat, rows_of, since, width_of
from onefold.filters.api import FOREVER, Window, compare

Said = tuple[Hashable, int]
"""What a cell says, and until when that is sure if nothing happens (µs)."""
Read = Callable[[Sequence[State], int, int], tuple[int, int]]
"""Of states, now, and a time until which the answer is asked for: bits, and until when they are sure."""
_TOTALS = ("count", "sum")
"""Measures (not folds: of an average it isn't so) of which it is known what is left when a bucket leaves the window."""


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
        self.is_total = measure in _TOTALS
        self.width, self.amount_at = width_of(metric), 2 if measure == "sum" else 1
        self.unit = unit_of(metric)
        self._asked: list[tuple[str, float, list[bool]]] = []
        self._cuts: list[Any] = []
        self._begins: list[int] = []
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
        # of whole numbers each place begins at a whole number: one look tells which it is
        self._begins = [at for cut in self._cuts for at in (math.ceil(cut), math.floor(cut) + 1)]
        for op, value, table in self._asked:
            at = 2 * self._cuts.index(value) + 1
            table[:] = [compare(op, place, at) for place in range(2 * len(self._cuts) + 1)]
            table.append(op == "ne")

    def bits(self, bits_of: Sequence[int], states: Sequence[State], now_us: int, due_us: int) -> tuple[int, int]:
        """As `look`, of who needs no record: with bits by place, and until when, `due_us` at the latest."""
        place, until = self.look(states, None, now_us)
        return bits_of[place], min(until, due_us)

    def look(self, states: Sequence[State], person: Any, now_us: int) -> tuple[int, int]:  # noqa: ANN401  (as Cell)
        """The place, and until when."""
        bound = self._bound(person, now_us)
        if self.is_total:
            least = least_bucket(self._metric, bound)
            kept = [series for state in states if (series := state.get(self.number))]
            series = flat(row for one in kept for row in rows_of(since(one, self.width, least), self.width))
            total = sum(series[self.amount_at :: self.width])
            place = bisect_right(self._begins, total)
            return place, FOREVER if self._window.last is None else self.until(series, 0, total, place)
        found = in_window(states, self.number, self._metric, bound)
        place = self._rank(merged(self._metric, [partial for _, partial in found]))
        if self._window.last is None or not found:
            return place, FOREVER
        return place, leaves_at(min(bucket for bucket, _ in found), self._metric, self._window)

    def limits(self, now_us: int) -> tuple[int, list[int], int, int]:
        """Of who needs no record: the first bucket that counts, the numbers at which places begin, and in units of
        buckets the grain of the window and how long after its grain's begin a bucket leaves it."""
        least = least_bucket(self._metric, self._bound(None, now_us))
        if self._window.last is None:
            return least, self._begins, 1, FOREVER
        grain = grain_of(self._window)
        return least, self._begins, grain // self.unit, leaves_at(0, self._metric, self._window) // self.unit

    def until(self, series: Series, begin: int, total: int, here: int) -> int:
        """Until so many buckets of a series have left the window, from a place on, that the figure is elsewhere."""
        begins, width, amount_at = self._begins, self.width, self.amount_at
        for at in range(begin, len(series), width):
            total -= series[at + amount_at]
            if bisect_right(begins, total) != here:
                following = series[at + width] if at + width < len(series) else None
                if not self._leave_together(series[at], following):
                    return leaves_at(series[at], self._metric, self._window)
        return FOREVER

    def _leave_together(self, bucket: int, following: int | None) -> bool:
        """A window ends at whole hours or days, whatever buckets are kept."""
        if following is None:
            return False
        return leaves_at(bucket, self._metric, self._window) == leaves_at(following, self._metric, self._window)

    def _rank_of(self, whole: Partial | None) -> int:
        value = MEASURES[self._measure](whole)
        if value is None:
            return 2 * len(self._cuts) + 1
        return bisect_left(self._cuts, value) + bisect_right(self._cuts, value)

    def _rank_of_average(self, whole: Partial | None) -> int:
        n, total = whole or (0, 0)
        if not n:
            return 2 * len(self._cuts) + 1
        at_least = sum(1 for cut in self._cuts if total >= cut * n)
        return at_least + sum(1 for cut in self._cuts if total > cut * n)


class Totals:
    """The figures of a metric of counts or of sums, together: its buckets are gone through once, from the latest, and
    each figure has what there is until its window begins.

    People's counts and sums are read with every event, so this is written out.
    """

    def __init__(self, number: int, figures: Sequence[tuple[Figure, Sequence[int]]]) -> None:
        self._number, self._figures = number, figures
        first, _ = figures[0]
        self._width, self._amount_at, self._unit = first.width, first.amount_at, first.unit or 1
        self._is_count = first.is_count
        self._asked_at = -1
        self._asked: list[tuple[int, list[int], int, int, Figure, Sequence[int]]] = []

    def read(self, states: Sequence[State], now_us: int, due_us: int) -> tuple[int, int]:
        """As a `Read`. Cost: half a µs, and .3 µs a figure."""
        if now_us != self._asked_at:
            asked = [(*figure.limits(now_us), figure, bits_of) for figure, bits_of in self._figures]
            self._asked_at, self._asked = now_us, sorted(asked, key=lambda one: -one[0])
        number, width, amount_at, is_count = self._number, self._width, self._amount_at, self._is_count
        held, total = 0, 0
        kept = states if len(states) == 1 else [state for state in states if number in state]
        series = kept[0].get(number) if len(kept) == 1 else None
        if series is None:
            for *_, figure, bits_of in self._asked:  # of several fragments, or none
                more, due_us = figure.bits(bits_of, states, now_us, due_us)
                held |= more
            return held, due_us
        at, end, last_due = len(series) - width, len(series) - width, (due_us - 1) // self._unit
        for least, begins, grain, leaves, figure, bits_of in self._asked:
            while at >= 0 and series[at] >= least:
                total += series[at + amount_at]
                at -= width
            here = bisect_right(begins, total)
            held |= bits_of[here]
            # as time goes by a count can only fall
            if at < end and (here or not is_count) and series[at + width] // grain * grain + leaves <= last_due:
                due_us = min(due_us, figure.until(series, at + width, total, here))
                last_due = (due_us - 1) // self._unit
        return held, due_us


class Sequenced:
    """Whether there is a sequence.

    `first`, `last`: the bits of these steps; `follows`: the bit of what must not follow the last for `idle_us`; 0:
    anything may. Of one of two steps `within_us`: how far they may be apart, and `excluded`: the bit of what must not
    lie between; 0: anything may.
    """

    needs_record = False

    def __init__(self, number: int, way: Way) -> None:
        self.number, self._way = number, way
        self.first, self.last = way.bits[0], way.bits[len(way.within) - 1]
        self.has_two_steps = len(way.within) == 2
        self.follows, self.idle_us = 0 if way.follows is None else way.bits[way.follows], way.idle_us
        self.within_us, without = way.within[-1], way.without[-1]
        self.excluded = 0 if without is None else way.bits[without]
        self.since, self.stays_until, self.may_begin = way.since, way.stays_until, way.may_begin

    def look(self, states: Sequence[State], person: Any, now_us: int) -> Said:  # noqa: ANN401  (as Cell)
        """Yes or no, and until when."""
        return self.held(moments_in(states, self.number, self.since(now_us)), now_us)

    def held(self, moments: Times, now_us: int) -> tuple[bool, int]:
        """As `look`, of moments of its window or more."""
        return self._way.held(moments, now_us)

    def ends_at(self, moments: Times, end_us: int, now_us: int) -> tuple[bool, int]:
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
