"""One condition in plain English, as a marketer would say it; `words.py` joins these phrases to sentences. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from onefold.audiences.rules import COMPUTED, TRAIT
from onefold.audiences.spelling import (
    MOST_SAID,
    counted,
    number_of,
    percent_of,
    plain,
    quoted,
    series_of,
    shortened,
    span_of,
    value_of,
    whole_span_of,
)
from onefold.filters.api import (
    AllOf,
    Anniversary,
    AnyOf,
    AtCompany,
    Behaviour,
    Between,
    Condition,
    Consents,
    Contains,
    Days,
    Did,
    EventMatch,
    Flag,
    Group,
    Has,
    InAudience,
    Listed,
    Matches,
    Node,
    NoneOf,
    Number,
    OneOf,
    PeopleIn,
    Present,
    Recent,
    Sample,
    Sequence,
    Span,
    Step,
    TopShare,
    Window,
)

_TITLES: Final = {
    "email": "e-mail address", "phone": "phone number", "first_seen": "first-seen day", "last_seen": "last-seen day",
}  # fmt: skip
_COLUMNS: Final = ("name", "key")  # called as they are, so traits of these names say that they are traits
_MOMENTS: Final = {"first_seen": "first seen", "last_seen": "last seen"}


@dataclass(frozen=True)
class Names:
    """What people call that which rules have ids of; what isn't here is said by its id ("audience 7")."""

    audiences: Mapping[int, str] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[int, str] = field(default_factory=dict)


NAMELESS: Final = Names()


class Piece(NamedTuple):
    """A part of a sentence. `is_strong`: it says what is asked, and is set in bold."""

    text: str
    is_strong: bool = False


class Phrase(NamedTuple):
    """`text` follows the pronoun, or says the same of one person when it stands alone."""

    pronoun: Literal["who", "whose"]
    text: str


def phrase_of(leaf: Condition | Behaviour, names: Names, *, is_of_many: bool = False) -> Phrase:
    """A condition: "did 'Order Completed' at least 2 times in the last 90 days". `is_of_many`: after "people who"."""
    if isinstance(leaf, Condition):
        return about_field(leaf, is_of_many=is_of_many)
    return _BEHAVIOUR[type(leaf)](leaf, _Saying(names, is_of_many))


def about_field(leaf: Condition, *, is_of_many: bool = False) -> Phrase:
    """A condition about a field of a person or a company."""
    seen = _MOMENTS.get(leaf.field)
    if seen is not None and isinstance(leaf, Days | Recent):
        when = _when_day(leaf) if isinstance(leaf, Days) else _when_recent(leaf)
        return Phrase("who", f"{'were' if is_of_many else 'was'} {seen} {when}")
    if leaf.field == "known" and isinstance(leaf, Flag):
        return Phrase("who", f"{'are' if is_of_many else 'is'} {'known' if leaf.value else 'not known'}")
    return Phrase("whose", f"{title_of(leaf.field)} {_PREDICATES[type(leaf)](leaf)}")


def together(node: Node, say: Callable[[Any], list[Piece]], empty: tuple[str, str]) -> list[Piece]:
    """A condition or a group, so that it can stand within any other without being misread.

    `empty`: what meets an empty group of AND or NOT, and what an empty one of OR.
    """
    if not isinstance(node, Group):
        return say(node)
    if not node.of:
        return [Piece(empty[isinstance(node, AnyOf)], True)]
    parts = [together(one, say, empty) for one in node.of]
    if len(parts) == 1:
        return [Piece("this doesn't hold ("), *parts[0], Piece(")")] if isinstance(node, NoneOf) else parts[0]
    if len(parts) == 2 and not isinstance(node, NoneOf) and not any(isinstance(one, Group) for one in node.of):
        first, link = PAIRS[type(node)]
        return [Piece(f"{first} "), *parts[0], Piece(f" {link} "), *parts[1]]
    said = [Piece(f"{_LISTS[type(node)]} (")]
    for i, part in enumerate(parts):
        said += [*([Piece("; ")] if i else []), *part]
    return [*said, Piece(")")]


def title_of(name: str) -> str:
    """What a field is called: "plan", "trait name", "computed orders", "e-mail address"."""
    if name.startswith(COMPUTED):
        return f"computed {plain(name.removeprefix(COMPUTED))}"
    if name.startswith(TRAIT) and name != TRAIT:
        trait = name.removeprefix(TRAIT)
        return f"trait {trait}" if trait in _COLUMNS else plain(trait)
    return _TITLES.get(name) or plain(name)


def event_of(event: EventMatch) -> str:
    """'Order Completed' (where total is at least 20)."""
    what = quoted(event.name) if event.kind == "track" else f"{event.kind} {quoted(event.name)}"
    return (what if event.name else f"any {event.kind}") + _where(event.where, _of_property)


def window_of(window: Window) -> str:
    """in the last 90 days; of all time nothing. Begins with a space."""
    if window.last is not None:
        return f" in the last {span_of(window.last)}"
    if window.since is not None:
        return f" since {window.since}"
    return f" since the day in {title_of(TRAIT + window.since_trait)}" if window.since_trait else ""


