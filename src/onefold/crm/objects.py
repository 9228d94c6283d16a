"""What kinds of records the CRM has, and which fields: lists, forms, filters, API and exports follow. Pure.

People and companies are no tables of ours: a person is a profile, a company the fold of its events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

MAX_TEXT: Final = 500
MAX_LONG_TEXT: Final = 100_000
Words = str | Promise


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    LINK = "link"  # an http(s) address
    NUMBER = "number"
    MONEY = "money"
    DAY = "date"
    MOMENT = "moment"
    CHOICE = "choice"
    CHOICES = "choices"
    FLAG = "flag"
    USER = "user"
    PERSON = "person"
    COMPANY = "company"
    RECORD = "record"  # of the object `target`
    ITEMS = "items"  # what a deal is made up of, in a table of its own
    PEOPLE = "people"  # who else it is about, in what role, in a table of its own


TEXTUAL: Final = frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.LINK, FieldKind.CHOICE})
"""Whose column is a text that is never null; empty = no value."""


MOST_PARTS: Final = {FieldKind.ITEMS: 200, FieldKind.PEOPLE: 50}
PARTS: Final = frozenset(MOST_PARTS)
"""Whose values are lists of things, up to so many, kept in tables beside the record's."""


@dataclass(frozen=True)
class Option:
    """A value of a choice, and what people call it. `tone`: ok, warn, bad, accent or nothing."""

    value: str
    title: Words
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class FieldDef:
    """A field of an object. `column`: its own; empty = a key of `custom`."""

    name: str
    title: Words
    kind: FieldKind
    column: str = ""  # of those in PARTS a table's name
    options: tuple[Option, ...] = ()
    target: str = ""  # of RECORD: name of the object
    currency: str = ""  # of custom MONEY; that of a column stands in the record's `currency`
    is_required: bool = False
    is_read_only: bool = False  # kept by us
    is_sortable: bool = False  # an index serves the order
    is_hidden_in_form: bool = False
    is_phone: bool = False  # masked as a whole for who may not see personal data
    parts: tuple["FieldDef", ...] = ()  # of those in PARTS: what each of its things has

    def titled(self, value: str) -> Words:
        """What people call one of its values; the value itself if it is no option (any more)."""
        return next((one.title for one in self.options if one.value == value), value)


@dataclass(frozen=True, kw_only=True)
class ObjectType:
    """A kind of record. Its table also has `id`, `custom`, `search`, `created_by` and `deleted_at`."""

    name: str
    title: Words
    plural: Words
    icon: str
    table: str
    path: str  # of its list
    fields: tuple[FieldDef, ...]
    columns: tuple[str, ...]  # of its list, unless somebody chooses others
    sort: str
    number: int | None = None  # of a custom object
    searched: tuple[str, ...] = ("name",)  # the fields whose text its column `search` holds
    hidden: tuple[FieldDef, ...] = ()  # from who asks: rows have no value of them

    @cached_property
    def by_name(self) -> Mapping[str, FieldDef]:
        """Its fields."""
        return {one.name: one for one in self.fields}

    def with_fields(self, more: Sequence[FieldDef]) -> "ObjectType":
        """The same with custom fields."""
        return replace(self, fields=(*self.fields, *more)) if more else self


PRIORITIES: Final = (Option("high", _("High"), "bad"), Option("normal", _("Normal")), Option("low", _("Low")))
TASK_KINDS: Final = (
    Option("todo", _("To do")),
    Option("call", _("Call")),
    Option("email", _("E-mail")),
    Option("meeting", _("Meeting")),
)
ACTIVITY_KINDS: Final = (
    Option("call", _("Call")),
    Option("email", _("E-mail")),
    Option("meeting", _("Meeting")),
    Option("note", _("Note")),
)
OUTCOMES: Final = (
    Option("connected", _("Connected"), "ok"),
    Option("voicemail", _("Left a voicemail")),
    Option("no_answer", _("No answer")),
    Option("busy", _("Busy")),
    Option("wrong_number", _("Wrong number"), "bad"),
)
DIRECTIONS: Final = (Option("out", _("Outgoing")), Option("in", _("Incoming")))
DEAL_SOURCES: Final = (
    Option("website", _("Website")),
    Option("referral", _("Referral")),
    Option("event", _("Event")),
    Option("outbound", _("Outbound")),
    Option("partner", _("Partner")),
)
LOST_REASONS: Final = (
    Option("price", _("Price")),
    Option("competitor", _("A competitor")),
    Option("no_budget", _("No budget")),
    Option("no_decision", _("No decision")),
    Option("timing", _("Timing")),
    Option("fit", _("No fit")),
)
PEOPLE_ROLES: Final = (
    Option("decision_maker", _("Decision maker")),
    Option("champion", _("Champion")),
    Option("influencer", _("Influencer")),
    Option("user", pgettext_lazy("role in a deal", "User")),
    Option("technical", _("Technical contact")),
    Option("billing", _("Billing contact")),
    Option("legal", _("Legal contact")),
    Option("blocker", _("Blocker")),
)
DEAL_STATES: Final = (
    Option("open", pgettext_lazy("deals", "Open"), "accent"),
    Option("won", _("Won"), "ok"),
    Option("lost", _("Lost"), "bad"),
)

