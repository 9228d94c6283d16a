"""Conditions about a field as SQL: the same as `filters/matching.py` says in Python. Pure."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol

import msgspec
from sqlglot import exp

from onefold.filters.api import (
    DATE_PATTERN,
    MAX_DATE_CHARS,
    UNUSABLE_YEARS,
    AllOf,
    Anniversary,
    Between,
    Condition,
    Contains,
    Days,
    FilterRejected,
    Flag,
    Group,
    Has,
    Matches,
    Node,
    NoneOf,
    Number,
    OneOf,
    Present,
    Recent,
    days_ahead,
    fold_text,
)
from onefold.lake.plans import Column, Property, PropertyType
from onefold.lake.sources import RE2_FINDS, Dialect, Source, instant

_OPERATORS: Final = {"eq": exp.EQ, "ne": exp.EQ, "lt": exp.LT, "le": exp.LTE, "gt": exp.GT, "ge": exp.GTE}
_LAST_DAY: Final = date(9999, 12, 30)
"""No moment is later: of the years of `UNUSABLE_YEARS` there are only those that an offset makes."""
_SCHEMA_OF_NUMBERS: Final = "^(BIGINT|INT|SMALLINT|TINYINT|DOUBLE|FLOAT|DECIMAL.*)$"


class Value(Protocol):
    """A field of a record in a query, as any of the types that its value may have; null where it is of another."""

    def text(self) -> exp.Expr: ...

    def number(self) -> exp.Expr: ...

    def flag(self) -> exp.Expr: ...

    def moment(self) -> exp.Expr | None:
        """An instant; None: it is a text, which may be one."""

    def json(self) -> exp.Expr:
        """Its JSON text."""

    def exists(self) -> exp.Expr:
        """Neither missing, nor null, nor empty text. Never null."""


class Stored:
    """A property of an event, or a trait of a person or company. `name`: as `path_of` reads it."""

    def __init__(self, source: Source, name: str) -> None:
        self._source, self._name = source, name

    def text(self) -> exp.Expr:
        return self._typed("string")

    def number(self) -> exp.Expr:
        return self._typed("double")

    def flag(self) -> exp.Expr:
        return self._typed("boolean")

    def moment(self) -> exp.Expr | None:
        return None

    def json(self) -> exp.Expr:
        return self._source.document(self._name)

    def exists(self) -> exp.Expr:
        said = exp.func("coalesce", self.json(), exp.Literal.string("null"))
        return exp.Not(this=exp.In(this=said, expressions=[exp.Literal.string("null"), exp.Literal.string('""')]))

    def _typed(self, kind: PropertyType) -> exp.Expr:
        return self._source.field(Property(self._name, kind), self._name)


class OfColumn:
    """A column of a table: texts are never null, the empty one is no value."""

    def __init__(self, source: Source, name: str) -> None:
        self._column, self._kind = source.field(Column(name), name), source.kind(Column(name), name)

    def text(self) -> exp.Expr:
        return exp.Nullif(this=self._column, expression=exp.Literal.string(""))

    def number(self) -> exp.Expr:
        return exp.cast(exp.null(), "double")

    def flag(self) -> exp.Expr:
        return self._column

    def moment(self) -> exp.Expr | None:
        return self._column if self._kind == "timestamp" else None

    def json(self) -> exp.Expr:
        return exp.cast(exp.null(), "varchar")

    def exists(self) -> exp.Expr:
        value = self.text() if self._kind == "string" else self._column
        return exp.Not(this=exp.Is(this=value, expression=exp.null()))


def tree_sql(node: Node, value_of: Callable[[str], Value], dialect: Dialect, now: datetime) -> exp.Expr:
    """A tree whose leaves are conditions about fields. Never null."""
    if not isinstance(node, Group):
        return condition_sql(node, value_of(node.field), dialect, now)  # type: ignore[union-attr,arg-type]  # rules let nothing else in
    return grouped(node, [tree_sql(one, value_of, dialect, now) for one in node.of])


def grouped(group: Group, parts: list[exp.Expr]) -> exp.Expr:
    """The parts of a group as one."""
    if isinstance(group, AllOf):
        return exp.paren(exp.and_(*parts, wrap=True)) if parts else exp.true()
    one_of = exp.paren(exp.or_(*parts, wrap=True)) if parts else exp.false()
    return exp.Not(this=one_of) if isinstance(group, NoneOf) else one_of


def condition_sql(leaf: Condition, value: Value, dialect: Dialect, now: datetime) -> exp.Expr:
    """Whether the value meets it; never null. `now`: aware."""
    match leaf:
        case OneOf():
            found = exp.In(this=value.text(), expressions=[exp.Literal.string(one) for one in leaf.values])
            return _unless(leaf.op == "is", found)
        case Contains():
            return _contains(leaf, value, dialect)
        case Number():
            compared = _OPERATORS[leaf.op](this=value.number(), expression=double(leaf.value))
            return _unless(leaf.op != "ne", compared)
        case Between():
            low, high = value.number() >= double(leaf.low), value.number() <= double(leaf.high)
            return sure(exp.and_(low, high))
        case Flag():
            return sure(value.flag().eq(exp.convert(leaf.value)))
        case Has():
            return _unless(leaf.op == "has", _has(leaf, value, dialect))
        case Present():
            return value.exists() if leaf.value else exp.Not(this=value.exists())
        case Matches():
            return sure(_found(value.text(), exp.Literal.string(leaf.pattern), dialect))
        case Days() | Recent() | Anniversary():
            return _dated(leaf, moment_of(value), now)
    raise FilterRejected(f"An engine can't be asked this: {type(leaf).__name__}.")


def moment_of(value: Value) -> exp.Expr:
    """The instant that a value is, or that a text names; null otherwise."""
    if (moment := value.moment()) is not None:
        return moment
    text = value.text()
    is_date = exp.and_(
        exp.RegexpLike(this=text, expression=exp.Literal.string(f"^(?:{DATE_PATTERN})\\z")),
        exp.Length(this=text.copy()) <= exp.convert(MAX_DATE_CHARS),
        *(
            exp.Not(this=exp.StartsWith(this=text.copy(), expression=exp.Literal.string(year)))
            for year in UNUSABLE_YEARS
        ),
    )
    cast = exp.TryCast(this=text.copy(), to=exp.DataType.build("timestamptz"), safe=True)
    return exp.case().when(is_date, cast)


def folded(text: exp.Expr, dialect: Dialect) -> exp.Expr:
    """As `fold_text`."""
    if dialect == "spark":
        text = exp.func("replace", text, exp.Literal.string("İ"), exp.Literal.string("i"))
    return exp.func("replace", exp.Lower(this=text), exp.Literal.string("ς"), exp.Literal.string("σ"))  # noqa: RUF001  (a sigma)


def _found(text: exp.Expr, pattern: exp.Expr, dialect: Dialect) -> exp.Expr:
    """Whether RE2 finds the pattern in the text. Spark's own patterns are Java's, which mean other things and may take
    for ever: there it is asked a function of ours (`lake/engines/patterns.py`)."""
    return exp.RegexpLike(this=text, expression=pattern) if dialect == "duckdb" else _call(RE2_FINDS, text, pattern)


def _contains(leaf: Contains, value: Value, dialect: Dialect) -> exp.Expr:
    text, part = folded(value.text(), dialect), exp.Literal.string(fold_text(leaf.value))
    if leaf.op == "starts":
        return sure(exp.StartsWith(this=text, expression=part))
    return _unless(leaf.op == "contains", exp.Contains(this=text, expression=part))


def _dated(leaf: Days | Recent | Anniversary, moment: exp.Expr, now: datetime) -> exp.Expr:
    bounds: list[exp.Expr]
    by_op: dict[str, list[exp.Expr]]
    match leaf:
        case Days():
            first = datetime.combine(leaf.first, time(), UTC)
            last = datetime.combine(min(leaf.last or leaf.first, _LAST_DAY), time(), UTC) + timedelta(days=1)
            by_op = {
                "before": [moment < instant(first)],
                "after": [moment >= instant(last)],
                "between": [moment >= instant(first), moment.copy() < instant(last)],
            }
            bounds = by_op[leaf.op]
        case Recent():
            span = timedelta(days=leaf.days)
            by_op = {
                "within": [moment >= instant(now - span), moment.copy() <= instant(now)],
                "longer_ago": [moment < instant(now - span)],
                "ahead": [moment >= instant(now), moment.copy() <= instant(now + span)],
            }
            bounds = by_op[leaf.op]
        case Anniversary():
            day = exp.TimeToStr(this=moment, format=exp.Literal.string("%m-%d"))
            wanted = sorted(days_ahead(now.astimezone(UTC).date(), leaf.days))
            bounds = [exp.In(this=day, expressions=[exp.Literal.string(one) for one in wanted])]
    return sure(exp.and_(*bounds))


def _has(leaf: Has, value: Value, dialect: Dialect) -> exp.Expr:
    """Whether the JSON list holds one of the values."""
    texts = [one for one in leaf.values if isinstance(one, str)]
    numbers = [one for one in leaf.values if not isinstance(one, str)]
    found = value.json()
    held = _has_in_duckdb(found, texts, numbers) if dialect == "duckdb" else _has_in_spark(found, texts, numbers)
    is_list = exp.StartsWith(this=found.copy(), expression=exp.Literal.string("["))
    return exp.case().when(is_list, held)


def _has_in_duckdb(found: exp.Expr, texts: list[str], numbers: list[int | float]) -> exp.Expr:
    """Elements are JSON texts: what is between quotation marks is no number."""
    element = exp.column("element")
    parts: list[exp.Expr] = []
    if texts:
        encoded = [exp.Literal.string(msgspec.json.encode(one).decode()) for one in texts]
        parts.append(exp.In(this=element, expressions=encoded))
    if numbers:
        as_number = exp.TryCast(this=element.copy(), to=exp.DataType.build("double"), safe=True)
        parts.append(exp.In(this=as_number, expressions=[double(one) for one in numbers]))
    items = exp.cast(_call("JSON_EXTRACT", found, exp.Literal.string("$[*]")), "varchar[]")
    return sure(_call("LIST_BOOL_OR", _call("LIST_TRANSFORM", items, _lambda(exp.or_(*parts)))))


def _has_in_spark(found: exp.Expr, texts: list[str], numbers: list[int | float]) -> exp.Expr:
    """Elements are variants, which know what they are."""
    element = exp.column("element")
    parts: list[exp.Expr] = []
    kind = _call("SCHEMA_OF_VARIANT", element)
    if texts:
        is_text = kind.eq(exp.Literal.string("STRING"))
        same = exp.In(this=exp.cast(element.copy(), "string"), expressions=[exp.Literal.string(one) for one in texts])
        parts.append(exp.and_(is_text, same))
    if numbers:
        is_number = exp.RegexpLike(this=kind.copy(), expression=exp.Literal.string(_SCHEMA_OF_NUMBERS))
        same = exp.In(this=exp.cast(element.copy(), "double"), expressions=[double(one) for one in numbers])
        parts.append(sure(exp.case().when(is_number, same)))
    return _call("EXISTS", _call("FROM_JSON", found, exp.Literal.string("ARRAY<VARIANT>")), _lambda(exp.or_(*parts)))


def _lambda(body: exp.Expr) -> exp.Expr:
    return exp.Lambda(this=body, expressions=[exp.to_identifier("element")])


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def double(number: float) -> exp.Expr:
    return exp.cast(exp.convert(float(number)), "double")


def sure(condition: exp.Expr) -> exp.Expr:
    """False where it is null."""
    return exp.func("coalesce", condition, exp.false())


def _unless(is_asked: bool, condition: exp.Expr) -> exp.Expr:
    return sure(condition) if is_asked else exp.Not(this=sure(condition))
