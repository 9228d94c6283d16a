"""Settings: sales teams as a tree, who is in them."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.crm import teams
from onefold.crm.errors import TeamRejected
from onefold.crm.page import user_names
from onefold.infra.pool import pooled

PAGE = "/settings/crm/teams"


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def all_teams(request: HttpRequest) -> HttpResponse:
    """The tree; sent, a new team (`name`, `parent`)."""
    with pooled() as conn:
        if request.method != "POST":
            return _page(request, conn)
        name = request.POST.get("name", "")

        def act() -> None:
            teams.add_team(conn, name, _parent(request), acting_user=name_of(request.user))

        return _done(request, conn, act, _("The team is added."))


@requires(Permission.MANAGE_CRM)
@require_POST
def change(request: HttpRequest, number: int) -> HttpResponse:
    """Another `name`, another place (`parent`)."""
    with pooled() as conn:
        name, parent = request.POST.get("name", ""), _parent(request)

        def act() -> None:
            teams.change_team(conn, number, name=name, parent=parent, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The team is changed."))


@requires(Permission.MANAGE_CRM)
@require_POST
def archive(request: HttpRequest, number: int) -> HttpResponse:
    """Out of the tree; the toast brings it back."""
    with pooled() as conn:

        def act() -> None:
            teams.archive_team(conn, number, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The team is archived."), undo=f"{PAGE}/{number}/restore")


@requires(Permission.MANAGE_CRM)
@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """Back into the tree."""
    with pooled() as conn:

        def act() -> None:
            teams.restore_team(conn, number, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The team is back."))


@requires(Permission.MANAGE_CRM)
@require_POST
def join(request: HttpRequest, number: int) -> HttpResponse:
    """A user (`user`) into a team."""
    user = request.POST.get("user") or request.GET.get("user", "")
    with pooled() as conn:

        def act() -> None:
            teams.add_member(conn, number, user, acting_user=name_of(request.user))

        return _done(request, conn, act, _("%(name)s is in the team.") % {"name": user[:80]})


@requires(Permission.MANAGE_CRM)
@require_POST
def leave(request: HttpRequest, number: int) -> HttpResponse:
    """A user (`user`) out of a team; the toast brings them back."""
    user = request.POST.get("user", "")
    with pooled() as conn:

        def act() -> None:
            teams.remove_member(conn, number, user, acting_user=name_of(request.user))

        undo = f"{PAGE}/{number}/join?{urlencode({'user': user})}"
        return _done(request, conn, act, _("%(name)s has left the team.") % {"name": user[:80]}, undo=undo)


def _done(
    request: HttpRequest, conn: Connection[Any], act: Callable[[], None], said: str, undo: str = ""
) -> HttpResponse:
    """Back to the page, which says what was done, or what is wrong."""
    try:
        act()
    except TeamRejected as fault:  # an answer to the form, beside which it is read
        return _page(request, conn, str(fault))
    messages.success(request, said, extra_tags=undo)
    return HttpResponseRedirect(PAGE)


def _page(request: HttpRequest, conn: Connection[Any], fault: str = "") -> HttpResponse:
    known = teams.load_teams(conn)
    names = user_names(conn)
    rows = [
        {
            "team": one,
            "deep": min(one.depth, 5),
            "above": [other for other in known.tree if other.id not in known.below(one.id)],
            "others": [name for name in names if name not in one.members],
        }
        for one in known.tree
    ]
    context = {"rows": rows, "tree": known.tree, "archived": known.archived, "fault": fault}
    return render(request, "crm/teams.html", context, status=422 if fault else 200)


def _parent(request: HttpRequest) -> int | None:
    text = request.POST.get("parent", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)
