"""Pages: the list of people, and one of them at the side. Its filters, columns and views are those of any list."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, may, requires
from onefold.filters.api import AllOf
from onefold.infra.pool import pooled
from onefold.lists.api import ListState, go, is_part, list_addresses, list_context, shown_columns
from onefold.profiles import jump, people, people_rows, person, timeline
from onefold.profiles.ids import from_text, to_text
from onefold.profiles.naming import Names
from onefold.profiles.people_fields import PeopleCatalogue
from onefold.profiles.people_listed import catalogue_for, open_people
from onefold.profiles.people_query import place_from_text, place_to_text
from onefold.profiles.people_state import is_known, state_of, turned

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
    place = place_from_text(request.GET.get("after", ""))
    after = request.GET.get("after", "") if place else ""
    with pooled() as conn:
        one, catalogue = open_people(conn, request), catalogue_for(conn, request.user)
        names = catalogue.names
        state = replace(state, columns=shown_columns(state, one.fields))
        found = jump.exact(conn, names, state.query) if state.query else None
        if found is not None:
            return go(request, f"/people/{to_text(found.profile_id)}")
        at_side = _at_side(conn, names, request.GET.get("peek", ""))
        if is_part(request) and request.headers.get("HX-Target") == "peek":
            return render(request, "profiles/people_peek.html", {**at_side, **list_addresses(state, after)})
        page = people.people_page(conn, catalogue, state, after=place)
        may_edit_many = bool(catalogue.more.bulk) and may(request.user, Permission.EDIT_PEOPLE)
        right = people_rows.numeric_columns(state, page, catalogue.more)
        context = {
            **list_context(conn, request, one, state, after=after, right=right),
            "page": page,
            "rows": people_rows.rows(state, page, right, catalogue.more),
            "next": place_to_text(page.next_place) if page.next_place else "",
            "is_known": is_known(state),
            "is_masked": catalogue.is_masked,
            "may_select": may(request.user, Permission.EXPORT_PEOPLE) or may_edit_many,
            "may_edit_many": may_edit_many,
            "bulk_fields": catalogue.more.bulk,
            **_mine(state, catalogue),
            "who_address": turned(state).address(),
            **at_side,
        }
    template = "profiles/people.html#changed" if is_part(request) else "profiles/people.html"
    return render(request, template, context)


def _mine(state: ListState, catalogue: PeopleCatalogue) -> dict[str, Any]:
    """Where the list leads that has only those whom the reader owns, or all again; nothing for who owns nobody."""
    mine = catalogue.more.mine
    if mine is None:
        return {}
    others = tuple(one for one in state.tree.of if one != mine)
    is_mine = len(others) < len(state.tree.of)
    tree = AllOf(others if is_mine else (*others, mine))
    return {"is_mine": is_mine, "mine_url": state.with_tree(tree).url}


def _at_side(conn: Connection[Any], names: Names, text: str) -> dict[str, Any]:
    """The essentials of one person; nothing when nobody has this id."""
    h = from_text(text)
    found = None if h is None else person.find(conn, names, h)
    if found is None or not found.has_profile:
        return {"side": None, "side_url": "", "side_fault": _("This person is no longer here.") if text else ""}
    members = person.load_members(conn, names, found.profile_id)
    traits = person.traits_of(members, names)
    shown = [one for one in traits.items() if one[0] not in ("name", "email", "phone")]
    page = timeline.timeline_page(conn, [member.h for member in members if member.n], limit=MAX_EVENTS_AT_SIDE)
    return {
        "side": person.load_profile(conn, found.profile_id),
        "side_url": f"/people/{to_text(found.profile_id)}",
        "side_traits": shown[:MAX_TRAITS_AT_SIDE],
        "side_trait_count": len(traits),
        "side_members": members[:MAX_IDENTIFIERS_AT_SIDE],
        "side_member_count": len(members),
        "side_events": page.entries,
        "side_sources": {source.id: source.name for source in names.sources.values()},
    }
