"""The statements behind a list of people: which tables, which condition, which order, from which place on."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from psycopg.sql import SQL, Composable, Literal, Placeholder

from onefold.filters.api import compile_tree
from onefold.kernel.instants import instant_of, micros_of
from onefold.profiles.naming import Names
from onefold.profiles.people_fields import PeopleCatalogue, namespace_of, trait_of
from onefold.profiles.people_state import MAX_QUERY, ListRejected, ListState, Sort

MAX_CELL: Final = 400
"""Characters of a cell's JSON."""
MAX_PLACE: Final = 2_000
_HEAD: Final = SQL(
    "select p.id, p.name, p.email, p.phone, p.is_known, p.first_seen, p.last_seen, c.name, c.space, c.key, {key} as k"
)
_TRUE: Final = SQL("true")


class Place(NamedTuple):
    """Where a page begins: after this one. `value` None = after one without a value; instants in µs, traits as JSON."""

    value: str | int | None
    id: int


@dataclass(frozen=True)
class Order:
    """What a list is sorted by. Those without an index are for lists that are short enough to sort."""

    key: Composable
    kind: str  # type of the key
    has_value: Composable | None = None  # None = everybody has one
    is_indexed: bool = True
    parameters: dict[str, Any] = field(default_factory=dict)


_ORDERS: Final = {
    "last_seen": Order(SQL("p.last_seen"), "timestamptz"),
    "first_seen": Order(SQL("p.first_seen"), "timestamptz"),
    "name": Order(SQL("s.by_name"), "text", SQL("s.by_name <> ''")),
    "email": Order(SQL("s.by_email"), "text", SQL("s.by_email <> ''")),
    "phone": Order(SQL('p.phone collate "C"'), "text", SQL("p.phone <> ''"), is_indexed=False),
    "company": Order(
        SQL("""lower(coalesce(nullif(c.name, ''), c.key)) collate "C" """), "text", SQL("c.key <> ''"), is_indexed=False
    ),
}


def order_of(sort: Sort) -> Order:
    """Raises ListRejected for a field that lists can't be sorted by."""
    if sort.field in _ORDERS:
        return _ORDERS[sort.field]
    if (trait := trait_of(sort.field)) is None:
        raise ListRejected(f"Lists are sorted by {', '.join(_ORDERS)} or trait:NAME.")
    key = SQL("(t.traits -> %(sort)s::text)")
    return Order(key, "jsonb", SQL("t.traits -> %(sort)s::text is not null"), False, {"sort": trait})


@dataclass(frozen=True)
class Selection:
    """Who is in a list: tables and condition with its parameters; the order beside it."""

    tables: Composable
    condition: Composable  # without that about known people
    is_known: bool
    parameters: dict[str, Any]
    order: Order
    is_descending: bool

    @property
    def where(self) -> Composable:
        """The whole condition."""
        return self.condition if not self.is_known else SQL("p.is_known and {}").format(self.condition)


def selection_of(state: ListState, names: Names, now: datetime) -> Selection:
    """Raises FilterRejected and ListRejected."""
    compiled = compile_tree(state.tree, PeopleCatalogue(names), now)
    order = order_of(state.sort)
    patterns = like_patterns(state.query)
    parts = [compiled.sql] if state.tree.of else []
    parameters = compiled.parameters | order.parameters
    if patterns:
        parts.append(SQL("(s.search like %(pattern)s or s.search like %(other_pattern)s)"))
        parameters |= {"pattern": patterns[0], "other_pattern": patterns[1]}
    asked = SQL(" ").join([*parts, order.key]).as_string()
    tables = [SQL("profile p left join company c on c.h = p.company")]
    tables += [SQL("join profile_search s on s.id = p.id")] if "s." in asked else []
    tables += [SQL("join profile_traits t on t.id = p.id")] if "t.traits" in asked else []
    return Selection(
        tables=SQL(" ").join(tables),
        condition=SQL(" and ").join(parts) if parts else _TRUE,
        is_known=state.is_known,
        parameters=parameters,
        order=order,
        is_descending=state.sort.is_descending,
    )


def count_sql(selection: Selection) -> Composable:
    """How many, up to %(cap)s."""
    return SQL("select count(*) from (select from {} where {} limit %(cap)s) capped").format(
        selection.tables, selection.where
    )


def page_sql(selection: Selection, cells: list[Composable], after: Place | None) -> Iterator[tuple[Composable, Any]]:
    """The statements that give a page together, each with its parameters; a later one is for the rows that then lack.

    First those who have a value to sort by, then the others by id. Everybody by time seen is the merge of two reads of
    one index, known and anonymous.
    """
    order = selection.order
    if after is None or after.value is not None:
        yield _valued(selection, cells, after), _placed(selection, after)
    if order.has_value is not None:
        rest = SQL("not coalesce({}, false)").format(order.has_value)
        place = after if after is not None and after.value is None else None
        where = SQL("{} and {}").format(selection.where, rest)
        yield (
            _select(selection, cells, SQL("null"), where, SQL("p.id"), place and SQL("%(id)s")),
            _placed(selection, place),
        )


