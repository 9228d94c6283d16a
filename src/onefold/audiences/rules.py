"""The rule of an audience: a tree of conditions that may ask everything of a person, or of a company. Read and checked.

Pure.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final

import msgspec

from onefold.audiences.errors import RuleRejected
from onefold.audiences.metrics import DAY_US, MAX_SUMMED, Measure, ValueType, span_us
from onefold.audiences.properties import predicate_of
from onefold.audiences.references import ANY_DEPTH, check_references, leaves_in, parts_of
from onefold.filters.api import (
    EVER,
    MAX_DAYS,
    AllOf,
    Anniversary,
    AtCompany,
    Behaviour,
    Between,
    Bounds,
    Condition,
    Consents,
    Contains,
    Days,
    Did,
    EventMatch,
    FilterRejected,
    Flag,
    Has,
    InAudience,
    Listed,
    Matches,
    Node,
    Number,
    OneOf,
    PeopleIn,
    Present,
    Recent,
    RelatedTo,
    Sequence,
    TopShare,
    Window,
    events_in,
    from_json,
    leaves_of,
    matcher_of,
)
from onefold.lake.plans import PlanRejected
from onefold.lake.properties import path_of

BOUNDS: Final = Bounds(depth=8, conditions=200, values=10_000, bytes=1_000_000)
MAX_MARKS: Final = 31
COMPUTED: Final = "computed:"
TRAIT: Final = "trait:"
_TEXT: Final = (OneOf, Contains, Matches, Present)
_NUMBER: Final = (Number, Between, Present)
_MOMENT: Final = (Days, Recent, Anniversary, Present)
_ANY: Final = (OneOf, Contains, Number, Between, Days, Recent, Anniversary, Flag, Has, Present, Matches)
COLUMNS: Final[dict[str, tuple[type, ...]]] = {
    "name": _TEXT, "email": _TEXT, "phone": _TEXT, "first_seen": _MOMENT, "last_seen": _MOMENT, "known": (Flag,),
}  # fmt: skip
"""Fields of a person besides traits, and what they can be asked."""
COMPANY_COLUMNS: Final[dict[str, tuple[type, ...]]] = {
    "name": _TEXT, "key": _TEXT, "first_seen": _MOMENT, "last_seen": _MOMENT,
}  # fmt: skip
_SUMMED: Final = frozenset(("sum", "average", "min", "max"))
_OF_VALUES: Final = frozenset(("distinct", "most_frequent", "unique", "first", "last"))
_OF_TYPE: Final[dict[ValueType, tuple[type, ...]]] = {
    "text": _TEXT, "number": _NUMBER, "flag": (Flag, Present),
}  # fmt: skip


class Computed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A computed trait: a figure of somebody's events, kept up to date."""

    event: EventMatch
    measure: Measure
    property: Annotated[str, msgspec.Meta(max_length=500)] = ""
    property_type: ValueType = "number"
    window: Window = EVER


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What names in a rule stand for. `audiences`: of people; `companies`: audiences of companies."""

    audiences: Mapping[int, Node] = field(default_factory=dict)
    companies: Mapping[int, Node] = field(default_factory=dict)
    computed: Mapping[str, Computed] = field(default_factory=dict)
    purposes: Collection[str] = ()
    lists: Collection[int] = ()

    @cached_property
    def rules(self) -> dict[int, Node]:
        """Of every audience, of people and of companies."""
        return {**self.audiences, **self.companies}

    def rule_of(self, audience: int) -> Node:
        """The rule of another audience of people. Raises RuleRejected."""
        if audience not in self.audiences:
            hint = " It is of companies: ask for it within `company`." if audience in self.companies else ""
            known = _listing("There are", self.audiences)
            raise RuleRejected(f"there is no audience {audience} of people.{hint} {known}")
        return self.audiences[audience]

    def company_rule_of(self, audience: int) -> Node:
        """The rule of an audience of companies. Raises RuleRejected."""
        if audience not in self.companies:
            hint = " It is of people: ask how many are in by `people_in`." if audience in self.audiences else ""
            known = _listing("There are", self.companies)
            raise RuleRejected(f"there is no audience {audience} of companies.{hint} {known}")
        return self.companies[audience]

    def computed_of(self, field_name: str) -> Computed:
        """The computed trait that a field names. Raises RuleRejected."""
        name = field_name.removeprefix(COMPUTED)
        if name not in self.computed:
            known = [COMPUTED + one for one in self.computed]
            raise RuleRejected(f"There is no computed trait {name[:80]!r}. {_listing('There are', known)}")
        return self.computed[name]


def rule_of(
    document: str | bytes | Mapping[str, Any], scope: Scope, own_id: int | None = None, *, is_of_companies: bool = False
) -> Node:
    """The tree of `{"v": 1, "where": …}`, checked. Raises RuleRejected with the place and what is allowed there.

    `own_id`: of the audience whose rule it shall be, to which it must not lead back. `is_of_companies`: it is asked of
    companies, not of people.
    """
    try:
        text = document if isinstance(document, str | bytes) else msgspec.json.encode(document)
        tree = from_json(text, BOUNDS)
    except RecursionError as fault:
        raise RuleRejected(f"The rule's groups are nested deeper than {BOUNDS.depth}.") from fault
    except UnicodeEncodeError as fault:
        raise RuleRejected("The rule holds a character that no stored text has (half of a pair).") from fault
    except FilterRejected as fault:
        raise RuleRejected(
            str(fault).replace("The filter", "The rule").replace("filters.md", "audiences.md")
        ) from fault
    check_rule(tree, scope, own_id, is_of_companies=is_of_companies)
    return tree


def check_rule(tree: Node, scope: Scope, own_id: int | None = None, *, is_of_companies: bool = False) -> None:
    """Raises RuleRejected unless everything in it stands for something, and it leads to no audience that leads back."""
    for at, leaf in leaves_in(tree, "where"):
        try:
            (_check_company if is_of_companies else _check_leaf)(leaf, at, scope)
        except (FilterRejected, PlanRejected) as fault:
            raise RuleRejected(f"{at}: {fault}") from fault
        except RuleRejected as fault:
            if str(fault).startswith("where"):
                raise
            raise RuleRejected(f"{at}: {fault}") from fault
    check_references(tree, scope, own_id)


def check_purpose(purpose: str, scope: Scope, *, is_of_companies: bool) -> None:
    """Raises RuleRejected unless an audience can be for this: of people one of the purposes, of companies none ("")."""
    if is_of_companies and purpose:
        raise RuleRejected("purpose: companies allow nothing, so their audiences have none; leave it out.")
    if not is_of_companies and purpose not in scope.purposes:
        raise RuleRejected(f"purpose: there is no purpose {purpose[:80]!r}. {_listing('There are', scope.purposes)}")


def check_computed(asked: Computed, scope: Scope) -> None:
    """Raises RuleRejected unless it can be kept."""
    try:
        _check_event(asked.event, "event")
        _check_measure(asked.measure, asked.property, "measure")
        _check_window(asked.window, "window")
        if asked.measure == "days_since" and asked.window != EVER:
            raise RuleRejected("window: `days_since` looks at all events; leave the window out.")
    except (FilterRejected, PlanRejected) as fault:
        raise RuleRejected(str(fault)) from fault


def asked_as(computed: Computed) -> tuple[type, ...]:
    """The conditions that a computed trait's values can be asked."""
    if computed.measure == "unique":
        return (Has, Present)
    return _OF_TYPE[computed.property_type] if computed.measure in ("first", "last", "most_frequent") else _NUMBER


