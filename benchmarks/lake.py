"""What the lake costs: into it, beside the processor, in it, and back out of it for one person."""

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from benchmarks.figures import Measuring, median_of, percentile, tell_times
from benchmarks.installation import environment
from benchmarks.process import REQUEST_EVENTS, drain, write_log
from benchmarks.scale import Scale
from benchmarks.traffic import requests
from onefold.config import ProcessorSettings, load_settings
from onefold.infra.postgres import connect
from onefold.infra.processes import spawn
from onefold.lake.api import Location, compact, flush, location_of, status_of
from onefold.lake.flush import CHUNK_EVENTS
from onefold.profiles.timeline import timeline_page
from onefold.programs.processor.ahead import Ahead
from onefold.programs.processor.batches import Batches, tune

GROWTH_EVENTS: Final = 2_000_000
"""The first so many and the last so many are told apart, to see how the cost grows."""


@dataclass(frozen=True)
class Place:
    """An installation: its database and its folder."""

    url: str
    data_dir: Path

    @property
    def location(self) -> Location:
        """Of its lake."""
        return location_of(load_settings({"ONEFOLD_DATA_DIR": str(self.data_dir)}))


def while_flushing(
    conn: Connection[Any], reader: Connection[Any], plain: Connection[Any], scale: Scale, place: Place
) -> Measuring:
    """`process_while_flushing`: pairs of rounds of the processor, in the second of which a child process flushes what
    the first brought, started as the worker starts it, and as often: at full speed the worker finds FLUSH_AT events
    waiting whenever it looks, every LOOK_S, which is about a round. Ratio of their speeds, pair by pair.
    """
    tune(conn)
    _flush_here(place)  # what came before
    requests_a_round = scale.flushing_events // REQUEST_EVENTS
    rounds = 2 * scale.process_rounds + 1
    stream = requests(scale.flushing_events * rounds, scale.people, time.time_ns(), REQUEST_EVENTS)
    ratios: list[float] = []
    with Ahead(reader, conn) as ahead:
        batches = Batches(conn, ahead, ProcessorSettings())

        def speed() -> float:
            write_log(plain, list(islice(stream, requests_a_round)), REQUEST_EVENTS)
            events, seconds = drain(batches)
            return events / seconds

        speed()  # everybody comes at once
        for _ in range(scale.process_rounds):
            _flush_here(place)
            alone = speed()
            with running(place, "flush"):
                ratios.append(speed() / alone)
    yield median_of("process_while_flushing", ratios)


def fill(place: Place, scale: Scale) -> Measuring:
    """`lake_append`, `lake_compact`, `lake_bytes_per_event` of all events that are there."""
    location = place.location
    with connect(place.url, "benchmarks lake", autocommit=True) as conn:
        yield "lake_append", _flush_all(conn, place.url, location, scale)
        began = time.perf_counter()
        done = compact(conn, location, everything=True)
        yield "lake_compact", done.rows / (time.perf_counter() - began)
        events = next(table for table in status_of(place.url, location).tables if table.name == "events")
        yield "lake_bytes_per_event", events.size_bytes / events.rows
        print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB", file=sys.stderr)


def timeline_p95(place: Place, scale: Scale) -> Measuring:
    """`timeline_p95`: the newest 50 events of people of whom PostgreSQL has none: found in the lake, fetched, read."""
    os.environ["ONEFOLD_DATA_DIR"] = str(place.data_dir)  # as in the process of the pages
    with connect(place.url, "benchmarks timeline", autocommit=True) as conn:
        some = "select h from node where n > 0 and ns = 2 order by random() limit %s"
        fragments = [h for (h,) in conn.execute(some, [scale.record_pages])]
        conn.execute("update lake_progress set hot_since = now() + interval '1 day', cooled_at = now()")
        conn.execute("delete from event where fragment = any(%s)", [fragments])
        times = []
        for h in fragments:
            began = time.perf_counter()
            page = timeline_page(conn, [h])
            times.append((time.perf_counter() - began) * 1000)
            if not page.entries:
                raise RuntimeError("Somebody's events are not in the lake.")
        conn.execute("update lake_progress set hot_since = null")
    tell_times("timeline_p95", times)
    yield "timeline_p95", percentile(times, 0.95)


def _flush_all(conn: Connection[Any], url: str, location: Location, scale: Scale) -> float:
    """Events a second; how the first and the last ones went is told."""
    chunk = min(CHUNK_EVENTS, scale.past_events)
    times: list[tuple[int, float]] = []
    while True:
        began = time.perf_counter()
        done = flush(conn, url, location, chunk_events=chunk, max_chunks=1)
        if not done.events:
            break
        times.append((done.events, time.perf_counter() - began))
    part = max(1, GROWTH_EVENTS // chunk)
    for name, some in (("first", times[:part]), ("last", times[-part:])):
        events, seconds = map(sum, zip(*some, strict=True))
        print(f"  lake_append, {name} {events:,}: {events / seconds:,.0f} events/s", file=sys.stderr)
    return sum(events for events, _ in times) / sum(seconds for _, seconds in times)


@contextmanager
def running(place: Place, command: str) -> Iterator[None]:
    """A child `onefold lake COMMAND`, as the worker starts it, beside the block."""
    line = [sys.executable, "-m", "onefold.programs.cli", "lake", "--quiet", command]
    environ = environment(DATABASE_URL=place.url, ONEFOLD_DATA_DIR=str(place.data_dir), ONEFOLD_LOG_LEVEL="warning")
    child = spawn(line, death_signal=signal.SIGKILL, environ=environ)
    try:
        yield
    finally:
        if child.wait():
            raise RuntimeError(f"onefold lake {command} failed.")


def _flush_here(place: Place) -> None:
    with running(place, "flush"):
        pass
