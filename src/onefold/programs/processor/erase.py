"""Answer privacy requests in the order of the log: erase a person, or let one come back.

In the processor, because then nobody else writes: what was received before is processed and goes, what comes after
meets the suppression. The batch of the request makes an end of the person (identifiers, profile, edges, what others'
events say of them) and of their first events; further pieces, each a transaction, go between later batches.
docs/decisions/erasure-is-a-step-of-the-processor.md says why. Cost of the batch: every event of other people's
fragments that were seen with an identifier of theirs. Of a piece: PIECE_EVENTS events and what the log keeps of their
time, or PIECE_VIOLATIONS violations. Of the last: a scan of `identity_move`.
"""

from typing import Any, Final

from psycopg import Connection

from onefold.audiences.api import forget_changes, note_exits
from onefold.events.api import (
    INTERNAL_SOURCE,
    Decoded,
    Kind,
    LogRow,
    Stored,
    Trust,
    decode_accepted,
    decode_each,
    events_of,
    withhold,
)
from onefold.forms.api import forget_submissions
from onefold.identity.api import Node, Refused, load_components, load_nodes
from onefold.infra.logs import get_logger
from onefold.insights.api import forget_queries
from onefold.kernel.errors import Broken
from onefold.lake.cold import HistoryInLake, demand_history, want_history
from onefold.privacy.api import (
    Redactor,
    Report,
    Request,
    Rest,
    add_report,
    begin,
    by_kind,
    clean_violations,
    delete_links,
    end_erasure,
    finish,
    forget_deliveries,
    forget_moves,
    keep_suppressed,
    lock_erasure_under_way,
    lock_request,
    lock_waiting,
    neighbours_of,
    note_fault,
    note_progress,
    note_waiting,
    redact_events,
    release,
    release_all,
    suppress,
    take_own_events,
    tell_counts,
)
from onefold.profiles.api import is_nobody, remove_all_exports
from onefold.programs.processor.accept import request_of
from onefold.programs.processor.batch import Batch
from onefold.programs.processor.context import Context
from onefold.programs.processor.retract import retally, settle_without

PIECE_EVENTS: Final = 2_000
PIECE_VIOLATIONS: Final = 10_000
PIECES_AT_ONCE: Final = 3
"""So most people are erased within the batch: their events, the violations, the end."""

log = get_logger(__name__)


def answer_requests(batch: Batch) -> None:
    """Seldom: requests whose turn came with this batch. Safe to repeat: what is done is left alone."""
    for request_id in batch.requests:
        request = lock_request(batch.conn, request_id)
        if request is None:
            continue
        _plan_freely(batch.conn)
        if request.kind == "release":
            released = release(batch.conn, _key(batch.context), request.namespace, request.value)
            finish(batch.conn, request.id, {"released": released})
        elif request.rest is None:
            _begin_with_history(batch.conn, batch.context, request)
        else:  # it stood still, and somebody asked for it again
            note_progress(batch.conn, request)


def erase_piece(conn: Connection[Any], context: Context) -> bool:
    """The next piece of an erasure under way, in the caller's transaction; False when there is none."""
    request = lock_erasure_under_way(conn)
    if request is None:
        return _begin_waiting(conn, context)
    _plan_freely(conn)
    try:
        with conn.transaction():
            is_done = _go_on(conn, context, request)
    except HistoryInLake as needs:
        want_history(conn, needs.fragments)
        return False
    if is_done:
        log.info("erasure_done", request=request.id)
    return True


def _begin_waiting(conn: Connection[Any], context: Context) -> bool:
    """The oldest request that waited for histories, now that they are here; whether one was begun."""
    request = lock_waiting(conn)
    if request is None:
        return False
    _plan_freely(conn)
    return _begin_with_history(conn, context, request)


def _begin_with_history(conn: Connection[Any], context: Context, request: Request) -> bool:
    """Begin, or let the request wait until the histories that it takes are fetched from the lake."""
    try:
        with conn.transaction():
            _begin(conn, context, request)
    except HistoryInLake as needs:
        want_history(conn, needs.fragments)
        note_waiting(conn, request.id, is_waiting=True)
        return False
    note_waiting(conn, request.id, is_waiting=False)
    return True


def stop_erasure(conn: Connection[Any], fault: Exception) -> None:
    """The next piece fails by a defect of ours: leave it until somebody asks again. In the caller's transaction."""
    request = lock_erasure_under_way(conn)
    if request is not None:
        note_fault(conn, request.id, type(fault).__name__)
        log.error("erasure_stopped", request=request.id, fault=type(fault).__name__, exc_info=fault)


def requests_in(rows: list[LogRow]) -> list[int]:
    """Ids of the privacy requests in these log rows; none of a row that can't be read."""
    found = []
    for row in rows:
        if row.source_id == INTERNAL_SOURCE:
            try:
                events = [event for event in decode_each(row) if isinstance(event, Decoded)]
            except Exception:  # the row is here because we fail on it: perhaps already at this
                log.exception("requests_not_read")
                continue
            found += [request_of(event) for event in events if event.kind is Kind.REQUEST]
    return found


