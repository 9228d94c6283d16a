"""`process`: events a second from log to profile with a million profiles present, and beside it a plain COPY."""

import gc
import sys
import time
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import msgspec
from psycopg import Connection

from benchmarks.figures import Measuring, median_of
from benchmarks.scale import Scale
from benchmarks.traffic import requests
from onefold.config import ProcessorSettings
from onefold.kernel.hashing import identifier_hash
from onefold.programs.processor.ahead import Ahead
from onefold.programs.processor.batches import Batches, tune

REQUEST_EVENTS = 20
EVERY: Final = timedelta(milliseconds=20)
"""Between two requests: a thousand events a second."""
INDEXED_TABLE = """
create table if not exists copied_events (like event including all)
"""


def write_log(conn: Connection[Any], bodies: list[bytes], size: int, since: datetime | None = None) -> None:
    """Put requests into the log as the collector would: all now, or from `since` on, EVERY apart."""
    with conn.transaction(), conn.cursor() as cursor:
        for index in range(0, len(bodies), 500):
            came = None if since is None else since + index * EVERY
            cursor.execute(
                "insert into event_log (epoch, lane, source_id, trust, received_at, n, user_agent, body)"
                " select 1, 0, 2, 0, coalesce(%s::timestamptz + (place - 1) * %s::interval, now()), %s, 'bench', body"
                " from unnest(%b::bytea[]) with ordinality sent(body, place) order by place",
                [came, EVERY, size, bodies[index : index + 500]],
            )


def drain(batches: Batches) -> tuple[int, float]:
    """Process everything in the log as the processor does: (events, seconds)."""
    before = batches.processed
    began = time.perf_counter()
    while batches.run():
        pass
    return batches.processed - before, time.perf_counter() - began


def copy_plain(conn: Connection[Any], bodies: list[bytes]) -> tuple[int, float]:
    """The same events by COPY into a table with the same indexes: (events, seconds)."""
    rows = []
    for body in bodies:
        for raw in msgspec.json.decode(body, type=_Batch).batch:
            event = msgspec.json.decode(bytes(raw))
            fragment = identifier_hash("user_id", event.get("userId") or event["anonymousId"])
            message_id = event["messageId"]
            digest = f"{abs(identifier_hash('m', message_id)):032x}"
            rows.append((digest, fragment, event["timestamp"], event.get("event", ""), message_id, bytes(raw)))
    began = time.perf_counter()
    columns = "received_at, id, fragment, ts, source_id, kind, trust, flags, name, message_id, body"
    statement = f"copy copied_events ({columns}) from stdin"
    for index in range(0, len(rows), 10_000):
        with conn.transaction(), conn.cursor() as cursor, cursor.copy(statement) as copy:
            for digest, fragment, ts, name, message_id, document in rows[index : index + 10_000]:
                copy.write_row(("2026-01-01T00:00:00Z", digest, fragment, ts, 2, 2, 0, 0, name, message_id, document))
    return len(rows), time.perf_counter() - began


def as_the_processor(conn: Connection[Any]) -> None:
    """The connection and this process as `onefold run processor` has them."""
    tune(conn)
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    sys.setswitchinterval(0.0005)


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]


def figures(conn: Connection[Any], reader: Connection[Any], plain: Connection[Any], scale: Scale) -> Measuring:
    """Medians over the rounds, each both ways.

    One stream of events goes through all of them, so that visits go on from round to round; in the first, which isn't
    counted, everybody comes at once.
    The COPY goes over `plain`, whose commits wait for the disk: no log stands behind it as behind the processor.
    """
    as_the_processor(conn)
    conn.execute(INDEXED_TABLE)
    conn.execute("truncate copied_events")
    conn.commit()
    stream = requests(scale.process_events * (scale.process_rounds + 1), scale.people, time.time_ns(), REQUEST_EVENTS)
    speeds, ratios = [], []
    with Ahead(reader, conn) as ahead:
        batches = Batches(conn, ahead, ProcessorSettings())  # one, as in the processor: the rounds have its batch size
        for _ in range(scale.process_rounds + 1):
            bodies = list(islice(stream, scale.process_events // REQUEST_EVENTS))
            write_log(plain, bodies, REQUEST_EVENTS)
            events, seconds = drain(batches)
            copied, copy_seconds = copy_plain(plain, bodies)
            if not events == copied == scale.process_events:
                raise RuntimeError(f"Of {scale.process_events:,} events {events:,} were processed, {copied:,} copied.")
            speeds.append(events / seconds)
            ratios.append((events / seconds) / (copied / copy_seconds))
    conn.execute("drop table copied_events")
    conn.commit()
    yield median_of("process", speeds[1:])
    yield median_of("process_ratio", ratios[1:])
