"""What can be asked of the lake: typed plans. Pure; docs/reference/engines.md explains them."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onefold.kernel.errors import Rejected

MAX_LIMIT = 1_000_000
MAX_STEPS = 16
"""Of a funnel."""

Name = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,62}$")]
"""Of a column of the answer."""
Many = Annotated[int, Meta(ge=1, le=MAX_LIMIT)]
Scalar = bool | int | float | str
PropertyType = Literal["string", "double", "long", "boolean"]
Unit = Literal["hour", "day", "week", "month"]
TableName = Literal["events", "profiles", "identifiers", "companies", "memberships"]


class PlanRejected(Rejected):
    """A plan asks for what there is not; the message names the place in it and what is allowed there."""

    code = "plan_rejected"


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=str.lower, tag_field="is"):
    """A piece of a plan; in JSON its class is the key `is`, in small letters."""


# fields


class Column(Node, frozen=True):
    """A column of the table."""

    name: str


class Property(Node, frozen=True):
    """What an event carries in `properties`, a person or company in `traits`.

    `name`: dots lead into inner objects; a dot that belongs to a name is written `\\.`. A value of another type than
    `type` counts as missing: the text "12" is no number. `long`: whole numbers written without a fraction.
    """

    name: str
    type: PropertyType


class TimeBucket(Node, frozen=True):
    """The period in which an instant lies, by the clocks of a zone.

    Hours: the instant at which it began. Days, weeks (from Monday) and months: the date on which it began there.
    """

    unit: Unit
    time_zone: str = "UTC"
    column: str = "ts"


Field = Column | Property


# conditions: each holds or doesn't; a missing value satisfies no comparison, and so every `Not` of one


class Compare(Node, frozen=True):
    """A value against another of its type. Instants are compared by `Between`."""

    field: Field
    operator: Literal["=", "!=", "<", "<=", ">", ">="]
    value: Scalar


class OneOf(Node, frozen=True):
    """The value is one of these, 1 to 10,000."""

    field: Field
    values: Annotated[tuple[Scalar, ...], Meta(min_length=1, max_length=10_000)]


class Exists(Node, frozen=True):
    """There is a value (of the property's type)."""

    field: Field


class Text(Node, frozen=True):
    """A text has a part, or begins so; capital letters matter."""

    field: Field
    how: Literal["contains", "prefix"]
    text: Annotated[str, Meta(min_length=1)]


class Between(Node, frozen=True):
    """An instant from `since` to before `until`."""

    field: Column
    since: datetime | None = None
    until: datetime | None = None


class AllOf(Node, frozen=True):
    """Every one of them holds; of none: always."""

    of: tuple["Condition", ...]


class AnyOf(Node, frozen=True):
    """At least one of them holds; of none: never."""

    of: tuple["Condition", ...]


class Not(Node, frozen=True):
    """It doesn't hold."""

    of: "Condition"


Condition = Compare | OneOf | Exists | Text | Between | AllOf | AnyOf | Not


# what an answer is made of


class Metric(Node, frozen=True):
    """A figure over the rows of a group for which `where` holds.

    `count`: rows. `distinct`: different values of `field`, exactly. `quantile`: the value below which `share` of the
    rows lie, interpolated. Sums of whole numbers are whole, and refused beyond 64 bits; of none: missing.
    """

    name: Name
    kind: Literal["count", "distinct", "sum", "avg", "min", "max", "quantile"] = "count"
    field: Field | None = None
    where: Condition | None = None
    share: Annotated[float, Meta(ge=0, le=1)] = 0.5


class Output(Node, frozen=True):
    """A value of the answer, and what it is called there."""

    name: Name
    field: Column | Property | TimeBucket


class Order(Node, frozen=True):
    """By a column of the answer; missing values last. What is equal is ordered by the answer's other columns."""

    name: str
    is_descending: bool = False


class Mark(Node, frozen=True):
    """A place in the events' order, newest first: `event_id` as 32 hexadecimal digits."""

    ts: datetime
    event_id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


# plans


class Asked(Node, frozen=True, kw_only=True):
    """What all plans over events may narrow down: events from `since` to before `until`, of these profiles."""

    since: datetime | None = None
    until: datetime | None = None
    profiles: Annotated[tuple[int, ...], Meta(max_length=10_000)] | None = None
    where: Condition | None = None


class Aggregate(Asked, frozen=True, kw_only=True):
    """Figures by group. Columns: dimensions, then metrics; a row for each group that has rows. One scan.

    Without dimensions one row.
    """

    metrics: Annotated[tuple[Metric, ...], Meta(min_length=1, max_length=100)]
    dimensions: Annotated[tuple[Output, ...], Meta(max_length=10)] = ()
    table: TableName = "events"
    order: tuple[Order, ...] = ()
    limit: Many = MAX_LIMIT


class Rows(Asked, frozen=True, kw_only=True):
    """Rows as they are: of events the newest first unless `order` says otherwise.

    `before`: events that come after this one in that order, so the next page. Of a few `profiles` it reads their
    buckets only.
    """

    columns: Annotated[tuple[Output, ...], Meta(min_length=1, max_length=100)]
    table: TableName = "events"
    before: Mark | None = None
    order: tuple[Order, ...] = ()
    limit: Many = 100


class Retention(Asked, frozen=True, kw_only=True):
    """Who comes back. Columns: `cohort` (a Monday), `week` (0 to `weeks`), `joined`, `returned`; one scan.

    A profile's cohort is the week of its first event that satisfies `first`; `joined` stands at week 0 only.
    `returned`: its profiles with an event in that week that satisfies `returned`.
    """

    first: Condition | None = None
    returned: Condition | None = None
    weeks: Annotated[int, Meta(ge=1, le=520)] = 12
    time_zone: str = "UTC"


class Did(Node, frozen=True, kw_only=True):
    """A profile has from `at_least` to `at_most` such events. `at_least` 0 and `at_most` 0: it did not."""

    where: Condition | None = None
    since: datetime | None = None
    until: datetime | None = None
    at_least: Annotated[int, Meta(ge=0)] = 1
    at_most: Annotated[int, Meta(ge=0)] | None = None


class AllDid(Node, frozen=True):
    """Profiles for which all hold."""

    of: Annotated[tuple["Deeds", ...], Meta(min_length=1)]


class AnyDid(Node, frozen=True):
    """Profiles for which at least one holds."""

    of: Annotated[tuple["Deeds", ...], Meta(min_length=1)]


Deeds = Did | AllDid | AnyDid


class ProfilesWho(Node, frozen=True, kw_only=True):
    """Profiles by what they did: `profile_id` in order, or their number (`profiles`). One scan.

    When somebody who did nothing satisfies it, the table `profiles` says who there is.
    """

    did: Deeds
    is_count: bool = False


class Funnel(Asked, frozen=True, kw_only=True):
    """How many come how far. Columns: `step` (from 1), `profiles` that reached it; a row for each step.

    A way begins with an event of the first step and goes on with one of the next, at the same time or later, all
    within `within_s` of its begin, that moment included. Other events between don't matter; one may be several steps.
    """

    steps: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=MAX_STEPS)]
    within_s: Annotated[int, Meta(ge=1)]


Plan = Aggregate | Rows | Retention | ProfilesWho | Funnel


def plan_of(document: bytes | str) -> Plan:
    """The plan that a JSON text writes down. Raises PlanRejected."""
    try:
        plan: Plan = msgspec.json.decode(document, type=Plan)
    except msgspec.DecodeError as fault:
        raise PlanRejected(f"This is no plan: {fault}.") from fault
    return plan
