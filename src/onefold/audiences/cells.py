"""What rules read off one metric: each figure once for all rules, whatever they compare it with. Pure.

Most events move no figure over a number that any rule names. The stream asks a cell before and after an event; where it
says the same, no audience that depends on it needs to be asked.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any, NamedTuple, Protocol

from onefold.audiences.folding import Partial, State, merged
from onefold.audiences.measuring import (
    MEASURES,
    Bound,
    Way,
    days_since,
    in_window,
    leaves_at,
    micros,
    moments_in,
)
from onefold.audiences.metrics import Measure, Metric
from onefold.filters.api import FOREVER, Window, compare

Look = tuple[Hashable, int]
"""What a cell says, and until when that is sure if nothing happens (µs)."""
_DROPPED = ("count", "sum")
"""Of these it is known what is left when a bucket leaves the window."""


class Cell(Protocol):
    """Reads one metric. `needs_record`: also a trait of the person, so it can't be asked without."""

    number: int
    needs_record: bool

    def look(self, states: Sequence[State], person: Any, now_us: int) -> Look:  # noqa: ANN401  (a Person, or None)
        """As of now. `person` may be None where no record is needed."""

    def compare(self, glance: "Glance", now_us: int) -> "Said | None":
        """What new events change of it; None where a record is needed. Raises nothing."""


class Said(NamedTuple):
    """What a cell said before and says after some events, and until when that is sure."""

    cell: "Cell"
    before: Hashable
    after: Hashable
    until: int


@dataclass
class Glance:
    """One metric of a person before and after some events. `news`: of moments, what came: (time, bits)."""

    number: int
    before: Sequence[State]
    after: Sequence[State]
    news: Sequence[tuple[int, int]]

    @cached_property
    def times(self) -> list[tuple[int, list[int]]]:
        """Of moments all that there are, by time."""
        return moments_in(self.after, self.number, -FOREVER)

    @cached_property
    def bits(self) -> int:
        """Of moments: everything that what came is."""
        return reduce(or_, (bits for _, bits in self.news))

    @cached_property
    def are_newest(self) -> bool:
        """Whether what came is later than all that was there."""
        first = min(ts for ts, _ in self.news)
        return all(ts < first for state in self.before for ts in state.get(self.number, ()))


class Figure:
    """A number, and where it lies among all those that rules compare it with."""

    def __init__(self, number: int, metric: Metric, measure: Measure, window: Window, bound: Bound) -> None:
        self.number, self.needs_record = number, bool(window.since_trait)
        self._metric, self._measure, self._window, self._bound = metric, measure, window, bound
        self._in_millionths = measure in ("sum", "average")
        self.is_count = measure == "count"
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

    def look(self, states: Sequence[State], person: Any, now_us: int) -> Look:  # noqa: ANN401  (as Cell)
        """The place, and until when."""
        found = in_window(states, self.number, self._metric, self._bound(person, now_us))
        if self._measure == "count":
            whole: Any = sum(partial for _, partial in found)
        else:
            whole = merged(self._metric, [partial for _, partial in found])
        place = self._rank(whole)
        if self._window.last is None or not found:
            return place, FOREVER
        if self._metric.fold in _DROPPED and self._measure in _DROPPED:
            return place, self._until(found, whole, place)
        return place, leaves_at(min(bucket for bucket, _ in found), self._metric.grain_us, self._window)

    def compare(self, glance: Glance, now_us: int) -> Said | None:
        """As Cell. Of counts what was before is what is now without the news."""
        if self.needs_record:
            return None
        if self._measure != "count":
            return _compared(self, glance, now_us)
        bound = self._bound(None, now_us) or 0
        found = in_window(glance.after, self.number, self._metric, bound)
        total = sum(partial for _, partial in found)
        place = self._place_of(total)
        before = self._place_of(total - sum(ts >= bound for ts, _ in glance.news))
        is_moving = self._window.last is not None and found
        return Said(self, before, place, self._until(found, total, place) if is_moving else FOREVER)

    def _until(self, found: list[tuple[int, Partial]], whole: Partial, place: int) -> int:
        """Until so many buckets have left the window that the figure is elsewhere."""
        is_sum, total = self._measure == "sum", whole[1] if self._measure == "sum" else whole
        if len(found) == 1:
            leaving = found
        else:
            together: dict[int, int] = {}
            for bucket, partial in found:
                together[bucket] = together.get(bucket, 0) + (partial[1] if is_sum else partial)
            leaving = sorted(together.items())
            is_sum = False
        for bucket, partial in leaving:
            total -= partial[1] if is_sum else partial
            if self._place_of(total) != place:
                return leaves_at(bucket, self._metric.grain_us, self._window)
        return FOREVER

    def _place_of(self, value: Any) -> int:  # noqa: ANN401  (a number)
        return bisect_left(self._cuts, value) + bisect_right(self._cuts, value)

    def _rank_of(self, whole: Partial | None) -> int:
        value = (whole[1] if whole else 0) if self._measure == "sum" else MEASURES[self._measure](whole)
        return 2 * len(self._cuts) + 1 if value is None else self._place_of(value)

    def _rank_of_average(self, whole: Partial | None) -> int:
        n, total = whole or (0, 0)
        if not n:
            return 2 * len(self._cuts) + 1
        at_least = sum(1 for cut in self._cuts if total >= cut * n)
        return at_least + sum(1 for cut in self._cuts if total > cut * n)


