"""The walk of a funnel over the events that are its steps, in the order of profile and time. Used by both engines."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]

PROFILE: Final = 0
HAS_PROFILE: Final = 1
LEVEL: Final = 2
"""Steps that it has taken."""
MOMENT: Final = 3
AT_ONCE: Final = 4
"""Steps that there are at this moment."""


def reached(batches: Iterable[pa.RecordBatch], n_steps: int, within_us: int) -> "Longs":
    """How many profiles get exactly so far: at place 0 to n_steps - 1 those whose last step is the first to the last.

    Columns of a batch: profile_id, ts (µs), steps (bits). A profile's events may go on in the next batch.
    """
    walk = _walk()
    counts = np.zeros(n_steps, np.int64)
    begun = np.zeros(n_steps, np.int64)  # when the latest way that has come to this step began
    state = np.zeros(5, np.int64)
    for batch in batches:
        profiles, moments, steps = (_longs(batch.column(name)) for name in ("profile_id", "ts", "steps"))
        walk(profiles, moments, steps, within_us, (begun, state, counts))
    if state[LEVEL]:
        counts[state[LEVEL] - 1] += 1
    return counts


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


def _longs(column: pa.Array) -> "Longs":
    found: Longs = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found


@cache
def _walk() -> Any:  # noqa: ANN401 what numba makes of a function has no type
    """Compiled when first asked for: a second or two."""
    from numba import njit

    def walk(
        profiles: "Longs", moments: "Longs", steps: "Longs", within_us: int, kept: tuple["Longs", "Longs", "Longs"]
    ) -> None:
        begun, state, counts = kept
        for i in range(len(profiles)):
            if not state[HAS_PROFILE] or profiles[i] != state[PROFILE]:
                if state[LEVEL]:
                    counts[state[LEVEL] - 1] += 1
                state[:] = (profiles[i], 1, 0, 0, 0)
            if not state[AT_ONCE] or moments[i] != state[MOMENT]:
                state[MOMENT], state[AT_ONCE] = moments[i], 0
            # what happens at one moment has no order: all of it counts as one event
            state[AT_ONCE] |= steps[i]
            for step in range(len(counts)):
                if not state[AT_ONCE] >> step & 1 or step > state[LEVEL]:
                    continue
                if step == 0:
                    begun[0] = moments[i]
                elif moments[i] - begun[step - 1] <= within_us:
                    begun[step] = begun[step - 1]
                else:
                    continue
                state[LEVEL] = max(state[LEVEL], step + 1)

    return njit(nogil=True)(walk)
