"""A funnel's kernel over rows that an engine has sorted by profile and time. Used by both engines."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from onefold.lake.kernels.api import Walk, levels_of
from onefold.lake.kernels.sequences import Rules, matching

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]


class Wanted(NamedTuple):
    """A sequence to look for, in events from `since_us` on. `bits`: for each of its own bits the one that stands for it
    in `steps`, which others have in common."""

    rules: Rules
    since_us: int
    bits: tuple[int, ...]


def reached(batches: Iterable[pa.RecordBatch], n_steps: int, within_us: int) -> "Longs":
    """How many profiles get exactly so far: at place 0 to n_steps - 1 those whose last step is the first to the last.

    Columns of a batch: profile_id, ts (µs), steps (bits). A profile's events may go on in the next batch. Memory: a
    batch, and one profile's events.
    """
    counts = np.zeros(n_steps + 1, np.int64)
    for rows in _whole_profiles(batches):
        levels = levels_of(_walk_of(rows), n_steps, within_us)
        counts += np.bincount(levels, minlength=n_steps + 1)
    return counts[1:]


def people_with(batches: Iterable[pa.RecordBatch], wanted: Sequence[Wanted]) -> Iterator[pa.RecordBatch]:
    """`profile_id` of those who have a sequence, and its `place` among the wanted. Columns of a batch and memory: as
    `reached`. Each costs a walk, all together one pass over the events."""
    for rows in _whole_profiles(batches):
        for place, one in enumerate(wanted):
            code = _recoded(rows[2], one.bits)
            counts = (code > 0) & (rows[1] >= one.since_us)
            walk = _walk_of(np.stack([rows[0], rows[1], code])[:, counts])
            found = walk.profiles[matching(walk, one.rules)]
            yield pa.RecordBatch.from_arrays(
                [pa.array(found), pa.array(np.full(len(found), place))], ["profile_id", "place"]
            )


def mapper_of(n_steps: int, within_us: int) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """For Spark's `mapInArrow`: a task's sorted events to its counts."""

    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield counts_batch(reached(batches, n_steps, within_us))

    return counted


def counts_batch(counts: "Longs") -> pa.RecordBatch:
    """`step`, `profiles` that got exactly so far."""
    steps = np.arange(1, len(counts) + 1, dtype=np.int64)
    return pa.RecordBatch.from_pydict({"step": pa.array(steps), "profiles": pa.array(counts)})


def funnel_of(counts: "Longs") -> pa.Table:
    """The answer: who got to a step came past all before it."""
    return pa.Table.from_batches([counts_batch(np.cumsum(counts[::-1])[::-1])])


def _whole_profiles(batches: Iterable[pa.RecordBatch]) -> Iterator["Longs"]:
    """Arrays of `profile_id`, `ts`, `steps` (3, n), cut between profiles only."""
    begun: list[Longs] = []  # of the last profile, which may go on
    for batch in batches:
        rows = np.stack([_longs(batch.column(name)) for name in ("profile_id", "ts", "steps")])
        if not rows.shape[1]:
            continue
        if begun and begun[-1][0, -1] != rows[0, 0]:
            yield np.concatenate(begun, axis=1)
            begun = []
        last = int(np.searchsorted(rows[0], rows[0, -1]))
        if last:
            yield np.concatenate([*begun, rows[:, :last]], axis=1)
            begun = []
        begun.append(rows[:, last:])
    if begun:
        yield np.concatenate(begun, axis=1)


def _walk_of(rows: "Longs") -> Walk:
    profiles, first = np.unique(rows[0], return_index=True)
    return Walk(
        profiles=profiles,
        offsets=np.append(first, rows.shape[1]).astype(np.int64),
        ts=np.ascontiguousarray(rows[1]),
        code=rows[2].astype(np.int32),
        position=np.empty(0, np.int64),
    )


def _recoded(steps: "Longs", bits: tuple[int, ...]) -> "Longs":
    code = np.zeros(len(steps), np.int64)
    for own, bit in enumerate(bits):
        code |= ((steps >> bit) & 1) << own
    return code


def _longs(column: pa.Array) -> "Longs":
    found: Longs = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found
