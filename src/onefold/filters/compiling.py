"""From a tree to the condition of a SQL statement. Every value is a parameter; nothing that is stored makes it fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
from psycopg.sql import SQL, Composable, Placeholder

from onefold.filters.catalogue import Catalogue, Column, Field, FieldHidden, Key, Kind, Relation, Seen
from onefold.filters.tree import (
    AllOf,
    Behaviour,
    Between,
    Condition,
    Contains,
    Days,
    FilterRejected,
    Flag,
    Group,
    Has,
    Node,
    NoneOf,
    Number,
    Numeral,
    OneOf,
    Present,
    Recent,
    RelatedTo,
)

_COMPARED: Final = {"lt": SQL("<"), "le": SQL("<="), "gt": SQL(">"), "ge": SQL(">=")}
_DATE: Final = (
    r"^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?)?$"
)
# Put together from parts that can't fail, where a cast would: 30 February is two days after the 28th's next.
_INSTANT: Final = SQL(
    "(((left({text}, 8) || '01')::date + (substr({text}, 9, 2)::integer - 1))::timestamp"
    " + coalesce(substring({text} from '^.{{10}}.([0-9:.]+)')::interval, '0')"
    " - coalesce(substring({text} from '[+-][0-9]{{2}}:[0-9]{{2}}$')::interval, '0'))"
)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_TRUE: Final = SQL("true")
_FALSE: Final = SQL("false")


@dataclass(frozen=True)
class Compiled:
    """A condition and its named parameters, which begin with `f_`."""

    sql: Composable
    parameters: dict[str, Any]


@dataclass
class _Parameters:
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, value: object) -> Composable:
        name = f"f_{len(self.values)}"
        self.values[name] = value
        return Placeholder(name)


def compile_tree(tree: Node, catalogue: Catalogue, now: datetime) -> Compiled:
    """The condition that a record matches `tree` at `now`. Raises FieldUnknown and FilterRejected.

    A leaf is never null: NOT of it is what it says.
    """
    parameters = _Parameters()
    return Compiled(_node(tree, catalogue, now, parameters), parameters.values)


def _node(node: Node, catalogue: Catalogue, now: datetime, parameters: _Parameters) -> Composable:
    if isinstance(node, Group):
        parts = [_node(one, catalogue, now, parameters) for one in node.of]
        if isinstance(node, AllOf):
            return SQL("({})").format(SQL(" and ").join(parts)) if parts else _TRUE
        joined = SQL("({})").format(SQL(" or ").join(parts)) if parts else _FALSE
        return SQL("(not {})").format(joined) if isinstance(node, NoneOf) else joined
    if isinstance(node, RelatedTo):
        return _related(node, catalogue, now, parameters)
    if isinstance(node, Behaviour):
        asked = msgspec.to_builtins(node)["type"]
        raise FilterRejected(f"Lists can't be filtered by {asked!r}. Make an audience of it, and open its members.")
    found = catalogue.field(node.field)
    _refuse_probing(node, found)
    made = _of_key(node, found, now, parameters) if isinstance(found, Key) else _of_other(node, found, now, parameters)
    if made is None:
        asked = msgspec.to_builtins(node)["type"]
        raise FilterRejected(f"The field {node.field!r} can't be asked this ({asked}) in a list.")
    return made


def _related(node: RelatedTo, catalogue: Catalogue, now: datetime, parameters: _Parameters) -> Composable:
    relation = catalogue.field(node.field)
    if not isinstance(relation, Relation):
        raise FilterRejected(f"The field {node.field!r} leads to no other records.")
    return _unless(node.op == "has", relation.exists(_node(node.where, relation.catalogue, now, parameters)))


def _refuse_probing(node: Condition, found: Field) -> None:
    if not isinstance(found, Column | Key) or not found.is_hidden or isinstance(node, OneOf | Present | Has):
        return
    if not (isinstance(node, Number) and node.op in {"eq", "ne"}):
        raise FieldHidden(
            f"You may not see {node.field!r}: it can only be compared as a whole (is, is not),"
            " or asked whether it is empty."
        )


def _of_other(node: Condition, found: Field, now: datetime, parameters: _Parameters) -> Composable | None:
    if isinstance(found, Column):
        return _of_column(node, found, now, parameters)
    if isinstance(found, Key):
        return None
    if isinstance(found, Relation):
        if isinstance(node, OneOf) and found.one_of is not None:
            return _unless(node.op == "is", found.one_of(node.values))
        return _unless(node.value, found.exists(_TRUE)) if isinstance(node, Present) else None
    match node:
        case Present():
            return _unless(node.value, found.exists())
        case OneOf():
            return _unless(node.op == "is", found.is_one_of(node.values))
    return None


def _of_column(node: Condition, column: Column, now: datetime, parameters: _Parameters) -> Composable | None:
    match node, column.kind:
        case Present(), Kind.TEXT:
            return _unless(node.value, SQL("({} <> '')").format(column.sql))
        case Present(), _:
            return _unless(node.value, SQL("({} is not null)").format(column.sql))
        case OneOf(), Kind.TEXT:
            return _unless(node.op == "is", _is_text(column, node.values, parameters))
        case Contains(), Kind.TEXT:
            return _part(node, _seen(column.sql, column.seen), parameters)
        case ((Days() | Recent()), Kind.MOMENT):
            return _known(column, _when(node, column.sql, now, parameters))
        case ((Days() | Recent()), Kind.DAY):
            return _known(column, _on_day(node, column.sql, now, parameters))
        case Flag(), Kind.FLAG:
            return SQL("({} is {})").format(column.sql, SQL("true" if node.value else "false"))
        case (Number(op="eq" | "ne"), Kind.NUMBER):
            value = parameters.add(_decimal(node.value))
            return _unless(node.op == "eq", _known(column, SQL("{} = {}::numeric").format(column.sql, value)))
        case ((Number() | Between()), Kind.NUMBER):
            return _known(column, _compared(node, column.sql, parameters))
    return None


def _is_text(column: Column, values: Sequence[str], parameters: _Parameters) -> Composable:
    if len(values) == 1:  # an index on this and something else keeps the order of that
        return SQL("({} = {}::text)").format(column.sql, parameters.add(values[0]))
    return SQL("({} = any({}::text[]))").format(column.sql, parameters.add(list(values)))


def _known(column: Column, condition: Composable) -> Composable:
    """False where there is no value. Said so that the condition's index and statistics serve: coalesce hides both."""
    return SQL("({} is not null and {})").format(column.sql, condition)


