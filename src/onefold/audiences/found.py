"""What stands behind an answer: what was found of a person when a condition was asked, in a few words. Pure.

Read through the evaluator and by the same measures, so that it is what the answer was made of.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from onefold.audiences.asked import Person, chance_of, instant_of_trait
from onefold.audiences.evaluate import Evaluator, key_of_share
from onefold.audiences.folding import merged
from onefold.audiences.measuring import MEASURES, bound_of, in_window, moments_in
from onefold.audiences.metrics import metric_of, unit_of
from onefold.audiences.phrases import NAMELESS, Names, event_of, title_of
from onefold.audiences.rules import COMPUTED, TRAIT
from onefold.audiences.spelling import counted, day_of, json_of, minute_of, number_of, percent_of, quoted
from onefold.filters.api import (
    EVER,
    FOREVER,
    AtCompany,
    Behaviour,
    Condition,
    Consents,
    Did,
    InAudience,
    Listed,
    PeopleIn,
    Sample,
    Sequence,
    TopShare,
)


@dataclass(frozen=True)
class Reader:
    """Who an explanation is for. `is_hidden`: of a field whose values they mustn't see."""

    names: Names = NAMELESS
    is_hidden: Callable[[str], bool] = lambda _: False


@dataclass(frozen=True)
class Asking:
    """A person looked at by an evaluator at one moment, for a reader."""

    person: Person
    evaluator: Evaluator
    now_us: int
    reader: Reader

    def is_hidden(self, field: str) -> bool:
        """Whether the reader mustn't see its values: by its name, or by that of the property that it is read off."""
        if field.startswith(COMPUTED):
            read_off = self.evaluator.computed_of(field).property
            return self.reader.is_hidden(field) or (bool(read_off) and self.reader.is_hidden(read_off))
        return self.reader.is_hidden(field)

    def is_held(self, leaf: Condition | Behaviour) -> bool:
        return self.evaluator.ask(leaf, self.person, self.now_us)[0]


def found_of(leaf: Condition | Behaviour, asking: Asking) -> str:
    """What a condition found: "3 times, last on 2026-11-02", "value: 'pro'", "never said"."""
    if isinstance(leaf, Condition):
        value = asking.evaluator.value_of(leaf.field, asking.person, asking.now_us)
        return _value(leaf.field, value, is_hidden=asking.is_hidden(leaf.field))
    return _FOUND[type(leaf)](leaf, asking)


def found_at_company(leaf: Condition | Behaviour, asking: Asking) -> str:
    """The same of a condition about a person's company."""
    if isinstance(leaf, PeopleIn):
        n = asking.person.company_counts.get(leaf.audience, 0)
        return f"{n:,} {'person is' if n == 1 else 'people are'} in it"
    if isinstance(leaf, InAudience):
        is_held, _ = asking.evaluator.ask_company(leaf, asking.person, asking.now_us)
        return "in it" if is_held is leaf.value else "not in it"
    assert isinstance(leaf, Condition)  # noqa: S101  (rules let nothing else in)
    kind, _, name = leaf.field.partition(":")
    columns = asking.person.company_columns or {}
    value = asking.person.company.get(name) if kind == "trait" and name else columns.get(leaf.field)
    return _value(leaf.field, value, is_hidden=asking.reader.is_hidden(leaf.field))


def count_of(leaf: Did, asking: Asking) -> int | None:
    """How many events count; None: none can, as they count from a day that isn't known."""
    events = _Events(leaf, asking)
    return None if events.begin is None else sum(partial for _, partial in events.found)


def _value(field: str, value: Any, *, is_hidden: bool) -> str:  # noqa: ANN401  (any JSON value)
    is_trait = field.startswith(TRAIT)
    if value is None or (value == "" and not is_trait):
        return "no such trait" if is_trait else "no value"
    if is_hidden:
        return "a value that you don't see"
    if value == "":
        return "empty text"
    return f"value: {minute_of(value) if field in ('first_seen', 'last_seen') else json_of(value)}"


