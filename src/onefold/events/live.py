"""Events as they come: the newest of the past, by filters, and what the processor stored since somebody last asked.

The past is ordered by receipt, the stream by processing, so a bulk lane that lags is not missed by who watches.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection

from onefold.events.event import Decoded, Flag, Kind
from onefold.infra.arrays import booleans, instants, integers, uuids
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of, micros_of
from onefold.lake.cold import warm_up_ids

QUERIES = load_queries("onefold.events", "live.sql")
MAX_SHOWN: Final = 50
MAX_STREAMED: Final = 100
MAX_LOOKED_AT: Final = 200_000  # events that a filter without an index may walk
MAX_TAIL_LOOKED_AT: Final = 1_000
KEPT: Final = 5_000
MOST_OF_BATCH: Final = 200  # more than MAX_STREAMED, so that a batch that is cut is said to be
# Widened until enough are found: nothing but a range of receipts is cheap to search when a million come an hour.
WINDOWS: Final = (timedelta(seconds=5), timedelta(minutes=2), timedelta(hours=1), timedelta(days=1), timedelta(days=30))
OUTCOMES: Final = ("accepted", "violation", "duplicate")

Place = tuple[datetime, UUID]
"""(receipt, event id) of the earliest event a page has shown."""


class _Sender(msgspec.Struct):
    userId: str | int | float | None = None
    anonymousId: str | int | float | None = None


@dataclass(frozen=True, kw_only=True)
class LiveEvent:
    """An event as the live page shows it: accepted, a duplicate (of what is shown), or refused.

    `violation_id` 0 = accepted. `delay_s`: from receipt to profile, None = not known any more.
    """

    received_at: datetime
    kind: str
    name: str
    source_id: int
    message_id: str
    outcome: str
    id: UUID | None = None
    is_bot: bool = False
    fragment: int = 0
    who: str = ""
    violation_id: int = 0
    reason: str = ""
    delay_s: float | None = None

    @property
    def key(self) -> str:
        """Names it in an address: v and the violation's id, or the event's id."""
        return f"v{self.violation_id}" if self.violation_id else self.id.hex if self.id else ""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which events; None = any. `name` and `text` are found anywhere, `text` in the raw event, as it was sent.

    `hidden`: PostgreSQL's pattern of what whoever asks may not read; `text` isn't found in that.
    """

    source_id: int | None = None
    kind: Kind | None = None
    name: str = ""
    text: str = ""
    hidden: str = ""
    fragments: tuple[int, ...] | None = None
    outcome: str = ""

    def parameters(self) -> dict[str, Any]:
        """For every query here."""
        escaped = self.name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {
            "source_id": self.source_id,
            "kind": None if self.kind is None else int(self.kind),
            "kind_name": None if self.kind is None else self.kind.name.lower(),
            "name": f"%{escaped}%" if self.name else None,
            "text": self.text.encode(errors="replace") if self.text else None,
            "escaped": json.dumps(self.text)[1:-1].encode() if self.text else None,  # as some libraries write it
            "hidden": self.hidden or None,
            "fragments": None if self.fragments is None else list(self.fragments),
            "outcome": self.outcome if self.outcome in OUTCOMES else None,
        }

    @property
    def wants_accepted(self) -> bool:
        return self.outcome in {"", "accepted"}

    @property
    def wants_violations(self) -> bool:
        """Violations name nobody and have no event name that could be looked for."""
        return self.outcome in {"", "violation"} and self.fragments is None and not self.name


class After(NamedTuple):
    """Up to where a page has seen the stream: of the tail, and of the violations."""

    seq: int
    violation: int

    def __str__(self) -> str:
        return f"{self.seq}-{self.violation}"


class Past(NamedTuple):
    """`is_cut`: a filter has looked at MAX_LOOKED_AT events and stopped."""

    events: list[LiveEvent]
    is_cut: bool


class Stream(NamedTuple):
    """What came since. `more`: how many besides, that are not shown."""

    events: list[LiveEvent]
    after: After
    more: int


