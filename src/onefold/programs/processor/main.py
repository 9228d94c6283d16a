"""The processor: reads the log in micro-batches and keeps profiles up to date. One at a time owns the log."""

import gc
import signal
import sys
import time
from types import FrameType
from typing import Any, Final

import psycopg
from psycopg import Connection

from onefold.audiences.api import LOOK_NOW
from onefold.config import Settings
from onefold.events.api import limits_of
from onefold.infra.heartbeat import BEAT_S, beat, take_back
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect, pauses
from onefold.kernel.errors import Unavailable
from onefold.privacy.api import suppression_key
from onefold.programs.processor.ahead import Ahead
from onefold.programs.processor.batches import Batches, tune

IDLE_POLL_S: Final = 5.0
"""A notification wakes the processor; this is for the one that got lost."""
STOP_HEARD_WITHIN_S: Final = 0.5
OWNER_LOCK: Final = 0x0F01D_01

log = get_logger(__name__)


class Processor:
    """Owns three connections: to listen (and hold the owner's lock), for the batches, and to read ahead."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings = settings.processor
        self._limits = limits_of(settings.collector)
        self._suppression_key = suppression_key(settings)
        self._url = url
        self._is_stopping = False
        self._next_beat = 0.0

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
                    connect(self._url, "processor reader", autocommit=True) as reader,
                    Ahead(reader, conn) as ahead,
                ):
                    tune(conn)
                    listener.execute("listen onefold_log")
                    delays = pauses()
                    batches = Batches(conn, ahead, self._settings, self._limits, self._suppression_key)
                    self._work(listener, batches)
                    take_back(listener, "processor")
            except (Unavailable, psycopg.OperationalError, psycopg.InterfaceError) as fault:
                log.warning("database_lost", fault=type(fault).__name__)
                time.sleep(next(delays))

    def _work(self, listener: Connection[Any], batches: Batches) -> None:
        if not self._own_log(listener):
            return
        log.info("processor_ready")
        while not self._is_stopping:
            self._beat(listener)
            began = time.monotonic()
            has_read = batches.run()
            if batches.settle_piece():
                continue
            has_read = batches.keep_audiences() or has_read
            if has_read:
                pause = began + self._settings.min_interval_ms / 1000 - time.monotonic()
                if pause > 0 and not batches.is_behind:
                    time.sleep(pause)
            else:
                self._wait(listener, batches)

    def _own_log(self, listener: Connection[Any]) -> bool:
        """Waits until no other processor holds the log; False when stopped meanwhile."""
        while not self._is_stopping:
            row = listener.execute("select pg_try_advisory_lock(%s)", [OWNER_LOCK]).fetchone()
            if row and row[0]:
                return True
            self._beat(listener)
            time.sleep(1)
        return False

    def _wait(self, listener: Connection[Any], batches: Batches) -> None:
        """Until something is written to the log, or for the slow poll; in slices, so that a stop is heard."""
        until = time.monotonic() + IDLE_POLL_S
        while not self._is_stopping and time.monotonic() < until:
            for said in listener.notifies(timeout=STOP_HEARD_WITHIN_S, stop_after=1):
                if said.payload == LOOK_NOW:
                    batches.look_soon()
                return

    def _beat(self, listener: Connection[Any]) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            beat(listener, "processor")


def run(settings: Settings) -> None:
    """`onefold run processor`. Returns after SIGTERM or SIGINT."""
    processor = Processor(settings, settings.database.address())
    signal.signal(signal.SIGTERM, processor.stop)
    signal.signal(signal.SIGINT, processor.stop)
    # Batches make many objects and hardly a cycle: what is there now is never looked at again, the rest seldom.
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    # the thread that prepares ahead shall not hold up the one that waits for the database
    sys.setswitchinterval(0.0005)
    processor.run()
