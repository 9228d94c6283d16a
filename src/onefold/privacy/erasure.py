"""What the processor does to the tables when a person is erased. `programs/processor/erase.py` puts it in order."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote_plus

import msgspec
from msgspec import Raw
from psycopg import Connection
from psycopg.types.json import Jsonb

from onefold.events.api import (
    ERASED,
    JSON_FAULTS,
    Decoded,
    NewBody,
    Stored,
    decode_rows,
    delete_events,
    edited,
    end_withholding,
    forget_unviewed,
    rewrite_rows,
    take_latest,
)
from onefold.infra.arrays import bigints, byteas, instants, integers, texts, uuids
from onefold.infra.postgres import load_queries
from onefold.privacy.redact import Redactor

QUERIES = load_queries("onefold.privacy", "erasure.sql")
CHUNK: Final = 5_000
LOG_ROWS_AT_ONCE: Final = 50
"""A request of the log may have megabytes."""
END_OF_TIME_US: Final = 253_370_764_800_000_000
"""The year 9999."""
Item = TypeVar("Item")
_items: Final = msgspec.json.Decoder(list[Raw]).decode
_encode: Final = msgspec.json.Encoder().encode
Report = dict[str, Any]
"""What a request did: names of kinds → counts, nothing that tells whom."""


class Rest(msgspec.Struct):
    """Who is being erased, and what is yet to do. Forgotten when it is done."""

    names: list[tuple[str, str]]  # (namespace, value)
    hashes: list[int]  # of the identifiers
    fragments: list[int]  # whose events are yet to go, the present one first
    until: int = END_OF_TIME_US  # µs; of the present one, what happened up to then
    violation: int | None = None  # up to which violations are looked through


class Request(NamedTuple):
    """A request about privacy whose turn it is. `rest` None = it has not begun."""

    id: int
    kind: str  # erase, release
    namespace: str
    value: str
    is_suppressed: bool
    rest: Rest | None
    report: Report


def lock_request(conn: Connection[Any], request_id: int) -> Request | None:
    """The request, unless it is done already (or there is none)."""
    return _request(conn.execute(QUERIES["lock_request"], {"id": request_id}).fetchone())


def lock_erasure_under_way(conn: Connection[Any]) -> Request | None:
    """The oldest erasure of which a part is done, if it doesn't stand still."""
    return _request(conn.execute(QUERIES["under_way"]).fetchone())


def lock_waiting(conn: Connection[Any]) -> Request | None:
    """The oldest request that waited for histories from the lake, once they are there."""
    return _request(conn.execute(QUERIES["next_waiting"]).fetchone())


def has_history_come(conn: Connection[Any]) -> bool:
    """Whether a retraction or a request can go on that waited for histories from the lake."""
    row = conn.execute(QUERIES["has_history_come"]).fetchone()
    return bool(row and row[0])


def note_waiting(conn: Connection[Any], request_id: int, *, is_waiting: bool) -> None:
    """Whether histories must be fetched from the lake before it can begin."""
    conn.execute(QUERIES["note_waiting"], {"id": request_id, "is_waiting": is_waiting})


def begin(conn: Connection[Any], request_id: int, n_events: int) -> None:
    """Nobody sees the person any more, and nobody comes in by their names; `n_events` are yet to go."""
    conn.execute(QUERIES["begin"], {"id": request_id, "n_events": n_events})


def note_progress(conn: Connection[Any], request: Request) -> None:
    """Keep how far it is; one that stood still goes on."""
    rest, report = Jsonb(msgspec.to_builtins(request.rest)), Jsonb(request.report)
    conn.execute(QUERIES["note"], {"id": request.id, "rest": rest, "report": report})


def note_fault(conn: Connection[Any], request_id: int, fault: str) -> None:
    """It stands still until somebody asks for it again."""
    conn.execute(QUERIES["note_fault"], {"id": request_id, "fault": fault})


def finish(conn: Connection[Any], request_id: int, report: Report) -> None:
    """The request is done; the identifiers are forgotten."""
    conn.execute(QUERIES["finish"], {"id": request_id, "report": Jsonb(report)})


def tell_counts(conn: Connection[Any], hashes: Collection[int]) -> Report:
    """Of these identifiers, before they go: memberships of companies and rows of the consent ledger."""
    row = conn.execute(QUERIES["counts"], {"hashes": bigints(list(hashes))}).fetchone()
    return {"companies": row[0], "consents": row[1]} if row else {}


def delete_links(conn: Connection[Any], hashes: Collection[int]) -> list[Stored]:
    """Delete and return the link decisions that name one of these identifiers."""
    rows = conn.execute(QUERIES["delete_links"], {"hashes": bigints(list(hashes))}, binary=True).fetchall()
    return list(decode_rows(rows))


def neighbours_of(conn: Connection[Any], hashes: Collection[int]) -> list[int]:
    """Other people's fragments that were seen with one of these identifiers."""
    rows = conn.execute(QUERIES["neighbours"], {"hashes": bigints(list(hashes))}, binary=True)
    return [row[0] for row in rows]


def redact_events(conn: Connection[Any], changed: Sequence[Decoded], gone: Sequence[Decoded]) -> None:
    """Store new bodies of other people's events; delete those of which nothing usable is left."""
    for chunk in _chunks(changed):
        columns = {
            "id": uuids([event.id for event in chunk]),
            "received_at": instants([event.received_at for event in chunk]),
            "body": byteas([event.body for event in chunk]),
        }
        conn.execute(QUERIES["redact_events"], columns)
    for chunk in _chunks(gone):
        delete_events(conn, chunk)


