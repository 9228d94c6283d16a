"""Consent decided by somebody who works here: an event of the internal source, waited for, and its undoing."""

from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE, append_internal, slug_of, wait_until_processed
from onefold.identity.api import MUTE
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound, Rejected
from onefold.kernel.hashing import event_id
from onefold.lake.cold import warm_up_ids
from onefold.profiles.api import Member, Names

QUERIES = load_queries("onefold.privacy", "consent.sql")
MAX_TEXT: Final = 500


class PurposeRejected(Rejected):
    """There can be no such purpose."""

    code = "purpose_invalid"


class Decision(NamedTuple):
    """What somebody was told: that a person grants or withdraws a purpose; `wording` says to what."""

    purpose: str
    is_granted: bool
    wording: str = ""


def set_consent(
    conn: Connection[Any],
    names: Names,
    members: list[Member],
    *,
    said: Decision,
    acting_user: str,
) -> tuple[str, bool]:
    """Log a statement about the person with these identifiers; its message id, and whether it is processed already.

    It is said under their strongest identifier that isn't shared, so it stays with that one if the person comes apart.
    Raises PurposeRejected.
    """
    slug = slug_of(said.purpose)
    if not slug:
        raise PurposeRejected("A purpose has letters, digits and _, at most 50: email_marketing.")
    ranks = {name: namespace.rank for name, namespace in names.config.by_name.items()}
    own = [member for member in members if not member.flags & MUTE] or members
    strongest = min(own, key=lambda member: (ranks.get(member.namespace, 1_000), member.h))
    message_id = str(uuid4())
    properties: dict[str, Any] = {"purposes": {slug: said.is_granted}, "form": "Onefold"}
    if said.wording:
        properties["wording"] = said.wording[:MAX_TEXT]
    event = {
        "type": "track",
        "event": "Consent Updated",
        "messageId": message_id,
        "context": {"externalIds": [{"type": strongest.namespace, "id": strongest.value}]},
        "properties": properties,
    }
    position = append_internal(conn, [event], acting_user=acting_user)
    return message_id, wait_until_processed(conn, position)


def undo_consent(conn: Connection[Any], message_id: UUID, *, acting_user: str) -> bool:
    """Take back a statement that `set_consent` logged; whether that is processed. Raises NotFound."""
    parameters = {"event": UUID(bytes=event_id(INTERNAL_SOURCE, str(message_id)))}
    warm_up_ids(conn, [parameters["event"].bytes])
    if conn.execute(QUERIES["is_statement"], parameters).fetchone() is None:
        raise NotFound("This decision is not kept, or was taken back already.")
    event = {"type": "retract", "source": INTERNAL_SOURCE, "messageIds": [str(message_id)]}
    position = append_internal(conn, [event], acting_user=acting_user)
    return wait_until_processed(conn, position)
