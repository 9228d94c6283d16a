"""Batch after batch: reads the log, processes, adapts the size, and sets aside what a defect of ours fails on."""

import time
from typing import Any, Final

import psycopg
from psycopg import Connection

from onefold.audiences.api import absorb, look_at_companies, sweep, tell_filling
from onefold.config import ProcessorSettings
from onefold.events.api import (
    DEFAULT_LIMITS,
    INTERACTIVE,
    Limits,
    LogRow,
    Position,
    advance,
    after,
    lock_positions,
    read_batch,
    read_lane,
    store_violations,
    undecodable,
)
from onefold.identity.api import LastKnown
from onefold.infra.logs import get_logger
from onefold.kernel.errors import Broken, Unavailable
from onefold.privacy.api import has_history_come
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.ahead import Ahead
from onefold.programs.processor.batch import Prepared
from onefold.programs.processor.context import Context, load_context, note_config
from onefold.programs.processor.erase import erase_piece, requests_in, stop_erasure, stop_requests
from onefold.programs.processor.retract import take_back_pending
from onefold.programs.processor.steps import process

FIRST_BATCH_EVENTS: Final = 1_000
SMALLEST_BATCH_EVENTS: Final = 100
LOOK_S: Final = 2.0
SWEEP_S: Final = 1.0
LOOK_AT_ONCE: Final = 2_000
ABSORB_AT_ONCE: Final = 5_000
MOST_SET_ASIDE_IN_A_ROW: Final = 10
NOT_AS_NEEDED: Final = ("42", "3F")
"""Classes of SQLSTATE for which no event is to blame: a table, column or right is missing."""

log = get_logger(__name__)


