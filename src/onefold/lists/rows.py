"""What stands around the rows of a list: heads of columns, chips of its filter, each with where it leads; cells."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, NamedTuple

from onefold.filters.api import AllOf, Condition
from onefold.lists.fields import ListFields, OpenList
from onefold.lists.kinds import ListKind, Shown, Sort
from onefold.lists.state import ListState
from onefold.lists.words import Said, said


class Head(NamedTuple):
    """The head of a column. `arrow`: up, down or empty; `sort_url` empty = lists can't be sorted by it."""

    field: str
    title: str
    width: int | None
    is_right: bool
    is_folded: bool  # phones leave it out
    arrow: str
    sort_url: str
    note: str


class Cell(NamedTuple):
    """What stands in a column. `kind` says how to write it: value, number, flag, moment, or hour (floored to it)."""

    kind: str
    value: Any
    is_right: bool = False
    is_folded: bool = True
    url: str = ""  # where it leads


class Chip(NamedTuple):
    """A condition of the filter."""

    said: Said
    place: int
    remove_url: str
    is_group: bool = False  # the dialog of groups changes it


def shown_columns(state: ListState, fields: ListFields) -> tuple[Shown, ...]:
    """The title first, then the others; fields that there are not (any more) are left out."""
    title_field = state.kind.title_field
    others = [one for one in state.columns if one.field != title_field and fields.find(one.field)]
    title = next((one for one in state.columns if one.field == title_field), Shown(title_field))
    return (title, *others)


def heads(one: OpenList, state: ListState, *, right: Collection[str] = ()) -> list[Head]:
    """One a column. A click sorts upwards, the next downwards, the third as usual. `right`: aligned so on this page."""
    return [_head(one, state, shown, place, right) for place, shown in enumerate(state.columns)]


def chips(one: OpenList, state: ListState) -> list[Chip]:
    """The conditions and groups that all must hold."""
    of = state.tree.of
    return [
        Chip(
            said(node, one.field, one.relations),
            place,
            state.with_tree(AllOf((*of[:place], *of[place + 1 :]))).url,
            is_group=not isinstance(node, Condition),
        )
        for place, node in enumerate(of)
    ]


def without_last_filter(state: ListState) -> str:
    """What undoes the last narrowing of a list that no record matches: its address."""
    if state.tree.of:
        return state.with_tree(AllOf(state.tree.of[:-1])).url
    return replace(state, query="").url


def _head(one: OpenList, state: ListState, shown: Shown, place: int, right: Collection[str]) -> Head:
    field = one.field(shown.field)
    arrow = ""
    if state.sort.field == shown.field:
        arrow = "down" if state.sort.is_descending else "up"
    following = _following(state.kind, shown.field, arrow)
    return Head(
        field=shown.field,
        title=field.title,
        width=shown.width,
        is_right=field.is_right or shown.field in right,
        is_folded=place > 0 and shown.field != state.kind.phone_field,
        arrow=arrow,
        sort_url=replace(state, sort=following).url if field.is_sortable else "",
        note=field.sort_note if field.is_sortable else "",
    )


def _following(kind: ListKind, field: str, arrow: str) -> Sort:
    """The order that a click on a head brings."""
    if field == kind.sort.field:  # the usual order is one of its two
        return Sort(field, arrow != "down") if arrow else kind.sort
    return {"": Sort(field, False), "up": Sort(field, True), "down": kind.sort}[arrow]
