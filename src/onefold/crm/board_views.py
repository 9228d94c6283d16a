"""The board of deals: a pipeline by stage, cards that are moved, more cards of a stage."""

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, requires, workspace
from onefold.crm.board import load_board, load_lane, load_strip
from onefold.crm.errors import RecordRejected, StageRefused
from onefold.crm.labels import Labels
from onefold.crm.listing import EVERYTHING, Question
from onefold.crm.page import Asked, asked
from onefold.crm.pipelines import Pipeline, Pipelines, Stage, load_pipelines
from onefold.crm.record_views import stage_dialog
from onefold.crm.records import change_records, load_record
from onefold.crm.shown import money
from onefold.crm.store import Row
from onefold.crm.viewer import Doing
from onefold.filters.api import AllOf, OneOf, from_json, in_all
from onefold.infra.pool import pooled

_MONTHS: Final = 12


@requires(Permission.SEE_RECORDS)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The board of a pipeline (`?pipeline=`, else the first), filtered as lists are (`filter`, `q`, `owner`)."""
    with pooled() as conn:
        given = asked(conn, request, "deal")
        pipelines = load_pipelines(conn)
        pipeline = _pipeline(request, pipelines)
        question = question_of(request, given)
        found = load_board(conn, question, pipeline)
        strip = load_strip(conn, question, pipeline, _month_end(question.now))
    context = {
        "kind": given.kind,
        "pipelines": pipelines.live,
        "pipeline": pipeline,
        "cards": [],  # of a lane that has none
        "lanes": [_lane(given, lane.stage, lane.rows, found.labels) | {"lane": lane} for lane in found.lanes],
        "strip": strip,
        "home": workspace().currency,
        "may_edit": given.is_editor,
        "address": _address(request),
        "query": request.GET.get("q", ""),
        "is_mine": request.GET.get("owner") == "me",
    }
    return render(request, "crm/board.html", context)


@requires(Permission.SEE_RECORDS)
@require_safe
def lane(request: HttpRequest, stage: int) -> HttpResponse:
    """More cards of a stage, after the first `shown`."""
    text = request.GET.get("shown", "")
    shown = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    with pooled() as conn:
        given = asked(conn, request, "deal")
        found, labels = load_lane(conn, question_of(request, given), _stage(conn, stage), shown=shown)
    context = _lane(given, found.stage, found.rows, labels)
    left = max(found.count - shown - len(found.rows), 0)
    more = {"left": left, "shown": shown + len(found.rows), "address": _address(request), "home": workspace().currency}
    return render(request, "crm/cards.html", context | more | {"lane": found})


@requires(Permission.EDIT_RECORDS)
@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """A card (`deal`) into another `stage`: the lanes that changed, out of band; a dialog if it asks for more."""
    with pooled() as conn:
        given = asked(conn, request, "deal")
        number, stage = _number(request, "deal"), _stage(conn, _number(request, "stage"))
        before = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        try:
            done = change_records(conn, given.kind, {number: {"stage": str(stage.id)}}, viewer=given.asking.viewer)
        except StageRefused as refused:
            return stage_dialog(request, given, before, refused)
        except RecordRejected as fault:
            return HttpResponse(str(fault), status=fault.status, content_type="text/plain; charset=utf-8")
        changed = [before.values["stage"], stage.id] if done.ids else [stage.id]
        lanes = [_figures(conn, request, given, number) for number in dict.fromkeys(changed)]
        card = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        _found, labels = load_lane(conn, question_of(request, given), stage)
    context = {
        "heads": lanes,
        "may_edit": given.is_editor,
        "act": done.act if done.ids else None,
        "home": workspace().currency,
        "card": _card(given, card, labels, question_of_now()),
        "to": stage,
    }
    return _with_toast(render(request, "crm/moved.html", context), done.act if done.ids else None, stage)


def question_of(request: HttpRequest, given: Asked) -> Question:
    """What the address asks for. Raises FilterRejected."""
    text = request.GET.get("filter", "")
    tree = in_all(from_json(text)) if text else EVERYTHING
    if request.GET.get("owner") == "me":
        tree = AllOf((*tree.of, OneOf("owner", "is", ("me",))))
    return Question(
        asking=given.asking,
        kind=given.kind,
        tree=tree,
        query=request.GET.get("q", "").replace("\0", "")[:200],
        now=question_of_now(),
    )


def question_of_now() -> datetime:
    """The moment that the page is of."""
    return timezone.now()


def _lane(given: Asked, stage: Stage, rows: list[Row], labels: Labels) -> dict[str, Any]:
    now = question_of_now()
    return {"stage": stage, "cards": [_card(given, row, labels, now) for row in rows]}


def _card(given: Asked, row: Row, labels: Labels, now: datetime) -> dict[str, Any]:
    values = row.values
    company, person = labels.companies.get(values["company"]), labels.people.get(values["person"])
    stage = labels.pipelines.stages.get(values["stage"])
    idle_days = (now - values["active_at"]).days
    due = values["next_task_at"]
    return {
        "row": row,
        "name": values["name"],
        "amount": money(values["amount"], values["currency"]),
        "who": company.title if company else person.title if person else "",
        "owner": labels.users.get(values["owner"], ""),
        "days": (now - values["stage_at"]).days,
        "due": due,
        "is_overdue": bool(due and due < now),
        "is_today": bool(due and timezone.localtime(due).date() == timezone.localtime(now).date()),
        "is_stale": bool(not due and stage and stage.stale_days is not None and idle_days >= stage.stale_days),
        "closed_at": values["closed_at"],
        "state": values["state"],
        "knows_who": "company" in given.kind.by_name or "person" in given.kind.by_name,
        "may_move": given.may(Doing.EDIT, row),
    }


def _figures(conn: Connection[Any], request: HttpRequest, given: Asked, stage: int) -> dict[str, Any]:
    found, _labels = load_lane(conn, question_of(request, given), _stage(conn, stage), shown=1_000_000)
    return {"lane": found, "stage": found.stage}


def _pipeline(request: HttpRequest, pipelines: Pipelines) -> Pipeline:
    text = request.GET.get("pipeline", "")
    asked_for = pipelines.pipeline(int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else None
    return asked_for or pipelines.usual


def _stage(conn: Connection[Any], number: int) -> Stage:
    stage = load_pipelines(conn).stages.get(number)
    if stage is None:
        raise Http404
    return stage


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)


def _address(request: HttpRequest) -> str:
    """What the lanes of this board go on with."""
    kept = request.GET.copy()
    kept.pop("shown", None)
    return kept.urlencode()


def _month_end(now: datetime) -> datetime:
    here = timezone.localtime(now)
    return here.replace(year=here.year + here.month // _MONTHS, month=here.month % _MONTHS + 1, day=1, hour=0, minute=0)


def _with_toast(response: HttpResponse, act: UUID | None, stage: Stage) -> HttpResponse:
    if act is not None:
        text = _("Moved to %(stage)s.") % {"stage": stage.name}
        response["HX-Trigger"] = json.dumps({"toast": {"text": text, "undo": f"/acts/{act}/undo"}})
    return response