class Batches:
    """Runs batches on one connection, and reads ahead on another."""

    def __init__(
        self,
        conn: Connection[Any],
        ahead: Ahead,
        settings: ProcessorSettings,
        limits: Limits = DEFAULT_LIMITS,
        suppression_key: bytes | None = None,
    ) -> None:
        self.limit = FIRST_BATCH_EVENTS
        self.processed = 0
        self._conn = conn
        self._ahead = ahead
        self._settings = settings
        self._limits = limits
        self._suppression_key = suppression_key
        self._part: int | None = None  # a batch failed: events to try next, halved down to the row it failed on
        self._suspects: list[LogRow] = []  # what of it was read last
        self._set_aside_in_a_row = 0
        self._gave_way = False  # a bulk batch that was ready let an interactive one go first
        self._context: Context | None = None
        self._last_known = LastKnown()
        self._left: dict[int, Position] = {}  # where our last batch left the log
        self._may_be_erasing = True  # somebody, of whom a part is gone: looked up once, then known
        self._sweeps_again_at = 0.0
        self._has_more_to_look_at = False
        self._looks_again_at = 0.0  # whether histories have come that retractions and erasures wait for

    @property
    def is_behind(self) -> bool:
        """Whether more is known to be waiting."""
        return self._ahead.has_begun

    def run(self) -> int:
        """One transaction: read, process, advance. Returns the number of log rows; 0 = nothing to read.

        Raises psycopg's OperationalError and InterfaceError when the database is lost; any other failure is set aside.
        """
        began = time.monotonic()
        self._suspects = []
        try:
            with self._conn.transaction():
                positions = lock_positions(self._conn)  # first: a rebuild that this waits for must be seen below
                context = self._load_context()
                prepared = self._next(context, positions)
                if not prepared.rows:
                    self._part = None
                    return 0
                batch, timings = process(self._conn, context, prepared, self._take_last_known(positions))
        except psycopg.errors.ProgramLimitExceeded as fault:  # an operational error by name; by nature an event's
            self._set_aside(fault)
            return 1
        except (psycopg.OperationalError, psycopg.InterfaceError, Unavailable):
            raise
        except Exception as fault:  # whatever an event did to us: it is set aside, the others go on
            if isinstance(fault, psycopg.Error) and (fault.sqlstate or "").startswith(NOT_AS_NEEDED):
                raise Broken(f"The database isn't as this version needs it: {type(fault).__name__}.") from fault
            self._set_aside(fault)
            return 1
        self._last_known, self._left = batch.last_known, after(positions, prepared.rows)
        self._set_aside_in_a_row = 0
        self._may_be_erasing = self._may_be_erasing or bool(batch.requests)
        elapsed_ms = (time.monotonic() - began) * 1000
        self.processed += len(batch.accepted)
        if self._part is None:
            self._adapt(elapsed_ms, prepared.size)
        else:  # a flaw of the moment, or the row is set aside: back to whole batches, by the way it came
            self._part = self._part * 2 if self._part < self.limit else None
        log.debug(
            "batch_processed",
            events=len(batch.accepted),
            duplicates=len(batch.duplicates),
            violations=len(batch.violations),
            ms=round(elapsed_ms, 1),
            steps={name: round(ms, 1) for name, ms in timings.items()},
        )
        return len(prepared.rows)

    def keep_audiences(self) -> bool:
        """Between batches: who is due to be looked at, and what was read of older events; one transaction. True when
        there is more. Costs four queries in SWEEP_S."""
        if not self._has_more_to_look_at and time.monotonic() < self._sweeps_again_at:
            return False
        self._sweeps_again_at = time.monotonic() + SWEEP_S
        with self._conn.transaction():
            lock_positions(self._conn)
            context = self._load_context()
            live = context.live
            # companies first: whom they move is looked at below; whom they count is looked at in the next round
            companies = look_at_companies(self._conn, live, context.clock(), LOOK_AT_ONCE)
            looked_at = sweep(self._conn, live, context.clock(), LOOK_AT_ONCE)
            absorbed = absorb(self._conn, live, ABSORB_AT_ONCE) if live.filling else 0
            self._has_more_to_look_at = companies > 0 or looked_at == LOOK_AT_ONCE or absorbed == ABSORB_AT_ONCE
            if live.changing and not self._has_more_to_look_at:
                tell_filling(self._conn)
        return self._has_more_to_look_at

    def look_soon(self) -> None:
        """Somebody named people to look at, or staged older events: `keep_audiences` doesn't wait for its time."""
        self._sweeps_again_at = 0.0

    def settle_piece(self) -> bool:
        """Between batches: the next piece of an erasure, or retractions whose histories were fetched from the lake, in
        one transaction; False when there is none.

        Costs nothing while nobody is erased, and one query in LOOK_S for what waits. An erasure that a defect of ours
        stops is left until somebody asks again.
        """
        if not self._may_be_erasing and not self._has_come():
            return False
        try:
            with self._conn.transaction():
                lock_positions(self._conn)
                self._last_known.forget()
                context = self._load_context()
                self._may_be_erasing = take_back_pending(self._conn, context) or erase_piece(self._conn, context)
        except Exception as fault:  # batches go on all the same
            is_lost = isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError | Unavailable)
            if is_lost and not isinstance(fault, psycopg.errors.ProgramLimitExceeded):  # an operational error by name
                raise
            with self._conn.transaction():
                stop_erasure(self._conn, fault)
        return self._may_be_erasing

    def _has_come(self) -> bool:
        """Whether something that waited for histories can go on; looked up now and then."""
        if time.monotonic() < self._looks_again_at:
            return False
        self._looks_again_at = time.monotonic() + LOOK_S
        with self._conn.transaction():
            return has_history_come(self._conn)

    def _load_context(self) -> Context:
        context = load_context(self._conn, self._context, self._limits, self._suppression_key)
        if context is not self._context:
            note_config(self._conn, context, is_rebuild=False)
            self._context = context
            self._last_known.forget()  # it may be new because history was rebuilt
        return context

    def _take_last_known(self, positions: dict[int, Position]) -> LastKnown:
        """What our last batch left, unless it failed, or another processor went on from there. For one batch to use."""
        last_known, self._last_known = self._last_known, LastKnown()
        return last_known if positions == self._left else LastKnown()

    def _next(self, context: Context, positions: dict[int, Position]) -> Prepared:
        """The next batch: what was prepared ahead if it still fits, or read now. Behind a full one another is begun."""
        if self._part is not None:
            rows = read_batch(self._conn, positions, self._part)
            self._suspects = rows[:1] if self._part == 1 else rows  # in the end one row, not one of each lane
            return prepare(self._suspects, context)
        prepared, asked = self._ahead.find(positions, context), self._ahead.limit
        if prepared is None:
            prepared, asked = prepare(read_batch(self._conn, positions, self.limit), context), self.limit
        elif urgent := self._overtaking(prepared, positions):
            return prepare(urgent, context)
        if prepared.size >= asked:
            self._ahead.begin(after(positions, prepared.rows), context, self.limit)
        else:
            self._ahead.drop()
        return prepared

    def _overtaking(self, prepared: Prepared, positions: dict[int, Position]) -> list[LogRow]:
        """Interactive rows that came while a batch of bulk rows was prepared: they go first, every other time."""
        if self._gave_way or INTERACTIVE in prepared.lanes:
            self._gave_way = False
            return []
        urgent = read_lane(self._conn, positions[INTERACTIVE], self.limit)
        self._gave_way = bool(urgent)
        return urgent

    def _adapt(self, elapsed_ms: float, events: int) -> None:
        """Batches grow or shrink towards the target time."""
        if events >= self.limit or elapsed_ms > self._settings.target_batch_ms:
            fitting = int(self.limit * self._settings.target_batch_ms / max(elapsed_ms, 1))
            grown = min(fitting, self.limit * 2)
            self.limit = max(SMALLEST_BATCH_EVENTS, min(grown, self._settings.max_batch_events))

    def _set_aside(self, fault: Exception) -> None:
        """A batch failed by a defect of ours. First find the row, by halves; then keep it as a violation and go on.

        When one after the other fails it isn't the rows: raises Broken, and the log waits.
        """
        self._ahead.drop()
        log.error("batch_failed", fault=type(fault).__name__, part=self._part, exc_info=True)
        if self._part != 1:
            self._part = max(1, (self._part or self.limit) // 2)
            return
        self._set_aside_in_a_row += 1
        if self._set_aside_in_a_row > MOST_SET_ASIDE_IN_A_ROW:
            raise Broken("One request after the other fails, so the fault is not theirs. The log waits.") from fault
        requests = requests_in(self._suspects)
        with self._conn.transaction():
            lock_positions(self._conn)
            for row in self._suspects:
                store_violations(self._conn, [undecodable(row, type(fault).__name__)])
            stop_requests(self._conn, requests, fault)
            advance(self._conn, self._suspects)


def tune(conn: Connection[Any]) -> None:
    """Every query of a batch looks up what the batch names. Left to its statistics the planner now and then reads a
    whole table instead, which costs more with every day."""
    conn.prepare_threshold = 0
    for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"):
        conn.execute(f"set {setting} = off")
    conn.execute("set max_parallel_workers_per_gather = 0")
    conn.execute("set plan_cache_mode = force_generic_plan")
    # A crash may take the last batches back, and the log's position with them: they are processed again.
    conn.execute("set synchronous_commit = off")
    conn.commit()
