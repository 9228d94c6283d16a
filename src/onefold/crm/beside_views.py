"""What stands of the CRM on other pages: a person's, a company's and a deal's records, and their tasks ticked off."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection
from psycopg.sql import SQL, Composable, Identifier, Literal

from onefold.accounts.api import Permission, requires
from onefold.crm.errors import RecordMissing
from onefold.crm.labels import labels_of
from onefold.crm.objects import ObjectType
from onefold.crm.page import Asked, asked, go, own_path
from onefold.crm.parts import QUERIES as PARTS
from onefold.crm.records import change_records, load_record
from onefold.crm.sharing import reachable
from onefold.crm.shown import Shown, shown
from onefold.crm.store import Row, load_rows
from onefold.crm.viewer import Doing, may_reach, rows_sql
from onefold.infra.pool import pooled
from onefold.profiles.api import company_hash, from_text, identifiers_at

MOST: Final = 8
MOST_WITH: Final = 1_000
"""Deals beside whose person somebody is, the newest; their page lists MOST of all."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A record in the narrow column. `right`: an amount, or a moment."""

    row: Row
    title: str
    tag: Shown | None
    right: str
    right_moment: datetime | None
    is_overdue: bool
    may_edit: bool


@dataclass(frozen=True, kw_only=True)
class BesideGroup:
    """The records of an object."""

    kind: ObjectType
    rows: list[Beside]
    is_more: bool
    may_add: bool


@requires(Permission.SEE_RECORDS)
@require_safe
def of_person(request: HttpRequest, identifier: str) -> HttpResponse:
    """For the page of a person: buttons to log something, deals and open tasks."""
    h = from_text(identifier)
    if h is None:
        raise Http404
    with pooled() as conn:
        given = asked(conn, request, "deal")
        groups = _groups(given, partial(_about_person, conn, identifiers_at(conn, h)), "person")
    return _render(request, groups, {"person": identifier}, f"/people/{identifier}")


@requires(Permission.EDIT_RECORDS)
@require_safe
def acts_of_person(request: HttpRequest, identifier: str) -> HttpResponse:
    """For the head of a person's page: what can be logged and made."""
    if from_text(identifier) is None:
        raise Http404
    context = {"about": f"person={identifier}", "back": f"/people/{identifier}", "with_deal": True, "lead": identifier}
    return render(request, "crm/log_buttons.html", context)


@requires(Permission.SEE_RECORDS)
@require_safe
def told(request: HttpRequest, number: int) -> HttpResponse:
    """What was said in a call, a meeting or a note, for a timeline."""
    with pooled() as conn:
        given = asked(conn, request, "activity")
        try:
            row = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        except RecordMissing:  # deleted since, or not for this reader
            return HttpResponse("")
    return render(request, "crm/told.html", {"row": row})


@requires(Permission.SEE_RECORDS)
@require_safe
def of_company(request: HttpRequest, identifier: str) -> HttpResponse:
    """For the page of a company (`space:key`)."""
    space, key = identifier.partition(":")[::2]
    with pooled() as conn:
        given = asked(conn, request, "deal")
        where = SQL("r.company = {}").format(Literal(int(company_hash(space, key))))
        groups = _groups(given, lambda _kind: where, "company")
    return _render(request, groups, {"company": identifier}, f"/companies/{identifier}")


@requires(Permission.SEE_RECORDS)
@require_safe
def of_deal(request: HttpRequest, number: int) -> HttpResponse:
    """For the page of a deal."""
    with pooled() as conn:
        given = asked(conn, request, "deal")
        groups = _groups(given, lambda _kind: SQL("r.deal = {}").format(Literal(number)), "deal")
    return _render(request, groups, {"deal": str(number)}, f"/deals/{number}")


