"""What is done with a list: keep it as a view, change, move and delete views. `open_list` says of which kind."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onefold.infra.pool import pooled
from onefold.lists import views
from onefold.lists.context import keeper_of
from onefold.lists.kinds import ListKind
from onefold.lists.pages import OpenIt
from onefold.lists.state import ListState, state_of


@require_POST
def save_view(request: HttpRequest, open_list: OpenIt, **parts: object) -> HttpResponse:
    """A new view of the list at `address`; then to it."""
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        state = _state(one.kind, request)
        view_id = views.add_view(
            conn,
            keeper_of(conn, one, request),
            name=request.POST.get("name", ""),
            address=state.unsaved_address,
            seen_by=_seen_by(request),
        )
    return _to_list(one.kind, state.unsaved_address, view_id)


@require_POST
def replace(request: HttpRequest, open_list: OpenIt, view_id: int, **parts: object) -> HttpResponse:
    """The view becomes the list at `address`."""
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        state = _state(one.kind, request)
        views.replace_view(conn, keeper_of(conn, one, request), view_id, address=state.unsaved_address)
    return _to_list(one.kind, state.unsaved_address, view_id)


@require_POST
def rename(request: HttpRequest, open_list: OpenIt, view_id: int, **parts: object) -> HttpResponse:
    """The view's `name`; of one's own also with whom it is `shared`: `team`, `yes` = everybody, else nobody."""
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        view = views.rename_view(
            conn,
            keeper_of(conn, one, request),
            view_id,
            name=request.POST.get("name", ""),
            seen_by=_seen_by(request),
        )
    return _to_list(one.kind, view.address, view_id)


@require_POST
def move(request: HttpRequest, open_list: OpenIt, view_id: int, **parts: object) -> HttpResponse:
    """The view's tab, one to the left or (`by` = 1) to the right."""
    by = 1 if request.POST.get("by") == "1" else -1
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        view = views.move_view(conn, keeper_of(conn, one, request), view_id, by=by)
    return _to_list(one.kind, view.address, view_id)


@require_POST
def delete(request: HttpRequest, open_list: OpenIt, view_id: int, **parts: object) -> HttpResponse:
    """Out of the tabs; the toast brings it back."""
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        view = views.set_deleted(conn, keeper_of(conn, one, request), view_id, is_deleted=True)
    text = _("The view %(name)s is deleted.") % {"name": view.name}
    messages.success(request, text, extra_tags=f"{one.kind.path}/views/{view_id}/restore")
    return HttpResponseRedirect(one.kind.path)


@require_POST
def restore(request: HttpRequest, open_list: OpenIt, view_id: int, **parts: object) -> HttpResponse:
    """Back into the tabs."""
    with pooled() as conn:
        one = open_list(conn, request, **parts)
        view = views.set_deleted(conn, keeper_of(conn, one, request), view_id, is_deleted=False)
    return _to_list(one.kind, view.address, view_id)


def _seen_by(request: HttpRequest) -> views.SeenBy:
    told = {"team": views.SeenBy.TEAM, "yes": views.SeenBy.ALL}
    return told.get(request.POST.get("shared", ""), views.SeenBy.OWNER)


def _state(kind: ListKind, request: HttpRequest) -> ListState:
    given: Any = QueryDict(request.POST.get("address", ""))
    return state_of(kind, given)


def _to_list(kind: ListKind, address: str, view_id: int) -> HttpResponse:
    return HttpResponseRedirect(f"{kind.path}?{address}{'&' if address else ''}view={view_id}")
