"""The statements behind a list of people: which tables, which condition, which order, from which place on."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec
from psycopg.sql import SQL, Composable, Composed, Literal, Placeholder

from onefold.filters.api import compile_tree, with_relations
from onefold.kernel.instants import instant_of, micros_of
from onefold.lists.api import MAX_QUERY, ListRejected, ListState, Sort
from onefold.profiles.more import NOTHING_MORE, MoreFields
from onefold.profiles.people_fields import PeopleCatalogue, is_address, namespace_of, trait_of, without_addresses
from onefold.profiles.people_state import is_known

MAX_CELL: Final = 400
"""Characters of a cell's JSON."""
MAX_PLACE: Final = 200
_HEAD: Final = SQL(
    "select p.id, p.name, p.email, p.phone, p.is_known, p.first_seen, p.last_seen, c.name, c.space, c.key, {key} as k"
)
_FOUND: Final = SQL("({0} like %(pattern)s or {0} like %(other_pattern)s)")
_AMONG: Final = SQL("p.id = any(%(among)s::bigint[])")
_ID: Final = SQL("p.id")
_TRUE: Final = SQL("true")


class Place(NamedTuple):
    """Where a page begins. No value of a person stands in it, for it goes into addresses.

    By a time: after that time (µs) and id. By a name: `value` 1 = after the one with this id, None = after it among
    those without a name. By what has no index: `value` people are before.
    """

    value: int | None
    id: int


class By(Enum):
    """How a list is read in an order."""

    TIME = "time"  # an index; everybody has one
    NAME = "name"  # an index on those who have one; the others come last
    SORTING = "sorting"  # none: lists that are short enough are sorted


@dataclass(frozen=True)
class Order:
    """What a list is sorted by."""

    key: Composable
    by: By
    id: Composable  # of the table with the index
    parameters: dict[str, Any] = field(default_factory=dict)


_ORDERS: Final = {
    "last_seen": Order(SQL("p.last_seen"), By.TIME, _ID),
    "first_seen": Order(SQL("p.first_seen"), By.TIME, _ID),
    "name": Order(SQL("s.by_name"), By.NAME, SQL("s.id")),
    "email": Order(SQL("s.by_email"), By.NAME, SQL("s.id")),
    "phone": Order(SQL("nullif(p.phone, '')"), By.SORTING, _ID),
    "company": Order(SQL("lower(coalesce(nullif(c.name, ''), c.key))"), By.SORTING, _ID),
}


def is_sortable(field: str, *, is_masked: bool) -> bool:
    """Whether lists can be sorted by it, by this reader."""
    if is_masked and is_address(field):
        return False
    return field in _ORDERS or trait_of(field) is not None


def order_of(sort: Sort, *, is_masked: bool, more: MoreFields = NOTHING_MORE) -> Order:
    """Raises ListRejected for a field that lists can't be sorted by.

    `is_masked`: not by what one doesn't see, for the order would tell it.
    """
    if sort.field in more.orders:
        return Order(more.orders[sort.field], By.SORTING, _ID)
    if is_masked and is_address(sort.field):
        raise ListRejected("You may not see e-mail addresses and phone numbers, so lists can't be sorted by them.")
    if sort.field in _ORDERS:
        return _ORDERS[sort.field]
    if (trait := trait_of(sort.field)) is None:
        raise ListRejected(f"Lists are sorted by {', '.join(_ORDERS)} or trait:NAME.")
    key: Composable = SQL("(t.traits -> %(sort)s::text)")
    if is_masked:
        text = SQL("(t.traits ->> %(sort)s::text)")
        key = SQL("(case when {} = {} then {} end)").format(text, without_addresses(text), key)
    return Order(key, By.SORTING, _ID, parameters={"sort": trait})


