"""From a plan and a snapshot to one query, which both engines' SQL is written from. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from sqlglot import exp

from onefold.lake.conditions import check_instant, compile_condition
from onefold.lake.deeds import compile_profiles_who
from onefold.lake.periods import period_of
from onefold.lake.plans import (
    Aggregate,
    Asked,
    Column,
    Condition,
    Funnel,
    Metric,
    Order,
    Output,
    Plan,
    PlanRejected,
    ProfilesWho,
    Property,
    Retention,
    Rows,
    TimeBucket,
)
from onefold.lake.snapshot import File, Snapshot
from onefold.lake.sources import Dialect, Narrowing, Source, instant

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBERS: Final = ("integer", "long", "double")
_ORDERED: Final = (*_NUMBERS, "string", "timestamp")
_NEWEST: Final = ("ts", "event_id", "position")


@dataclass(frozen=True, kw_only=True)
class Walked:
    """People found by walking through their events: a relation of `profile_id`, and `place`, of what was looked for.

    `query`: `profile_id`, `ts`, and `steps`, the bits of what an event is. `finder`: from its rows, sorted by the first
    two and never cut within a person across calls, the relation's.
    """

    query: exp.Query
    files: Mapping[str, tuple[File, ...]]
    finder: "Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]"


class Compilable(Protocol):
    """A plan of another slice, which knows how it is asked."""

    def compiled(self, snapshot: Snapshot, dialect: Dialect) -> "Compiled":
        """The query. Raises Rejected."""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A query, what it reads and what it gives."""

    query: exp.Query
    dialect: Dialect
    files: Mapping[str, tuple[File, ...]]
    """Table → the files that may hold what is asked: the relation `<table>_files`."""
    schema: Mapping[str, str]
    """The answer's columns and their types, as `tables.Column` names them, and `date`."""
    walks: Mapping[str, Walked] = field(default_factory=dict)
    """Relations that must be made before, by name."""
    given: "Mapping[str, pa.Table]" = field(default_factory=dict)
    """Relations that come with the question."""

    def sql(self) -> str:
        """In the engine's dialect."""
        return self.query.sql(dialect=self.dialect, pretty=True)

    def relations(self) -> frozenset[str]:
        """Names of the parts of the snapshot that it reads."""
        queries = (self.query, *(walked.query for walked in self.walks.values()))
        return frozenset(table.name for query in queries for table in query.find_all(exp.Table))

    def all_files(self) -> dict[str, tuple[File, ...]]:
        """Of the query and of what must be made before it."""
        files: dict[str, dict[str, File]] = {}
        for part in (self.files, *(walked.files for walked in self.walks.values())):
            for name, of_table in part.items():
                files.setdefault(name, {}).update((file.uri, file) for file in of_table)
        return {name: tuple(found.values()) for name, found in files.items()}


def compile_plan(plan: Plan | Compilable, snapshot: Snapshot, dialect: Dialect) -> Compiled:
    """The query that answers a plan; of a funnel the one that its kernel walks. Raises PlanRejected."""
    match plan:
        case Aggregate():
            return _aggregate(plan, snapshot, dialect)
        case Rows():
            return _rows(plan, snapshot, dialect)
        case Retention():
            return _retention(plan, snapshot, dialect)
        case ProfilesWho():
            query, sources = compile_profiles_who(plan, snapshot, dialect)
            return _compiled(query, {"profiles" if plan.is_count else "profile_id": "long"}, *sources)
        case Funnel():
            return _steps(plan, snapshot, dialect)
    return plan.compiled(snapshot, dialect)


def _aggregate(plan: Aggregate, snapshot: Snapshot, dialect: Dialect) -> Compiled:
    source = _source(plan, plan.table, snapshot, dialect)
    _check_names((*plan.dimensions, *plan.metrics))
    values, schema = [], {}
    for i, output in enumerate(plan.dimensions):
        value, schema[output.name] = _value(output, source, f"dimensions[{i}]")
        values.append(value.as_(output.name))
    for i, metric in enumerate(plan.metrics):
        value, schema[metric.name] = _metric(metric, source, f"metrics[{i}]")
        values.append(value.as_(metric.name))
    query = _filtered(exp.select(*values), plan.where, source)
    if plan.dimensions:
        places = range(1, len(plan.dimensions) + 1)
        query = query.group_by(*(exp.Literal.number(place) for place in places), copy=False)
        query = query.order_by(*_order(plan.order, tuple(schema), len(plan.dimensions)), copy=False)
    else:
        tuple(_order(plan.order, tuple(schema), 0))
    return _compiled(query.limit(plan.limit, copy=False), schema, source)


