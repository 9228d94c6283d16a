"""A page of people as the template shows it: what stands in its cells."""

from collections.abc import Collection
from typing import Any, NamedTuple
from urllib.parse import quote

from onefold.lists.api import Cell, ListState
from onefold.profiles.more import NOTHING_MORE, MoreFields
from onefold.profiles.people import PeoplePage, Person, cells_of
from onefold.profiles.people_fields import namespace_of, trait_of
from onefold.profiles.people_listed import TIMES


class Row(NamedTuple):
    """A person and the cells after the name."""

    person: Person
    cells: list[Cell]


def rows(state: ListState, page: PeoplePage, numeric: Collection[str], more: MoreFields = NOTHING_MORE) -> list[Row]:
    """One a person; cells from the second column on. `numeric`: columns that are aligned right."""
    found = []
    for person in page.people:
        extra = {name: more.label(name, value) for name, value in cells_of(state, person).items()}
        found.append(Row(person, [_cell(person, one.field, extra, numeric) for one in state.columns[1:]]))
    return found


def numeric_columns(state: ListState, page: PeoplePage, more: MoreFields = NOTHING_MORE) -> frozenset[str]:
    """Columns that hold nothing but numbers on this page: aligned right."""
    found = set()
    for one in state.columns:
        if trait_of(one.field) is None or one.field in more.labels:
            continue
        values = [value for person in page.people if (value := cells_of(state, person).get(one.field)) is not None]
        if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            found.add(one.field)
    return frozenset(found)


def _cell(person: Person, field: str, extra: dict[str, Any], numeric: Collection[str]) -> Cell:
    if trait_of(field) is not None or namespace_of(field) is not None:
        value = extra.get(field)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Cell("number", value, field in numeric)
        return Cell("flag" if isinstance(value, bool) else "value", value, field in numeric)
    if field == "known":
        return Cell("flag", person.is_known)
    if field == "company":
        return Cell("value", person.company, url=f"/companies/{person.company_space}:{quote(person.company_key or '')}")
    kinds = {"first_seen": "moment", "last_seen": "hour"}
    return Cell(kinds.get(field, "value"), getattr(person, field), field in TIMES, is_folded=field != "last_seen")
