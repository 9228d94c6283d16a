"""Pages of one record: looked at, edited field by field, deleted, taken back."""

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg.sql import SQL, Literal

from onefold.accounts.api import Permission, actor_of, requires, workspace
from onefold.crm.access import viewer_of
from onefold.crm.errors import EditConflict, RecordRejected, StageRefused
from onefold.crm.history import KINDS, entries_of, mark_since
from onefold.crm.labels import Labels, labels_of
from onefold.crm.objects import FieldDef
from onefold.crm.page import Asked, asked, came_from, go, inputs_of, own_path
from onefold.crm.pipelines import load_pipelines
from onefold.crm.records import change_records, delete_records, load_record, undo
from onefold.crm.schema import objects_in_force
from onefold.crm.shown import Shown, lines_of, shown
from onefold.crm.stages import steps_of
from onefold.crm.store import Row
from onefold.crm.viewer import Doing
from onefold.infra.pool import pooled


@requires(Permission.SEE_RECORDS)
@require_safe
def record_page(request: HttpRequest, object_name: str, number: int) -> HttpResponse:
    """A record in three parts: its fields, what happened, what belongs to it. `?only=` one kind of what happened."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        row = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        return render(request, "crm/record.html", _page(given, row, request.GET.get("only", "")))


@requires(Permission.SEE_RECORDS)
@require_safe
def field_form(request: HttpRequest, object_name: str, number: int, name: str) -> HttpResponse:
    """The field with an input in it."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        row = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        return _form(request, given, row, _editable(given, name))


@requires(Permission.SEE_RECORDS)
@require_http_methods(["GET", "POST"])
def field(request: HttpRequest, object_name: str, number: int, name: str) -> HttpResponse:
    """The field as it is read; sent, another `value` for it, of which the editor saw `seen`."""
    do = _edit if request.method == "POST" else _read
    return do(request, object_name=object_name, number=number, name=name)


def _read(request: HttpRequest, object_name: str, number: int, name: str) -> HttpResponse:
    with pooled() as conn:
        given = asked(conn, request, object_name)
        row = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        return _line(request, given, row, _editable(given, name))


@requires(Permission.EDIT_RECORDS)
def _edit(request: HttpRequest, object_name: str, number: int, name: str) -> HttpResponse:
    with pooled() as conn:
        given = asked(conn, request, object_name)
        viewer = given.asking.viewer
        field = _editable(given, name)
        value: Any = request.POST.getlist("value") if "many" in request.POST else request.POST.get("value", "")
        seen: Any = request.POST.getlist("seen") if "many" in request.POST else request.POST.get("seen", "")
        try:
            done = change_records(
                conn, given.kind, {number: {name: value}}, viewer=viewer,
                seen={name: seen} if "force" not in request.POST else None,
            )  # fmt: skip
        except (RecordRejected, EditConflict) as fault:
            row = load_record(conn, given.kind, number, viewer=viewer)
            if isinstance(fault, StageRefused) and "cell" in request.POST:
                return stage_dialog(request, given, row, fault)
            tried = _Attempt(typed=value, fault=str(fault), is_conflict=isinstance(fault, EditConflict))
            return _form(request, given, row, field, tried)
        if not getattr(request, "htmx", False):  # sent before the page's scripts had taken hold of the form
            return go(request, f"{given.kind.path}/{number}")
        row = load_record(conn, given.kind, number, viewer=viewer)
        return _line(request, given, row, field, act=done.act if done.ids else None)


