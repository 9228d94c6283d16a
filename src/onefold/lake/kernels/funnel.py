"""How many people go how far through the steps of a funnel, and how long they take."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from onefold.kernel.errors import Rejected
from onefold.lake.kernels.coding import Bits, Condition
from onefold.lake.kernels.compiling import compiled
from onefold.lake.kernels.merging import Walk
from onefold.lake.kernels.walk import Wanted, over_walks, span_of
from onefold.lake.snapshot import Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]
    Levels = NDArray[np.uint8]

MAX_STEPS: Final = 16
NEVER: Final = -(2**62)
DE_BRUIJN: Final = 0x077CB531
LOWEST_BIT: Final = np.array([((DE_BRUIJN << i) >> 27) & 31 for i in range(32)]).argsort()
"""Which bit a power of two is, by its product with a de Bruijn sequence (Leiserson, Prokop, Randall 1998)."""


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """Steps, to be taken within `window_us` of the first one taken, that very moment included.

    Ordered, a profile's level is that of ClickHouse's `windowFunnel` in its default mode: of all ways that begin with
    an event of the first step and go on with one of the next step at the same time or later, the most steps. Other
    events between don't matter; an event that fits several steps may take them all; equal times have no order.

    Not ordered, it is the most steps of which there are events within a window, in any order; a step's count is then
    of those who took as many steps, whichever.
    """

    steps: tuple[Condition, ...]
    window_us: int
    is_ordered: bool = True
    since: datetime | None = None
    """Events from here on count; aware. None: all."""
    until: datetime | None = None
    """Events before it count."""

    def __post_init__(self) -> None:
        if not 0 < len(self.steps) <= MAX_STEPS:
            raise Rejected(f"A funnel has between 1 and {MAX_STEPS} steps, not {len(self.steps)}.")
        if self.window_us < 0:
            raise Rejected("A funnel's window can't be negative.")


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """Times: µs, of those who took this step, at the first time they did; None = nobody, or the first step."""

    profiles: int
    """Who took it, or went further."""
    median_from_start_us: int | None = None
    """From the first step of the way by which they came here; the latest way if there are several."""
    median_from_previous_us: int | None = None
    """From when they last took the step before (ordered) or the last of the other steps."""
    fastest_us: int | None = None
    """The shortest from the start."""


@dataclass(frozen=True, kw_only=True)
class FunnelResult:
    """One for each step, in their order."""

    steps: tuple[StepResult, ...]
    levels: pa.Table | None
    """If asked for: `profile_id` (int64), `level` (uint8), a row for each profile that took a step."""
    violations: int
    """Rows of files that weren't in their order. The answer is right nevertheless; the files should be compacted."""

    def reached(self, step: int) -> pa.ChunkedArray:
        """Ids of profiles that took the step (1 = the first) or went further. Of a result with `levels`."""
        return self._who(step, MAX_STEPS)

    def dropped(self, step: int) -> pa.ChunkedArray:
        """Ids of profiles that took the step and none after it. Of a result with `levels`."""
        return self._who(step, step)

    def _who(self, first: int, last: int) -> pa.ChunkedArray:
        if self.levels is None:
            raise Rejected("This funnel was asked without its profiles.")
        level = self.levels["level"].to_numpy()
        return self.levels["profile_id"].filter(pa.array((first <= level) & (level <= last)))


class _Part(NamedTuple):
    """`from_start[i, s]`, `from_previous[i, s]`: µs to step `s` (0 = the first) of profile `i` if it got there."""

    profiles: "Longs"
    levels: "Levels"
    from_start: "Longs"
    from_previous: "Longs"


def funnel(snapshot: Snapshot, asked: Funnel, *, with_levels: bool = False, threads: int = 2) -> FunnelResult:
    """How far profiles come. One pass over `profile_id`, `ts`, `name` of `events` and the columns of conditions.

    About 1.5 times what it takes to decode these columns. In memory: a bucket for each thread (40 bytes an event of the
    steps), and 16 bytes for each profile and step. Safe to repeat: the same snapshot gives the same answer.
    """
    wanted = Wanted(coding=Bits(asked.steps), span=span_of(asked.since, asked.until))
    parts, violations = [], 0
    for part, found in over_walks(snapshot, wanted, lambda walk: _part(walk, asked), threads):
        parts.append(part)
        violations += found
    steps = tuple(_step(parts, step) for step in range(len(asked.steps)))
    return FunnelResult(steps=steps, levels=_levels(parts) if with_levels else None, violations=violations)


