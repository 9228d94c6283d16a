"""My day: the page that a salesperson begins with, and what is done to its tasks there."""

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onefold.accounts.api import Permission, may, requires
from onefold.crm.day import Day, load_day, put_off
from onefold.crm.listed import MINE
from onefold.crm.page import Asked, asked
from onefold.crm.records import change_records, load_record
from onefold.crm.report_tables import counted
from onefold.crm.shown import Shown, shown
from onefold.crm.stays import STALE
from onefold.crm.store import Row
from onefold.filters.api import Days, Flag, Node, OneOf, Present
from onefold.infra.pool import pooled
from onefold.lists.api import is_part

_OPEN: Final = OneOf("state", "is", ("open",))


@requires(Permission.SEE_RECORDS)
@require_safe
def my_day(request: HttpRequest) -> HttpResponse:
    """The page; htmx, which asks again every minute, gets what stands on it."""
    with pooled() as conn:
        given = asked(conn, request, "task")
        context = _context(request, given)
    return render(request, "crm/day.html#day" if is_part(request) else "crm/day.html", context)


@requires(Permission.EDIT_RECORDS)
@require_POST
def day_task(request: HttpRequest, number: int) -> HttpResponse:
    """A task is done (`do` = done), or put off to `tomorrow` or `next_week`; the toast takes it back."""
    wanted = request.POST.get("do", "")
    with pooled() as conn:
        given = asked(conn, request, "task")
        viewer, now = given.asking.viewer, timezone.now()
        row = load_record(conn, given.kind, number, viewer=viewer)
        is_done = wanted == "done"
        changes = {"done_at": now.isoformat()} if is_done else put_off(row.values, wanted, now, given.asking)
        done = change_records(conn, given.kind, {number: changes}, viewer=viewer)
        if not is_part(request):
            return redirect("my_day")
        context = _context(request, given)
    response = render(request, "crm/day.html#day", context)
    said = {"done": _("Done."), "tomorrow": _("Put off to tomorrow."), "next_week": _("Put off to next week.")}
    if done.ids:
        response["HX-Trigger"] = json.dumps({"toast": {"text": said[wanted], "undo": f"/acts/{done.act}/undo"}})
    return response


def _context(request: HttpRequest, given: Asked) -> dict[str, Any]:
    now = timezone.now()
    day = load_day(given.conn, given.asking, now, with_people=may(request.user, Permission.SEE_PEOPLE))
    deal = given.asking.objects["deal"]
    return {
        "day": day,
        "today": timezone.localtime(now),
        "tasks_open": sum(group.count for group in day.groups),
        "groups": [(group, [(one, _about(given, one.row, day)) for one in group.tasks]) for group in day.groups],
        "deals": [
            (one, shown(deal, deal.by_name["stage"], one.row.values, day.deal_labels), _worth(given, one.row, day),
             _who(given, one.row, day))
            for one in day.deals
        ],
        "reasons": _reasons(given, day),
        "may_edit": given.is_editor,
        "may_see_people": may(request.user, Permission.SEE_PEOPLE),
    }  # fmt: skip


def _reasons(given: Asked, day: Day) -> list[tuple[str, int, str]]:
    """Why open deals need somebody: title, how many, the list of them."""
    today = timezone.localdate()
    knows_close = "close_on" in given.asking.objects["deal"].by_name
    said: list[tuple[str, str, Node]] = [
        ("late", _("Close date passed"), Days("close_on", "before", today)),
        ("stale", _("Stale"), Flag(STALE, True)),
        ("idle", _("No next task"), Present("next_task_at", False)),
    ]
    return [
        (title, day.reasons[name], counted(day.reasons[name], "deal", MINE, _OPEN, node).url)
        for name, title, node in said
        if name != "late" or knows_close
    ]


def _about(given: Asked, row: Row, day: Day) -> list[Shown]:
    """Whom and what a task is about, as far as it is known."""
    kind = given.asking.objects["task"]
    names = [name for name in ("person", "company", "deal") if name in kind.by_name]
    found = [shown(kind, kind.by_name[name], row.values, day.task_labels) for name in names]
    return [one for one in found if one.kind != "none"]


def _worth(given: Asked, row: Row, day: Day) -> str:
    kind = given.asking.objects["deal"]
    if "amount" not in kind.by_name or row.values["amount"] is None:
        return ""
    return shown(kind, kind.by_name["amount"], row.values, day.deal_labels).text


def _who(given: Asked, row: Row, day: Day) -> str:
    kind = given.asking.objects["deal"]
    names = [name for name in ("company", "person") if name in kind.by_name]
    found = [shown(kind, kind.by_name[name], row.values, day.deal_labels) for name in names]
    return next((one.text for one in found if one.kind != "none"), "")
