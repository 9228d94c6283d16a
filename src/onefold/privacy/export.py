"""Everything that is known of a person as one JSON document, in pieces: memory doesn't grow with their events."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.infra.arrays import bigints, integers, texts
from onefold.infra.pool import pooled
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of
from onefold.privacy.consent import Entry
from onefold.privacy.ledger import consents_of, entries_of
from onefold.profiles.api import (
    Member,
    Names,
    TimelineEntry,
    companies_of,
    event_answer,
    load_profile,
    load_rules,
    timeline_page,
    to_text,
    traits_of,
)

QUERIES = load_queries("onefold.privacy", "export.sql")
EVENTS_A_PIECE: Final = 500
MOST_MOVES: Final = 10_000
MOST_VIOLATIONS: Final = 5_000
_encode: Final = msgspec.json.Encoder().encode


def export_person(names: Names, profile_id: int, members: list[Member]) -> Iterator[bytes]:
    """The document: profile, identifiers, moves, traits with sources, companies, decisions, consents, then every event.

    Takes a pooled connection for each piece, so a slow reader holds none. Events that come meanwhile may be missing.
    """
    with pooled() as conn:
        head = _encode(_head(conn, names, profile_id, members))
    yield head[:-1] + b',"events":['
    fragments = [member.h for member in members if member.n]
    place, separator = None, b""
    while True:
        with pooled() as conn:
            page = timeline_page(conn, fragments, after=place, limit=EVENTS_A_PIECE)
            faults = _faults(conn, page.entries)
        if page.entries:
            yield separator + b",".join(_encode(_event(names, entry, faults)) for entry in page.entries)
            separator = b","
        if page.next_place is None:
            break
        place = page.next_place
    yield b"]}"


def _event(names: Names, entry: TimelineEntry, faults: dict[tuple[int, str], list[dict[str, str]]]) -> dict[str, Any]:
    """As the API answers it, with what of it was left out."""
    found = faults.get((entry.source_id, entry.message_id))
    return event_answer(names, entry) | ({"violations": found} if found else {})


def _faults(conn: Connection[Any], entries: Sequence[TimelineEntry]) -> dict[tuple[int, str], list[dict[str, str]]]:
    """Violations of these events, by source and message."""
    parameters = {
        "source_id": integers([entry.source_id for entry in entries]),
        "message_id": texts([entry.message_id for entry in entries]),
        "limit": MOST_VIOLATIONS,
    }
    found: dict[tuple[int, str], list[dict[str, str]]] = {}
    for source_id, message_id, reason, detail in conn.execute(QUERIES["violations"], parameters):
        found.setdefault((source_id, message_id), []).append({"reason": reason, "detail": detail})
    return found


def _moves(conn: Connection[Any], members: list[Member]) -> list[dict[str, Any]]:
    """Which profiles the identifiers were in, and since when."""
    by_hash = {member.h: member for member in members}
    rows = conn.execute(QUERIES["moves"], {"hashes": bigints(list(by_hash)), "limit": MOST_MOVES})
    return [
        {
            "at": at,
            "namespace": by_hash[h].namespace,
            "value": by_hash[h].value,
            "from": to_text(before) if before is not None else None,
            "to": to_text(after) if after is not None else None,
        }
        for at, h, before, after in rows
    ]


def entry_answer(names: Names, entry: Entry) -> dict[str, Any]:
    """JSON-ready: a row of the consent ledger."""
    key, said = entry
    source = names.sources.get(key.source_id)
    return {
        "purpose": key.purpose,
        "is_granted": key.is_granted,
        "origin": key.origin.name.lower(),
        "source": source.slug if source else "",
        "first_said_at": instant_of(said.first_ts),
        "said_at": instant_of(said.ts),
        "received_at": instant_of(said.received_at),
        "details": msgspec.json.decode(said.details) if said.details else {},
    }


def _head(conn: Connection[Any], names: Names, profile_id: int, members: list[Member]) -> dict[str, Any]:
    profile = load_profile(conn, profile_id)
    fragments = [member.h for member in members if member.n]
    return {
        "exported_at": datetime.now(UTC),
        "profile_id": to_text(profile_id),
        "name": profile.name if profile else "",
        "email": profile.email if profile else "",
        "phone": profile.phone if profile else "",
        "first_seen": profile.first_seen if profile else None,
        "last_seen": profile.last_seen if profile else None,
        "identifiers": [
            {
                "namespace": member.namespace,
                "value": member.value,
                "first_received_at": instant_of(member.rcv),
                "events": member.n,
            }
            for member in members
        ],
        "moves": _moves(conn, members),
        "traits": {
            name: {
                "value": found.value,
                "source": _slug(names, found.source_id),
                "said_at": instant_of(found.ts),
                "others": [
                    {"value": claim.value, "source": _slug(names, source_id), "said_at": instant_of(claim.ts)}
                    for source_id, claim in found.others
                ],
            }
            for name, found in traits_of(members, names).items()
        },
        "companies": [
            {"space": one.space, "key": one.key, "name": one.title, "last_seen": instant_of(one.last_ts)}
            for one in companies_of(conn, fragments)
        ],
        "decisions": [
            {"rule": rule.kind.name.lower(), "a": rule.a, "b": rule.b, "decided_at": instant_of(rule.ts)}
            for rule in load_rules(conn, names, [member.h for member in members])
        ],
        "consent": {purpose: entry.key.is_granted for purpose, entry in sorted(consents_of(conn, profile_id).items())},
        "consent_ledger": [entry_answer(names, entry) for entry in _ledger(conn, profile_id)],
    }


def _ledger(conn: Connection[Any], profile_id: int) -> Iterator[Entry]:
    offset, has_more = 0, True
    while has_more:
        entries, has_more = entries_of(conn, profile_id, offset)
        yield from entries
        offset += len(entries)


def _slug(names: Names, source_id: int) -> str:
    source = names.sources.get(source_id)
    return source.slug if source else ""
