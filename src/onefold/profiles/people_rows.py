"""A page of people as the template shows it: heads, rows, chips, each with the addresses it leads to."""

from dataclasses import replace
from typing import Any, Final, NamedTuple

from onefold.filters.api import AllOf
from onefold.profiles.naming import Names
from onefold.profiles.people import PeoplePage, Person, cells_of
from onefold.profiles.people_fields import is_shown, namespace_of, trait_of
from onefold.profiles.people_query import By, is_sortable, order_of
from onefold.profiles.people_state import DEFAULT_SHOWN, ListState, Shown, Sort
from onefold.profiles.people_words import Said, said, title_of

_ALIGNED_RIGHT: Final = ("first_seen", "last_seen")


class Head(NamedTuple):
    """The head of a column. `arrow`: up, down or empty; `sort_url` empty = lists can't be sorted by it."""

    field: str
    title: str
    width: int | None
    is_right: bool
    arrow: str
    sort_url: str
    note: str


class Cell(NamedTuple):
    """What stands in a column; `kind` says how to write it."""

    kind: str
    value: Any
    is_right: bool = False


class Row(NamedTuple):
    """A person and the cells after the name."""

    person: Person
    cells: list[Cell]


class Chip(NamedTuple):
    """A condition of the filter."""

    said: Said
    place: int
    remove_url: str


def shown_columns(state: ListState, names: Names) -> tuple[Shown, ...]:
    """The name first, then the others; fields that there are not (any more) are left out."""
    others = [one for one in state.columns if one.field != "name" and is_shown(one.field, names)]
    name = next((one for one in state.columns if one.field == "name"), Shown("name"))
    return (name, *others)


def heads(state: ListState, page: PeoplePage, *, is_masked: bool) -> list[Head]:
    """One a column. A click sorts upwards, the next downwards, the third as usual."""
    numeric = _numeric_columns(state, page)
    return [
        _head(state, one, one.field in numeric, is_sortable(one.field, is_masked=is_masked)) for one in state.columns
    ]


def rows(state: ListState, page: PeoplePage) -> list[Row]:
    """One a person; cells from the second column on."""
    numeric = _numeric_columns(state, page)
    found = []
    for person in page.people:
        extra = cells_of(state, person)
        found.append(Row(person, [_cell(person, one.field, extra, numeric) for one in state.columns[1:]]))
    return found


def chips(state: ListState) -> list[Chip]:
    """The conditions and groups that all must hold."""
    return [
        Chip(said(node), place, _url(state.with_tree(AllOf((*state.tree.of[:place], *state.tree.of[place + 1 :])))))
        for place, node in enumerate(state.tree.of)
    ]


def without_last_filter(state: ListState) -> str:
    """What undoes the last narrowing of a list that nobody matches: its address."""
    if state.tree.of:
        return _url(state.with_tree(AllOf(state.tree.of[:-1])))
    return _url(replace(state, query=""))


def _url(state: ListState) -> str:
    address = state.address()
    return f"/people?{address}" if address else "/people"


def _head(state: ListState, one: Shown, is_number: bool, can_sort: bool) -> Head:
    arrow = ""
    if state.sort.field == one.field:
        arrow = "down" if state.sort.is_descending else "up"
    following = {"": Sort(one.field, False), "up": Sort(one.field, True), "down": Sort()}[arrow]
    if one.field == "last_seen":  # the usual order is one of its two
        following = Sort(one.field, arrow != "down")
    note = "short" if can_sort and order_of(Sort(one.field), is_masked=False).by is By.SORTING else ""
    return Head(
        field=one.field,
        title=title_of(one.field),
        width=one.width,
        is_right=one.field in _ALIGNED_RIGHT or is_number,
        arrow=arrow,
        sort_url=_url(replace(state, sort=following)) if can_sort else "",
        note=note,
    )


def _cell(person: Person, field: str, extra: dict[str, Any], numeric: frozenset[str]) -> Cell:
    if trait_of(field) is not None or namespace_of(field) is not None:
        value = extra.get(field)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Cell("number", value, field in numeric)
        return Cell("flag" if isinstance(value, bool) else "value", value, field in numeric)
    if field == "known":
        return Cell("flag", person.is_known)
    kinds = {"first_seen": "moment", "last_seen": "hour", "company": "company"}
    return Cell(kinds.get(field, "value"), getattr(person, field), field in _ALIGNED_RIGHT)


def _numeric_columns(state: ListState, page: PeoplePage) -> frozenset[str]:
    """Columns that hold nothing but numbers on this page: aligned right."""
    found = set()
    for one in state.columns:
        if trait_of(one.field) is None:
            continue
        values = [value for person in page.people if (value := cells_of(state, person).get(one.field)) is not None]
        if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            found.add(one.field)
    return frozenset(found)


DEFAULT_FIELDS: Final = tuple(one.field for one in DEFAULT_SHOWN)