def _of_key(node: Condition, key: Key, now: datetime, parameters: _Parameters) -> Composable | None:
    match node:
        case OneOf():
            return _unless(node.op == "is", _holds(key, node.values, parameters))
        case Has():
            return _unless(node.op == "has", _holds(key, [[one] for one in node.values], parameters))
        case Flag():
            return _holds(key, [node.value], parameters)
        case Number(op="eq" | "ne"):
            return _unless(node.op == "eq", _holds(key, [_decimal(node.value)], parameters))
    name = parameters.add(key.name)
    value = SQL("({} -> {}::text)").format(key.document, name)
    text = SQL("({} ->> {}::text)").format(key.document, name)
    match node:
        case Present():
            return _unless(node.value, SQL("(coalesce({}, 'null') not in ('null', '\"\"'))").format(value))
        case Contains():
            return _unless(
                node.op != "contains_not",
                _typed(
                    value,
                    "string",
                    _part(Contains(node.field, _said(node), node.value), _seen(text, key.seen), parameters),
                ),
            )
        case Number() | Between():
            return _typed(value, "number", _compared(node, SQL("{}::numeric").format(value), parameters))
        case Days() | Recent():
            instant = SQL("({} at time zone 'UTC')").format(_INSTANT.format(text=text))
            is_date = SQL("{} ~ {}").format(text, parameters.add(_DATE))
            when = _when(node, instant, now, parameters)
            return _typed(value, "string", SQL("case when {} then {} else false end").format(is_date, when))
    return None


def _seen(text: Composable, seen: Seen | None) -> Composable:
    return text if seen is None else seen(text)


