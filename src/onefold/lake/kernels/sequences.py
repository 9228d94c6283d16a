"""Who did one thing after another in time, with something else not between."""

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

MAX_STEPS: Final = 16
UNBOUNDED: Final = 2**62
NEVER: Final = -(2**62)


@dataclass(frozen=True, kw_only=True)
class SequenceStep:
    """An event that meets `event`, at the latest `within_us` after the step before (None: whenever), and with no event
    that meets `without` at a time between the two; one at the very time of either isn't between."""

    event: Condition
    within_us: int | None = None
    without: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """Steps that different events of a profile take one after another, all within `window_us` (None: ever).

    Unlike in a funnel an event takes one step only, so that the same step twice means two events. Equal times have no
    order of their own: events go by the first step that they fit, and by what else they fit. Bounds are inclusive.
    """

    steps: tuple[SequenceStep, ...]
    window_us: int | None = None
    since: datetime | None = None
    """Events from here on count; aware. None: all."""
    until: datetime | None = None
    """Events before it count."""

    def __post_init__(self) -> None:
        if not 0 < len(self.steps) <= MAX_STEPS:
            raise Rejected(f"A sequence has between 1 and {MAX_STEPS} steps, not {len(self.steps)}.")
        if self.steps[0].within_us is not None or self.steps[0].without is not None:
            raise Rejected(
                "Before the first step of a sequence there is nothing: it has no time limit, and no exclusion."
            )
        if any(limit is not None and limit < 0 for limit in (self.window_us, *(s.within_us for s in self.steps))):
            raise Rejected("A time limit of a sequence can't be negative.")


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Who did it: ids, ascending. `violations`: rows of files that weren't in their order; the answer is right."""

    profile_ids: pa.Array
    violations: int


class Rules(NamedTuple):
    """Of each step: `within` (µs), and the bit of what excludes it, -1 = nothing. `window` of all (µs).

    `follows`: the bit of what must not come within `idle` after the last step, -1 = nothing; that time must be over at
    `now`.
    """

    within: "Longs"
    without: "Longs"
    window: int
    follows: int = -1
    idle: int = 0
    now: int = 0


def rules_of(
    within: "tuple[int, ...]", without: "tuple[int | None, ...]", follows: int | None, idle_us: int, now_us: int
) -> Rules:
    """Of a sequence without a window of its own: events outside of one are left out before."""
    return Rules(
        np.array([min(limit, UNBOUNDED) for limit in within], np.int64),
        np.array([-1 if bit is None else bit for bit in without], np.int64),
        UNBOUNDED,
        -1 if follows is None else follows,
        idle_us,
        now_us,
    )


class _State(NamedTuple):
    """For each step: when the latest way that leads there began and got there, and when its exclusion last came.

    The latest is enough: whatever excludes or outlasts it, excludes or outlasts the earlier ones too.
    """

    starts: "Longs"
    reached: "Longs"
    excluded: "Longs"


def sequence(snapshot: Snapshot, asked: Sequence, *, threads: int = 2) -> Matches:
    """Profiles with at least one such sequence. Cost and memory as of `funnel`, without its profiles and steps."""
    exclusions = [step.without for step in asked.steps if step.without is not None]
    coding = Bits((*(step.event for step in asked.steps), *exclusions))
    bits = iter(range(len(asked.steps), len(coding.conditions)))
    rules = Rules(
        np.array([UNBOUNDED if step.within_us is None else step.within_us for step in asked.steps], np.int64),
        np.array([-1 if step.without is None else next(bits) for step in asked.steps], np.int64),
        UNBOUNDED if asked.window_us is None else asked.window_us,
    )
    wanted = Wanted(coding=coding, span=span_of(asked.since, asked.until))
    parts = list(over_walks(snapshot, wanted, lambda walk: walk.profiles[matching(walk, rules)], threads))
    ids = np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in parts)])
    return Matches(profile_ids=pa.array(np.sort(ids)), violations=sum(found for _, found in parts))


@compiled
def _in_step_order(codes: "NDArray[np.int32]") -> "Longs":
    """Codes of equal times by their lowest bit, then by value."""
    if len(codes) == 1:
        return codes.astype(np.int64)
    keys = np.empty(len(codes), np.int64)
    for i in range(len(codes)):
        keys[i] = (np.int64(codes[i] & -codes[i]) << 32) | codes[i]
    keys.sort()
    return keys & 0xFFFFFFFF


@compiled
def _take(state: _State, rules: Rules, bits: np.int64, ts: np.int64) -> bool:
    """Lets an event go on with every way that it can; from the last step, so that it takes one step of a way. True if
    one got to the end."""
    is_at_end = False
    for step in range(len(rules.within) - 1, -1, -1):
        if not (bits >> step) & 1:
            continue
        if step == 0:
            state.starts[0] = state.reached[0] = ts
            is_at_end = is_at_end or len(rules.within) == 1
        elif (
            state.starts[step - 1] != NEVER
            and ts - state.starts[step - 1] <= rules.window
            and ts - state.reached[step - 1] <= rules.within[step]
            and state.excluded[step] <= state.reached[step - 1]
        ):
            state.starts[step], state.reached[step] = state.starts[step - 1], ts
            is_at_end = is_at_end or step == len(rules.within) - 1
    return is_at_end


@compiled
def _of_one_time(walk: Walk, at: int, end: int) -> tuple[int, np.int64]:
    """Where the events of the time at `at` end, and all their bits."""
    ts, every = walk.ts[at], np.int64(0)
    while at < end and walk.ts[at] == ts:
        every |= walk.code[at]
        at += 1
    return at, every


@compiled
def matching(walk: Walk, rules: Rules) -> "NDArray[np.bool_]":
    """Which profiles have a sequence."""
    steps = len(rules.within)
    found = np.zeros(len(walk.profiles), np.bool_)
    state = _State(np.empty(steps, np.int64), np.empty(steps, np.int64), np.empty(steps, np.int64))
    for i in range(len(walk.profiles)):
        at, end = walk.offsets[i], walk.offsets[i + 1]
        state.starts[:] = state.reached[:] = state.excluded[:] = NEVER
        waits = NEVER  # the first way to the end after which nothing came yet that must not
        while at < end and not found[i]:
            first, ts = at, walk.ts[at]
            at, every = _of_one_time(walk, at, end)
            if rules.follows >= 0 and (every >> rules.follows) & 1 and waits != NEVER:
                found[i] = waits + rules.idle < ts
                waits = NEVER
            is_at_end = False
            for bits in _in_step_order(walk.code[first:at]):
                is_at_end = _take(state, rules, bits, ts) or is_at_end
            if is_at_end and rules.follows < 0:
                found[i] = True
            elif is_at_end and waits == NEVER:
                waits = ts
            for step in range(steps):
                if rules.without[step] >= 0 and (every >> rules.without[step]) & 1:
                    state.excluded[step] = ts
        if waits != NEVER and waits + rules.idle < rules.now:
            found[i] = True
    return found