def past(conn: Connection[Any], wanted: Filter, now: datetime, before: Place | None = None) -> Past:
    """Up to MAX_SHOWN events of the last 30 days received before a place, the latest first.

    Cost: of one person, an index; else the shortest of WINDOWS that holds enough, at most MAX_LOOKED_AT events.
    """
    found: list[LiveEvent] = []
    is_cut = False
    if wanted.wants_accepted:
        found, is_cut = _accepted(conn, wanted, now, before)
    if wanted.wants_violations:
        end = before[0] if before else now + timedelta(days=1)
        found += _refused(conn, wanted, end, 0)
    found.sort(key=lambda event: (event.received_at, event.id.int if event.id else 0), reverse=True)
    return Past(found[:MAX_SHOWN], is_cut)


def _accepted(
    conn: Connection[Any], wanted: Filter, now: datetime, before: Place | None
) -> tuple[list[LiveEvent], bool]:
    end, end_id = before or (now + timedelta(days=1), UUID(int=0))
    parameters = wanted.parameters() | {"before": end, "before_id": end_id, "limit": MAX_SHOWN}
    if wanted.fragments is not None:
        rows = conn.execute(QUERIES["newest_of"], parameters).fetchall()
        return [_event(row) for row in rows], False
    rows, start = [], min(end, now)
    for window in WINDOWS:
        since = {"since": start - window, "most": MAX_LOOKED_AT}
        (count,) = conn.execute(QUERIES["accepted_since"], since).fetchone() or (0,)
        if is_cut := count > MAX_LOOKED_AT and window > WINDOWS[1]:
            (reach,) = conn.execute(QUERIES["reach"], since).fetchone() or (None,)
            since["since"] = reach or start - WINDOWS[1]
        rows = conn.execute(QUERIES["newest"], parameters | {"since": since["since"]}).fetchall()
        if len(rows) >= MAX_SHOWN or is_cut:
            return [_event(row) for row in rows], is_cut and len(rows) < MAX_SHOWN
    return [_event(row) for row in rows], False


def _refused(conn: Connection[Any], wanted: Filter, before: datetime, after: int) -> list[LiveEvent]:
    parameters = wanted.parameters() | {"before": before, "after": after, "limit": MAX_SHOWN}
    return [
        LiveEvent(
            received_at=at,
            kind=kind,
            name="",
            source_id=source_id,
            message_id=message_id,
            outcome="violation" if is_fatal else "part",
            violation_id=violation_id,
            reason=reason,
        )
        for at, violation_id, source_id, message_id, kind, reason, _detail, is_fatal in conn.execute(
            QUERIES["refused"], parameters
        )
    ]


def stream(conn: Connection[Any], wanted: Filter, after: After, now: datetime) -> Stream:
    """What was processed after a place, the latest first, at most MAX_STREAMED. Cost: MAX_TAIL_LOOKED_AT events."""
    end = places(conn)
    found: list[LiveEvent] = []
    if wanted.outcome != "violation" and end.seq > after.seq:
        parameters = wanted.parameters() | {
            "after": after.seq,
            "most": MAX_TAIL_LOOKED_AT,
            "limit": MAX_STREAMED + 1,
        }
        for _seq, processed_at, is_duplicate, received_at, *row in conn.execute(QUERIES["tail"], parameters):
            delay = (processed_at - received_at).total_seconds()
            found.append(_event(tuple(row), "duplicate" if is_duplicate else "accepted", delay))
    if wanted.wants_violations and end.violation > after.violation:
        found += _refused(conn, wanted, now + timedelta(days=1), after.violation)
    found.sort(key=lambda event: event.received_at, reverse=True)
    return Stream(found[:MAX_STREAMED], end, max(len(found) - MAX_STREAMED, 0))


def places(conn: Connection[Any]) -> After:
    """Where the stream ends now."""
    return After(*(conn.execute(QUERIES["places"]).fetchone() or (0, 0)))


def after_from_text(text: str) -> After | None:
    """What `str(After)` wrote; None when it is no place."""
    seq, _, violation = text.partition("-")
    digits = seq.isascii() and seq.isdigit() and violation.isascii() and violation.isdigit()
    return After(int(seq), int(violation)) if digits and len(text) < 38 else None


