"""What became of a message: derived when asked, from what the processor stored."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection

from onefold.events.api import Flag, Kind
from onefold.infra.postgres import load_queries
from onefold.kernel.hashing import event_id
from onefold.lake.cold import warm_up_ids
from onefold.profiles.naming import Names

QUERIES = load_queries("onefold.profiles", "receipts.sql")


class Status(StrEnum):
    """How a message ended."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    RETRACTED = "retracted"
    REFUSED = "refused"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A violation: of the whole message if fatal, else of a part that was left out."""

    at: datetime
    reason: str
    detail: str
    is_fatal: bool


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An accepted delivery. `fragment` = its strongest identifier; no profile = shared, or a decision of a steward."""

    received_at: datetime
    ts: datetime
    kind: Kind
    name: str
    flags: Flag
    fragment: str | None
    profile_id: int | None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Everything known of a message of a source."""

    status: Status
    why: str
    stored: Stored | None
    duplicates: list[datetime]
    retracted_at: datetime | None
    faults: list[Fault]


def receipt_of(conn: Connection[Any], names: Names, source_id: int, message_id: str) -> Receipt:
    """What became of the message.

    Cost: look-ups by index; when nothing is known also of the newest unread requests, and of the lake if it has events
    that PostgreSQL hasn't: a scan of its ids.
    """
    message_id = message_id.replace("\0", "\N{REPLACEMENT CHARACTER}")  # as the door does
    key = {
        "id": UUID(bytes=event_id(source_id, message_id)),
        "source_id": source_id,
        "message_id": message_id,
        "needle": msgspec.json.encode(message_id)[1:-1],
    }
    stored = _stored(conn, key, names)
    duplicates = [at for (at,) in conn.execute(QUERIES["duplicates"], key)]
    retraction = conn.execute(QUERIES["retraction"], key).fetchone()
    faults = [
        Fault(at=at, reason=reason, detail=detail, is_fatal=is_fatal)
        for at, reason, detail, is_fatal in conn.execute(QUERIES["violations"], key)
    ]
    retracted_at = retraction[0] if retraction else None
    status, why = _status(stored, duplicates, retracted_at, faults)
    if status is Status.UNKNOWN and _is_true(conn.execute(QUERIES["is_waiting"], key).fetchone()):
        status, why = Status.PENDING, "Received and safe in the log; the processor has not come to it yet."
    if status in (Status.UNKNOWN, Status.DUPLICATE):  # last, because it takes a scan once events have left PostgreSQL
        warm_up_ids(conn, [event_id(source_id, message_id)])
        if stored := _stored(conn, key, names):
            status, why = _status(stored, duplicates, retracted_at, faults)
    return Receipt(
        status=status, why=why, stored=stored, duplicates=duplicates, retracted_at=retracted_at, faults=faults
    )


def _stored(conn: Connection[Any], key: dict[str, Any], names: Names) -> Stored | None:
    row = conn.execute(QUERIES["stored"], key).fetchone()
    if row is None:
        return None
    received_at, ts, kind, name, flags, namespace, value, profile_id, has_profile = row
    return Stored(
        received_at=received_at,
        ts=ts,
        kind=Kind(kind),
        name=name,
        flags=Flag(flags),
        fragment=None if namespace is None else f"{names.namespace(namespace)}:{value}",
        profile_id=profile_id if has_profile else None,
    )


def _status(
    stored: Stored | None, duplicates: list[datetime], retracted_at: datetime | None, faults: list[Fault]
) -> tuple[Status, str]:
    if stored is not None:
        return Status.STORED, _why_stored(stored, len(duplicates), faults)
    if retracted_at is not None:
        return Status.RETRACTED, "It was taken back: everything is as if it had never come."
    if fatal := next((fault for fault in faults if fault.is_fatal), None):
        return Status.REFUSED, fatal.detail or fatal.reason
    if duplicates:
        return Status.DUPLICATE, "It came again within 24 hours of its first delivery, which is no longer kept."
    return Status.UNKNOWN, "This source has sent no message with this id, or it was kept no longer."


def _why_stored(stored: Stored, repeats: int, faults: list[Fault]) -> str:
    said = ["Stored once."]
    if repeats:
        said.append(f"It came {repeats} more {'time' if repeats == 1 else 'times'} within 24 hours: left out.")
    if faults:
        said.append("Parts of it were left out, see violations.")
    if stored.fragment is not None and stored.profile_id is None:
        said.append("Its strongest identifier is shared by several people, so it belongs to nobody.")
    return " ".join(said)


def _is_true(row: tuple[Any, ...] | None) -> bool:
    return bool(row and row[0])