def forget_moves(conn: Connection[Any], hashes: Collection[int]) -> int:
    """Delete which profiles these identifiers were in; how many moves."""
    row = conn.execute(QUERIES["delete_moves"], {"hashes": bigints(list(hashes))}).fetchone()
    return row[0] if row else 0


def take_own_events(conn: Connection[Any], rest: Rest, limit: int) -> list[Stored]:
    """Delete and return some of the person's events, the latest first; `rest` then says where to go on. [] = none left.

    Cost: as many events; a probe of each week for a fragment that has none.
    """
    taken: list[Stored] = []
    while rest.fragments and len(taken) < limit:
        found = take_latest(conn, rest.fragments[0], rest.until, limit - len(taken))
        if found:
            taken += found
            rest.until = min(stored.event.ts for stored in found)
            continue
        if rest.until == END_OF_TIME_US:
            del rest.fragments[0]
        rest.until = END_OF_TIME_US  # once more from the end, to be sure; then on to the next
    return taken


def forget_deliveries(conn: Connection[Any], redactor: Redactor, removed: Sequence[Stored]) -> Report:
    """Delete what tells of these events elsewhere: duplicates, violations, requests in the log; how many of each.

    Cost: a scan of what the log keeps between the first receipt and the last.
    """
    receipts = {stored.event.received_at for stored in removed}
    report = {"duplicates": 0, "violations": 0}
    for chunk in _chunks(removed):
        parameters = {
            "ids": uuids([stored.event.id for stored in chunk]),
            "source_id": integers([stored.event.source_id for stored in chunk]),
            "message_id": texts([stored.event.message_id for stored in chunk]),
        }
        for name in report:
            query = "delete_duplicates" if name == "duplicates" else "delete_violations_of"
            found = [at for (at,) in conn.execute(QUERIES[query], parameters, binary=True)]
            report[name] += len(found)
            receipts.update(found)
    return {**report, "log_events": _clean_log(conn, redactor, receipts)}


def clean_violations(conn: Connection[Any], redactor: Redactor, rest: Rest, limit: int) -> Report | None:
    """Look through the next violations for those that name the person and delete them, and their requests in the log.

    None when all are looked through. Cost: `limit` rows of `violation`.
    """
    row = conn.execute(QUERIES["violation_ids"]).fetchone()
    first, last = row or (1, 0)
    first = max(first, 1 if rest.violation is None else rest.violation + 1)
    if first > last:
        return None
    rest.violation = min(last, first + limit - 1)
    parameters = {"needles": redactor.needles(), "first": first, "last": rest.violation}
    naming = [
        (id_, at)
        for id_, at, message_id, body in conn.execute(QUERIES["suspects"], parameters, binary=True)
        if redactor.redacted(body) is not None or redactor.is_in(message_id)
    ]
    conn.execute(QUERIES["delete_violations"], {"ids": bigints([id_ for id_, _ in naming])})
    return {"violations": len(naming), "log_events": _clean_log(conn, redactor, {at for _, at in naming})}


def end_erasure(conn: Connection[Any], redactor: Redactor, hashes: Collection[int]) -> Report:
    """The last traces: names of profiles in other people's history, saved views that ask for the person, paths of pages
    that nobody else viewed.

    Cost: a scan of `identity_move`, and of `page_tally`.
    """
    conn.execute(QUERIES["blank_moves"], {"hashes": bigints(list(hashes))})
    naming = [
        id_
        for id_, name, address in conn.execute(QUERIES["views"])
        if redactor.is_in(name) or redactor.is_in(unquote_plus(address))
    ]
    conn.execute(QUERIES["delete_views"], {"ids": bigints(naming)})
    end_withholding(conn, hashes)
    forget_unviewed(conn)
    return {"views": len(naming)} if naming else {}


def add_report(report: Report, more: Report) -> None:
    """Add counts up, those within others too."""
    for name, count in more.items():
        if isinstance(count, dict):
            add_report(report.setdefault(name, {}), count)
        else:
            report[name] = report.get(name, 0) + count


def by_kind(events: Iterable[Decoded]) -> dict[str, int]:
    """How many of each kind."""
    return dict(sorted(Counter(event.kind.name.lower() for event in events).items()))


def _request(row: Sequence[Any] | None) -> Request | None:
    if row is None:
        return None
    id_, kind, identifier, is_suppressed, rest, report = row
    namespace, value = msgspec.json.decode(identifier, type=tuple[str, str])
    return Request(
        id_, kind, namespace, value, is_suppressed, msgspec.convert(rest, Rest) if rest else None, report or {}
    )


def _clean_log(conn: Connection[Any], redactor: Redactor, receipts: Collection[int]) -> int:
    """Put ERASED in the place of the person's events in requests received at `receipts` (µs); how many."""
    cleaned = 0
    for chunk in _chunks(sorted(receipts)):
        parameters = {"at": instants(chunk), "first": instants(chunk[:1]), "last": instants(chunk[-1:])}
        with conn.cursor("log_rows", binary=True) as rows:
            rows.execute(QUERIES["log_rows"], parameters)
            while found := rows.fetchmany(LOG_ROWS_AT_ONCE):
                changed = []
                for received_at, lane, epoch, xid, off, n, body in found:
                    new, count = _without(body, redactor)
                    cleaned += count
                    if new != body:
                        changed.append(NewBody(received_at, lane, epoch, xid, off, new, count == n))
                rewrite_rows(conn, changed)
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


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
