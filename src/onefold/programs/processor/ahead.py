"""Prepare the next batch while the database works on this one; under a backlog only, so idle latency is as it was."""

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self

from psycopg import Connection

from onefold.events.api import Position, read_batch
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.batch import Prepared
from onefold.programs.processor.context import Context


class _Task(NamedTuple):
    positions: dict[int, Position]
    context: Context
    future: "Future[Prepared]"


class Ahead:
    """At most one batch ahead, read on a connection of its own. Leave it by `with`: that ends the thread."""

    def __init__(self, reader: Connection[Any]) -> None:
        self._reader = reader
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._task: _Task | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def begin(self, positions: dict[int, Position], context: Context, limit: int) -> None:
        """Read up to `limit` events from `positions` on and prepare them, in the background."""
        future = self._pool.submit(lambda: prepare(read_batch(self._reader, positions, limit), context))
        self._task = _Task(positions, context, future)

    @property
    def has_begun(self) -> bool:
        """Whether a batch is under way or ready."""
        return self._task is not None

    def find(self, positions: dict[int, Position], context: Context) -> Prepared | None:
        """What was begun, if its lanes are read to where it begins, and under this configuration. Waits for it.

        None when nothing fits, or the reading failed: the caller then reads itself, and meets the fault.
        """
        task = self._task
        if task is None or task.future.exception() is not None or task.context is not context:
            return None
        prepared = task.future.result()
        if not prepared.rows or any(task.positions[lane] != positions[lane] for lane in prepared.lanes):
            return None
        return prepared

    def drop(self) -> None:
        """Forget what was begun."""
        self._task = None
