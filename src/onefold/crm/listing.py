"""Lists of records: which ones, in what order, from which place on; counted, summed, and their ids for bulk acts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from psycopg import Connection
from psycopg.errors import QueryCanceled
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from onefold.crm.catalogue import Asking, RecordCatalogue, is_hidden
from onefold.crm.objects import PARTS, TEXTUAL, FieldDef, FieldKind, ObjectType
from onefold.crm.rights import kind_for
from onefold.crm.store import Row, load_rows
from onefold.crm.viewer import Doing, rows_sql, search_sql
from onefold.filters.api import AllOf, compile_tree
from onefold.kernel.errors import Rejected
from onefold.profiles.api import without_addresses

EVERYTHING: Final = AllOf()
PAGE_SIZE: Final = 50
COUNT_CAP: Final = 1_000
MAX_SORTED: Final = 10_000
"""A list in an order that no index serves is sorted up to this length."""
SUMMED: Final = ("home_amount", "weighted")
_UNSORTABLE: Final = frozenset(
    {FieldKind.CHOICES, FieldKind.LONG_TEXT, FieldKind.PERSON, FieldKind.COMPANY, FieldKind.RECORD, *PARTS}
)
_TRUE: Final = SQL("true")
_FOUND: Final = SQL("{} like %(pattern)s")


class SortRejected(Rejected):
    """Lists can't be sorted by that."""

    code = "sort_invalid"


class Place(NamedTuple):
    """Where a page begins: after the record `id`. `is_empty`: it has no value in the order, as all after it."""

    id: int
    is_empty: bool


@dataclass(frozen=True, kw_only=True)
class Question:
    """A list: what is asked of which object, by whom. `sort`: a field, with `-` before it downwards."""

    asking: Asking
    kind: ObjectType
    tree: AllOf = EVERYTHING
    query: str = ""
    sort: str = ""
    now: datetime

    def __post_init__(self) -> None:
        """Whoever asks, it is of the object as they know it: what is hidden is neither shown nor searched."""
        object.__setattr__(self, "kind", kind_for(self.asking.viewer, self.kind))


@dataclass(frozen=True, kw_only=True)
class RecordPage:
    """Up to PAGE_SIZE records. `next_place` None = the list ends here; `count` is at most COUNT_CAP."""

    rows: list[Row]
    next_place: Place | None
    count: int
    is_count_capped: bool
    is_sort_refused: bool = False
    is_too_slow: bool = False


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Of a whole list: how many, and sums of what has sums, in the workspace's currency."""

    count: int
    sums: dict[str, Decimal]


@dataclass(frozen=True, kw_only=True)
class _Order:
    kind: ObjectType
    field: FieldDef
    is_descending: bool


@dataclass(frozen=True)
class _Where:
    condition: Composable
    parameters: dict[str, Any]


def record_page(
    conn: Connection[Any], question: Question, *, after: Place | None = None, size: int = PAGE_SIZE
) -> RecordPage:
    """The records after a place. Up to four statements. Raises FilterRejected and SortRejected."""
    where = _where(question)
    order = _order(question)
    is_indexed = order.field.is_sortable
    cap = COUNT_CAP if is_indexed else MAX_SORTED
    try:
        ids = _some_ids(conn, question, where, cap)
        is_refused = not is_indexed and len(ids) > cap
        if is_refused:
            order, after = (
                _Order(kind=question.kind, field=question.kind.by_name["created_at"], is_descending=True),
                None,
            )
        elif len(ids) <= cap:  # a short list is known by now
            where = _Where(SQL("r.id = any(%(among)s)"), {"among": ids})
        found = _page_ids(conn, order, where, after, size + 1) if ids else []
    except QueryCanceled:
        return RecordPage(rows=[], next_place=None, count=0, is_count_capped=False, is_too_slow=True)
    shown = found[:size]
    rows = load_rows(conn, question.kind, [one.id for one in shown], where=_TRUE)
    return RecordPage(
        rows=[rows[one.id] for one in shown if one.id in rows],
        next_place=shown[-1] if len(found) > size else None,
        count=min(len(ids), COUNT_CAP),
        is_count_capped=len(ids) > COUNT_CAP,
        is_sort_refused=is_refused,
    )


def totals_of(conn: Connection[Any], question: Question) -> Totals:
    """Of the whole list; as slow as the list is long (300,000 deals: a tenth of a second)."""
    where = _where(question)
    summed = [name for name in SUMMED if name in question.kind.by_name]
    sums = SQL("").join(SQL(", sum({})").format(Identifier("r", name)) for name in summed)
    statement = SQL("select count(*){} from {} r where {}").format(
        sums, Identifier(question.kind.table), where.condition
    )
    row = conn.execute(statement, where.parameters, prepare=False).fetchone() or (0,)
    return Totals(count=row[0], sums={name: total or Decimal(0) for name, total in zip(summed, row[1:], strict=False)})


def ids_of(conn: Connection[Any], question: Question, *, most: int) -> list[int]:
    """Everything in the list, up to `most` + 1, in the order of ids."""
    where = _where(question)
    statement = SQL("select r.id from {} r where {} order by r.id limit %(most)s").format(
        Identifier(question.kind.table), where.condition
    )
    return [number for (number,) in conn.execute(statement, where.parameters | {"most": most + 1}, prepare=False)]


