"""`process`: events a second from log to profile with a million profiles present, and beside it a plain COPY."""

import gc
import statistics
import time
from collections import Counter
from typing import Any

import msgspec
from psycopg import Connection

from benchmarks.traffic import START_US, requests
from onefold.events.api import lock_positions, read_batch
from onefold.kernel.hashing import identifier_hash
from onefold.programs.processor.context import load_context
from onefold.programs.processor.main import tune
from onefold.programs.processor.steps import process

INDEXED_TABLE = """
create unlogged table if not exists copied (received_at timestamptz, id uuid, fragment bigint, ts timestamptz,
    source_id int, kind smallint, name text, message_id text, body bytea);
alter table copied set logged;
create index if not exists copied_fragment on copied (fragment, ts);
create index if not exists copied_id on copied (id);
truncate copied
"""


def write_log(conn: Connection[Any], bodies: list[bytes], size: int) -> None:
    """Put requests into the log as the collector would."""
    with conn.transaction(), conn.cursor() as cursor:
        for index in range(0, len(bodies), 500):
            cursor.execute(
                "insert into event_log (epoch, lane, source_id, trust, received_at, n, user_agent, body)"
                " select 1, 0, 2, 0, now(), %s, 'bench', body from unnest(%b::bytea[]) body",
                [size, bodies[index : index + 500]],
            )


def drain(conn: Connection[Any], max_events: int) -> tuple[int, float, Counter[str]]:
    """Process everything in the log: (events, seconds, milliseconds by step)."""
    context, events, steps = None, 0, Counter[str]()
    began = time.perf_counter()
    while True:
        with conn.transaction():
            rows = read_batch(conn, lock_positions(conn), max_events)
            if not rows:
                return events, time.perf_counter() - began, steps
            context = load_context(conn, context)
            _, timings = process(conn, context, rows)
        events += sum(row.n for row in rows)
        steps.update(timings)


def copy_plain(conn: Connection[Any], bodies: list[bytes]) -> tuple[int, float]:
    """The same events by COPY into a table with the same indexes: (events, seconds)."""
    rows = []
    for body in bodies:
        for raw in msgspec.json.decode(body, type=_Batch).batch:
            event = msgspec.json.decode(raw)
            fragment = identifier_hash("user_id", event.get("userId") or event["anonymousId"])
            message_id = event["messageId"]
            digest = f"{abs(identifier_hash('m', message_id)):032x}"
            rows.append((digest, fragment, event["timestamp"], event.get("event", ""), message_id, bytes(raw)))
    began = time.perf_counter()
    statement = "copy copied (received_at, id, fragment, ts, source_id, kind, name, message_id, body) from stdin"
    for index in range(0, len(rows), 10_000):
        with conn.transaction(), conn.cursor() as cursor, cursor.copy(statement) as copy:
            for digest, fragment, ts, name, message_id, raw in rows[index : index + 10_000]:
                copy.write_row(("2026-01-01T00:00:00Z", digest, fragment, ts, 2, 2, name, message_id, raw))
    return len(rows), time.perf_counter() - began


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]


def run(conn: Connection[Any], people: int, rounds: int, events_a_round: int) -> dict[str, float]:
    """Medians over `rounds`, each round both ways."""
    tune(conn)
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    conn.execute(INDEXED_TABLE)
    conn.commit()
    speeds, ratios, steps = [], [], Counter[str]()
    for index in range(rounds):
        bodies = list(requests(events_a_round, people, time.time_ns() + index, 20))
        write_log(conn, bodies, 20)
        count, seconds, timings = drain(conn, 10_000)
        copied, copy_seconds = copy_plain(conn, bodies)
        speeds.append(count / seconds)
        ratios.append((count / seconds) / (copied / copy_seconds))
        steps.update({name: ms * 1000 / count / rounds for name, ms in timings.items()})
    return {
        "process": statistics.median(speeds),
        "process_ratio": statistics.median(ratios),
        **{f"step_{name}": value for name, value in steps.items()},
    }