def columns_of(state: ListState, names: Names) -> tuple[list[Composable], dict[str, Any]]:
    """Expressions for the columns that a row of people hasn't got anyway, in their order, and their parameters."""
    cells: list[Composable] = []
    parameters: dict[str, Any] = {}
    for number, shown in enumerate(state.columns):
        if (trait := trait_of(shown.field)) is not None:
            parameters[f"cell_{number}"] = trait
            cells.append(SQL("left((p.traits -> {}::text)::text, %(max_cell)s)").format(Placeholder(f"cell_{number}")))
        elif (namespace := namespace_of(shown.field)) in names.config.by_name:
            code = names.config.by_name[str(namespace)].code
            cells.append(
                SQL(
                    "(select jsonb_agg(val)::text from (select left(m.val, 100) as val from node a"
                    " join node m on m.comp = a.comp and m.prof = p.id where a.h = p.id and m.ns = {}"
                    " order by m.rcv, m.h limit 3) vals)"
                ).format(Literal(code))
            )
    return cells, {**parameters, "max_cell": MAX_CELL}


def like_patterns(query: str) -> tuple[str, str] | None:
    """Two LIKE patterns of which one must match, for text in lower case; None for an empty query.

    A query of three letters or more is searched anywhere, a shorter one at the beginnings of words: it has no trigram.
    """
    text = query.replace("\0", "").strip().lower()[:MAX_QUERY]
    if not text:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if len(text) >= 3:
        return f"%{escaped}%", f"%{escaped}%"
    return f"{escaped}%", f"% {escaped}%"


def place_of(row: tuple[Any, ...]) -> Place:
    """The place after a row of `page_sql`."""
    value = row[10]
    if isinstance(value, datetime):
        return Place(micros_of(value), row[0])
    return Place(value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode(), row[0])


def place_to_text(place: Place) -> str:
    """For an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_from_text(text: str) -> Place | None:
    """What `place_to_text` wrote; None when it is no place."""
    if not text or len(text) > MAX_PLACE:
        return None
    try:
        value, number = msgspec.json.decode(base64.urlsafe_b64decode(f"{text}==="), type=tuple[str | int | None, int])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None
    return Place(value, number) if -(1 << 63) <= number < 1 << 63 and "\0" not in str(value) else None


def _valued(selection: Selection, cells: list[Composable], after: Place | None) -> Composable:
    order = selection.order
    key = order.key
    has_value = order.has_value or _TRUE
    place = after and SQL("%(value)s::{}, %(id)s").format(SQL(order.kind))
    if order is not _ORDERS["last_seen"] or selection.is_known:
        where = SQL("{} and {}").format(selection.where, has_value)
        return _select(selection, cells, key, where, SQL("{}, p.id").format(key), place)
    halves = [
        SQL("({})").format(
            _select(
                selection,
                cells,
                key,
                SQL("{} and {}").format(half, selection.condition),
                SQL("{}, p.id").format(key),
                place,
            )
        )
        for half in (SQL("p.is_known"), SQL("not p.is_known"))
    ]
    direction = SQL("desc" if selection.is_descending else "asc")
    return SQL("{} order by k {}, id {} limit %(limit)s").format(SQL(" union all ").join(halves), direction, direction)


def _select(
    selection: Selection,
    cells: list[Composable],
    key: Composable,
    where: Composable,
    ordered: Composable,
    place: Composable | None,
) -> Composable:
    """Rows in an order, after a place in it."""
    direction = SQL("desc" if selection.is_descending else "asc")
    compared = SQL("<" if selection.is_descending else ">")
    after = SQL(" and ({}) {} ({})").format(ordered, compared, place) if place else SQL("")
    by = SQL("{key} {direction}, p.id {direction}").format(key=key, direction=direction)
    if key == SQL("null"):
        by = SQL("p.id {}").format(direction)
    head = SQL(", ").join([_HEAD.format(key=key), *cells])
    return SQL("{} from {} where {}{} order by {} limit %(limit)s").format(head, selection.tables, where, after, by)


def _placed(selection: Selection, place: Place | None) -> dict[str, Any]:
    if place is None:
        return {}
    if selection.order.kind != "timestamptz" or place.value is None:
        return {"id": place.id, "value": None if place.value is None else str(place.value)}
    try:
        return {"id": place.id, "value": instant_of(int(place.value))}
    except (ValueError, OverflowError) as fault:
        raise ListRejected("`after` must be `next` of the page before.") from fault