def stop_requests(conn: Connection[Any], requests: list[int], fault: Exception) -> None:
    """The rows that ask for these are set aside: they stand still until somebody asks again.

    Without this note one whose first batch fails would wait for ever and say nothing. In the caller's transaction.
    """
    for request_id in requests:
        note_fault(conn, request_id, type(fault).__name__)


def _plan_freely(conn: Connection[Any]) -> None:
    """Scans are what is wanted here; the session forbids them for the sake of batches."""
    for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
        conn.execute(f"set local {setting} = on")
    conn.execute("set local plan_cache_mode = auto")


def _begin(conn: Connection[Any], context: Context, request: Request) -> None:
    """Make an end of the person, and take the first pieces of their events. Raises HistoryInLake."""
    members = _members(conn, context, request)
    if members and is_nobody(members, context.config):
        finish(conn, request.id, {"is_shared": True})
        return
    demand_history(conn, [node.h for node in members])
    by_code = context.config.by_code
    named = [(by_code[node.ns].name, node.val) for node in members]
    everybody = list(dict.fromkeys([*named, (request.namespace, request.value)]))
    # those who may come back wait for the end of it, too: what came in between would be erased in part
    suppressed = suppress(conn, _key(context), everybody, request.id)
    report: Report = {"identifiers": _count_names(named), "violations": 0, "log_events": 0}
    if request.is_suppressed:
        keep_suppressed(conn, _key(context), everybody)
        report["suppressed"] = suppressed
    if members:
        add_report(report, _erase_identity(conn, context, members, named))
    remove_all_exports(conn)  # they may hold the person: whoever wants one asks again
    rest = Rest(everybody, [node.h for node in members], [node.h for node in members if node.n])
    withhold(conn, rest.fragments)
    begin(conn, request.id, sum(node.n for node in members))
    request = request._replace(rest=rest, report=report)
    log.info("erasure_begun", request=request.id)
    for _ in range(PIECES_AT_ONCE):
        if _go_on(conn, context, request):
            log.info("erasure_done", request=request.id)
            break


def _go_on(conn: Connection[Any], context: Context, request: Request) -> bool:
    """One piece, noted in the request; whether that was the last."""
    rest, report = request.rest, request.report
    if rest is None:
        raise Broken("An erasure goes on that has not begun.")
    redactor = Redactor(rest.names, context.extractor)
    if own := take_own_events(conn, rest, PIECE_EVENTS):
        retally(conn, own)
        add_report(report, {"events": by_kind(stored.event for stored in own)})
        add_report(report, forget_deliveries(conn, redactor, own))
    elif found := clean_violations(conn, redactor, rest, PIECE_VIOLATIONS):
        add_report(report, found)
    else:
        add_report(report, end_erasure(conn, redactor, rest.hashes))
        if queries := forget_queries(conn, redactor.is_in):
            add_report(report, {"queries": queries})
        # by their names, too: who never confirmed what they sent is known to nobody but the form
        named = (context.extractor.normalise(namespace, value) for namespace, value in rest.names)
        hashes = [*rest.hashes, *(found.h for found in named if not isinstance(found, Refused))]
        if submissions := forget_submissions(conn, hashes):
            add_report(report, {"form_submissions": submissions})
        if not request.is_suppressed:
            release_all(conn, request.id)
        finish(conn, request.id, report)
        return True
    note_progress(conn, request)
    return False


def _members(conn: Connection[Any], context: Context, request: Request) -> list[Node]:
    """The identifiers of the person as of this batch; none if nobody is known by this one."""
    found = context.extractor.normalise(request.namespace, request.value)
    if isinstance(found, Refused):
        return []
    node = load_nodes(conn, [found.h]).get(found.h)
    if node is None or (node.ns, node.val) != (found.ns, found.value):
        return []
    return [other for other in load_components(conn, [node.comp]) if other.prof == node.prof]


def _erase_identity(
    conn: Connection[Any], context: Context, members: list[Node], named: list[tuple[str, str]]
) -> Report:
    """Everything but the person's own events: as if those had never come."""
    hashes = [node.h for node in members]
    redactor = Redactor(named, context.extractor)
    report = tell_counts(conn, hashes)
    neighbours = neighbours_of(conn, hashes)
    links = delete_links(conn, hashes)
    before, changed, gone = _redact_others(conn, context, redactor, neighbours)
    redact_events(conn, changed, gone)
    forget_changes(conn, hashes)
    settle_without(conn, context, [*links, *before], changed, emptied=hashes)
    note_exits(conn, hashes)
    if left := load_nodes(conn, hashes):
        raise Broken(f"{len(left)} identifiers of an erased person are still there.")
    report["events"] = by_kind(stored.event for stored in links)
    report["events_of_others"] = {"redacted": len(changed), "deleted": len(gone)}
    report["moves"] = forget_moves(conn, hashes)
    return report | forget_deliveries(conn, redactor, [*links, *before])


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
