"""A person, and the functions that rules are made of. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import md5
from typing import Any, Final

import msgspec

from onefold.audiences.cells import Cell
from onefold.audiences.folding import State
from onefold.filters.api import (
    FOREVER,
    AllOf,
    Consents,
    EventMatch,
    Group,
    Held,
    InAudience,
    Listed,
    Node,
    NoneOf,
    PeopleIn,
    Sample,
    compare,
    instant_of,
    matcher_of,
)

_NOBODY: Final[dict[str, Any]] = {}
Asked = Callable[["Person", int], Held]
"""A rule, or a part of it, asked of a person at an instant in µs."""


@dataclass
class Person:
    """What a rule may ask of somebody; whatever costs something is read when it is asked for. Times in µs."""

    id: int
    states: Sequence[State] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)  # name, email, phone, first_seen, last_seen, known
    traits_json: str = "{}"
    consents: Mapping[str, bool] = field(default_factory=dict)
    company_columns: Mapping[str, Any] | None = None  # None: of no company
    company_json: str = "{}"
    company_counts: Mapping[int, int] = field(default_factory=dict)  # audience → how many of its people are in; else 0
    lists: Collection[int] = ()
    memo: dict[int, Held] = field(default_factory=dict)
    looks: dict[Any, Any] = field(default_factory=dict)  # cell → when it was asked, and what it said

    @cached_property
    def traits(self) -> dict[str, Any]:
        """Trait → value."""
        return msgspec.json.decode(self.traits_json)  # type: ignore[no-any-return]  # an object

    @cached_property
    def company(self) -> dict[str, Any]:
        """Of the company: trait → value."""
        return msgspec.json.decode(self.company_json)  # type: ignore[no-any-return]  # an object


def chance_of(profile_id: int, seed: str) -> float:
    """A number of 0 to before 100 that stands for chance: the same for the same person and seed, in every engine."""
    digest = md5(f"{profile_id}:{seed}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) / 2**32 * 100


def key_of_part(node: Node | EventMatch) -> str:
    """Equal for equal parts of rules, which are asked once; and of events, which are looked for once."""
    return msgspec.json.encode(node, order="sorted").decode()


def remembered(asked: Asked, place: int) -> Asked:
    def once(person: Person, now: int) -> Held:
        memo = person.memo
        found = memo.get(place)
        if found is None:
            found = memo[place] = asked(person, now)
        return found

    return once


def looked(cell: Cell, person: Person, now: int) -> Any:  # noqa: ANN401  (what the cell says, and until when)
    """A person is looked at once, whatever the rules compare it with."""
    found = person.looks.get(cell)
    if found is None or found[0] != now:
        found = person.looks[cell] = (now, cell.look(person.states, person, now))
    return found[1]


def every(parts: tuple[Asked, ...]) -> Asked:
    """The first that fails says until when."""

    def every(person: Person, now: int) -> Held:
        until = FOREVER
        for part in parts:
            is_held, sure_until = part(person, now)
            if not is_held:
                return False, sure_until
            until = min(until, sure_until)
        return True, until

    return every


def any_of(parts: tuple[Asked, ...]) -> Asked:
    def one_of(person: Person, now: int) -> Held:
        until = FOREVER
        for part in parts:
            is_held, sure_until = part(person, now)
            if is_held:
                return True, sure_until
            until = min(until, sure_until)
        return False, until

    return one_of


def contrary_of(asked: Asked) -> Asked:
    def contrary(person: Person, now: int) -> Held:
        is_held, until = asked(person, now)
        return not is_held, until

    return contrary


MOMENTS: Final = frozenset(("first_seen", "last_seen"))


def record_reader(field: str) -> Callable[[Person], Any]:
    """Of a column or trait of somebody."""
    kind, _, name = field.partition(":")
    if kind == "trait" and name:
        return lambda person: person.traits.get(name)
    return lambda person: person.columns.get(field)


def instant_of_trait(person: Person, name: str) -> int | None:
    return instant_of(person.traits.get(name))


RuleOf = Callable[[int], Node]
"""The rule of an audience of companies."""


def at_company(where: Node, rule_of: RuleOf) -> Asked:
    inner = company_rule(where, rule_of)
    return lambda person, now: inner(person, now) if person.company_columns is not None else (False, FOREVER)


def company_rule(node: Node, rule_of: RuleOf) -> Asked:
    """Asked of a person's company, or of a company as a `Person` without anything else."""
    if isinstance(node, Group):
        parts = tuple(company_rule(one, rule_of) for one in node.of)
        if isinstance(node, AllOf):
            return every(parts)
        return contrary_of(any_of(parts)) if isinstance(node, NoneOf) else any_of(parts)
    if isinstance(node, InAudience):
        inner = company_rule(rule_of(node.audience), rule_of)
        return inner if node.value else contrary_of(inner)
    if isinstance(node, PeopleIn):
        return lambda person, _: (is_count_met(node, person.company_counts), FOREVER)
    field = node.field  # type: ignore[union-attr]  # rules let nothing else in
    test = matcher_of(node, is_moment=field in MOMENTS)  # type: ignore[arg-type]  # as above
    kind, _, name = field.partition(":")
    if kind == "trait" and name:
        return lambda person, now: test.of(person.company.get(name), now)
    return lambda person, now: test.of((person.company_columns or _NOBODY).get(field), now)


def is_count_met(leaf: PeopleIn, counts: Mapping[int, int]) -> bool:
    """Whether so many people of a company are in. `counts`: audience → people; 0 where none is given."""
    return compare(leaf.op, counts.get(leaf.audience, 0), leaf.value)


def _consent(leaf: Consents) -> Asked:
    wanted = {"given": True, "denied": False, "unknown": None}[leaf.op]
    return lambda person, _: (person.consents.get(leaf.purpose) is wanted, FOREVER)


def _listed(leaf: Listed) -> Asked:
    return lambda person, _: (leaf.list in person.lists, FOREVER)


def _sample(leaf: Sample) -> Asked:
    return lambda person, _: (chance_of(person.id, leaf.seed) < leaf.percent, FOREVER)


FIXED: Final[dict[type, Callable[[Any], Asked]]] = {Consents: _consent, Listed: _listed, Sample: _sample}
