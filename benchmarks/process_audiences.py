"""`process_200`: what two hundred live audiences cost the processor; `sweep`: how fast it looks at people for whom time
alone changed something.

Two databases with the same million profiles, one a copy of the other and with audiences, take rounds by turns. The
traffic comes from `scale.audience_people` of them: each has a year of visits in their standing (20 events on average),
allows what the audiences are for, and was looked at; strangers of whom nothing is known come in between, as in
`process`. Requests are dated as they would have come, one each 20 ms, the last of them about now. Between batches the
processor does what it does otherwise: so whoever is due by time alone is looked at within the rounds.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Self

from psycopg import Connection

from benchmarks.audiences import PASSED, give_past, grant, look_at_all, make_live
from benchmarks.figures import Measured, Measuring, median_of
from benchmarks.installation import copied
from benchmarks.process import EVERY, REQUEST_EVENTS, as_the_processor, write_log
from benchmarks.scale import Scale
from benchmarks.traffic import requests
from onefold.config import ProcessorSettings
from onefold.infra.postgres import connect
from onefold.kernel.instants import micros_of
from onefold.programs.processor.ahead import Ahead
from onefold.programs.processor.batches import Batches


@dataclass
class _Side:
    """A database, and a processor of its own."""

    batches: Batches
    log: Connection[Any]
    bodies: Iterator[bytes]
    received_at: datetime

    @classmethod
    def of(cls, stack: ExitStack, url: str, scale: Scale) -> Self:
        """Connected as the processor is; `stack` ends it."""
        conn = stack.enter_context(connect(url, "benchmarks processor"))
        reader = stack.enter_context(connect(url, "benchmarks reader", autocommit=True))
        log = stack.enter_context(connect(url, "benchmarks log", autocommit=True))
        as_the_processor(conn)
        ahead = stack.enter_context(Ahead(reader, conn))
        events = scale.process_events * (scale.process_rounds + 1)
        bodies = requests(events, scale.audience_people, time.time_ns(), REQUEST_EVENTS)
        begin = datetime.now(UTC) - events // REQUEST_EVENTS * EVERY
        return cls(Batches(conn, ahead, ProcessorSettings()), log, bodies, begin)

    def speed(self, events: int) -> float:
        """Events a second from log to profiles."""
        bodies = list(islice(self.bodies, events // REQUEST_EVENTS))
        write_log(self.log, bodies, REQUEST_EVENTS, self.received_at)
        self.received_at += len(bodies) * EVERY
        before, began = self.batches.processed, time.perf_counter()
        while self._work():
            pass
        seconds = time.perf_counter() - began
        if self.batches.processed - before != events:
            raise RuntimeError(f"Of {events:,} events {self.batches.processed - before:,} were processed.")
        return events / seconds

    def _work(self) -> bool:
        """As the processor: a batch, and what it does between two of them."""
        has_read = self.batches.run() > 0
        self.batches.settle_piece()
        return self.batches.keep_audiences() or has_read


@contextmanager
def with_audiences(url: str, scale: Scale) -> Iterator[str]:
    """Address of a copy of the database, with the audiences and the people who stand in them."""
    with copied(url, "with_audiences") as kept:
        with connect(kept, "benchmarks audiences", autocommit=True) as conn:
            live = make_live(conn)
            grant(conn, scale.audience_people)
            give_past(conn, live, scale.audience_people)
            look_at_all(conn, micros_of(datetime.now(UTC) - PASSED))
        yield kept


def figures(kept: str, url: str, scale: Scale) -> Measuring:
    """Medians over the rounds, pair by pair; the first, in which everybody comes at once, isn't counted."""
    with ExitStack() as stack:
        asked, bare = _Side.of(stack, kept, scale), _Side.of(stack, url, scale)
        yield _swept(asked)
        ratios, speeds = [], []
        for n in range(scale.process_rounds + 1):
            first, second = (asked, bare) if n % 2 else (bare, asked)
            of = {id(side): side.speed(scale.process_events) for side in (first, second)}
            speeds.append((of[id(asked)], of[id(bare)]))
            ratios.append(of[id(asked)] / of[id(bare)])
        _tell(asked.log, speeds[1:])
    yield median_of("process_200", ratios[1:])


def _swept(side: _Side) -> Measured:
    """People a second whose memberships PASSED alone has changed."""
    side.batches.run()  # nothing to read: it loads the rules
    (last,) = side.log.execute("select coalesce(max(position), 0) from membership_move").fetchone() or (0,)
    (due,) = side.log.execute("select count(*) from profile_due where due_at <= now()").fetchone() or (0,)
    began = time.perf_counter()
    while side.batches.keep_audiences():
        pass
    seconds = time.perf_counter() - began
    moved = "select count(distinct profile), sum(cardinality(audiences)) from membership_move where position > %s"
    people, changes = side.log.execute(moved, [last]).fetchone() or (0, 0)
    print(f"  sweep: {due:,} people looked at, {people:,} moved, {changes:,} changes, {seconds:.1f} s", file=sys.stderr)
    return "sweep", people / seconds


def _tell(conn: Connection[Any], speeds: list[tuple[float, float]]) -> None:
    pairs = ", ".join(f"{with_audiences:,.0f} to {without:,.0f}" for with_audiences, without in speeds)
    (size, longest) = conn.execute(
        "select avg(length(doc)), max(length(doc)) from profile_state where doc is not null"
    ).fetchone() or (0, 0)
    print(f"  events/s: {pairs}; a document has {size:,.0f} bytes, at most {longest:,}", file=sys.stderr)
