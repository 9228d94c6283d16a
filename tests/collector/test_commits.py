"""Group commit, with a log that can be made slow, dead or dumb: every request gets its answer in time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from onefold.events.api import NewRow, NotStored, Trust
from onefold.kernel.errors import Unavailable
from onefold.programs.collector import commits
from onefold.programs.collector.commits import GroupCommit
from onefold.programs.collector.refusals import Full, NotDurable


class Log:
    """Keeps groups; `before` runs before each and may raise or wait."""

    def __init__(self, before: Callable[[int], Awaitable[None]] | None = None) -> None:
        self.groups: list[list[bytes]] = []
        self.attempts = 0
        self.is_closed = False
        self._before = before

    def bodies(self) -> list[bytes]:
        return [body for group in self.groups for body in group]

    async def append(self, rows: Sequence[NewRow]) -> None:
        self.attempts += 1
        if self._before:
            await self._before(self.attempts)
        self.groups.append([row.body for row in rows])

    async def close(self) -> None:
        self.is_closed = True


def new_row(body: bytes = b"x") -> NewRow:
    return NewRow(0, 2, Trust.SECRET, 1, 1, "", "", body)


async def stored(group_commit: GroupCommit, *bodies: bytes) -> list[Any]:
    return await asyncio.gather(*(group_commit.store(new_row(body)) for body in bodies), return_exceptions=True)


def test_requests_that_wait_together_are_stored_together() -> None:
    async def slow(_: int) -> None:
        await asyncio.sleep(0.05)

    async def work() -> None:
        log = Log(slow)
        group_commit = GroupCommit(log, 1_000_000)
        group_commit.start()
        assert await stored(group_commit, *[b"%d" % number for number in range(100)]) == [None] * 100
        await group_commit.stop()
        assert sorted(log.bodies()) == sorted(b"%d" % number for number in range(100))
        assert log.attempts <= 3
        assert log.is_closed
        assert group_commit.facts()["queued_bytes"] == 0

    asyncio.run(work())


def test_nothing_is_acknowledged_before_it_is_durable() -> None:
    async def work() -> None:
        gate = asyncio.Event()

        async def wait(_: int) -> None:
            await gate.wait()

        group_commit = GroupCommit(Log(wait), 1_000_000)
        group_commit.start()
        waiting = asyncio.create_task(group_commit.store(new_row()))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        gate.set()
        await waiting
        await group_commit.stop()

    asyncio.run(work())


def test_a_full_queue_refuses_at_once() -> None:
    async def work() -> None:
        gate = asyncio.Event()

        async def wait(_: int) -> None:
            await gate.wait()

        group_commit = GroupCommit(Log(wait), 10_000)
        group_commit.start()
        waiting = [asyncio.create_task(group_commit.store(new_row(b"x" * 2_000))) for _ in range(4)]
        await asyncio.sleep(0.01)
        with pytest.raises(Full):
            await group_commit.store(new_row(b"x" * 2_000))
        gate.set()
        assert await asyncio.gather(*waiting) == [None] * 4
        await group_commit.store(new_row(b"x" * 2_000))
        await group_commit.stop()

    asyncio.run(work())


def test_a_log_that_fails_means_not_durable_and_the_next_may_work() -> None:
    async def fail_once(attempt: int) -> None:
        if attempt == 1:
            raise Unavailable("gone")

    async def work() -> None:
        group_commit = GroupCommit(Log(fail_once), 1_000_000)
        group_commit.start()
        (first,) = await stored(group_commit, b"a")
        assert isinstance(first, NotDurable)
        assert not group_commit.is_up()
        assert group_commit.facts()["last_fault"] == "unavailable"
        assert await stored(group_commit, b"b") == [None]
        assert group_commit.is_up()
        assert group_commit.facts()["queued_bytes"] == 0
        await group_commit.stop()

    asyncio.run(work())


def test_a_defect_in_the_log_does_not_end_the_writer() -> None:
    async def fail_once(attempt: int) -> None:
        if attempt == 1:
            raise ZeroDivisionError

    async def work() -> None:
        group_commit = GroupCommit(Log(fail_once), 1_000_000)
        group_commit.start()
        (first,) = await stored(group_commit, b"a")
        assert isinstance(first, NotDurable)
        assert await stored(group_commit, b"b") == [None]
        await group_commit.stop()

    asyncio.run(work())


def test_a_short_absence_of_the_database_is_waited_out() -> None:
    async def away(attempt: int) -> None:
        if attempt <= 3:
            raise NotStored("no connection")

    async def work() -> None:
        log = Log(away)
        group_commit = GroupCommit(log, 1_000_000)
        group_commit.start()
        assert await stored(group_commit, b"a", b"b", b"c") == [None] * 3
        assert sorted(log.bodies()) == [b"a", b"b", b"c"]
        await group_commit.stop()

    asyncio.run(work())


@pytest.mark.parametrize("is_dumb", [True, False])
def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch, is_dumb: bool) -> None:
    monkeypatch.setattr(commits, "_SWEEP_S", 0.02)

    async def never(_: int) -> None:
        if is_dumb:
            await asyncio.sleep(60)
        raise NotStored("no connection")

    async def work() -> None:
        log = Log(never)
        group_commit = GroupCommit(log, 1_000_000, patience_s=0.2)
        group_commit.start()
        answers = await asyncio.wait_for(stored(group_commit, b"a", b"b"), 2)
        assert [type(answer) for answer in answers] == [NotDurable, NotDurable]
        await asyncio.wait_for(group_commit.stop(), 2)
        assert log.groups == []

    asyncio.run(work())


def test_stopping_stores_what_waits_and_takes_nothing_new() -> None:
    async def slow(_: int) -> None:
        await asyncio.sleep(0.05)

    async def work() -> None:
        log = Log(slow)
        group_commit = GroupCommit(log, 1_000_000)
        group_commit.start()
        waiting = [asyncio.create_task(group_commit.store(new_row(b"%d" % number))) for number in range(10)]
        await asyncio.sleep(0)
        stopping = asyncio.create_task(group_commit.stop())
        await asyncio.sleep(0)
        with pytest.raises(Full):
            await group_commit.store(new_row())
        await stopping
        assert await asyncio.gather(*waiting) == [None] * 10
        assert len(log.bodies()) == 10

    asyncio.run(work())


def test_who_left_meanwhile_is_not_stored() -> None:
    async def work() -> None:
        gate = asyncio.Event()

        async def wait(attempt: int) -> None:
            if attempt <= commits.WRITERS:
                await gate.wait()

        log = Log(wait)
        group_commit = GroupCommit(log, 1_000_000)
        group_commit.start()
        held = []
        for number in range(commits.WRITERS):
            held.append(asyncio.create_task(group_commit.store(new_row(b"held %d" % number))))
            await asyncio.sleep(0.01)
        leaving = asyncio.create_task(group_commit.store(new_row(b"left")))
        await asyncio.sleep(0.01)
        leaving.cancel()
        gate.set()
        await asyncio.gather(*held)
        await group_commit.stop()
        assert b"left" not in log.bodies()
        assert group_commit.facts()["queued_bytes"] == 0

    asyncio.run(work())


def test_an_old_failure_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: int) -> None:
        raise Unavailable("gone")

    async def work() -> None:
        group_commit = GroupCommit(Log(fail), 1_000_000)
        group_commit.start()
        await stored(group_commit, b"a")
        assert not group_commit.is_up()
        monkeypatch.setattr(commits, "FAULT_RECENT_S", 0.0)
        assert group_commit.is_up()
        assert group_commit.facts()["last_fault"] == "unavailable"
        await group_commit.stop()

    asyncio.run(work())
