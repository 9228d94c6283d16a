"""The processor: reads the log in micro-batches and keeps profiles up to date. One at a time owns the log."""

import gc
import signal
import time
from types import FrameType
from typing import Any, Final

import psycopg
from psycopg import Connection

from onefold.config import Settings
from onefold.events.api import (
    Position,
    advance,
    has_unread,
    lock_positions,
    read_batch,
    store_violations,
    undecodable,
)
from onefold.infra.heartbeat import beat
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect, pauses
from onefold.kernel.errors import Broken, Unavailable
from onefold.programs.processor.context import Context, load_context
from onefold.programs.processor.steps import process

IDLE_POLL_S: Final = 5.0
"""A notification wakes the processor; this is for the one that got lost."""
BEAT_S: Final = 15.0
OWNER_LOCK: Final = 0x0F01D_01
FIRST_BATCH_EVENTS: Final = 1_000
SMALLEST_BATCH_EVENTS: Final = 100

log = get_logger(__name__)


class Processor:
    """Owns two connections: one to listen (and to hold the owner's lock), one for the batches."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings = settings.processor
        self._url = url
        self._is_stopping = False
        self._limit = FIRST_BATCH_EVENTS
        self._suspect = False  # the last batch failed: find the row that it failed on
        self._context: Context | None = None
        self._started_at = time.time()
        self._next_beat = 0.0
        self._processed = 0

    def stop(self, *_: int | FrameType | None) -> None:
        """Finish the batch at hand and return from `run`."""
        self._is_stopping = True

    def run(self) -> None:
        """Until stopped; survives the database's absence."""
        delays = pauses()
        while not self._is_stopping:
            try:
                with (
                    connect(self._url, "processor listener", autocommit=True) as listener,
                    connect(self._url, "processor") as conn,
                ):
                    tune(conn)
                    listener.execute("listen onefold_log")
                    delays = pauses()
                    self._work(listener, conn)
            except (Unavailable, psycopg.OperationalError, psycopg.InterfaceError) as fault:
                log.warning("database_lost", fault=type(fault).__name__)
                time.sleep(next(delays))

    def _work(self, listener: Connection[Any], conn: Connection[Any]) -> None:
        if not self._own_log(listener):
            return
        log.info("processor_ready")
        while not self._is_stopping:
            self._beat(listener)
            began = time.monotonic()
            if self.run_batch(conn):
                pause = began + self._settings.min_interval_ms / 1000 - time.monotonic()
                if pause > 0:
                    time.sleep(pause)
            else:
                self._wait(listener, conn)

    def _own_log(self, listener: Connection[Any]) -> bool:
        """Waits until no other processor holds the log; False when stopped meanwhile."""
        while not self._is_stopping:
            row = listener.execute("select pg_try_advisory_lock(%s)", [OWNER_LOCK]).fetchone()
            if row and row[0]:
                return True
            self._beat(listener, is_standby=True)
            time.sleep(1)
        return False

    def run_batch(self, conn: Connection[Any]) -> int:
        """One transaction: read, process, advance. Returns the number of log rows; 0 = nothing to read."""
        began = time.monotonic()
        try:
            with conn.transaction():
                positions = lock_positions(conn)
                rows = read_batch(conn, positions, 1 if self._suspect else self._limit)
                if not rows:
                    self._suspect = False
                    return 0
                self._context = load_context(conn, self._context)
                batch, timings = process(conn, self._context, rows)
        except (psycopg.OperationalError, psycopg.InterfaceError, Unavailable):
            raise
        except Exception as fault:  # whatever an event did to us: it is set aside, the others go on
            self._set_aside(conn, fault)
            return 1
        elapsed_ms = (time.monotonic() - began) * 1000
        self._processed += len(batch.accepted)
        if not self._suspect:
            self._adapt(elapsed_ms, sum(row.n for row in rows))
        log.debug(
            "batch_processed",
            events=len(batch.accepted),
            duplicates=len(batch.duplicates),
            violations=len(batch.violations),
            ms=round(elapsed_ms, 1),
            steps={name: round(ms, 1) for name, ms in timings.items()},
        )
        return len(rows)

    def _adapt(self, elapsed_ms: float, events: int) -> None:
        """Batches grow or shrink towards the target time."""
        if events >= self._limit or elapsed_ms > self._settings.target_batch_ms:
            fitting = int(self._limit * self._settings.target_batch_ms / max(elapsed_ms, 1))
            grown = min(fitting, self._limit * 2)
            self._limit = max(SMALLEST_BATCH_EVENTS, min(grown, self._settings.max_batch_events))

    def _set_aside(self, conn: Connection[Any], fault: Exception) -> None:
        """A batch failed by a defect of ours. First find the row; then keep it as a violation and go on."""
        log.error("batch_failed", fault=type(fault).__name__, is_single=self._suspect, exc_info=not self._suspect)
        if not self._suspect:
            self._suspect = True
            return
        with conn.transaction():
            positions: dict[int, Position] = lock_positions(conn)
            rows = read_batch(conn, positions, 1)
            for row in rows:
                store_violations(conn, [undecodable(row, type(fault).__name__)])
            advance(conn, rows)

    def _wait(self, listener: Connection[Any], conn: Connection[Any]) -> None:
        """Until something is written to the log, or the slow poll finds it."""
        for _ in listener.notifies(timeout=IDLE_POLL_S, stop_after=1):
            return
        with conn.transaction():
            if has_unread(conn):
                log.debug("unread_found_by_poll")

    def _beat(self, listener: Connection[Any], *, is_standby: bool = False) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            beat(listener, "processor", {"processed": self._processed, "is_standby": is_standby, "batch": self._limit})


def tune(conn: Connection[Any]) -> None:
    """Every query of a batch looks up what the batch names. Left to its statistics the planner now and then reads a
    whole table instead, which costs more with every day."""
    conn.prepare_threshold = 0
    for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"):
        conn.execute(f"set {setting} = off")
    conn.execute("set max_parallel_workers_per_gather = 0")
    conn.execute("set plan_cache_mode = force_generic_plan")
    conn.commit()


def run(settings: Settings) -> None:
    """`onefold run processor`. Returns after SIGTERM or SIGINT."""
    if settings.database.url is None:
        raise Broken("The processor needs the address of a running database.")
    processor = Processor(settings, settings.database.url.reveal())
    signal.signal(signal.SIGTERM, processor.stop)
    signal.signal(signal.SIGINT, processor.stop)
    # Batches make many objects and hardly a cycle: what is there now is never looked at again, the rest seldom.
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    processor.run()