@requires(Permission.EDIT_RECORDS)
@require_POST
def done(request: HttpRequest, number: int) -> HttpResponse:
    """A task is done, or (`undone`) isn't; back to the page."""
    with pooled() as conn:
        given = asked(conn, request, "task")
        at = "" if "undone" in request.POST else timezone.now().isoformat()
        act = change_records(conn, given.kind, {number: {"done_at": at}}, viewer=given.asking.viewer).act
    messages.success(request, _("Done.") if at else _("Open again."), extra_tags=f"/acts/{act}/undo")
    return go(request, own_path(request, request.POST.get("back", "")) or f"/tasks/{number}")


def _about_person(conn: Connection[Any], anchors: list[int], kind: ObjectType) -> Composable:
    """Deals are also theirs who are beside the deal's person."""
    mine = SQL("r.person = any({}::bigint[])").format(Literal(anchors))
    if "people" not in kind.by_name:
        return mine
    rows = conn.execute(PARTS["deals_with"], {"anchors": anchors, "most": MOST_WITH})
    beside = [number for (number,) in rows]
    return SQL("({} or r.id = any({}::bigint[]))").format(mine, Literal(beside)) if beside else mine


def _groups(given: Asked, where: Callable[[ObjectType], Composable], by: str) -> list[BesideGroup]:
    """Deals, open tasks, and records of custom objects that are about it; what has none of these fields is left out."""
    objects = given.asking.objects.values()
    wanted = [one for one in objects if by in one.by_name and one.name not in ("activity", by)]
    return [_group(given, kind, where(kind)) for kind in wanted]


def _group(given: Asked, kind: ObjectType, where: Composable) -> BesideGroup:
    conn, asking = given.conn, given.asking
    first_due = SQL("r.due_at, r.id" if "due_at" in kind.by_name else "r.id desc")
    orders = {"task": first_due, "deal": SQL("r.state <> 'open', r.stage_at desc, r.id desc")}
    statement = SQL(
        "select r.id from {} r where r.deleted_at is null{}{} and {} and {} order by {} limit %(most)s"
    ).format(
        Identifier(kind.table),
        SQL("") if kind.number is None else SQL(" and r.object = {}").format(Literal(kind.number)),
        SQL(" and r.done_at is null" if kind.name == "task" else ""),
        where,
        rows_sql(asking.viewer, kind.name, Doing.SEE, "r"),
        orders.get(kind.name, SQL("r.id desc")),
    )
    ids = [number for (number,) in conn.execute(statement, {"most": MOST + 1})]
    rows = load_rows(conn, kind, ids[:MOST], where=SQL("true"))
    labels = labels_of(conn, asking, kind, [row.values for row in rows.values()])
    viewer = asking.viewer
    editable = reachable(conn, viewer, kind.name, Doing.EDIT, {row.id: row.values["owner"] for row in rows.values()})
    found = []
    for number in ids[:MOST]:
        row = rows[number]
        said = {name: shown(kind, field, row.values, labels) for name, field in kind.by_name.items()}
        due = row.values.get("due_at")
        found.append(
            Beside(
                row=row,
                title=row.values.get("name") or f"{kind.title} {number}",
                tag=said.get("stage"),
                right=said["amount"].text if row.values.get("amount") is not None else str(due or ""),
                right_moment=due,
                is_overdue=bool(due and due < timezone.now()),
                may_edit=number in editable,
            )
        )
    may_add = may_reach(viewer, kind.name, Doing.EDIT, viewer.user_id)
    return BesideGroup(kind=kind, rows=found, is_more=len(ids) > MOST, may_add=may_add)


def _render(request: HttpRequest, groups: list[BesideGroup], about: dict[str, str], back: str) -> HttpResponse:
    context: dict[str, Any] = {"groups": groups, "about": urlencode(about), "back": back}
    of_profile = next((f"{name}/{quote(about[name], safe=':')}" for name in ("person", "company") if name in about), "")
    context["of_profile"] = of_profile  # deals have places of their own for what follows
    return render(request, "crm/beside.html", context)
