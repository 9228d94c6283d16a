"""E-mail addresses and phone numbers made unreadable, wherever they stand: in values, texts, whole pages. Pure.

What can't be read can't be searched either: ADDRESSES says to PostgreSQL what a search leaves out.
"""

import re
from collections.abc import Collection
from typing import Any, Final

_DOTS: Final = "•••"
# bounded, so that a text of a million letters costs a million steps; %40 and %2B stand in addresses of links, \u0040
# and \u002b in JSON as some senders write it
_EMAIL: Final = re.compile(r"([\w.!#$*^`{|}~'%+-]{1,64})(@|%40|\\{1,4}u0040)((?:[\w-]{1,63}\.){1,8}[\w-]{2,63})")
_WRITTEN_PLUS: Final = re.compile(r"%2B|\\{1,4}u002[Bb]")
_INTERNATIONAL: Final = re.compile(r"((?:\+|%2B|\\{1,4}u002[Bb])\d)((?:[ ().\-/]{0,2}\d){7,14})(?!\d)")
_PHONE_NAME: Final = re.compile(r"phone|mobile|msisdn|cell|whatsapp|^tel$|^fax$", re.IGNORECASE)
_QUOTE: Final = r"(?:&quot;|&#34;|\")"
_FIELD: Final = re.compile(
    rf"({_QUOTE}\w{{0,30}}(?:phone|mobile|msisdn|whatsapp|cell)\w{{0,30}}{_QUOTE}\s{{0,4}}:\s{{0,4}}{_QUOTE}?)"
    r"([+(]?\d[\d ().\-/]{3,30}\d)",
    re.IGNORECASE,
)
_ALONE: Final = re.compile(r"(?<=[>\"])(\s{0,40})([(0][\d ().\-/]{6,22}\d)(\s{0,40})(?=[<\"])")
_DATE: Final = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}")
ADDRESSES: Final = (
    r"[^\s,;:<>()]*(@|\u002540)[^\s,;:<>()]*"  # \u0025 is %, which psycopg would take for a parameter
    r"|(?!\d{4}-\d\d-\d\d(?!\d))(\+|\u00252[Bb])?\(?\d([ ().\-/]{0,2}\d){7,14}"
)
"""PostgreSQL's pattern of what is masked in a text, and rather of more: whatever has an @, and 8 to 15 digits together
that are no date."""
_LEAST_DIGITS: Final = 8
_MOST_DIGITS: Final = 15


def mask_email(text: str) -> str:
    """`ada@example.com` → `a•••@e•••.com`."""
    name, _, domain = text.partition("@")
    return f"{name[:1]}{_DOTS}@{domain[:1]}{_DOTS}.{domain.rpartition('.')[2]}"


def mask_phone(text: str) -> str:
    """`+40721123456` → `+40•••56`; a national one keeps its last two digits."""
    digits = re.sub(r"\D", "", text)
    head = f"+{digits[:2]}" if text.startswith("+") else ""
    return f"{head}{_DOTS}{digits[-2:]}"


def mask_text(text: str, known: Collection[str] = ()) -> str:
    """E-mail addresses and international phone numbers in a text masked, but for those in `known`, in lower case.

    Linear in the text's length.
    """
    if "@" in text or "%40" in text or "u0040" in text:
        text = _EMAIL.sub(lambda found: _masked_email(found, known), text)
    return _INTERNATIONAL.sub(lambda found: _masked_phone(found, known), text)


def mask_value(value: Any, name: str = "") -> Any:  # noqa: ANN401 a value of JSON
    """A value of JSON with every text in it masked; national phone numbers too, where `name` says that it is one.

    An identifier as `{"namespace": "phone", "value": …}` is known by its namespace.
    """
    if isinstance(value, dict):
        said = str(value.get("namespace", ""))
        return {mask_text(key): mask_value(one, said if key == "value" else key) for key, one in value.items()}
    if isinstance(value, list):
        return [mask_value(one, name) for one in value]
    if isinstance(value, str | int) and not isinstance(value, bool) and _PHONE_NAME.search(name):
        text = str(value)
        return mask_phone(text) if sum(map(str.isdigit, text)) >= 4 else mask_text(text)
    return mask_text(value) if isinstance(value, str) else value


def mask_page(html: str, known: Collection[str] = ()) -> str:
    """A page with every text in it masked: what `mask_text` finds, phone numbers that stand alone in a cell or an
    attribute, and those in JSON below a name like `phone`. `known`: what the reader typed. Linear in its length.
    """
    html = mask_text(html, known)
    html = _FIELD.sub(lambda found: found[1] + mask_phone(found[2]), html)
    return _ALONE.sub(lambda found: found[1] + _masked_alone(found[2]) + found[3], html)


def is_masked_name(name: str) -> bool:
    """Whether every value below this name is masked, numbers too: `phone`, `mobileNumber`, `cell`."""
    return bool(_PHONE_NAME.search(name))


def _masked_email(found: re.Match[str], known: Collection[str]) -> str:
    plain = found[0].replace("%40", "@").replace("%2B", "+").lower()
    return found[0] if plain in known else mask_email(f"{found[1]}@{found[3]}")


def _masked_phone(found: re.Match[str], known: Collection[str]) -> str:
    plain = _WRITTEN_PLUS.sub("+", found[0])
    return found[0] if plain in known else mask_phone(plain)


def _masked_alone(text: str) -> str:
    digits = sum(map(str.isdigit, text))
    is_phone = _LEAST_DIGITS <= digits <= _MOST_DIGITS and not _DATE.fullmatch(text)
    return mask_phone(text) if is_phone else text
