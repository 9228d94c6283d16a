"""From what somebody typed or sent to the value of a field, and from a value to JSON. Pure.

References (users, people, companies, records) come out as text or number: `references.py` looks up whom they name.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

from onefold.crm.objects import MAX_LONG_TEXT, MAX_TEXT, MOST_PARTS, PARTS, TEXTUAL, FieldDef, FieldKind
from onefold.kernel.errors import Rejected

MAX_CHOICES: Final = 100
MAX_DECIMALS: Final = 20
MOST: Final = Decimal(10) ** 15
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_LINK: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class ValueRejected(Rejected):
    """The field can't hold that."""

    code = "value_invalid"


def read(field: FieldDef, given: object, zone: tzinfo = UTC) -> Any:  # noqa: ANN401  (the kind's value)
    """The value of `field` that `given` stands for: text of a form, or JSON. Empty = no value.

    Moments without a zone are of `zone` (tzinfo). Raises ValueRejected, which says what is allowed.
    """
    if isinstance(given, str):
        if _UNSTORABLE.search(given):
            raise ValueRejected(_("The text holds a character that can't be stored (NUL, or half of a pair)."))
        given = given.strip()
    if field.kind in PARTS:
        return _parts(field, given, zone)
    if _is_nested(given) and not (field.kind is FieldKind.CHOICES and _is_flat(given)) and given != []:
        raise ValueRejected(_("One value is needed, or of several choices a list of texts."))
    if given is None or given in ("", []):
        if field.is_required:
            raise ValueRejected(_("A value is needed."))
        return [] if field.kind is FieldKind.CHOICES else "" if field.kind in TEXTUAL else None
    return _READERS[field.kind](field, given, zone)


def nothing(field: FieldDef) -> Any:  # noqa: ANN401  (as `read`)
    """What a field without a value holds."""
    if field.kind is FieldKind.CHOICES or field.kind in PARTS:
        return []
    return "" if field.kind in TEXTUAL and field.column else None


