"""From log rows to profiles: the named list of steps, each timed."""

import time
from collections.abc import Callable
from typing import Any

from psycopg import Connection

from onefold.events.api import (
    LogRow,
    advance,
    append_internal,
    store_counts,
    store_duplicates,
    store_events,
    store_violations,
)
from onefold.identity.api import write_moves, write_nodes, write_tallies
from onefold.programs.processor.accept import decode, deduplicate, identify, load, note_retractions
from onefold.programs.processor.batch import Batch
from onefold.programs.processor.context import Context
from onefold.programs.processor.fold import fold_fragments, refold, resolve_identity
from onefold.programs.processor.retract import take_back

Step = Callable[[Batch], None]


def process(conn: Connection[Any], context: Context, rows: list[LogRow]) -> tuple[Batch, dict[str, float]]:
    """Process `rows` in the caller's transaction. Returns the batch and the milliseconds of each step.

    Safe to repeat: what was accepted before is a duplicate. Cost: docs/reference/performance.md.
    """
    batch = Batch(conn, context, rows)
    timings = {}
    for step in STEPS:
        began = time.perf_counter()
        step(batch)
        timings[step.__name__] = (time.perf_counter() - began) * 1000
    return batch, timings


def write(batch: Batch) -> None:
    """Events, identifiers, refusals and counts; the log position with them."""
    conn = batch.conn
    store_events(conn, [(accepted.fragment, accepted.event) for accepted in batch.accepted])
    write_nodes(conn, [node for node in batch.nodes.values() if node.is_changed])
    write_tallies(conn, [node for h in batch.tallied if not (node := batch.nodes[h]).is_changed])
    write_moves(conn, batch.resolved.moves)
    store_duplicates(conn, batch.duplicates)
    store_violations(conn, batch.violations)
    for accepted in batch.accepted:
        batch.count(accepted.event.source_id, accepted.event.received_at, "accepted")
    store_counts(conn, batch.counts)
    advance(conn, batch.rows)


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


STEPS: tuple[Step, ...] = (
    decode,
    note_retractions,
    deduplicate,
    identify,
    load,
    fold_fragments,
    resolve_identity,
    refold,
    write,
    take_back,
    judge_oversized,
)
