"""What is done with a list of people: save it as a view, take it out as CSV."""

from collections.abc import Iterator
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onefold.accounts.api import Permission, audit, may, name_of, requires
from onefold.infra.pool import pooled
from onefold.profiles import people_export, people_rows, people_views
from onefold.profiles.ids import from_text
from onefold.profiles.naming import Names, names_in_force
from onefold.profiles.people_state import ListRejected, ListState, state_of

MAX_PICKED = 1_000


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


@requires(Permission.EXPORT_PEOPLE)
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """The people of `ids` (by commas), or with `all` everybody in the list at `address`, as CSV."""
    state = _state(request)
    is_all = request.POST.get("all") == "yes"
    picked = [from_text(text) for text in request.POST.get("ids", "").split(",")[: MAX_PICKED + 1] if text]
    ids: list[int] = [h for h in picked if h is not None]
    if not is_all and (not ids or len(picked) > MAX_PICKED):
        raise ListRejected(f"Pick from 1 to {MAX_PICKED} people, or the whole list.")
    with pooled() as conn:
        names = names_in_force(conn)
        state = ListState(
            query=state.query if is_all else "",
            is_known=state.is_known and is_all,
            tree=state.tree if is_all else ListState().tree,
            columns=people_rows.shown_columns(state, names),
        )
        details = {"people": "all" if is_all else len(ids), "columns": [one.field for one in state.columns]}
        audit(conn, actor=name_of(request.user), action="people.exported", target="people:list", details=details)
    is_masked = not may(request.user, Permission.SEE_PERSONAL_DATA)
    response = StreamingHttpResponse(
        _stream(names, state, None if is_all else ids, is_masked), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="people-{timezone.now():%Y-%m-%d}.csv"'
    return cast(HttpResponse, response)  # the guard knows no other kind


def _stream(names: Names, state: ListState, ids: list[int] | None, is_masked: bool) -> Iterator[bytes]:
    with pooled() as conn:
        for piece in people_export.csv_of(conn, names, state, ids=ids, is_masked=is_masked):
            yield piece.encode(errors="replace")


def _state(request: HttpRequest) -> ListState:
    given: Any = QueryDict(request.POST.get("address", ""))
    return state_of(given)


def _may_edit(request: HttpRequest) -> bool:
    return may(request.user, Permission.EDIT_PEOPLE)


def _to_list(address: str, view_id: int) -> HttpResponse:
    return HttpResponseRedirect(f"/people?{address}{'&' if address else ''}view={view_id}")