def to_json(value: object) -> Any:  # noqa: ANN401  (as `read`)
    """As it is kept in JSON. Numbers stay Decimal, which `store.encode` writes as they are."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def from_json(field: FieldDef, kept: Any) -> Any:  # noqa: ANN401  (as `read`)
    """What `to_json` wrote; None of a field that held something else before."""
    if field.kind in PARTS:
        return [{one.name: from_json(one, thing.get(one.name)) for one in field.parts} for thing in kept or ()]
    if kept is None or field.kind not in _FROM_JSON:
        return kept
    try:
        return _FROM_JSON[field.kind](kept)
    except (ValueError, TypeError, InvalidOperation):
        return None


def _is_nested(given: object) -> bool:
    return isinstance(given, dict | list | tuple)


def _is_flat(given: object) -> bool:
    return isinstance(given, list | tuple) and not any(map(_is_nested, given))


def _parts(field: FieldDef, given: object, zone: tzinfo) -> list[dict[str, Any]]:
    """What is said of each thing, by name; what is kept by us may be given back, and says nothing."""
    if given in (None, ""):
        return []
    if not isinstance(given, list | tuple) or not all(isinstance(one, Mapping) for one in given):
        raise ValueRejected(_("A list of objects is needed."))
    if len(given) > MOST_PARTS[field.kind]:
        raise ValueRejected(_("Up to %(n)d of them are allowed.") % {"n": MOST_PARTS[field.kind]})
    return [_part(field, n, one, zone) for n, one in enumerate(given, 1)]


def _part(field: FieldDef, n: int, given: Mapping[str, object], zone: tzinfo) -> dict[str, Any]:
    known = {one.name: one for one in field.parts}
    found = {}
    for name in (*(one.name for one in field.parts if one.is_required and one.name not in given), *given):
        if name not in known:
            said = {"n": n, "name": name[:80], "allowed": ", ".join(one for one in known)}
            raise ValueRejected(_("%(n)d: there is no “%(name)s”, but %(allowed)s.") % said)
        if not known[name].is_read_only:
            try:
                found[name] = read(known[name], given.get(name), zone)
            except ValueRejected as fault:
                raise ValueRejected(f"{n}, {known[name].title}: {fault}") from fault
    return found


def _text(field: FieldDef, given: object, _zone: tzinfo) -> str:
    most = MAX_LONG_TEXT if field.kind is FieldKind.LONG_TEXT else MAX_TEXT
    if not isinstance(given, str | int | float | Decimal):
        raise ValueRejected(_("A text is needed."))
    text = str(given).replace("\r\n", "\n")
    if field.kind is not FieldKind.LONG_TEXT:
        text = " ".join(text.split())
    if len(text) > most:
        raise ValueRejected(
            _("The text has %(n)s characters; %(most)s are allowed.") % {"n": f"{len(text):,}", "most": f"{most:,}"}
        )
    if field.column == "currency":
        return read_currency(text)
    return text


def read_currency(text: str) -> str:
    """Three letters. Raises ValueRejected."""
    code = text.upper()
    if not _CURRENCY.fullmatch(code):
        raise ValueRejected(_("Write a currency by its three letters, such as EUR."))
    return code


def _link(field: FieldDef, given: object, zone: tzinfo) -> str:
    text = _text(field, given, zone)
    if not _LINK.fullmatch(text):
        raise ValueRejected(_("Write a whole address that begins with http:// or https://."))
    return text


def _number(_field: FieldDef, given: object, _zone: tzinfo) -> Decimal:
    if isinstance(given, bool):
        raise ValueRejected(_("A number is needed."))
    text = str(given).replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace("'", "")
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d+,\d{1,2}", text):  # 1.250,50 as it is written in much of Europe
        text = text.replace(".", "").replace(",", ".")
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation as fault:
        raise ValueRejected(_("“%(text)s” is no number.") % {"text": text[:40]}) from fault
    if not number.is_finite() or number.copy_abs() >= MOST:  # abs() overflows
        raise ValueRejected(_("The number must lie below 10¹⁵."))
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MAX_DECIMALS:
        raise ValueRejected(_("A number has up to %(n)d decimals.") % {"n": MAX_DECIMALS})
    return number


def _money(field: FieldDef, given: object, zone: tzinfo) -> Decimal:
    amount = _number(field, given, zone)
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -2:
        raise ValueRejected(_("An amount has up to two decimals."))
    return amount.quantize(Decimal("0.01"))


def _day(_field: FieldDef, given: object, _zone: tzinfo) -> date:
    try:
        return date.fromisoformat(str(given))
    except ValueError as fault:
        raise ValueRejected(_("Write a day as 2026-05-17.")) from fault


def _moment(_field: FieldDef, given: object, zone: tzinfo) -> datetime:
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError as fault:
        raise ValueRejected(_("Write a time as 2026-05-17T14:30, with or without a zone.")) from fault
    try:
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as fault:
        raise ValueRejected(_("This time lies outside the years 1 to 9999.")) from fault


def _choice(field: FieldDef, given: object, _zone: tzinfo) -> str:
    if not field.options or given in {one.value for one in field.options}:
        return _text(field, given, _zone)
    allowed = ", ".join(one.value for one in field.options)
    raise ValueRejected(_("“%(text)s” is none of: %(allowed)s.") % {"text": str(given)[:40], "allowed": allowed})


def _choices(field: FieldDef, given: object, zone: tzinfo) -> list[str]:
    many = given if isinstance(given, list | tuple) else [given]
    if len(many) > MAX_CHOICES:
        raise ValueRejected(_("Up to %(n)d values are allowed.") % {"n": MAX_CHOICES})
    return list(dict.fromkeys(_choice(field, one, zone) for one in many if one not in ("", None)))


def _flag(_field: FieldDef, given: object, _zone: tzinfo) -> bool:
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    found = given if isinstance(given, bool) else known.get(str(given).lower())
    if found is None:
        raise ValueRejected(_("Say true or false."))
    return found


def _reference(_field: FieldDef, given: object, _zone: tzinfo) -> str:
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise ValueRejected(_("Name what it refers to by its id."))
    return str(given)[:MAX_TEXT]


_READERS: Final[dict[FieldKind, Callable[[FieldDef, object, tzinfo], Any]]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _text,
    FieldKind.LINK: _link,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _money,
    FieldKind.DAY: _day,
    FieldKind.MOMENT: _moment,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _choices,
    FieldKind.FLAG: _flag,
    FieldKind.USER: _reference,
    FieldKind.PERSON: _reference,
    FieldKind.COMPANY: _reference,
    FieldKind.RECORD: _reference,
}
_FROM_JSON: Final[dict[FieldKind, Callable[[Any], Any]]] = {
    FieldKind.NUMBER: Decimal,
    FieldKind.MONEY: Decimal,
    FieldKind.DAY: date.fromisoformat,
    FieldKind.MOMENT: datetime.fromisoformat,
}
