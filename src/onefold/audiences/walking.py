"""Sequences in bulk: the query of the events that matter to any of them, and the kernel that walks those, in either
engine. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from onefold.audiences.asked import key_of_part
from onefold.audiences.deeds import any_of, mark_sql
from onefold.audiences.measuring import Way, moments_of, parts_of
from onefold.filters.api import EventMatch, Sequence
from onefold.kernel.instants import EPOCH, MICROSECOND, micros_of
from onefold.lake.compile import Walked
from onefold.lake.plans import Column
from onefold.lake.snapshot import Snapshot
from onefold.lake.sources import Dialect, Narrowing, Source

if TYPE_CHECKING:
    import pyarrow as pa

MAX_MARKS: Final = 62
"""Kinds of events that one walk tells apart: bits of a whole number."""


@dataclass
class _Walk:
    """Sequences that are looked for in one pass. `marks`: JSON of an event → itself; its place is its bit."""

    marks: dict[str, EventMatch] = field(default_factory=dict)
    asked: list[Sequence] = field(default_factory=list)


class Walks:
    """Collects sequences; `relations` then gives those of the people who have them. As few passes as can be."""

    def __init__(self, snapshot: Snapshot, dialect: Dialect, now: datetime, bucket: int | None) -> None:
        self._snapshot, self._dialect, self._now, self._bucket = snapshot, dialect, now, bucket
        self._walks: list[_Walk] = []
        self._places: dict[str, tuple[int, int]] = {}

    def found(self, asked: Sequence) -> exp.Select:
        """`profile_id` of those who have such a sequence."""
        key = key_of_part(asked)
        if key not in self._places:
            self._places[key] = self._add(asked)
        walk, place = self._places[key]
        return exp.select("profile_id").from_(f"walked_{walk + 1}").where(f"place = {place}")

    def relations(self) -> Mapping[str, Walked]:
        """By name."""
        return {f"walked_{i + 1}": self._walked(walk) for i, walk in enumerate(self._walks)}

    def _add(self, asked: Sequence) -> tuple[int, int]:
        marks = {key_of_part(event): event for event in parts_of(asked)}
        if not self._walks or len(self._walks[-1].marks | marks) > MAX_MARKS:
            self._walks.append(_Walk())
        walk = self._walks[-1]
        walk.marks |= marks
        walk.asked.append(asked)
        return len(self._walks) - 1, len(walk.asked) - 1

    def _walked(self, walk: _Walk) -> Walked:
        now_us = micros_of(self._now)
        begin = EPOCH + min(Way(asked, moments_of(asked)).since(now_us) for asked in walk.asked) * MICROSECOND
        narrowing = Narrowing(since=begin, until=self._now + MICROSECOND, bucket=self._bucket)
        events = Source(self._snapshot, "events", self._dialect, narrowing)
        steps: exp.Expr = exp.convert(0)
        for i, event in enumerate(walk.marks.values()):
            is_met = mark_sql(event, events, self._dialect, self._now)
            steps = steps + exp.case().when(is_met, exp.cast(exp.convert(1 << i), "bigint")).else_(exp.convert(0))
        fields = [events.field(Column(name), name) for name in ("profile_id", "ts")]
        inner = exp.select(*fields, exp.cast(exp.paren(steps), "bigint").as_("steps"))
        inner = inner.where(any_of(list(walk.marks.values()), events))
        inner.set("from_", exp.From(this=events.subquery()))
        query = exp.select("profile_id", "ts", "steps").from_(inner.subquery("marked")).where("steps > 0")
        return Walked(query=query, files={"events": events.files()}, finder=_finder(walk, now_us))


def _finder(walk: _Walk, now_us: int) -> "Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]":
    bit_of = {key: bit for bit, key in enumerate(walk.marks)}
    found_by = []
    for asked in walk.asked:
        way, bits = Way(asked, moments_of(asked)), tuple(bit_of[key_of_part(event)] for event in parts_of(asked))
        limits = (tuple(way.within), tuple(way.without), way.follows, way.idle_us)
        found_by.append((limits, way.since(now_us), bits))

    def found(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        from onefold.lake.engines.walking import Wanted, people_with
        from onefold.lake.kernels.sequences import rules_of

        yield from people_with(
            batches, [Wanted(rules_of(*limits, now_us), since_us, bits) for limits, since_us, bits in found_by]
        )

    return found
