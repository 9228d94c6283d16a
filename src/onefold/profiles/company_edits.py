"""Companies by hand: made, corrected, and people put into them, each by a group event of Onefold's own source."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import msgspec
from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.events.api import (
    INTERACTIVE,
    INTERNAL_SOURCE,
    Kind,
    LogRow,
    Trust,
    append_internal,
    clean_text,
    decode_request,
    events_by_id,
    stored_body,
    wait_until_processed,
)
from onefold.kernel.errors import NotFound
from onefold.kernel.hashing import event_id
from onefold.profiles.companies import Company, claims_of_company, messages_about
from onefold.profiles.company_heads import APART, MERGED_INTO, is_decision
from onefold.profiles.corrections import CorrectionRejected, strongest, trait_name
from onefold.profiles.fold import Claims
from onefold.profiles.naming import Names
from onefold.profiles.standing import Standing

HOME_SPACE: Final = ""
"""The user space of companies that are made here: Onefold's own source has that."""


def correct_company(
    conn: Connection[Any],
    space: str,
    key: str,
    *,
    name: str,
    value: Any,  # noqa: ANN401 any JSON value
    acting_user: str,
) -> tuple[UUID, bool]:
    """Log that an editor says so of a company's trait (None: says nothing any more); the event's id, and whether it is
    to be seen already.

    Outranks what other sources say, as far as their priorities are greater. Raises NotFound, CorrectionRejected.
    """
    name = trait_name(name)
    if is_decision(name):
        raise CorrectionRejected(_("This name says which companies are one. Decide that under Duplicates."))
    known = _claims(conn, space, key).get(name, {}).get(INTERNAL_SOURCE)
    return _log(conn, own_event(space, key, {name: value}, {name: known.value if known else None}), acting_user)


def undo_company_correction(conn: Connection[Any], event: UUID, *, acting_user: str) -> tuple[str, str, bool]:
    """Log again what an editor said before the correction `event`; space and key of the company, and whether it is to
    be seen already. Done twice it is done once.

    Raises NotFound if the event isn't a company's correction or isn't processed yet.
    """
    for stored in events_by_id(conn, [event.bytes]):
        said = msgspec.json.decode(stored.event.body)
        before = (said.get("context") or {}).get("replaced")
        if stored.event.source_id == INTERNAL_SOURCE and stored.event.kind is Kind.GROUP and before:
            space, key = said["space"], said["groupId"]
            again = own_event(space, key, before, said["traits"])
            _event, is_processed = _log(conn, again, acting_user, once=uuid5(event, "undo"))
            return space, key, is_processed
    raise NotFound(_("This correction isn't there to be undone, or isn't processed yet."))


def new_company(
    conn: Connection[Any], *, traits: Mapping[str, Any], acting_user: str, once: UUID | None = None
) -> tuple[str, str]:
    """Make a company of these traits, under a key of its own; its space and key. Waits until it is to be seen, but not
    for long.

    Safe to repeat with the same `once`: it makes one company. Raises CorrectionRejected.
    """
    named = {trait_name(name): value for name, value in traits.items() if not is_decision(name)}
    key = str(once or uuid4())
    _log(conn, own_event(HOME_SPACE, key, named), acting_user, once=uuid5(UUID(key), "made"))
    return HOME_SPACE, key


def merge_companies(
    conn: Connection[Any],
    company: Company,
    other: Company,
    kept: Mapping[str, Any],
    *,
    acting_user: str,
    once: UUID,
) -> bool:
    """Log that `other` is this company, which has the `kept` values from now on; whether that is to be seen already.

    Both are one request: neither comes without the other. With the same `once` it is decided once. Raises
    CorrectionRejected.
    """
    decided = {"company": f"{company.space}:{company.key}", "decision": str(once)}
    events = [own_event(other.space, other.key, {MERGED_INTO: decided}) | {"messageId": str(once)}]
    if kept:
        values = {trait_name(name): value for name, value in kept.items()}
        events.append(own_event(company.space, company.key, values) | {"messageId": str(_along(once))})
    return _log_all(conn, events, acting_user)


