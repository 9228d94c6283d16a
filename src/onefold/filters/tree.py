"""The tree of conditions: groups of AND, OR and NOT, and one type of leaf for each question. Pure.

Lists of records ask leaves about a `field`; audiences ask all of them (docs/reference/audiences.md).
"""

from datetime import date
from typing import Annotated, Final, Literal

import msgspec

from onefold.kernel.errors import Rejected

MAX_TEXT: Final = 500
MAX_PATTERN: Final = 200
MAX_DAYS: Final = 36_500
MAX_NUMBER: Final = 10**30
MOST_VALUES: Final = 10_000
MAX_STEPS: Final = 8

Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
Texts = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=MOST_VALUES)]
Numeral = int | float


class FilterRejected(Rejected):
    """The filter can't be read."""

    code = "filter_invalid"


class _Tagged(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """A piece of a tree; in JSON `type` says which."""


class _Leaf(_Tagged, frozen=True):
    field: Name


class OneOf(_Leaf, frozen=True, tag="text"):
    """`is`, `is_not`: the text equals one of `values`, letter by letter. What is no text equals none."""

    op: Literal["is", "is_not"]
    values: Texts


class Contains(_Leaf, frozen=True, tag="part"):
    """`contains`, `contains_not`, `starts`: whatever the letters' case. What is no text contains nothing."""

    op: Literal["contains", "contains_not", "starts"]
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]


class Number(_Leaf, frozen=True, tag="number"):
    """The number compared with one. What is no number is unlike every number, and neither smaller nor greater."""

    op: Literal["eq", "ne", "lt", "le", "gt", "ge"]
    value: Numeral


class Between(_Leaf, frozen=True, tag="range"):
    """A number from `low` to `high`, both included."""

    low: Numeral
    high: Numeral


class Days(_Leaf, frozen=True, tag="date"):
    """`before` a day, `after` it, or from `first` to `last` (`between`); days of UTC. Text that is no date never is."""

    op: Literal["before", "after", "between"]
    first: date
    last: date | None = None


class Recent(_Leaf, frozen=True, tag="recent"):
    """`within` the last N days up to now; `longer_ago` than that; `ahead`: from now within the next N days.

    Text that is no date is none of these.
    """

    op: Literal["within", "longer_ago", "ahead"]
    days: Annotated[int, msgspec.Meta(ge=1, le=MAX_DAYS)]


class Anniversary(_Leaf, frozen=True, tag="anniversary"):
    """The date's day and month come within the next N days, today (of UTC) included; of 29 February: 28 in other years.

    Text that is no date has none.
    """

    days: Annotated[int, msgspec.Meta(ge=0, le=365)]


class Flag(_Leaf, frozen=True, tag="flag"):
    """Is true, or is false. What is no truth value is neither."""

    value: bool


class Has(_Leaf, frozen=True, tag="list"):
    """`has`, `has_not`: the list holds one of `values`. What is no list holds nothing."""

    op: Literal["has", "has_not"]
    values: Annotated[tuple[Text | Numeral, ...], msgspec.Meta(min_length=1, max_length=MOST_VALUES)]


class Present(_Leaf, frozen=True, tag="present"):
    """There is a value: neither missing, nor null, nor empty text; `value` false asks for the contrary."""

    value: bool = True


class Matches(_Leaf, frozen=True, tag="regex"):
    """The pattern is found in the text. RE2's syntax: linear time, so without look-around and back-references."""

    pattern: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PATTERN)]


# what people did


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A length of time. Days have 24 hours."""

    n: Annotated[int, msgspec.Meta(ge=1, le=MAX_DAYS * 1440)]
    unit: Literal["minutes", "hours", "days"] = "days"


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which events count: of the `last` span, `since` a day (of UTC) or since the day of a date trait; else all.

    The begin of `last` is rounded down: to the minute up to a day, to the hour up to 90 days, to the day of UTC beyond.
    """

    last: Span | None = None
    since: date | None = None
    since_trait: str = ""


EVER: Final = Window()


class EventMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Events of one name (of pages and screens also of any: "") whose properties match; in `where` fields are those."""

    name: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""
    kind: Literal["track", "page", "screen"] = "track"
    where: "Node | None" = None


class Did(_Tagged, frozen=True, tag="did", omit_defaults=True):
    """A figure of somebody's events compared with a number. Of no event: count, distinct and sum are 0, others missing.

    Of `property` numbers count, to a millionth in sums; `distinct` counts values of `property_type`.
    """

    event: EventMatch
    measure: Literal["count", "sum", "average", "min", "max", "distinct"] = "count"
    property: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""
    property_type: Literal["text", "number"] = "text"
    window: Window = EVER
    op: Literal["eq", "ne", "lt", "le", "gt", "ge"] = "ge"
    value: Numeral = 1


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The next event, at most `within` after the one before, and none that meets `without` between the two."""

    event: EventMatch
    within: Span | None = None
    without: EventMatch | None = None


class ThenNot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No such event in the time after the last step, which is over."""

    event: EventMatch
    within: Span


class Sequence(_Tagged, frozen=True, tag="sequence", omit_defaults=True):
    """Different events one after another, all within the window. Equal times go in the order of the steps."""

    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=MAX_STEPS)]
    then_not: ThenNot | None = None
    window: Span = Span(30)


# who people are to us


class InAudience(_Tagged, frozen=True, tag="audience", omit_defaults=True):
    """Is in another audience of people, or (`value` false) isn't; asked of a company: of companies."""

    audience: Annotated[int, msgspec.Meta(ge=1)]
    value: bool = True


class Consents(_Tagged, frozen=True, tag="consent", omit_defaults=True):
    """Has `given` or `denied` consent to a purpose, or said nothing (`unknown`)."""

    purpose: Name
    op: Literal["given", "denied", "unknown"] = "given"


class AtCompany(_Tagged, frozen=True, tag="company"):
    """Belongs to a company for which this holds; fields are the company's: name, key, trait:NAME …

    Besides fields it may be asked `PeopleIn`, and `InAudience` of an audience of companies.
    """

    where: "Node"


class PeopleIn(_Tagged, frozen=True, tag="people_in", omit_defaults=True):
    """Of a company: so many of its people are in an audience of people."""

    audience: Annotated[int, msgspec.Meta(ge=1)]
    op: Literal["eq", "ne", "lt", "le", "gt", "ge"] = "ge"
    value: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 1


class TopShare(_Tagged, frozen=True, tag="top", omit_defaults=True):
    """Belongs to the `percent` of people with the greatest (`is_bottom`: smallest) value, among those who have one."""

    field: Name
    percent: Annotated[float, msgspec.Meta(gt=0, le=100)]
    is_bottom: bool = False


class Sample(_Tagged, frozen=True, tag="sample", omit_defaults=True):
    """A share of all people by chance, the same ones for the same `seed`."""

    percent: Annotated[float, msgspec.Meta(gt=0, le=100)]
    seed: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""


class Listed(_Tagged, frozen=True, tag="listed"):
    """An identifier of theirs stands in an uploaded list."""

    list: Annotated[int, msgspec.Meta(ge=1)]


class RelatedTo(_Tagged, frozen=True, tag="related", omit_defaults=True):
    """Of lists: among the records that a relation leads to (`company`, `deals`) this holds for one, or for none."""

    field: Name
    where: "Node"
    op: Literal["has", "has_not"] = "has"


# groups


class AnyOf(_Tagged, frozen=True, tag="any"):
    """At least one of them (none of none)."""

    of: tuple["Node", ...]


class AllOf(_Tagged, frozen=True, tag="all"):
    """Every one of them. Without any, everything matches."""

    of: tuple["Node", ...] = ()


class NoneOf(_Tagged, frozen=True, tag="none"):
    """Not a single one of them. Without any, everything matches."""

    of: tuple["Node", ...]


Condition = OneOf | Contains | Number | Between | Days | Recent | Anniversary | Flag | Has | Present | Matches
"""Asks about a field of a record."""
Behaviour = Did | Sequence | InAudience | Consents | AtCompany | PeopleIn | TopShare | Sample | Listed | RelatedTo
"""Asks about a person, or a company, as a whole."""
Group = AnyOf | AllOf | NoneOf
Node = (
    OneOf | Contains | Number | Between | Days | Recent | Anniversary | Flag | Has | Present | Matches
    | Did | Sequence | InAudience | Consents | AtCompany | PeopleIn | TopShare | Sample | Listed | RelatedTo
    | AnyOf | AllOf | NoneOf
)  # fmt: skip


def in_all(tree: Node | None) -> AllOf:
    """The same as a group of AND, which more can be added to."""
    if tree is None:
        return AllOf()
    return tree if isinstance(tree, AllOf) else AllOf((tree,))
