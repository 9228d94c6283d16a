"""Everything that rules read off one metric, as bits of the number that `answers.py` keeps by person. Pure."""

from collections.abc import Sequence
from functools import partial

from onefold.audiences.asked import Asked, Person
from onefold.audiences.cells import Cell, Figure, News, Read, Sequenced, Totals
from onefold.audiences.folding import State
from onefold.audiences.measuring import moments_in
from onefold.audiences.series import MOMENT, Series, joined_moments
from onefold.filters.api import FOREVER


class Figures:
    """What rules read off a metric of numbers or values without knowing who somebody is. `mask`: its bits; `read`: how
    (all of them, and until when they are sure)."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.mask = 0
        self._figures: dict[Figure, list[tuple[int, list[bool]]]] = {}
        self._others: list[tuple[int, Asked]] = []
        self._reads: list[Read] = []
        self.read: Read = self._read_all
        self.at_most = 0
        """Of counts what more of them doesn't change any more; 0 where there is nothing like it."""

    def add(self, bit: int, asked: Asked, cell: Cell, table: list[bool] | None) -> None:
        """One more condition. `table`: as `Leaf` has it."""
        self.mask |= bit
        if isinstance(cell, Figure) and table is not None:
            self._figures.setdefault(cell, []).append((bit, table))
        else:
            self._others.append((bit, asked))

    def seal(self) -> None:
        """All conditions are there."""
        by_place = {figure: _bits_by_place(found) for figure, found in self._figures.items()}
        totals = [(figure, bits) for figure, bits in by_place.items() if figure.is_total]
        if totals:
            self._reads.append(Totals(self._number, totals).read)
        self._reads += [partial(figure.bits, bits) for figure, bits in by_place.items() if not figure.is_total]
        if len(self._reads) == 1 and not self._others:
            self.read = self._reads[0]
            if all(figure.is_count and _is_settled(bits) for figure, bits in by_place.items()):
                self.at_most = sum(bits[-2] for bits in by_place.values())

    def _read_all(self, states: Sequence[State], now_us: int, due_us: int) -> tuple[int, int]:
        bits = 0
        for read in self._reads:
            held, due_us = read(states, now_us, due_us)
            bits |= held
        if self._others:
            alone = Person(0, states)
            for bit, asked in self._others:
                is_held, sure_until = asked(alone, now_us)
                bits |= bit if is_held else 0
                due_us = min(due_us, sure_until)
        return bits, due_us


class Sequences:
    """What rules read off a metric of moments. `mask`: its bits."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.mask = 0
        self._sequences: list[tuple[Sequenced, int]] = []
        self._newest: list[_Newest] = []
        self._forbidden: list[_Forbidden] = []
        self._lasts = self._follows = 0

    def add(self, bit: int, cell: Sequenced) -> None:
        """One more."""
        self.mask |= bit
        self._sequences.append((cell, bit))

    def seal(self) -> None:
        """All are there."""
        lasts = sorted({cell.last for cell, _ in self._sequences})
        self._newest = [_Newest(last, [one for one in self._sequences if one[0].last == last]) for last in lasts]
        waiting = [(cell, bit) for cell, bit in self._sequences if cell.follows]
        self._forbidden = [
            _Forbidden(*key, [(cell, bit) for cell, bit in waiting if (cell.follows, cell.last) == key])
            for key in sorted({(cell.follows, cell.last) for cell, _ in waiting})
        ]
        self._lasts = sum(lasts)
        self._follows = sum({cell.follows for cell, _ in waiting})

    def read(self, states: Sequence[State], now_us: int, due_us: int) -> tuple[int, int]:
        """Those that hold, and until when that is sure, `due_us` at the latest."""
        held = 0
        moments = moments_in(states, self._number, min(cell.since(now_us) for cell, _ in self._sequences))
        for cell, bit in self._sequences:
            is_held, sure_until = cell.held(moments, now_us)
            held |= bit if is_held else 0
            due_us = min(due_us, sure_until)
        return held, due_us

    def follow(self, before: int, states: Sequence[State], news: News, now_us: int, due_us: int) -> tuple[int, int]:
        """The same after moments came. `before`: bits that were right until then.

        What comes later than all that was there can only end a sequence by its last step, and what is excluded lies
        ahead of it: mostly nothing need be walked. But what must not follow may have come too late to be waited for.
        """
        if not news.are_newest:
            return self.read(states, now_us, due_us)
        if news.every & self._follows and any(
            one.has_come(before, states, self._number, news, now_us) for one in self._forbidden
        ):
            return self.read(states, now_us, due_us)
        held, until = before & self.mask, due_us
        if news.every & self._lasts:
            for newest in self._newest:
                if news.every & newest.last:
                    more, until = newest.held(before, states, self._number, news, now_us, until)
                    held |= more
        if until <= now_us:  # it came so late that what it waits for is over
            return self.read(states, now_us, due_us)
        return held, until


class _Forbidden:
    """What must not follow the last step of sequences for some time; of those with the same bits for both."""

    def __init__(self, follows: int, last: int, sequences: list[tuple[Sequenced, int]]) -> None:
        self._follows, self._last = follows, last
        self._idles_us = sorted({cell.idle_us for cell, _ in sequences})
        self._mask = sum(bit for _, bit in sequences)

    def has_come(self, before: int, states: Sequence[State], number: int, news: News, now_us: int) -> bool:
        """Whether one that holds, because its time was over, may hold no longer: this came late, and lies within that
        time. Cost: the moments of the longest such time."""
        if not before & self._mask or not news.every & self._follows:
            return False
        came = min(ts for ts, bits in news.times if bits & self._follows)
        begin, last = came - self._idles_us[-1], self._last
        for state in states:
            series = state.get(number, ())
            at = len(series) - MOMENT
            while at >= 0 and series[at] >= begin:
                if series[at + 1] & last and any(came <= series[at] + idle < now_us for idle in self._idles_us):
                    return True
                at -= MOMENT
        return False


class _Newest:
    """Sequences whose last step has the same bit, asked after it came, and later than all that was there before."""

    def __init__(self, last: int, sequences: list[tuple[Sequenced, int]]) -> None:
        self.last = last
        self._waits_us = min((cell.idle_us + 1 for cell, _ in sequences if cell.follows), default=FOREVER)
        """How long at least one waits for what must not follow."""
        asked = [(cell, bit) for cell, bit in sequences if not cell.follows]
        pairs = [one for one in asked if one[0].has_two_steps]
        self._walked = [one for one in asked if not one[0].has_two_steps]
        self._pairs = [
            _Pairs(key, [one for one in pairs if (one[0].first, one[0].excluded) == key])
            for key in sorted({(cell.first, cell.excluded) for cell, _ in pairs})
        ]

    def held(
        self, before: int, states: Sequence[State], number: int, news: News, now_us: int, until: int
    ) -> tuple[int, int]:
        """Which hold now and didn't, and until when all is sure."""
        ends = [ts for ts, bits in news.times if bits & self.last]
        held, end, walked = 0, min(ends), self._walked
        until = min(until, end + self._waits_us)
        if missing := [one for one in self._pairs if one.mask & ~before]:
            series = [one for state in states if (one := state.get(number))]
            together = series[0] if len(series) == 1 else joined_moments(series)
            at = _place_alone(together, end) if len(ends) == 1 else None
            if at is None:
                walked = [*walked, *(one for pairs in missing for one in pairs.sequences)]
            else:
                for pairs in missing:
                    more, until = pairs.held(before, together, at, now_us, until)
                    held |= more
        if asked := [one for one in walked if not before & one[1]]:
            moments = moments_in(states, number, min(cell.may_begin(end, now_us) for cell, _ in asked))
            for cell, bit in asked:
                is_held, sure_until = cell.ends_at(moments, end, now_us)
                held |= bit if is_held else 0
                until = min(until, sure_until)
        return held, until


