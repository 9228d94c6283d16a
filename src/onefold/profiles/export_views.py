"""Take people out as CSV: a few at once, a long list by the worker, and the page of what it makes."""

from collections.abc import Iterator
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onefold.accounts.api import Permission, audit, demand, may, name_of, requires
from onefold.infra.pool import pooled
from onefold.lists.api import ListRejected, ListState, shown_columns
from onefold.profiles import exports, people, people_export
from onefold.profiles.ids import from_text
from onefold.profiles.naming import Names, names_in_force
from onefold.profiles.people_listed import open_people
from onefold.profiles.people_state import is_known, people_state, state_of

MAX_AT_ONCE = 1_000
"""People who are written while the browser waits."""


@requires(Permission.EXPORT_PEOPLE)
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """The people of `ids` (by commas), or with `all` everybody in the list at `address`, as CSV.

    A list of more than MAX_AT_ONCE is made by the worker: answers with the page that shows how far it is.
    """
    state = state_of(QueryDict(request.POST.get("address", "")))
    is_all = request.POST.get("all") == "yes"
    picked = [from_text(text) for text in request.POST.get("ids", "").split(",")[: MAX_AT_ONCE + 1] if text]
    ids: list[int] = [h for h in picked if h is not None]
    if not is_all and (not ids or len(picked) > MAX_AT_ONCE):
        raise ListRejected(f"Pick from 1 to {MAX_AT_ONCE} people, or the whole list.")
    is_masked = not may(request.user, Permission.SEE_PERSONAL_DATA)
    with pooled() as conn:
        names = names_in_force(conn)
        columns = shown_columns(state, open_people(conn, request).fields)
        if is_all:
            state = people_state(query=state.query, is_known=is_known(state), tree=state.tree, columns=columns)
        else:
            state = people_state(is_known=False, columns=columns)
        count = people.count_of(conn, names, state, is_masked=is_masked, cap=MAX_AT_ONCE) if is_all else len(ids)
        is_long = count > MAX_AT_ONCE
        with conn.transaction():
            target = "people:list"
            if is_long:
                made = exports.ask_export(
                    conn, state, owner=name_of(request.user), user_id=int(request.user.pk or 0), is_masked=is_masked
                )
                target = f"export:{made}"
            details = {"people": "all" if is_all else len(ids), "columns": [one.field for one in state.columns]}
            audit(conn, actor=name_of(request.user), action="people.exported", target=target, details=details)
    if is_long:
        messages.success(request, _("The export is being made. You are told when it is ready."))
        return HttpResponseRedirect("/people/exports")
    return _csv(_stream(names, state, None if is_all else ids, is_masked))


@requires(Permission.EXPORT_PEOPLE)
@require_safe
def exports_page(request: HttpRequest) -> HttpResponse:
    """One's own exports and how far they are; asks again while one is being made."""
    with pooled() as conn:
        found = exports.exports_of(conn, int(request.user.pk or 0))
    context = {"exports": found, "is_open": any(one.is_open for one in found), "kept_hours": _kept_hours()}
    part = "#exports" if getattr(request, "htmx", False) else ""
    return render(request, f"profiles/exports.html{part}", context)


@requires(Permission.EXPORT_PEOPLE)
@require_safe
def download(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """One's own export, by whoever may still see what is in it."""
    with pooled() as conn:
        found = exports.find_export(conn, export_id, int(request.user.pk or 0))
        if not found.is_masked:
            demand(request.user, Permission.SEE_PERSONAL_DATA)
        if found.state != "done":
            raise exports.ExportRejected(_("This export is not ready."))
        audit(conn, actor=name_of(request.user), action="export.downloaded", target=f"export:{export_id}")
    return _csv(_made(export_id))


@requires(Permission.EXPORT_PEOPLE)
@require_POST
def remove(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Away with it, made or not."""
    with pooled() as conn, conn.transaction():
        if exports.remove_export(conn, export_id, int(request.user.pk or 0)):
            audit(conn, actor=name_of(request.user), action="export.removed", target=f"export:{export_id}")
    return HttpResponseRedirect("/people/exports")


def _kept_hours() -> int:
    return int(exports.KEPT.total_seconds() // 3600)


def _csv(lines: Iterator[bytes]) -> HttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="people-{timezone.now():%Y-%m-%d}.csv"'
    return cast(HttpResponse, response)  # the guard knows no other kind


def _stream(names: Names, state: ListState, ids: list[int] | None, is_masked: bool) -> Iterator[bytes]:
    with pooled() as conn:
        for text, _count in people_export.csv_of(conn, names, state, ids=ids, is_masked=is_masked):
            yield text.encode()


def _made(export_id: UUID) -> Iterator[bytes]:
    """A connection for each piece, not one for as long as a slow reader reads."""
    after = -1
    while True:
        with pooled() as conn:
            found = exports.lines_of(conn, export_id, after)
        if found is None:
            return
        after, text = found
        yield text.encode()
