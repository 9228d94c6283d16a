"""From log rows to profiles: the named list of steps, each timed."""

import time
from collections.abc import Callable
from typing import Any

from psycopg import Connection

from onefold.audiences.api import Happened, ask_for, follow, foresee
from onefold.events.api import (
    advance,
    append_internal,
    forget_events,
    note_processed,
    store_counts,
    store_duplicates,
    store_events,
    store_tallies,
    store_violations,
)
from onefold.identity.api import LastKnown, write_moves, write_nodes, write_tallies
from onefold.privacy.api import rows_of, write_consents
from onefold.programs.processor.accept import deduplicate, gather, identify, load, note_retractions, take_in
from onefold.programs.processor.batch import Batch, Prepared
from onefold.programs.processor.context import Context
from onefold.programs.processor.erase import answer_requests
from onefold.programs.processor.fold import fold_fragments, refold, resolve_identity
from onefold.programs.processor.retract import take_back

Step = Callable[[Batch], None]


def process(
    conn: Connection[Any], context: Context, prepared: Prepared, last_known: LastKnown | None = None
) -> tuple[Batch, dict[str, float]]:
    """Process a batch in the caller's transaction. Returns it and the milliseconds of each step.

    `last_known`: what earlier batches of the same caller left; of no use any more when the transaction fails.

    Safe to repeat: what was accepted before is a duplicate. Cost: docs/reference/performance.md.
    In a pipeline the server works on what was sent while the next step goes on, so a step's time may hold the wait for
    an earlier one's statements.
    """
    batch = Batch(conn, context, prepared, last_known or LastKnown())
    timings = {}
    with conn.pipeline():
        for step in STEPS:
            timings[step.__name__] = _timed(step, batch)
    for step in AFTERWARDS:
        timings[step.__name__] = _timed(step, batch)
    return batch, timings


def _timed(step: Step, batch: Batch) -> float:
    began = time.perf_counter()
    step(batch)
    return (time.perf_counter() - began) * 1000


def store(batch: Batch) -> None:
    """Accepted events; before they are folded, so that the server stores them meanwhile."""
    store_events(batch.conn, [(accepted.fragment, accepted.event) for accepted in batch.accepted])


def foresee_audiences(batch: Batch) -> None:
    """The standings of those whom the batch will concern; before the server has anything to store."""
    live, nodes = batch.context.live, batch.nodes
    if live.versions or live.metrics:
        known = ((nodes[one.fragment].prof, one.event, one.counted) for one in batch.accepted if one.fragment in nodes)
        batch.foreseen = foresee(batch.conn, known)


def write(batch: Batch) -> None:
    """Identifiers, consents, refusals and counts; the log position with them."""
    conn = batch.conn
    write_nodes(conn, [node for node in batch.nodes.values() if node.is_changed])
    write_tallies(conn, [node for h in batch.tallied if not (node := batch.nodes[h]).is_changed])
    write_moves(conn, batch.resolved.moves)
    write_consents(conn, rows_of(batch.consents))
    store_duplicates(conn, batch.duplicates)
    store_violations(conn, batch.violations)
    for accepted in batch.accepted:
        batch.count(accepted.event.source_id, accepted.event.received_at, "accepted")
        batch.tallies.add(accepted.event)
    store_counts(conn, batch.counts)
    store_tallies(conn, batch.tallies)
    note_processed(conn, [accepted.event for accepted in batch.accepted], batch.duplicates)
    advance(conn, batch.prepared.rows)


def ask_for_audiences(batch: Batch) -> None:
    """Those whom the batch may concern; before `write`, which the server does while they are looked at."""
    profile_of = {h: node.prof for h, node in batch.nodes.items()}
    asked, refolded, seen = batch.context.live.evaluator.fields, batch.refolded, set[int]()
    if "last_seen" in asked:
        seen = batch.widened
    elif "first_seen" in asked and batch.earlier:
        seen = {profile_of[h] for h in batch.earlier}
    batch.happened = Happened(
        events=[(one.fragment, one.counted) for one in batch.accepted if one.counted is not None],
        moves=batch.resolved.moves,
        touched=batch.resolved.touched | seen,
        changed=lambda: refolded.ids() | seen,  # not by way of the batch: a ring keeps all of it until Python looks
        consents=batch.consents.keys(),
        profile_of=profile_of,
    )
    batch.asked = ask_for(batch.conn, batch.context.live, batch.happened, batch.foreseen)


def keep_audiences(batch: Batch) -> None:
    """Who entered and left; after `write`, because it reads what stands now."""
    if batch.asked is not None:
        # a collector's clock may be ahead of ours: what has come is not in the future
        now_us = max([batch.context.clock(), *(one.event.received_at for one in batch.accepted)])
        follow(batch.conn, batch.context.live, batch.happened, now_us, batch.asked)


def forget_refused(batch: Batch) -> None:
    """Of events that are suppressed, or deny analytics, nothing stays in the log either."""
    forget_events(batch.conn, batch.prepared.unkept)


def judge_oversized(batch: Batch) -> None:
    """Log the verdict on components that are no person: being an event, a rebuild sees it too."""
    if batch.resolved.oversized:
        config = batch.context.config
        named = [batch.nodes[h] for h in batch.resolved.oversized]
        ends = [[config.by_code[node.ns].name, node.val] for node in named]
        append_internal(
            batch.conn,
            [{"type": "link", "rule": "never", "a": end, "b": end} for end in ends],
            acting_user="onefold: component too large",
        )


def remember(batch: Batch) -> None:
    """For the next batch. What the steps after `write` change they write past `nodes`."""
    if batch.to_take_back or batch.requests:
        batch.last_known.forget()
    else:
        batch.last_known.keep(batch.nodes, batch.facts.standing)


STEPS: tuple[Step, ...] = (
    take_in,
    note_retractions,
    deduplicate,
    identify,
    gather,
    load,
    foresee_audiences,
    store,
    fold_fragments,
    resolve_identity,
    refold,
    ask_for_audiences,
    write,
    keep_audiences,
)
AFTERWARDS: tuple[Step, ...] = (take_back, forget_refused, answer_requests, judge_oversized, remember)
"""Seldom anything to do. They read with server-side cursors, which a pipeline can't."""
