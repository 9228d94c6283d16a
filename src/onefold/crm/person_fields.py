"""The traits of people that salespeople know: their names, how each is shown, typed and read. They stand here only.

All of them are traits, so a person stays the fold of events: an edit is an identify event of Onefold's own source. The
owner is said by the number of the user, which no new name changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Any, Final

import msgspec
from babel import Locale
from django.utils.translation import get_language, gettext_lazy, to_locale
from django.utils.translation import gettext as _

from onefold.accounts.api import mask_value
from onefold.crm.domains import domain_of
from onefold.crm.lifecycle import TRAIT, Lifecycle
from onefold.crm.objects import FieldDef, FieldKind, Option
from onefold.crm.own_traits import read_own, trait_input, trait_shown
from onefold.crm.shown import Shown
from onefold.crm.typed import Input
from onefold.crm.values import ValueRejected, read
from onefold.profiles.api import CorrectionRejected

OWNER: Final = "owner"
LIFECYCLE: Final = TRAIT
LEAD_STATUS: Final = "lead_status"
LEAD_SOURCE: Final = "lead_source"
SALES: Final = (OWNER, LIFECYCLE, LEAD_STATUS, LEAD_SOURCE)
"""What lists of people show, filter and change for many at once."""
LEAD_STATUSES: Final = (
    Option("new", gettext_lazy("New"), "accent"),
    Option("contacted", gettext_lazy("Contacted"), "accent"),
    Option("working", gettext_lazy("Working"), "warn"),
    Option("nurturing", gettext_lazy("Nurturing")),
    Option("qualified", gettext_lazy("Qualified"), "ok"),
    Option("unqualified", gettext_lazy("Unqualified"), "bad"),
)
LEAD_SOURCES: Final = (
    Option("website", gettext_lazy("Website")),
    Option("referral", gettext_lazy("Referral")),
    Option("event", gettext_lazy("Event")),
    Option("campaign", gettext_lazy("Campaign")),
    Option("outbound", gettext_lazy("Outbound")),
    Option("partner", gettext_lazy("Partner")),
    Option("other", gettext_lazy("Other")),
)
LANGUAGES: Final = (
    *("ar", "bg", "bs", "ca", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "he", "hi", "hr", "hu", "id"),
    *("is", "it", "ja", "ko", "lt", "lv", "mk", "ms", "mt", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr"),
    *("sv", "th", "tr", "uk", "vi", "zh"),
)
FIELDS: Final = (
    FieldDef(name=OWNER, title=gettext_lazy("Owner"), kind=FieldKind.USER),
    FieldDef(name=LIFECYCLE, title=gettext_lazy("Lifecycle stage"), kind=FieldKind.CHOICE),
    FieldDef(name=LEAD_STATUS, title=gettext_lazy("Lead status"), kind=FieldKind.CHOICE, options=LEAD_STATUSES),
    FieldDef(name=LEAD_SOURCE, title=gettext_lazy("Lead source"), kind=FieldKind.CHOICE, options=LEAD_SOURCES),
    FieldDef(name="title", title=gettext_lazy("Job title"), kind=FieldKind.TEXT),
    FieldDef(name="email", title=gettext_lazy("E-mail"), kind=FieldKind.TEXT),
    FieldDef(name="phone", title=gettext_lazy("Phone"), kind=FieldKind.TEXT, is_phone=True),
    FieldDef(name="language", title=gettext_lazy("Language"), kind=FieldKind.CHOICE),
    FieldDef(name="street", title=gettext_lazy("Street"), kind=FieldKind.TEXT),
    FieldDef(name="postal_code", title=gettext_lazy("Postal code"), kind=FieldKind.TEXT),
    FieldDef(name="city", title=gettext_lazy("City"), kind=FieldKind.TEXT),
    FieldDef(name="country", title=gettext_lazy("Country"), kind=FieldKind.TEXT),
    FieldDef(name="website", title=gettext_lazy("Website"), kind=FieldKind.LINK),
    FieldDef(name="linkedin", title=gettext_lazy("LinkedIn"), kind=FieldKind.LINK),
    FieldDef(name="x_profile", title=gettext_lazy("X"), kind=FieldKind.LINK),
    FieldDef(name="facebook", title=gettext_lazy("Facebook"), kind=FieldKind.LINK),
    FieldDef(name="instagram", title=gettext_lazy("Instagram"), kind=FieldKind.LINK),
)
BY_NAME: Final = {field.name: field for field in FIELDS}
MAX_SHOWN: Final = 300


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the workspace has to choose from. `users`: names by number, of those who can own, and of owners shown."""

    lifecycle: Lifecycle
    users: Mapping[int, str]
    owners: tuple[str, ...] = ()  # names of those who can own something
    own: tuple[FieldDef, ...] = ()  # fields that administrators added

    @cached_property
    def fields(self) -> Mapping[str, FieldDef]:
        """All of them by name: ours, then those that administrators added."""
        return BY_NAME | {one.name: one for one in self.own}


@dataclass(frozen=True, kw_only=True)
class PersonLine:
    """A field of a person's page."""

    field: FieldDef
    shown: Shown
    may_edit: bool = True


