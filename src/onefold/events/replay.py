"""Send violations through again: after an upgrade, or with a limit that was raised."""

import json
import time
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.events.envelope import stored_body
from onefold.events.event import Reason, Trust
from onefold.events.log import NewRow, append_rows
from onefold.events.reading import BULK
from onefold.events.sources import ON_DEVICES, Source, list_sources
from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.events", "violations.sql")
MOST: Final = 1_000
KEPT_BYTES: Final = 32_768
"""A body as long as this may have been cut."""


class Replayed(NamedTuple):
    """How many were sent again, and how many can't be: their body was cut, or is no JSON."""

    sent: int
    left: int


def replay(conn: Connection[Any], *, source_id: int | None, reason: str, acting_user: str) -> Replayed:
    """Log up to MOST fatal violations of a reason again, the oldest first, which are violations no more.

    What is still wrong becomes a violation anew. An event without a time gets that of its first receipt.
    """
    sources = {source.id: source for source in list_sources(conn)}
    rows: list[NewRow] = []
    ids: list[int] = []
    left = 0
    with conn.transaction():
        wanted = {"source_id": source_id, "reason": reason, "limit": MOST}
        found = conn.execute(QUERIES["to_replay"], wanted).fetchall()
        for violation_id, at, source, kind, body in found:
            row = _row(sources.get(source), at, kind, body)
            if row is None:
                left += 1
            else:
                rows.append(row)
                ids.append(violation_id)
        if rows:
            append_rows(conn, rows)
            conn.execute(QUERIES["forget"], {"ids": ids})
            details = {"source": source_id, "count": len(rows)}
            audit(conn, actor=acting_user, action="violations.replayed", target=reason, details=details)
    return Replayed(len(rows), left)


def _row(source: Source | None, at: datetime, kind: str, body: bytes) -> NewRow | None:
    if source is None or (len(body) >= KEPT_BYTES and kind != "request"):
        return None
    try:
        event = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    count = 1
    if kind == "request":
        batch = event.get("batch")
        count = len(batch) if isinstance(batch, list) else 1
    else:
        event.setdefault("timestamp", event.pop("originalTimestamp", None) or at.isoformat())
        body = stored_body([json.dumps(event).encode()])
    # how far its sender was believed is not kept with a violation: a web page's word counts least
    trust = Trust.PUBLIC if source.kind in ON_DEVICES else Trust.SECRET
    return NewRow(BULK, source.id, trust, time.time_ns() // 1000, count, "", "", body)


REPLAYABLE: Final = frozenset(
    (Reason.PROCESSING_FAILED, Reason.TOO_LARGE, Reason.TOO_MANY_TRAITS, Reason.TRAIT_TOO_LARGE, Reason.ID_TOO_LONG,
     Reason.NESTED_TOO_DEEP, Reason.TYPE_UNKNOWN, Reason.FIELD_WRONG_TYPE, Reason.TIMESTAMP_INVALID)
)  # fmt: skip
"""Reasons that another version or another limit may do away with; the others stay wrong whatever we do."""
