"""The list of companies: searched, filtered and sorted, in keyset pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.errors import QueryCanceled
from psycopg.sql import SQL, Composable, Composed

from onefold.crm.catalogue import TRAIT, Asking, CompanyCatalogue
from onefold.crm.listing import COUNT_CAP, PAGE_SIZE, like_pattern
from onefold.crm.viewer import Doing, rows_sql
from onefold.filters.api import AllOf, Column, Field, Relation, compile_tree
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of, micros_of
from onefold.lists.api import ListState, Sort
from onefold.profiles.api import without_addresses

QUERIES: Final = load_queries("onefold.crm", "companies.sql")
PEOPLE: Final = "people"
DEALS: Final = "open_deals"
PEOPLE_CAP: Final = 1_000
"""Memberships that are looked at to count somebody's people."""
MAX_CELL: Final = 300
_BY_NAME: Final = SQL("(normalize(lower(left(coalesce(nullif({0}.name, ''), {0}.key), 80)), NFKD) collate \"C\")")
_TEXT: Final = SQL("lower(co.name || ' ' || co.key)")


class Place(NamedTuple):
    """Where a page begins: after the company `h`, last heard of at `seen` (in that order)."""

    h: int
    seen: datetime | None


class Wanted(NamedTuple):
    """Up to so many companies after a place."""

    after: Place | None
    most: int


@dataclass(frozen=True, kw_only=True)
class ListedCompany:
    """A company of a list. `people` up to PEOPLE_CAP; None = wasn't asked. `traits`: those that are shown."""

    h: int
    space: str
    key: str
    name: str
    last_seen: datetime
    first_seen: datetime
    traits: dict[str, Any]
    people: int | None = None
    open_deals: int | None = None
    open_sum: Decimal | None = None

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name.strip() or self.key.strip() or "?"


@dataclass(frozen=True, kw_only=True)
class CompanyPage:
    """Up to PAGE_SIZE companies. `next_place` None = the list ends here; `count` is at most COUNT_CAP."""

    rows: list[ListedCompany]
    next_place: Place | None
    count: int
    is_count_capped: bool
    is_too_slow: bool = False


@dataclass(frozen=True)
class ListedCatalogue:
    """The fields of companies, and their open deals."""

    companies: CompanyCatalogue

    def field(self, name: str) -> Field:
        """As of CompanyCatalogue."""
        if name != DEALS:
            return self.companies.field(name)
        deals = self.companies.field("deals")
        if not isinstance(deals, Relation):
            return deals
        state = deals.catalogue.field("state")
        if not isinstance(state, Column):
            return deals
        is_open = SQL("{} = 'open'").format(state.sql)
        return Relation(deals.catalogue, lambda condition: deals.exists(SQL("({} and {})").format(is_open, condition)))


def company_page(
    conn: Connection[Any], asking: Asking, state: ListState, now: datetime, *, after: Place | None = None
) -> CompanyPage:
    """The companies after a place. Up to four statements. Raises FilterRejected and SortRejected."""
    where, parameters = _where(asking, state, now)
    try:
        cap = {**parameters, "cap": COUNT_CAP + 1}
        statement = SQL("select co.h from company co where {} limit %(cap)s").format(where)
        # not prepared: which plan is good depends on the values
        ids = [h for (h,) in conn.execute(statement, cap, prepare=False)]
        if len(ids) <= COUNT_CAP:  # a short list is known by now
            where, parameters = SQL("co.h = any(%(among)s::bigint[])"), {"among": ids}
        found = _rows(conn, state, where, parameters, Wanted(after, PAGE_SIZE + 1)) if ids else []
    except QueryCanceled:
        return CompanyPage(rows=[], next_place=None, count=0, is_count_capped=False, is_too_slow=True)
    rows = _counted(conn, asking, state, found[:PAGE_SIZE])
    last = rows[-1] if len(found) > PAGE_SIZE else None
    by_seen = state.sort.field != "name"
    return CompanyPage(
        rows=rows,
        next_place=Place(last.h, last.last_seen if by_seen else None) if last else None,
        count=min(len(ids), COUNT_CAP),
        is_count_capped=len(ids) > COUNT_CAP,
    )


def count_companies(conn: Connection[Any], asking: Asking, state: ListState, *, cap: int) -> int:
    """How many are in the list, up to `cap` + 1."""
    where, parameters = _where(asking, state, datetime.now(UTC))
    statement = SQL("select count(*) from (select from company co where {} limit %(cap)s) counted").format(where)
    row = conn.execute(statement, {**parameters, "cap": cap + 1}, prepare=False).fetchone()
    return int(row[0]) if row else 0


def hashes_in(conn: Connection[Any], asking: Asking, state: ListState, now: datetime, *, cap: int) -> list[int]:
    """The companies in the list, up to `cap`."""
    where, parameters = _where(asking, state, now)
    statement = SQL("select co.h from company co where {} order by co.h limit %(cap)s").format(where)
    return [h for (h,) in conn.execute(statement, {**parameters, "cap": cap}, prepare=False)]


def companies_in(
    conn: Connection[Any], asking: Asking, state: ListState, *, ids: Sequence[int] | None, size: int
) -> Iterator[list[ListedCompany]]:
    """The whole list in parts of `size`, or those of `ids` alone. Some statements a part."""
    where, parameters = _where(asking, state, datetime.now(UTC))
    if ids is not None:
        where, parameters = SQL("co.h = any(%(among)s::bigint[])"), {"among": list(ids)}
    after: Place | None = None
    while found := _rows(conn, state, where, parameters, Wanted(after, size)):
        yield _counted(conn, asking, state, found)
        if len(found) < size:
            return
        after = Place(found[-1].h, found[-1].last_seen if state.sort.field != "name" else None)


