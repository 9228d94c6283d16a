"""What the pages of audiences show: the list as its address says, how far a filling is, why somebody entered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from psycopg import Connection

from onefold.audiences import shown
from onefold.audiences.actions import used_by
from onefold.audiences.company_words import sentence_of_companies
from onefold.audiences.errors import RuleRejected
from onefold.audiences.evaluate import metrics_of
from onefold.audiences.forgetting import NOBODY
from onefold.audiences.live import load_scope
from onefold.audiences.membership import Cause, Kind
from onefold.audiences.phrases import Names, Piece
from onefold.audiences.rules import with_purpose
from onefold.audiences.shown import QUERIES, ShownAudience, ShownChange, Version
from onefold.audiences.shown_companies import companies_waiting_in
from onefold.audiences.words import sentence_of
from onefold.filters.api import Node

STATES: Final[dict[str, str | Promise]] = {
    "live": lazy("Live"), "filling": lazy("Filling"), "paused": lazy("Paused"), "draft": lazy("Draft"),
}  # fmt: skip
SORTS: Final = ("name", "state", "purpose", "members", "entered", "left", "changed")
_DOWN_FIRST: Final = frozenset(("members", "entered", "left", "changed"))
ROWS: Final = 100
COMPANIES: Final = ":companies"
"""In the list's address: audiences of companies, which have no purpose."""
_EVENT_KINDS: Final = {3: lazy("Page"), 4: lazy("Screen")}
WHAT: Final[dict[str, tuple[Kind, ...]]] = {
    "entered": (Kind.ENTERED,), "left": (Kind.LEFT,), "moved": (Kind.MOVED_HERE, Kind.MOVED_AWAY),
}  # fmt: skip
"""Of the history, what can be asked for alone."""


@dataclass(frozen=True)
class ListState:
    """The list of audiences as its address says. `start`: of the page, in the list."""

    query: str = ""
    state: str = ""
    purpose: str = ""
    sort: str = "name"
    is_down: bool = False
    start: int = 0

    def address(self, **changes: Any) -> str:  # noqa: ANN401  (fields)
        """Of the list with some things otherwise; another filter or order begins at the first page."""
        one = replace(self, **({"start": 0} | changes))
        sort = f"{'-' if one.is_down else ''}{one.sort}"
        parts = {
            "q": one.query, "state": one.state, "purpose": one.purpose, "sort": "" if sort == "name" else sort,
            "from": str(one.start or ""),
        }  # fmt: skip
        kept = urlencode({name: value for name, value in parts.items() if value})
        return f"/audiences?{kept}" if kept else "/audiences"


class Head(NamedTuple):
    """A column's head."""

    title: str
    url: str
    arrow: Literal["", "up", "down"]


class Chip(NamedTuple):
    """A filter that can be pressed. `n`: how many audiences it leaves of those that the other filters leave."""

    title: str
    url: str
    n: int
    is_on: bool


class Row(NamedTuple):
    """An audience in the list."""

    audience: ShownAudience
    purpose: str
    trend: list[int]


class Page(NamedTuple):
    """A part of the list. `total`: without filters. `next_url`, `back_url`: "" at the ends."""

    rows: list[Row]
    chips: list[Chip]
    purposes: list[Chip]
    heads: dict[str, Head]
    n: int
    total: int
    next_url: str
    back_url: str


class Filling(NamedTuple):
    """How far an audience is that is being filled. `step`: 1 events are read, 2 the rule comes into force, 3 people are
    looked at."""

    step: int
    figures: int
    figures_ready: int
    people_left: int


class HistoryRow(NamedTuple):
    """Somebody entered or left. `event_name`: of the event that brought it about, if it is known; "" = none did."""

    change: ShownChange
    title: str
    what: str
    tone: str
    why: str
    event: UUID | None
    event_name: str


