"""Everything that rules read off one metric, as bits of the number that `answers.py` keeps by person. Pure."""

from collections.abc import Sequence

from onefold.audiences.asked import Asked, Person
from onefold.audiences.cells import Cell, Figure, News, Read, Sequenced
from onefold.audiences.folding import State
from onefold.audiences.measuring import moments_in
from onefold.audiences.series import MOMENT, Series, joined_moments
from onefold.filters.api import FOREVER


class Reading:
    """Everything that rules read off one metric without knowing who somebody is. `mask`: its bits."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.mask = 0
        self._figures: dict[Figure, list[tuple[int, list[bool]]]] = {}
        self._sequences: list[tuple[Sequenced, int]] = []
        self._newest: list[_Newest] = []
        self._others: list[tuple[int, Asked]] = []
        self._reads: list[Read] = []
        self.alone: Read | None = None
        """If there is one figure and nothing else: how it is read."""
        self.at_most = 0
        """Of one count what more of it doesn't change any more; 0 where there is nothing like it."""

    def add(self, bit: int, asked: Asked, cell: Cell, table: list[bool] | None) -> None:
        """One more condition. `table`: as `Leaf` has it."""
        self.mask |= bit
        if isinstance(cell, Figure) and table is not None:
            self._figures.setdefault(cell, []).append((bit, table))
        elif isinstance(cell, Sequenced):
            self._sequences.append((cell, bit))
        else:
            self._others.append((bit, asked))

    def seal(self) -> None:
        """All conditions are there."""
        for figure, found in self._figures.items():
            by_place = _bits_by_place(found)
            self._reads.append(figure.reader(by_place))
            last = by_place[-2]
            is_alone = len(self._figures) == 1 and not self._sequences and not self._others
            if is_alone:
                self.alone = self._reads[0]
            if is_alone and figure.is_count and all(bits == last for bits in by_place[by_place.index(last) : -1]):
                self.at_most = last
        lasts = sorted({cell.last for cell, _ in self._sequences})
        self._newest = [_Newest(last, [one for one in self._sequences if one[0].last == last]) for last in lasts]

    def read(
        self, before: int, states: Sequence[State], news: News | None, now_us: int, due_us: int
    ) -> tuple[int, int]:
        """The bits of this metric that hold, and until when they are sure, `due_us` at the latest."""
        bits, until = 0, due_us
        for read in self._reads:
            held, until = read(states, now_us, until)
            bits |= held
        if self._sequences:
            held, until = self._held_sequences(before, states, news, now_us, until)
            bits |= held
        if self._others:
            alone = Person(0, states)
            for bit, asked in self._others:
                is_held, sure_until = asked(alone, now_us)
                bits |= bit if is_held else 0
                until = min(until, sure_until)
        return bits, until

    def _held_sequences(
        self, before: int, states: Sequence[State], news: News | None, now_us: int, until: int
    ) -> tuple[int, int]:
        """What comes later than all that was there can only end a sequence by its last step, and what is excluded or
        forbidden lies ahead of it: mostly nothing need be walked."""
        if news is not None and news.are_newest:
            held = 0
            for newest in self._newest:
                held |= before & newest.mask
                ends = [ts for ts, bits in news.times if bits & newest.last]
                if ends:
                    more, until = newest.held(before, states, self._number, ends, now_us, until)
                    held |= more
            return held, until
        held = 0
        for cell, bit in self._sequences:
            is_held, sure_until = cell.held(states, now_us)
            held |= bit if is_held else 0
            until = min(until, sure_until)
        return held, until


class _Newest:
    """Sequences whose last step has the same bit, asked after it came, and is the latest of all moments."""

    def __init__(self, last: int, sequences: list[tuple[Sequenced, int]]) -> None:
        self.last = last
        self.mask = sum(bit for _, bit in sequences)
        waits = [cell.waits_us for cell, _ in sequences if cell.waits_us is not None]
        self._waits_us = min(waits, default=FOREVER)
        """When one is over at the earliest, of those after which something must not follow for so long."""
        asked = [(cell, bit) for cell, bit in sequences if cell.waits_us is None]
        self._walked = [one for one in asked if not one[0].has_two_steps]
        pairs = [one for one in asked if one[0].has_two_steps]
        excluding = sorted({cell.excluded for cell, _ in pairs})
        self._pairs = [(excluded, [one for one in pairs if one[0].excluded == excluded]) for excluded in excluding]
        self._pair_mask = sum(bit for _, bit in pairs)

    def held(
        self, before: int, states: Sequence[State], number: int, ends: list[int], now_us: int, until: int
    ) -> tuple[int, int]:
        """Which hold now and didn't, and until when all is sure. `ends`: when the last step came."""
        held, end = 0, min(ends)
        until = min(until, end + self._waits_us)
        walked = self._walked
        if self._pair_mask & ~before:
            series = [one for state in states if (one := state.get(number))]
            together = series[0] if len(series) == 1 else joined_moments(series)
            if together[-MOMENT] == end and together[-MOMENT - 2 : -MOMENT - 1] != [end]:
                for excluded, pairs in self._pairs:
                    more, until = _held_pairs(before, together, excluded, pairs, now_us, until)
                    held |= more
            else:
                walked = [*walked, *(one for _, pairs in self._pairs for one in pairs)]
        if any(not before & bit for _, bit in walked):
            moments = moments_in(states, number, -FOREVER)
            for cell, bit in walked:
                if not before & bit:
                    is_held, sure_until = cell.ends_at(moments, end, now_us)
                    held |= bit if is_held else 0
                    until = min(until, sure_until)
        return held, until


def _held_pairs(
    before: int, together: Series, excluded: int, pairs: list[tuple[Sequenced, int]], now_us: int, until: int
) -> tuple[int, int]:
    """Of sequences of two steps that exclude the same, where the last of all moments alone is the second: they begin
    with the latest first step behind which nothing excluded lies. Cost: the moments back to that."""
    end, at = together[-MOMENT], len(together) - 2 * MOMENT
    stop = end - max(cell.within_us for cell, _ in pairs)
    begin = None
    while at >= 0 and together[at] >= stop and begin is None:
        ts, every = together[at], 0
        while at >= 0 and together[at] == ts:
            every |= together[at + 1]
            at -= MOMENT
        if every & 1:
            begin = ts
        elif every & excluded:
            break
    held = 0
    if begin is not None:
        for cell, bit in pairs:
            if not before & bit and begin >= end - cell.within_us and begin >= cell.since(now_us):
                held |= bit
                until = min(until, cell.stays_until(begin))
    return held, until


def _bits_by_place(found: list[tuple[int, list[bool]]]) -> list[int]:
    """Of a figure those that hold, by its place."""
    return [sum(bit for bit, table in found if table[place]) for place in range(len(found[0][1]))]