def _rows(plan: Rows, snapshot: Snapshot, dialect: Dialect) -> Compiled:
    source = _source(_until_mark(plan), plan.table, snapshot, dialect)
    _check_names(plan.columns)
    values, schema = [], {}
    for i, output in enumerate(plan.columns):
        value, schema[output.name] = _value(output, source, f"columns[{i}]")
        values.append(value.as_(output.name))
    order = [*_order(plan.order, tuple(schema), 0)]
    # the table's own order makes it whole, so that an answer is the same every time
    keys = _NEWEST if source.is_events else source.table.sorted_by
    order += [_ordered(source.field(Column(key), "order"), source.is_events) for key in keys]
    query = _filtered(exp.select(*values), plan.where, source)
    if plan.before:
        ts, event_id = source.field(Column("ts"), "before"), source.field(Column("event_id"), "before")
        moment, mark = instant(plan.before.ts), exp.Unhex(this=exp.Literal.string(plan.before.event_id))
        query = query.where(exp.or_(ts < moment, exp.and_(ts.copy().eq(moment.copy()), event_id < mark)), copy=False)
    return _compiled(query.order_by(*order, copy=False).limit(plan.limit, copy=False), schema, source)


def _until_mark(plan: Rows) -> Rows:
    """Without the time after its mark, so that no file is read for that."""
    if plan.before is None:
        return plan
    if plan.table != "events":
        raise PlanRejected(f"before: only events have an order in time, {plan.table} have none.")
    check_instant(plan.before.ts, "before.ts")
    after = plan.before.ts + timedelta(microseconds=1)
    check_instant(plan.until, "until")
    return msgspec.structs.replace(plan, until=min(after, plan.until or after))


def _retention(plan: Retention, snapshot: Snapshot, dialect: Dialect) -> Compiled:
    """First what each profile did in each week, then each profile's first week over those few rows."""
    source = _source(plan, "events", snapshot, dialect)
    week = period_of(source.field(Column("ts"), "ts"), TimeBucket("week", plan.time_zone), dialect, "retention")
    did = {
        "n_first": _count_where(plan.first, source, "first"),
        "n_returned": _count_where(plan.returned, source, "returned"),
    }
    weekly = _filtered(
        exp.select(source.field(Column("profile_id"), "profile_id"), week.as_("week_of")).select(
            *(count.as_(name) for name, count in did.items())
        ),
        plan.where,
        source,
    ).group_by("1", "2", copy=False)
    weekly.set("from_", exp.From(this=source.subquery()))
    cohort = "MIN(CASE WHEN n_first > 0 THEN week_of END) OVER (PARTITION BY profile_id) AS cohort"
    weeks = exp.select("week_of", "n_returned", cohort).from_(weekly.subquery("weekly"))
    number = exp.DateDiff(this=exp.column("week_of"), expression=exp.column("cohort"), unit=exp.var("day"))
    numbered = (
        exp.select("cohort", "n_returned", exp.cast(number / 7, "bigint").as_("week"))
        .from_(weeks.subquery("cohorts"))
        .where("week_of >= cohort")
    )
    query = (
        exp.select("cohort", "week", "COUNT(*) FILTER (WHERE week = 0) AS joined")
        .select("COUNT(*) FILTER (WHERE n_returned > 0) AS returned")
        .from_(numbered.subquery("numbered"))
        .where(f"(n_returned > 0 OR week = 0) AND week <= {plan.weeks}")
        .group_by("cohort", "week")
        .order_by(_ordered(exp.column("cohort"), False), _ordered(exp.column("week"), False))
    )
    schema = {"cohort": "date", "week": "long", "joined": "long", "returned": "long"}
    return Compiled(query=query, dialect=dialect, files={"events": source.files()}, schema=schema)


def _steps(plan: Funnel, snapshot: Snapshot, dialect: Dialect) -> Compiled:
    """Events that are a step, each with the steps it is: bit 0 the first."""
    source = _source(plan, "events", snapshot, dialect)
    bits = [
        exp.case().when(compile_condition(step, source, f"steps[{i}]"), exp.convert(1 << i)).else_(exp.convert(0))
        for i, step in enumerate(plan.steps)
    ]
    steps: exp.Expr = bits[0]
    for bit in bits[1:]:
        steps = steps + bit
    fields = [source.field(Column(name), name) for name in ("profile_id", "ts")]
    inner = _filtered(exp.select(*fields, exp.cast(steps, "bigint").as_("steps")), plan.where, source)
    inner.set("from_", exp.From(this=source.subquery()))
    query = exp.select("profile_id", "ts", "steps").from_(inner.subquery("marked")).where("steps > 0")
    schema = {"profile_id": "long", "ts": "timestamp", "steps": "long"}
    return Compiled(query=query, dialect=dialect, files={"events": source.files()}, schema=schema)


def _source(plan: Asked, table: str, snapshot: Snapshot, dialect: Dialect) -> Source:
    check_instant(plan.since, "since")
    check_instant(plan.until, "until")
    if table != "events" and (plan.since or plan.until):
        raise PlanRejected(f"since, until: only events are narrowed by time, {table} have none.")
    narrowing = Narrowing(since=plan.since, until=plan.until, profiles=plan.profiles)
    return Source(snapshot, table, dialect, narrowing)


