"""Rules as Python functions: whether each part of them holds of a person now, and until when that is sure. Pure.

Bulk says the same of everybody by SQL (`compile.py`); tests hold both against each other and a plain reference.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from onefold.audiences.answers import Answers, Leaf
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
    key_of_part,
    looked,
    record_reader,
    remembered,
)
from onefold.audiences.cells import Cell, Figure, Sequenced
from onefold.audiences.cells import Computed as ComputedCell
from onefold.audiences.folding import Folder
from onefold.audiences.measuring import (
    Way,
    bound_of,
    moments_of,
)
from onefold.audiences.metrics import Kept, Metric, Moments, Stored, kept_of, key_of, metric_of
from onefold.audiences.references import company_fields, counts_in
from onefold.audiences.rules import COMPUTED, Computed, Scope, skips_zero
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


class Evaluator:
    """All live audiences. Built once for a configuration: some 20 µs a condition.

    `stored`: what is kept of events. `thresholds`: what a share of people begins at, by the key of the condition; None:
    of nobody. `era`: another one after an audience began or changed.
    """

    def __init__(
        self,
        rules: Mapping[int, Node],
        scope: Scope,
        stored: Stored,
        thresholds: Mapping[str, float | None],
        era: str = "",
    ) -> None:
        self._scope, self._stored, self.thresholds = scope, stored, thresholds
        self._asked: dict[str, Asked] = {}
        self._leaves: dict[str, Leaf] = {}
        self._cells: dict[tuple[Any, ...], Cell] = {}
        self.metrics: dict[int, Kept] = {}
        self.has_lists = self.asks_companies = self.asks_company_times = False
        self.fields: set[str] = set()  # columns and traits of people
        self.counts: set[PeopleIn] = set()  # asked of people's companies
        self._rules, self._era = dict(rules), era
        for rule in rules.values():
            self._rule(rule)
        for cell in self._cells.values():
            if isinstance(cell, Figure):
                cell.seal()
        self.folder = Folder(self.metrics)

    @cached_property
    def answers(self) -> Answers:
        """The same rules as the stream asks them."""
        return Answers(self._rules, self._scope.rule_of, lambda leaf: self._leaves[key_of_part(leaf)], self._era)

    def _rule(self, node: Node) -> Asked:
        """Equal parts of rules are one function, which a person is asked once."""
        key = key_of_part(node)
        if key not in self._asked:
            if isinstance(node, Group):
                asked = self._group(node)
            elif isinstance(node, InAudience):
                of_other = self._rule(self._scope.rule_of(node.audience))
                asked = of_other if node.value else contrary_of(of_other)
            else:
                self._leaves[key] = self._leaf(node)
                asked = self._leaves[key].asked
            self._asked[key] = remembered(asked, len(self._asked))
        return self._asked[key]

    def _group(self, group: Group) -> Asked:
        parts = tuple(self._rule(one) for one in group.of)
        if isinstance(group, AllOf):
            return every(parts)
        return contrary_of(any_of(parts)) if isinstance(group, NoneOf) else any_of(parts)

    def _leaf(self, leaf: Any) -> Leaf:  # noqa: ANN401  (any leaf)
        match leaf:
            case Did():
                return self._did(leaf)
            case SequenceRule():
                cell = self._cell((key_of_part(leaf),), lambda: Sequenced(*self.way(leaf)))
                return Leaf(lambda person, now: looked(cell, person, now), cell)
            case AtCompany():
                self.asks_companies = True
                is_timed = not MOMENTS.isdisjoint(company_fields(leaf.where, self._scope))
                self.asks_company_times = self.asks_company_times or is_timed
                self.counts.update(counts_in(leaf.where, self._scope))
                return Leaf(at_company(leaf.where, self._scope.company_rule_of))
            case TopShare():
                return self._top(leaf)
            case Consents() | Listed() | Sample():
                self.has_lists = self.has_lists or isinstance(leaf, Listed)
                return Leaf(FIXED[type(leaf)](leaf))
        test = matcher_of(leaf, is_moment=leaf.field in MOMENTS)
        if not leaf.field.startswith(COMPUTED):
            value_of = record_reader(leaf.field)
            self.fields.add(leaf.field)
            return Leaf(lambda person, now: test.of(value_of(person), now), field=leaf.field, test=test.of)
        read, computed = self._reader(leaf.field)

        def tested(person: Person, now: int) -> Held:
            value, until = read(person, now)
            is_held, sure_until = test.of(value, now)
            return is_held, min(until, sure_until)

        return Leaf(tested, computed)

    def _did(self, asked: Did) -> Leaf:
        metric = metric_of(asked.event, asked.measure, asked.window, asked.property, asked.property_type)

        def make() -> Cell:
            bound = bound_of(asked.window, instant_of_trait)
            return Figure(self.number_of(metric), metric, asked.measure, asked.window, bound)

        figure = self._cell(("figure", key_of(metric), asked.measure, asked.window), make)
        assert isinstance(figure, Figure)  # noqa: S101  (what `make` makes)
        table = figure.table(asked.op, asked.value)

        def compared(person: Person, now: int) -> Held:
            place, until = looked(figure, person, now)
            return table[place], until

        return Leaf(compared, figure, table)

    def _cell(self, key: tuple[Any, ...], make: Callable[[], Cell]) -> Cell:
        """Rules that read the same share one."""
        if key not in self._cells:
            self._cells[key] = make()
        return self._cells[key]

    def _top(self, leaf: TopShare) -> Leaf:
        threshold = self.thresholds.get(key_of_share(leaf))
        read, computed = self._reader(leaf.field)
        is_from_one = skips_zero(leaf.field, self._scope)

        def is_among(person: Person, now: int) -> Held:
            value, until = read(person, now)
            if threshold is None or type(value) not in (int, float) or (is_from_one and not value):
                return False, until
            return (value <= threshold if leaf.is_bottom else value >= threshold), until

        return Leaf(is_among, computed)

    def _reader(self, field: str) -> tuple[Callable[[Person, int], tuple[Any, int]], Cell | None]:
        """The value of a field, and until when it is that; the cell that it is read off, if it is."""
        if field.startswith(COMPUTED):
            return self._computed(self._scope.computed_of(field))
        value_of = record_reader(field)
        return lambda person, _: (value_of(person), FOREVER), None

    def _computed(self, asked: Computed) -> tuple[Callable[[Person, int], tuple[Any, int]], Cell]:
        metric = metric_of(asked.event, asked.measure, asked.window, asked.property, asked.property_type)

        def make() -> Cell:
            bound = bound_of(asked.window, instant_of_trait)
            return ComputedCell(self.number_of(metric), metric, asked.measure, asked.window, bound)

        cell = self._cell(("computed", key_of(metric), asked.measure, asked.window), make)

        def read(person: Person, now: int) -> tuple[Any, int]:
            value, until = looked(cell, person, now)
            return (list(value) if isinstance(value, tuple) else value), until

        return read, cell

    def way(self, leaf: SequenceRule) -> tuple[int, Way]:
        """A sequence asked of the metric off which it is read, with that one's number."""
        number, kept = self._stored.read(moments_of(leaf))
        assert isinstance(kept, Moments)  # noqa: S101  (moments are read off moments)
        self.metrics[number] = kept
        return number, Way(leaf, kept)

    def number_of(self, metric: Metric) -> int:
        """Of the metric off which this one is read."""
        number, kept = self._stored.read(metric)
        self.metrics[number] = kept
        return number

    def ask(self, node: Node, person: Person, now_us: int) -> Held:
        """A rule that it was built with, or a part of one."""
        return self._asked[key_of_part(node)](person, now_us)

    def value_of(self, field: str, person: Person, now_us: int) -> Any:  # noqa: ANN401  (whatever the field holds)
        """The value of a field; of first and last seen µs."""
        return self._reader(field)[0](person, now_us)[0]

    def computed_of(self, field: str) -> Computed:
        """What a computed trait is. Raises RuleRejected."""
        return self._scope.computed_of(field)

    def ask_company(self, node: Node, person: Person, now_us: int) -> Held:
        """A part of what a rule asks of companies, asked of a person's."""
        return company_rule(node, self._scope.company_rule_of)(person, now_us)

    @cached_property
    def places(self) -> dict[str, int]:
        """Key of a part → under which number a person's `memo` has its answer."""
        return {key: place for place, key in enumerate(self._asked)}


def metrics_of(rules: Iterable[Node], scope: Scope) -> dict[str, Kept]:
    """What must be kept so that these rules can be asked: by key."""
    asked = _Asked()
    Evaluator(dict(enumerate(rules)), scope, asked, {})
    return {key: kept_of(key) for key in asked.numbers}


def values_of(person: Person, computed: Mapping[str, Computed], evaluator: Evaluator, now_us: int) -> dict[str, Any]:
    """Computed traits of a person by name."""
    return {name: evaluator._computed(one)[0](person, now_us)[0] for name, one in computed.items()}


def key_of_share(leaf: TopShare) -> str:
    """Under which the value that a share of people begins at is kept."""
    return key_of_part(leaf)


class _Asked(Stored):
    """Whatever is asked for is kept as it is."""

    def __init__(self) -> None:
        super().__init__(())

    def read(self, kept: Kept) -> tuple[int, Kept]:
        return self.numbers.setdefault(key_of(kept), len(self.numbers)), kept
