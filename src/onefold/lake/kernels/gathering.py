"""Rows on their way from files into a walk, with what was taken back left out and what has moved put aside."""

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from onefold.lake.kernels.coding import EVERY_BIT, NONE, Coding
from onefold.lake.kernels.reading import Span, decoded, longs_of, steady
from onefold.lake.kernels.selecting import POSITION, Decoded, are_among, lookup_of, places_of, select
from onefold.lake.snapshot import Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]
    Codes = NDArray[np.int32]


class Heap:
    """Rows in the order in which they came, in an array that grows and may be used again."""

    def __init__(self, *, has_position: bool) -> None:
        self._rows = np.empty((0, POSITION + has_position), np.int64)
        self.count = 0

    def add(self, columns: Decoded, codes: "Codes", span: Span) -> int:
        """Appends those with a code and within the span; returns how many were not in order."""
        self.make_room(len(columns.profile))
        self.count, violations = select(columns, codes, span, self._rows, self.count)
        return violations

    def extend(self, rows: "Longs") -> None:
        """Appends rows as they are."""
        self.make_room(len(rows))
        self._rows[self.count : self.count + len(rows)] = rows
        self.count += len(rows)

    @property
    def rows(self) -> "Longs":
        """What has come; valid until more comes."""
        rows: Longs = self._rows[: self.count]
        return rows

    def make_room(self, more: int) -> None:
        """For so many rows. The compiled loops don't look for the end of an array, so there must be enough for all."""
        if (needed := self.count + more + 1) > len(self._rows):
            larger = np.empty((max(needed, 3 * len(self._rows) // 2), self._rows.shape[1]), np.int64)
            larger[: self.count] = self.rows
            self._rows = larger


class Gathering:
    """Takes tables of events in. May be used by several threads."""

    def __init__(self, snapshot: Snapshot, coding: Coding, span: Span, *, by_position: bool) -> None:
        self._coding, self._span = coding, span
        self.by_position = by_position
        positions = np.unique(longs_of(snapshot.gone, "position"))
        self._gone = lookup_of(positions)
        self.gone_span = (int(positions[0]), int(positions[-1]) + 1) if len(positions) else (0, 0)
        self._withheld = lookup_of(np.unique(longs_of(snapshot.withheld, "fragment_id")))
        overrides = snapshot.overrides
        fragments, firsts = np.unique(longs_of(overrides, "fragment_id"), return_index=True)
        self._moved = lookup_of(fragments)
        self._present = longs_of(overrides, "profile_id")[firsts]
        self._receivers = lookup_of(np.unique(self._present))
        self._aside = Heap(has_position=by_position)
        self._lock = threading.Lock()

    @property
    def columns(self) -> tuple[str, ...]:
        """What tables must have; `position` is also asked of files that hold one in `gone_span`."""
        columns = ["profile_id", "ts", "name", *self._coding.columns]
        if self.by_position:
            columns.append("position")
        if len(self._present) or len(self._withheld.keys):
            columns.append("fragment_id")
        return tuple(dict.fromkeys(columns))

    @property
    def aside(self) -> "Longs":
        """Rows of profiles that fragments have moved to, whatever bucket they were in."""
        return self._aside.rows

    def heap(self) -> Heap:
        """An empty one."""
        return Heap(has_position=self.by_position)

    def take(self, table: pa.Table, into: Heap, *, is_hot: bool = False) -> int:
        """Adds the table's rows, or puts them aside; returns how many were not in order. `gone` tells of files only."""
        columns, codes = decoded(table, self._coding)
        if not is_hot and self.gone_span[0] < self.gone_span[1] and len(columns.position):
            columns = _without(columns, are_among(self._gone, columns.position))
        if len(self._withheld.keys):
            columns = _without(columns, are_among(self._withheld, longs_of(table, "fragment_id")))
        if len(self._present):
            columns = self._put_aside(columns, longs_of(table, "fragment_id"), codes)
        return into.add(columns, codes, self._span)

    def _put_aside(self, columns: Decoded, fragments: "Longs", codes: "Codes") -> Decoded:
        places = places_of(self._moved, fragments)
        is_aside = (places >= 0) | (places_of(self._receivers, columns.profile) >= 0)
        if not is_aside.any():
            return columns
        present = np.where(places >= 0, self._present[places], columns.profile)
        moved = Decoded(*map(partial(_those, is_aside), columns._replace(profile=present)))
        with self._lock:
            self._aside.add(moved, codes, self._span)
        return _without(columns, is_aside)


def _those(which: "NDArray[np.bool_]", column: Any) -> Any:  # noqa: ANN401 an array of longs or of codes
    return steady(column[which]) if len(column) else column


def _without(columns: Decoded, left_out: "NDArray[np.bool_]") -> Decoded:
    """They stay, so that their order is checked, but nothing of them is allowed."""
    allowed = columns.allowed.copy() if len(columns.allowed) else np.full(len(columns.profile), EVERY_BIT, np.int32)
    allowed[left_out] = NONE
    return columns._replace(allowed=steady(allowed))
