"""What a visitor sent, checked against the form. Pure."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from onefold.forms.definition import HIDDEN, Definition, Field
from onefold.forms.wording import words_of
from onefold.identity.api import DEFAULT_CONFIG, Extractor, Identifier

MAX_SHORT: Final = 200
MAX_LONG: Final = 5_000
MAX_URL: Final = 1_000
MAX_ID: Final = 200
HONEYPOT: Final = "website"
AGREED: Final = "consent"
PAGE: Final = "page"
"""Where it was shown, sent by the page that works without scripts."""
TOKEN: Final = "token"  # noqa: S105 the name of a field
STALE_S: Final = 7 * 86_400
_WHOLE: Final = 2**53
_LINK: Final = re.compile(r"https?:|www\.|\[url", re.IGNORECASE)

Value = str | float | list[str]

_extractor: Final = Extractor(DEFAULT_CONFIG, {})


class Sent(NamedTuple):
    """What came, as texts: nothing of it is believed yet. `about`: page, title, referrer, anonymous id."""

    answers: dict[str, list[str]]
    token: str
    about: dict[str, str]


class Checked(NamedTuple):
    """Answers that fit the form; `faults` by field, in the form's language (then it isn't taken)."""

    values: dict[str, Value]
    has_agreed: bool
    faults: dict[str, str]


def sent_from(fields: Mapping[str, Any]) -> Sent:
    """From JSON's object or a form's fields. What is neither text, number, truth nor a list of those is left out."""
    given = fields.get("answers")
    answers = given if isinstance(given, dict) else {k: v for k, v in fields.items() if k not in ("about", TOKEN)}
    about = fields.get("about")
    about = about if isinstance(about, dict) else {"url": fields.get(PAGE)}
    if isinstance(about.get("url"), list):
        about = {"url": about["url"][-1]}
    token = fields.get(TOKEN)
    token = token[-1] if isinstance(token, list) and token else token
    return Sent(
        {str(name)[:MAX_SHORT]: _texts(value) for name, value in list(answers.items())[:200]},
        token if isinstance(token, str) else "",
        {str(name): value[:MAX_URL] for name, value in list(about.items())[:50] if isinstance(value, str)},
    )


def check_answers(definition: Definition, sent: Sent) -> Checked:
    """Every field of the form; what it doesn't ask for is not looked at."""
    words = words_of(definition.language)
    values: dict[str, Value] = {}
    faults: dict[str, str] = {}
    for field in definition.fields:
        if field.kind == "hidden":
            given = sent.answers.get(field.name, [""])[-1].strip()[:MAX_SHORT]
            if text := (given or field.value):
                values[field.name] = text
            continue
        value, fault = _checked(field, sent.answers.get(field.name, []))
        if fault:
            faults[field.name] = words[fault].format(n=f"{_longest(field):,}")
        elif value not in ("", []):
            values[field.name] = value
    has_agreed = bool(definition.consent.purposes) and any(sent.answers.get(AGREED, []))
    if definition.consent.purposes and definition.consent.is_required and not has_agreed:
        faults[AGREED] = words["box"]
    return Checked(values, has_agreed, faults)


def campaign_of(page: str, answers: Mapping[str, list[str]]) -> dict[str, str]:
    """Campaign fields: of the page's address, else sent by themselves."""
    try:
        query = parse_qs(urlsplit(page).query, max_num_fields=200)
    except ValueError:
        query = {}
    found = {name: (query.get(name) or answers.get(name) or [""])[0].strip()[:MAX_SHORT] for name in HIDDEN}
    return {name: value for name, value in found.items() if value}


def suspicion(definition: Definition, sent: Sent, checked: Checked, shown_at_s: int | None, now_s: float) -> str:
    """Why a person should look at it first; "" = nothing. `shown_at_s` None = it came without a token of ours."""
    if any(text.strip() for text in sent.answers.get(HONEYPOT, [])):
        return "honeypot"
    if shown_at_s is None:
        return "no_token"
    if now_s - shown_at_s < definition.least_s:
        return "too_fast"
    if now_s - shown_at_s > STALE_S:
        return "stale"
    short = (checked.values.get(field.name, "") for field in definition.fields if field.kind == "text")
    return "links" if any(isinstance(text, str) and _LINK.search(text) for text in short) else ""


def identifier_of(namespace: str, text: str) -> Identifier | None:
    """As the identity has it; None for what stands for nobody."""
    found = _extractor.normalise(namespace, text)
    return found if isinstance(found, Identifier) else None


def _checked(field: Field, given: list[str]) -> tuple[Value, str]:
    """The value as it is kept, or the word for what is wrong."""
    texts = [text.strip() for text in given if text.strip()]
    if not texts:
        return "", "required" if field.is_required else ""
    if field.kind == "choices":
        return (texts, "") if all(text in field.choices for text in texts) else ("", "choice")
    text = texts[-1]
    if len(text) > _longest(field):
        return "", "long"
    match field.kind:
        case "email":
            return (text, "") if identifier_of("email", text) else ("", "email")
        case "phone":
            return (text, "") if _is_phone(text) else ("", "phone")
        case "number":
            return _number(text)
        case "choice":
            return (text, "") if text in field.choices else ("", "choice")
        case _:
            return text, ""


def _is_phone(text: str) -> bool:
    """With its country, or as people write one at home: 6 to 15 digits."""
    if identifier_of("phone", text):
        return True
    digits = re.sub(r"[\s()./-]", "", text)
    return not text.startswith("+") and digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 15


def _number(text: str) -> tuple[Value, str]:
    try:
        number = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return "", "number"
    if not math.isfinite(number):
        return "", "number"
    return (int(number) if number.is_integer() and abs(number) < _WHOLE else number), ""


def _longest(field: Field) -> int:
    return MAX_LONG if field.kind == "long" else MAX_SHORT


def _texts(value: object) -> list[str]:
    if isinstance(value, bool):
        return ["yes"] if value else []
    if isinstance(value, str):
        return [value]
    if isinstance(value, int | float):
        return [str(value)]
    if isinstance(value, list | tuple):
        return [text for one in value[:200] for text in _texts(one)]
    return []