def state_of(params: Mapping[str, str]) -> ListState:
    """What is no filter counts as none."""
    sort = params.get("sort", "")
    name = sort.removeprefix("-")
    start = params.get("from", "")
    return ListState(
        query=params.get("q", "").replace("\0", "").strip()[:200],
        state=params.get("state", "") if params.get("state", "") in STATES else "",
        purpose=params.get("purpose", "")[:50],
        sort=name if name in SORTS else "name",
        is_down=sort.startswith("-") and name in SORTS,
        start=int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 0,
    )


def names_of(conn: Connection[Any]) -> Names:
    """What audiences, purposes and lists are called. Three small queries."""
    return Names(
        audiences=shown.names_of_audiences(conn),
        purposes=dict(conn.execute(QUERIES["purposes"]).fetchall()),
        lists={row[0]: row[1] for row in conn.execute(QUERIES["list_names"])},
    )


def list_page(conn: Connection[Any], asked: ListState) -> Page:
    """The part of the list that an address says."""
    everything = shown.list_audiences(conn)
    purposes = {**dict(conn.execute(QUERIES["purposes"]).fetchall()), COMPANIES: _("Companies")}
    wanted = asked.query.casefold()
    found = [one for one in everything if wanted in f"{one.name}\n{one.description}".casefold()]
    of_purpose = [one for one in found if not asked.purpose or _purpose_of(one) == asked.purpose]
    of_state = [one for one in found if not asked.state or one.state == asked.state]
    chosen = [one for one in of_purpose if not asked.state or one.state == asked.state]
    ordered = sorted(chosen, key=lambda one: _rank(one, asked.sort, purposes), reverse=asked.is_down)
    part = ordered[asked.start : asked.start + ROWS]
    trends = shown.trends(conn, part) if part else {}
    end = asked.start + ROWS
    return Page(
        rows=[Row(one, purposes.get(_purpose_of(one), one.purpose), trends[one.id]) for one in part],
        chips=_state_chips(asked, of_purpose),
        purposes=_purpose_chips(asked, of_state, purposes),
        heads={name: _head(asked, name) for name in SORTS},
        n=len(ordered),
        total=len(everything),
        next_url=asked.address(start=end) if end < len(ordered) else "",
        back_url=asked.address(start=max(asked.start - ROWS, 0)) if asked.start else "",
    )


def _purpose_of(one: ShownAudience) -> str:
    return COMPANIES if one.is_of_companies else one.purpose


def sentence(one: ShownAudience, names: Names, version: Version | None = None) -> list[Piece]:
    """Its latest rule, or that of a version, in one sentence."""
    rule, purpose = (version.rule, version.purpose) if version else (one.rule, one.purpose)
    said = sentence_of_companies if one.is_of_companies else sentence_of
    return said(with_purpose(rule, purpose), names)


def _rank(one: ShownAudience, sort: str, purposes: Mapping[str, str]) -> Any:  # noqa: ANN401  (what is compared)
    first: Any = {
        "name": "", "state": list(STATES).index(one.state),
        "purpose": purposes.get(_purpose_of(one), one.purpose).casefold(), "members": one.members,
        "entered": one.entered, "left": one.left, "changed": one.changed_at,
    }[sort]  # fmt: skip
    return first, one.name.casefold(), one.id


def _head(asked: ListState, name: str) -> Head:
    titles = {
        "name": _("Name"), "state": _("State"), "purpose": _("Purpose"), "members": _("People"),
        "entered": _("Entered, 7 days"), "left": _("Left, 7 days"), "changed": _("Changed"),
    }  # fmt: skip
    if asked.sort != name:
        return Head(titles[name], asked.address(sort=name, is_down=name in _DOWN_FIRST), "")
    return Head(titles[name], asked.address(is_down=not asked.is_down), "down" if asked.is_down else "up")


