"""What people did, as columns of one scan of the events that any rule looks at: the SQL of `measuring.py`. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from sqlglot import exp

from onefold.audiences.asked import key_of_part
from onefold.audiences.conditions import Stored, Value, double, moment_of, tree_sql
from onefold.audiences.measuring import micros
from onefold.audiences.metrics import DAY_US, MAX_SUMMED, MAX_VALUES, MICROS, grain_of, span_us
from onefold.audiences.properties import TYPES
from onefold.audiences.rules import Computed
from onefold.filters.api import Condition, EventMatch, Has, Window
from onefold.kernel.instants import EPOCH, MICROSECOND, micros_of
from onefold.lake.plans import Column, Property
from onefold.lake.properties import name_of
from onefold.lake.snapshot import Snapshot
from onefold.lake.sources import Dialect, Narrowing, Source, instant

_COMPARED: Final = {"eq": exp.EQ, "ne": exp.EQ, "lt": exp.LT, "le": exp.LTE, "gt": exp.GT, "ge": exp.GTE}


@dataclass(frozen=True)
class Figured:
    """A computed trait's value, which is of one type."""

    of_type: str
    sql: exp.Expr

    def text(self) -> exp.Expr:
        return self._typed("text", "varchar")

    def number(self) -> exp.Expr:
        return self._typed("number", "double")

    def flag(self) -> exp.Expr:
        return self._typed("flag", "boolean")

    def moment(self) -> exp.Expr | None:
        return None

    def json(self) -> exp.Expr:
        return exp.cast(exp.null(), "varchar")

    def exists(self) -> exp.Expr:
        value = exp.Nullif(this=self.sql, expression=exp.Literal.string("")) if self.of_type == "text" else self.sql
        return exp.Not(this=exp.Is(this=value, expression=exp.null()))

    def _typed(self, name: str, kind: str) -> exp.Expr:
        return self.sql if name == self.of_type else exp.cast(exp.null(), kind)