def traits_shown(state: ListState) -> list[str]:
    """The traits among the columns; the domain too, which phones show below the name."""
    names = [one.field.removeprefix(TRAIT) for one in state.columns if one.field.startswith(TRAIT)]
    return list(dict.fromkeys([*names, "domain"]))


def place_text(place: Place) -> str:
    """For an address."""
    return f"{place.h}_{micros_of(place.seen)}" if place.seen else str(place.h)


def place_from(text: str) -> Place | None:
    """What `place_text` wrote; None when it is no place."""
    h, _, seen = text.partition("_")
    try:
        place = Place(int(h), instant_of(int(seen)) if seen else None)
    except (ValueError, OverflowError):
        return None
    return place if -(1 << 63) <= place.h < 1 << 63 else None


def _where(asking: Asking, state: ListState, now: datetime) -> tuple[Composable, dict[str, Any]]:
    parts: list[Composable] = [SQL("co.head is null")]  # what was merged into another is found there
    parameters: dict[str, Any] = {}
    if state.tree != AllOf():
        compiled = compile_tree(state.tree, ListedCatalogue(CompanyCatalogue(asking, "co")), now)
        parts, parameters = [*parts, compiled.sql], dict(compiled.parameters)
    if state.query.strip():
        parts.append(SQL("{} like %(pattern)s").format(_TEXT))
        if asking.is_masked:
            parts.append(SQL("{} like %(pattern)s").format(without_addresses(_TEXT)))
        parameters["pattern"] = like_pattern(state.query)
    return SQL(" and ").join(parts), parameters


def _rows(
    conn: Connection[Any], state: ListState, where: Composable, parameters: dict[str, Any], wanted: Wanted
) -> list[ListedCompany]:
    after = wanted.after
    names = traits_shown(state)
    cells = SQL("").join(
        SQL(
            ", case when length((co.traits -> {name})::text) <= {most} then (co.traits -> {name})::text"
            " else to_json(left(co.traits ->> {name}, {most}))::text end"
        ).format(name=name, most=MAX_CELL)
        for name in names
    )
    given = {**parameters, "limit": wanted.most}
    if after is not None:
        given |= {"after": after.h, "seen": after.seen}
    rows = conn.execute(_page_sql(state.sort, where, cells, after), given, prepare=False)
    return [
        ListedCompany(
            h=row[0], space=row[1], key=row[2], name=row[3], first_seen=row[4], last_seen=row[5],
            traits={name: msgspec.json.decode(text) for name, text in zip(names, row[6:], strict=True) if text},
        )
        for row in rows
    ]  # fmt: skip


def _page_sql(sort: Sort, where: Composable, cells: Composable, after: Place | None) -> Composed:
    """By an index on (value, h): company_by_name or company_by_seen."""
    by_name = sort.field == "name"
    key = _BY_NAME.format(SQL("co")) if by_name else SQL("co.last_seen")
    direction, compared = (SQL("desc"), SQL("<")) if sort.is_descending else (SQL("asc"), SQL(">"))
    beyond: Composable = SQL("")
    if after is not None:
        last: Composable = SQL("%(seen)s::timestamptz")
        if by_name or after.seen is None:
            last = SQL("(select {} from company a where a.h = %(after)s)").format(
                _BY_NAME.format(SQL("a")) if by_name else SQL("a.last_seen")
            )
        beyond = SQL(" and ({}, co.h) {} ({}, %(after)s)").format(key, compared, last)
    return SQL(
        "select co.h, co.space, co.key, co.name, co.first_seen, co.last_seen{cells} from company co"
        " where {where}{beyond} order by {key} {direction}, co.h {direction} limit %(limit)s"
    ).format(cells=cells, where=where, beyond=beyond, key=key, direction=direction)


def _counted(
    conn: Connection[Any], asking: Asking, state: ListState, rows: Sequence[ListedCompany]
) -> list[ListedCompany]:
    """With people and open deals, if these are columns; of the page alone."""
    columns = {one.field for one in state.columns}
    hashes = [one.h for one in rows]
    people = dict.fromkeys(hashes)
    deals: dict[int, tuple[int, Decimal | None]] = {}
    if PEOPLE in columns and rows:
        people |= people_in(conn, hashes)
    if DEALS in columns and rows:
        deals = open_deals(conn, asking, hashes)
    counted = []
    for one in rows:
        number, total = deals.get(one.h, (0, None))
        counted.append(replace(one, people=people[one.h], open_deals=number, open_sum=total))
    return counted


def people_in(conn: Connection[Any], hashes: Sequence[int]) -> dict[int, int]:
    """How many people were seen in each of these companies, of up to PEOPLE_CAP memberships."""
    return dict(conn.execute(QUERIES["people"], {"hashes": list(hashes), "most": PEOPLE_CAP}).fetchall())


def open_deals(conn: Connection[Any], asking: Asking, hashes: Sequence[int]) -> dict[int, tuple[int, Decimal | None]]:
    """How many open deals that the viewer may see these companies have, and what they are worth (index on company)."""
    statement = SQL(
        "select d.company, count(*), sum(d.home_amount) from deal d where d.company = any(%(hashes)s::bigint[])"
        " and d.state = 'open' and d.deleted_at is null and {} group by 1"
    ).format(rows_sql(asking.viewer, "deal", Doing.SEE, "d"))
    return {h: (n, total) for h, n, total in conn.execute(statement, {"hashes": list(hashes)})}
