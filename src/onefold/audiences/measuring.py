"""What a rule reads off the metrics of one person's fragments, and until when it stays true. Pure."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain, islice
from operator import or_
from typing import Any, Final

from onefold.audiences.folding import Partial, State
from onefold.audiences.metrics import DAY_US, MICROS, WIDTHS, Measure, Metric, Moments, grain_of, span_us, unit_of
from onefold.audiences.series import MOMENT, rows_of, since, width_of
from onefold.filters.api import FOREVER, EventMatch, Held, Window
from onefold.filters.api import Sequence as SequenceRule

Times = Sequence[tuple[int, list[int]]]
"""Moments by time (µs), with the bits of each event of that time."""
Bound = Callable[[Any, int], int | None]
"""Of a person and now: the first instant in µs that counts; None = nothing does."""
MEASURES: Final[dict[Measure, Callable[[Partial | None], Any]]] = {
    "count": lambda partial: partial or 0,
    "sum": lambda partial: partial[1] / MICROS if partial else 0.0,
    "average": lambda partial: partial[1] / MICROS / partial[0] if partial else None,
    "min": lambda partial: partial[0] if partial else None,
    "max": lambda partial: partial[1] if partial else None,
    "distinct": lambda partial: len(partial or ()),
    "first": lambda partial: partial[2] if partial else None,
    "last": lambda partial: partial[2] if partial else None,
    "most_frequent": lambda partial: min(partial, key=lambda one: (-partial[one], one)) if partial else None,
    "unique": lambda partial: sorted(partial) if partial else None,
}
"""Fold → value, of all measures that don't change with time alone. Of equally frequent values the least."""


def bound_of(window: Window, instant_of_trait: Callable[[Any, str], int | None]) -> Bound:
    """From when on events count. `instant_of_trait`: of a person the instant that a trait names."""
    grain = grain_of(window)
    if window.last is not None:
        span = span_us(window.last)
        return lambda _, now: (now - span) // grain * grain
    if window.since is not None:
        begin = (window.since.toordinal() - _EPOCH_DAY) * DAY_US
        return lambda _, __: begin
    if window.since_trait:
        name = window.since_trait

        def since(person: Any, _: int) -> int | None:  # noqa: ANN401  (whatever `instant_of_trait` takes)
            at = instant_of_trait(person, name)
            return None if at is None else at // DAY_US * DAY_US

        return since
    return lambda _, __: -FOREVER


def in_window(states: Sequence[State], number: int, metric: Metric, bound: int | None) -> list[tuple[int, Partial]]:
    """(bucket, what it holds) of those that count, in no order; of a sum (how many, sum in millionths)."""
    if bound is None:
        return []
    least, width = least_bucket(metric, bound), width_of(metric)
    kept = [buckets for state in states if (buckets := state.get(number))]
    if width == WIDTHS["count"]:
        return [(bucket, n) for one in kept for bucket, n in rows_of(since(one, width, least), width)]
    if width:
        return [(bucket, (n, total)) for one in kept for bucket, n, total in rows_of(since(one, width, least), width)]
    return [(bucket, partial) for buckets in kept for bucket, partial in buckets.items() if bucket >= least]


def least_bucket(metric: Metric, bound: int | None) -> int:
    """The first that counts from a time on."""
    if bound is None:
        return FOREVER
    unit = unit_of(metric)
    return bound // unit if unit and bound > -FOREVER else -FOREVER


def days_since(states: Sequence[State], number: int, now_us: int) -> tuple[int | None, int]:
    """Whole days (of 24 h) since the latest event, and when that will be another number."""
    latest = max((max(buckets.values()) for state in states if (buckets := state.get(number))), default=None)
    if latest is None:
        return None, FOREVER
    days = max(now_us - latest, 0) // DAY_US
    return days, latest + (days + 1) * DAY_US


