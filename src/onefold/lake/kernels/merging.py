"""Sorted runs of rows become one walk, profile by profile, each in order of time: compiled loops."""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from onefold.lake.kernels.compiling import compiled
from onefold.lake.kernels.selecting import CODE, POSITION, PROFILE, TS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]
    Codes = NDArray[np.int32]


class Walk(NamedTuple):
    """Rows in walking order: of `profiles[i]` they are those from `offsets[i]` to `offsets[i + 1]`, by time.

    `ts`: µs since 1970. `code`: what the event is. `position`: empty unless it was wanted; then it orders equal times.
    """

    profiles: "Longs"
    offsets: "Longs"
    ts: "Longs"
    code: "Codes"
    position: "Longs"


MAX_RUNS: Final = 64
"""Merging looks at the head of each run for every profile; with more of them, sorting is cheaper."""
_NOBODY: Final = 2**63 - 1
"""Stands at the end of a run. May be somebody's id nevertheless."""


class Desk:
    """Arrays that a walk is written into, again and again: fresh memory would cost as much as the merging."""

    def __init__(self) -> None:
        self._longs, self._codes = np.empty((4, 0), np.int64), np.empty(0, np.int32)

    def walk_of(self, rows: "Longs", runs: "list[int]", *, is_sorted: bool) -> Walk:
        """The walk over runs: rows from `runs[i]` to before `runs[i + 1]`, each sorted by (profile, ts) if `is_sorted`.

        Normally a run is a file of a month: then nothing is sorted, as each profile's rows follow month by month. Where
        times of a profile overlap (late events, small files, the hot tail) its own rows are sorted, no others. The walk
        is valid until the next.
        """
        if not is_sorted or len(runs) > MAX_RUNS + 1:
            rows = in_order(rows)
            runs = [0, len(rows)]
        count = len(rows)
        if count >= self._longs.shape[1]:
            self._longs, self._codes = np.empty((4, count + 1), np.int64), np.empty(count + 1, np.int32)
        profiles, offsets, ts, position = self._longs
        positions = position[: count if rows.shape[1] > POSITION else 0]
        walk = Walk(profiles, offsets, ts[:count], self._codes[:count], positions)
        found = _merge(rows, np.array(runs, np.int64), walk)
        return walk._replace(profiles=profiles[:found], offsets=offsets[: found + 1])


def in_order(rows: "Longs") -> "Longs":
    """Sorted by profile and time. A full sort."""
    ordered: Longs = rows[np.lexsort((rows[:, TS], rows[:, PROFILE]))]
    return ordered


@compiled
def _sort(walk: Walk, first: np.int64, end: np.int64) -> None:
    """Puts rows in order of time, and of position where that is known, by Shell's sort: little is out of order."""
    has_position = len(walk.position) > 0
    gap = 1
    while gap < (end - first) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(first + gap, end):
            ts, code, at = walk.ts[i], walk.code[i], i
            position = walk.position[i] if has_position else np.int64(0)
            while at - gap >= first and (
                walk.ts[at - gap] > ts
                or (has_position and walk.ts[at - gap] == ts and walk.position[at - gap] > position)
            ):
                walk.ts[at], walk.code[at] = walk.ts[at - gap], walk.code[at - gap]
                if has_position:
                    walk.position[at] = walk.position[at - gap]
                at -= gap
            walk.ts[at], walk.code[at] = ts, code
            if has_position:
                walk.position[at] = position
        gap //= 3


@compiled
def _mend(walk: Walk, begin: np.uint64, behind: np.uint64) -> None:
    """Sorts a profile's rows unless they are in order."""
    first, end = np.int64(begin), np.int64(behind)
    has_position = len(walk.position) > 0
    is_ordered = True
    for i in range(first + 1, end):
        is_ordered &= walk.ts[i - 1] <= walk.ts[i]
        if has_position:
            is_ordered &= (walk.ts[i - 1] != walk.ts[i]) | (walk.position[i - 1] < walk.position[i])
    if not is_ordered:
        _sort(walk, first, end)


@compiled
def _merge(rows: "Longs", runs: "Longs", walk: Walk) -> int:
    """Fills the walk; returns how many profiles there are."""
    count = len(runs) - 1
    heads, ends = runs[:-1].astype(np.uint64), runs[1:].astype(np.uint64)  # unsigned: an index below 0 isn't looked for
    nexts = np.full(count, _NOBODY, np.int64)
    for run in range(count):
        if heads[run] < ends[run]:
            nexts[run] = rows[heads[run], PROFILE]
    has_position = len(walk.position) > 0
    found, at, one = 0, np.uint64(0), np.uint64(1)
    walk.offsets[0] = 0
    while at < len(rows):
        profile = nexts[0]
        for run in range(1, count):
            profile = min(profile, nexts[run])
        first = at
        for run in range(count):
            head = heads[run]
            while nexts[run] == profile and head < ends[run]:
                walk.ts[at] = rows[head, TS]
                walk.code[at] = rows[head, CODE]
                if has_position:
                    walk.position[at] = rows[head, POSITION]
                at += one
                head += one
                nexts[run] = rows[head, PROFILE] if head < ends[run] else _NOBODY
            heads[run] = head
        _mend(walk, first, at)
        walk.profiles[found] = profile
        found += 1
        walk.offsets[found] = at
    return found
