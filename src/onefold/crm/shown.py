"""How values of records are shown: their text, where they lead to, how they are marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from babel.core import UnknownLocaleError
from babel.numbers import UnknownCurrencyError, format_currency, format_decimal
from django.utils import dateformat, timezone
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from onefold.crm.labels import Labels
from onefold.crm.objects import PARTS, TEXTUAL, FieldDef, FieldKind, ObjectType
from onefold.crm.rules import is_empty
from onefold.crm.store import Values
from onefold.kernel.marking import marked as gettext_noop  # the worker has no settings of Django
from onefold.profiles.api import Person, to_text

MOST_NAMED: Final = 5
"""Of a list of things; of the others how many there are."""
_DATE: Final = gettext_noop("j M Y")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A value. `kind`: text, long, moment, tag, user, person, company, link or none; `raw`: the value itself."""

    kind: str
    text: str = ""
    url: str = ""
    tone: str = ""
    raw: Any = None
    is_right: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """A field of a record's page."""

    field: FieldDef
    shown: Shown


def shown(kind: ObjectType, field: FieldDef, values: Values, labels: Labels) -> Shown:
    """The value of a field."""
    value: Any = values.get(field.name)
    if is_empty(value):
        return Shown(kind="none", text=_("None"), is_right=is_right(field))
    if field.kind in PARTS:
        return Shown(kind="text", text=_several(field, value, labels), raw=value)
    if is_right(field):
        is_money = field.kind is FieldKind.MONEY
        text = money(value, currency_of(field, values)) if is_money else _number(field, value)
        return Shown(kind="text", text=text, raw=value, is_right=True)
    match field.kind:
        case FieldKind.DAY:
            return Shown(kind="text", text=day_text(value), raw=value)
        case FieldKind.MOMENT:
            return Shown(kind="moment", raw=value)
        case FieldKind.FLAG:
            return Shown(kind="text", text=_("Yes") if value else _("No"), raw=value)
        case FieldKind.CHOICE:
            return _choice(field, str(value))
        case FieldKind.CHOICES:
            return Shown(kind="text", text=", ".join(map(str, map(field.titled, value))), raw=value)
    if field.kind in TEXTUAL:
        is_link = field.kind is FieldKind.LINK
        texts = {FieldKind.LINK: "link", FieldKind.LONG_TEXT: "long"}
        return Shown(kind=texts.get(field.kind, "text"), text=str(value), url=str(value) if is_link else "", raw=value)
    return _reference(kind, field, int(value), labels)


def _several(field: FieldDef, things: Sequence[Mapping[str, Any]], labels: Labels) -> str:
    text = _item_text if field.kind is FieldKind.ITEMS else partial(_role_text, field, labels)
    more = f" +{len(things) - MOST_NAMED}" if len(things) > MOST_NAMED else ""
    return ", ".join(map(text, things[:MOST_NAMED])) + more


def _item_text(item: Mapping[str, Any]) -> str:
    quantity, discount = (format_decimal(item[name], locale=_locale()) for name in ("quantity", "discount"))
    return f"{quantity} \N{MULTIPLICATION SIGN} {item['name'][:80]}" + (f" (-{discount} %)" if item["discount"] else "")


def _role_text(field: FieldDef, labels: Labels, beside: Mapping[str, Any]) -> str:
    roles = next(one for one in field.parts if one.name == "role")
    name = person_shown(labels.people.get(beside["person"])).text
    return f"{name} ({roles.titled(beside['role'])})" if beside["role"] else name


def lines_of(kind: ObjectType, values: Values, labels: Labels) -> list[Line]:
    """Every field that a record's page lists."""
    return [Line(field=one, shown=shown(kind, one, values, labels)) for one in kind.fields if not _is_aside(one)]


def currency_of(field: FieldDef, values: Mapping[str, Any]) -> str:
    """Of an amount."""
    return field.currency or str(values.get("currency") or "")


