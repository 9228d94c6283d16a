"""Sessions: a profile's events that follow one another without a long pause."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from onefold.kernel.errors import Rejected
from onefold.lake.kernels.coding import Condition, NameCodes
from onefold.lake.kernels.compiling import compiled
from onefold.lake.kernels.merging import Walk
from onefold.lake.kernels.walk import Wanted, over_walks, span_of
from onefold.lake.snapshot import Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]
    Codes = NDArray[np.int32]

HALF_AN_HOUR_US: Final = 30 * 60 * 1_000_000
TIME: Final = pa.timestamp("us", "UTC")


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """A session ends where the next event comes more than `gap_us` later. Only events that meet `events` count."""

    gap_us: int = HALF_AN_HOUR_US
    events: Condition = field(default_factory=Condition)
    since: datetime | None = None
    """Events from here on count; aware. None: all."""
    until: datetime | None = None
    """Events before it count."""

    def __post_init__(self) -> None:
        if self.gap_us < 0:
            raise Rejected("The pause between sessions can't be negative.")


class _Found(NamedTuple):
    """A row for each session; `first`, `last`: codes of names."""

    profile: "Longs"
    start: "Longs"
    end: "Longs"
    events: "Longs"
    first: "Codes"
    last: "Codes"


def sessions(snapshot: Snapshot, asked: Sessions, *, threads: int = 2) -> Iterator[tuple[pa.Table, int]]:
    """Tables of sessions, at most 17, each with the order violations of its files; the sessions are right.

    Columns: `profile_id` (int64), `start`, `end` (of the first and last event; timestamp, µs, UTC), `n_events` (int64),
    `first_name`, `last_name` (string; of equal times the event accepted first comes first). Ordered by profile and
    start; a profile is in one table. One pass over `profile_id`, `ts`, `name`, `position` of `events` and the columns
    of the condition; two buckets and their sessions in memory.
    """
    coding = NameCodes(asked.events)
    wanted = Wanted(coding=coding, span=span_of(asked.since, asked.until), by_position=True)
    yield from over_walks(snapshot, wanted, lambda walk: _table(_found(walk, asked.gap_us), coding), threads)


def _table(found: _Found, coding: NameCodes) -> pa.Table:
    return pa.table(
        {
            "profile_id": pa.array(found.profile),
            "start": pa.array(found.start).cast(TIME),
            "end": pa.array(found.end).cast(TIME),
            "n_events": pa.array(found.events),
            "first_name": coding.names.take(pa.array(found.first - 1)),
            "last_name": coding.names.take(pa.array(found.last - 1)),
        }
    )


def _found(walk: Walk, gap: int) -> _Found:
    count = int(_count(walk, gap))
    profile, start, end, events = np.empty((4, count), np.int64)
    first, last = np.empty((2, count), np.int32)
    found = _Found(profile, start, end, events, first, last)
    _fill(walk, gap, found)
    return found


@compiled
def _count(walk: Walk, gap: int) -> int:
    count = 0
    for i in range(len(walk.profiles)):
        count += 1
        for at in range(walk.offsets[i] + 1, walk.offsets[i + 1]):
            count += walk.ts[at] - walk.ts[at - 1] > gap
    return count


@compiled
def _fill(walk: Walk, gap: int, found: _Found) -> None:
    row = 0
    for i in range(len(walk.profiles)):
        first = walk.offsets[i]
        end = walk.offsets[i + 1]
        for at in range(first, end):
            if at + 1 == end or walk.ts[at + 1] - walk.ts[at] > gap:
                found.profile[row] = walk.profiles[i]
                found.start[row], found.end[row] = walk.ts[first], walk.ts[at]
                found.first[row], found.last[row] = walk.code[first], walk.code[at]
                found.events[row] = at + 1 - first
                first = at + 1
                row += 1