def leaves_at(bucket: int, metric: Metric, window: Window) -> int:
    """When a bucket is no longer in the window; never unless that moves."""
    if window.last is None:
        return FOREVER
    grain = grain_of(window)
    return (bucket * unit_of(metric) // grain + 1) * grain + span_us(window.last)


def micros(value: float) -> int:
    """A number of a rule in millionths, as sums have it."""
    return math.floor(value * MICROS + 0.5)


class Way:
    """A sequence asked of moments, as `lake/kernels/sequences.py` asks it; there the rules are written down.

    Its own bits: steps from the lowest, then what excludes them, then what must not follow. `bits`: of each the one
    that moments have which are kept as `kept`.
    """

    def __init__(self, asked: SequenceRule, kept: Moments) -> None:
        self.bits = [kept.bit_of(event) for event in parts_of(asked)]
        self._own_of: dict[int, int] = {}
        self._window_us, self._grain_us = span_us(asked.window), grain_of(Window(last=asked.window))
        self.within = [FOREVER if step.within is None else span_us(step.within) for step in asked.steps]
        bit = len(asked.steps)
        self.without: list[int | None] = []
        for step in asked.steps:
            self.without.append(None if step.without is None else bit)
            bit += step.without is not None
        self.follows = None if asked.then_not is None else bit
        self.idle_us = 0 if asked.then_not is None else span_us(asked.then_not.within)

    def since(self, now_us: int) -> int:
        """From when on moments count."""
        return (now_us - self._window_us) // self._grain_us * self._grain_us

    def held(self, times: Times, now_us: int) -> Held:
        """Whether there is such a sequence in the window. Cost: 2 µs a moment, those of the window at most."""
        own = self._own(times, self.since(now_us))
        first = next(own, None)
        if first is None:
            return False, FOREVER
        begin, waits_until = self._walk(chain((first,), own), now_us, [None] * len(self.within))
        next_leaves = self.stays_until(first[0])
        if begin is not None:  # holds while its first step is in the window, if nothing must be waited for
            return True, self.stays_until(begin) if self.follows is None else next_leaves
        return False, FOREVER if self.follows is None else min(next_leaves, waits_until)

    def reached(self, times: Times, now_us: int) -> tuple[int, int]:
        """How many steps somebody came, and when what must not follow is waited for no longer; FOREVER: it isn't."""
        starts: list[int | None] = [None] * len(self.within)
        _, waits_until = self._walk(self._own(times, self.since(now_us)), now_us, starts)
        return sum(one is not None for one in starts), waits_until

    def stays_until(self, begin_us: int) -> int:
        """Until when a sequence that began then is in the window."""
        return (begin_us // self._grain_us + 1) * self._grain_us + self._window_us

    def begin_of_end(self, times: Times, end_us: int, now_us: int) -> int | None:
        """When a way began that ends at this time or later, of a sequence after which nothing must be waited for; None
        if there is none. Cost: the moments that such a way may consist of."""
        own = self._own(times, self.may_begin(end_us, now_us))
        return self._walk(own, now_us, [None] * len(self.within))[0]

    def may_begin(self, end_us: int, now_us: int) -> int:
        """The first moment that may belong to a way which ends then or later."""
        return max(self.since(now_us), end_us - sum(self.within[1:]))

    def _own(self, times: Times, begin_us: int) -> Iterator[tuple[int, list[int]]]:
        """The moments from a time on that matter to this sequence, with its own bits."""
        own_of = self._own_of
        for ts, codes in islice(times, bisect_left(times, (begin_us,)), None):
            own = []
            for code in codes:
                if code not in own_of:
                    own_of[code] = sum(1 << place for place, bit in enumerate(self.bits) if code & bit)
                if own_of[code]:
                    own.append(own_of[code])
            if own:
                yield ts, own

    def _walk(
        self, times: Iterable[tuple[int, list[int]]], now_us: int, starts: list[int | None]
    ) -> tuple[int | None, int]:
        """When a way that leads to the end began; else None, and when the first that waits may get there.

        `starts`: filled with when the latest way to each step began.
        """
        steps = len(self.within)
        reached, excluded = [0] * steps, [-FOREVER] * steps
        waiting: tuple[int, int] | None = None  # when the first way began that must be waited for, and got there
        for ts, codes in times:
            is_single = len(codes) == 1
            every = codes[0] if is_single else reduce(or_, codes)
            if waiting is not None and self.follows is not None and every >> self.follows & 1:
                if waiting[1] + self.idle_us < ts:
                    return waiting[0], FOREVER
                waiting = None
            for bits in codes if is_single else sorted(codes, key=lambda code: (code & -code, code)):
                if self._take(bits, ts, starts, reached, excluded) and waiting is None:
                    waiting = (starts[-1] or 0, ts)
            if waiting is not None and self.follows is None:
                return waiting[0], FOREVER
            for step, bit in enumerate(self.without):
                excluded[step] = ts if bit is not None and every >> bit & 1 else excluded[step]
        if waiting is None:
            return None, FOREVER
        over = waiting[1] + self.idle_us
        return (waiting[0], FOREVER) if over < now_us else (None, over + 1)

    def _take(self, bits: int, ts: int, starts: list[int | None], reached: list[int], excluded: list[int]) -> bool:
        """Let an event go on with every way that it can, from the last step; True if one gets to the end."""
        is_last = False
        for step in range(len(self.within) - 1, -1, -1):
            if not bits >> step & 1:
                continue
            if step == 0:
                starts[0] = reached[0] = ts
            elif (
                starts[step - 1] is not None
                and ts - reached[step - 1] <= self.within[step]
                and excluded[step] <= reached[step - 1]
            ):
                starts[step], reached[step] = starts[step - 1], ts
            else:
                continue
            is_last = is_last or step == len(self.within) - 1
        return is_last


def moments_in(states: Sequence[State], number: int, bound: int) -> Times:
    """The moments from a time on, by time, of all fragments together."""
    together: dict[int, list[int]] = {}
    for state in states:
        for ts, bits in rows_of(since(state.get(number, ()), MOMENT, bound), MOMENT):
            if ts in together:
                together[ts].append(bits)
            else:
                together[ts] = [bits]
    return sorted(together.items())


def is_latest(states: Iterable[State], number: int, ts: int) -> bool:
    """Whether of all fragments' moments one alone is at this time, and none later."""
    at = 0
    for state in states:
        series = state.get(number)
        if series and series[-MOMENT] >= ts:
            at += 1 if series[-MOMENT] == ts and series[-2 * MOMENT : 1 - 2 * MOMENT] != [ts] else 2
    return at == 1


def parts_of(asked: SequenceRule) -> list[EventMatch]:
    """The events that it names: of its steps, what excludes these, and what must not follow."""
    exclusions = [step.without for step in asked.steps if step.without is not None]
    follows = [] if asked.then_not is None else [asked.then_not.event]
    return [*(step.event for step in asked.steps), *exclusions, *follows]


def moments_of(asked: SequenceRule) -> Moments:
    """What must be kept for a sequence."""
    return Moments.of(parts_of(asked))


_EPOCH_DAY: Final = 719_163
"""1970-01-01 as `date.toordinal` counts."""