class Deeds:
    """Collects figures; `joined` then gives the relations that have them, a row for each person who did anything."""

    def __init__(self, snapshot: Snapshot, dialect: Dialect, now: datetime, bucket: int | None) -> None:
        self._snapshot, self._dialect, self._now, self._bucket = snapshot, dialect, now, bucket
        self._now_us = micros_of(now)
        self._marks: dict[str, EventMatch] = {}  # its JSON → itself; in this order they are called mark_1 …
        self._values: dict[Property, str] = {}
        self._figures: dict[str, tuple[str, exp.Expr]] = {}
        self._frequent: dict[str, tuple[str, exp.Expr, str]] = {}
        self._traits: dict[str, str] = {}  # that windows begin at
        self._begins: list[int | None] = []
        self.sources: list[Source] = []

    def compared(self, asked: Computed, op: str, value: float) -> exp.Expr:
        """A figure against a number; of sums and averages in millionths, so that nothing is rounded. Never null."""
        if asked.measure in ("sum", "average"):
            found, wanted = self._summed(asked), wide(exp.convert(micros(value)), self._dialect)
            if asked.measure == "average":
                n = self._summed(asked, is_count=True)
                wanted, found = wanted * n, exp.Case().when(n.copy() > 0, found)
        else:
            found, wanted = self.value_of(asked).number(), double(value)
        compared = exp.func("coalesce", _COMPARED[op](this=found, expression=wanted), exp.false())
        return exp.Not(this=compared) if op == "ne" else compared

    def value_of(self, asked: Computed) -> Value:
        """A computed trait's value, but for `unique`."""
        match asked.measure:
            case "count":
                return Figured("number", _number(self._figure(asked, exp.Count(this=exp.Star()))))
            case "distinct":
                different = exp.Count(this=exp.Distinct(expressions=[self._value(asked)]))
                at_most = exp.func("least", different, exp.convert(MAX_VALUES))
                return Figured("number", _number(self._figure(asked, at_most, different)))
            case "sum":
                return Figured("number", _ratio(self._summed(asked), exp.convert(MICROS)))
            case "average":
                n = exp.Nullif(this=self._summed(asked, is_count=True), expression=exp.convert(0))
                return Figured("number", _ratio(self._summed(asked), exp.convert(MICROS)) / exp.cast(n, "double"))
            case "min" | "max":
                node = exp.Min if asked.measure == "min" else exp.Max
                return Figured("number", self._figure(asked, node(this=self._value(asked)), is_missing=True))
            case "first" | "last":
                moment = exp.func("struct", exp.column("ts"), exp.column("event_id"))
                picked = exp.ArgMin if asked.measure == "first" else exp.ArgMax
                value = self._value(asked)
                figure = picked(this=value, expression=moment)
                return Figured(asked.property_type, self._figure(asked, figure, is_missing=True, only_of=value))
            case "most_frequent":
                return Figured(asked.property_type, self._most_frequent(asked))
        latest = self._figure(asked, exp.Max(this=epoch_us(exp.column("ts"), self._dialect)), is_missing=True)
        days = exp.Floor(this=exp.paren(exp.cast(exp.convert(self._now_us) - latest, "double")) / double(DAY_US))
        is_later = latest.copy() > exp.convert(self._now_us)
        return Figured("number", exp.case().when(is_later, double(0)).else_(exp.cast(days, "double")))

    def lists(self, asked: Computed, leaf: Condition) -> exp.Expr:
        """Whether the different values (`unique`) hold one, or are any. Never null."""
        if not isinstance(leaf, Has):
            there = self._figure(asked, exp.Count(this=self._value(asked))) > 0
            return there if leaf.value else exp.Not(this=exp.paren(there))  # type: ignore[union-attr]  # Present
        is_text = asked.property_type == "text"
        wanted = [one for one in leaf.values if isinstance(one, str) is is_text]
        literals = [exp.Literal.string(one) if isinstance(one, str) else double(one) for one in wanted]
        is_one = exp.In(this=self._value(asked), expressions=literals) if literals else exp.false()
        held = exp.Sum(this=exp.case().when(is_one, exp.convert(1)).else_(exp.convert(0)))
        found = self._figure(asked, held) > 0
        return found if leaf.op == "has" else exp.Not(this=exp.paren(found))

    def joined(self) -> Iterator[tuple[str, exp.Select]]:
        """Relations by name, each with `profile_id`."""
        if self._figures:
            figures = (figure.as_(name) for name, figure in self._figures.values())
            marked = self._marked().subquery("marked")
            yield "did", exp.select("profile_id", *figures).from_(marked).group_by("profile_id")
        for name, where, value in self._frequent.values():
            counted = exp.select("profile_id", f"{value} AS value", "COUNT(*) AS n")
            counted = counted.from_(self._marked().subquery("marked")).where(where.copy(), f"NOT {value} IS NULL")
            rank = "ROW_NUMBER() OVER (PARTITION BY profile_id ORDER BY n DESC, value) AS place"
            ranked = exp.select("profile_id", "value", rank).from_(
                counted.group_by("profile_id", value).subquery("counted")
            )
            yield name, exp.select("profile_id", "value").from_(ranked.subquery("ranked")).where("place = 1")

    def _figure(
        self,
        asked: Computed,
        figure: exp.Expr,
        raw: exp.Expr | None = None,
        *,
        is_missing: bool = False,
        only_of: exp.Expr | None = None,
    ) -> exp.Expr:
        """A column of `did`. `raw`: the aggregate within `figure`, if that is more. `is_missing`: null of nothing.
        `only_of`: rows that have this: DuckDB's ARG_MIN passes over the others by itself, Spark's doesn't."""
        where = self._where(asked)
        if only_of is not None:
            where = exp.and_(where, exp.Not(this=exp.Is(this=only_of.copy(), expression=exp.null())))
        filtered = exp.Filter(this=(raw or figure).copy(), expression=exp.Where(this=where))
        whole = filtered if raw is None else figure.transform(lambda node: filtered if node == raw else node)
        name, _ = self._figures.setdefault(whole.sql(), (f"figure_{len(self._figures) + 1}", whole))
        column = exp.column(name, table="did")
        return column if is_missing else exp.func("coalesce", column, exp.convert(0))

    def _summed(self, asked: Computed, *, is_count: bool = False) -> exp.Expr:
        """The sum in millionths, or of how many numbers."""
        value = self._value(asked)
        micro = micro_sql(value, self._dialect)
        figure = exp.Count(this=micro) if is_count else exp.Sum(this=micro)
        return wide(self._figure(asked, figure), self._dialect)

    def _most_frequent(self, asked: Computed) -> exp.Expr:
        where, value = self._where(asked), self._value(asked).name
        key = f"{where.sql()} {value}"
        name, _, _ = self._frequent.setdefault(key, (f"frequent_{len(self._frequent) + 1}", where, value))
        return exp.column("value", table=name)

    def _where(self, asked: Computed) -> exp.Expr:
        """Which of the marked events count."""
        mark, begin = exp.column(self._mark(asked.event)), self._begin(asked.window)
        return mark if begin is None else exp.and_(mark, exp.column("ts") >= begin)

    def _begin(self, window: Window) -> exp.Expr | None:
        grain, begin_us = grain_of(window), None
        if window.last is not None:
            begin_us = (self._now_us - span_us(window.last)) // grain * grain
        if window.since is not None:
            begin_us = micros_of(datetime.combine(window.since, time(), UTC))
        self._begins.append(begin_us)
        if window.since_trait:
            name = self._traits.setdefault(window.since_trait, f"since_{len(self._traits) + 1}")
            return exp.column(name)
        return None if begin_us is None else instant(EPOCH + begin_us * MICROSECOND)

    def _mark(self, event: EventMatch) -> str:
        key = key_of_part(event)
        self._marks.setdefault(key, event)
        return f"mark_{list(self._marks).index(key) + 1}"

    def _value(self, asked: Computed) -> exp.Column:
        summed = asked.measure in ("sum", "average", "min", "max")
        wanted = Property(asked.property, "double" if summed else TYPES[asked.property_type])
        return exp.column(self._values.setdefault(wanted, f"value_{len(self._values) + 1}"))

    def _marked(self) -> exp.Select:
        """Events that any rule looks at, with what they are to each."""
        since = None
        if all(begin is not None for begin in self._begins):
            since = EPOCH + min(begin for begin in self._begins if begin is not None) * MICROSECOND
        narrowing = Narrowing(bucket=self._bucket, since=since, until=self._now + MICROSECOND)
        events = Source(self._snapshot, "events", self._dialect, narrowing)
        self.sources.append(events)
        fields = [events.field(Column(name), name) for name in ("profile_id", "ts", "event_id")]
        marks = [
            mark_sql(event, events, self._dialect, self._now).as_(f"mark_{i + 1}")
            for i, event in enumerate(self._marks.values())
        ]
        values = [events.field(wanted, wanted.name).as_(name) for wanted, name in self._values.items()]
        begins = [exp.column(name, table="begins") for name in self._traits.values()]
        query = exp.select(*fields, *marks, *values, *begins).where(any_of(list(self._marks.values()), events))
        query.set("from_", exp.From(this=events.subquery()))
        if begins:
            same = exp.column("profile_id", table="begins").eq(fields[0].copy())
            query = query.join(self._begun().subquery("begins"), on=same, join_type="left", copy=False)
        return query

    def _begun(self) -> exp.Select:
        """By person where the windows begin that a trait gives."""
        people = Source(self._snapshot, "profiles", self._dialect, Narrowing(bucket=self._bucket))
        self.sources.append(people)
        columns: list[exp.Expr] = [people.field(Column("profile_id"), "profile_id")]
        for trait, name in self._traits.items():
            moment = moment_of(Stored(people, name_of((trait,))))
            day = exp.Anonymous(this="DATE_TRUNC", expressions=[exp.Literal.string("day"), moment])
            columns.append(exp.alias_(day, name))
        query = exp.select(*columns)
        query.set("from_", exp.From(this=people.subquery()))
        return query


