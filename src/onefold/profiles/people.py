"""The list of people: searched, filtered and sorted, in keyset pages."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg import Connection
from psycopg.errors import QueryCanceled

from onefold.filters.api import AllOf
from onefold.lists.api import UNFILTERED, ListState, sort_of
from onefold.profiles.naming import names_in_force
from onefold.profiles.people_fields import PeopleCatalogue, namespace_of, trait_of
from onefold.profiles.people_query import (
    MAX_CELL,
    By,
    Place,
    Selection,
    columns_of,
    count_sql,
    ids_sql,
    page_sql,
    place_after,
    selection_of,
)
from onefold.profiles.people_state import PEOPLE, people_state

PAGE_SIZE: Final = 50
COUNT_CAP: Final = 1_000
MAX_SORTED: Final = 10_000
"""A list without an index for its order is sorted up to this length."""
_FIXED: Final = 11


@dataclass(frozen=True, kw_only=True)
class Person:
    """A profile as lists and pages show it. Empty text = not known."""

    id: int
    name: str
    email: str
    phone: str
    is_known: bool
    first_seen: datetime
    last_seen: datetime
    company: str  # name, else its key
    company_space: str | None  # None = in no company
    company_key: str | None
    cells: tuple[Any, ...] = ()  # values of the columns that are traits or identifiers, in their order

    @property
    def title(self) -> str:
        """What to call them."""
        return next((text for text in (self.name, self.email, self.phone) if _can_be_seen(text)), "Anonymous")


@dataclass(frozen=True, kw_only=True)
class PeoplePage:
    """Up to PAGE_SIZE people. `next_place` None = the list ends here."""

    people: list[Person]
    next_place: Place | None
    count: int  # at most COUNT_CAP
    is_count_capped: bool
    is_sort_refused: bool = False  # too long to sort so; by last seen instead
    is_too_slow: bool = False  # nobody is shown: the search ran into the connection's statement timeout


def people_page(
    conn: Connection[Any],
    catalogue: PeopleCatalogue,
    state: ListState,
    *,
    after: Place | None = None,
    size: int = PAGE_SIZE,
) -> PeoplePage:
    """The people after a place. Up to four statements. Raises FilterRejected and ListRejected.

    Of a catalogue that is masked what is asked is limited; the answer isn't masked.
    """
    now = datetime.now(UTC)
    selection = selection_of(state, catalogue, now)
    cap = MAX_SORTED if selection.order.by is By.SORTING else COUNT_CAP
    try:
        ids = _ids(conn, selection, cap)
        is_refused = selection.order.by is By.SORTING and len(ids) > cap
        if is_refused:
            state, after = replace(state, sort=PEOPLE.sort), None
            selection = selection_of(state, catalogue, now)
        elif len(ids) <= cap:  # a short list is known by now: nobody need be looked for in its order
            selection = selection.among(ids)
        rows = _rows(conn, catalogue, state, selection, after, size + 1) if ids else []
    except QueryCanceled:
        return PeoplePage(people=[], next_place=None, count=0, is_count_capped=False, is_too_slow=True)
    people = [person_of(row) for row in rows[:size]]
    before = size + (after.value or 0 if after else 0)
    return PeoplePage(
        people=people,
        next_place=place_after(selection, rows[size - 1], before) if len(rows) > size else None,
        count=min(len(ids), COUNT_CAP),
        is_count_capped=len(ids) > COUNT_CAP,
        is_sort_refused=is_refused,
    )


def list_state(*, query: str = "", tree: AllOf = UNFILTERED, sort: str = "") -> ListState:
    """A list of known people as other slices ask for it; `sort` as in an address."""
    return people_state(query=query, tree=tree, sort=sort_of(PEOPLE, sort))


def list_page(conn: Connection[Any], state: ListState) -> PeoplePage:
    """The first page of a list, under the configuration in force, for somebody who sees everything."""
    return people_page(conn, PeopleCatalogue(names_in_force(conn), is_masked=False), state)


def person_of(row: tuple[Any, ...]) -> Person:
    """From the columns of `page_sql` and of `profile` in person.sql."""
    profile_id, name, email, phone, is_known, first_seen, last_seen, company, space, key = row[:10]
    return Person(
        id=profile_id,
        name=name,
        email=email,
        phone=phone,
        is_known=is_known,
        first_seen=first_seen,
        last_seen=max(first_seen, last_seen),  # stored rounded down to the hour
        company=company or key or "",
        company_space=space,
        company_key=key,
        cells=tuple(_cell(text) for text in row[_FIXED:]),
    )


def cells_of(state: ListState, person: Person) -> dict[str, Any]:
    """Field → value of the columns that are traits or identifiers."""
    fields = [one.field for one in state.columns if trait_of(one.field) is not None or namespace_of(one.field)]
    return dict(zip(fields, person.cells, strict=False))


def ids_in(conn: Connection[Any], catalogue: PeopleCatalogue, state: ListState, *, cap: int) -> list[int]:
    """Who is in a list, up to `cap`, in no order. Raises FilterRejected and ListRejected."""
    return _ids(conn, selection_of(state, catalogue, datetime.now(UTC)), cap - 1)


def count_of(conn: Connection[Any], catalogue: PeopleCatalogue, state: ListState, *, cap: int) -> int:
    """How many people are in a list, up to `cap` + 1. Raises FilterRejected and ListRejected."""
    selection = selection_of(state, catalogue, datetime.now(UTC))
    found = conn.execute(count_sql(selection), {**selection.parameters, "cap": cap + 1}, prepare=False).fetchone()
    return found[0] if found else 0


def _ids(conn: Connection[Any], selection: Selection, cap: int) -> list[int]:
    """Whoever is in the list, up to `cap` + 1, in no order."""
    # not prepared: which plan is good depends on the values
    found = conn.execute(ids_sql(selection), {**selection.parameters, "cap": cap + 1}, prepare=False)
    return [row[0] for row in found]


def _rows(
    conn: Connection[Any],
    catalogue: PeopleCatalogue,
    state: ListState,
    selection: Selection,
    after: Place | None,
    limit: int,
) -> list[tuple[Any, ...]]:
    cells, parameters = columns_of(state, catalogue)
    rows: list[tuple[Any, ...]] = []
    for statement, placed in page_sql(selection, cells, after):
        if len(rows) < limit:
            given = {**selection.parameters, **parameters, **placed, "limit": limit - len(rows)}
            rows += conn.execute(statement, given, prepare=False).fetchall()
    return rows


def _can_be_seen(text: str) -> bool:
    """Whether there is anything but spaces and marks without a shape, which a link couldn't be pressed by."""
    return any(letter.isprintable() and not letter.isspace() for letter in text)


def _cell(text: str | None) -> Any:  # noqa: ANN401  (any JSON value)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:  # cut
        return text.removeprefix('"') + "…" if len(text) >= MAX_CELL else text
