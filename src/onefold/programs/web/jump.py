"""What the command palette finds: places, people, and whoever an identifier leads to."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onefold.accounts.api import Permission, may, requires
from onefold.infra.pool import pooled
from onefold.profiles.api import jump_to_people
from onefold.programs.web.context import groups_for

MOST_PEOPLE = 6


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
    groups = [FoundGroup(_("Go to"), _places(request, query))]
    if query and may(request.user, Permission.SEE_PEOPLE):
        groups.insert(0, FoundGroup(_("People"), _people(query)))
    return render(request, "jump.html", {"query": query, "groups": [group for group in groups if group.found]})


def _places(request: HttpRequest, query: str) -> list[Found]:
    places = [place for group in groups_for(request) for place in group.places]
    wanted = query.casefold()
    return [Found(place.title, place.url, place.icon) for place in places if wanted in str(place.title).casefold()]


def _people(query: str) -> list[Found]:
    with pooled() as conn:
        people = jump_to_people(conn, query, MOST_PEOPLE)
    return [Found(one.title, one.url, "user", one.note) for one in people]
