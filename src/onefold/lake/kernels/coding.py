"""What events stand for in a walk: a bit for each condition they meet, or a number for their name."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onefold.kernel.errors import Rejected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]

MAX_CONDITIONS = 31
"""A code has 32 bits and stays positive."""
EVERY_BIT = -1
NONE = 0


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Which events are meant: those of one of the names, and of these, those for which `where` is true.

    `where` gets a table with `columns` of `events`, any number of rows of one file, and answers with a boolean for each
    (null = no). It is called from several threads, and must be a function of each row alone.
    """

    names: frozenset[str] | None = None
    """None: any name."""
    where: "Callable[[pa.Table], pa.ChunkedArray | pa.Array] | None" = None
    columns: tuple[str, ...] = ()


class Coding(Protocol):
    """Gives each event its code; one with code 0 isn't walked."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that `allowed` needs, besides the name."""

    def of_names(self, names: pa.Array) -> "Codes":
        """The code of each name (strings)."""

    def allowed(self, table: pa.Table) -> "Codes":
        """For each row, which bits of its name's code may stay; empty = all of every row."""


def check(conditions: Iterable[Condition]) -> None:
    """Raises `Rejected` where a condition can't be asked."""
    for condition in conditions:
        if condition.names is not None and not condition.names:
            raise Rejected("A condition needs at least one event name, or none to mean any event.")


@dataclass(frozen=True)
class Bits:
    """Bit `i` of a code: the event meets condition `i`."""

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.conditions) <= MAX_CONDITIONS:
            raise Rejected(f"There must be between 1 and {MAX_CONDITIONS} conditions, not {len(self.conditions)}.")
        check(self.conditions)

    @cached_property
    def _known(self) -> pa.Array:
        named = {name for condition in self.conditions for name in condition.names or ()}
        return pa.array(sorted(named), pa.string())

    @cached_property
    def _of_known(self) -> "Codes":
        """The code of each known name, and last that of any other."""
        codes = [
            sum(1 << bit for bit, one in enumerate(self.conditions) if one.names is None or name in one.names)
            for name in [*self._known.to_pylist(), None]
        ]
        return np.array(codes, np.int32)

    @property
    def columns(self) -> tuple[str, ...]:
        """Of all conditions."""
        return tuple(dict.fromkeys(name for condition in self.conditions for name in condition.columns))

    def of_names(self, names: pa.Array) -> "Codes":
        """Which conditions each name meets, whatever their `where`."""
        places = pc.fill_null(pc.index_in(names, self._known), len(self._known))
        codes: Codes = self._of_known[places.to_numpy()]
        return codes

    def allowed(self, table: pa.Table) -> "Codes":
        """Every bit whose `where` is true or absent."""
        if all(condition.where is None for condition in self.conditions):
            return np.empty(0, np.int32)
        allowed = np.full(len(table), EVERY_BIT, np.int32)
        for bit, condition in enumerate(self.conditions):
            if condition.where is not None:
                allowed[~_flags(condition.where(table.select(condition.columns)))] &= ~np.int32(1 << bit)
        return allowed


@dataclass(frozen=True)
class NameCodes:
    """A number for each name, in the order in which they are met; the same for all files of a walk."""

    condition: Condition = field(default_factory=Condition)
    _names: list[pa.Array] = field(default_factory=lambda: [pa.array([""], pa.string())], repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of its condition."""
        return self.condition.columns

    @property
    def names(self) -> pa.Array:
        """All names met so far: of code `c` it is the one at `c - 1`."""
        return self._names[0]

    def of_names(self, names: pa.Array) -> "Codes":
        """Names never met are added."""
        with self._lock:
            places = pc.index_in(names, self._names[0])
            if places.null_count:
                self._names[0] = pa.concat_arrays([self._names[0], names.filter(pc.is_null(places))])
                places = pc.index_in(names, self._names[0])
        codes: Codes = places.to_numpy().astype(np.int32) + np.int32(1)
        if self.condition.names is not None:
            wanted = pa.array(sorted(self.condition.names), pa.string())
            codes[~pc.is_in(names, wanted).to_numpy(zero_copy_only=False)] = 0
        return codes

    def allowed(self, table: pa.Table) -> "Codes":
        """All or nothing of each row."""
        if self.condition.where is None:
            return np.empty(0, np.int32)
        return np.where(_flags(self.condition.where(table.select(self.condition.columns))), EVERY_BIT, 0).astype("i4")


def _flags(answer: "pa.ChunkedArray | pa.Array") -> "NDArray[np.bool_]":
    """The booleans of a `where`; null is no."""
    flags: NDArray[np.bool_] = np.asarray(pc.fill_null(answer, False).to_numpy(zero_copy_only=False), np.bool_)
    return flags
