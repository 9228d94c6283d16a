"""Which conditions of live rules hold for somebody, as the bits of one number. Pure.

The stream keeps the number by person. An event moves the bits of what is read off the metrics that it counts for, and
an audience whose bits stay as they were isn't asked. Bulk says the same of everybody by SQL (`compile.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from onefold.audiences.asked import Asked, Person, key_of_part
from onefold.audiences.cells import Cell, Figure, News, Read, Sequenced
from onefold.audiences.folding import State
from onefold.audiences.measuring import moments_in
from onefold.filters.api import FOREVER, AllOf, AnyOf, Consents, Group, InAudience, Node, NoneOf

LAYOUT_BYTES: Final = 8
Decide = Callable[[int], bool]
"""Of the bits of somebody: whether a rule holds."""


class Leaf(NamedTuple):
    """A condition of a rule as it is asked.

    `cell`: what it reads off a metric, None if nothing; `table`: of a figure whether it holds, by its place.
    """

    asked: Asked
    cell: Cell | None = None
    table: list[bool] | None = None


class Judged(NamedTuple):
    """An audience. `uses`: the bits that its rule asks."""

    id: int
    uses: int
    decide: Decide


class Answers:
    """Of all live audiences. Built once for a configuration: some 20 µs a condition.

    `layout`: equal where bits mean the same, and were kept all the time since (`era`). What shares of people begin at
    isn't part of it: whom a move of that concerns is looked at (`filling.py`).
    """

    def __init__(
        self, rules: Mapping[int, Node], rule_of: Callable[[int], Node], leaf_of: Callable[[Node], Leaf], era: str = ""
    ) -> None:
        leaves = {key_of_part(leaf): leaf for rule in rules.values() for leaf in _leaves(rule, rule_of)}
        self._bits = {key: 1 << place for place, key in enumerate(sorted(leaves))}
        self.layout = blake2b("\n".join((era, *self._bits)).encode(), digest_size=LAYOUT_BYTES).digest()
        self.judged: dict[int, Judged] = {}
        for number, rule in rules.items():
            uses = 0
            for leaf in _leaves(rule, rule_of):
                uses |= self._bits[key_of_part(leaf)]
            self.judged[number] = Judged(number, uses, self._decide(rule, rule_of))
        self._gates = {_gate(rule) for rule in rules.values()}
        self.may_be_in_any = lru_cache(1_000)(self._may_be_in_any)
        self._record: list[tuple[int, Asked]] = []
        self._consents: list[tuple[int, Asked]] = []
        readings: dict[int, Reading] = {}
        self.on_record: set[int] = set()
        """Metrics that can't be read without knowing who somebody is."""
        for key, leaf in leaves.items():
            bit, condition = self._bits[key], leaf_of(leaf)
            if isinstance(leaf, Consents):
                self._consents.append((bit, condition.asked))
            elif condition.cell is None or condition.cell.needs_record:  # it asks who somebody is
                self._record.append((bit, condition.asked))
                if condition.cell is not None:
                    self.on_record.add(condition.cell.number)
            else:
                number = condition.cell.number
                readings.setdefault(number, Reading(number)).add(bit, condition)
        for reading in readings.values():
            reading.seal()
        self._readings = readings
        self._touching = [
            tuple(one for one in self.judged.values() if one.uses >> place & 1) for place in range(len(self._bits))
        ]

    def _may_be_in_any(self, consents: str) -> bool:
        """False where what somebody allows, an object of JSON or "", keeps them out of all audiences."""
        said = msgspec.json.decode(consents) if consents else {}
        return any(gate is None or said.get(gate) is True for gate in self._gates)

    def look(self, person: Person, now_us: int) -> tuple[int, int]:
        """All bits, and until when they are sure if nothing happens. Cost: 1 µs a condition or less."""
        bits, until = self.of_record(0, person, now_us)
        bits = self.of_consents(bits, person)
        for reading in self._readings.values():
            bits, until = reading.read(bits, person.states, None, now_us, until)
        return bits, until

    def of_record(self, bits: int, person: Person, now_us: int) -> tuple[int, int]:
        """With those that ask who somebody is."""
        until = FOREVER
        for bit, asked in self._record:
            is_held, sure_until = asked(person, now_us)
            bits = bits | bit if is_held else bits & ~bit
            until = min(until, sure_until)
        return bits, until

    def of_consents(self, bits: int, person: Person) -> int:
        """With those that ask what somebody allows."""
        for bit, asked in self._consents:
            bits = bits | bit if asked(person, 0)[0] else bits & ~bit
        return bits

    def follow(
        self,
        bits: int,
        counted: Iterable[int],
        states: Sequence[State],
        news: Mapping[int, News],
        now_us: int,
        due_us: int,
    ) -> tuple[int, int]:
        """With those that read metrics for which events counted, and until when they are sure, `due_us` at the latest.

        The bits must have been right before the events; `news`: of moments what came.
        """
        readings = self._readings
        for number in counted:
            reading = readings.get(number)
            if reading is not None and not (reading.at_most and bits & reading.mask == reading.at_most):
                bits, due_us = reading.read(bits, states, news.get(number), now_us, due_us)
        return bits, due_us

    def decided_by(self, changed: int) -> Iterable[Judged]:
        """The audiences that ask one of these bits."""
        found: dict[int, Judged] = {}
        while changed:
            low = changed & -changed
            for one in self._touching[low.bit_length() - 1]:
                found[one.id] = one
            changed ^= low
        return found.values()

    def audiences_of(self, bits: int) -> set[int]:
        """Those whose rule holds."""
        return {one.id for one in self.judged.values() if one.decide(bits)}

    def _decide(self, node: Node, rule_of: Callable[[int], Node]) -> Decide:
        if isinstance(node, InAudience):
            inner = self._decide(rule_of(node.audience), rule_of)
            return inner if node.value else lambda bits: not inner(bits)
        if not isinstance(node, Group):
            bit = self._bits[key_of_part(node)]
            return lambda bits: bits & bit != 0
        mask, parts = 0, []
        for one in _flat(node):
            if isinstance(one, Group | InAudience):
                parts.append(self._decide(one, rule_of))
            else:
                mask |= self._bits[key_of_part(one)]
        return _DECIDES[type(node)](mask, parts)


