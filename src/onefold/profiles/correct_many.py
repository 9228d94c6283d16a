"""The same correction of many people at once, and its undoing: an event for each of them, all named after the act."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE, Stored, append_internal, events_by_id, wait_until_processed
from onefold.identity.api import load_docs
from onefold.kernel.errors import NotFound
from onefold.kernel.hashing import event_id
from onefold.profiles.anchors import anchors_of, identifiers_of
from onefold.profiles.corrections import CorrectionRejected, trait_name
from onefold.profiles.fold import unpack
from onefold.profiles.naming import Names

MOST_AT_ONCE: Final = 10_000
"""People: the log holds them at once, the processor needs some seconds."""
CHUNK: Final = 1_000


def correct_many(
    conn: Connection[Any],
    names: Names,
    people: Sequence[int],
    traits: Mapping[str, Any],
    *,
    act: UUID,
    acting_user: str,
) -> tuple[int, bool]:
    """Log that an editor says so of all these people (ids); of how many, and whether it is to be seen already.

    As `corrections.correct`, but for e-mails and phones, which nobody shares. Safe to repeat with the same `act`, by
    which it is undone. Raises CorrectionRejected.
    """
    if len(people) > MOST_AT_ONCE:
        raise CorrectionRejected(_("Up to %(n)s people can be changed at once.") % {"n": f"{MOST_AT_ONCE:,}"})
    said = {trait_name(name): value for name, value in traits.items()}
    if not people or not said.keys().isdisjoint({"email", "phone"}):
        raise CorrectionRejected(_("Nobody is selected, or nothing that several people can share."))
    heads = sorted(set(anchors_of(conn, names, people).values()))
    known = identifiers_of(conn, names, heads)
    events = []
    for number, (head, doc) in enumerate(_docs(conn, heads)):
        claims = unpack(doc)
        before = {name: claims.get(name, {}).get(INTERNAL_SOURCE) for name in said}
        context = {
            "externalIds": [{"type": known[head].namespace, "id": known[head].value}],
            "replaced": {name: claim.value if claim else None for name, claim in before.items()},
        }
        head_of = {"type": "identify", "messageId": message_of(act, number), "traits": said}
        events.append(head_of | {"context": context})
    details = {"fields": sorted(said)}
    return len(events), log_act(conn, events, ("people", "changed"), details, act, acting_user)


def undo_many(conn: Connection[Any], names: Names, act: UUID, *, acting_user: str) -> tuple[int, bool]:
    """Log again what was said before an act, of everybody of whom nothing else was said since; of how many, and whether
    it is to be seen already. For whoever did it.

    Safe to repeat. Raises NotFound for an act that isn't theirs, or isn't processed yet.
    """
    events = []
    is_theirs = False
    for stored, doc in _events_of(conn, act):
        said = msgspec.json.decode(stored.event.body)
        if said.get("actingUser") != acting_user:
            break
        is_theirs = True
        claims = unpack(doc)
        ours = {name: claims.get(name, {}).get(INTERNAL_SOURCE) for name in said["traits"]}
        again = {
            name: said["context"]["replaced"][name]
            for name, claim in ours.items()
            if claim is not None and claim.event_id == stored.event.id
        }
        if again:
            end = {"externalIds": said["context"]["externalIds"], "replaced": said["traits"]}
            head = {"type": "identify", "messageId": f"{stored.event.message_id}-undo", "traits": again}
            events.append(head | {"context": end})
    if not is_theirs:
        raise NotFound(_("This change isn't there to be undone, or isn't processed yet."))
    if not events:
        return 0, True
    return len(events), log_act(conn, events, ("people", "change_undone"), {}, act, acting_user)


def log_act(
    conn: Connection[Any],
    events: list[dict[str, Any]],
    done: tuple[str, str],
    details: dict[str, Any],
    act: UUID,
    acting_user: str,
) -> bool:
    """Log an act's events with its entry of the audit log (`done`: of what, and how that is called); whether they are
    processed already."""
    from onefold.accounts.api import audit  # the processor comes in by our door, and guards no pages

    with conn.transaction():
        position = append_internal(conn, events, acting_user=acting_user, is_audited=True)
        whole = {**details, done[0]: len(events), "act": str(act)}
        audit(conn, actor=acting_user, action=".".join(done), target=f"{done[0]}:list", details=whole)
    return wait_until_processed(conn, position)


def message_of(act: UUID, number: int) -> str:
    """Of an event of an act."""
    return f"{act}-{number}"


def _docs(conn: Connection[Any], heads: Sequence[int]) -> Iterator[tuple[int, bytes | None]]:
    for start in range(0, len(heads), CHUNK):
        part = heads[start : start + CHUNK]
        docs = load_docs(conn, part)
        yield from ((head, docs.get(head)) for head in part)


def _events_of(conn: Connection[Any], act: UUID) -> Iterator[tuple[Stored, bytes | None]]:
    """The act's events, with what their fragments say now. They are numbered, so a part that lacks some is the last."""
    for start in range(0, MOST_AT_ONCE, CHUNK):
        ids = [event_id(INTERNAL_SOURCE, message_of(act, number)) for number in range(start, start + CHUNK)]
        stored = events_by_id(conn, ids)
        docs = load_docs(conn, [one.fragment for one in stored])
        yield from ((one, docs.get(one.fragment)) for one in stored)
        if len(stored) < CHUNK:
            return