@dataclass(frozen=True)
class _Saying:
    names: Names
    is_of_many: bool

    def of(self, many: str, one: str) -> str:
        return many if self.is_of_many else one

    @property
    def be(self) -> str:
        return self.of("are", "is")


# fields


def _in_values(leaf: OneOf | Has, verbs: tuple[str, str, str]) -> str:
    """`verbs`: with one value, with several, and with several of which there must be none."""
    single, several, none = verbs
    if len(leaf.values) == 1:
        return f"{single} {value_of(leaf.values[0])}"
    values = series_of([value_of(one) for one in leaf.values[: MOST_SAID + 1]], len(leaf.values))
    return f"{none if leaf.op in ('is_not', 'has_not') else several} {values}"


def _one_of(leaf: OneOf) -> str:
    return _in_values(leaf, ("is" if leaf.op == "is" else "is not", "is one of", "is none of"))


def _has(leaf: Has) -> str:
    return _in_values(leaf, ("has" if leaf.op == "has" else "doesn't have", "has one of", "has none of"))


def _contains(leaf: Contains) -> str:
    verbs = {"contains": "contains", "contains_not": "doesn't contain", "starts": "starts with"}
    return f"{verbs[leaf.op]} {quoted(leaf.value)}"


def _when_day(leaf: Days) -> str:
    return f"{leaf.op} {leaf.first}" if leaf.last is None else f"from {leaf.first} to {leaf.last}"


def _when_recent(leaf: Recent) -> str:
    if leaf.op == "longer_ago":
        return f"more than {counted(leaf.days, 'day')} ago"
    return f"in the {'last' if leaf.op == 'within' else 'next'} {span_of(Span(leaf.days))}"


def _recent(leaf: Recent) -> str:
    return f"{'comes' if leaf.op == 'ahead' else 'was'} {_when_recent(leaf)}"


def _anniversary(leaf: Anniversary) -> str:
    return f"comes round {'in the next ' + counted(leaf.days, 'day') if leaf.days else 'today'}"


_COMPARED: Final = {
    "eq": "exactly", "ne": "not exactly", "lt": "less than", "le": "at most", "gt": "more than", "ge": "at least",
}  # fmt: skip
_PREDICATES: Final[dict[type, Callable[[Any], str]]] = {
    OneOf: _one_of,
    Contains: _contains,
    Number: lambda leaf: f"is {_COMPARED[leaf.op]} {number_of(leaf.value)}",
    Between: lambda leaf: f"is from {number_of(leaf.low)} to {number_of(leaf.high)}",
    Days: lambda leaf: f"is {_when_day(leaf)}",
    Recent: _recent,
    Anniversary: _anniversary,
    Flag: lambda leaf: f"is {'true' if leaf.value else 'false'}",
    Has: _has,
    Present: lambda leaf: f"is {'filled in' if leaf.value else 'empty'}",
    Matches: lambda leaf: f"matches the pattern {quoted(leaf.pattern)}",
}

# groups

PAIRS: Final[dict[type[Group], tuple[str, str]]] = {
    AllOf: ("both", "and"), AnyOf: ("either", "or"), NoneOf: ("neither", "nor"),
}  # fmt: skip
_LISTS: Final[dict[type[Group], str]] = {
    AllOf: "all of these hold", AnyOf: "at least one of these holds", NoneOf: "none of these holds",
}  # fmt: skip
_ANY_VALUE: Final = ("anything fits", "nothing fits")


def _where(node: Node | None, say: Callable[[Any], str]) -> str:
    """(where total is at least 20 and category is 'Tents'). Begins with a space."""
    if node is None or node == AllOf(()):
        return ""
    if isinstance(node, AllOf | AnyOf) and node.of and not any(isinstance(one, Group) for one in node.of):
        return f" (where {f' {PAIRS[type(node)][1]} '.join(map(say, node.of))})"
    said = together(node, lambda leaf: [Piece(say(leaf))], _ANY_VALUE)
    return f" (where {''.join(piece.text for piece in said)})"


def _of_property(leaf: Condition) -> str:
    return f"{plain(leaf.field)} {_PREDICATES[type(leaf)](leaf)}"


# what people did


def _did(event: EventMatch) -> str:
    return f"{'did' if event.kind == 'track' else 'viewed'} {event_of(event)}"


def _figure(leaf: Did, say: _Saying) -> Phrase:
    if leaf.measure == "count":
        if leaf.op == "eq" and leaf.value == 0:
            return Phrase("who", f"never {_did(leaf.event)}{window_of(leaf.window)}")
        times = "once" if leaf.value == 1 else counted(leaf.value, "time")
        compared = "fewer than" if leaf.op == "lt" and leaf.value != 1 else _COMPARED[leaf.op]
        return Phrase("who", f"{_did(leaf.event)} {compared} {times}{window_of(leaf.window)}")
    what = _MEASURED[leaf.measure, leaf.property_type == "number" and leaf.measure == "distinct"]
    compared = f"is {_COMPARED[leaf.op]} {number_of(leaf.value)}"
    figure = f"{what} {plain(leaf.property)} over {event_of(leaf.event)} {compared}{window_of(leaf.window)}"
    return Phrase("whose", figure)