_K = FieldKind
_PERSON: Final = FieldDef(name="person", title=_("Person"), kind=_K.PERSON, column="person")
_COMPANY: Final = FieldDef(name="company", title=_("Company"), kind=_K.COMPANY, column="company")
_OWNER: Final = FieldDef(name="owner", title=_("Owner"), kind=_K.USER, column="owner", is_sortable=True)
_DEAL: Final = FieldDef(name="deal", title=_("Deal"), kind=_K.RECORD, column="deal", target="deal")


def _kept(name: str, title: Words, kind: FieldKind, *, is_sortable: bool = False) -> FieldDef:
    return FieldDef(name=name, title=title, kind=kind, column=name, is_read_only=True, is_sortable=is_sortable)


_PEOPLE: Final = FieldDef(
    name="people",
    title=_("People"),
    kind=_K.PEOPLE,
    column="record_person",
    is_hidden_in_form=True,
    parts=(
        FieldDef(name="person", title=_("Person"), kind=_K.PERSON, is_required=True),
        FieldDef(name="role", title=_("Role"), kind=_K.CHOICE, options=PEOPLE_ROLES),
    ),
)
_ITEMS: Final = FieldDef(
    name="items",
    title=_("Products"),
    kind=_K.ITEMS,
    column="deal_item",
    is_hidden_in_form=True,
    parts=(
        FieldDef(name="id", title=_("Number"), kind=_K.NUMBER),
        FieldDef(name="product", title=_("Product"), kind=_K.RECORD, target="product"),
        FieldDef(name="name", title=_("Name"), kind=_K.TEXT),
        FieldDef(name="quantity", title=_("Quantity"), kind=_K.NUMBER),
        FieldDef(name="price", title=_("Price"), kind=_K.MONEY),
        FieldDef(name="discount", title=_("Discount, %"), kind=_K.NUMBER),
        FieldDef(name="list_price", title=_("List price"), kind=_K.MONEY, is_read_only=True),
        FieldDef(name="list_currency", title=_("Currency"), kind=_K.TEXT, is_read_only=True),
        FieldDef(name="sum", title=_("Sum"), kind=_K.MONEY, is_read_only=True),
    ),
)
_CREATED: Final = (
    _kept("created_at", _("Created"), _K.MOMENT, is_sortable=True),
    _kept("updated_at", _("Changed"), _K.MOMENT),
)

