"""Pages: the list of people, its filters and columns, and one of them at the side."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, mask_text, may, name_of, requires
from onefold.filters.api import AllOf, Condition, FilterRejected, OneOf, to_json
from onefold.infra.pool import pooled
from onefold.profiles import jump, people, people_rows, people_suggest, people_views, person, timeline
from onefold.profiles.ids import from_text, to_text
from onefold.profiles.naming import Names, names_in_force
from onefold.profiles.people_fields import TRAIT, is_shown, trait_of
from onefold.profiles.people_forms import condition_of
from onefold.profiles.people_query import place_from_text, place_to_text
from onefold.profiles.people_state import EVERYBODY, ListState, Shown, state_of
from onefold.profiles.people_words import TITLES, code_of, operators_for, title_of

MAX_TRAITS_AT_SIDE = 12
MAX_EVENTS_AT_SIDE = 6
MAX_IDENTIFIERS_AT_SIDE = 8


@requires(Permission.SEE_PEOPLE)
@require_safe
def people_list(request: HttpRequest) -> HttpResponse:
    """The list; a search for exactly an identifier or a profile id goes straight to the person.

    htmx gets the list alone, or the person at the side when it asks for `peek`.
    """
    state = state_of(request.GET)
    after = place_from_text(request.GET.get("after", ""))
    target = request.headers.get("HX-Target", "") if getattr(request, "htmx", False) else None
    with pooled() as conn:
        names = names_in_force(conn)
        state = replace(state, columns=people_rows.shown_columns(state, names))
        found = jump.exact(conn, names, state.query) if state.query else None
        if found is not None:
            return _go(request, f"/people/{to_text(found.profile_id)}")
        at_side = _at_side(conn, names, request.GET.get("peek", ""))
        if target == "peek":
            return render(request, "profiles/people_peek.html", {**at_side, **_addresses(request, state)})
        page = people.people_page(conn, names, state, is_masked=_is_masked(request), after=after)
        views = people_views.visible_views(conn, name_of(request.user))
    context = {
        **_views(request, views, state),
        "page": page,
        "state": state,
        "heads": people_rows.heads(state, page, is_masked=_is_masked(request)),
        "rows": people_rows.rows(state, page),
        "chips": people_rows.chips(state),
        "is_first": after is None,
        "next": place_to_text(page.next_place) if page.next_place else "",
        "filter_json": to_json(state.tree) if state.tree.of else "",
        "without_last": people_rows.without_last_filter(state),
        "is_masked": _is_masked(request),
        "is_part": target is not None,
        **at_side,
        **_addresses(request, state),
    }
    template = "profiles/people.html#changed" if target is not None else "profiles/people.html"
    return render(request, template, context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def filter_fields(request: HttpRequest) -> HttpResponse:
    """What can be filtered by, for the popover and the dialog of groups: columns, traits there are, namespaces."""
    with pooled() as conn:
        names = names_in_force(conn)
        traits = people_suggest.trait_names(conn)
    namespaces = sorted(names.config.namespaces, key=lambda one: one.rank)
    context = {
        "columns": list(TITLES.items()),
        "traits": [(f"{TRAIT}{one.name}", one) for one in traits],
        "namespaces": [one.name for one in namespaces],
        "address": state_of(request.GET).address(),
    }
    return render(request, "profiles/people_filter.html#fields", context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def fields_data(request: HttpRequest) -> HttpResponse:
    """For the dialog of groups: every field with its operators (`[code, words, what it takes]`), as JSON."""
    with pooled() as conn:
        names = names_in_force(conn)
        traits = people_suggest.trait_names(conn)
    kinds = {field: "" for field in TITLES}
    kinds |= {f"{TRAIT}{one.name}": one.kind for one in traits}
    kinds |= {f"identifier:{one.name}": "" for one in names.config.namespaces}
    is_masked = _is_masked(request)
    fields = [
        {
            "field": field,
            "title": title_of(field),
            "operators": [
                [one.code, str(one.words), one.takes] for one in operators_for(field, kind, is_masked=is_masked)
            ],
        }
        for field, kind in kinds.items()
    ]
    return JsonResponse({"fields": fields})


@requires(Permission.SEE_PEOPLE)
@require_safe
def filter_form(request: HttpRequest) -> HttpResponse:
    """The form of one condition: of a `field`, or the one at `place` in the filter."""
    return _form(request, "")


@requires(Permission.SEE_PEOPLE)
@require_safe
def apply_filter(request: HttpRequest) -> HttpResponse:
    """The list with the condition of the form added, or put in the place of an older one."""
    state = state_of(request.GET)
    try:
        condition = condition_of(request.GET)
    except FilterRejected as fault:
        return _form(request, str(fault))
    of = list(state.tree.of)
    place = _place(request, state)
    if place is None:
        of.append(condition)
    else:
        of[place] = condition
    return _go(request, _list_url(state.with_tree(AllOf(tuple(of)))))


@requires(Permission.SEE_PEOPLE)
@require_safe
def apply_columns(request: HttpRequest) -> HttpResponse:
    """The form of the columns on GET of htmx; sent, it leads to the list with these (`show`, in order)."""
    state = state_of(request.GET)
    with pooled() as conn:
        names = names_in_force(conn)
        wanted = [field for field in request.GET.getlist("show") if is_shown(field, names)]
        if wanted:
            widths = {one.field: one.width for one in state.columns}
            columns = tuple(Shown(field, widths.get(field)) for field in dict.fromkeys(["name", *wanted]))
            return _go(request, _list_url(replace(state, columns=columns[:20])))
        traits = people_suggest.trait_names(conn)
    state = replace(state, columns=people_rows.shown_columns(state, names))
    chosen = [one.field for one in state.columns]
    others = [field for field in TITLES if field not in chosen]
    others += [f"{TRAIT}{one.name}" for one in traits if f"{TRAIT}{one.name}" not in chosen]
    others += [field for one in names.config.namespaces if (field := f"identifier:{one.name}") not in chosen]
    context = {
        "chosen": [(field, title_of(field)) for field in chosen if field != "name"],
        "others": [(field, title_of(field)) for field in others],
        "pairs": _pairs(state),
    }
    return render(request, "profiles/people_filter.html#columns", context)


def _form(request: HttpRequest, fault: str) -> HttpResponse:
    state = state_of(request.GET)
    place = _place(request, state)
    there = None if place is None else state.tree.of[place]
    condition = there if isinstance(there, Condition) else None
    if condition is None:  # a group has a dialog of its own
        place = None
    field = request.GET.get("field", "")[:600] or getattr(condition, "field", "")
    trait = trait_of(field)
    with pooled() as conn:
        kind = people_suggest.kind_of(conn, trait) if trait else ""
        values = people_suggest.trait_values(conn, trait) if trait else []
    if _is_masked(request):  # what would stand masked in the form would be compared so
        values = [one for one in values if mask_text(one.value) == one.value]
    given = [str(value) for value in getattr(condition, "values", ())] or request.GET.getlist("value")
    first, second = _two(condition)
    operators = operators_for(field, kind, is_masked=_is_masked(request))
    code = request.GET.get("op") or (code_of(condition) if condition and not fault else operators[0].code)
    context = {
        "field": field,
        "title": title_of(field),
        "operators": operators,
        "code": code,
        "suggested": [one for one in values if kind in ("text", "list")],
        "chosen": given,
        "typed": [value for value in given if value not in {one.value for one in values}],
        "first": first or (request.GET.get("value") or ""),
        "second": second or (request.GET.get("value2") or ""),
        "place": place,
        "pairs": _pairs(state),
        "fault": fault,
        "is_many": isinstance(condition, OneOf),
    }
    return render(request, "profiles/people_filter.html#form", context, status=200)


def _two(condition: object) -> tuple[str, str]:
    """The value or the two ends of a condition, for its inputs."""
    for names in (("low", "high"), ("first", "last"), ("value", ""), ("days", "")):
        if (value := getattr(condition, names[0], None)) is not None and not isinstance(value, bool):
            return str(value), str(getattr(condition, names[1], None) or "") if names[1] else ""
    return "", ""


def _place(request: HttpRequest, state: ListState) -> int | None:
    text = request.GET.get("place", "")
    return int(text) if text.isdigit() and len(text) < 4 and int(text) < len(state.tree.of) else None


def _at_side(conn: Connection[Any], names: Names, text: str) -> dict[str, Any]:
    """The essentials of one person; nothing when nobody has this id."""
    h = from_text(text)
    found = None if h is None else person.find(conn, names, h)
    if found is None or not found.has_profile:
        return {"side": None, "side_fault": _("This person is no longer here.") if text else ""}
    members = person.load_members(conn, names, found.profile_id)
    traits = person.traits_of(members, names)
    shown = [one for one in traits.items() if one[0] not in ("name", "email", "phone")]
    page = timeline.timeline_page(conn, [member.h for member in members if member.n], limit=MAX_EVENTS_AT_SIDE)
    return {
        "side": person.load_profile(conn, found.profile_id),
        "side_traits": shown[:MAX_TRAITS_AT_SIDE],
        "side_trait_count": len(traits),
        "side_members": members[:MAX_IDENTIFIERS_AT_SIDE],
        "side_member_count": len(members),
        "side_events": page.entries,
        "side_sources": {source.id: source.name for source in names.sources.values()},
    }


def _is_masked(request: HttpRequest) -> bool:
    return not may(request.user, Permission.SEE_PERSONAL_DATA)


def _views(request: HttpRequest, views: list[people_views.View], state: ListState) -> dict[str, Any]:
    """Tabs, the one that is open, whether the list differs from it, and whether this user may change it."""
    view = next((one for one in views if str(one.id) == state.view), None)
    saved = view.address if view else ""
    is_own = view is not None and view.owner == name_of(request.user)
    return {
        "views": views,
        "view": view,
        "is_changed": state.unsaved_address != saved,
        "saved_address": saved,
        "is_own_view": is_own,
        "may_change_view": is_own or (view is not None and may(request.user, Permission.EDIT_PEOPLE)),
    }


def _addresses(request: HttpRequest, state: ListState) -> dict[str, Any]:
    """Where the list leads: `address` of its state, `here` of this page of it, both to go on after `?`."""
    after = request.GET.get("after", "")
    here = state.address(after=after) if place_from_text(after) else state.address()
    return {
        "address": state.address(),
        "who_address": replace(state, is_known=not state.is_known).address(),
        "no_filter_address": replace(state, tree=EVERYBODY).address(),
        "here": here,
        "list_url": f"/people?{here}" if here else "/people",
    }


def _pairs(state: ListState) -> list[tuple[str, str]]:
    """The state as the hidden inputs of a form."""
    from urllib.parse import parse_qsl

    return parse_qsl(state.address())


def _list_url(state: ListState) -> str:
    address = state.address()
    return f"/people?{address}" if address else "/people"


def _go(request: HttpRequest, url: str) -> HttpResponse:
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