def count_up_to(conn: Connection[Any], question: Question, *, most: int) -> int:
    """How many are in the list, up to `most`."""
    where = _where(question)
    statement = SQL("select count(*) from (select from {} r where {} limit %(most)s) counted").format(
        Identifier(question.kind.table), where.condition
    )
    row = conn.execute(statement, where.parameters | {"most": most}, prepare=False).fetchone()
    return int(row[0]) if row else 0


def where_of(question: Question) -> tuple[Composable, dict[str, Any]]:
    """The list as a condition over `r` with its parameters: for boards and reports."""
    where = _where(question)
    return where.condition, where.parameters


def order_sql(question: Question) -> Composable:
    """The order of a list of any length over `r`: those without a value last. Raises SortRejected."""
    order = _order(question)
    key: Composable = Identifier("r", order.field.column)
    if order.field.kind in TEXTUAL:
        key = SQL("nullif({}, '')").format(key)
    direction = SQL("desc" if order.is_descending else "asc")
    return SQL("{0} {1} nulls last, r.id {1}").format(key, direction)


def is_sortable(field: FieldDef) -> bool:
    """Whether lists can be sorted by it."""
    return bool(field.column) and field.kind not in _UNSORTABLE


def like_pattern(query: str) -> str:
    """For LIKE, anywhere in a text in lower case."""
    text = query.replace("\0", "").strip().lower()[:200]
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _where(question: Question) -> _Where:
    kind = question.kind
    compiled = compile_tree(question.tree, RecordCatalogue(question.asking, kind), question.now)
    parts: list[Composable] = [SQL("r.deleted_at is null")]
    if kind.number is not None:
        parts.append(SQL("r.object = {}").format(Literal(kind.number)))
    visible = rows_sql(question.asking.viewer, kind.name, Doing.SEE, "r")
    parts += [visible] if visible != _TRUE else []
    parameters = dict(compiled.parameters)
    if question.tree.of:
        parts.append(compiled.sql)
    if question.query.strip():
        searched = search_sql(kind, "r")
        parts.append(_FOUND.format(searched))
        if question.asking.is_masked:  # the line above has the index
            parts.append(_FOUND.format(without_addresses(searched)))
        parameters["pattern"] = like_pattern(question.query)
    return _Where(SQL(" and ").join(parts), parameters)


def _order(question: Question) -> _Order:
    text = question.sort or question.kind.sort
    name = text.removeprefix("-")
    field = question.kind.by_name.get(name)
    is_told = field is not None and question.asking.is_masked and is_hidden(field)  # by the order, piece by piece
    if field is None or is_told or not is_sortable(field):
        allowed = ", ".join(one.name for one in question.kind.fields if is_sortable(one))
        raise SortRejected(f"Lists can't be sorted by {name[:80]!r}. They are by {allowed}.")
    return _Order(kind=question.kind, field=field, is_descending=text.startswith("-"))


def _some_ids(conn: Connection[Any], question: Question, where: _Where, cap: int) -> list[int]:
    statement = SQL("select r.id from {} r where {} limit %(cap)s").format(
        Identifier(question.kind.table), where.condition
    )
    # not prepared: which plan is good depends on the values
    return [number for (number,) in conn.execute(statement, where.parameters | {"cap": cap + 1}, prepare=False)]


def _page_ids(conn: Connection[Any], order: _Order, where: _Where, after: Place | None, limit: int) -> list[Place]:
    found: list[Place] = []
    for statement, is_empty in _page_sql(order, where, after):
        if len(found) < limit:
            given = where.parameters | {"after": after.id if after else None, "limit": limit - len(found)}
            found += [Place(number, is_empty) for (number,) in conn.execute(statement, given, prepare=False)]
    return found


def _page_sql(order: _Order, where: _Where, after: Place | None) -> Iterator[tuple[Composed, bool]]:
    """Those with a value in the order first, by an index on (value, id), then the others by their ids."""
    field, table = order.field, Identifier(order.kind.table)
    key = Identifier("r", field.column)
    direction, compared = (SQL("desc"), SQL("<")) if order.is_descending else (SQL("asc"), SQL(">"))
    is_text = field.kind in TEXTUAL
    has_value = SQL("{} <> ''" if is_text else "{} is not null").format(key)
    has_none = SQL("{} = ''" if is_text else "{} is null").format(key)
    if after is None or not after.is_empty:
        beyond: Composable = SQL("")
        if after is not None:
            last = SQL("(select a.{} from {} a where a.id = %(after)s)").format(Identifier(field.column), table)
            beyond = SQL(" and ({}, r.id) {} ({}, %(after)s)").format(key, compared, last)
        yield (
            SQL("select r.id from {0} r where {1} and {2}{3} order by {4} {5}, r.id {5} limit %(limit)s").format(
                table, where.condition, has_value, beyond, key, direction
            ),
            False,
        )
    rest: Composable = SQL("")
    if after is not None and after.is_empty:
        rest = SQL(" and r.id {} %(after)s").format(compared)
    yield (
        SQL("select r.id from {0} r where {1} and {2}{3} order by r.id {4} limit %(limit)s").format(
            table, where.condition, has_none, rest, direction
        ),
        True,
    )


def place_text(place: Place) -> str:
    """For an address."""
    return f"{place.id}{'n' if place.is_empty else ''}"


def place_from(text: str) -> Place | None:
    """What `place_text` wrote; None when it is no place."""
    digits = text.removesuffix("n")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        return None
    return Place(int(digits), text.endswith("n"))
