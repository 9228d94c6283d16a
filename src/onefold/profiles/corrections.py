"""Correcting a trait: an identify event of Onefold's own source, whose priority outranks others, and its undoing."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import msgspec
from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE, Kind, append_internal, events_by_id, wait_until_processed
from onefold.identity.api import Node, load_docs
from onefold.kernel.errors import NotFound, Rejected
from onefold.kernel.hashing import event_id
from onefold.profiles.fold import unpack
from onefold.profiles.naming import Names
from onefold.profiles.person import Found, find
from onefold.profiles.standing import Standing

MAX_NAME: Final = 200
MAX_VALUE: Final = 8_000
CRM_ID: Final = "crm:id"
_CONTACTS: Final = ("email", "phone")


class CorrectionRejected(Rejected):
    """The trait can't be set so."""

    code = "correction_invalid"


class AlreadyKnown(CorrectionRejected):
    """Somebody has this e-mail or phone: whose profile it is says `profile_id`."""

    code = "person_known"

    def __init__(self, message: str, profile_id: int) -> None:
        super().__init__(message)
        self.profile_id = profile_id


def value_from_text(text: str, *, is_text: bool) -> Any:  # noqa: ANN401  (any JSON value)
    """What an editor typed: text as it is, else a value of JSON. Empty = None, which withdraws the correction."""
    text = text.strip()
    if len(text) > MAX_VALUE:
        raise CorrectionRejected(_("A value may have %(n)d characters.") % {"n": MAX_VALUE})
    if not text:
        return None
    if is_text:
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise CorrectionRejected(
            _('This trait is no text: write a number, true, false, or JSON such as ["a", "b"].')
        ) from fault


def trait_name(name: str) -> str:
    """As it is kept. Raises CorrectionRejected."""
    name = name.strip()
    if not name or len(name) > MAX_NAME or "\0" in name:
        raise CorrectionRejected(_("A trait's name has 1 to %(n)d characters.") % {"n": MAX_NAME})
    return name


def correct(
    conn: Connection[Any],
    names: Names,
    standing: Standing,
    *,
    name: str,
    value: Any,  # noqa: ANN401 any JSON value
    acting_user: str,
) -> tuple[UUID, bool]:
    """Log that an editor says so (None: says nothing any more); the event's id, and whether it is to be seen already.

    It belongs to the strongest identifier of the person, and stays with it when people are merged or split.
    Raises CorrectionRejected.
    """
    return correct_all(conn, names, standing, traits={name: value}, acting_user=acting_user)


def correct_all(
    conn: Connection[Any],
    names: Names,
    standing: Standing,
    *,
    traits: Mapping[str, Any],
    acting_user: str,
    once: UUID | None = None,
) -> tuple[UUID, bool]:
    """As `correct`, several traits by one event, which is undone as a whole. `traits` isn't empty.

    Safe to repeat with the same `once`, from which the event's id follows (`correction_of`).
    """
    said = {trait_name(name): value for name, value in traits.items()}
    for name, value in said.items():
        if name in _CONTACTS and value is not None:
            _check_contact(conn, names, standing, name, value)
    head = strongest(names, standing.members)
    claims = standing.claims.get(head.h, {})
    known = {name: claims.get(name, {}).get(INTERNAL_SOURCE) for name in said}
    before = {name: claim.value if claim else None for name, claim in known.items()}
    context = {"externalIds": [{"type": names.namespace(head.ns), "id": head.val}], "replaced": before}
    key = once or uuid4()
    event = {"type": "identify", "messageId": str(key), "traits": said, "context": context}
    position = append_internal(conn, [event], acting_user=acting_user)
    return correction_of(key), wait_until_processed(conn, position)


def correction_of(once: UUID) -> UUID:
    """The id of the correction that was made with this `once`."""
    return UUID(bytes=event_id(INTERNAL_SOURCE, str(once)))


def new_person(
    conn: Connection[Any], names: Names, *, traits: Mapping[str, Any], acting_user: str, once: UUID | None = None
) -> tuple[int, bool]:
    """Make a person of these traits, known by a `crm:id` of their own; its hash, which leads to them from now on, and
    whether they are to be seen already.

    Safe to repeat with the same `once`. Raises CorrectionRejected, also for an e-mail or phone that is another's.
    """
    said = {trait_name(name): value for name, value in traits.items()}
    for name in _CONTACTS:
        if value := said.get(name):
            identifier = names.identifier(f"{name}:{value}")
            found = find(conn, names, identifier.h)
            if found is not None and found.has_profile:
                raise AlreadyKnown(_("Somebody with this address or number is known already."), found.profile_id)
    key = str(once or uuid4())
    identifier = names.identifier(f"{CRM_ID}:{key}")
    context = {"externalIds": [{"type": CRM_ID, "id": identifier.value}]}
    event = {"type": "identify", "messageId": f"made-{key}", "traits": said, "context": context}
    position = append_internal(conn, [event], acting_user=acting_user)
    return identifier.h, wait_until_processed(conn, position)


def corrected(conn: Connection[Any], names: Names, event: UUID) -> tuple[Found, str]:
    """Whom a correction is of, and who made it. Raises NotFound as `undo` does."""
    _said, found, by = _correction(conn, names, event)
    return found, by


def undo(conn: Connection[Any], names: Names, event: UUID, *, acting_user: str) -> tuple[int, bool]:
    """Log again what an editor said before the correction `event`; whose (hash), and whether it is to be seen already.

    Where an editor says something else by now, that stays. Raises NotFound if the event isn't a correction or isn't
    processed yet.
    """
    said, found, _by = _correction(conn, names, event)
    end = {"externalIds": [said["context"]["externalIds"][0]], "replaced": said["traits"]}
    claims = unpack(load_docs(conn, [found.h]).get(found.h))
    ours = {name: claims.get(name, {}).get(INTERNAL_SOURCE) for name in said["traits"]}
    held = {name for name, claim in ours.items() if claim is not None and claim.value == said["traits"][name]}
    traits = {name: value for name, value in said["context"]["replaced"].items() if name in held}
    if not traits:
        return found.h, True
    once = str(uuid5(event, "undo"))  # sent twice it is done once
    again = {"type": "identify", "messageId": once, "traits": traits, "context": end}
    position = append_internal(conn, [again], acting_user=acting_user)
    return found.h, wait_until_processed(conn, position)


def _correction(conn: Connection[Any], names: Names, event: UUID) -> tuple[dict[str, Any], Found, str]:
    for stored in events_by_id(conn, [event.bytes]):
        said = msgspec.json.decode(stored.event.body)
        before = (said.get("context") or {}).get("replaced")
        found = find(conn, names, stored.fragment)
        if stored.event.source_id == INTERNAL_SOURCE and stored.event.kind is Kind.IDENTIFY and before and found:
            return said, found, str(said.get("actingUser") or "")
    raise NotFound(_("This correction isn't there to be undone, or isn't processed yet."))


def strongest(names: Names, members: list[Node]) -> Node:
    """The strongest identifier, of those that conduct if there is one."""
    by_code = names.config.by_code
    return min(members, key=lambda node: (node.is_mute, by_code[node.ns].rank, node.h))


def _check_contact(conn: Connection[Any], names: Names, standing: Standing, name: str, value: Any) -> None:  # noqa: ANN401 any JSON value
    """An e-mail or phone is an identifier too: of another person's it would make one person of two."""
    identifier = names.identifier(f"{name}:{value}")
    found = find(conn, names, identifier.h)
    if found and found.has_profile and found.profile_id != standing.profile_id:
        raise CorrectionRejected(_("This is known as another person's. If they are one, link the two instead."))
