"""How values are shown: instants, numbers, ids, names, JSON. Text stays unescaped here; the template escapes it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from django import template
from django.utils import dateformat, formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop

from onefold.events.api import REMEDIES, REPLAYABLE, REQUEST_REMEDIES
from onefold.kernel.hashing import identifier_hash
from onefold.kernel.instants import instant_of
from onefold.profiles.api import to_text
from onefold.programs import health

register = template.Library()

MAX_PRETTY: Final = 40_000
MAX_VALUE: Final = 300
TONES: Final = 8
NARROW_SPACE: Final = "\u202f"
DATE: Final = gettext_noop("j M Y")
DAY: Final = gettext_noop("j M")
LONG_DATE: Final = gettext_noop("j F Y")
"""In Django's letters; other languages write them in their own way."""
MINUS: Final = "\N{MINUS SIGN}"


@register.filter
def when(instant: datetime | int | None) -> str | SafeString:
    """A `<time>`: relative up to a day, then the date; the exact instant is in its tooltip. Takes µs as well."""
    known = None if instant is None else _aware(instant)
    if known is None:
        return gettext("Not known")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        known.isoformat(),
        _exact(known),
        _relative((timezone.now() - known).total_seconds(), known),
    )


@register.filter
def when_hour(instant: datetime) -> SafeString:
    """As `when`, of an instant that is rounded down to the hour."""
    hours = int((timezone.now() - instant).total_seconds() // 3600)
    text = gettext("this hour") if hours <= 0 else _relative(hours * 3600, instant)
    here = timezone.localtime(instant)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', here.isoformat(), _exact(here, f"{gettext(DATE)}, H:00"), text
    )


@register.filter
def clock(instant: datetime) -> SafeString:
    """A `<time>` with hours to milliseconds, for rows of one day."""
    here = timezone.localtime(instant)
    text = f"{here:%H:%M:%S.%f}"[:-3]
    return format_html('<time datetime="{}" title="{}">{}</time>', here.isoformat(), _exact(here, gettext(DATE)), text)


@register.filter
def clock_or_day(instant: datetime) -> SafeString:
    """As `clock` for today; of other days the day with hours and minutes."""
    here = timezone.localtime(instant)
    if here.date() == timezone.localdate():
        return clock(instant)
    text = f"{dateformat.format(here, 'j M')} {here:%H:%M}"
    return format_html('<time datetime="{}" title="{}">{}</time>', here.isoformat(), _exact(here), text)


@register.filter
def day(instant: datetime) -> str:
    """Today, Yesterday, else the date; in the reader's time zone."""
    here = timezone.localtime(instant)
    days = (timezone.localdate() - here.date()).days
    if days in {0, 1}:
        return (gettext("Today"), gettext("Yesterday"))[days]
    return dateformat.format(here, gettext(LONG_DATE))


@register.filter
def date_of(instant: datetime) -> str:
    """The date alone, in the reader's time zone and language."""
    return dateformat.format(timezone.localtime(instant), gettext(DATE))


@register.filter
def day_of(instant: datetime) -> str:
    """As `date_of`, without the year when it is this one."""
    here = timezone.localtime(instant)
    return dateformat.format(here, gettext(DAY if here.year == timezone.localdate().year else DATE))


@register.filter
def grouped(number: int | float | None) -> str:
    """1234567 → 1,234,567, with the separators of the reader's language."""
    return "0" if number is None else formats.number_format(number, use_l10n=True, force_grouping=True)


@register.filter
def moment(instant: datetime | None) -> str | SafeString:
    """A `<time>` that may lie ahead: today, tomorrow or the day with the hour, or the year; past ones as `when`."""
    if instant is None or instant <= timezone.now():
        return when(instant)
    here = timezone.localtime(instant)
    is_this_year = here.year == timezone.localdate().year
    text = f"{day_of(instant)} {here:%H:%M}" if is_this_year else day_of(instant)
    days = (here.date() - timezone.localdate()).days
    if days in {0, 1}:
        text = f"{(gettext('Today'), gettext('Tomorrow'))[days]} {here:%H:%M}"
    return format_html('<time datetime="{}" title="{}">{}</time>', here.isoformat(), _exact(here), text)


@register.filter
def whole(number: float) -> int:
    """Rounded."""
    return round(number)


@register.filter
def profile_text(h: int) -> str:
    """A profile id as pages and the API write it."""
    return to_text(h)