@dataclass(frozen=True)
class Selection:
    """Who is in a list: tables and condition with its parameters; the order beside it."""

    tables: Composable
    condition: Composable  # without that about known people
    is_known: bool
    parameters: dict[str, Any]
    order: Order
    is_descending: bool

    def among(self, ids: Sequence[int]) -> "Selection":
        """The same list when it is known to be these people."""
        return replace(self, condition=_AMONG, is_known=False, parameters={**self.parameters, "among": list(ids)})

    @property
    def direction(self) -> Composable:
        return SQL("desc" if self.is_descending else "asc")

    @property
    def compared(self) -> Composable:
        """What comes after is … than what comes before."""
        return SQL("<" if self.is_descending else ">")

    @property
    def where(self) -> Composable:
        """The whole condition."""
        return self.condition if not self.is_known else SQL("p.is_known and {}").format(self.condition)


def selection_of(state: ListState, catalogue: PeopleCatalogue, now: datetime) -> Selection:
    """Raises FilterRejected and ListRejected."""
    is_masked = catalogue.is_masked
    compiled = compile_tree(with_relations(state.tree), catalogue, now)
    order = order_of(state.sort, is_masked=is_masked, more=catalogue.more)
    patterns = like_patterns(state.query)
    parts = [compiled.sql] if state.tree.of else []
    parameters = compiled.parameters | order.parameters
    if patterns:
        parts.append(_FOUND.format(SQL("s.search")))
        if is_masked:  # the line above has the index
            parts.append(_FOUND.format(without_addresses(SQL("s.search"))))
        parameters |= {"pattern": patterns[0], "other_pattern": patterns[1]}
    asked = SQL(" ").join([*parts, order.key]).as_string()
    tables = [SQL("profile p left join company c on c.h = p.company")]
    tables += [SQL("join profile_search s on s.id = p.id")] if "s." in asked else []
    tables += [SQL("join profile_traits t on t.id = p.id")] if "t.traits" in asked else []
    return Selection(
        tables=SQL(" ").join(tables),
        condition=SQL(" and ").join(parts) if parts else _TRUE,
        is_known=is_known(state),
        parameters=parameters,
        order=order,
        is_descending=state.sort.is_descending,
    )


def count_sql(selection: Selection) -> Composed:
    """How many, up to %(cap)s."""
    return SQL("select count(*) from ({}) capped").format(ids_sql(selection))


def ids_sql(selection: Selection) -> Composed:
    """Who, up to %(cap)s, in no order."""
    return SQL("select p.id from {} where {} limit %(cap)s").format(selection.tables, selection.where)


def page_sql(selection: Selection, cells: list[Composable], after: Place | None) -> Iterator[tuple[Composed, Any]]:
    """The statements that give a page together, with their parameters; a later one is for the rows that then lack."""
    match selection.order.by:
        case By.TIME:
            yield _by_time(selection, cells, after)
        case By.NAME:
            if after is None or after.value is not None:
                yield _by_name(selection, cells, after)
            yield _nameless(selection, cells, after if after and after.value is None else None)
        case By.SORTING:
            yield _sorted(selection, cells, after)


def everybody_sql(selection: Selection, cells: list[Composable], also: Composable) -> Composed:
    """Everybody in a list for whom `also` holds, in no particular order; columns as of `page_sql`."""
    head = SQL(", ").join([_HEAD.format(key=SQL("null")), *cells])
    return SQL("{} from {} where {} and {}").format(head, selection.tables, selection.where, also)


def place_after(selection: Selection, row: tuple[Any, ...], before: int) -> Place:
    """The place after a row of `page_sql`; `before` people come before it in the list."""
    match selection.order.by:
        case By.TIME:
            return Place(micros_of(row[10]), row[0])
        case By.NAME:
            return Place(None if row[10] is None else 1, row[0])
        case By.SORTING:
            return Place(before, row[0])