_MEASURED: Final[dict[tuple[str, bool], str]] = {
    ("sum", False): "sum of", ("average", False): "average of", ("min", False): "smallest",
    ("max", False): "greatest", ("distinct", False): "count of different values of",
    ("distinct", True): "count of different numbers in",
}  # fmt: skip


def _sequence(leaf: Sequence, say: _Saying) -> Phrase:
    steps = [_did(leaf.steps[0].event), *map(_then, leaf.steps[1:])]
    if leaf.then_not is not None:
        steps.append(f"then no {event_of(leaf.then_not.event)} within {whole_span_of(leaf.then_not.within)}")
    all_of_it = ", all" if len(steps) > 1 else ""
    return Phrase("who", f"{', '.join(steps)}{all_of_it} in the last {span_of(leaf.window)}")


def _then(step: Step) -> str:
    within = "" if step.within is None else f" within {whole_span_of(step.within)}"
    without = "" if step.without is None else f" without {event_of(step.without)} in between"
    return f"then {_did(step.event)}{within}{without}"


# who people are to us


def called(kind: str, number: int, names: Mapping[int, str]) -> str:
    """audience 'VIP', or audience 7."""
    return f"{kind} {quoted(names[number])}" if number in names else f"{kind} {number}"


def purpose_of(slug: str, names: Names) -> str:
    """E-mail marketing within a sentence: without its capital, unless that belongs to it (SMS, Google Ads)."""
    if slug not in names.purposes:
        return quoted(slug)
    name = shortened(names.purposes[slug])
    is_own_name = name[1:] != name[1:].lower()
    return name if is_own_name else name[:1].lower() + name[1:]


def _consents(leaf: Consents, say: _Saying) -> Phrase:
    verbs = {"given": say.of("allow", "allows"), "denied": "denied", "unknown": "said nothing about"}
    return Phrase("who", f"{verbs[leaf.op]} {purpose_of(leaf.purpose, say.names)}")


def _in_audience(leaf: InAudience, say: _Saying) -> Phrase:
    is_in = f"{say.be} in" if leaf.value else f"{say.be} not in"
    return Phrase("who", f"{is_in} {called('audience', leaf.audience, say.names.audiences)}")


def _at_company(leaf: AtCompany, say: _Saying) -> Phrase:
    belong = say.of("belong to a company", "belongs to a company")
    if isinstance(leaf.where, Condition):
        phrase = about_field(leaf.where)
        return Phrase("who", f"{belong} {'whose' if phrase.pronoun == 'whose' else 'that'} {phrase.text}")
    only = leaf.where.of[0] if isinstance(leaf.where, AllOf | AnyOf) and len(leaf.where.of) == 1 else leaf.where
    if isinstance(only, InAudience | PeopleIn):
        return Phrase("who", f"{belong} that {phrase_of(only, say.names).text}")
    return Phrase("who", f"{belong}{_where(leaf.where, lambda one: _of_company(one, say.names))}")


def _of_company(leaf: Condition | Behaviour, names: Names) -> str:
    """What is asked of one company: "size is at least 50", "it has at least 3 people in audience 'VIP'"."""
    return about_field(leaf).text if isinstance(leaf, Condition) else f"it {phrase_of(leaf, names).text}"


def _people_in(leaf: PeopleIn, say: _Saying) -> Phrase:
    audience = called("audience", leaf.audience, say.names.audiences)
    many = "person" if leaf.value == 1 else "people"
    return Phrase("who", f"{say.of('have', 'has')} {_COMPARED[leaf.op]} {number_of(leaf.value)} {many} in {audience}")


def _top_share(leaf: TopShare, say: _Saying) -> Phrase:
    end = "bottom" if leaf.is_bottom else "top"
    return Phrase("who", f"{say.be} in the {end} {percent_of(leaf.percent)} by {title_of(leaf.field)}")


def _sample(leaf: Sample, say: _Saying) -> Phrase:
    draw = f" (draw {quoted(leaf.seed)})" if leaf.seed else ""
    return Phrase("who", f"{say.be} in a random {percent_of(leaf.percent)} of all people{draw}")


def _listed(leaf: Listed, say: _Saying) -> Phrase:
    return Phrase("who", f"{say.be} on {called('list', leaf.list, say.names.lists)}")


_BEHAVIOUR: Final[dict[type, Callable[[Any, _Saying], Phrase]]] = {
    Did: _figure, Sequence: _sequence, InAudience: _in_audience, Consents: _consents, AtCompany: _at_company,
    PeopleIn: _people_in, TopShare: _top_share, Sample: _sample, Listed: _listed,
}  # fmt: skip
