"""A timeline as people read it: page views folded into visits, and what each event says in a few words. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from onefold.events.api import INTERNAL_SOURCE, Flag, Kind
from onefold.profiles.timeline import Entry
from onefold.profiles.topics import topic_of

PAUSE: Final = timedelta(minutes=30)
MAX_PATH: Final = 6
_PAGES: Final = frozenset((Kind.PAGE, Kind.SCREEN))
_MAX_PARTS: Final = 4
_FIRST: Final = ("order_id", "name", "subject", "revenue", "total", "value", "currency", "price")
_MAX_CHARS: Final = 80
_ICONS: Final = {
    Kind.IDENTIFY: "user", Kind.GROUP: "building", Kind.ALIAS: "link", Kind.PAGE: "world",
    Kind.SCREEN: "device-mobile",
}  # fmt: skip


_RECORDS: Final = {"activity_id": "/activities/", "task_id": "/tasks/", "deal_id": "/deals/"}
_SALES_ICONS: Final = {
    "call": "phone", "email": "mail", "meeting": "calendar", "note": "file-text", "todo": "checkbox",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    """An event as the timeline shows it. `parts`: what it says, as (name, value) pairs; a plain one has no name."""

    entry: Entry
    title: str
    parts: list[tuple[str, str]]
    icon: str
    topic: str
    url: str = ""  # of the CRM's record that it is about
    is_told: bool = False  # by that record: a call, a note

    @property
    def ts(self) -> datetime:
        """When it happened."""
        return self.entry.ts


@dataclass(kw_only=True)
class Visit:
    """Page views of one source that follow each other within PAUSE; the newest first."""

    pages: list[Row] = field(default_factory=list)

    @property
    def ts(self) -> datetime:
        """When it ended, as far as is known."""
        return self.pages[0].ts

    @property
    def began(self) -> datetime:
        """The first page view."""
        return self.pages[-1].ts

    @property
    def minutes(self) -> int:
        """From the first to the last page view."""
        return round((self.ts - self.began).total_seconds() / 60)

    @property
    def path(self) -> list[str]:
        """The last pages in the order they were seen."""
        return [page.title for page in reversed(self.pages[:MAX_PATH])]

    @property
    def n_hidden(self) -> int:
        """Pages that `path` leaves out."""
        return max(0, len(self.pages) - MAX_PATH)


def folded(entries: Iterable[Entry]) -> list[Row | Visit]:
    """Newest first, as the entries. A visit of a single page stays an event."""
    found: list[Row | Visit] = []
    open_visits: dict[int, Visit] = {}
    for entry in entries:
        row = row_of(entry)
        if entry.kind not in _PAGES or Flag.BOT in entry.flags:
            found.append(row)
            continue
        visit = open_visits.get(entry.source_id)
        if visit is None or visit.began - entry.ts > PAUSE:
            visit = open_visits[entry.source_id] = Visit()
            found.append(visit)
        visit.pages.append(row)
    return [one.pages[0] if isinstance(one, Visit) and len(one.pages) == 1 else one for one in found]


def row_of(entry: Entry) -> Row:
    """One event in a few words."""
    body = msgspec.json.decode(entry.body)
    said = body.get("properties") or body.get("traits") or {}
    said = said if isinstance(said, dict) else {}
    topic = topic_of(entry.kind, entry.name)
    parts: list[tuple[str, str]]
    if entry.kind in _PAGES:
        title, parts = _page(entry, said), []
    elif entry.kind is Kind.IDENTIFY:
        title, parts = entry.name, [("", _cut(", ".join(said)))] if said else []
    elif entry.kind is Kind.GROUP:
        title, parts = entry.name, [("", _cut(str(said.get("name") or body.get("groupId") or "")))]
    elif topic is not None and topic.key == "sales" and entry.source_id == INTERNAL_SOURCE:
        return _of_sales(entry, said)
    else:
        title, parts = entry.name, _parts(said)
    icon = _ICONS.get(entry.kind) or (topic.icon if topic else "bolt")
    return Row(entry=entry, title=title, parts=parts, icon=icon, topic=topic.key if topic else "")


def _of_sales(entry: Entry, said: dict[str, Any]) -> Row:
    """What sales did, by what people call it."""
    name = next((key for key in _RECORDS if said.get(key)), "")
    amount, currency = said.get("amount"), said.get("currency") or ""
    parts = [str(said[key]) for key in ("deal_name", "task_name", "stage", "outcome") if said.get(key)]
    if isinstance(amount, int | float):
        parts.append(f"{amount:,.0f} {currency}".strip())
    return Row(
        entry=entry,
        title=entry.name,
        parts=[("", _cut(one)) for one in parts],
        icon=_SALES_ICONS.get(str(said.get("kind") or ""), "briefcase"),
        topic="sales",
        url=f"{_RECORDS[name]}{said[name]}" if name and type(said[name]) is int else "",
        is_told=name == "activity_id",
    )


def _page(entry: Entry, said: dict[str, Any]) -> str:
    path = said.get("path") or said.get("url")
    return _cut(path) if isinstance(path, str) and path else entry.name


def _parts(said: dict[str, Any]) -> list[tuple[str, str]]:
    """The first plain properties, what people read before ids; of lists how many."""
    parts: list[tuple[str, str]] = []
    first = [name for name in _FIRST if name in said]
    ids = [name for name in said if name.lower().endswith("id") and name not in first]
    for name in dict.fromkeys([*first, *(name for name in said if name not in ids), *ids]):
        value = said[name]
        if isinstance(value, bool | str | int | float) and value != "":
            parts.append((_cut(name), _cut(str(value))))
        elif isinstance(value, list) and value:
            parts.append((_cut(name), str(len(value))))
        if len(parts) == _MAX_PARTS:
            break
    return parts


def _cut(text: str) -> str:
    text = " ".join(text[: 4 * _MAX_CHARS].split())
    return text if len(text) <= _MAX_CHARS else f"{text[: _MAX_CHARS - 1]}…"