def money_about(amount: Decimal | None, currency: str) -> str:
    """€48,601 in whole units, where the size is what counts: sums, cards of a board."""
    return money(None if amount is None else amount.quantize(Decimal(1)), currency)


def money(amount: Decimal | None, currency: str) -> str:
    """€48,600, with cents where there are any, in the reader's language."""
    if amount is None:
        return ""
    locale = _locale()
    is_whole = amount == amount.to_integral_value()
    try:
        if not currency:
            return format_decimal(amount, locale=locale)
        return format_currency(
            amount, currency, locale=locale, currency_digits=not is_whole, format=_whole(locale) if is_whole else None
        )
    except (UnknownCurrencyError, UnknownLocaleError, ValueError):
        return f"{amount} {currency}"


def _locale() -> str:
    return to_locale(get_language() or "en")


def day_text(value: date) -> str:
    """A date in the reader's language."""
    return dateformat.format(
        datetime(value.year, value.month, value.day, 12, tzinfo=timezone.get_current_timezone()), _(_DATE)
    )


def person_shown(person: Person | None) -> Shown:
    """A link to somebody; None = whoever it was isn't known any more."""
    if person is None:
        return Shown(kind="none", text=_("No longer known"))
    return Shown(kind="person", text=person.title, url=f"/people/{to_text(person.id)}", raw=person.id)


def is_right(field: FieldDef) -> bool:
    """Whether lists align it right."""
    return field.kind in {FieldKind.MONEY, FieldKind.NUMBER}


def _whole(locale: str) -> str:
    from babel import Locale

    pattern: str = Locale.parse(locale).currency_formats["standard"].pattern
    return pattern.replace(".00", "")


def _number(field: FieldDef, value: Decimal | int) -> str:
    if field.name == "duration_s":
        minutes, seconds = divmod(int(value), 60)
        return f"{minutes}:{seconds:02}"
    return format_decimal(value, locale=to_locale(get_language() or "en"))


def _choice(field: FieldDef, value: str) -> Shown:
    option = next((one for one in field.options if one.value == value), None)
    if option is None or not option.tone:
        return Shown(kind="text", text=str(field.titled(value)), raw=value)
    return Shown(kind="tag", text=str(option.title), tone=option.tone, raw=value)


def _reference(kind: ObjectType, field: FieldDef, number: int, labels: Labels) -> Shown:
    match field.kind:
        case FieldKind.USER:
            return Shown(kind="user", text=labels.users.get(number, _("A former user")), raw=number)
        case FieldKind.PERSON:
            return person_shown(labels.people.get(number))
        case FieldKind.COMPANY:
            company = labels.companies.get(number)
            if company is None:
                return Shown(kind="none", text=_("No longer known"))
            url = f"/companies/{quote(company.space)}:{quote(company.key, safe='')}"
            return Shown(kind="company", text=company.title, url=url, raw=f"{company.space}:{company.key}")
    if field.target == "stage":
        stage = labels.pipelines.stages.get(number)
        tones = {"won": "ok", "lost": "bad", "open": "accent"}
        return Shown(kind="tag", text=stage.name, tone=tones[stage.state], raw=number) if stage else Shown(kind="none")
    if field.target == "pipeline":
        pipeline = labels.pipelines.pipeline(number)
        return Shown(kind="text", text=pipeline.name if pipeline else "", raw=number)
    name = labels.records.get((field.target, number))
    if name is None:
        return Shown(kind="none", text=_("Not for you to see"))
    path = f"/{field.target}s" if field.target in {"deal", "task", "product"} else f"/records/{field.target}"
    return Shown(kind="link", text=name, url=f"{path}/{number}", raw=number)


def _is_aside(field: FieldDef) -> bool:
    """What stands elsewhere on the page: in its head, or beside what it belongs to."""
    return field.is_hidden_in_form or field.name in {"currency", "home_amount", "updated_at"}
