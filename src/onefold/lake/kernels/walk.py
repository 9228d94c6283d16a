"""Walks a snapshot's events profile by profile in order of time, a bucket at a time.

A profile's events lie in the files of its bucket, in files that aren't filed yet, and in the hot tail:

- Rows of a bucket's files, normally one sorted file a month, are merged (`merging.py`), not sorted.
- Rows of unfiled files and of the hot tail are read first, and go to the bucket that their profile belongs to.
- **Profiles that `overrides` names are walked last, together.** The rows of a fragment that moved may lie in any
  bucket, so they are put aside as the buckets are read, with all other rows of the profiles they moved to. Nothing is
  read twice, and no bucket waits for another. In memory meanwhile: 24 to 32 bytes for each of those rows.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from onefold.lake.kernels.coding import Coding
from onefold.lake.kernels.gathering import Gathering, Heap
from onefold.lake.kernels.merging import Desk, Walk, in_order
from onefold.lake.kernels.reading import ALWAYS, Ask, Span, read
from onefold.lake.kernels.selecting import PROFILE
from onefold.lake.snapshot import File, Snapshot
from onefold.lake.tables import BUCKETS, EVENTS, FRESH_MONTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]

T = TypeVar("T")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which events are walked. `span`: µs since 1970, end exclusive. `by_position`: equal times go as accepted."""

    coding: Coding
    span: Span = ALWAYS
    by_position: bool = False


def span_of(since: datetime | None, until: datetime | None) -> Span:
    """From `since` to before `until`, both aware; None = unbounded."""
    return (
        ALWAYS[0] if since is None else (since - _EPOCH) // _MICROSECOND,
        ALWAYS[1] if until is None else (until - _EPOCH) // _MICROSECOND,
    )


def over_walks(
    snapshot: Snapshot, wanted: Wanted, kernel: Callable[[Walk], T], threads: int = 2
) -> Iterator[tuple[T, int]]:
    """What the kernel makes of each part of the walk, with the part's order violations: rows of filed files that came
    before their predecessor.

    A profile is in one part. At most 17 parts, always in the same order; empty ones are left out. The kernel must not
    keep the walk: its memory is used again. As many buckets as `threads` are in memory at a time, at 52 to 72 bytes a
    row that is walked. Reads each file once, wanted columns only. Whoever stops iterating stops the reading.
    """
    source = _Source(snapshot, wanted)
    loose = source.loose()
    with ThreadPoolExecutor(threads, "walk") as pool:
        waiting: deque[Future[tuple[T, int] | None]] = deque()
        try:
            for bucket in range(BUCKETS):
                waiting.append(pool.submit(source.bucket, bucket, loose[bucket], kernel))
                if len(waiting) > threads:
                    yield from _found(waiting.popleft().result())
            while waiting:
                yield from _found(waiting.popleft().result())
        finally:
            for future in waiting:
                future.cancel()
    yield from _found(source.aside(kernel))


def _found(part: tuple[T, int] | None) -> Iterator[tuple[T, int]]:
    if part is not None:
        yield part


class _Place(NamedTuple):
    """Where one thread works."""

    heap: Heap
    desk: Desk


class _Source:
    """A snapshot's events, as parts of a walk."""

    def __init__(self, snapshot: Snapshot, wanted: Wanted) -> None:
        self._events, self._span = snapshot.tables[EVENTS.name], wanted.span
        self._gathering = Gathering(snapshot, wanted.coding, wanted.span, by_position=wanted.by_position)
        self._ask = Ask(
            columns=self._gathering.columns,
            gone=self._gathering.gone_span,
            known={column.name: column for column in (*EVENTS.columns, *snapshot.promoted.values())},
            storage_options=snapshot.storage_options,
        )
        self._idle: list[_Place] = []
        self._files: dict[int, list[File]] = {bucket: [] for bucket in range(BUCKETS)}
        for file in sorted(self._events.files, key=lambda file: (file.partition["month"], file.uri)):
            if file.partition["month"] != FRESH_MONTH and _overlap(_month(file.partition["month"]), wanted.span):
                self._files[int(file.partition["bucket"])].append(file)

    def loose(self) -> "list[Longs]":
        """Rows of unfiled files and of the hot tail, by bucket, each in walking order."""
        heap = self._gathering.heap()
        for file in self._events.files:
            if file.partition["month"] == FRESH_MONTH:
                self._gathering.take(self._read(file), heap)
        if self._events.hot is not None:
            self._gathering.take(self._events.hot, heap, is_hot=True)
        rows = in_order(heap.rows)
        buckets = rows[:, PROFILE] % BUCKETS  # never negative in numpy, as `tables.py` means it
        return [rows[buckets == bucket] for bucket in range(BUCKETS)]

    def bucket(self, bucket: int, loose: "Longs", kernel: Callable[[Walk], T]) -> tuple[T, int] | None:
        """A bucket's part: its files month by month, then its loose rows."""
        place = self._idle.pop() if self._idle else _Place(self._gathering.heap(), Desk())
        heap = place.heap
        heap.count = 0
        heap.make_room(sum(file.rows for file in self._files[bucket]) + len(loose))
        runs, violations = [0], 0
        for file in self._files[bucket]:
            violations += self._gathering.take(self._read(file), heap)
            runs.append(heap.count)
        heap.extend(loose)
        runs.append(heap.count)
        part = (kernel(place.desk.walk_of(heap.rows, runs, is_sorted=not violations)), violations)
        self._idle.append(place)
        return part if heap.count or violations else None

    def aside(self, kernel: Callable[[Walk], T]) -> tuple[T, int] | None:
        """The part of profiles that `overrides` names. After all others."""
        rows = self._gathering.aside
        return (kernel(Desk().walk_of(rows, [], is_sorted=False)), 0) if len(rows) else None

    def _read(self, file: File) -> pa.Table:
        begin, end = ALWAYS if file.partition["month"] == FRESH_MONTH else _month(file.partition["month"])
        is_within = self._span[0] <= begin and end <= self._span[1]
        return read(file.uri, self._ask, ALWAYS if is_within else self._span)


@cache
def _month(month: str) -> Span:
    """Of `YYYY-MM`. Asked for each file, of which there are 192 a year."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return span_of(first, (first + timedelta(days=31)).replace(day=1))


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
