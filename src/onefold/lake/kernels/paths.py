"""What people do next, step by step, after an event or before it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onefold.kernel.errors import Rejected
from onefold.lake.kernels.coding import Condition, NameCodes
from onefold.lake.kernels.compiling import compiled
from onefold.lake.kernels.merging import Walk
from onefold.lake.kernels.sessions import HALF_AN_HOUR_US
from onefold.lake.kernels.walk import Wanted, over_walks, span_of
from onefold.lake.snapshot import Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]
    Flags = NDArray[np.bool_]

MAX_DEPTH: Final = 16
UNBOUNDED: Final = 2**62
NAME_BITS: Final = 29
"""Of a transition's key: depth, the name left and the name come to, 0 = none."""


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Of each session, the events after the first one named in `anchors` (`is_backward`: before the last), to `depth`.

    A session gives one path at most, so that what comes into a step goes out of it. Sessions end where the next event
    comes more than `gap_us` later; None: all that a profile did is one. Only events that meet `events` count.
    """

    anchors: frozenset[str] | None = None
    """None: any event, so from where sessions begin, or backward from where they end."""
    is_backward: bool = False
    depth: int = 5
    gap_us: int | None = HALF_AN_HOUR_US
    events: Condition = field(default_factory=Condition)
    since: datetime | None = None
    """Events from here on count; aware. None: all."""
    until: datetime | None = None
    """Events before it count."""

    def __post_init__(self) -> None:
        if not 0 < self.depth <= MAX_DEPTH:
            raise Rejected(f"The depth of paths is between 1 and {MAX_DEPTH}, not {self.depth}.")
        if self.gap_us is not None and self.gap_us < 0:
            raise Rejected("The pause between sessions can't be negative.")


@dataclass(frozen=True, kw_only=True)
class PathsResult:
    """`transitions`: `depth` (int64; 1 = next to the anchor), `from_name`, `to_name` (string; null = the session begins
    or ends there), `sessions` (int64: how many went that way). The most frequent of each depth first, then by name.
    `violations`: rows of files that weren't in their order; the answer is right."""

    transitions: pa.Table
    violations: int


def paths(snapshot: Snapshot, asked: Paths, *, threads: int = 2) -> PathsResult:
    """Transitions between event names. Reads what `sessions` reads; in memory, a bucket for each thread and the result.

    Equal times go as their events were accepted.
    """
    coding = NameCodes(asked.events)
    wanted = Wanted(coding=coding, span=span_of(asked.since, asked.until), by_position=True)
    counts, violations = [], 0
    for part, found in over_walks(snapshot, wanted, lambda walk: _counts(walk, asked, coding.names), threads):
        counts.append(part)
        violations += found
    empty = pa.table({"key": pa.array([], pa.int64()), "sessions": pa.array([], pa.int64())})
    total = pa.concat_tables([empty, *counts]).group_by("key").aggregate([("sessions", "sum")])
    return PathsResult(transitions=_transitions(total, coding.names), violations=violations)


def _counts(walk: Walk, asked: Paths, names: pa.Array) -> pa.Table:
    is_anchor = np.full(len(names) + 1, asked.anchors is None)
    if asked.anchors is not None:
        is_anchor[1:] = pc.is_in(names, pa.array(sorted(asked.anchors), pa.string())).to_numpy(zero_copy_only=False)
    gap = UNBOUNDED if asked.gap_us is None else asked.gap_us
    keys, counts = pa.array(_keys(walk, is_anchor, gap, asked.depth, asked.is_backward)).value_counts().flatten()
    return pa.table({"key": keys, "sessions": counts})


def _transitions(total: pa.Table, names: pa.Array) -> pa.Table:
    keys = total["key"].to_numpy()
    codes = {"from_name": (keys >> NAME_BITS) & (2**NAME_BITS - 1), "to_name": keys & (2**NAME_BITS - 1)}
    found = {name: names.take(pa.array(code - 1, mask=code == 0)) for name, code in codes.items()}
    table = pa.table({"depth": pa.array(keys >> 2 * NAME_BITS), **found, "sessions": total["sessions_sum"]})
    order = [("depth", "ascending"), ("sessions", "descending"), ("from_name", "ascending"), ("to_name", "ascending")]
    return table.sort_by(order)


@compiled
def _anchor(walk: Walk, first: int, end: int, is_anchor: "Flags", is_backward: bool) -> int:
    """Where a session's path begins; -1 = nowhere."""
    for i in range(end - first):
        at = end - 1 - i if is_backward else first + i
        if is_anchor[walk.code[at]]:
            return at
    return -1


@compiled
def _keys(walk: Walk, is_anchor: "Flags", gap: int, depth: int, is_backward: bool) -> "Longs":
    """A key for each transition of each path."""
    keys = np.empty(len(walk.ts) + 1, np.int64)
    count = 0
    for i in range(len(walk.profiles)):
        first, end = walk.offsets[i], walk.offsets[i + 1]
        for at in range(first, end):
            if at + 1 < end and walk.ts[at + 1] - walk.ts[at] <= gap:
                continue
            place = _anchor(walk, first, at + 1, is_anchor, is_backward)
            level = 1
            while place >= 0 and level <= depth:
                then = place - 1 if is_backward else place + 1
                here = np.int64(walk.code[place])
                there = np.int64(walk.code[then]) if first <= then <= at else np.int64(0)
                left, right = (there, here) if is_backward else (here, there)
                keys[count] = (((level << NAME_BITS) | left) << NAME_BITS) | right
                count += 1
                level += 1
                place = then if there != 0 else -1
            first = at + 1
    return keys[:count]