def columns_of(state: ListState, catalogue: PeopleCatalogue) -> tuple[list[Composable], dict[str, Any]]:
    """Expressions for the columns that a row of people hasn't got anyway, in their order, and their parameters."""
    cells: list[Composable] = []
    parameters: dict[str, Any] = {}
    names = catalogue.names
    for number, shown in enumerate(state.columns):
        if shown.field in catalogue.more.shown:
            cells.append(catalogue.more.shown[shown.field])
        elif (trait := trait_of(shown.field)) is not None:
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


def place_to_text(place: Place) -> str:
    """For an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_from_text(text: str) -> Place | None:
    """What `place_to_text` wrote; None when it is no place."""
    if not text or len(text) > MAX_PLACE:
        return None
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(f"{text}==="), type=Place)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None
    return place if all(part is None or -(1 << 63) <= part < 1 << 63 for part in place) else None


def _by_time(selection: Selection, cells: list[Composable], after: Place | None) -> tuple[Composed, Any]:
    """Everybody by last seen is the merge of two reads of one index, known and anonymous people."""
    after_sql: Composable = SQL("")
    parameters: dict[str, Any] = {}
    if after is not None:
        after_sql = _after(selection, SQL("%(at)s"))
        try:
            parameters = {"at": instant_of(after.value or 0), "id": after.id}
        except OverflowError:
            return SQL("{}").format(SQL("select where false")), {}
    if selection.order is not _ORDERS["last_seen"] or selection.is_known or selection.condition is _AMONG:
        return _select(selection, cells, selection.order.key, selection.where, after_sql), parameters
    halves = [
        SQL("({})").format(
            _select(
                selection, cells, selection.order.key, SQL("{} and {}").format(half, selection.condition), after_sql
            )
        )
        for half in (SQL("p.is_known"), SQL("not p.is_known"))
    ]
    merged = SQL("{0} order by k {1}, id {1} limit %(limit)s")
    return merged.format(SQL(" union all ").join(halves), selection.direction), parameters


def _by_name(selection: Selection, cells: list[Composable], after: Place | None) -> tuple[Composed, Any]:
    key = selection.order.key
    where = SQL("{} and {} <> ''").format(selection.where, key)
    if after is None:
        return _select(selection, cells, key, where, SQL("")), {}
    last = SQL("(select {} from profile_search s where s.id = %(id)s)").format(key)
    return _select(selection, cells, key, where, _after(selection, last)), {"id": after.id}


def _nameless(selection: Selection, cells: list[Composable], after: Place | None) -> tuple[Composed, Any]:
    where = SQL("{} and {} = ''").format(selection.where, selection.order.key)
    after_sql: Composable = SQL("")
    if after is not None:
        after_sql = SQL(" and {} {} %(id)s").format(selection.order.id, selection.compared)
    # by id alone, as all of them have the same name
    return _select(selection, cells, SQL("null"), where, after_sql, by=SQL("")), {"id": after and after.id}


def _sorted(selection: Selection, cells: list[Composable], after: Place | None) -> tuple[Composed, Any]:
    key = selection.order.key
    by = SQL("{} {} nulls last, ").format(key, selection.direction)
    statement = _select(selection, cells, key, selection.where, SQL(""), by=by)
    return SQL("{} offset %(offset)s").format(statement), {
        "offset": min(max(after.value or 0, 0), 1 << 31) if after else 0
    }


def _after(selection: Selection, value: Composable) -> Composable:
    order = selection.order
    return SQL(" and ({}, {}) {} ({}, %(id)s)").format(order.key, order.id, selection.compared, value)


def _select(
    selection: Selection,
    cells: list[Composable],
    key: Composable,
    where: Composable,
    after: Composable,
    by: Composable | None = None,
) -> Composed:
    if by is None:
        by = SQL("{} {}, ").format(key, selection.direction)
    head = SQL(", ").join([_HEAD.format(key=key), *cells])
    return SQL("{} from {} where {}{} order by {}{} {} limit %(limit)s").format(
        head, selection.tables, where, after, by, selection.order.id, selection.direction
    )