def shares_in(tree: Node, scope: Scope) -> Iterator[TopShare]:
    """The shares of people that it asks about, those of the audiences it refers to as well."""
    yield from (leaf for leaf in followed(tree, scope) if isinstance(leaf, TopShare))


def skips_zero(field_name: str, scope: Scope) -> bool:
    """Whether a share of people by this field leaves out who has 0: figures that are 0 of whoever did nothing."""
    return field_name.startswith(COMPUTED) and scope.computed_of(field_name).measure in ("count", "sum", "distinct")


def lists_in(tree: Node, scope: Scope) -> set[int]:
    """The uploaded lists that it asks about, those of the audiences it refers to as well."""
    return {leaf.list for leaf in followed(tree, scope) if isinstance(leaf, Listed)}


def followed(tree: Node, scope: Scope) -> Iterator[Condition | Behaviour]:
    """Leaves about the person, also those of the audiences that it refers to, as far as the scope has them."""
    for leaf in parts_of(tree):
        yield leaf
        if isinstance(leaf, InAudience) and leaf.audience in scope.audiences:
            yield from followed(scope.rule_of(leaf.audience), scope)


def with_purpose(tree: Node, purpose: str) -> Node:
    """The rule as it is compiled: nobody is in an audience who doesn't allow what it is for. Of companies, which allow
    nothing, `purpose` is ""."""
    return AllOf((tree, Consents(purpose, "given"))) if purpose else tree