def _compared(node: Number | Between, number: Composable, parameters: _Parameters) -> Composable:
    if isinstance(node, Number):
        value = parameters.add(_decimal(node.value))
        return SQL("{} {} {}::numeric").format(number, _COMPARED[node.op], value)
    low, high = parameters.add(_decimal(node.low)), parameters.add(_decimal(node.high))
    return SQL("{} between {}::numeric and {}::numeric").format(number, low, high)


def _said(node: Contains) -> Any:  # noqa: ANN401  (one of two literals)
    return "contains" if node.op == "contains_not" else node.op


def _unless(is_asked: bool, condition: Composable) -> Composable:
    return condition if is_asked else SQL("(not {})").format(condition)


def _typed(value: Composable, kind: str, condition: Composable) -> Composable:
    """The condition where the JSON value is of a kind, else false; CASE keeps it from being tried before."""
    return SQL("(case when jsonb_typeof({}) = '{}' then {} else false end)").format(value, SQL(kind), condition)


def _holds(key: Key, values: Sequence[Any], parameters: _Parameters) -> Composable:
    """One of these values is what the key holds: containment, which a GIN index serves, or several of them."""
    parts = [
        SQL("{} @> {}::jsonb").format(key.document, parameters.add(_encoder.encode({key.name: one}).decode()))
        for one in values
    ]
    return SQL("({})").format(SQL(" or ").join(parts))


def _part(node: Contains, text: Composable, parameters: _Parameters) -> Composable:
    value = parameters.add(node.value)
    if node.op == "starts":
        return SQL("starts_with(lower({}), lower({}::text))").format(text, value)
    found = SQL("(strpos(lower({}), lower({}::text)) > 0)").format(text, value)
    return _unless(node.op == "contains", found)


def _when(node: Days | Recent, instant: Composable, now: datetime, parameters: _Parameters) -> Composable:
    if isinstance(node, Recent):
        start = parameters.add(now - timedelta(days=node.days))
        if node.op == "longer_ago":
            return SQL("({} < {}::timestamptz)").format(instant, start)
        if node.op == "ahead":
            start, end = parameters.add(now), parameters.add(now + timedelta(days=node.days))
            return SQL("({} between {}::timestamptz and {}::timestamptz)").format(instant, start, end)
        return SQL("({} between {}::timestamptz and {}::timestamptz)").format(instant, start, parameters.add(now))
    first = datetime.combine(node.first, time(), UTC)
    last = datetime.combine(node.last or node.first, time(), UTC)
    begin, end = parameters.add(first), parameters.add(last)
    match node.op:
        case "before":
            return SQL("({} < {}::timestamptz)").format(instant, begin)
        case "after":
            return SQL("({} >= {}::timestamptz + interval '1 day')").format(instant, end)
        case "between":
            return SQL("({0} >= {1}::timestamptz and {0} < {2}::timestamptz + interval '1 day')").format(
                instant, begin, end
            )


def _on_day(node: Days | Recent, day: Composable, now: datetime, parameters: _Parameters) -> Composable:
    """As `_when`, of a column of days: each stands for its beginning in UTC."""
    if isinstance(node, Recent):
        reach = timedelta(days=node.days)
        if node.op == "longer_ago":
            return SQL("({} < {}::date)").format(day, parameters.add(_first_day(now - reach)))
        first, last = (now, now + reach) if node.op == "ahead" else (now - reach, now)
        begin, end = parameters.add(_first_day(first)), parameters.add(last.astimezone(UTC).date())
        return SQL("({} between {}::date and {}::date)").format(day, begin, end)
    begin, end = parameters.add(node.first), parameters.add(node.last or node.first)
    match node.op:
        case "before":
            return SQL("({} < {}::date)").format(day, begin)
        case "after":
            return SQL("({} > {}::date)").format(day, end)
        case "between":
            return SQL("({} between {}::date and {}::date)").format(day, begin, end)


def _first_day(instant: datetime) -> date:
    """The first day of UTC that doesn't begin before."""
    at = instant.astimezone(UTC)
    return at.date() if at.time() == time() else at.date() + timedelta(days=1)


def _decimal(value: Numeral) -> Decimal:
    """The number as it was written: not what a float makes of it."""
    return Decimal(repr(value))
