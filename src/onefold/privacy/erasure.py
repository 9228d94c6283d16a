"""What the processor does to the tables when a person is erased. `programs/processor/erase.py` puts it in order."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Raw
from psycopg import Connection
from psycopg.types.json import Jsonb

from onefold.events.api import ERASED, JSON_FAULTS, Decoded, Stored, decode_rows, edited
from onefold.infra.arrays import bigints, byteas, instants, integers, texts, uuids
from onefold.infra.postgres import load_queries
from onefold.privacy.redact import Redactor

QUERIES = load_queries("onefold.privacy", "erasure.sql")
CHUNK: Final = 5_000
Item = TypeVar("Item")
_items: Final = msgspec.json.Decoder(list[Raw]).decode
_encode: Final = msgspec.json.Encoder().encode
Report = dict[str, Any]
"""What a request did: names of kinds → counts, nothing that tells whom."""


class Request(NamedTuple):
    """A request about privacy whose turn it is."""

    id: int
    kind: str  # erase, release
    namespace: str
    value: str
    is_suppressed: bool


def lock_request(conn: Connection[Any], request_id: int) -> Request | None:
    """The request, unless it is done already (or there is none)."""
    row = conn.execute(QUERIES["lock_request"], {"id": request_id}).fetchone()
    if row is None:
        return None
    namespace, value = msgspec.json.decode(row[2], type=tuple[str, str])
    return Request(row[0], row[1], namespace, value, row[3])


def finish(conn: Connection[Any], request_id: int, report: Report) -> None:
    """The request is done; the identifier it named is forgotten."""
    conn.execute(QUERIES["finish"], {"id": request_id, "report": Jsonb(report)})


def tell_counts(conn: Connection[Any], hashes: Collection[int]) -> Report:
    """Of these identifiers, before they go: memberships of companies and rows of the consent ledger."""
    row = conn.execute(QUERIES["counts"], {"hashes": bigints(list(hashes))}).fetchone()
    return {"companies": row[0], "consents": row[1]} if row else {}


def delete_own_events(conn: Connection[Any], hashes: Collection[int]) -> list[Stored]:
    """Delete and return the events of these fragments, and the link decisions that name one of these identifiers."""
    rows = conn.execute(QUERIES["delete_own"], {"hashes": bigints(list(hashes))}, binary=True).fetchall()
    rows += conn.execute(QUERIES["delete_links"], {"hashes": bigints(list(hashes))}, binary=True).fetchall()
    return list(decode_rows(rows))


def neighbours_of(conn: Connection[Any], hashes: Collection[int]) -> list[int]:
    """Other people's fragments that were seen with one of these identifiers."""
    rows = conn.execute(QUERIES["neighbours"], {"hashes": bigints(list(hashes))}, binary=True)
    return [row[0] for row in rows]


def redact_events(conn: Connection[Any], changed: Sequence[Decoded], gone: Sequence[Decoded]) -> None:
    """Store new bodies of other people's events; delete those of which nothing usable is left."""
    for chunk in _chunks(changed):
        columns = _event_keys(chunk) | {"body": byteas([event.body for event in chunk])}
        conn.execute(QUERIES["redact_events"], columns)
    for chunk in _chunks(gone):
        conn.execute(QUERIES["delete_events"], _event_keys(chunk))


def forget_traces(conn: Connection[Any], hashes: Collection[int], removed: Sequence[Stored]) -> tuple[Report, set[int]]:
    """Delete what is known beside the events: moves of the identifiers, duplicates; receipts (µs) of the latter."""
    parameters = {"hashes": bigints(list(hashes))}
    moves = conn.execute(QUERIES["delete_moves"], parameters).rowcount
    conn.execute(QUERIES["blank_moves"], parameters)
    duplicates: list[int] = []
    for chunk in _chunks(removed):
        ids = {"ids": uuids([stored.event.id for stored in chunk])}
        duplicates += [at for (at,) in conn.execute(QUERIES["delete_duplicates"], ids, binary=True)]
    return {"moves": moves, "duplicates": len(duplicates)}, set(duplicates)


def clean_violations(conn: Connection[Any], redactor: Redactor, removed: Sequence[Stored]) -> tuple[int, set[int]]:
    """Delete violations of the removed events and those that name the person; their number and receipts (µs).

    Cost: one scan of `violation`.
    """
    receipts: list[int] = []
    for chunk in _chunks(removed):
        columns = {
            "source_id": integers([stored.event.source_id for stored in chunk]),
            "message_id": texts([stored.event.message_id for stored in chunk]),
        }
        receipts += [at for (at,) in conn.execute(QUERIES["delete_violations_of"], columns, binary=True)]
    found = conn.execute(QUERIES["suspects"], {"needles": redactor.needles()}, binary=True).fetchall()
    naming = [
        (id_, at)
        for id_, at, message_id, body in found
        if redactor.redacted(body) is not None or redactor.is_in(message_id)
    ]
    conn.execute(QUERIES["delete_violations"], {"ids": bigints([id_ for id_, _ in naming])})
    receipts += [at for _, at in naming]
    return len(receipts), set(receipts)


def clean_log(conn: Connection[Any], redactor: Redactor, receipts: Collection[int]) -> int:
    """Put ERASED in the place of the person's events in requests received at `receipts` (µs); how many.

    Cost: one scan of what the log keeps of those days.
    """
    cleaned = 0
    for chunk in _chunks(sorted(receipts)):
        parameters = {"at": instants(chunk), "first": instants(chunk[:1]), "last": instants(chunk[-1:])}
        rows = conn.execute(QUERIES["log_rows"], parameters, binary=True).fetchall()
        for epoch, xid, off, received_at, n, body in rows:
            new, count = _without(body, redactor)
            if count or new != body:
                cleaned += count
                key = {"epoch": epoch, "xid": str(xid), "off": off, "received_at": received_at}
                conn.execute(QUERIES["clean_log"], {**key, "body": new, "is_all": count == n})
    return cleaned


def _without(body: bytes, redactor: Redactor) -> tuple[bytes, int]:
    """A request of the log without the person's events, and how many those were."""
    count = 0

    def change(fields: dict[str, Raw]) -> None:
        nonlocal count
        items = []
        for item in _items(fields["batch"]):
            raw = bytes(item)
            if redactor.redacted(raw) is not None:
                count += 1
                raw = ERASED
            items.append(Raw(raw))
        fields["batch"] = Raw(_encode(items))
        for name in ("context", "integrations"):
            if name in fields and (clean := redactor.redacted(bytes(fields[name]))) is not None:
                fields[name] = Raw(clean)

    try:
        return edited(body, change), count
    except JSON_FAULTS:
        return body, 0


def by_kind(events: Iterable[Decoded]) -> dict[str, int]:
    """How many of each kind."""
    return dict(sorted(Counter(event.kind.name.lower() for event in events).items()))


def _event_keys(events: Sequence[Decoded]) -> dict[str, Any]:
    return {
        "id": uuids([event.id for event in events]),
        "received_at": instants([event.received_at for event in events]),
    }


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
