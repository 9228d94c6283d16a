"""The live debugger: events as they come, what became of each, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from psycopg import Connection

from onefold.accounts.api import ADDRESSES, Permission, may, requires
from onefold.events.api import (
    Filter,
    Kind,
    LiveEvent,
    LogRow,
    Source,
    StoredEvent,
    Trust,
    after_from_text,
    decode_accepted,
    list_sources,
    past,
    place_from_text,
    place_to_text,
    places,
    recent_totals,
    refusals_of,
    refused_event,
    stored_event,
    stream,
)
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.kernel.instants import micros_of
from onefold.profiles.api import fragments_of, people_of_fragments, person_of_fragment
from onefold.programs.web.made import made_of

KINDS = {kind.name.lower(): kind for kind in Kind}
OUTCOMES = ("accepted", "violation", "duplicate")
NOBODY = (0,)
MAX_SHOWN = 50


@dataclass(frozen=True)
class Asked:
    """The filters as they stand in the address."""

    source: str
    kind: str
    name: str
    text: str
    person: str
    outcome: str
    is_paused: bool

    @property
    def values(self) -> dict[str, str]:
        """Those that are set."""
        kept = {
            "source": self.source, "kind": self.kind, "name": self.name, "text": self.text, "person": self.person,
            "outcome": self.outcome, "live": "off" if self.is_paused else "",
        }  # fmt: skip
        return {name: value for name, value in kept.items() if value}

    def url(self, **changes: str) -> str:
        """The page with some filters changed; empty = without."""
        kept = {name: value for name, value in (self.values | changes).items() if value}
        return f"/events?{urlencode(kept)}" if kept else "/events"


def asked_in(params: Mapping[str, str]) -> Asked:
    """What is no filter counts as none."""
    text = {name: params.get(name, "").replace("\0", "").strip()[:200] for name in ("name", "text", "person")}
    kind, outcome = params.get("kind", ""), params.get("outcome", "")
    return Asked(
        source=params.get("source", "")[:63],
        kind=kind if kind in KINDS else "",
        outcome=outcome if outcome in OUTCOMES else "",
        is_paused=params.get("live") == "off",
        **text,
    )


@require_safe
@requires(Permission.SEE_EVENTS)
def events(request: HttpRequest) -> HttpResponse:
    """The newest events by filters, with what one of them has come to if `open` names it."""
    asked, now = asked_in(request.GET), datetime.now(UTC)
    before = place_from_text(request.GET.get("before", ""))
    with pooled() as conn:
        sources = list_sources(conn)
        wanted, asked = _filter(conn, request, asked, sources)
        after = places(conn)
        found = past(conn, wanted, now, before)
        context = {
            "asked": asked,
            "events": found.events,
            "people": _people(conn, request, found.events),
            "is_cut": found.is_cut,
            "after": after,
            "older": _older(asked, found.events),
            "names": {source.id: source.name for source in sources},
            "slugs": {source.id: source.slug for source in sources},
            "query": urlencode(asked.values),
        }
        if before is not None and getattr(request, "htmx", False):
            return render(request, "debugger.html#page", context)
        opened = _opened(conn, request, sources)
        context |= {"sources": sources, "kinds": KINDS, "outcomes": OUTCOMES, "totals": recent_totals(conn)}
    return render(request, "debugger.html", context | {"opened": opened})


@require_safe
@requires(Permission.SEE_EVENTS)
def event_stream(request: HttpRequest) -> HttpResponse:
    """`GET /events/stream?after=…`: what came since, every two seconds; 204 when there is nothing."""
    asked, now = asked_in(request.GET), datetime.now(UTC)
    after = after_from_text(request.GET.get("after", ""))
    with pooled() as conn:
        sources = list_sources(conn)
        wanted, asked = _filter(conn, request, asked, sources)
        found = stream(conn, wanted, after or places(conn), now)
        people = _people(conn, request, found.events)
    if after == found.after:
        return HttpResponse(status=204)
    context = {
        "asked": asked,
        "events": found.events,
        "people": people,
        "more": found.more,
        "after": found.after,
        "is_stream": True,
        "names": {source.id: source.name for source in sources},
        "slugs": {source.id: source.slug for source in sources},
        "query": urlencode(asked.values),
    }
    return render(request, "debugger.html#stream", context)


@require_safe
@requires(Permission.SEE_EVENTS)
def event_detail(request: HttpRequest) -> HttpResponse:
    """`GET /events/one?open=…`: the fragment beside the list. `open` is an event's id, or v and a violation's."""
    with pooled() as conn:
        sources = list_sources(conn)
        opened = _opened(conn, request, sources)
    if opened is None:
        raise NotFound("This event is no longer kept.")
    return render(request, "debugger_detail.html", {"opened": opened})


def _filter(conn: Connection[Any], request: HttpRequest, asked: Asked, sources: list[Source]) -> tuple[Filter, Asked]:
    """A person is looked up for those who may see people; one who isn't there has no events."""
    source = next((one for one in sources if one.slug == asked.source), None)
    if source is None and asked.source:
        asked = replace(asked, source="")
    fragments: tuple[int, ...] | None = None
    if asked.person:
        found = fragments_of(conn, asked.person) if may(request.user, Permission.SEE_PEOPLE) else []
        fragments = tuple(found) or NOBODY
    wanted = Filter(
        source_id=source.id if source else None,
        kind=KINDS.get(asked.kind),
        name=asked.name,
        text=asked.text,
        hidden="" if may(request.user, Permission.SEE_PERSONAL_DATA) else ADDRESSES,
        fragments=fragments,
        outcome=asked.outcome,
    )
    return wanted, asked