@register.filter
def initials(text: str) -> str:
    """Up to two letters for an avatar."""
    words = [word for word in text.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.filter
def tone(value: object) -> int:
    """A colour number below TONES, the same for the same value at all times."""
    return identifier_hash("tone", str(value)) % TONES


@register.filter
def shown(value: object) -> str:
    """A trait's value in one line: text as it is, plain lists and objects by commas, anything else as JSON."""
    if isinstance(value, list) and all(_is_plain(item) for item in value):
        text = ", ".join(str(item) for item in value)
    elif isinstance(value, dict) and value and all(_is_plain(item) for item in value.values()):
        text = ", ".join(f"{name}: {item}" for name, item in value.items())
    else:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = " ".join(text.split())
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"


def _is_plain(item: object) -> bool:
    return isinstance(item, str | int | float) and not isinstance(item, bool)


@register.filter
def pretty(body: bytes | str | dict[str, Any]) -> str:
    """JSON with indents; what is no JSON as it came, broken bytes replaced."""
    raw = body.encode(errors="replace") if isinstance(body, str) else body
    if isinstance(raw, dict):
        raw = msgspec.json.encode(raw)
    try:
        text = msgspec.json.format(raw, indent=2).decode(errors="replace")
    except (msgspec.DecodeError, RecursionError):
        text = raw.decode(errors="replace")
    return text if len(text) <= MAX_PRETTY else f"{text[:MAX_PRETTY]}\n… {len(text) - MAX_PRETTY:,} characters more"


@register.filter
def as_json(value: object) -> str:
    """JSON in one line, for an attribute that a script reads."""
    return msgspec.json.encode(value).decode()


@register.filter
def kind_icon(kind: object) -> str:
    """Name of the icon of a kind of event."""
    name = getattr(kind, "name", str(kind)).lower()
    known = {
        "identify": "user",
        "page": "world",
        "screen": "device-mobile",
        "group": "building",
        "alias": "link",
        "link": "link",
    }
    return known.get(name, "arrow-back-up" if name == "retract" else "activity")


@register.filter
def words(name: object) -> str:
    """An enum's member as text: IDENTIFY → Identify."""
    return getattr(name, "name", str(name)).replace("_", " ").capitalize()


def _aware(instant: datetime | int) -> datetime | None:
    if isinstance(instant, datetime):
        return timezone.localtime(instant)
    try:
        return timezone.localtime(instant_of(instant))
    except OverflowError:
        return None


def _exact(instant: datetime, form: str = "") -> str:
    """An instant to the millisecond, or in a form of Django's, with its zone."""
    text = dateformat.format(instant, form or f"{gettext(DATE)}, H:i:s")
    return f"{text}{'' if form else f'.{instant.microsecond // 1000:03}'} {instant.tzname()}"


def _relative(age_s: float, instant: datetime) -> str:
    if 0 <= age_s < 60:
        return gettext("just now")
    if 60 <= age_s < 3600:
        return _with_unit(gettext("%(n)s min ago"), f"{age_s / 60:.0f}")
    if 3600 <= age_s < 86_400:
        return _with_unit(gettext("%(n)s h ago"), f"{age_s / 3600:.0f}")
    return dateformat.format(instant, gettext(DATE))


def _with_unit(text: str, n: str) -> str:
    """The text with its number, which no line break parts from its unit."""
    return (text % {"n": n}).replace(f"{n} ", f"{n}{NARROW_SPACE}")


def decimal_text(number: float | Decimal, places: int) -> str:
    """Rounded to `places`, with the separators of the reader's language."""
    # rounded here: Django would cut the digits off
    return formats.number_format(
        Decimal(f"{number:.{places}f}"), decimal_pos=places, use_l10n=True, force_grouping=True
    )


@register.filter
def span(seconds: float) -> str:
    """90 → 90 s, 7200 → 2 h."""
    n, _, unit = health.span(seconds).partition(" ")
    return _with_unit(
        {"days": gettext("%(n)s days"), "h": gettext("%(n)s h"), "min": gettext("%(n)s min")}.get(unit, "%(n)s s"), n
    )


@register.filter
def at(mapping: Mapping[Any, Any], key: object) -> object:
    """What `mapping` holds at `key`; empty if it doesn't."""
    return mapping.get(key, "")


@register.filter
def trust(value: int) -> str:
    """How far the sender of a link was believed."""
    return (gettext("public key"), gettext("signed request"), gettext("secret key"))[value]


@register.filter
def clock_short(instant: datetime) -> SafeString:
    """A `<time>` with hours and minutes, beside a heading that names the day."""
    here = timezone.localtime(instant)
    return format_html('<time datetime="{}" title="{}">{}</time>', here.isoformat(), _exact(here), f"{here:%H:%M}")


@register.filter
def marked(text: str) -> SafeString:
    """Text of ours with `code` in backticks, as HTML."""
    parts = str(text).split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if i % 2 else part,) for i, part in enumerate(parts))
    )