def _state_chips(asked: ListState, found: Sequence[ShownAudience]) -> list[Chip]:
    counts = Counter(one.state for one in found)
    chips = [Chip(_("All"), asked.address(state=""), len(found), not asked.state)]
    return chips + [
        Chip(str(title), asked.address(state=state), counts[state], asked.state == state)
        for state, title in STATES.items()
        if counts[state] or asked.state == state
    ]


def _purpose_chips(asked: ListState, found: Sequence[ShownAudience], purposes: Mapping[str, str]) -> list[Chip]:
    """Of purposes that audiences have; pressed again a chip lets go."""
    counts = Counter(_purpose_of(one) for one in found)
    if len(counts) < 2 and not asked.purpose:
        return []
    return [
        Chip(purposes.get(slug, slug), asked.address(purpose="" if on else slug), counts[slug], on)
        for slug in dict.fromkeys([*purposes, *counts, *([asked.purpose] if asked.purpose else [])])
        if (on := slug == asked.purpose) or counts[slug]
    ]


def filling_of(conn: Connection[Any], one: ShownAudience) -> Filling:
    """How far it is. A few small queries."""
    if one.is_of_companies:
        is_in_force = one.live_version == one.version
        return Filling(3 if is_in_force else 2, 0, 0, companies_waiting_in(conn, one.id) if is_in_force else 0)
    try:
        keys = list(metrics_of([with_purpose(one.rule, one.purpose)], load_scope(conn)))
    except RuleRejected:  # it asks for what is gone; the audience's fault says so
        return Filling(1, 0, 0, 0)
    ready = len(shown.complete_among(conn, keys))
    if one.live_version == one.version:
        return Filling(3, len(keys), ready, shown.waiting_in(conn, one.id))
    return Filling(1 if ready < len(keys) else 2, len(keys), ready, 0)


def users_of(conn: Connection[Any], number: int, names: Names) -> list[tuple[int, str]]:
    """Id and name of the audiences whose rule asks who is in this one."""
    return [(other, names.audiences.get(other, str(other))) for other in used_by(conn, number)]


def rule_in_force(conn: Connection[Any], one: ShownAudience) -> tuple[Node, str]:
    """The rule and purpose that people are held against; of one that never was in force the latest."""
    wanted = one.live_version or one.version
    found = next((v for v in shown.list_versions(conn, one.id) if v.version == wanted), None)
    return (found.rule, found.purpose) if found else (one.rule, one.purpose)


def history_rows(conn: Connection[Any], changes: Sequence[ShownChange], *, may_see_events: bool) -> list[HistoryRow]:
    """With why, in words."""
    ids = [one.event for one in changes if one.event is not None]
    found = {}
    if ids and may_see_events:
        for event, kind, name in conn.execute(QUERIES["event_names"], {"ids": ids}):
            found[event] = f"{_EVENT_KINDS[kind]} {name}".strip() if kind in _EVENT_KINDS else name
    return [_history_row(one, found.get(one.event, "") if one.event else "") for one in changes]


def _history_row(one: ShownChange, event_name: str) -> HistoryRow:
    kind, cause = Kind(one.kind), Cause(one.cause)
    what, tone = {
        Kind.ENTERED: (_("Entered"), "ok"), Kind.LEFT: (_("Left"), ""),
        Kind.MOVED_HERE: (_("Merged into this person"), ""), Kind.MOVED_AWAY: (_("Merged into another person"), ""),
    }[kind]  # fmt: skip
    why = {
        Cause.EVENT: _("An event"),
        Cause.TIME: _("Time passed"),
        Cause.RULE: _("Rule, version %(n)s") % {"n": one.version} if one.version > 1 else _("The audience began"),
        Cause.IDENTITY: _("People were merged or split"),
        Cause.TAKEN_BACK: _("Events were taken back"),
        Cause.REMOVED: _("The audience was removed"),
        Cause.PEOPLE: _("Its people"),
    }[cause]
    title = one.name or one.email or (_("Erased person") if one.profile_id == NOBODY else _("Anonymous"))
    return HistoryRow(one, title, what, tone, why, one.event, event_name)
