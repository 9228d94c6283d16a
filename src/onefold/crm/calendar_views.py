"""The calendar of tasks: a month, filtered as their list is, and a task moved to another day."""

import json
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, requires
from onefold.crm.calendar import CalendarDay, load_month, month_from
from onefold.crm.day import due_on
from onefold.crm.listed import list_kind, mine_url, open_calendar
from onefold.crm.listing import Question
from onefold.crm.page import Asked, asked, go
from onefold.crm.records import change_records, load_record
from onefold.crm.store import Row
from onefold.crm.viewer import Doing
from onefold.filters.api import AllOf, Days, Present, in_all, with_relations
from onefold.infra.pool import pooled
from onefold.lists.api import ListState, chips, is_part, list_addresses, state_of


@requires(Permission.SEE_RECORDS)
@require_safe
def month(request: HttpRequest) -> HttpResponse:
    """The month at `month` (`2026-11`, else this one) of the tasks that the rest of the address asks for."""
    with pooled() as conn:
        given = _asked(conn, request)
        context = _context(request, given, request.GET)
    return render(request, "crm/calendar.html#month" if is_part(request) else "crm/calendar.html", context)


@requires(Permission.EDIT_RECORDS)
@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """A `task` is due on another `day`, at its hour; answers with the month at `address`, the toast takes it back."""
    address = QueryDict(request.POST.get("address", ""))
    with pooled() as conn:
        given = _asked(conn, request)
        number, day = _number(request.POST.get("task", "")), _day(request.POST.get("day", ""))
        row = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        changes = due_on(row.values, day, given.asking)
        done = change_records(conn, given.kind, {number: changes}, viewer=given.asking.viewer)
        if not is_part(request):
            return go(request, f"/tasks/calendar?month={day:%Y-%m}")
        context = _context(request, given, address)
    response = render(request, "crm/calendar.html#month", context)
    if done.ids:
        text = _("Due on %(day)s.") % {"day": f"{day:%Y-%m-%d}"}
        response["HX-Trigger"] = json.dumps({"toast": {"text": text, "undo": f"/acts/{done.act}/undo"}})
    return response


def _asked(conn: Connection[Any], request: HttpRequest) -> Asked:
    """Raises Http404 also for who may not see when tasks are due."""
    given = asked(conn, request, "task")
    if "due_at" not in given.kind.by_name:
        raise Http404
    return given


def _context(request: HttpRequest, given: Asked, address: QueryDict) -> dict[str, Any]:
    zone = given.asking.viewer.zone
    now = timezone.now()
    today = now.astimezone(zone).date()
    one = open_calendar(given.conn, request, address)
    state = state_of(one.kind, address)
    question = Question(
        asking=given.asking,
        kind=given.kind,
        tree=in_all(with_relations(state.tree)),
        query=state.query,
        now=now,
    )
    found = load_month(given.conn, question, month_from(address.get("month", ""), today))
    listed = replace(state, kind=list_kind(given.kind), flags=frozenset())
    return {
        "kind": one.kind,
        "state": state,
        "chips": chips(one, state),
        "filter_json": state.tree_text if state.tree.of else "",
        **list_addresses(state),
        "month": found,
        "is_this_month": found.first == today.replace(day=1),
        "weeks": [[_day_shown(given, listed, one, found.first, today, now) for one in week] for week in found.weeks],
        "undated_url": _with(listed, Present("due_at", value=False)),
        "other_months": replace(state, flags=frozenset()).address(),
        "table_url": listed.url,
        "mine_url": mine_url(state) if given.asking.viewer.user_id and "owner" in given.kind.by_name else "",
        "may_edit": given.is_editor,
    }


def _day_shown(
    given: Asked, listed: ListState, one: CalendarDay, first: date, today: date, now: datetime
) -> dict[str, Any]:
    return {
        "day": one.day,
        "is_today": one.day == today,
        "is_other": one.day.month != first.month,
        "tasks": [_task(given, row, now) for row in one.rows],
        "count": one.count,
        "left": one.left,
        "url": _with(listed, Days("due_at", "between", one.day, one.day)) if one.count else "",
    }


def _task(given: Asked, row: Row, now: datetime) -> dict[str, Any]:
    is_done = row.values["done_at"] is not None
    return {
        "row": row,
        "is_done": is_done,
        "is_late": not is_done and row.values["due_at"] < now,
        "may_move": given.may(Doing.EDIT, row),
    }


def _with(listed: ListState, condition: Days | Present) -> str:
    return listed.with_tree(AllOf((*listed.tree.of, condition))).url


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise Http404 from fault
