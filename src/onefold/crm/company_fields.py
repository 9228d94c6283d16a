"""The traits of companies that salespeople know, and how any trait is shown, typed and read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import quote

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg import Connection

from onefold.accounts.api import mask_value
from onefold.crm.domains import domain_of
from onefold.crm.labels import CompanyLabel
from onefold.crm.objects import FieldDef, FieldKind, Option
from onefold.crm.own_traits import read_own, trait_input, trait_shown
from onefold.crm.schema import COMPANY, own_traits
from onefold.crm.shown import Shown, is_right
from onefold.crm.typed import Choices, Input
from onefold.crm.values import ValueRejected, read
from onefold.profiles.api import CorrectionRejected, value_from_text

STAGES: Final = (
    Option("lead", gettext_lazy("Lead"), "accent"),
    Option("qualified", gettext_lazy("Qualified"), "accent"),
    Option("opportunity", gettext_lazy("Opportunity"), "warn"),
    Option("customer", gettext_lazy("Customer"), "ok"),
    Option("partner", gettext_lazy("Partner"), "ok"),
    Option("former", gettext_lazy("Former customer"), "bad"),
)
WELL_KNOWN: Final = (
    FieldDef(name="name", title=gettext_lazy("Name"), kind=FieldKind.TEXT),
    FieldDef(name="domain", title=gettext_lazy("Domain"), kind=FieldKind.TEXT),
    FieldDef(name="industry", title=gettext_lazy("Industry"), kind=FieldKind.TEXT),
    FieldDef(name="employees", title=gettext_lazy("Employees"), kind=FieldKind.NUMBER),
    FieldDef(name="parent", title=gettext_lazy("Parent"), kind=FieldKind.COMPANY),
    FieldDef(name="phone", title=gettext_lazy("Phone"), kind=FieldKind.TEXT),
    FieldDef(name="website", title=gettext_lazy("Website"), kind=FieldKind.LINK),
    FieldDef(name="city", title=gettext_lazy("City"), kind=FieldKind.TEXT),
    FieldDef(name="country", title=gettext_lazy("Country"), kind=FieldKind.TEXT),
    FieldDef(name="owner", title=gettext_lazy("Owner"), kind=FieldKind.USER),
    FieldDef(name="lifecycle_stage", title=gettext_lazy("Lifecycle stage"), kind=FieldKind.CHOICE, options=STAGES),
)
BY_NAME: Final = {field.name: field for field in WELL_KNOWN}
Fields = Mapping[str, FieldDef]
_OWN_KINDS: Final = frozenset(
    {FieldKind.MONEY, FieldKind.DAY, FieldKind.MOMENT, FieldKind.CHOICES, FieldKind.FLAG}
)  # none of WELL_KNOWN is of these
_ALONE: Final = frozenset({"name", "domain", "phone", "website", "parent"})
"""What companies don't share, or what is looked up one by one."""
MOST_TRAITS: Final = 200
"""Of those that aren't well known."""
MAX_SHOWN: Final = 300


@dataclass(frozen=True, kw_only=True)
class TraitLine:
    """A trait of a company's page. `id` names its elements; `is_known` = salespeople know it."""

    field: FieldDef
    shown: Shown
    is_known: bool
    can_be_edited: bool = True

    @property
    def id(self) -> str:
        """For HTML: names of traits hold anything."""
        return element_id(self.field.name)


def element_id(name: str) -> str:
    """Of a trait's input."""
    return name if name in BY_NAME else blake2b(name.encode(errors="replace"), digest_size=6).hexdigest()


def fields_of(conn: Connection[Any]) -> Fields:
    """The traits that salespeople know, and those that administrators said what they hold."""
    return BY_NAME | {one.name: one for one in own_traits(conn, COMPANY)}


def shared_fields(conn: Connection[Any]) -> Fields:
    """What can be changed of many at once."""
    return {name: field for name, field in fields_of(conn).items() if name not in _ALONE}


def field_of(name: str, known: Fields) -> FieldDef:
    """The field of a trait."""
    return known.get(name) or FieldDef(name=name, title=name, kind=FieldKind.LONG_TEXT)


def lines_of(
    traits: Mapping[str, Any], parents: Mapping[str, CompanyLabel], known: Fields, *, is_masked: bool = False
) -> list[TraitLine]:
    """The known traits, whether they have a value or not, then up to MOST_TRAITS others by name."""
    others = sorted((name for name in traits if name not in known), key=str.casefold)[:MOST_TRAITS]
    return [line_of(name, traits.get(name), parents, known, is_masked=is_masked) for name in (*known, *others)]


