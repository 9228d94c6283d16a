"""What the command palette finds: what can be made, places, people, companies, records, audiences, and whoever an
identifier leads to."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onefold.accounts.api import Permission, actor_of, may, requires, settings_pages
from onefold.audiences.api import audiences_named
from onefold.crm.api import companies_named, records_found
from onefold.infra.pool import pooled
from onefold.profiles.api import jump_to_people
from onefold.programs.web.context import groups_for

MOST_PEOPLE = 6
MOST_COMPANIES = 5
MOST_AUDIENCES = 6
MOST_RECORDS = 5
ONLY_ACTIONS = ">"


class Found(NamedTuple):
    """A line of the palette."""

    title: str | Promise
    url: str
    icon: str
    note: str = ""


class FoundGroup(NamedTuple):
    """Lines under one heading."""

    title: str
    found: list[Found]


@require_safe
@requires(Permission.SEE_EVENTS)
def jump(request: HttpRequest) -> HttpResponse:
    """`GET /jump?q=…`: a fragment. Places match anywhere in their name, people as in their list."""
    query = request.GET.get("q", "").strip()
    if query.startswith(ONLY_ACTIONS):
        query = query.removeprefix(ONLY_ACTIONS).strip()
        groups = [FoundGroup(_("Actions"), _actions(request, query))]
        return render(request, "jump.html", {"query": query, "groups": [group for group in groups if group.found]})
    groups = [FoundGroup(_("Go to"), _places(request, query)), FoundGroup(_("Actions"), _actions(request, query))]
    if query and may(request.user, Permission.SEE_PEOPLE):
        groups[:0] = [
            FoundGroup(_("People"), _people(request, query)),
            FoundGroup(_("Companies"), _companies(query)),
            *_records(request, query),
            FoundGroup(_("Audiences"), _audiences(query)),
        ]
    return render(request, "jump.html", {"query": query, "groups": [group for group in groups if group.found]})


def _places(request: HttpRequest, query: str) -> list[Found]:
    places = [Found(place.title, place.url, place.icon) for group in groups_for(request) for place in group.places]
    settings = [Found(title, url, "settings", _("Settings")) for title, url in settings_pages(request.user)]
    others = [
        Found(_("Notifications"), "/notifications", "bell"),
        Found("API", "/api/docs", "book"),
        Found(_("Design system"), "/settings/design", "layout-list"),
    ]
    wanted = query.casefold()
    if not wanted:
        return places  # what is gone to every day; the rest when it is asked for
    return [one for one in (*places, *settings, *others) if wanted in str(one.title).casefold()]


def _people(request: HttpRequest, query: str) -> list[Found]:
    is_masked = not may(request.user, Permission.SEE_PERSONAL_DATA)
    with pooled() as conn:
        people = jump_to_people(conn, query, MOST_PEOPLE, is_masked=is_masked)
    return [Found(one.title, one.url, "user", one.note) for one in people]


def _companies(query: str) -> list[Found]:
    with pooled() as conn:
        return [Found(one.title, one.url, "building", one.note) for one in companies_named(conn, query, MOST_COMPANIES)]


def _records(request: HttpRequest, query: str) -> list[FoundGroup]:
    """Deals, tasks, activities and the others, each kind under its own heading."""
    if not may(request.user, Permission.SEE_RECORDS):
        return []
    with pooled() as conn:
        groups = records_found(conn, actor_of(request), query, MOST_RECORDS)
    return [
        FoundGroup(str(one.title), [Found(record.title, record.url, one.icon) for record in one.found])
        for one in groups
    ]


def _actions(request: HttpRequest, query: str) -> list[Found]:
    """What can be made: the page that opens the dialog."""
    wanted = query.casefold()
    return [
        Found(title, url, icon)
        for title, url, icon, needed in (
            (_("New deal"), "/deals?new=deal", "briefcase", Permission.EDIT_RECORDS),
            (_("New task"), "/tasks?new=task", "checkbox", Permission.EDIT_RECORDS),
            (_("Log a call"), "/activities?new=call", "phone", Permission.EDIT_RECORDS),
            (_("Log a meeting"), "/activities?new=meeting", "calendar", Permission.EDIT_RECORDS),
            (_("Log an e-mail"), "/activities?new=email", "mail", Permission.EDIT_RECORDS),
            (_("New person"), "/people?new=person", "user", Permission.EDIT_PEOPLE),
            (_("New company"), "/companies?new=company", "building", Permission.EDIT_PEOPLE),
        )
        if may(request.user, needed) and wanted in title.casefold()
    ]


def _audiences(query: str) -> list[Found]:
    with pooled() as conn:
        return [
            Found(name, f"/audiences/{number}", "users-group")
            for number, name in audiences_named(conn, query, MOST_AUDIENCES)
        ]