class _Pairs:
    """Sequences of two steps, of the same first one, that exclude the same; asked of a moment that alone is the second
    and has its time for itself. They begin with the latest first step behind which nothing excluded lies."""

    def __init__(self, key: tuple[int, int], sequences: list[tuple[Sequenced, int]]) -> None:
        self.sequences, (self._first, self._excluded) = sequences, key
        self.mask = sum(bit for _, bit in sequences)
        self._within_us = max(cell.within_us for cell, _ in sequences)
        self._asked_at, self._since = -1, [0] * len(sequences)

    def held(self, before: int, together: Series, at: int, now_us: int, until: int) -> tuple[int, int]:
        """Which hold now and didn't, and until when. `at`: the place of the second step. Cost: the moments back to the
        one that decides."""
        begin, end = self._begin(together, at), together[at]
        if begin is None:
            return 0, until
        if now_us != self._asked_at:
            self._asked_at, self._since = now_us, [cell.since(now_us) for cell, _ in self.sequences]
        held = 0
        for (cell, bit), since_us in zip(self.sequences, self._since, strict=True):
            if not before & bit and begin >= since_us and begin >= end - cell.within_us:
                held |= bit
                until = min(until, cell.stays_until(begin))
        return held, until

    def _begin(self, together: Series, end_at: int) -> int | None:
        first, excluded, at = self._first, self._excluded, end_at - MOMENT
        stop = together[end_at] - self._within_us
        while at >= 0 and together[at] >= stop:
            ts, every = together[at], together[at + 1]
            at -= MOMENT
            while at >= 0 and together[at] == ts:
                every |= together[at + 1]
                at -= MOMENT
            if every & first:
                return ts
            if every & excluded:
                return None
        return None


def _place_alone(series: Series, ts: int) -> int | None:
    """Where the moment of this time stands, one of the latest; None if several are of it."""
    at = len(series) - MOMENT
    while series[at] > ts:
        at -= MOMENT
    return None if at and series[at - MOMENT] == ts else at


def _is_settled(by_place: list[int]) -> bool:
    """Whether a count that has come where the bits of the highest place hold stays there however far it rises."""
    last = by_place[-2]
    return all(bits == last for bits in by_place[by_place.index(last) : -1])


def _bits_by_place(found: list[tuple[int, list[bool]]]) -> list[int]:
    """Of a figure those that hold, by its place."""
    return [sum(bit for bit, table in found if table[place]) for place in range(len(found[0][1]))]
