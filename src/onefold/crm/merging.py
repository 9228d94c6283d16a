"""Two people are one, or two: decisions of an editor, which are events, and their undoing.

A merge is a link rule about the strongest identifiers of both, and a correction of what the editor chose to keep.
Deals, tasks and activities point at identifiers, so they need no write.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import Actor, name_of
from onefold.crm.duplicates import look_at
from onefold.crm.errors import RecordRejected
from onefold.crm.person_editing import Edited, alone, edited
from onefold.crm.person_fields import OWNER
from onefold.crm.person_rights import demand_person
from onefold.kernel.errors import NotFound
from onefold.profiles.api import (
    correct_all,
    correction_of,
    decide,
    decided_ends,
    names_in_force,
    strongest,
    undo_correction,
    undo_decision,
)

NAME: Final = "name"


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A decision about two people. `person`: for addresses; `is_seen`: whether its effect is to be seen already."""

    event: UUID
    person: str
    is_seen: bool
    is_one: bool = True


def chosen_of(whom: Edited) -> tuple[str, ...]:
    """What an editor may choose of two people: traits by name."""
    return (NAME, *whom.known.fields)


def value_of(whom: Edited, name: str) -> Any:  # noqa: ANN401  (any JSON value)
    """What a person has for a field that can be chosen; a name also of its parts."""
    if name == NAME:
        return whom.whom.golden(whom.names.priorities).name or None
    return whom.values.get(name)


def merge(
    conn: Connection[Any], actor: Actor, ends: tuple[str, str], chosen: Mapping[str, str], *, once: UUID
) -> Merged:
    """Log that two people (profile ids) are one, who has what each field is `chosen` from: "a" or "b".

    A field that isn't chosen follows the sources' priorities. With the same `once` it is decided once; what is chosen
    is said after that, by another event. Raises RecordRejected if they are one already, RecordForbidden unless both
    are the actor's to edit, NotFound.
    """
    with _both(conn, actor, ends) as (a, b):
        unknown = [name for name in chosen if name not in chosen_of(a)]
        if unknown:
            raise RecordRejected(_("There is no field “%(name)s” to choose.") % {"name": unknown[0][:80]})
        wanted = {name: value_of(a if side == "a" else b, name) for name, side in chosen.items()}
        done = _decide(conn, actor, (a, b), rule="always", once=once)
        if done.is_seen and done.is_one:
            _keep(conn, actor, a, wanted, once=uuid5(done.event, "kept"))
        look_at(conn, [a.whom.profile_id, b.whom.profile_id])
    return done


def keep_apart(conn: Connection[Any], actor: Actor, ends: tuple[str, str], *, once: UUID) -> Merged:
    """Log that two people (profile ids) are two, whatever they share. Raises as `merge` does."""
    with _both(conn, actor, ends) as (a, b):
        return _decide(conn, actor, (a, b), rule="never", once=once)


def undo(conn: Connection[Any], actor: Actor, event: UUID) -> Merged:
    """Take back a decision, and with it what was chosen to be kept: what was one is two again. Safe to repeat.

    Raises NotFound, RuleRejected if somebody decided about the two since, RecordForbidden.
    """
    names = names_in_force(conn)
    ends = decided_ends(conn, names, event)
    if ends[0] == ends[1]:
        raise NotFound(_("This decision is about one identifier. Undo it on the page of its identity."))
    before = [edited(conn, end) for end in ends]
    for one in before:
        demand_person(conn, actor, one.values.get(OWNER))
    done = undo_decision(conn, names, event, acting_user=name_of(actor))  # first: if it is refused, nothing changes
    with suppress(NotFound):  # nothing was chosen
        undo_correction(conn, names, correction_of(uuid5(event, "kept")), acting_user=name_of(actor))
    after = [edited(conn, end) for end in ends]
    look_at(conn, sorted({one.whom.profile_id for one in (*before, *after)}))
    is_one = after[0].whom.profile_id == after[1].whom.profile_id
    return Merged(event=done.event, person=after[0].identifier, is_seen=done.is_processed, is_one=is_one)


@contextmanager
def _both(conn: Connection[Any], actor: Actor, ends: tuple[str, str]) -> Iterator[tuple[Edited, Edited]]:
    """Two people whom nobody else edits meanwhile, locked in one order: two editors can't wait for each other."""
    first, second = (edited(conn, end) for end in ends)
    if first.whom.profile_id == second.whom.profile_id:
        raise RecordRejected(_("These two are one person already."))
    with ExitStack() as locks:
        ordered = sorted((first, second), key=lambda one: one.whom.profile_id)
        held = {one.identifier: locks.enter_context(alone(conn, one.identifier)) for one in ordered}
        a, b = held[first.identifier], held[second.identifier]
        if a.whom.profile_id == b.whom.profile_id:
            raise RecordRejected(_("These two are one person already."))
        for one in (a, b):
            demand_person(conn, actor, one.values.get(OWNER))
        yield a, b


def _decide(conn: Connection[Any], actor: Actor, people: tuple[Edited, Edited], *, rule: str, once: UUID) -> Merged:
    heads = [strongest(one.names, one.whom.members) for one in people]
    names = people[0].names
    a, b = (f"{names.namespace(head.ns)}:{head.val}" for head in heads)
    done = decide(conn, names, rule=rule, a=a, b=b, acting_user=name_of(actor), once=once)
    one, other = done.found
    is_one = one is not None and other is not None and one.profile_id == other.profile_id
    return Merged(event=done.event, person=people[0].identifier, is_seen=done.is_processed, is_one=is_one)


def _keep(conn: Connection[Any], actor: Actor, of: Edited, wanted: Mapping[str, Any], *, once: UUID) -> None:
    """Says what was chosen of the merged person, as far as it isn't so."""
    merged = edited(conn, of.identifier)
    said = {name: value for name, value in wanted.items() if value is not None and value != value_of(merged, name)}
    if said:
        correct_all(conn, merged.names, merged.whom, traits=said, acting_user=name_of(actor), once=once)


def differing(people: Collection[Edited]) -> list[str]:
    """The fields that can be chosen and that somebody of these has, those first in which they differ."""
    known = [
        name
        for one in list(people)[:1]
        for name in chosen_of(one)
        if any(value_of(one, name) not in (None, "") for one in people)
    ]
    return sorted(known, key=lambda name: len({repr(value_of(one, name)) for one in people}) == 1)
