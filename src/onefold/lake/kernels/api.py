"""Questions that walk each profile's events in order. A snapshot of the lake comes in, nothing else; see `walk.py`.

The first call of each kernel in a process costs some 0.1 s, and the first after an installation seconds: numba
compiles. Times are UTC, durations µs. All may be called from several threads.
"""

from onefold.lake.kernels.coding import Condition
from onefold.lake.kernels.funnel import Funnel, FunnelResult, StepResult, funnel, levels_of
from onefold.lake.kernels.merging import Walk
from onefold.lake.kernels.paths import Paths, PathsResult, paths
from onefold.lake.kernels.sequences import Matches, Sequence, SequenceStep, sequence
from onefold.lake.kernels.sessions import Sessions, sessions
from onefold.lake.kernels.walk import Wanted, over_walks

__all__ = [
    "Condition",
    "Funnel",
    "FunnelResult",
    "Matches",
    "Paths",
    "PathsResult",
    "Sequence",
    "SequenceStep",
    "Sessions",
    "StepResult",
    "Walk",
    "Wanted",
    "funnel",
    "levels_of",
    "over_walks",
    "paths",
    "sequence",
    "sessions",
]
