"""Lists of records: the page, one at the side, totals, and what is done to many at once."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection
from psycopg.sql import SQL, Literal

from onefold.accounts.api import Permission, requires, workspace
from onefold.crm.errors import RecordMissing, RecordRejected
from onefold.crm.history import entries_of
from onefold.crm.labels import labels_of
from onefold.crm.listed import list_kind, mine_url, open_records
from onefold.crm.listing import COUNT_CAP, Question, ids_of, place_from, place_text, record_page, totals_of
from onefold.crm.objects import FieldKind
from onefold.crm.page import Asked, asked, go, inputs_of
from onefold.crm.records import MOST_ROWS, Done, change_records, delete_records, load_record
from onefold.crm.rights import right_of
from onefold.crm.shown import Shown, lines_of, shown
from onefold.crm.store import Row
from onefold.crm.viewer import Doing, FieldRight
from onefold.filters.api import in_all, with_relations
from onefold.infra.pool import pooled
from onefold.lists.api import ListState, is_part, list_addresses, list_context, shown_columns, state_of

MOST_AT_ONCE: Final = 10_000
"""Records that one bulk act changes while somebody waits: some seconds."""


@dataclass(frozen=True, kw_only=True)
class ListedRow:
    """A record and the cells after its title."""

    row: Row
    title: str
    second: str
    cells: list["ListedCell"]
    ticks: bool = False  # a task that this reader may tick off
    is_done: bool = False


@dataclass(frozen=True, kw_only=True)
class ListedCell:
    """A field of a record in a list. `edits`: where, or else `why_not`. `is_late`: due, and not done."""

    name: str
    shown: Shown
    is_folded: bool  # phones leave it out
    edits: str
    why_not: str
    is_late: bool


@requires(Permission.SEE_RECORDS)
@require_safe
def record_list(request: HttpRequest, object_name: str) -> HttpResponse:
    """The list of an object; htmx gets the list alone, or a record at the side when it asks for `peek`."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        one = open_records(conn, request, object_name=object_name)
        state = state_of(one.kind, request.GET)
        state = replace(state, columns=shown_columns(state, one.fields))
        place = place_from(request.GET.get("after", ""))
        after = place_text(place) if place else ""
        at_side = _at_side(conn, given, request.GET.get("peek", ""))
        if is_part(request) and request.headers.get("HX-Target") == "peek":
            return render(request, "crm/peek.html", {**at_side, **list_addresses(state, after), "object": given.kind})
        page = record_page(conn, question_of(given, state), after=place)
        context = {
            **list_context(conn, request, one, state, after=after),
            "object": given.kind,
            "page": page,
            "rows": _rows(conn, given, state, page.rows),
            "next": place_text(page.next_place) if page.next_place else "",
            "may_select": given.is_editor or one.may_export,
            "has_all_columns": True,
            "may_edit": given.is_editor,
            "bulk_fields": _bulk_fields(given),
            "mine_url": mine_url(state) if given.asking.viewer.user_id and "owner" in given.kind.by_name else "",
            "has_board": given.kind.name == "deal",
            "has_calendar": given.kind.name == "task" and "due_at" in given.kind.by_name,
            "board_address": replace(state, columns=one.kind.shown, sort=one.kind.sort, view="").address(),
            "has_totals": "home_amount" in given.kind.by_name,
            **at_side,
        }
    return render(request, "crm/list.html#changed" if is_part(request) else "crm/list.html", context)


@requires(Permission.SEE_RECORDS)
@require_safe
def totals(request: HttpRequest, object_name: str) -> HttpResponse:
    """How many records the whole list has, and what they are worth: a fragment that comes after the page."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        state = state_of(list_kind(given.kind), request.GET)
        found = totals_of(conn, question_of(given, state))
    context = {
        "totals": found,
        "is_count_capped": found.count > COUNT_CAP,  # else the foot of the list has said it
        "home": workspace().currency,
        "object": given.kind,
        "address": state.address(),
    }
    return render(request, "crm/totals.html", context)


@requires(Permission.EDIT_RECORDS)
@require_POST
def bulk(request: HttpRequest, object_name: str) -> HttpResponse:
    """One field of many records (`field`, `value`), or (`do` = delete) all of them gone; the toast takes it back."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        ids = _picked(conn, request, given)
        done = _do(conn, request, given, ids)
    n = len(done.ids)
    if "delete" in request.POST.getlist("do"):
        text = ngettext("%(n)s deleted.", "%(n)s deleted.", n) % {"n": f"{n:,}"}
    else:
        text = ngettext("%(n)s changed.", "%(n)s changed.", n) % {"n": f"{n:,}"}
    messages.success(request, text, extra_tags=f"/acts/{done.act}/undo" if done.ids else "")
    state = _sent_state(request, given)
    return go(request, state.url)


