"""The same correction of many companies at once, and its undoing: an event of its own for each, named after the act."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE, Stored, events_by_id
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound
from onefold.kernel.hashing import company_hash, event_id
from onefold.profiles.company_edits import own_event
from onefold.profiles.company_heads import is_decision
from onefold.profiles.correct_many import CHUNK, MOST_AT_ONCE, log_act, message_of
from onefold.profiles.corrections import CorrectionRejected, trait_name
from onefold.profiles.fold import Claims, merge, unpack

QUERIES: Final = load_queries("onefold.profiles", "companies.sql")


def correct_companies(
    conn: Connection[Any], companies: Sequence[int], traits: Mapping[str, Any], *, act: UUID, acting_user: str
) -> tuple[int, bool]:
    """Log that an editor says so of all these companies (hashes); of how many, and whether it is to be seen already.

    As `correct_company`. Safe to repeat with the same `act`, by which it is undone. Raises CorrectionRejected.
    """
    if len(companies) > MOST_AT_ONCE:
        raise CorrectionRejected(_("Up to %(n)s companies can be changed at once.") % {"n": f"{MOST_AT_ONCE:,}"})
    said = {trait_name(name): value for name, value in traits.items() if not is_decision(name)}
    if not said:
        raise CorrectionRejected(_("Choose a field to change."))
    events = []
    for number, (space, key, claims) in enumerate(_known(conn, sorted(set(companies)))):
        before = {name: claims.get(name, {}).get(INTERNAL_SOURCE) for name in said}
        replaced = {name: claim.value if claim else None for name, claim in before.items()}
        events.append(own_event(space, key, said, replaced) | {"messageId": message_of(act, number)})
    if not events:
        raise CorrectionRejected(_("No company is selected."))
    details = {"fields": sorted(said)}
    return len(events), log_act(conn, events, ("companies", "changed"), details, act, acting_user)


def undo_companies(conn: Connection[Any], act: UUID, *, acting_user: str) -> tuple[int, bool]:
    """Log again what was said before an act, of every company of which nothing else was said since; of how many, and
    whether it is to be seen already. For whoever did it.

    Safe to repeat. Raises NotFound for an act that isn't theirs, or isn't processed yet.
    """
    events = []
    is_theirs = False
    for stored, said, claims in _said_by(conn, act):
        if said.get("actingUser") != acting_user:
            break
        is_theirs = True
        ours = {name: claims.get(name, {}).get(INTERNAL_SOURCE) for name in said["traits"]}
        again = {
            name: said["context"]["replaced"][name]
            for name, claim in ours.items()
            if claim is not None and claim.event_id == stored.event.id
        }
        if again:
            message = {"messageId": f"{stored.event.message_id}-undo"}
            events.append(own_event(said["space"], said["groupId"], again, said["traits"]) | message)
    if not is_theirs:
        raise NotFound(_("This change isn't there to be undone, or isn't processed yet."))
    if not events:
        return 0, True
    return len(events), log_act(conn, events, ("companies", "change_undone"), {}, act, acting_user)


def _known(conn: Connection[Any], companies: Sequence[int]) -> Iterator[tuple[str, str, Claims]]:
    """Space, key and claims of these, of what was merged into each too."""
    for start in range(0, len(companies), CHUNK):
        for space, key, docs in conn.execute(QUERIES["documents"], {"hashes": companies[start : start + CHUNK]}):
            yield space, key, merge(unpack(doc) for doc in docs)


def _said_by(conn: Connection[Any], act: UUID) -> Iterator[tuple[Stored, dict[str, Any], Claims]]:
    """The act's events, what each says, and what is said of its company now. They are numbered, so a part that lacks
    some is the last."""
    for start in range(0, MOST_AT_ONCE, CHUNK):
        ids = [event_id(INTERNAL_SOURCE, message_of(act, number)) for number in range(start, start + CHUNK)]
        stored = events_by_id(conn, ids)
        said = [msgspec.json.decode(one.event.body) for one in stored]
        hashes = [company_hash(one["space"], one["groupId"]) for one in said]
        known = {(space, key): claims for space, key, claims in _known(conn, hashes)}
        for one, what in zip(stored, said, strict=True):
            yield one, what, known.get((what["space"], what["groupId"]), {})
        if len(stored) < CHUNK:
            return
