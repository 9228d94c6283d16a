"""Send violations through again: after an upgrade, or with a limit that was raised. Only what is good by now."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.events.decode import decode_request
from onefold.events.envelope import stored_body
from onefold.events.event import LogRow, Reason, Trust
from onefold.events.limits import Limits
from onefold.events.log import NewRow, append_rows, wait_until_processed
from onefold.events.reading import BULK
from onefold.events.sources import ON_DEVICES, Source, list_sources
from onefold.infra.arrays import integers, texts
from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.events", "violations.sql")
MOST: Final = 1_000
LOOKED_AT: Final = 10_000
KEPT_BYTES: Final = 32_768
"""A body as long as this may have been cut."""
_CHUNK: Final = 500

REPLAYABLE: Final = frozenset(
    (Reason.PROCESSING_FAILED, Reason.TOO_LARGE, Reason.TOO_MANY_TRAITS, Reason.TRAIT_TOO_LARGE, Reason.ID_TOO_LONG,
     Reason.NESTED_TOO_DEEP, Reason.TYPE_UNKNOWN, Reason.FIELD_WRONG_TYPE, Reason.TIMESTAMP_INVALID)
)  # fmt: skip
"""Reasons that another version or another limit may do away with; the others stay wrong whatever we do."""


class Wanted(NamedTuple):
    """Which violations: of a reason, of one source or all; or a single one, by its id."""

    reason: str = ""
    source_id: int | None = None
    id: int | None = None


class Preview(NamedTuple):
    """What a replay would do.

    `good`: would be sent; `still`: reason → how many are wrong still; `left`: too little of them is kept. `first`,
    `last`: when the good ones were refused. `has_more`: beyond MOST good ones, or LOOKED_AT violations.
    """

    good: int
    still: list[tuple[str, int]]
    left: int
    first: datetime | None
    last: datetime | None
    has_more: bool


class Replayed(NamedTuple):
    """How many were sent again, and how many of those were refused again; None = not processed yet."""

    sent: int
    came_back: int | None


class _Candidate(NamedTuple):
    """A violation as it would be sent. `row` None: it can't be. `fault`: why it would be refused; "" = it is good."""

    id: int
    at: datetime
    row: NewRow | None
    message_ids: tuple[str, ...] = ()
    fault: str = ""


def preview(conn: Connection[Any], wanted: Wanted, limits: Limits) -> Preview:
    """What `replay` would do now, by the check of this version with these limits. Cost: LOOKED_AT violations."""
    good: list[datetime] = []
    still: Counter[str] = Counter()
    left, has_more = 0, False
    for looked_at, one in enumerate(_candidates(conn, wanted, limits, is_locked=False)):
        if has_more := looked_at >= LOOKED_AT or len(good) >= MOST:
            break
        if one.row is None:
            left += 1
        elif one.fault:
            still[one.fault] += 1
        else:
            good.append(one.at)
    first, last = (good[0], good[-1]) if good else (None, None)
    return Preview(len(good), still.most_common(), left, first, last, has_more)


def replay(conn: Connection[Any], wanted: Wanted, limits: Limits, *, acting_user: str) -> Replayed:
    """Log up to MOST good ones again, the oldest first, which are violations no more; the others stay as they are.

    An event without a time gets that of its first receipt. Waits a moment for what becomes of them.
    """
    found: list[_Candidate] = []
    with conn.transaction():
        for looked_at, one in enumerate(_candidates(conn, wanted, limits, is_locked=True)):
            if looked_at >= LOOKED_AT or len(found) >= MOST:
                break
            if one.row is not None and not one.fault:
                found.append(one)
        if not found:
            return Replayed(0, 0)
        (newest,) = conn.execute(QUERIES["newest_id"]).fetchone() or (0,)
        position = append_rows(conn, [one.row for one in found if one.row])
        conn.execute(QUERIES["forget"], {"ids": [one.id for one in found]})
        target = wanted.reason or f"violation:{wanted.id}"
        details = {"source": wanted.source_id, "count": len(found)}
        audit(conn, actor=acting_user, action="violations.replayed", target=target, details=details)
    if not wait_until_processed(conn, position):
        return Replayed(len(found), None)
    sent = [(one.row.source_id, message_id) for one in found if one.row for message_id in one.message_ids]
    parameters = {
        "after": newest,
        "source_id": integers([source_id for source_id, _ in sent]),
        "message_id": texts([message_id for _, message_id in sent]),
    }
    (came_back,) = conn.execute(QUERIES["came_back"], parameters).fetchone() or (0,)
    return Replayed(len(found), came_back)


def _candidates(conn: Connection[Any], wanted: Wanted, limits: Limits, *, is_locked: bool) -> Iterator[_Candidate]:
    """The oldest first. Locked ones stay so until the transaction ends; what another locks is passed over."""
    sources = {source.id: source for source in list_sources(conn)}
    after = 0 if wanted.id is None else wanted.id - 1
    name = "to_replay" if is_locked else "replayable"
    while True:
        parameters = wanted._asdict() | {"after": after, "limit": _CHUNK, "reasons": list(REPLAYABLE)}
        rows = conn.execute(QUERIES[name], parameters).fetchall()
        for violation_id, at, source_id, kind, body in rows:
            yield _candidate(violation_id, at, sources.get(source_id), kind, body, limits)
        if len(rows) < _CHUNK or wanted.id is not None:
            return
        after = rows[-1][0]


def _candidate(id_: int, at: datetime, source: Source | None, kind: str, body: bytes, limits: Limits) -> _Candidate:
    row = _row(id_, source, at, kind, body)
    if row is None:
        return _Candidate(id_, at, None)
    seen = LogRow(0, 0, 0, row.lane, row.source_id, row.trust, row.received_at, row.n, "", "", row.body)
    good, bad = decode_request(seen, limits)
    fatal = [one for one in bad if one.is_fatal]
    fault = str(fatal[0].reason) if fatal and not good else ""
    return _Candidate(id_, at, row, tuple([one.message_id for one in good] + [one.message_id for one in bad]), fault)


def _row(id_: int, source: Source | None, at: datetime, kind: str, body: bytes) -> NewRow | None:
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
        event["timestamp"] = event.get("timestamp") or event.pop("originalTimestamp", None) or at.isoformat()
        event["messageId"] = event.get("messageId") or f"replay-{id_}"
        body = stored_body([json.dumps(event).encode()])
    # how far its sender was believed is not kept with a violation: a device's word counts least
    trust = Trust.PUBLIC if source.kind in ON_DEVICES else Trust.SECRET
    return NewRow(BULK, source.id, trust, time.time_ns() // 1000, count, "", "", body)
