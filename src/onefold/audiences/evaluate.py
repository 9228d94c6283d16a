"""Live audiences as one Python function: which of them is this person in now, and until when is that sure? Pure.

Bulk says the same of everybody by SQL (`compile.py`); tests hold both against each other and a plain reference.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from onefold.audiences.asked import (
    FIXED,
    MOMENTS,
    Asked,
    Person,
    any_of,
    at_company,
    company_rule,
    contrary_of,
    every,
    instant_of_trait,
    looked,
    read_record,
    remembered,
)
from onefold.audiences.cells import Cell, Figure, Said, Sequenced, cells_of_metric
from onefold.audiences.cells import Computed as ComputedCell
from onefold.audiences.folding import Folder
from onefold.audiences.measuring import (
    Way,
    bound_of,
    moments_of,
)
from onefold.audiences.metrics import Kept, key_of, metric_of
from onefold.audiences.references import company_fields, counts_in
from onefold.audiences.rules import COMPUTED, Computed, Scope
from onefold.filters.api import (
    FOREVER,
    AllOf,
    AtCompany,
    Consents,
    Did,
    Group,
    Held,
    InAudience,
    Listed,
    Node,
    NoneOf,
    PeopleIn,
    Sample,
    TopShare,
    matcher_of,
)
from onefold.filters.api import (
    Sequence as SequenceRule,
)


@dataclass(frozen=True, eq=False)
class Need:
    """A cell that a condition looks at; of a comparison its answers by place of the figure."""

    cell: Cell
    table: list[bool] | None = None

    def may_care(self, before: Any, after: Any) -> bool:  # noqa: ANN401  (what the cell says)
        """Whether the condition may be answered otherwise."""
        return before != after if self.table is None else self.table[before] is not self.table[after]


@dataclass(frozen=True)
class Live:
    """An audience as it is evaluated. `needs`: what may change its answer."""

    id: int
    asked: Asked
    needs: frozenset[Need]


class Evaluator:
    """All live audiences. Built once for a configuration: some 20 µs a condition.

    `numbers`: key of a metric → the number under which it is kept. `thresholds`: what a share of people begins at, by
    the key of the condition; None: of nobody.
    """

    def __init__(
        self,
        rules: Mapping[int, Node],
        scope: Scope,
        numbers: Mapping[str, int],
        thresholds: Mapping[str, float | None],
    ) -> None:
        self._scope, self.numbers, self.thresholds = scope, numbers, thresholds
        self._asked: dict[str, Asked] = {}
        self._needs: dict[str, frozenset[Need]] = {}
        self._cells: dict[tuple[Any, ...], Cell] = {}
        self.metrics: dict[int, Kept] = {}
        self.has_lists = self.asks_companies = self.asks_times = False
        self.counts: set[PeopleIn] = set()  # asked of people's companies
        self.live = [Live(number, *self._rule(rule)) for number, rule in rules.items()]
        self._by_cell: dict[Cell, dict[Need, list[Live]]] = {}
        for one in self.live:
            for need in one.needs:
                self._by_cell.setdefault(need.cell, {}).setdefault(need, []).append(one)
        by_metric: dict[int, list[Cell]] = {}
        for cell in self._cells.values():
            by_metric.setdefault(cell.number, []).append(cell)
            if isinstance(cell, Figure):
                cell.seal()
        self.cells_of = {number: cells_of_metric(cells) for number, cells in by_metric.items()}
        """By metric whatever rules read off it."""
        self.folder = Folder(self.metrics)

    def touched_by(self, changes: Iterable[Said]) -> list[Live]:
        """The audiences whose answer these changes may change: where a comparison holds as before, none."""
        found: dict[int, Live] = {}
        for cell, before, after, _ in changes:
            for need, live in self._by_cell.get(cell, {}).items():
                if need.may_care(before, after):
                    found.update((one.id, one) for one in live)
        return list(found.values())

    def reading(self, cell: Cell) -> Iterable[Live]:
        """The audiences that depend on what a cell says."""
        return (one for live in self._by_cell.get(cell, {}).values() for one in live)

    def evaluate(self, person: Person, live: Iterable[Live], now_us: int) -> tuple[set[int], int]:
        """Which of `live` the person is in, and until when that is sure if nothing happens. Times in µs."""
        inside, until = set(), FOREVER
        for one in live:
            is_in, sure_until = one.asked(person, now_us)
            until = min(until, sure_until)
            if is_in:
                inside.add(one.id)
        return inside, until

    def _rule(self, node: Node) -> tuple[Asked, frozenset[Need]]:
        """Equal parts of rules are one function, which a person is asked once."""
        key = key_of_part(node)
        if key not in self._asked:
            asked, needs = self._group(node) if isinstance(node, Group) else self._leaf(node)
            self._asked[key] = remembered(asked, len(self._asked))
            self._needs[key] = needs
        return self._asked[key], self._needs[key]

    def _group(self, group: Group) -> tuple[Asked, frozenset[Need]]:
        pairs = [self._rule(one) for one in group.of]
        parts = tuple(asked for asked, _ in pairs)
        needs = frozenset(number for _, numbers in pairs for number in numbers)
        if isinstance(group, AllOf):
            return every(parts), needs
        return (contrary_of(any_of(parts)) if isinstance(group, NoneOf) else any_of(parts)), needs

    def _leaf(self, leaf: Any) -> tuple[Asked, frozenset[Need]]:  # noqa: ANN401  (any leaf)
        match leaf:
            case Did():
                return self._did(leaf)
            case SequenceRule():
                cell = self._cell((key_of_part(leaf),), lambda: Sequenced(self._kept(moments_of(leaf)), Way(leaf)))
                return (lambda person, now: looked(cell, person, now)), frozenset((Need(cell),))
            case InAudience():
                asked, needs = self._rule(self._scope.rule_of(leaf.audience))
                return (asked if leaf.value else contrary_of(asked)), needs
            case AtCompany():
                self.asks_companies = True
                self.asks_times = self.asks_times or not MOMENTS.isdisjoint(company_fields(leaf.where, self._scope))
                self.counts.update(counts_in(leaf.where, self._scope))
                return at_company(leaf.where, self._scope.company_rule_of), frozenset()
            case TopShare():
                return self._top(leaf)
            case Consents() | Listed() | Sample():
                self.has_lists = self.has_lists or isinstance(leaf, Listed)
                return FIXED[type(leaf)](leaf), frozenset()
        self.asks_times = self.asks_times or leaf.field in MOMENTS
        test = matcher_of(leaf, is_moment=leaf.field in MOMENTS)
        read, needs = self._reader(leaf.field)

        def tested(person: Person, now: int) -> Held:
            value, until = read(person, now)
            is_held, sure_until = test.of(value, now)
            return is_held, min(until, sure_until)

        return tested, needs

    def _did(self, asked: Did) -> tuple[Asked, frozenset[Need]]:
        metric = metric_of(asked.event, asked.measure, asked.window, asked.property, asked.property_type)

        def make() -> Cell:
            bound = bound_of(asked.window, instant_of_trait)
            return Figure(self._kept(metric), metric, asked.measure, asked.window, bound)

        figure = self._cell(("figure", key_of(metric), asked.measure, asked.window), make)
        assert isinstance(figure, Figure)  # noqa: S101  (what `make` makes)
        table = figure.table(asked.op, asked.value)

        def compared(person: Person, now: int) -> Held:
            place, until = looked(figure, person, now)
            return table[place], until

        return compared, frozenset((Need(figure, table),))

    def _cell(self, key: tuple[Any, ...], make: Callable[[], Cell]) -> Cell:
        """Rules that read the same share one."""
        if key not in self._cells:
            self._cells[key] = make()
        return self._cells[key]

    def _top(self, leaf: TopShare) -> tuple[Asked, frozenset[Need]]:
        threshold = self.thresholds.get(key_of_share(leaf))
        read, needs = self._reader(leaf.field)

        def is_among(person: Person, now: int) -> Held:
            value, until = read(person, now)
            if threshold is None or type(value) not in (int, float):
                return False, until
            return (value <= threshold if leaf.is_bottom else value >= threshold), until

        return is_among, needs

    def _reader(self, field: str) -> tuple[Callable[[Person, int], tuple[Any, int]], frozenset[Need]]:
        """The value of a field, and until when it is that."""
        if field.startswith(COMPUTED):
            return self._computed(self._scope.computed_of(field))
        return read_record(field), frozenset()

    def _computed(self, asked: Computed) -> tuple[Callable[[Person, int], tuple[Any, int]], frozenset[Need]]:
        metric = metric_of(asked.event, asked.measure, asked.window, asked.property, asked.property_type)

        def make() -> Cell:
            bound = bound_of(asked.window, instant_of_trait)
            return ComputedCell(self._kept(metric), metric, asked.measure, asked.window, bound)

        cell = self._cell(("computed", key_of(metric), asked.measure, asked.window), make)

        def read(person: Person, now: int) -> tuple[Any, int]:
            value, until = looked(cell, person, now)
            return (list(value) if isinstance(value, tuple) else value), until

        return read, frozenset((Need(cell),))

    def _kept(self, kept: Kept) -> int:
        number = self.numbers[key_of(kept)]
        self.metrics[number] = kept
        return number

    def ask(self, node: Node, person: Person, now_us: int) -> Held:
        """A rule that it was built with, or a part of one."""
        return self._asked[key_of_part(node)](person, now_us)

    def value_of(self, field: str, person: Person, now_us: int) -> Any:  # noqa: ANN401  (whatever the field holds)
        """The value of a field; of first and last seen µs."""
        return self._reader(field)[0](person, now_us)[0]

    def ask_company(self, node: Node, person: Person, now_us: int) -> Held:
        """A part of what a rule asks of companies, asked of a person's."""
        return company_rule(node, self._scope.company_rule_of)(person, now_us)

    @cached_property
    def places(self) -> dict[str, int]:
        """Key of a part → under which number a person's `memo` has its answer."""
        return {key: place for place, key in enumerate(self._asked)}


def metrics_of(rules: Iterable[Node], scope: Scope) -> dict[str, Kept]:
    """What must be kept so that these rules can be asked: by key."""
    numbers = _Numbering()
    evaluator = Evaluator(dict(enumerate(rules)), scope, numbers, {})
    return {key: evaluator.metrics[number] for key, number in numbers.given.items()}


def values_of(person: Person, computed: Mapping[str, Computed], evaluator: Evaluator, now_us: int) -> dict[str, Any]:
    """Computed traits of a person by name."""
    return {name: evaluator._computed(one)[0](person, now_us)[0] for name, one in computed.items()}


def key_of_share(leaf: TopShare) -> str:
    """Under which the value that a share of people begins at is kept."""
    return key_of_part(leaf)


def key_of_part(node: Node) -> str:
    """Equal for equal parts of rules, which are asked once."""
    return msgspec.json.encode(node, order="sorted").decode()


class _Numbering(dict[str, int]):
    """Numbers metrics as they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.given: dict[str, int] = {}

    def __missing__(self, key: str) -> int:
        return self.given.setdefault(key, len(self.given))