class Reading:
    """Everything that rules read off one metric without knowing who somebody is. `mask`: its bits."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.mask = 0
        self._figures: dict[Figure, list[tuple[int, list[bool]]]] = {}
        self._sequences: list[tuple[Sequenced, int]] = []
        self._by_last: dict[int, list[tuple[Sequenced, int]]] = {}
        self._sequence_mask = 0
        self._others: list[tuple[int, Asked]] = []
        self._reads: list[Read] = []
        self.at_most = 0
        """Of one count what more of it doesn't change any more; 0 where there is nothing like it."""

    def add(self, bit: int, condition: Leaf) -> None:
        """One more condition."""
        self.mask |= bit
        if isinstance(condition.cell, Figure) and condition.table is not None:
            self._figures.setdefault(condition.cell, []).append((bit, condition.table))
        elif isinstance(condition.cell, Sequenced):
            self._sequences.append((condition.cell, bit))
            self._by_last.setdefault(condition.cell.last, []).append((condition.cell, bit))
            self._sequence_mask |= bit
        else:
            self._others.append((bit, condition.asked))

    def seal(self) -> None:
        """All conditions are there."""
        for figure, found in self._figures.items():
            by_place = _bits_by_place(found)
            self._reads.append(figure.reader(by_place))
            last = by_place[-2]
            is_alone = len(self._figures) == 1 and not self._sequences and not self._others
            if is_alone and figure.is_count and all(bits == last for bits in by_place[by_place.index(last) : -1]):
                self.at_most = last

    def read(
        self, before: int, states: Sequence[State], news: News | None, now_us: int, due_us: int
    ) -> tuple[int, int]:
        """The bits of this metric that hold, and until when they are sure, `due_us` at the latest."""
        bits, until = before & ~self.mask, due_us
        for read in self._reads:
            held, until = read(states, now_us, until)
            bits |= held
        if self._sequences:
            held, sure_until = self._held_sequences(before, states, news, now_us)
            bits |= held
            until = min(until, sure_until)
        if self._others:
            alone = Person(0, states)
            for bit, asked in self._others:
                is_held, sure_until = asked(alone, now_us)
                bits |= bit if is_held else 0
                until = min(until, sure_until)
        return bits, until

    def _held_sequences(self, before: int, states: Sequence[State], news: News | None, now_us: int) -> tuple[int, int]:
        """What comes later than all that was there can only end a sequence by its last step, and what is excluded or
        forbidden lies ahead of it: mostly nothing need be walked."""
        until, held = FOREVER, 0
        if news is None or not news.are_newest:
            for cell, bit in self._sequences:
                is_held, sure_until = cell.held(states, now_us)
                held |= bit if is_held else 0
                until = min(until, sure_until)
            return held, until
        moments = None
        for last, cells in self._by_last.items():
            ends = [ts for ts, bits in news.times if bits & last]
            for cell, bit in cells if ends else ():
                if cell.waits_us is not None:  # it is over at the earliest when nothing followed for so long
                    until = min(until, min(ends) + cell.waits_us)
                elif not before & bit:
                    if moments is None:
                        moments = moments_in(states, self._number, -FOREVER)
                        if not any(code & 1 for _, codes in moments for code in codes):  # none has begun
                            break
                    is_held, sure_until = cell.ends_at(moments, min(ends), now_us)
                    held |= bit if is_held else 0
                    until = min(until, sure_until)
        return held | before & self._sequence_mask, until


def _bits_by_place(found: list[tuple[int, list[bool]]]) -> list[int]:
    """Of a figure those that hold, by its place."""
    return [sum(bit for bit, table in found if table[place]) for place in range(len(found[0][1]))]


def _every(mask: int, parts: list[Decide]) -> Decide:
    if not parts:
        return lambda bits: bits & mask == mask
    return lambda bits: bits & mask == mask and all(part(bits) for part in parts)


def _any(mask: int, parts: list[Decide]) -> Decide:
    if not parts:
        return lambda bits: bits & mask != 0
    return lambda bits: bits & mask != 0 or any(part(bits) for part in parts)


def _none(mask: int, parts: list[Decide]) -> Decide:
    is_any = _any(mask, parts)
    return lambda bits: not is_any(bits)


_DECIDES: dict[type, Callable[[int, list[Decide]], Decide]] = {AllOf: _every, AnyOf: _any, NoneOf: _none}


def _flat(group: Group) -> Iterator[Node]:
    """Its parts; of a group of the same kind within it that one's."""
    for one in group.of:
        if isinstance(one, AllOf | AnyOf) and type(one) is type(group):
            yield from _flat(one)
        else:
            yield one


def _leaves(node: Node, rule_of: Callable[[int], Node]) -> Iterator[Node]:
    """Conditions about the person, those of the audiences that it refers to in their place."""
    if isinstance(node, Group):
        for one in node.of:
            yield from _leaves(one, rule_of)
    elif isinstance(node, InAudience):
        yield from _leaves(rule_of(node.audience), rule_of)
    else:
        yield node


def _gate(rule: Node) -> str | None:
    """The purpose without which nobody is in; None where there is none."""
    parts = rule.of if isinstance(rule, AllOf) else ()
    return next((one.purpose for one in parts if isinstance(one, Consents) and one.op == "given"), None)
