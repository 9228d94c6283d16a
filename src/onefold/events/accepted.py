"""Accepted events: deduplicate, store, find again, take back."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from psycopg import Connection

from onefold.events.decode import decode_accepted
from onefold.events.event import Decoded, LogRow, Reason, Trust, Violation
from onefold.infra.arrays import bigints, booleans, byteas, instants, integers, smallints, texts, uuids
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of
from onefold.lake.cold import demand_history, hot_since

QUERIES = load_queries("onefold.events", "accepted.sql")
DEDUPLICATION_US = 24 * 3_600_000_000
_FETCH_ROWS = 5_000


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A row of `event` with the event in it decoded again as it was when it was accepted."""

    fragment: int
    event: Decoded


def known_receipts(
    conn: Connection[Any], ids: Collection[bytes], since_us: int, until_us: int
) -> dict[bytes, list[int]]:
    """Receipts (µs) of those of `ids` that were accepted in this span. Cost: an index probe an id and week."""
    parameters = {"ids": uuids(list(ids)), "since": instant_of(since_us), "until": instant_of(until_us)}
    found: dict[bytes, list[int]] = {}
    for event_id, received_at in conn.execute(QUERIES["known"], parameters, binary=True).fetchall():
        found.setdefault(event_id.bytes, []).append(received_at)
    return found


def retracted_until(conn: Connection[Any], ids: Collection[bytes]) -> dict[bytes, int]:
    """Of those of `ids` that are taken back: the receipt (µs) up to which they are."""
    rows = conn.execute(QUERIES["retracted"], {"ids": uuids(list(ids))}, binary=True)
    return {event_id.bytes: received_at for event_id, received_at in rows}


def store_events(conn: Connection[Any], events: list[tuple[int, Decoded]]) -> None:
    """`events`: each with its fragment."""
    if events:
        columns = {
            "received_at": instants([event.received_at for _, event in events]),
            "id": uuids([event.id for _, event in events]),
            "fragment": bigints([fragment for fragment, _ in events]),
            "ts": instants([event.ts for _, event in events]),
            "source_id": integers([event.source_id for _, event in events]),
            "kind": smallints([event.kind for _, event in events]),
            "trust": smallints([event.trust for _, event in events]),
            "flags": smallints([event.flags for _, event in events]),
            "name": texts([event.name for _, event in events]),
            "message_id": texts([event.message_id for _, event in events]),
            "body": byteas([event.body for _, event in events]),
        }
        conn.execute(QUERIES["insert_events"], columns)


def store_duplicates(conn: Connection[Any], events: list[Decoded]) -> None:
    if events:
        columns = {
            "id": uuids([event.id for event in events]),
            "received_at": instants([event.received_at for event in events]),
        }
        conn.execute(QUERIES["insert_duplicates"], columns)


def store_violations(conn: Connection[Any], violations: list[Violation]) -> None:
    if violations:
        columns = {
            "at": instants([violation.received_at for violation in violations]),
            "source_id": integers([violation.source_id for violation in violations]),
            "message_id": texts([violation.message_id for violation in violations]),
            "kind": texts([violation.kind for violation in violations]),
            "reason": texts([str(violation.reason) for violation in violations]),
            "detail": texts([violation.detail for violation in violations]),
            "is_fatal": booleans([violation.is_fatal for violation in violations]),
            "body": byteas([violation.body for violation in violations]),
        }
        conn.execute(QUERIES["insert_violations"], columns)


def undecodable(row: LogRow, fault: str) -> Violation:
    """A request that a defect of ours kept from being processed: kept whole, so that it can be replayed."""
    return Violation(
        source_id=row.source_id,
        received_at=row.received_at,
        message_id="",
        kind="request",
        reason=Reason.PROCESSING_FAILED,
        detail=f"Onefold failed on this request ({fault}). It is kept here; please report it.",
        is_fatal=True,
        body=row.body,
    )


def store_retractions(conn: Connection[Any], retractions: Mapping[bytes, tuple[int, bytes]]) -> None:
    """`retractions`: id of the retracted event → (receipt in µs, id of the event that says so)."""
    if retractions:
        columns = {
            "id": uuids(list(retractions)),
            "received_at": instants([received_at for received_at, _ in retractions.values()]),
            "cause": uuids([cause for _, cause in retractions.values()]),
        }
        conn.execute(QUERIES["insert_retractions"], columns)