class Sequenced:
    """Whether there is a sequence. `last`: the bit of its last step."""

    needs_record = False

    def __init__(self, number: int, way: Way) -> None:
        self.number, self._way, self.last = number, way, 1 << (len(way.within) - 1)

    def look(self, states: Sequence[State], person: Any, now_us: int) -> Look:  # noqa: ANN401  (as Cell)
        """Yes or no, and until when."""
        return self._way.held(states, self.number, now_us)

    def compare(self, glance: Glance, now_us: int) -> Said | None:
        """As Cell. Of events that come after all that was there only a last step can end a sequence, and what they
        exclude or forbid lies ahead of them: mostly nothing need be walked."""
        if not glance.are_newest:
            return _compared(self, glance, now_us)
        ends = [ts for ts, bits in glance.news if bits & self.last]
        if not ends:
            return Said(self, None, None, FOREVER)
        if self._way.follows is not None:  # it must be waited for
            return Said(self, None, None, min(ends) + self._way.idle_us + 1)
        begin = self._way.begin_of_end(glance.times, min(ends), now_us)
        if begin is None:
            return Said(self, None, None, FOREVER)
        is_before, _ = self._way.held(glance.before, self.number, now_us)
        return Said(self, is_before, True, self._way.stays_until(begin))


class Computed:
    """A computed trait that rules ask as they ask a trait."""

    def __init__(self, number: int, metric: Metric, measure: Measure, window: Window, bound: Bound) -> None:
        self.number, self.needs_record = number, bool(window.since_trait)
        self._metric, self._measure, self._window, self._bound = metric, measure, window, bound

    def look(self, states: Sequence[State], person: Any, now_us: int) -> Look:  # noqa: ANN401  (as Cell)
        """The value, lists as tuples, and until when."""
        if self._measure == "days_since":
            return days_since(states, self.number, now_us)
        found = in_window(states, self.number, self._metric, self._bound(person, now_us))
        value = MEASURES[self._measure](merged(self._metric, [partial for _, partial in found]))
        until = FOREVER
        if found and self._window.last is not None:
            until = leaves_at(min(bucket for bucket, _ in found), self._metric.grain_us, self._window)
        return (tuple(value) if isinstance(value, list) else value), until

    def compare(self, glance: Glance, now_us: int) -> Said | None:
        """As Cell."""
        return None if self.needs_record else _compared(self, glance, now_us)


@dataclass(frozen=True)
class Cells:
    """All that is read off one metric. `last`: bits of the last steps of its sequences.

    `needs_before`: something of it can't be told from what there is now and what came.
    """

    every: tuple[Cell, ...]
    last: int
    needs_before: bool

    def that_may_move(self, glance: Glance) -> tuple[Cell, ...]:
        """Sequences don't move while what comes is later than all there is, and no last step."""
        return () if self.last and not glance.bits & self.last and glance.are_newest else self.every


def cells_of_metric(cells: Sequence[Cell]) -> Cells:
    """All cells of one metric."""
    last = reduce(or_, (cell.last for cell in cells if isinstance(cell, Sequenced)), 0)
    return Cells(tuple(cells), last, not all(isinstance(cell, Figure) and cell.is_count for cell in cells))


def _compared(cell: Cell, glance: Glance, now_us: int) -> Said:
    after, until = cell.look(glance.after, None, now_us)
    return Said(cell, cell.look(glance.before, None, now_us)[0], after, until)
