"""What is done with a list of people: keep it as a view, change, move and delete views."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onefold.accounts.api import Permission, may, name_of, requires
from onefold.infra.pool import pooled
from onefold.profiles import people_views
from onefold.profiles.people_state import ListState, state_of


@requires(Permission.SEE_PEOPLE)
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """A new view of the list at `address`; then to it."""
    state = _state(request)
    with pooled() as conn:
        view_id = people_views.add_view(
            conn,
            name=request.POST.get("name", ""),
            address=state.unsaved_address,
            is_shared=request.POST.get("shared") == "yes",
            acting_user=name_of(request.user),
        )
    return _to_list(state.unsaved_address, view_id)


@requires(Permission.SEE_PEOPLE)
@require_POST
def replace(request: HttpRequest, view_id: int) -> HttpResponse:
    """The view becomes the list at `address`."""
    state = _state(request)
    with pooled() as conn:
        people_views.replace_view(
            conn, view_id, address=state.unsaved_address, acting_user=name_of(request.user), may_edit=_may_edit(request)
        )
    return _to_list(state.unsaved_address, view_id)


@requires(Permission.SEE_PEOPLE)
@require_POST
def rename(request: HttpRequest, view_id: int) -> HttpResponse:
    """The view's `name`; of one's own also whether it is `shared`."""
    with pooled() as conn:
        view = people_views.rename_view(
            conn,
            view_id,
            name=request.POST.get("name", ""),
            is_shared=request.POST.get("shared") == "yes",
            acting_user=name_of(request.user),
            may_edit=_may_edit(request),
        )
    return _to_list(view.address, view_id)


@requires(Permission.SEE_PEOPLE)
@require_POST
def move(request: HttpRequest, view_id: int) -> HttpResponse:
    """The view's tab, one to the left or (`by` = 1) to the right."""
    by = 1 if request.POST.get("by") == "1" else -1
    with pooled() as conn:
        view = people_views.move_view(
            conn, view_id, by=by, acting_user=name_of(request.user), may_edit=_may_edit(request)
        )
    return _to_list(view.address, view_id)


@requires(Permission.SEE_PEOPLE)
@require_POST
def delete(request: HttpRequest, view_id: int) -> HttpResponse:
    """Out of the tabs; the toast brings it back."""
    with pooled() as conn:
        view = people_views.set_deleted(
            conn, view_id, is_deleted=True, acting_user=name_of(request.user), may_edit=_may_edit(request)
        )
    text = _("The view %(name)s is deleted.") % {"name": view.name}
    messages.success(request, text, extra_tags=f"/people/views/{view_id}/restore")
    return HttpResponseRedirect("/people")


@requires(Permission.SEE_PEOPLE)
@require_POST
def restore(request: HttpRequest, view_id: int) -> HttpResponse:
    """Back into the tabs."""
    with pooled() as conn:
        view = people_views.set_deleted(
            conn, view_id, is_deleted=False, acting_user=name_of(request.user), may_edit=_may_edit(request)
        )
    return _to_list(view.address, view_id)


def _state(request: HttpRequest) -> ListState:
    given: Any = QueryDict(request.POST.get("address", ""))
    return state_of(given)


def _may_edit(request: HttpRequest) -> bool:
    return may(request.user, Permission.EDIT_PEOPLE)


def _to_list(address: str, view_id: int) -> HttpResponse:
    return HttpResponseRedirect(f"/people?{address}{'&' if address else ''}view={view_id}")
