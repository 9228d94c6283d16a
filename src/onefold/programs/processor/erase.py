"""Answer privacy requests in the order of the log: erase a person, or let one come back.

In the processor, because then nobody else writes: what was received before is processed and goes, what comes after
meets the suppression. One transaction, so a crash leaves either everything or nothing to be done again.
docs/decisions/erasure-is-a-step-of-the-processor.md says why. Cost: the person's events; every event of other people's
fragments that were seen with an identifier of theirs; a scan of `violation`, `identity_move` and the log.
"""

from typing import Any

from psycopg import Connection

from onefold.events.api import Decoded, LogRow, Stored, Trust, decode_accepted, events_of
from onefold.identity.api import Node, Refused, load_components, load_nodes
from onefold.infra.logs import get_logger
from onefold.kernel.errors import Broken
from onefold.privacy.api import (
    Redactor,
    Report,
    Request,
    by_kind,
    clean_log,
    clean_violations,
    delete_own_events,
    finish,
    forget_traces,
    lock_request,
    neighbours_of,
    redact_events,
    release,
    suppress,
    tell_counts,
)
from onefold.profiles.api import is_nobody, remove_all_exports
from onefold.programs.processor.batch import Batch
from onefold.programs.processor.context import Context
from onefold.programs.processor.retract import settle_without

log = get_logger(__name__)


def answer_requests(batch: Batch) -> None:
    """Seldom: requests whose turn came with this batch. Safe to repeat: what is done is left alone."""
    for request_id in batch.requests:
        request = lock_request(batch.conn, request_id)
        if request is None:
            continue
        _plan_freely(batch.conn)
        report = _erase(batch, request) if request.kind == "erase" else _release(batch.context, batch.conn, request)
        finish(batch.conn, request.id, report)
        log.info("privacy_request_done", kind=request.kind, request=request.id)


def _plan_freely(conn: Connection[Any]) -> None:
    """Scans are what is wanted here; the session forbids them for the sake of batches."""
    for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
        conn.execute(f"set local {setting} = on")
    conn.execute("set local plan_cache_mode = auto")


def _release(context: Context, conn: Connection[Any], request: Request) -> Report:
    return {"released": release(conn, _key(context), request.namespace, request.value)}


def _erase(batch: Batch, request: Request) -> Report:
    conn, context = batch.conn, batch.context
    members = _members(conn, context, request)
    if members and is_nobody(members, context.config):
        return {"is_shared": True}
    by_code = context.config.by_code
    named = [(by_code[node.ns].name, node.val) for node in members]
    report: Report = {"identifiers": _count_names(named)}
    if members:
        report |= _erase_members(conn, context, members, named)
    else:  # nobody has come by this name yet; refused requests may hold it all the same
        redactor = Redactor([(request.namespace, request.value)], context.extractor)
        report["violations"], receipts = clean_violations(conn, redactor, [])
        report["log_events"] = clean_log(conn, redactor, receipts)
    remove_all_exports(conn)  # they may hold the person: whoever wants one asks again
    if request.is_suppressed:
        everybody = dict.fromkeys([*named, (request.namespace, request.value)])
        report["suppressed"] = suppress(conn, _key(context), everybody, request.id)
    return report


def _members(conn: Connection[Any], context: Context, request: Request) -> list[Node]:
    """The identifiers of the person as of this batch; none if nobody is known by this one."""
    found = context.extractor.normalise(request.namespace, request.value)
    if isinstance(found, Refused):
        return []
    node = load_nodes(conn, [found.h]).get(found.h)
    if node is None or (node.ns, node.val) != (found.ns, found.value):
        return []
    return [other for other in load_components(conn, [node.comp]) if other.prof == node.prof]


def _erase_members(
    conn: Connection[Any], context: Context, members: list[Node], named: list[tuple[str, str]]
) -> Report:
    hashes = [node.h for node in members]
    redactor = Redactor(named, context.extractor)
    report = tell_counts(conn, hashes)
    neighbours = neighbours_of(conn, hashes)
    own = delete_own_events(conn, hashes)
    before, changed, gone = _redact_others(conn, context, redactor, neighbours)
    redact_events(conn, changed, gone)
    settle_without(conn, context, [*own, *before], changed)
    report["events"] = by_kind(stored.event for stored in own)
    report["events_of_others"] = {"redacted": len(changed), "deleted": len(gone)}
    traces, receipts = forget_traces(conn, hashes, [*own, *before])
    report |= traces
    report["violations"], refused = clean_violations(conn, redactor, [*own, *before])
    receipts |= refused | {stored.event.received_at for stored in (*own, *before)}
    report["log_events"] = clean_log(conn, redactor, receipts)
    left = load_nodes(conn, hashes)
    if left:
        raise Broken(f"{len(left)} identifiers of an erased person are still there.")
    return report


def _redact_others(
    conn: Connection[Any], context: Context, redactor: Redactor, neighbours: list[int]
) -> tuple[list[Stored], list[Decoded], list[Decoded]]:
    """Other people's events that name the person: as they were; as they become; those of which nothing is left."""
    before: list[Stored] = []
    changed: list[Decoded] = []
    gone: list[Decoded] = []
    for stored in events_of(conn, neighbours) if neighbours else ():
        body = redactor.redacted(stored.event.body)
        if body is None:
            continue
        before.append(stored)
        after = _decode_again(stored.event, body)
        identifiers = context.extractor.identifiers(after)[0] if after else []
        if after is not None and identifiers and identifiers[0].h == stored.fragment:
            changed.append(after)
        else:
            gone.append(stored.event)
    return before, changed, gone


def _decode_again(event: Decoded, body: bytes) -> Decoded | None:
    row = LogRow(0, 0, 0, 0, event.source_id, Trust(event.trust), event.received_at, 1, "", "", body)
    try:
        return decode_accepted(row, id_=event.id, message_id=event.message_id, ts=event.ts, flags=event.flags)
    except Broken:  # it named nobody else
        return None


def _key(context: Context) -> bytes:
    if context.suppression_key is None:
        raise Broken("This processor has no suppression key.")
    return context.suppression_key


def _count_names(named: list[tuple[str, str]]) -> dict[str, int]:
    names = [namespace for namespace, _ in named]
    return {name: names.count(name) for name in sorted(set(names))}
