"""What events of before said, as the stream would have folded them: a plan for each metric. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from onefold.audiences.conditions import double
from onefold.audiences.deeds import any_of, epoch_us, mark_sql, micro_sql, wide
from onefold.audiences.folding import Buckets, bounded
from onefold.audiences.metrics import EVER, HOUR_US, Kept, Metric, Moments, coarse_from, horizon_of, unit_of
from onefold.audiences.properties import TYPES
from onefold.audiences.series import Series, flat
from onefold.kernel.instants import EPOCH, MICROSECOND, micros_of
from onefold.lake.compile import Compiled
from onefold.lake.plans import Column, Property
from onefold.lake.snapshot import Snapshot
from onefold.lake.sources import Dialect, Narrowing, Source

if TYPE_CHECKING:
    import pyarrow as pa

_SUMMED: Final = ("sum", "extremes")


@dataclass(frozen=True, kw_only=True)
class Older:
    """A plan: buckets of a metric by fragment, of events up to a position. `fragment_id`, `bucket`, and what is in it.

    Sorted by fragment. One scan of the events whose time is within the metric's horizon.
    """

    kept: Kept
    until: int
    now: datetime

    def compiled(self, snapshot: Snapshot, dialect: Dialect) -> Compiled:
        """As engines ask a plan."""
        horizon = horizon_of(self.kept)
        since = None if horizon is None else EPOCH + (micros_of(self.now) - horizon - HOUR_US) * MICROSECOND
        events = Source(snapshot, "events", dialect, Narrowing(since=since))
        is_before = events.field(Column("position"), "position") <= exp.convert(self.until)
        if isinstance(self.kept, Moments):
            query, schema = _moments(self.kept, events, dialect, self.now)
        else:
            query, schema = _buckets(self.kept, events, dialect, self.now)
        query = query.where(is_before, copy=False)
        query.set("from_", exp.From(this=events.subquery()))
        query = query.order_by(exp.Ordered(this=exp.column("fragment_id"), nulls_first=False), copy=False)
        return Compiled(query=query, dialect=dialect, files={"events": events.files()}, schema=schema)


def buckets_by_fragment(kept: Kept, table: "pa.Table") -> Iterator[tuple[int, Buckets | Series]]:
    """From the plan's answer what each fragment's buckets hold."""
    read = _READERS["moments" if isinstance(kept, Moments) else kept.fold]
    for fragment, rows in groupby(_rows(table), key=lambda row: row[0]):
        yield fragment, read(row[1:] for row in rows)


def _rows(table: "pa.Table") -> Iterator[tuple[Any, ...]]:
    for batch in table.to_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _moments(kept: Moments, events: Source, dialect: Dialect, now: datetime) -> tuple[exp.Select, dict[str, str]]:
    bits: exp.Expr = exp.convert(0)
    for i, event in enumerate(kept.events):
        is_met = mark_sql(event, events, dialect, now)
        bits = bits + exp.case().when(is_met, exp.convert(1 << i)).else_(exp.convert(0))
    bits = exp.cast(exp.paren(bits), "bigint")
    ts = epoch_us(events.field(Column("ts"), "ts"), dialect)
    query = exp.select(events.field(Column("fragment_id"), "fragment_id"), ts.as_("bucket"), bits.as_("bits"))
    query = query.where(any_of(list(kept.events), events), bits.copy() > 0)
    return query, {"fragment_id": "long", "bucket": "long", "bits": "long"}


def _buckets(kept: Metric, events: Source, dialect: Dialect, now: datetime) -> tuple[exp.Select, dict[str, str]]:
    moment = events.field(Column("ts"), "ts")
    ts, fragment = epoch_us(moment, dialect), events.field(Column("fragment_id"), "fragment_id")
    bucket = exp.convert(0) if kept.grain_us == EVER else _bucket(kept, ts, micros_of(now))
    value: exp.Expr = exp.null()
    conditions = [mark_sql(kept.event, events, dialect, now)]
    if kept.property:
        kind = "double" if kept.fold in _SUMMED else TYPES[kept.value_type]
        value = events.field(Property(kept.property, kind), kept.property)
        conditions.append(exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())))
    at = exp.func("struct", moment, events.field(Column("event_id"), "event_id"))
    columns, keys = _figures(kept, value, ts, at, dialect)
    query = exp.select(fragment, bucket.as_("bucket"), *(sql.as_(name) for name, (sql, _) in columns.items()))
    query = query.where(*conditions).group_by(*(exp.Literal.number(place) for place in (1, 2, *keys)))
    return query, {"fragment_id": "long", "bucket": "long", **{name: kind for name, (_, kind) in columns.items()}}


def _bucket(kept: Metric, ts: exp.Expr, now_us: int) -> exp.Expr:
    """Its number, as the stream has it when it makes older ones coarser."""
    unit = unit_of(kept)
    coarse = coarse_from(kept, now_us)
    if not coarse:
        return _floored(ts, unit)
    found = exp.case()
    for before, grain in coarse:
        found = found.when(ts.copy() < exp.convert(before), _floored(ts, grain) * exp.convert(grain // unit))
    return exp.cast(found.else_(_floored(ts, unit)), "bigint")


def _floored(ts: exp.Expr, grain_us: int) -> exp.Expr:
    # by floor, not by a division that rounds towards 0: there are events before 1970
    return exp.cast(exp.Floor(this=exp.paren(exp.cast(ts.copy(), "double") / double(grain_us))), "bigint")


def _figures(
    kept: Metric, value: exp.Expr, ts: exp.Expr, at: exp.Expr, dialect: Dialect
) -> tuple[dict[str, tuple[exp.Expr, str]], tuple[int, ...]]:
    """Columns and their types; places of those that are grouped by."""
    count = exp.Count(this=exp.Star())
    kind = TYPES[kept.value_type]
    match kept.fold:
        case "count":
            return {"n": (count, "long")}, ()
        case "sum":
            micro = micro_sql(value, dialect)
            total = exp.cast(wide(exp.Sum(this=micro), dialect), "varchar")
            return {"n": (exp.Count(this=micro.copy()), "long"), "total": (total, "string")}, ()
        case "extremes":
            return {"least": (exp.Min(this=value), "double"), "greatest": (exp.Max(this=value.copy()), "double")}, ()
        case "values":
            return {"value": (value, kind), "n": (count, "long")}, (3,)
        case "latest":
            return {"latest": (exp.Max(this=ts), "long")}, ()
    picked = exp.ArgMin if kept.fold == "first" else exp.ArgMax
    event_id = exp.column("event_id", table="events")
    figures: dict[str, tuple[exp.Expr, str]] = {
        "ts": (exp.Min(this=ts) if kept.fold == "first" else exp.Max(this=ts), "long"),
        "event_id": (picked(this=event_id, expression=at), "binary"),
        "value": (picked(this=value, expression=at.copy()), kind),
    }
    return figures, ()


def _sums(rows: Iterable[tuple[Any, ...]]) -> Series:
    return flat((bucket, n, int(total)) for bucket, n, total in rows if n)


def _values(rows: Iterable[tuple[Any, ...]]) -> Buckets:
    buckets: Buckets = {}
    for bucket, value, n in rows:
        buckets.setdefault(bucket, {})[value] = n
    return {bucket: bounded(values) for bucket, values in buckets.items()}


def _single(rows: Iterable[tuple[Any, ...]]) -> Buckets:
    return {row[0]: row[1] for row in rows}


def _several(rows: Iterable[tuple[Any, ...]]) -> Buckets:
    return {row[0]: list(row[1:]) for row in rows}


_READERS: Final[dict[str, Callable[[Iterable[tuple[Any, ...]]], Buckets | Series]]] = {
    "count": flat, "sum": _sums, "extremes": _several, "values": _values, "first": _several, "last": _several,
    "latest": _single, "moments": flat,
}  # fmt: skip
