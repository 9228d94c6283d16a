"""Which rows of a file are walked, and what each stands for: compiled loops over its columns."""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from onefold.lake.kernels.compiling import compiled

PROFILE: Final = 0
TS: Final = 1
CODE: Final = 2
POSITION: Final = 3
"""Columns of *rows*: a table of int64 in which an event's values lie side by side, as merging reads from many places.

`ts`: µs since 1970. `code`: what the event is, never 0. `position` may be left out.
"""

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]
    Codes = NDArray[np.int32]
    Flags = NDArray[np.bool_]


class Decoded(NamedTuple):
    """Columns of a file. `name`: its place among the file's names; `allowed`: bits that may stay, empty = all."""

    profile: "Longs"
    ts: "Longs"
    name: "Codes"
    allowed: "Codes"
    position: "Longs"


class Lookup(NamedTuple):
    """A hash table: `slots` holds 1 + the place in `keys`, 0 = free; a power of two of them, at most half in use."""

    keys: "Longs"
    slots: "Codes"


_SPREAD = -7046029254386353131  # 2^64 / golden ratio: Fibonacci hashing, Knuth volume 3, 6.4


def lookup_of(keys: "Longs") -> Lookup:
    """Of distinct keys."""
    size = 1 << max(4, int(2 * len(keys)).bit_length())
    return Lookup(keys, _slots_of(keys, size))


@compiled
def _slots_of(keys: "Longs", size: int) -> "Codes":
    slots = np.zeros(size, np.int32)
    for i in range(len(keys)):
        at = ((keys[i] * _SPREAD) >> 20) & (size - 1)
        while slots[at] != 0:
            at = (at + 1) & (size - 1)
        slots[at] = i + 1
    return slots


@compiled
def _find(lookup: Lookup, key: int) -> int:
    """Its place in `keys`, -1 = not there."""
    last = len(lookup.slots) - 1
    at = ((key * _SPREAD) >> 20) & last
    while lookup.slots[at] != 0:
        if lookup.keys[lookup.slots[at] - 1] == key:
            return int(lookup.slots[at] - 1)
        at = (at + 1) & last
    return -1


@compiled
def are_among(lookup: Lookup, values: "Longs") -> "Flags":
    """Which of the values the table has."""
    found = np.zeros(len(values), np.bool_)
    for i in range(len(values)):
        found[i] = _find(lookup, values[i]) >= 0
    return found


@compiled
def places_of(lookup: Lookup, values: "Longs") -> "Longs":
    """The place of each value among the keys, -1 = not there. Values that repeat are looked up once."""
    places = np.empty(len(values), np.int64)
    for i in range(len(values)):
        if i > 0 and values[i] == values[i - 1]:
            places[i] = places[i - 1]
        else:
            places[i] = _find(lookup, values[i])
    return places


@compiled
def select(given: Decoded, codes: "Codes", span: tuple[int, int], into: "Longs", at: int) -> tuple[int, int]:
    """Writes the rows that have a code and lie within the span (its end exclusive) to `into` from `at` on.

    Every row is written, and the next goes over one that is not kept, which costs less than branching: `into` needs
    room for one row more than may come. Returns where the next would go, and how many of those given came before their
    predecessor in the order of (profile, ts).
    """
    violations = 0
    since, until = span
    is_narrowed = len(given.allowed) > 0
    has_position = into.shape[1] > POSITION
    last_profile = last_ts = np.int64(-(2**63))
    for i in range(len(given.profile)):
        profile, ts = given.profile[i], given.ts[i]
        violations += (profile < last_profile) | ((profile == last_profile) & (ts < last_ts))
        last_profile, last_ts = profile, ts
        code = codes[given.name[i]]
        if is_narrowed:
            code &= given.allowed[i]
        into[at, PROFILE] = profile
        into[at, TS] = ts
        into[at, CODE] = code
        if has_position:
            into[at, POSITION] = given.position[i]
        at += (code != 0) & (since <= ts) & (ts < until)
    return at, violations