def options_of(field: FieldDef, known: Known) -> tuple[Option, ...]:
    """What can be chosen for a field, archived stages left out; nothing for one that is typed."""
    if field.name == LIFECYCLE:
        return known.lifecycle.options()
    if field.kind is FieldKind.USER:
        return tuple(Option(name, name) for name in known.owners)
    if field.name == "language":
        return tuple(sorted((Option(code, language_title(code)) for code in LANGUAGES), key=lambda one: str(one.title)))
    return field.options


def language_title(code: str) -> str:
    """A language in the reader's; of one without a name its code."""
    names = Locale.parse(to_locale(get_language() or "en")).languages
    return str(names.get(code, code))


def line_of(
    name: str,
    value: Any,  # noqa: ANN401  (any JSON value)
    known: Known,
    *,
    may_edit: bool,
    is_masked: bool,
) -> PersonLine:
    """A field as it is read. What is masked can't be edited: the form would hold the mask."""
    is_whole = not is_masked or mask_value(value, name) == value
    return PersonLine(field=known.fields[name], shown=shown_value(name, value, known), may_edit=may_edit and is_whole)


def shown_value(name: str, value: Any, known: Known) -> Shown:  # noqa: ANN401  (any JSON value)
    """The value of a field. Sources may say anything, so what is of another type is shown as it is."""
    field = known.fields[name]
    if name not in BY_NAME:
        return trait_shown(field, value)
    if value in (None, "", [], {}):
        return Shown(kind="none", text=_("None"))
    if field.kind is FieldKind.USER and type(value) is int:
        if value in known.users:
            return Shown(kind="user", text=known.users[value], raw=value)
        return Shown(kind="text", text=_("Somebody who is no longer here"), raw=value)
    text = _text(value)
    text = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    if field.kind is FieldKind.CHOICE and isinstance(value, str):
        return _chosen(field, value, text, known)
    if field.kind is FieldKind.LINK and text.startswith(("https://", "http://")):
        return Shown(kind="link", text=text, url=text if "…" not in text else "", raw=value)
    return Shown(kind="text", text=text, raw=value)


def input_of(name: str, value: Any, known: Known) -> Input:  # noqa: ANN401  (any JSON value)
    """The input of a field. What was said of it before stays a choice."""
    if name not in BY_NAME:
        return trait_input(known.fields[name], value)
    field, typed = BY_NAME[name], "" if value is None else _text(value)
    options = list(options_of(field, known))
    if field.kind is FieldKind.USER:
        typed = known.users.get(value, typed) if type(value) is int else typed
    is_choice = field.kind in {FieldKind.USER, FieldKind.CHOICE}
    if is_choice and typed and typed not in {one.value for one in options}:
        options.append(Option(typed, shown_value(name, value, known).text))
    return Input(field=field, kind="choice" if is_choice else "text", value=typed, options=options)


def field_named(name: str, known: Known) -> FieldDef:
    """Raises CorrectionRejected, which says the names there are."""
    if name not in known.fields:
        raise CorrectionRejected(_("There is no such field. Fields: %(known)s.") % {"known": ", ".join(known.fields)})
    return known.fields[name]


def read_value(name: str, given: Any, known: Known, before: Any = None) -> Any:  # noqa: ANN401  (any JSON value)
    """What somebody gave for a field, as the trait holds it; None = nothing. `before`: its value, which may stay.

    Raises CorrectionRejected, which says what is allowed.
    """
    field = field_named(name, known)
    if name not in BY_NAME:
        return read_own(field, given)
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if given == before or (type(before) is int and given == known.users.get(before)):
        return before
    if not isinstance(given, str):
        raise CorrectionRejected(_("A text is needed."))
    text = given.strip()
    if field.kind is FieldKind.USER:
        return _user(text, known, before)
    options = {one.value for one in options_of(field, known)}
    if field.kind is FieldKind.CHOICE and text not in options:
        raise CorrectionRejected(
            _("“%(text)s” is none of: %(allowed)s.") % {"text": text[:40], "allowed": ", ".join(sorted(options))}
        )
    if field.kind is FieldKind.LINK and domain_of(text) and "://" not in text:
        text = f"https://{text}"
    try:
        return read(FieldDef(name=name, title=field.title, kind=field.kind), text, UTC)
    except ValueRejected as fault:
        raise CorrectionRejected(str(fault)) from fault


def _user(text: str, known: Known, before: Any) -> Any:  # noqa: ANN401  (any JSON value)
    if text == _text(before):  # nobody's number any more
        return before
    numbers = {name: number for number, name in known.users.items() if name in known.owners}
    if text not in numbers:
        raise CorrectionRejected(_("There is no user “%(name)s” who can own something.") % {"name": text[:80]})
    return numbers[text]


def _chosen(field: FieldDef, value: str, text: str, known: Known) -> Shown:
    if field.name == "language":
        return Shown(kind="text", text=language_title(value), raw=value)
    options = known.lifecycle.options(with_archived=True) if field.name == LIFECYCLE else field.options
    option = next((one for one in options if one.value == value), None)
    if option is None:
        return Shown(kind="text", text=text, raw=value)
    return Shown(kind="tag", text=str(option.title), tone=option.tone, raw=value)


def _text(value: Any) -> str:  # noqa: ANN401  (any JSON value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
