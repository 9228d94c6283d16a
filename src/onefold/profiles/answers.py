"""The answer to "who is this?" for programs: fast enough to personalise a page with. One statement, two with events."""

from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection

from onefold.identity.api import MUTE, Flag, Identifier
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound
from onefold.kernel.instants import instant_of
from onefold.profiles.companies import load_companies
from onefold.profiles.ids import to_text
from onefold.profiles.naming import Names, with_sources
from onefold.profiles.person import why_mute
from onefold.profiles.standing import Standing, standing
from onefold.profiles.timeline import Entry, timeline_page

QUERIES = load_queries("onefold.profiles", "person.sql")
MAX_COMPANIES: Final = 100
INCLUDABLE: Final = ("traits", "identifiers", "companies", "events")


class SharedIdentifier(NotFound):
    """Several people use this identifier, so it is nobody's."""

    code = "shared_identifier"


class Asked(NamedTuple):
    """Whom a caller asks for: an identifier's hash and, unless a profile id was given, what it must stand for."""

    h: int
    identifier: Identifier | None


def profile_answer(
    conn: Connection[Any], names: Names, asked: Asked, include: frozenset[str], max_events: int
) -> dict[str, Any]:
    """JSON-ready shape `ProfileOut`. Raises NotFound or SharedIdentifier.

    Stored JSON is passed on as it is (`msgspec.Raw`), so encode the answer with msgspec.
    """
    parameters = {"h": asked.h, **{f"with_{part}": part in include for part in INCLUDABLE}}
    row = conn.execute(QUERIES["whole_person"], parameters).fetchone()
    if row is None or not _is_asked(asked, namespace=row[1], value=row[2]):
        raise NotFound("No event has named this identifier.")
    if row[5] is None:
        raise _nobody(f"{names.namespace(row[1])}:{row[2]}", Flag(row[3]))
    (
        _,
        _,
        _,
        _,
        profile_id,
        _,
        name,
        email,
        phone,
        is_known,
        first_seen,
        last_seen,
        traits,
        identifiers,
        fragments,
        companies,
    ) = row
    answer = {
        "profile_id": to_text(profile_id),
        "name": name,
        "email": email,
        "phone": phone,
        "is_known": is_known,
        "first_seen": first_seen,
        "last_seen": last_seen,
    }
    if "traits" in include:
        answer["traits"] = msgspec.Raw(traits.encode())
    if "identifiers" in include:
        answer["identifiers"] = [
            _identifier(names, *item) for item in msgspec.json.decode(identifiers, type=_IDENTIFIERS)
        ]
    if "companies" in include:
        answer["companies"] = [_company(*item) for item in msgspec.json.decode(companies or "[]", type=_COMPANIES)]
    if "events" in include:
        entries = timeline_page(conn, fragments or [], limit=max_events).entries
        names = with_sources(conn, names, [entry.source_id for entry in entries])
        answer["events"] = [event_answer(names, entry) for entry in entries]
    return answer


def standing_of(conn: Connection[Any], names: Names, asked: Asked, as_of: int | None) -> Standing:
    """Who this was or is, with everything that makes them one. Raises NotFound or SharedIdentifier."""
    found = standing(conn, names, asked.h, as_of)
    if found is None:
        raise NotFound("No event has named this identifier." if as_of is None else "No event had named it by then.")
    node = found.around.nodes[asked.h]
    if not _is_asked(asked, namespace=node.ns, value=node.val):
        raise NotFound("No event has named this identifier.")
    if found.is_nobody:
        raise _nobody(f"{names.namespace(node.ns)}:{node.val}", Flag(node.fl))
    return found


def past_answer(
    conn: Connection[Any], names: Names, found: Standing, include: frozenset[str], max_events: int
) -> dict[str, Any]:
    """As `profile_answer`, of a past moment. Companies have today's name and traits."""
    golden = found.golden(names.priorities)
    answer: dict[str, Any] = {
        "profile_id": to_text(golden.id),
        "as_of": instant_of(found.as_of or 0),
        "name": golden.name,
        "email": golden.email,
        "phone": golden.phone,
        "is_known": golden.is_known,
        "first_seen": instant_of(golden.first_seen),
        "last_seen": instant_of(max(golden.first_seen, golden.last_seen)),
    }
    if "traits" in include:
        answer["traits"] = msgspec.Raw(golden.traits.encode())
    if "identifiers" in include:
        answer["identifiers"] = [
            _identifier(names, node.ns, node.val, node.rcv, (node.n, node.first_ts, node.last_ts))
            for node in found.members
        ]
    if "companies" in include:
        known = load_companies(conn, [seen.h for seen in found.companies[:MAX_COMPANIES]])
        answer["companies"] = [
            _company(seen.space, seen.key, known[seen.h].name, msgspec.Raw(known[seen.h].traits.encode()), seen.last_ts)
            for seen in found.companies[:MAX_COMPANIES]
            if seen.h in known
        ]
    if "events" in include:
        entries = timeline_page(conn, found.fragments, limit=max_events, until=found.as_of).entries
        answer["events"] = [event_answer(names, entry) for entry in entries]
    return answer


def event_answer(names: Names, entry: Entry) -> dict[str, Any]:
    """JSON-ready shape `EventOut`."""
    source = names.sources.get(entry.source_id)
    return {
        "source": source.slug if source else "",
        "message_id": entry.message_id,
        "type": entry.kind.name.lower(),
        "name": entry.name,
        "timestamp": entry.ts,
        "received_at": entry.received_at,
        "is_bot": entry.is_bot,
        "body": msgspec.Raw(entry.body),
    }


_Tally = tuple[int, int | None, int | None]  # events, first and last µs
_IDENTIFIERS = list[tuple[int, str, int, _Tally]]
_COMPANIES = list[tuple[str, str, str, msgspec.Raw, int]]


def _is_asked(asked: Asked, *, namespace: int, value: str) -> bool:
    """Two identifiers may have one hash: the stored one must be the one that was asked for."""
    return asked.identifier is None or (asked.identifier.ns, asked.identifier.value) == (namespace, value)


def _nobody(text: str, flags: Flag) -> NotFound:
    if flags & MUTE:
        return SharedIdentifier(why_mute(text, flags))
    return NotFound("This identifier has no profile at the moment.")


def _identifier(names: Names, namespace: int, value: str, rcv: int, fragment: _Tally) -> dict[str, Any]:
    n, first_ts, last_ts = fragment
    return {
        "namespace": names.namespace(namespace),
        "value": value,
        "first_received_at": instant_of(rcv),
        "events": n,
        "first_seen": None if first_ts is None else instant_of(first_ts),
        "last_seen": None if last_ts is None else instant_of(last_ts),
    }


def _company(space: str, key: str, name: str, traits: msgspec.Raw, last_ts: int) -> dict[str, Any]:
    return {"space": space, "key": key, "name": name, "traits": traits, "last_seen": instant_of(last_ts)}