def wide(number: exp.Expr, dialect: Dialect) -> exp.Expr:
    """As a whole number that no sum is beyond."""
    return exp.cast(number, "int128" if dialect == "duckdb" else "decimal(38, 0)")


def micro_sql(value: exp.Expr, dialect: Dialect) -> exp.Expr:
    """A number in millionths, as `folding.micro`; null beyond what is summed."""
    bounds = exp.and_(value.copy() >= double(-MAX_SUMMED), value.copy() <= double(MAX_SUMMED))
    amount = exp.Floor(this=value.copy() * double(MICROS) + double(0.5))
    return exp.case().when(bounds, wide(exp.cast(amount, "bigint"), dialect))


def mark_sql(event: EventMatch, events: Source, dialect: Dialect, now: datetime) -> exp.Expr:
    """Whether an event matches; never null."""
    parts = [_is_of(event, events)]
    if event.where is not None:
        parts.append(tree_sql(event.where, lambda name: Stored(events, name), dialect, now))
    return exp.and_(*parts)


def any_of(events: list[EventMatch], source: Source) -> exp.Expr:
    """Whether an event is of a kind and name that any of these is."""
    named = {(event.kind, event.name): event for event in events}
    tracks = sorted(name for kind, name in named if kind == "track")
    parts = [_is_of(event, source) for (kind, _), event in named.items() if kind != "track"]
    if tracks:
        names = exp.In(this=source.field(Column("name"), "name"), expressions=[exp.Literal.string(x) for x in tracks])
        parts.append(exp.and_(source.field(Column("kind"), "kind").eq(exp.Literal.string("track")), names))
    return exp.or_(*parts)


def _is_of(event: EventMatch, events: Source) -> exp.Expr:
    kind = events.field(Column("kind"), "kind").eq(exp.Literal.string(event.kind))
    if not event.name:
        return kind
    return exp.and_(kind, events.field(Column("name"), "name").eq(exp.Literal.string(event.name)))


def epoch_us(moment: exp.Expr, dialect: Dialect) -> exp.Expr:
    """µs since 1970."""
    return exp.Anonymous(this="EPOCH_US" if dialect == "duckdb" else "UNIX_MICROS", expressions=[moment])


def _number(whole: exp.Expr) -> exp.Expr:
    return exp.cast(whole, "double")


def _ratio(total: exp.Expr, by: exp.Expr) -> exp.Expr:
    return exp.cast(total, "double") / exp.cast(by, "double")