@register.simple_tag
def sparkline(values: Sequence[float], width: int = 96, height: int = 24) -> SafeString:
    """A line without axes, beside its number; nothing where there is nothing to draw."""
    if len(values) < 2 or not any(values):
        return SafeString("")
    low, span_ = min(*values, 0), (max(*values, 0) - min(*values, 0)) or 1
    step = width / (len(values) - 1)
    points = " ".join(
        f"{i * step:.1f} {height - 2 - (v - low) / span_ * (height - 4):.1f}" for i, v in enumerate(values)
    )
    return format_html(
        '<svg class="spark" width="{0}" height="{1}" viewBox="0 0 {0} {1}" aria-hidden="true"><path d="M{2}"/></svg>',
        width,
        height,
        points,
    )


@register.filter
def delta(change: float) -> str:
    """0.084 → +8.4 %; beyond ten times, a multiple."""
    if change >= 10:
        return f"\N{MULTIPLICATION SIGN}{decimal_text(change + 1, 0)}"
    return (
        f"{'+' if change >= 0 else MINUS}{decimal_text(abs(change) * 100, 0 if abs(change) >= 1 else 1)}{NARROW_SPACE}%"
    )


@register.filter
def points(change: float) -> str:
    """0.006 → +0.6, of percentage points."""
    return f"{'+' if change >= 0 else MINUS}{decimal_text(abs(change) * 100, 1)}"


@register.filter
def percent(share: float) -> str:
    """0.019 → 1.9 %; more digits for less, and for nearly all: what isn't all is never shown as 100 %."""
    shown = min(share * 100, 99.99) if share < 1 else share * 100
    return f"{decimal_text(shown, 2 if share < 0.01 or 0.999 < share < 1 else 1)}{NARROW_SPACE}%"


@register.filter
def with_params(text: str, params: Mapping[str, Any]) -> str:
    """A text that was marked for translation where it was made, in the reader's language, with its values."""
    translated = gettext(text) if text else ""
    return translated % params if params else translated


@register.filter
def source_icon(kind: str) -> str:
    """Name of the icon of a kind of source."""
    return {"browser": "world", "app": "device-mobile", "server": "server", "import": "database-import"}.get(
        kind, "pencil"
    )


@register.filter
def seconds(value: float) -> str:
    """0.314 → 0.31 s; from a minute on as `span`."""
    return f"{decimal_text(max(value, 0), 2)}{NARROW_SPACE}s" if value < 60 else span(value)


@register.filter
def events_url(asked: Any, change: str) -> str:  # noqa: ANN401 the debugger's filters
    """Its page with one filter changed: `name=value`, or nothing."""
    name, _, value = change.partition("=")
    return str(asked.url(**{name: value}) if name else asked.url())


@register.filter
def event_url(asked: Any, event: Any) -> str:  # noqa: ANN401 the debugger's filters, and an event of its list
    """The debugger's page with this event open beside the list."""
    return str(asked.url(open=event.key))


@register.filter
def way_out(reason: str) -> str:
    """What to do about a violation."""
    return gettext(REMEDIES[reason]) if reason in REMEDIES else ""


@register.filter
def can_replay(reason: str) -> bool:
    """Whether another version or limit may do away with it."""
    return reason in REPLAYABLE


@register.filter
def way_in(code: str) -> str:
    """What to do about a request that the collector refuses."""
    return gettext(REQUEST_REMEDIES[code]) if code in REQUEST_REMEDIES else ""


@register.filter
def when_exact(instant: int) -> str:
    """An instant in µs as date and time, of UTC."""
    return f"{dateformat.format(instant_of(instant), f'{gettext(DATE)}, H:i:s')} UTC"


@register.filter
def actor(name: str) -> str:
    """Who did something, as people call them: `user:alice` → alice, `key:7` → key 7."""
    kind, _, rest = name.partition(":")
    return rest if kind == "user" and rest else name.replace(":", " ")


@register.filter
def trait_kind(value: object) -> str:
    """How an editor types a trait's value: text, or json for all that isn't text."""
    return "text" if value is None or isinstance(value, str) else "json"


@register.filter
def as_typed(value: object) -> str:
    """A trait's value in a field: text as it is, all else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
