"""Pages of any list: what it can be filtered by, the form of a condition, its columns."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onefold.filters.api import AllOf, Condition, FilterRejected, Group, Has, Node, OneOf, RelatedTo
from onefold.infra.pool import pooled
from onefold.lists.context import go, pairs_of
from onefold.lists.fields import Choice, ListField, OpenList, RelatedList
from onefold.lists.forms import condition_of
from onefold.lists.kinds import Shown
from onefold.lists.rows import shown_columns
from onefold.lists.state import MAX_COLUMNS, MAX_FIELD, ListState, state_of
from onefold.lists.words import code_of, operators_of, texts_of

OpenIt = Callable[..., OpenList]
"""From a connection, the request and the named parts of its address to the list as this reader has it: given by the
slice whose records are listed. May raise NotFound."""


@require_safe
def filter_fields(request: HttpRequest, open_list: OpenIt, **parts: object) -> HttpResponse:
    """What can be filtered by, for the popover."""
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        offered = one.fields.offered()
    context = {"kind": one.kind, "fields": offered, "address": state_of(one.kind, request.GET).address()}
    return render(request, "lists/filter.html#fields", context)


@require_safe
def fields_data(request: HttpRequest, open_list: OpenIt, **parts: object) -> HttpResponse:
    """For the dialog of groups: every field offered, and those of the filter, as JSON.

    With its operators (`[code, words, what it takes]`), and options (`[value, label]`) where only those may be chosen.
    `relations`: what else a group can be asked of, with the fields there.
    """
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        fields = {field.name: field for field in one.fields.offered()}
        tree = state_of(one.kind, request.GET).tree
        for name in _names_in(tree):
            if name not in fields:
                fields[name] = one.asked(name)
    relations = [
        {
            "field": related.name,
            "title": related.title,
            "fields": [_field_data(one) for one in _with_asked(related, tree)],
        }
        for related in one.relations
    ]
    return JsonResponse({"fields": [_field_data(field) for field in fields.values()], "relations": relations})


@require_safe
def filter_form(request: HttpRequest, open_list: OpenIt, **parts: object) -> HttpResponse:
    """The form for one condition: a new one on `field`, or the one at `place`."""
    with pooled() as conn:
        return _form(request, open_list(conn, request, **parts), "")


@require_safe
def apply_filter(request: HttpRequest, open_list: OpenIt, **parts: object) -> HttpResponse:
    """The list with the condition of the form added, or put in the place of an older one."""
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        state = state_of(one.kind, request.GET)
        try:
            condition = condition_of(request.GET)
        except FilterRejected as fault:
            return _form(request, one, str(fault))
    of = list(state.tree.of)
    place = _place(request, state)
    if place is None:
        of.append(condition)
    else:
        of[place] = condition
    return go(request, state.with_tree(AllOf(tuple(of))).url)


@require_safe
def columns(request: HttpRequest, open_list: OpenIt, **parts: object) -> HttpResponse:
    """The form of the columns on GET of htmx; sent, it leads to the list with these (`show`, in order)."""
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        state = state_of(one.kind, request.GET)
        wanted = [name for name in request.GET.getlist("show") if one.fields.find(name)]
        if wanted:
            widths = {shown.field: shown.width for shown in state.columns}
            names = list(dict.fromkeys([one.kind.title_field, *wanted]))[:MAX_COLUMNS]
            return go(request, replace(state, columns=tuple(Shown(name, widths.get(name)) for name in names)).url)
        state = replace(state, columns=shown_columns(state, one.fields))
        names = [shown.field for shown in state.columns]
        others = [field for field in one.fields.offered() if field.name not in names]
        chosen = [one.field(name) for name in names[1:]]
    context = {"kind": one.kind, "chosen": chosen, "others": others, "pairs": pairs_of(state)}
    return render(request, "lists/filter.html#columns", context)


def _form(request: HttpRequest, one: OpenList, fault: str) -> HttpResponse:
    state = state_of(one.kind, request.GET)
    place = _place(request, state)
    there = None if place is None else state.tree.of[place]
    condition = there if isinstance(there, Condition) else None
    if condition is None:  # a group has a dialog of its own
        place = None
    field = one.asked(request.GET.get("field", "")[:MAX_FIELD] or getattr(condition, "field", ""))
    given = request.GET.getlist("value")
    if isinstance(condition, OneOf | Has) and condition.field == field.name:
        given = texts_of(condition.values, field)
    choices = _choices(field, given)
    first, second = _two(condition)
    operators = operators_of(field)
    code = request.GET.get("op") or (code_of(condition) if condition and not fault else operators[0].code)
    context = {
        "kind": one.kind,
        "field": field,
        "operators": operators,
        "code": code,
        "choices": choices,
        "chosen": given,
        "typed": [value for value in given if value not in {choice.value for choice in choices}],
        "first": first or (request.GET.get("value") or ""),
        "second": second or (request.GET.get("value2") or ""),
        "place": place,
        "pairs": pairs_of(state),
        "fault": fault,
    }
    return render(request, "lists/filter.html#form", context)


def _choices(field: ListField, given: list[str]) -> list[Choice]:
    """What is ticked or not. Of options also those chosen that no longer exist, so that they can be taken out."""
    if field.options is None:
        return list(field.suggested)
    known = {choice.value for choice in field.options}
    return [*field.options, *(Choice(value, value) for value in given if value and value not in known)]


def _two(condition: object) -> tuple[str, str]:
    """The value or the two ends of a condition, for its inputs."""
    for names in (("low", "high"), ("first", "last"), ("value", ""), ("days", "")):
        if (value := getattr(condition, names[0], None)) is not None and not isinstance(value, bool):
            return str(value), str(getattr(condition, names[1], None) or "") if names[1] else ""
    return "", ""


def _place(request: HttpRequest, state: ListState) -> int | None:
    text = request.GET.get("place", "")
    return int(text) if text.isdigit() and len(text) < 4 and int(text) < len(state.tree.of) else None


def _names_in(node: Node) -> Iterator[str]:
    if isinstance(node, Group):
        for part in node.of:
            yield from _names_in(part)
    elif isinstance(node, Condition):
        yield node.field


def _with_asked(related: RelatedList, tree: Node) -> list[ListField]:
    """The fields of a relation, and those that the filter asks there besides."""
    known = {field.name: field for field in related.fields}
    for node in _relations_in(tree):
        if node.field == related.name:
            known |= {name: ListField(name=name, title=name) for name in _names_in(node.where) if name not in known}
    return list(known.values())


def _relations_in(node: Node) -> Iterator[RelatedTo]:
    if isinstance(node, Group):
        for part in node.of:
            yield from _relations_in(part)
    elif isinstance(node, RelatedTo):
        yield node


def _field_data(field: ListField) -> dict[str, Any]:
    return {
        "field": field.name,
        "title": field.title,
        "operators": [[one.code, str(one.words), one.takes] for one in operators_of(field)],
        "options": None if field.options is None else [[one.value, one.label] for one in field.options],
    }