@requires(Permission.EDIT_RECORDS)
@require_POST
def delete(request: HttpRequest, object_name: str, number: int) -> HttpResponse:
    """Out of every list; the toast brings it back."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        done = delete_records(conn, given.kind, [number], viewer=given.asking.viewer)
    messages.success(request, _("%(kind)s deleted.") % {"kind": given.kind.title}, extra_tags=f"/acts/{done.act}/undo")
    return go(request, given.kind.path)


@requires(Permission.EDIT_RECORDS)
@require_POST
def undo_act(request: HttpRequest, act: UUID) -> HttpResponse:
    """Takes back what an act did; to the page that asked."""
    with pooled() as conn:
        undone = undo(conn, act, viewer=viewer_of(conn, actor_of(request)))
    text = ngettext("Undone for %(n)d record.", "Undone for %(n)d records.", undone.records) % {"n": undone.records}
    if undone.left:
        text += " " + _("%(n)d were changed since and stay as they are.") % {"n": undone.left}
    messages.success(request, text)
    return go(request, came_from(request, "/"))


@requires(Permission.EDIT_RECORDS)
@require_http_methods(["GET", "POST"])
def enter_stage(request: HttpRequest, number: int) -> HttpResponse:
    """A deal into another stage (`stage`), with what it asks for. GET, and a stage that asks for more: its dialog."""
    with pooled() as conn:
        given = asked(conn, request, "deal")
        row = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        stage_id = (request.POST if request.method == "POST" else request.GET).get("stage", "")
        if request.method == "POST":
            fields = {name: request.POST.get(name, "") for name in given.kind.by_name if name in request.POST}
            if "checked" in request.POST or "checks" in request.POST:
                fields["checked"] = request.POST.getlist("checked")  # type: ignore[assignment]  # several texts
            try:
                done = change_records(conn, given.kind, {number: fields}, viewer=given.asking.viewer)
            except StageRefused as refused:
                return stage_dialog(request, given, row, refused)
            messages.success(request, _("Moved."), extra_tags=f"/acts/{done.act}/undo")
            return go(request, own_path(request, request.POST.get("back", "")) or f"{given.kind.path}/{number}")
        stage = load_pipelines(conn).stages.get(int(stage_id)) if stage_id.isdigit() else None
        if stage is None:
            raise Http404
        asks = StageRefused("", stage=stage.id, fields=stage.required, items=stage.checklist)
        return stage_dialog(request, given, row, asks)


def stage_dialog(request: HttpRequest, given: Asked, row: Row, refused: StageRefused) -> HttpResponse:
    """What a stage asks for, in a dialog."""
    stage = load_pipelines(given.conn).stages[refused.stage]
    known = [one.name for one in given.kind.fields if one.name in refused.fields and not one.is_read_only]
    whole = objects_in_force(given.conn)[given.kind.name]
    others = [whole.by_name[name].title for name in refused.fields if name in whole.by_name and name not in known]
    context = {
        "kind": given.kind,
        "row": row,
        "stage": stage,
        "inputs": inputs_of(given, row.values, known),
        "others": others,  # what this viewer can't give
        "items": [(one, one in row.values["checked"]) for one in stage.checklist],
        "kept": [one for one in row.values["checked"] if one not in stage.checklist],
        "back": came_from(request, ""),
    }
    response = render(request, "crm/stage_dialog.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response


def _page(given: Asked, row: Row, only: str) -> dict[str, Any]:
    conn, kind, asking = given.conn, given.kind, given.asking
    labels = labels_of(conn, asking, kind, [row.values])
    about = SQL("r.{} = {}").format(SQL(kind.name), Literal(row.id)) if kind.name == "deal" else SQL("false")
    only = only if only in KINDS else ""
    entries = entries_of(conn, asking, about, (kind, row.id), only=only)
    return {
        "kind": kind,
        "row": row,
        "title": row.values.get("name") or f"{kind.title} {row.id}",
        "labels": labels,
        "lines": lines_of(kind, row.values, labels),
        "shown": {one.name: shown(kind, one, row.values, labels) for one in kind.fields},
        "steps": steps_of(conn, row, labels.pipelines) if kind.name == "deal" else [],
        "entries": mark_since(conn, asking.viewer, f"{kind.name}:{row.id}", entries, timezone.now()),
        "only": only,
        "about": f"{kind.name}={row.id}",
        "may_edit": given.may(Doing.EDIT, row),
        "may_delete": given.may(Doing.DELETE, row),
        "home": workspace().currency,
    }


def _editable(given: Asked, name: str) -> FieldDef:
    field = given.kind.by_name.get(name)
    if field is None:
        raise Http404
    return field


def _line(request: HttpRequest, given: Asked, row: Row, field: FieldDef, act: UUID | None = None) -> HttpResponse:
    labels = labels_of(given.conn, given.asking, given.kind, [row.values])
    context: dict[str, Any] = {
        "kind": given.kind, "row": row, "line": {"field": field, "shown": shown(given.kind, field, row.values, labels)},
        "may_edit": given.may(Doing.EDIT, row), "is_saved": act is not None,
    }  # fmt: skip
    if _is_cell(request):
        value = context["line"]["shown"]
        response = render(request, "crm/value.html", {"one": value})
        if act is not None:
            said = {"text": _("%(field)s changed.") % {"field": field.title}, "undo": f"/acts/{act}/undo"}
            response["HX-Trigger"] = json.dumps({"record-changed": "", "toast": said})
        return response
    response = render(request, "crm/field_line.html", context)
    if act is not None:
        response["HX-Trigger"] = "record-changed"
    return response


def _is_cell(request: HttpRequest) -> bool:
    """Whether it is edited in a list."""
    return "cell" in (request.POST if request.method == "POST" else request.GET)


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """What somebody tried to make of a field, and why it didn't go. `is_conflict`: another was quicker."""

    typed: str | list[str]
    fault: str
    is_conflict: bool


def _form(
    request: HttpRequest, given: Asked, row: Row, field: FieldDef, attempt: _Attempt | None = None
) -> HttpResponse:
    if field.is_read_only or not given.may(Doing.EDIT, row):
        return _line(request, given, row, field)
    labels: Labels = labels_of(given.conn, given.asking, given.kind, [row.values])
    (one,) = inputs_of(given, row.values, [field.name], labels)
    now: Shown = shown(given.kind, field, row.values, labels)
    context = {
        "kind": given.kind,
        "row": row,
        "one": replace(one, value=attempt.typed) if attempt and one.kind != "lookup" else one,
        "seen": one.value,
        "attempt": attempt,
        "now": now,
    }
    return render(request, "crm/cell_form.html" if _is_cell(request) else "crm/field_form.html", context)