def _people(conn: Connection[Any], request: HttpRequest, events: list[LiveEvent]) -> dict[int, str]:
    """What the people of these events are called, by fragment, for those who may see people."""
    if not may(request.user, Permission.SEE_PEOPLE):
        return {}
    return people_of_fragments(conn, [event.fragment for event in events])


def _older(asked: Asked, events: list[LiveEvent]) -> str:
    """Address of the next page; empty when there is none."""
    if len(events) < MAX_SHOWN:
        return ""
    last = events[-1]
    return asked.url(before=place_to_text((last.received_at, last.id or UUID(int=0))))


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One event with all that is known of it."""

    key: str
    event: LiveEvent
    source: Source | None
    raw: bytes
    made: dict[str, Any] | None
    steps: list[dict[str, Any]]
    faults: list[Any]
    url: str


def _opened(conn: Connection[Any], request: HttpRequest, sources: list[Source]) -> Opened | None:
    key = request.GET.get("open", "")
    by_id = {source.id: source for source in sources}
    if key[:1] == "v" and key[1:].isascii() and key[1:].isdigit() and len(key) < 20:
        refused = refused_event(conn, int(key[1:]))
        if refused is None:
            return None
        event, fault = refused
        return Opened(
            key=key,
            event=event,
            source=by_id.get(event.source_id),
            raw=fault.body,
            made=None,
            steps=[
                {"title": _("Received"), "at": event.received_at, "state": "ok"},
                {
                    "title": _("Refused") if fault.is_fatal else _("A part left out"),
                    "note": fault.reason,
                    "state": "bad",
                },
            ],
            faults=[fault],
            url=f"/events?open={key}",
        )
    try:
        stored = stored_event(conn, UUID(hex=key))
    except ValueError:
        return None
    return _accepted(conn, request, key, stored, by_id.get(stored.event.source_id)) if stored else None


def _accepted(
    conn: Connection[Any], request: HttpRequest, key: str, stored: StoredEvent, source: Source | None
) -> Opened:
    event = stored.event
    row = LogRow(0, 0, 0, 0, event.source_id, Trust(stored.trust), micros_of(event.received_at), 1, "", "", stored.body)
    decoded = decode_accepted(
        row, id_=event.id.bytes if event.id else b"", message_id=event.message_id, ts=micros_of(stored.ts),
        flags=int(stored.flags),
    )  # fmt: skip
    person = person_of_fragment(conn, event.fragment) if may(request.user, Permission.SEE_PEOPLE) else None
    faults = refusals_of(conn, event.source_id, event.message_id)
    made = made_of(conn, decoded)
    delay = (stored.processed_at - event.received_at).total_seconds() if stored.processed_at else None
    steps: list[dict[str, Any]] = [
        {"title": _("Received"), "at": event.received_at, "state": "ok"},
        {"title": _("Accepted"), "state": "warn" if faults else "ok", "delay": delay,
         "note": _("parts were left out") if faults else ""},
        {"title": _("Identified"), "state": "ok", "note": (made["identifiers"] or [_("nobody")])[0]},
    ]  # fmt: skip
    if person:
        steps.append({"title": _("Profile"), "state": "ok", "url": person.url, "note": person.title})
    elif event.fragment:
        steps.append({"title": _("Profile"), "state": "warn", "note": _("nobody's: shared by several people")})
    return Opened(
        key=key,
        event=event,
        source=source,
        raw=stored.body,
        made=made,
        steps=steps,
        faults=faults,
        url=f"/events?open={key}",
    )