_MISPLACED: Final[dict[type, str]] = {
    PeopleIn: "`people_in` is asked of companies: put it into a `company` condition.",
    RelatedTo: "only lists are filtered by `related` records; audiences ask for events.",
}


def _check_leaf(leaf: Condition | Behaviour, at: str, scope: Scope) -> None:
    match leaf:
        case Did():
            _check_event(leaf.event, f"{at}.event")
            _check_measure(leaf.measure, leaf.property, at)
            _check_amount(leaf, at)
            _check_window(leaf.window, f"{at}.window")
        case Sequence():
            _check_sequence(leaf, at)
        case AtCompany():
            for place, inner in leaves_in(leaf.where, f"{at}.where"):
                _check_company(inner, place, scope)
        case PeopleIn() | RelatedTo():
            raise RuleRejected(f"{at}.type: {_MISPLACED[type(leaf)]}")
        case InAudience() | Consents() | Listed():
            _check_known(leaf, at, scope)
        case TopShare():
            if Number not in _asked_as(leaf.field, at, scope):
                raise RuleRejected(f"{at}.field: a share of people needs numbers; {leaf.field!r} has none.")
        case _ if isinstance(leaf, Condition):
            _check_condition(leaf, _asked_as(leaf.field, at, scope), at)


def _check_known(leaf: InAudience | Consents | Listed, at: str, scope: Scope) -> None:
    if isinstance(leaf, InAudience):
        _check_audience(leaf, at, scope.rule_of)
    if isinstance(leaf, Consents) and leaf.purpose not in scope.purposes:
        known = _listing("There are", scope.purposes)
        raise RuleRejected(f"{at}.purpose: there is no purpose {leaf.purpose[:80]!r}. {known}")
    if isinstance(leaf, Listed) and leaf.list not in scope.lists:
        raise RuleRejected(f"{at}.list: there is no list {leaf.list}. {_listing('There are', scope.lists)}")


def _asked_as(name: str, at: str, scope: Scope) -> tuple[type, ...]:
    if name in COLUMNS:
        return COLUMNS[name]
    if name.startswith(TRAIT) and len(name) > len(TRAIT):
        return _ANY
    if name.startswith(COMPUTED) and name.removeprefix(COMPUTED) in scope.computed:
        return asked_as(scope.computed_of(name))
    fields = (*COLUMNS, "trait:NAME", *(COMPUTED + one for one in sorted(scope.computed)[:20]))
    raise RuleRejected(f"{at}.field: there is no field {name[:80]!r}. Fields: {', '.join(fields)}.")


def _check_condition(leaf: Condition, allowed: tuple[type, ...], at: str) -> None:
    if not isinstance(leaf, allowed):
        kinds = ", ".join(_type_of(one) for one in allowed)
        raise RuleRejected(f"{at}.type: {leaf.field!r} can't be asked {_type_of(type(leaf))!r}, but {kinds}.")
    try:
        matcher_of(leaf)
    except FilterRejected as fault:
        raise RuleRejected(f"{at}: {fault}") from fault


def _type_of(condition: type) -> str:
    """What `type` says of it in JSON."""
    info = msgspec.inspect.type_info(condition)
    return str(info.tag) if isinstance(info, msgspec.inspect.StructType) else condition.__name__


