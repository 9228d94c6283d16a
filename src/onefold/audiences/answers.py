"""Which conditions of live rules hold for somebody, as the bits of one number. Pure.

The stream keeps the number by person. An event moves the bits of what is read off the metrics that it counts for, and
an audience whose bits stay as they were isn't asked. Bulk says the same of everybody by SQL (`compile.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from onefold.audiences.asked import Asked, Person, key_of_part, record_reader
from onefold.audiences.cells import Cell, News, Sequenced
from onefold.audiences.folding import State
from onefold.audiences.readings import Figures, Sequences
from onefold.filters.api import FOREVER, AllOf, AnyOf, Consents, Group, Held, InAudience, Node, NoneOf

LAYOUT_BYTES: Final = 8
Decide = Callable[[int], bool]
"""Of the bits of somebody: whether a rule holds."""


Test = Callable[[Any, int], Held]
"""Of a value, and of now in µs: whether it holds, and until when that is sure."""


class Leaf(NamedTuple):
    """A condition of a rule as it is asked.

    `cell`: what it reads off a metric, None if nothing; `table`: of a figure whether it holds, by its place. `field`,
    `test`: of a column or trait.
    """

    asked: Asked
    cell: Cell | None = None
    table: list[bool] | None = None
    field: str = ""
    test: Test | None = None


class Judged(NamedTuple):
    """An audience. `uses`: the bits that its rule asks; `member`: the bit of who is in."""

    id: int
    uses: int
    decide: Decide
    member: int


class Answers:
    """Of all live audiences. Built once for a configuration: some 20 µs a condition.

    `layout`: equal where bits mean the same, and were kept all the time since (`era`).
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
            self.judged[number] = Judged(number, uses, self._decide(rule, rule_of), 1 << number)
        self._gates = {_gate(rule) for rule in rules.values()}
        self.may_be_in_any = lru_cache(1_000)(self._may_be_in_any)
        self._record: list[tuple[int, Asked]] = []
        fields: dict[str, list[tuple[int, Test]]] = {}
        self._consents: list[tuple[int, Asked]] = []
        self._figures: dict[int, Figures] = {}
        self._sequences: dict[int, Sequences] = {}
        self.on_record: set[int] = set()
        """Metrics that can't be read without knowing who somebody is."""
        for key, leaf in leaves.items():
            bit, condition = self._bits[key], leaf_of(leaf)
            if isinstance(leaf, Consents):
                self._consents.append((bit, condition.asked))
            elif condition.test is not None:
                fields.setdefault(condition.field, []).append((bit, condition.test))
            elif condition.cell is None or condition.cell.needs_record:  # it asks who somebody is
                self._record.append((bit, condition.asked))
                if condition.cell is not None:
                    self.on_record.add(condition.cell.number)
            elif isinstance(condition.cell, Sequenced):
                number = condition.cell.number
                self._sequences.setdefault(number, Sequences(number)).add(bit, condition.cell)
            else:
                number = condition.cell.number
                figures = self._figures.setdefault(number, Figures(number))
                figures.add(bit, condition.asked, condition.cell, condition.table)
        for reading in self._readings():
            reading.seal()
        self._fields = [(record_reader(field), tests) for field, tests in fields.items()]
        self._touching = [
            tuple((one.decide, one.member) for one in self.judged.values() if one.uses >> place & 1)
            for place in range(len(self._bits))
        ]

    def _readings(self) -> Iterator[Figures | Sequences]:
        yield from self._figures.values()
        yield from self._sequences.values()

    def _may_be_in_any(self, consents: str) -> bool:
        """False where what somebody allows, an object of JSON or "", keeps them out of all audiences."""
        said = msgspec.json.decode(consents) if consents else {}
        return any(gate is None or said.get(gate) is True for gate in self._gates)

    def look(self, person: Person, now_us: int) -> tuple[int, int]:
        """All bits, and until when they are sure if nothing happens. Cost: 1 µs a condition or less."""
        bits, until = self.of_record(0, person, now_us)
        bits = self.of_consents(bits, person)
        for reading in self._readings():
            held, until = reading.read(person.states, now_us, until)
            bits |= held
        return bits, until

    def of_record(self, bits: int, person: Person, now_us: int) -> tuple[int, int]:
        """With those that ask who somebody is."""
        until = FOREVER
        for value_of, tests in self._fields:
            value = value_of(person)
            for bit, test in tests:
                is_held, sure_until = test(value, now_us)
                bits = bits | bit if is_held else bits & ~bit
                until = min(until, sure_until)
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
        of_figures, of_sequences = self._figures.get, self._sequences.get
        for number in counted:
            if (figures := of_figures(number)) is not None:
                known = bits & figures.mask
                if known and known == figures.at_most:
                    continue
                held, due_us = figures.read(states, now_us, due_us)
            elif (sequences := of_sequences(number)) is not None:
                known = bits & sequences.mask
                held, due_us = sequences.follow(bits, states, news[number], now_us, due_us)
            else:
                continue
            if held != known:
                bits ^= held ^ known
        return bits, due_us

    def moved_by(self, changed: int, bits: int, members: int) -> int:
        """The audiences that somebody is in after these bits changed, by bits of their numbers. Those that ask
        one of them are asked."""
        while changed:
            low = changed & -changed
            for decide, member in self._touching[low.bit_length() - 1]:
                if decide(bits):
                    members |= member
                elif members & member:
                    members ^= member
            changed ^= low
        return members

    def audiences_of(self, bits: int) -> int:
        """Those whose rule holds, by bits of their numbers."""
        return sum(one.member for one in self.judged.values() if one.decide(bits))

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