class _Events:
    """The buckets that count for a `Did`."""

    def __init__(self, leaf: Did, asking: Asking) -> None:
        self.metric = metric_of(leaf.event, leaf.measure, leaf.window, leaf.property, leaf.property_type)
        number = asking.evaluator.number_of(self.metric)
        self.begin = bound_of(leaf.window, instant_of_trait)(asking.person, asking.now_us)
        self.found = in_window(asking.person.states, number, self.metric, self.begin)

    @property
    def last(self) -> str:
        """The day of the latest one; of all time no days are kept."""
        if not self.found or not self.metric.grain_us:
            return ""
        return f", last on {day_of(max(bucket for bucket, _ in self.found) * unit_of(self.metric))}"


def _did(leaf: Did, asking: Asking) -> str:
    events = _Events(leaf, asking)
    if events.begin is None:
        return f"no day in {title_of(TRAIT + leaf.window.since_trait)}, so that nothing counts"
    figure = MEASURES[leaf.measure](merged(events.metric, [partial for _, partial in events.found]))
    if leaf.measure != "count":
        return f"{'no value' if figure is None else number_of(figure)}{events.last}"
    if not figure:
        return "never" if leaf.window == EVER else "not in that time"
    return f"{'once' if figure == 1 else counted(figure, 'time')}{events.last}"


def _sequence(leaf: Sequence, asking: Asking) -> str:
    n = len(leaf.steps)
    every = f"all {n} steps" if n > 1 else "the step"
    if asking.is_held(leaf):
        return every
    number, way = asking.evaluator.way(leaf)
    moments = moments_in(asking.person.states, number, way.since(asking.now_us))
    reached, waits_until = way.reached(moments, asking.now_us)
    if reached < n:
        return f"{reached or 'none'} of {counted(n, 'step')}"
    if leaf.then_not is None or waits_until < FOREVER:
        return f"{every}; what must not follow still may until {minute_of(waits_until)}"
    return f"{every}, but {event_of(leaf.then_not.event)} followed"


def _in_audience(leaf: InAudience, asking: Asking) -> str:
    return "in it" if asking.is_held(leaf) is leaf.value else "not in it"


def _consents(leaf: Consents, asking: Asking) -> str:
    return _SAID[asking.person.consents.get(leaf.purpose)]


def _at_company(_: AtCompany, asking: Asking) -> str:
    columns = asking.person.company_columns
    if columns is None:
        return "no company"
    name = columns.get("name") or columns.get("key")
    return f"company {quoted(str(name))}" if name else "a company without a name"


def _top_share(leaf: TopShare, asking: Asking) -> str:
    value = asking.evaluator.value_of(leaf.field, asking.person, asking.now_us)
    begins = asking.evaluator.thresholds.get(key_of_share(leaf))
    if begins is None:
        return f"not known yet whose {title_of(leaf.field)} is {'smallest' if leaf.is_bottom else 'greatest'}"
    needed = f"{'at most' if leaf.is_bottom else 'at least'} {number_of(begins)} is needed"
    if asking.is_hidden(leaf.field):
        return _value(leaf.field, value, is_hidden=True)
    return f"{_value(leaf.field, value, is_hidden=False)}; {needed}"


def _sample(leaf: Sample, asking: Asking) -> str:
    drawn = round(chance_of(asking.person.id, leaf.seed), 2)
    return f"by chance at {percent_of(drawn)}, {percent_of(leaf.percent)} are in"


def _listed(leaf: Listed, asking: Asking) -> str:
    return "on it" if asking.is_held(leaf) else "not on it"


_SAID: Final = {True: "allowed", False: "denied", None: "never said"}
_FOUND: Final[dict[type, Callable[[Any, Asking], str]]] = {
    Did: _did, Sequence: _sequence, InAudience: _in_audience, Consents: _consents, AtCompany: _at_company,
    TopShare: _top_share, Sample: _sample, Listed: _listed,
}  # fmt: skip