def line_of(
    name: str,
    value: object,
    parents: Mapping[str, CompanyLabel],
    known: Fields,
    *,
    is_masked: bool = False,
) -> TraitLine:
    """A trait as it is read. What is masked can't be edited: the form would hold the mask."""
    can_be_edited = not (is_masked and mask_value(value, name) != value)
    field = field_of(name, known)
    return TraitLine(
        field=field, shown=shown_trait(field, value, parents), is_known=name in known, can_be_edited=can_be_edited
    )


def shown_trait(field: FieldDef, value: object, parents: Mapping[str, CompanyLabel]) -> Shown:
    """The value of a trait. Sources may say anything, so what is of another type is shown as it is."""
    if value in (None, "", [], {}):
        return Shown(kind="none", text=_("None"))
    if field.kind in _OWN_KINDS:
        return trait_shown(field, value)
    text = value if isinstance(value, str) else _said(value)
    text = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    match field.kind:
        case FieldKind.CHOICE:
            option = next((one for one in field.options if one.value == value), None)
            if option is not None:
                return Shown(kind="tag", text=str(option.title), tone=option.tone, raw=value)
        case FieldKind.USER if isinstance(value, str):
            return Shown(kind="user", text=text, raw=value)
        case FieldKind.LINK if isinstance(value, str) and value.startswith(("https://", "http://")):
            return Shown(kind="link", text=text, url=value if len(value) <= MAX_SHOWN else "", raw=value)
        case FieldKind.COMPANY if isinstance(value, str) and value in parents:
            label = parents[value]
            return Shown(kind="company", text=label.title, url=company_url(label.space, label.key), raw=value)
    return Shown(kind="text", text=text, raw=value, is_right=is_right(field))


def company_url(space: str, key: str) -> str:
    """The page of a company."""
    return f"/companies/{quote(space)}:{quote(key, safe='/')}"


def input_of_trait(field: FieldDef, value: object, choices: Choices, label: str = "") -> Input:
    """The input of a trait. What was said of it before stays a choice."""
    if field.kind in _OWN_KINDS:
        return trait_input(field, value)
    typed = "" if value is None else value if isinstance(value, str) else _said(value)
    kinds = {FieldKind.NUMBER: "number", FieldKind.CHOICE: "choice", FieldKind.USER: "choice"}
    kind = "lookup" if field.kind is FieldKind.COMPANY else kinds.get(field.kind, "text")
    if field.kind is FieldKind.LONG_TEXT and (len(typed) > 80 or "\n" in typed):
        kind = "long"
    options = [Option(name, name) for name in choices.users] if field.kind is FieldKind.USER else list(field.options)
    if kind == "choice" and typed and typed not in {one.value for one in options}:
        options.append(Option(typed, typed))
    return Input(field=field, kind=kind, value=typed, label=label or typed, options=options)


def read_trait(field: FieldDef, given: Any, before: object = None) -> Any:  # noqa: ANN401  (any JSON value)
    """What somebody typed for a trait (of several choices a list); None = nothing. `before`: its value.

    Raises CorrectionRejected.
    """
    if field.name not in BY_NAME and field.kind is not FieldKind.LONG_TEXT:
        return read_own(field, given)
    text = str(given).strip()
    if not text:
        return None
    if field.name == "domain":
        if domain := domain_of(text):
            return domain
        raise CorrectionRejected(_("A domain looks like example.com."))
    if field.name not in BY_NAME:
        return value_from_text(text, is_text=before is None or isinstance(before, str))
    if field.kind is FieldKind.LINK and domain_of(text):
        text = f"https://{text}"
    if field.kind in {FieldKind.CHOICE, FieldKind.USER} and text == before:
        return text
    try:
        value = read(field, text, UTC)
    except ValueRejected as fault:
        raise CorrectionRejected(str(fault)) from fault
    return int(value) if isinstance(value, Decimal) and value == int(value) else _plain(value)


def digest_of(value: object) -> str:
    """What a form says of the value that an editor saw, without the value: it may be masked."""
    return blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=8).hexdigest()


def parents_in(traits: Iterable[Mapping[str, Any]]) -> list[str]:
    """What these companies call their parents."""
    return [one for one in (each.get("parent") for each in traits) if isinstance(one, str) and one]


def _plain(value: object) -> Any:  # noqa: ANN401  (any JSON value)
    return float(value) if isinstance(value, Decimal) else value


def _said(value: object) -> str:
    return msgspec.json.encode(value).decode()
