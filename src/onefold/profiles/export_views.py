"""Take people out as a file, and the page of what the worker makes of long lists of any kind."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onefold.accounts.api import Permission, audit, demand, name_of, requires
from onefold.infra.pool import pooled
from onefold.lists.api import ListRejected, shown_columns
from onefold.profiles import export_answers, exports, people
from onefold.profiles.export_answers import Taken, file_of, take_out
from onefold.profiles.export_files import MAX_SHEET_ROWS, format_named
from onefold.profiles.ids import from_text
from onefold.profiles.people_export import people_rows
from onefold.profiles.people_listed import catalogue_for, open_people
from onefold.profiles.people_state import is_known, people_state, state_of

_SEEN_WITH_PEOPLE: Final = frozenset({"people", "companies"})
"""What everybody sees who may see people; all else are records of the CRM."""


@requires(Permission.EXPORT_PEOPLE)
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """The people of `ids` (by commas), or with `all` everybody in the list at `address`, as `format`."""
    most = export_answers.MAX_AT_ONCE
    made = format_named(request.POST.get("format", "csv"))
    state = state_of(QueryDict(request.POST.get("address", "")))
    is_all = request.POST.get("all") == "yes"
    picked = [from_text(text) for text in request.POST.get("ids", "").split(",")[: most + 1] if text]
    ids: list[int] = [h for h in picked if h is not None]
    if not is_all and (not ids or len(picked) > most):
        raise ListRejected(f"Pick from 1 to {most} people, or the whole list.")
    with pooled() as conn:
        catalogue = catalogue_for(conn, request.user)
        columns = shown_columns(state, open_people(conn, request).fields)
        if is_all:
            state = people_state(query=state.query, is_known=is_known(state), tree=state.tree, columns=columns)
        else:
            state = people_state(is_known=False, columns=columns)
        whom = None if is_all else ids
        taken = Taken(
            state=state,
            ids=whom,
            count=people.count_of(conn, catalogue, state, cap=most) if is_all else len(ids),
            format=made,
            action="people.exported",
            rows=lambda reader: people_rows(reader, catalogue, state, ids=whom, cap=most),
        )
        return take_out(conn, request, taken)


@requires(Permission.EXPORT_PEOPLE)
@require_safe
def exports_page(request: HttpRequest) -> HttpResponse:
    """One's own exports and how far they are; asks again while one is being made."""
    with pooled() as conn:
        found = exports.exports_of(conn, int(request.user.pk or 0))
    context = {
        "exports": found,
        "is_open": any(one.is_open for one in found),
        "kept_hours": int(exports.KEPT.total_seconds() // 3600),
        "most_sheet_rows": MAX_SHEET_ROWS,
    }
    part = "#exports" if getattr(request, "htmx", False) else ""
    return render(request, f"profiles/exports.html{part}", context)


@requires(Permission.EXPORT_PEOPLE)
@require_safe
def download(request: HttpRequest, export_id: UUID, ending: str) -> HttpResponse:
    """One's own export, by whoever may still see what is in it."""
    with pooled() as conn:
        found = exports.find_export(conn, export_id, int(request.user.pk or 0))
        if found.format != ending:
            raise Http404
        if found.object not in _SEEN_WITH_PEOPLE:
            demand(request.user, Permission.SEE_RECORDS)
        if not found.is_masked:
            demand(request.user, Permission.SEE_PERSONAL_DATA)
        if found.state != "done":
            raise exports.ExportRejected(_("This export is not ready."))
        audit(conn, actor=name_of(request.user), action="export.downloaded", target=f"export:{export_id}")
    return file_of(format_named(found.format), found.path, _made(export_id))


@requires(Permission.EXPORT_PEOPLE)
@require_POST
def remove(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Away with it, made or not."""
    with pooled() as conn, conn.transaction():
        if exports.remove_export(conn, export_id, int(request.user.pk or 0)):
            audit(conn, actor=name_of(request.user), action="export.removed", target=f"export:{export_id}")
    return HttpResponseRedirect("/exports")


def _made(export_id: UUID) -> Iterator[bytes]:
    """A connection for each piece, not one for as long as a slow reader reads."""
    after = -1
    while True:
        with pooled() as conn:
            found = exports.piece_of(conn, export_id, after)
        if found is None:
            return
        after, body = found
        yield body