DEAL: Final = ObjectType(
    name="deal",
    title=_("Deal"),
    plural=_("Deals"),
    icon="briefcase",
    table="deal",
    path="/deals",
    fields=(
        FieldDef(name="name", title=_("Name"), kind=_K.TEXT, column="name", is_required=True),
        FieldDef(name="pipeline", title=_("Pipeline"), kind=_K.RECORD, column="pipeline", target="pipeline"),
        FieldDef(name="stage", title=_("Stage"), kind=_K.RECORD, column="stage", target="stage"),
        FieldDef(
            name="state", title=_("State"), kind=_K.CHOICE, column="state", options=DEAL_STATES, is_read_only=True
        ),
        FieldDef(name="amount", title=_("Amount"), kind=_K.MONEY, column="amount"),
        FieldDef(name="currency", title=_("Currency"), kind=_K.TEXT, column="currency"),
        FieldDef(name="close_on", title=_("Close date"), kind=_K.DAY, column="close_on", is_sortable=True),
        _OWNER,
        _COMPANY,
        _PERSON,
        _PEOPLE,
        _ITEMS,
        FieldDef(name="source", title=_("Source"), kind=_K.CHOICE, column="source", options=DEAL_SOURCES),
        FieldDef(name="next_step", title=_("Next step"), kind=_K.TEXT, column="next_step"),
        FieldDef(
            name="lost_reason", title=_("Lost because of"), kind=_K.CHOICE, column="lost_reason", options=LOST_REASONS
        ),
        FieldDef(name="checked", title=_("Checklist"), kind=_K.CHOICES, column="checked", is_hidden_in_form=True),
        _kept("home_amount", _("Amount, converted"), _K.NUMBER, is_sortable=True),
        _kept("weighted", _("Weighted amount"), _K.NUMBER),
        _kept("stage_at", _("In stage since"), _K.MOMENT),
        _kept("next_task_at", _("Next task"), _K.MOMENT),
        _kept("active_at", _("Last activity"), _K.MOMENT),
        _kept("closed_at", _("Closed"), _K.MOMENT),
        *_CREATED,
    ),
    columns=("name", "stage", "amount", "company", "person", "close_on", "next_task_at", "owner"),
    sort="-created_at",
)
TASK: Final = ObjectType(
    name="task",
    title=_("Task"),
    plural=_("Tasks"),
    icon="checkbox",
    table="task",
    path="/tasks",
    fields=(
        FieldDef(name="name", title=_("Task"), kind=_K.TEXT, column="name", is_required=True),
        FieldDef(name="kind", title=_("Kind"), kind=_K.CHOICE, column="kind", options=TASK_KINDS, is_required=True),
        FieldDef(name="due_at", title=_("Due"), kind=_K.MOMENT, column="due_at", is_sortable=True),
        FieldDef(name="remind_at", title=_("Remind"), kind=_K.MOMENT, column="remind_at"),
        FieldDef(
            name="priority",
            title=_("Priority"),
            kind=_K.CHOICE,
            column="priority",
            options=PRIORITIES,
            is_required=True,
        ),
        _OWNER,
        _PERSON,
        _COMPANY,
        _DEAL,
        FieldDef(name="note", title=_("Note"), kind=_K.LONG_TEXT, column="note"),
        FieldDef(name="done_at", title=_("Done"), kind=_K.MOMENT, column="done_at", is_hidden_in_form=True),
        *_CREATED,
    ),
    columns=("name", "due_at", "priority", "person", "deal", "owner"),
    sort="due_at",
)
ACTIVITY: Final = ObjectType(
    name="activity",
    title=_("Activity"),
    plural=_("Activities"),
    icon="message-2",
    table="activity",
    path="/activities",
    fields=(
        FieldDef(name="name", title=_("Subject"), kind=_K.TEXT, column="name"),
        FieldDef(name="kind", title=_("Kind"), kind=_K.CHOICE, column="kind", options=ACTIVITY_KINDS, is_required=True),
        FieldDef(name="at", title=_("When"), kind=_K.MOMENT, column="at", is_required=True, is_sortable=True),
        FieldDef(name="duration_s", title=_("Duration, seconds"), kind=_K.NUMBER, column="duration_s"),
        FieldDef(name="direction", title=_("Direction"), kind=_K.CHOICE, column="direction", options=DIRECTIONS),
        FieldDef(name="outcome", title=_("Outcome"), kind=_K.CHOICE, column="outcome", options=OUTCOMES),
        FieldDef(name="number", title=_("Number"), kind=_K.TEXT, column="number", is_phone=True),
        _OWNER,
        _PERSON,
        _COMPANY,
        _DEAL,
        FieldDef(name="body", title=_("Notes"), kind=_K.LONG_TEXT, column="body"),
        FieldDef(name="transcript", title=_("Transcript"), kind=_K.LONG_TEXT, column="transcript"),
        FieldDef(name="recording", title=_("Recording"), kind=_K.LINK, column="recording"),
        *_CREATED,
    ),
    columns=("name", "kind", "at", "person", "deal", "outcome", "owner"),
    sort="-at",
    searched=("name", "body"),
)
PRODUCT: Final = ObjectType(
    name="product",
    title=_("Product"),
    plural=_("Products"),
    icon="package",
    table="product",
    path="/products",
    fields=(
        FieldDef(name="name", title=_("Name"), kind=_K.TEXT, column="name", is_required=True),
        FieldDef(name="code", title=_("Code"), kind=_K.TEXT, column="code"),
        FieldDef(name="price", title=_("Price"), kind=_K.MONEY, column="price"),
        FieldDef(name="currency", title=_("Currency"), kind=_K.TEXT, column="currency"),
        _OWNER,
        *_CREATED,
    ),
    columns=("name", "code", "price", "created_at"),
    sort="-created_at",
    searched=("name", "code"),
)
STANDARD: Final[Mapping[str, ObjectType]] = {one.name: one for one in (DEAL, TASK, ACTIVITY, PRODUCT)}