def _check_audience(leaf: InAudience | PeopleIn, at: str, rule_of: Callable[[int], Node]) -> None:
    try:
        rule_of(leaf.audience)
    except RuleRejected as fault:
        raise RuleRejected(f"{at}.audience: {fault}") from fault


def _check_company(leaf: Condition | Behaviour, at: str, scope: Scope) -> None:
    if isinstance(leaf, InAudience | PeopleIn):
        return _check_audience(leaf, at, scope.company_rule_of if isinstance(leaf, InAudience) else scope.rule_of)
    if not isinstance(leaf, Condition):
        raise RuleRejected(
            f"{at}.type: a company can be asked about its fields, how many of its people are in an audience"
            " (`people_in`), and whether it is in an audience of companies (`audience`)."
        )
    is_trait = leaf.field.startswith(TRAIT) and len(leaf.field) > len(TRAIT)
    if not is_trait and leaf.field not in COMPANY_COLUMNS:
        fields = ", ".join((*COMPANY_COLUMNS, "trait:NAME"))
        raise RuleRejected(f"{at}.field: a company has no field {leaf.field[:80]!r}. Fields: {fields}.")
    _check_condition(leaf, _ANY if is_trait else COMPANY_COLUMNS[leaf.field], at)


def _check_event(event: EventMatch, at: str) -> None:
    if event.kind == "track" and not event.name:
        raise RuleRejected(f"{at}.name: give the event's name; only pages and screens can be any.")
    if event.where is None:
        return
    for place, leaf in leaves_of(event.where, ANY_DEPTH, f"{at}.where"):
        try:
            predicate_of(leaf)
        except (FilterRejected, PlanRejected) as fault:
            raise RuleRejected(f"{place}: {fault}") from fault


def _check_measure(measure: str, name: str, at: str) -> None:
    if measure in _SUMMED | _OF_VALUES:
        if not name:
            raise RuleRejected(f"{at}.property: {measure} needs a property of the event.")
        path_of(name)
    elif name:
        raise RuleRejected(f"{at}.property: {measure} takes none; put it into the event's `where`.")


def _check_amount(leaf: Did, at: str) -> None:
    """Sums are compared in millionths, averages times how many there are: beyond this no engine has such numbers."""
    if leaf.measure in ("sum", "average") and not -MAX_SUMMED <= leaf.value <= MAX_SUMMED:
        raise RuleRejected(f"{at}.value: {leaf.measure} is compared with numbers from -10¹² to 10¹².")


def _check_window(window: Window, at: str) -> None:
    given = [name for name in ("last", "since", "since_trait") if getattr(window, name)]
    if len(given) > 1:
        both = " and ".join(given)
        raise RuleRejected(f"{at}: give one of last, since, since_trait, or none for all time; there are {both}.")
    if window.last is not None and span_us(window.last) > MAX_DAYS * DAY_US:
        raise RuleRejected(f"{at}.last: windows look back {MAX_DAYS:,} days at most; leave it out for all time.")


def _check_sequence(leaf: Sequence, at: str) -> None:
    if leaf.steps[0].within is not None or leaf.steps[0].without is not None:
        raise RuleRejected(f"{at}.steps[0]: before the first step there is nothing: leave out `within` and `without`.")
    if span_us(leaf.window) > 90 * DAY_US:
        raise RuleRejected(f"{at}.window: sequences look back 90 days at most.")
    if leaf.then_not is not None and span_us(leaf.then_not.within) > span_us(leaf.window):
        most = f"{leaf.window.n} {leaf.window.unit}"
        raise RuleRejected(f"{at}.then_not.within: at most {most}, the sequence's window; longer never holds.")
    events = [event for _, event in events_in(leaf, at)]
    if len(events) > MAX_MARKS:
        raise RuleRejected(f"{at}: a sequence names {MAX_MARKS} events at most, this one {len(events)}.")
    for event in events:
        _check_event(event, at)


def _listing(words: str, names: Collection[Any]) -> str:
    if not names:
        return "There are none yet."
    shown = [str(name) for name in sorted(names)[:20]]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"{words}: {', '.join(shown)}{more}."
