"""Sequences in bulk: the query of the events that matter, and the kernel that walks them, in either engine."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from onefold.audiences.deeds import any_of, mark_sql
from onefold.audiences.measuring import Way, moments_of
from onefold.audiences.metrics import HOUR_US, span_us
from onefold.filters.api import Sequence
from onefold.kernel.instants import EPOCH, MICROSECOND, micros_of
from onefold.lake.compile import Walked
from onefold.lake.plans import Column
from onefold.lake.snapshot import Snapshot
from onefold.lake.sources import Dialect, Narrowing, Source

if TYPE_CHECKING:
    import pyarrow as pa


def walked_of(asked: Sequence, snapshot: Snapshot, dialect: Dialect, now: datetime, bucket: int | None) -> Walked:
    """Who has such a sequence: rows of `profile_id`, `ts` and `steps` (bits), and what finds people in them."""
    now_us = micros_of(now)
    begin = EPOCH + (now_us - span_us(asked.window)) // HOUR_US * HOUR_US * MICROSECOND
    events = Source(snapshot, "events", dialect, Narrowing(since=begin, until=now + MICROSECOND, bucket=bucket))
    marks = moments_of(asked).events
    steps: exp.Expr = exp.convert(0)
    for i, event in enumerate(marks):
        is_met = mark_sql(event, events, dialect, now)
        steps = steps + exp.case().when(is_met, exp.convert(1 << i)).else_(exp.convert(0))
    fields = [events.field(Column(name), name) for name in ("profile_id", "ts")]
    inner = exp.select(*fields, exp.cast(exp.paren(steps), "bigint").as_("steps")).where(any_of(list(marks), events))
    inner.set("from_", exp.From(this=events.subquery()))
    query = exp.select("profile_id", "ts", "steps").from_(inner.subquery("marked")).where("steps > 0")
    return Walked(query=query, files={"events": events.files()}, finder=_finder(asked, now_us))


def _finder(asked: Sequence, now_us: int) -> "Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]":
    way = Way(asked)
    within, without, follows, idle_us = tuple(way.within), tuple(way.without), way.follows, way.idle_us

    def found(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        from onefold.lake.engines.walking import people_with
        from onefold.lake.kernels.sequences import Rules, rules_of

        rules: Rules = rules_of(within, without, follows, idle_us, now_us)
        yield from people_with(batches, rules)

    return found