def _filtered(query: exp.Select, where: Condition | None, source: Source) -> exp.Select:
    if source.narrowing.profiles is not None and source.has_moves():
        wanted = [exp.convert(profile) for profile in source.narrowing.profiles]
        column = source.field(Column("profile_id"), "profiles")
        query = query.where(exp.In(this=column, expressions=wanted) if wanted else exp.false(), copy=False)
    if where is not None:
        query = query.where(compile_condition(where, source, "where"), copy=False)
    return query


def _value(output: Output, source: Source, at: str) -> tuple[exp.Expr, str]:
    """A column of the answer and its type."""
    if isinstance(output.field, Column | Property):
        return source.field(output.field, f"{at}.field"), source.kind(output.field, f"{at}.field")
    column = Column(output.field.column)
    if (kind := source.kind(column, f"{at}.field.column")) != "timestamp":
        raise PlanRejected(f"{at}.field.column: must be an instant, {column.name!r} is {kind}.")
    moment = source.field(column, f"{at}.field.column")
    begin = period_of(moment, output.field, source.dialect, f"{at}.field")
    return begin, "timestamp" if output.field.unit == "hour" else "date"


def _metric(metric: Metric, source: Source, at: str) -> tuple[exp.Expr, str]:
    """A figure and its type."""
    if metric.kind == "count":
        if metric.field is not None:
            raise PlanRejected(f"{at}.field: count takes none; ask with `where` for rows that have a value.")
        return _where(exp.Count(this=exp.Star()), metric, source, at), "long"
    if metric.field is None:
        raise PlanRejected(f"{at}.field: {metric.kind} needs one.")
    column, kind = source.field(metric.field, f"{at}.field"), source.kind(metric.field, f"{at}.field")
    allowed = {"distinct": (*_ORDERED, "boolean", "binary"), "min": _ORDERED, "max": _ORDERED}.get(
        metric.kind, _NUMBERS
    )
    if kind not in allowed:
        raise PlanRejected(f"{at}.field: {metric.kind} takes {', '.join(allowed)}, {metric.field.name!r} is {kind}.")
    match metric.kind:
        case "distinct":
            return _where(exp.Count(this=exp.Distinct(expressions=[column])), metric, source, at), "long"
        case "sum":
            total = _where(exp.Sum(this=column), metric, source, at)
            return (total, "double") if kind == "double" else (exp.cast(total, "bigint"), "long")
        case "avg":
            return _where(exp.Avg(this=column), metric, source, at), "double"
        case "min" | "max":
            node = exp.Min if metric.kind == "min" else exp.Max
            return _where(node(this=column), metric, source, at), kind
        case "quantile":
            name = "QUANTILE_CONT" if source.dialect == "duckdb" else "PERCENTILE"
            arguments = [exp.cast(column, "double"), exp.convert(metric.share)]
            return _where(exp.Anonymous(this=name, expressions=arguments), metric, source, at), "double"


def _where(figure: exp.Expr, metric: Metric, source: Source, at: str) -> exp.Expr:
    if metric.where is None:
        return figure
    condition = compile_condition(metric.where, source, f"{at}.where")
    return exp.Filter(this=figure, expression=exp.Where(this=condition))


def _count_where(condition: Condition | None, source: Source, at: str) -> exp.Expr:
    return _where(exp.Count(this=exp.Star()), Metric(at, where=condition), source, "retention")


def _order(order: tuple[Order, ...], names: tuple[str, ...], n_keys: int) -> Iterator[exp.Expr]:
    """By place in the answer, which names nothing else; then by the first `n_keys` columns, so that it is whole."""
    chosen: dict[int, bool] = {}
    for i, one in enumerate(order):
        if one.name not in names:
            raise PlanRejected(f"order[{i}].name: must be one of {', '.join(names)}, is {one.name!r}.")
        chosen.setdefault(names.index(one.name) + 1, one.is_descending)
    for place in range(1, n_keys + 1):
        chosen.setdefault(place, False)
    for place, is_descending in chosen.items():
        yield _ordered(exp.Literal.number(place), is_descending)


def _ordered(value: exp.Expr, is_descending: bool) -> exp.Expr:
    return exp.Ordered(this=value, desc=is_descending, nulls_first=False)


def _check_names(outputs: Sequence[Output | Metric]) -> None:
    names = [output.name for output in outputs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PlanRejected(f"Each column of the answer needs a name of its own; twice there is: {', '.join(twice)}.")


def _compiled(query: exp.Query, schema: Mapping[str, str], *sources: Source) -> Compiled:
    """With the rows that the query reads put in, now that it is known which columns those need."""
    for source in sources:
        if isinstance(query, exp.Select) and not query.args.get("from_"):
            query.set("from_", exp.From(this=source.subquery()))
    files = {source.table.name: source.files() for source in sources}
    return Compiled(query=query, dialect=sources[0].dialect, files=files, schema=schema)