def note_processed(conn: Connection[Any], accepted: Collection[Decoded], duplicates: Collection[Decoded]) -> None:
    """For those who watch: what a batch stored last, in the caller's transaction. Two statements, few rows."""
    newest = [(event, True) for event in [*duplicates][-MOST_OF_BATCH // 4 :]]
    newest += [(event, False) for event in [*accepted][-MOST_OF_BATCH:]]
    if not newest:
        return
    columns = {
        "id": uuids([event.id for event, _ in newest]),
        "received_at": instants([event.received_at for event, _ in newest]),
        "source_id": integers([event.source_id for event, _ in newest]),
        "is_duplicate": booleans([is_duplicate for _, is_duplicate in newest]),
    }
    conn.execute(QUERIES["note"], columns)
    conn.execute(QUERIES["forget"], {"kept": KEPT})


class StoredEvent(NamedTuple):
    """An accepted event with everything that was decided at its receipt."""

    event: LiveEvent
    ts: datetime
    flags: Flag
    trust: int
    body: bytes
    processed_at: datetime | None


class Refusal(NamedTuple):
    """A violation beside its event."""

    id: int
    at: datetime
    reason: str
    detail: str
    is_fatal: bool
    body: bytes


def stored_event(conn: Connection[Any], event_id: UUID) -> StoredEvent | None:
    """One accepted event; None when there is none. Two look-ups; of what left PostgreSQL as `warm_up_ids`."""
    warm_up_ids(conn, [event_id.bytes])
    row = conn.execute(QUERIES["one"], {"id": event_id}).fetchone()
    if row is None:
        return None
    processed = conn.execute(QUERIES["delays"], {"ids": [event_id]}).fetchone()
    return StoredEvent(_event(row[:10]), row[2], Flag(row[6]), row[10], row[9], processed[1] if processed else None)


def refusals_of(conn: Connection[Any], source_id: int, message_id: str) -> list[Refusal]:
    """The latest violations of a message; none for an empty message id, which is nobody's."""
    if not message_id:
        return []
    parameters = {"source_id": source_id, "message_id": message_id}
    return [Refusal(*row) for row in conn.execute(QUERIES["refused_one"], parameters)]


def refused_event(conn: Connection[Any], violation_id: int) -> tuple[LiveEvent, Refusal] | None:
    """One violation with the event that it is about."""
    row = conn.execute(QUERIES["refused_by_id"], {"id": violation_id}).fetchone()
    if row is None:
        return None
    found, at, source_id, message_id, kind, reason, detail, is_fatal, body = row
    event = LiveEvent(
        received_at=at,
        kind=kind,
        name="",
        source_id=source_id,
        message_id=message_id,
        outcome="violation" if is_fatal else "part",
        violation_id=found,
        reason=reason,
    )
    return event, Refusal(found, at, reason, detail, is_fatal, body)


def _event(row: tuple[Any, ...], outcome: str = "accepted", delay_s: float | None = None) -> LiveEvent:
    received_at, event_id, _ts, kind, name, source_id, flags, message_id, fragment, body = row
    return LiveEvent(
        received_at=received_at,
        id=event_id,
        kind=Kind(kind).name.lower(),
        name=name,
        source_id=source_id,
        message_id=message_id,
        outcome=outcome,
        is_bot=bool(flags & Flag.BOT),
        fragment=fragment,
        who=_who(body),
        delay_s=delay_s,
    )


def _who(body: bytes) -> str:
    """The id its sender gave the person; empty when there is none."""
    try:
        sender = msgspec.json.decode(body, type=_Sender)
    except msgspec.DecodeError:
        return ""
    return str(sender.userId or sender.anonymousId or "")


def place_to_text(place: Place) -> str:
    """For a URL: µs since 1970 and event id."""
    return f"{micros_of(place[0])}_{place[1].hex}"


def place_from_text(text: str) -> Place | None:
    """What `place_to_text` wrote; None when it is no place."""
    instant, _, event = text.partition("_")
    try:
        return (instant_of(int(instant)), UUID(hex=event))
    except (ValueError, OverflowError):
        return None
