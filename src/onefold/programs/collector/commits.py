"""Group commit: requests wait together, one statement stores them all, then all are answered."""

import asyncio
import time
from collections import deque
from typing import Final

from onefold.events.api import EventLog, NewRow, NotStored
from onefold.infra.logs import get_logger
from onefold.infra.postgres import pauses
from onefold.kernel.errors import OnefoldError, Unavailable
from onefold.programs.collector.refusals import Full, NotDurable

PATIENCE_S: Final = 8.0
"""Longest that a request waits for its commit: with the reading of its body, no client waits for ever."""
WRITERS: Final = 2  # one group forms while another is committed
_GROUP_ROWS: Final = 2_000
_GROUP_BYTES: Final = 8_000_000
_ROW_BYTES: Final = 500  # what a waiting request costs beside its body
_LONGEST_PAUSE_S: Final = 0.5
_SWEEP_S: Final = 0.5
FAULT_RECENT_S: Final = 10.0

log = get_logger(__name__)


class _Ticket:
    """A request that waits."""

    __slots__ = ("deadline", "future", "row", "size")

    def __init__(self, row: NewRow, future: asyncio.Future[None], deadline: float) -> None:
        self.row = row
        self.future = future
        self.deadline = deadline
        self.size = len(row.body) + _ROW_BYTES


class GroupCommit:
    """Bounded queue in front of the log. `store` returns only when the row is durable."""

    def __init__(self, event_log: EventLog, max_queued_bytes: int, patience_s: float = PATIENCE_S) -> None:
        self.last_fault = ""
        self._fault_at: float | None = None  # of the last attempt, if it failed
        self._log = event_log
        self._max_bytes = max_queued_bytes
        self._patience_s = patience_s
        self._queue: deque[_Ticket] = deque()
        self._waiting: deque[_Ticket] = deque()  # the queued and those being stored, oldest first
        self._bytes = 0
        self._wake = asyncio.Event()
        self._is_closing = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to store; needs a running loop."""
        self._tasks = [asyncio.create_task(self._write()) for _ in range(WRITERS)]
        self._tasks.append(asyncio.create_task(self._sweep()))

    async def stop(self) -> None:
        """Stores what waits, for as long as a request may wait, then ends. Nothing new is taken."""
        self._is_closing = True
        self._wake.set()
        *writers, _ = self._tasks
        await asyncio.wait(writers, timeout=self._patience_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for ticket in self._waiting:
            self._refuse(ticket, NotDurable("The collector stopped before the events were stored. Send them again."))
        await self._log.close()

    async def store(self, row: NewRow) -> None:
        """Raises Full at once, or NotDurable after at most `patience_s`."""
        size = len(row.body) + _ROW_BYTES
        if self._is_closing:
            raise Full("The collector is stopping. Send the events again.")
        if self._bytes + size > self._max_bytes:
            raise Full("Too many events wait for their commit. Send them again a little later.")
        ticket = _Ticket(row, asyncio.get_running_loop().create_future(), time.monotonic() + self._patience_s)
        self._bytes += size
        self._queue.append(ticket)
        self._waiting.append(ticket)
        self._wake.set()
        await ticket.future

    def facts(self) -> dict[str, object]:
        """How full it is and what went wrong last."""
        return {
            "queued_requests": len(self._queue),
            "queued_bytes": self._bytes,
            "last_fault": self.last_fault,
        }

    def is_up(self) -> bool:
        """Whether commits succeed, as far as is known: a failure without successor is forgotten after a while.

        Otherwise a collector that gets no traffic because it looks ill would never look well again.
        """
        return self._fault_at is None or time.monotonic() - self._fault_at > FAULT_RECENT_S

    async def _write(self) -> None:
        delays = pauses()
        while await self._has_work():
            group = self._take()
            if not group:
                continue
            try:
                await self._log.append([ticket.row for ticket in group])
            except NotStored as fault:
                self._note(fault)
                self._queue.extendleft(reversed(group))  # safe to try again, while somebody still waits
                await asyncio.sleep(min(next(delays), _LONGEST_PAUSE_S))
            except Exception as fault:  # whatever it was, these requests need their answer
                self._note(fault)
                for ticket in group:
                    self._leave(ticket)
                    self._refuse(ticket, NotDurable("The events may not be stored. Send them again."))
            else:
                self._fault_at = None
                delays = pauses()
                for ticket in group:
                    self._leave(ticket)
                    if not ticket.future.done():
                        ticket.future.set_result(None)

    async def _has_work(self) -> bool:
        while not self._queue:
            if self._is_closing:
                return False
            self._wake.clear()
            await self._wake.wait()
        return True

    def _take(self) -> list[_Ticket]:
        """The next group. Those who were answered meanwhile (they waited too long, or left) are not stored."""
        group: list[_Ticket] = []
        size = 0
        while self._queue and len(group) < _GROUP_ROWS and size < _GROUP_BYTES:
            ticket = self._queue.popleft()
            if ticket.future.done():
                self._leave(ticket)
                continue
            group.append(ticket)
            size += ticket.size
        return group

    def _leave(self, ticket: _Ticket) -> None:
        self._bytes -= ticket.size

    def _refuse(self, ticket: _Ticket, fault: Unavailable) -> None:
        if not ticket.future.done():
            ticket.future.set_exception(fault)

    def _note(self, fault: Exception) -> None:
        """`last_fault` is for everyone to see, so the driver's words, with addresses in them, go to the log only."""
        self._fault_at = time.monotonic()
        self.last_fault = fault.code if isinstance(fault, OnefoldError) else type(fault).__name__
        log.warning("commit_failed", fault=str(fault), waiting=len(self._waiting))

    async def _sweep(self) -> None:
        """Answers those who waited too long, even when the database neither works nor fails."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = time.monotonic()
            while self._waiting and (self._waiting[0].future.done() or self._waiting[0].deadline <= now):
                ticket = self._waiting.popleft()
                if not ticket.future.done():
                    fault = NotDurable("The database did not confirm the events in time. Send them again.")
                    self._refuse(ticket, fault)
                    self._note(fault)