def levels_of(walk: Walk, steps: int, window_us: int) -> "Levels":
    """How many of the steps each of the walk's profiles takes, in order: `code` has a bit for each step."""
    part = _room(walk, steps)
    _ordered(walk, window_us, part)
    return part.levels


def _part(walk: Walk, asked: Funnel) -> _Part:
    part = _room(walk, len(asked.steps))
    (_ordered if asked.is_ordered else _unordered)(walk, asked.window_us, part)
    return part


def _room(walk: Walk, steps: int) -> _Part:
    shape = (len(walk.profiles), steps)
    levels = np.zeros(len(walk.profiles), np.uint8)
    return _Part(walk.profiles.copy(), levels, np.empty(shape, np.int64), np.empty(shape, np.int64))


def _step(parts: list[_Part], step: int) -> StepResult:
    there = [part.levels > step for part in parts]
    profiles = sum(int(np.count_nonzero(flags)) for flags in there)
    if not profiles or not step:
        return StepResult(profiles=profiles)
    starts = np.concatenate([part.from_start[flags, step] for part, flags in zip(parts, there, strict=True)])
    previous = np.concatenate([part.from_previous[flags, step] for part, flags in zip(parts, there, strict=True)])
    return StepResult(
        profiles=profiles,
        median_from_start_us=_median(starts),
        median_from_previous_us=_median(previous),
        fastest_us=int(starts.min()),
    )


def _median(values: "Longs") -> int:
    """The middle one; of two in the middle the lesser, so that it is one that was measured."""
    middle = (len(values) - 1) // 2
    return int(np.partition(values, middle)[middle])


def _levels(parts: list[_Part]) -> pa.Table:
    came = [part.levels > 0 for part in parts]
    return pa.table(
        {
            "profile_id": pa.chunked_array(
                [part.profiles[flags] for part, flags in zip(parts, came, strict=True)], pa.int64()
            ),
            "level": pa.chunked_array(
                [part.levels[flags] for part, flags in zip(parts, came, strict=True)], pa.uint8()
            ),
        }
    )


@compiled
def _ordered(walk: Walk, window: int, part: _Part) -> None:
    """Keeps, for each step, when the latest way that leads there began, and when it got there.

    The latest is enough: whatever an earlier way may still reach in its window, the latest may too.
    """
    steps = part.from_start.shape[1]
    starts, reached = np.empty(steps + 1, np.int64), np.empty(steps + 1, np.int64)  # 0 is before the first step
    for i in range(len(walk.profiles)):
        at, end = walk.offsets[i], walk.offsets[i + 1]
        starts[:] = NEVER
        level = 0
        while at < end and level < steps:
            ts, bits = walk.ts[at], walk.code[at]
            at += 1
            while at < end and walk.ts[at] == ts:
                bits |= walk.code[at]
                at += 1
            starts[0] = reached[0] = ts
            while bits != 0:
                step = LOWEST_BIT[(((bits & -bits) * DE_BRUIJN) >> 27) & 31]
                bits &= bits - 1
                start = starts[step]
                is_within = ts - start <= window
                if is_within & (step == level):
                    part.from_start[i, step] = ts - start
                    part.from_previous[i, step] = ts - reached[step]
                    level += 1
                starts[step + 1] = start if is_within else starts[step + 1]
                reached[step + 1] = ts if is_within else reached[step + 1]
        part.levels[i] = level


@compiled
def _unordered(walk: Walk, window: int, part: _Part) -> None:
    """Keeps when each step was last taken: within the window up to now count those taken since it began."""
    steps = part.from_start.shape[1]
    lasts = np.empty(steps, np.int64)
    for i in range(len(walk.profiles)):
        at, end = walk.offsets[i], walk.offsets[i + 1]
        level = taken = 0
        lasts[:] = NEVER
        while at < end and level < steps:
            ts, bits = walk.ts[at], walk.code[at]
            at += 1
            while at < end and walk.ts[at] == ts:
                bits |= walk.code[at]
                at += 1
            for step in range(steps):
                if (bits >> step) & 1:
                    lasts[step] = ts
                    taken |= 1 << step
            within = 0
            for step in range(steps):
                within += (taken >> step) & 1 and ts - lasts[step] <= window
            if within > level:
                latest = -np.sort(-lasts)
                for step in range(max(level, 1), within):
                    part.from_start[i, step] = ts - latest[step]
                    part.from_previous[i, step] = ts - latest[1]
                level = within
        part.levels[i] = level
