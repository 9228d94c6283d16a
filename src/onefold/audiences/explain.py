"""Why somebody is in an audience or not, line by line, and what alone would change that. Pure.

Every answer is the evaluator's own; what is tried is tried by asking it the rule again of a person who differs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from onefold.audiences.asked import Person, key_of_part
from onefold.audiences.changes import change_of
from onefold.audiences.evaluate import Evaluator
from onefold.audiences.found import Asking, Reader, found_at_company, found_of
from onefold.audiences.references import leaves_in
from onefold.audiences.rules import with_purpose
from onefold.audiences.spelling import day_of
from onefold.audiences.words import words_of
from onefold.filters.api import (
    FOREVER,
    AtCompany,
    Behaviour,
    Condition,
    Consents,
    Group,
    Held,
    InAudience,
    Node,
    TopShare,
)

MAX_LOOKS: Final = 400
"""How often a rule is asked of times to come: an anniversary is looked at every day of a year."""
ANYBODY: Final = Reader()
_END_US: Final = 253_000_000_000_000_000
"""In the year 9987; no day beyond is reckoned with."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A rule or a part of it. `at`: its place, `where.of[1]`. `kind`: its type as JSON has it: all, any, none, did …

    `found`: "3 times, last on 2026-11-02". `until`: the instant in µs from which on `is_held` may change by the passing
    of time alone; None: never. `field`: of a condition about one. `children`: of groups and what companies are asked.
    """

    at: str
    kind: str
    is_held: bool
    words: str
    found: str
    until: int | None
    field: str = ""
    children: tuple["Line", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """What alone would bring somebody in, or out. `at`: of the condition; "" and `at_us`: the passing of time does."""

    at: str
    words: str
    at_us: int | None = None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """`root.is_held`: whether the person is in. `changes`: each alone would make that otherwise, in the rule's order.

    Conditions are taken for independent: of two that ask nearly the same, one may not change without the other.
    """

    root: Line
    changes: tuple[Change, ...]


def explain(
    rule: Node, person: Person, evaluator: Evaluator, now_us: int, reader: Reader = ANYBODY, *, purpose: str = ""
) -> Explanation:
    """Why a person is in, or not. `rule` is one that the evaluator was built with; or, if it was built with that
    `with_purpose`, the rule alone: then the root's place is "", and the lines below are at "where" and "purpose".

    Cost: as many evaluations as the rule has conditions, and up to MAX_LOOKS for what time brings: mostly some ms; of
    200 conditions, 50 of them sequences, over 3,000 events 0.4 s.
    """
    asking = Asking(replace(person, memo={}), evaluator, now_us, reader)
    whole: Node = with_purpose(rule, purpose) if purpose else rule
    parts = [(rule, "where"), *([(Consents(purpose), "purpose")] if purpose else [])]
    lines = tuple(_line(part, at, asking) for part, at in parts)
    root = _told(whole, "", asking, lines) if purpose else lines[0]
    leaves = [leaf for part, at in parts for leaf in leaves_in(part, at)]
    return Explanation(root=root, changes=(*_flips(whole, leaves, asking), *_in_time(whole, root, asking)))


def _in_time(rule: Node, root: Line, asking: Asking) -> Iterator[Change]:
    def ask(at_us: int) -> Held:
        return asking.evaluator.ask(rule, replace(asking.person, memo={}), at_us)

    return in_time(root, ask)


def line_of_company(node: Node, at: str, asking: Asking) -> Line:
    """A rule of companies, or a part of it, asked of a person's company."""
    return _line(node, at, asking, is_company=True)


def _line(node: Node, at: str, asking: Asking, *, is_company: bool = False) -> Line:
    """Of a rule, or of what it asks of a company."""
    children: tuple[Line, ...] = ()
    if isinstance(node, Group):
        children = tuple(_line(one, f"{at}.of[{i}]", asking, is_company=is_company) for i, one in enumerate(node.of))
    elif isinstance(node, AtCompany) and asking.person.company_columns is not None:
        children = (_line(node.where, f"{at}.where", asking, is_company=True),)
    return _told(node, at, asking, children, is_company=is_company)


def _told(node: Node, at: str, asking: Asking, children: tuple[Line, ...], *, is_company: bool = False) -> Line:
    person, now_us = asking.person, asking.now_us
    ask = asking.evaluator.ask_company if is_company else asking.evaluator.ask
    is_held, until = ask(node, person, now_us)
    if isinstance(node, Group):
        found = f"{sum(line.is_held for line in children)} of {len(children)} hold"
    elif is_company:
        found = found_at_company(node, asking)
    else:
        found = found_of(node, asking)
    return Line(
        at=at,
        kind=str(node.__struct_config__.tag),
        is_held=is_held,
        words=words_of(node, asking.reader.names),
        found=found,
        until=None if until >= FOREVER else until,
        field=node.field if isinstance(node, Condition | TopShare) else "",
        children=children,
    )


def _flips(rule: Node, leaves: list[tuple[str, Condition | Behaviour]], asking: Asking) -> Iterator[Change]:
    """Each condition that alone would change the outcome; of equal ones, which change together, the first."""
    is_in, _ = asking.evaluator.ask(rule, asking.person, asking.now_us)
    places = asking.evaluator.places
    facts = {  # what other audiences say is asked anew: they may ask the same
        places[key_of_part(leaf)]: asking.evaluator.ask(leaf, asking.person, asking.now_us)
        for _, leaf in leaves
        if not isinstance(leaf, InAudience)
    }
    tried = set()
    for at, leaf in leaves:
        place = places[key_of_part(leaf)]
        if place not in tried:
            tried.add(place)
            person = replace(asking.person, memo=facts | {place: (not asking.is_held(leaf), FOREVER)})
            if asking.evaluator.ask(rule, person, asking.now_us)[0] is not is_in:
                yield Change(at=at, words=change_of(leaf, asking))


def in_time(root: Line, ask: Callable[[int], Held]) -> Iterator[Change]:
    """When the passing of time alone changes the outcome: asked again whenever the answer may be another.

    `ask`: the rule, at an instant in µs.
    """
    at_us = root.until
    for _ in range(MAX_LOOKS):
        if at_us is None or at_us > _END_US:
            return
        is_held, until = ask(at_us)
        if is_held is not root.is_held:
            yield Change(at="", words=f"on {day_of(at_us)} {_COMES[is_held]} by the passing of time alone", at_us=at_us)
            return
        at_us = None if until >= FOREVER else until


_COMES: Final = {True: "enters", False: "leaves"}