@requires(Permission.EDIT_RECORDS)
@require_safe
def bulk_input(request: HttpRequest, object_name: str) -> HttpResponse:
    """For the bar of selected records: the input of the `field` that is to be changed."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        name = request.GET.get("field", "")
        if name not in _bulk_fields(given):
            raise RecordMissing(_("This field can't be changed for many at once."))
        (one,) = inputs_of(given, {}, [name])
    context = {"one": replace(one, is_required=False), "field": one.field, "name": "value", "kind": given.kind}
    return render(request, "crm/control.html", context)


def question_of(given: Asked, state: ListState) -> Question:
    """What a list asks for."""
    return Question(
        asking=given.asking,
        kind=given.kind,
        tree=in_all(with_relations(state.tree)),
        query=state.query,
        sort=state.sort.text,
        now=timezone.now(),
    )


def _picked(conn: Connection[Any], request: HttpRequest, given: Asked) -> list[int]:
    """The selected records, or everything in the list. Raises RecordRejected for too many."""
    if request.POST.get("all") == "yes":
        ids = ids_of(conn, question_of(given, _sent_state(request, given)), most=MOST_AT_ONCE)
    else:
        texts = request.POST.get("ids", "").split(",")
        ids = sorted({int(one) for one in texts if one.isascii() and one.isdigit() and len(one) < 19})
    if not ids:
        raise RecordRejected(_("Nothing is selected."))
    if len(ids) > MOST_AT_ONCE:
        raise RecordRejected(
            _("More than %(n)s records match. Narrow the list down, then repeat.") % {"n": f"{MOST_AT_ONCE:,}"}
        )
    return ids


def _do(conn: Connection[Any], request: HttpRequest, given: Asked, ids: list[int]) -> Done:
    """All or none: a transaction around the parts, which are one act for undo."""
    viewer = given.asking.viewer
    field = request.POST.get("field", "")
    is_deleting = "delete" in request.POST.getlist("do")
    if not is_deleting and field not in _bulk_fields(given):
        raise RecordRejected(_("Choose a field to change."))
    is_many = not is_deleting and given.kind.by_name[field].kind is FieldKind.CHOICES
    value: Any = request.POST.getlist("value") if is_many else request.POST.get("value", "")
    done = Done(act=uuid4(), ids=[])
    with conn.transaction():
        for start in range(0, len(ids), MOST_ROWS):
            part = ids[start : start + MOST_ROWS]
            if is_deleting:
                one = delete_records(conn, given.kind, part, viewer=viewer, act=done.act)
            else:
                changes = {number: {field: value} for number in part}
                one = change_records(conn, given.kind, changes, viewer=viewer, act=done.act)
            done = replace(done, ids=[*done.ids, *one.ids])
    return done


def _bulk_fields(given: Asked) -> dict[str, str]:
    """Fields that make sense to be the same for many."""
    return {
        one.name: str(one.title)
        for one in given.kind.fields
        if not one.is_read_only and not one.is_hidden_in_form and one.name != "name"
    }


def _sent_state(request: HttpRequest, given: Asked) -> ListState:
    address: Any = QueryDict(request.POST.get("address", ""))
    return state_of(list_kind(given.kind), address)


def _rows(conn: Connection[Any], given: Asked, state: ListState, rows: list[Row]) -> list[ListedRow]:
    labels = labels_of(conn, given.asking, given.kind, [row.values for row in rows])
    phone, is_task = state.kind.phone_field, given.kind.name == "task"
    found = []
    for row in rows:
        said = {name: shown(given.kind, field, row.values, labels) for name, field in given.kind.by_name.items()}
        may_edit = given.may(Doing.EDIT, row)
        is_done = is_task and row.values["done_at"] is not None
        cells = [
            ListedCell(
                name=one.field,
                shown=said[one.field],
                is_folded=one.field != phone,
                edits=f"/records/{given.kind.name}/{row.id}/fields/{one.field}"
                if may_edit and not given.kind.by_name[one.field].is_read_only
                else "",
                why_not=_why_not(given, one.field, may_edit=may_edit),
                is_late=is_task and one.field == "due_at" and not is_done and _is_past(row.values["due_at"]),
            )
            for one in state.columns[1:]
            if one.field in said
        ]
        second = next(
            (said[name].text for name in ("company", "person", "deal") if name in said and said[name].url), ""
        )
        title = row.values.get("name") or f"{given.kind.title} {row.id}"
        ticks = is_task and may_edit
        found.append(ListedRow(row=row, title=title, second=second, cells=cells, ticks=ticks, is_done=is_done))
    return found


def _is_past(due: datetime | None) -> bool:
    return due is not None and due < timezone.now()


def _why_not(given: Asked, name: str, *, may_edit: bool) -> str:
    """Why a cell can't be edited."""
    if not may_edit:
        return _("You may see this record, not change it.")
    if right_of(given.asking.viewer, given.kind, name) is FieldRight.READ:
        return _("You may see this field, not change it.")
    return _("Onefold keeps this field: it follows from the others.")


def _at_side(conn: Connection[Any], given: Asked, text: str) -> dict[str, Any]:
    """The essentials of a record; nothing when there is none with this number."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return {"side": None, "side_url": "", "side_fault": ""}
    try:
        row = load_record(conn, given.kind, int(text), viewer=given.asking.viewer)
    except RecordMissing as fault:
        return {"side": None, "side_url": "", "side_fault": str(fault)}
    labels = labels_of(conn, given.asking, given.kind, [row.values])
    about = SQL("r.deal = {}").format(Literal(row.id)) if given.kind.name == "deal" else SQL("false")
    return {
        "side": row,
        "side_url": f"{given.kind.path}/{row.id}",
        "side_title": row.values.get("name") or f"{given.kind.title} {row.id}",
        "side_lines": [line for line in lines_of(given.kind, row.values, labels) if line.shown.kind != "none"],
        "side_entries": entries_of(conn, given.asking, about, (given.kind, row.id))[:6],
    }