def keep_companies_apart(
    conn: Connection[Any], company: Company, other: Company, *, acting_user: str, once: UUID
) -> bool:
    """Log that these are two, whatever they share; whether that is to be seen already. As `merge_companies`."""
    decided = {"decision": str(once)}
    one = own_event(company.space, company.key, {f"{APART}{other.h}": decided}) | {"messageId": str(once)}
    two = own_event(other.space, other.key, {f"{APART}{company.h}": decided}) | {"messageId": str(_along(once))}
    return _log_all(conn, [one, two], acting_user)


def undo_company_decision(conn: Connection[Any], decision: UUID, *, acting_user: str) -> bool:
    """Take back a merge, with what was kept by it, or that two stay two: as if it had never been decided.

    Whether that is to be seen already. Safe to repeat.
    """
    messages = [str(decision), str(_along(decision))]
    event = {"type": "retract", "source": INTERNAL_SOURCE, "messageIds": messages}
    return wait_until_processed(conn, append_internal(conn, [event], acting_user=acting_user))


def put_into_company(
    conn: Connection[Any], names: Names, standing: Standing, space: str, key: str, *, acting_user: str
) -> tuple[UUID, bool]:
    """Log that a person belongs to a company; the event's id, by which it can be taken back, and whether it is to be
    seen already.

    It belongs to the strongest identifier of the person, and stays with it when people are merged or split. Raises
    NotFound if there is no such company.
    """
    _claims(conn, space, key)
    head = strongest(names, standing.members)
    context = {"externalIds": [{"type": names.namespace(head.ns), "id": head.val}]}
    event = {"type": "group", "groupId": key, "space": space, "traits": {}, "context": context}
    return _log(conn, event, acting_user)


def take_out_of_company(
    conn: Connection[Any],
    names: Names,
    standing: Standing,
    company: Company,
    *,
    acting_user: str,
    also: Sequence[str] = (),
) -> bool:
    """Take back by which messages of Onefold's own source a person is in a company; whether that is to be seen already.

    `also`: messages that may be logged yet, and shall not count then. Raises NotFound; CorrectionRejected if another
    source says that they belong to it. Cost: the group events of the person.
    """
    spaces = {source.id: source.user_space for source in names.sources.values()}
    said = messages_about(conn, standing.fragments, company, spaces)
    others = sorted({names.sources[source].name for source, _message in said if source in names.sources} - {""})
    own = [message for source, message in said if source == INTERNAL_SOURCE]
    if len(own) < len(said):
        raise CorrectionRejected(
            _("%(source)s says that this person belongs to it. Correct it there, or take its events back.")
            % {"source": ", ".join(others) or _("Another source")}
        )
    wanted = list(dict.fromkeys([*own, *also]))
    if not wanted:
        raise NotFound(_("This person isn't in this company."))
    event = {"type": "retract", "source": INTERNAL_SOURCE, "messageIds": wanted}
    return wait_until_processed(conn, append_internal(conn, [event], acting_user=acting_user))


def _claims(conn: Connection[Any], space: str, key: str) -> Claims:
    claims = claims_of_company(conn, space, key)
    if claims is None:
        raise NotFound(_("There is no company with this key."))
    return claims


def own_event(space: str, key: str, traits: dict[str, Any], replaced: dict[str, Any] | None = None) -> dict[str, Any]:
    """An event of the company's own."""
    context = {} if replaced is None else {"context": {"replaced": replaced}}
    return {"type": "group", "groupId": key, "space": space, "traits": traits, **context}


def _log(
    conn: Connection[Any], event: dict[str, Any], acting_user: str, *, once: UUID | None = None
) -> tuple[UUID, bool]:
    """Log what the processor will accept. Raises CorrectionRejected for what it would refuse."""
    message_id = str(once or uuid4())
    is_processed = _log_all(conn, [{**event, "messageId": message_id}], acting_user)
    return UUID(bytes=event_id(INTERNAL_SOURCE, message_id)), is_processed


def _log_all(conn: Connection[Any], events: Sequence[dict[str, Any]], acting_user: str) -> bool:
    for event in events:
        body = stored_body([clean_text(json.dumps(event).encode())[0]])
        row = LogRow(0, 0, 0, INTERACTIVE, INTERNAL_SOURCE, Trust.SECRET, 0, 1, "", "", body)
        for fault in decode_request(row)[1]:
            raise CorrectionRejected(fault.detail)
    return wait_until_processed(conn, append_internal(conn, list(events), acting_user=acting_user))


def _along(decision: UUID) -> UUID:
    """The message id of what is said together with a decision."""
    return uuid5(decision, "along")