def delete_retracted(conn: Connection[Any], ids: Collection[bytes]) -> list[Stored]:
    """Delete the stored events among `ids` that a retraction covers, and return them."""
    rows = conn.execute(QUERIES["delete_retracted"], {"ids": uuids(list(ids))}, binary=True)
    return list(decode_rows(rows))


def note_pending(conn: Connection[Any], ids: Collection[bytes]) -> None:
    """Retractions of these wait until the worker has looked for them in the lake, if anything is in the lake only."""
    if ids and hot_since(conn) is not None:
        conn.execute(QUERIES["note_pending"], {"ids": uuids(list(ids))})


def pending_retractions(conn: Connection[Any], limit: int) -> list[bytes]:
    """Ids of events that are taken back, and that nobody has looked for in the lake."""
    return [id_.bytes for (id_,) in conn.execute(QUERIES["pending"], {"limit": limit})]


def make_ready(conn: Connection[Any], ids: Collection[bytes]) -> None:
    """The processor can take these back: their histories are in PostgreSQL."""
    conn.execute(QUERIES["make_ready"], {"ids": uuids(list(ids))})


def ready_retractions(conn: Connection[Any], limit: int) -> list[bytes]:
    """Locked."""
    return [id_.bytes for (id_,) in conn.execute(QUERIES["ready"], {"limit": limit})]


def end_pending(conn: Connection[Any], ids: Collection[bytes]) -> None:
    """These are taken back, or there was nothing."""
    conn.execute(QUERIES["end_pending"], {"ids": uuids(list(ids))})


def events_of(conn: Connection[Any], fragments: Collection[int]) -> Iterator[Stored]:
    """Every accepted event of these fragments, in no order. Streams: memory doesn't grow with their number.

    Raises HistoryInLake when some are in the lake only.
    """
    demand_history(conn, fragments)
    with conn.cursor("events_of", binary=True) as cursor:
        cursor.itersize = _FETCH_ROWS
        yield from decode_rows(cursor.execute(QUERIES["events_of"], {"fragments": bigints(list(fragments))}))


def company_events_of(conn: Connection[Any], fragments: Collection[int]) -> Iterator[Stored]:
    """As `events_of`, but only what says something of companies, and some track calls of Onefold's own."""
    demand_history(conn, fragments)
    with conn.cursor("company_events_of", binary=True) as cursor:
        cursor.itersize = _FETCH_ROWS
        yield from decode_rows(cursor.execute(QUERIES["company_events_of"], {"fragments": bigints(list(fragments))}))


def take_latest(conn: Connection[Any], fragment: int, until_us: int, limit: int) -> list[Stored]:
    """Delete and return a fragment's latest events that happened up to a moment (µs), the latest first.

    Raises HistoryInLake when some are in the lake only.
    """
    demand_history(conn, [fragment])
    parameters = {"fragment": fragment, "until": instant_of(until_us), "limit": limit}
    taken = list(decode_rows(conn.execute(QUERIES["latest_of"], parameters, binary=True)))
    delete_events(conn, [stored.event for stored in taken])
    return taken


def delete_events(conn: Connection[Any], events: Sequence[Decoded]) -> None:
    """Delete these from the table, and nothing else: sums and profiles are the caller's."""
    if events:
        columns = {
            "id": uuids([event.id for event in events]),
            "received_at": instants([event.received_at for event in events]),
        }
        conn.execute(QUERIES["delete_events"], columns)


def withhold(conn: Connection[Any], fragments: Collection[int]) -> None:
    """Let nobody see these fragments' events any more: they are being erased."""
    conn.execute(QUERIES["withhold"], {"fragments": bigints(list(fragments))})


def end_withholding(conn: Connection[Any], fragments: Collection[int]) -> None:
    """These fragments' events are gone."""
    conn.execute(QUERIES["end_withholding"], {"fragments": bigints(list(fragments))})


def withheld_fragments(conn: Connection[Any]) -> frozenset[int]:
    """Fragments whose events are being erased."""
    return frozenset(row[0] for row in conn.execute(QUERIES["withheld"]))


def decode_rows(rows: Iterable[tuple[Any, ...]]) -> Iterator[Stored]:
    """Rows as `events_of` selects them."""
    for event_id, fragment, received_at, source_id, trust, flags, ts, message_id, body in rows:
        row = LogRow(0, 0, 0, 0, source_id, Trust(trust), received_at, 1, "", "", body)
        yield Stored(fragment, decode_accepted(row, id_=event_id.bytes, message_id=message_id, ts=ts, flags=flags))
