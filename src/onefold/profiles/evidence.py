"""The events behind an explanation: what of an accepted event a person needs to see."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.events.api import (
    Decoded,
    Kind,
    Sighting,
    events_by_id,
    events_exactly,
    events_received,
    identifies_of,
)
from onefold.identity.api import ALWAYS, Extractor
from onefold.profiles.naming import Names
from onefold.profiles.timeline import EARLIEST, window_of

MAX_EXPLAINED: Final = 50
"""Links of which the first event is looked up."""
_MAX_OF_A_REQUEST: Final = 10
"""Events of one fragment and receipt that are looked at, those first in which the weaker end's value stands."""
MAX_HISTORY: Final = 200


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """An accepted event; times in µs. `acting_user`: who decided or edited, of Onefold's own events."""

    id: bytes
    source_id: int
    message_id: str
    kind: Kind
    name: str
    ts: int
    received_at: int
    acting_user: str
    traits: dict[str, Any]


def evidence_of(event: Decoded) -> Evidence:
    """What is shown of an event."""
    body = msgspec.json.decode(event.body)
    traits = msgspec.json.decode(event.traits) if event.traits else {}
    acting_user = body.get("actingUser")
    return Evidence(
        id=event.id,
        source_id=event.source_id,
        message_id=event.message_id,
        kind=event.kind,
        name=event.name,
        ts=event.ts,
        received_at=event.received_at,
        acting_user=acting_user if isinstance(acting_user, str) else "",
        traits=traits if event.kind is Kind.IDENTIFY else {},
    )


def first_events(
    conn: Connection[Any], names: Names, links: Sequence[tuple[int, Sighting]]
) -> dict[tuple[int, int], Evidence]:
    """For each (weaker end, sighting under the stronger one) of the first MAX_EXPLAINED: the event that first named
    both.

    One is absent if it can't be found among the events of its request. One statement, two if an event was late.
    """
    extractor = event_extractor(names)
    found: dict[tuple[int, int], Evidence] = {}
    # what was received first also happened first, unless it was late
    for read in (events_exactly, events_received):
        asked = [(b, sought) for b, sought in links[:MAX_EXPLAINED] if (sought.fragment, b) not in found]
        wanted: dict[tuple[int, int], set[int]] = {}
        for b, sought in asked:
            wanted.setdefault((sought.fragment, sought.received_at), set()).add(b)
        for stored in read(conn, [sought for _b, sought in asked], _MAX_OF_A_REQUEST):
            if stored.event.kind in (Kind.LINK, Kind.RETRACT):
                continue
            named = {one.h for one in extractor.identifiers(stored.event)[0]}
            for b in wanted[stored.fragment, stored.event.received_at] & named:
                found.setdefault((stored.fragment, b), evidence_of(stored.event))
    return found


def events_of_ids(conn: Connection[Any], ids: Collection[bytes]) -> dict[bytes, Evidence]:
    """By id; a message that came again after a day is found once."""
    return {stored.event.id: evidence_of(stored.event) for stored in events_by_id(conn, ids)}


def changes_of(
    conn: Connection[Any], fragments: Collection[int], trait: str, until: int | None
) -> tuple[list[Evidence], bool]:
    """Identify events that said something of a trait, newest first, and whether these are all.

    Looked for among the latest MAX_HISTORY identify events of the newest `timeline.WINDOW` events of the fragments.
    """
    moment, since = ALWAYS if until is None else until, window_of(conn, list(fragments), until)
    latest = identifies_of(conn, fragments, moment, MAX_HISTORY + 1, since or EARLIEST)
    shown = [evidence_of(stored.event) for stored in latest[:MAX_HISTORY]]
    return [one for one in shown if trait in one.traits], since is None and len(latest) <= MAX_HISTORY


def event_extractor(names: Names) -> Extractor:
    """Finds the identifiers of events as the processor does: user ids in the spaces of their sources."""
    return Extractor(names.config, {source.id: source.user_space for source in names.sources.values()})
