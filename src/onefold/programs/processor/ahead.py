"""Prepare the next batch while the database works on this one; under a backlog only, so idle latency is as it was."""

from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Event
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from psycopg import Connection

from onefold.events.api import Position, read_batch
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.batch import Prepared
from onefold.programs.processor.context import Context

LONGEST_HELD_UP_S: Final = 0.05
"""A row: the batch at hand seldom computes longer, and should its thread do something else, this one goes on."""


class _Task(NamedTuple):
    positions: dict[int, Position]
    context: Context
    limit: int
    future: "Future[Prepared]"


class Ahead:
    """At most one batch ahead, read on a connection of its own. Leave it by `with`: that ends the thread.

    Python runs one thread at a time, and the batch at hand goes first: what is ahead is prepared while `conn`, on which
    that is processed, waits for its server.
    """

    def __init__(self, reader: Connection[Any], conn: Connection[Any]) -> None:
        self._reader = reader
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._may_run = Event()
        self._is_leaving = False
        _tell_waits(conn, self._may_run)
        self._task: _Task | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._is_leaving = True
        self._may_run.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def begin(self, positions: dict[int, Position], context: Context, limit: int) -> None:
        """Read up to `limit` events from `positions` on and prepare them, in the background."""
        future = self._pool.submit(lambda: self._prepare(positions, context, limit))
        self._task = _Task(positions, context, limit, future)

    @property
    def limit(self) -> int:
        """How many events were asked for; 0 when nothing has begun."""
        return self._task.limit if self._task else 0

    @property
    def has_begun(self) -> bool:
        """Whether a batch is under way or ready."""
        return self._task is not None

    def find(self, positions: dict[int, Position], context: Context) -> Prepared | None:
        """What was begun, if its lanes are read to where it begins, and under this configuration. Waits for it.

        None when nothing fits, or the reading failed: the caller then reads itself, and meets the fault.
        """
        task = self._task
        self._may_run.set()  # the caller has nothing to do but wait for it
        if task is None or task.future.exception() is not None or task.context is not context:
            return None
        prepared = task.future.result()
        self._may_run.clear()
        if not prepared.rows or any(task.positions[lane] != positions[lane] for lane in prepared.lanes):
            return None
        return prepared

    def drop(self) -> None:
        """Forget what was begun."""
        self._task = None

    def _prepare(self, positions: dict[int, Position], context: Context, limit: int) -> Prepared:
        return prepare(read_batch(self._reader, positions, limit), context, self._await_turn)

    def _await_turn(self) -> None:
        if self._is_leaving:
            raise CancelledError
        self._may_run.wait(LONGEST_HELD_UP_S)


def _tell_waits(conn: Connection[Any], waits: Event) -> None:
    """`waits` is set while the connection waits for its server. Psycopg does all waiting in `Connection.wait`."""
    wait = conn.wait

    def telling(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 whatever psycopg passes
        waits.set()
        try:
            return wait(*arguments, **named)
        finally:
            waits.clear()

    conn.wait = telling  # type: ignore[method-assign]  # one connection waits so, not all
