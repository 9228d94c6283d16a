"""The answer to "who is this?" for programs: fast enough to personalise a page with. One statement, two with events."""

from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection

from onefold.identity.api import MUTE, Flag, Identifier
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound
from onefold.kernel.instants import instant_of
from onefold.profiles.ids import to_text
from onefold.profiles.naming import Names
from onefold.profiles.person import why_mute
from onefold.profiles.timeline import Entry, timeline_page

QUERIES = load_queries("onefold.profiles", "person.sql")
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
        return SharedIdentifier(f"{text} {why_mute(flags)}.")
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
