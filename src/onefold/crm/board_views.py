"""The board of deals: a pipeline by stage, cards that are moved, more cards of a stage."""

import json
from collections.abc import Mapping
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
from onefold.crm.board import Lane, load_board, load_heads, load_lane, load_next_kinds, load_strip
from onefold.crm.errors import RecordRejected, StageRefused
from onefold.crm.labels import Labels, labels_of
from onefold.crm.listed import list_kind, mine_url, open_board
from onefold.crm.listing import Question
from onefold.crm.objects import TASK
from onefold.crm.page import Asked, asked
from onefold.crm.pipelines import Pipeline, Pipelines, Stage, load_pipelines
from onefold.crm.record_views import stage_dialog
from onefold.crm.records import change_records, load_record
from onefold.crm.shown import money_about
from onefold.crm.store import Row
from onefold.crm.viewer import Doing
from onefold.filters.api import in_all, to_json, with_relations
from onefold.infra.pool import pooled
from onefold.lists.api import UNFILTERED, chips, state_of

_MONTHS: Final = 12


@requires(Permission.SEE_RECORDS)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The board of a pipeline (`?pipeline=`, else the first), filtered as lists are (`filter`, `q`, `owner`)."""
    with pooled() as conn:
        given = asked(conn, request, "deal")
        pipelines = load_pipelines(conn)
        pipeline = _pipeline(request, pipelines)
        one = open_board(conn, request)
        state = state_of(one.kind, request.GET)
        question = question_of(request, given)
        found = load_board(conn, question, pipeline)
        strip = load_strip(conn, question, pipeline, _month_end(question.now))
    context = {
        "kind": one.kind,
        "state": state,
        "chips": chips(one, state),
        "filter_json": to_json(state.tree) if state.tree.of else "",
        "no_filter_address": state.with_tree(UNFILTERED).address(),
        "pipelines": pipelines.live,
        "pipeline": pipeline,
        "cards": [],  # of a lane that has none
        "lanes": [_lane(given, lane, found.labels) for lane in found.lanes],
        "strip": strip,
        "home": workspace().currency,
        "may_edit": given.is_editor,
        "address": state.address(),
        "list_address": _address(request, given),
        "mine_url": mine_url(state),
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
    context = _lane(given, found, labels)
    left = max(found.count - shown - len(found.rows), 0)
    more = {
        "left": left,
        "shown": shown + len(found.rows),
        "address": _address(request, given),
        "home": workspace().currency,
    }
    return render(request, "crm/cards.html", context | more)


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
        question, pipelines = question_of(request, given), load_pipelines(conn)
        changed = [pipelines.stages[before.values["stage"]], stage] if done.ids else [stage]
        by_pipeline = [[one for one in changed if one.pipeline == of] for of in {one.pipeline for one in changed}]
        heads = [lane for stages in by_pipeline for lane in load_heads(conn, question, stages)]
        card = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        labels = labels_of(conn, given.asking, given.kind, [card.values])
        kinds = load_next_kinds(conn, question, [card.id])
        pipeline = pipelines.pipeline(stage.pipeline)
        strip = load_strip(conn, question, pipeline, _month_end(question.now)) if pipeline else None
    context = {
        "heads": [{"lane": lane, "stage": lane.stage} for lane in heads],
        "may_edit": given.is_editor,
        "act": done.act if done.ids else None,
        "home": workspace().currency,
        "card": _card(given, card, labels, kinds),
        "strip": strip,
    }
    return _with_toast(render(request, "crm/moved.html", context), done.act if done.ids else None, stage)


def question_of(request: HttpRequest, given: Asked) -> Question:
    """What the address asks for. Raises FilterRejected or ListRejected."""
    state = state_of(list_kind(given.kind), request.GET)
    tree = in_all(with_relations(state.tree))
    return Question(asking=given.asking, kind=given.kind, tree=tree, query=state.query, now=question_of_now())


def question_of_now() -> datetime:
    """The moment that the page is of."""
    return timezone.now()


def _lane(given: Asked, lane: Lane, labels: Labels) -> dict[str, Any]:
    return {"lane": lane, "cards": [_card(given, row, labels, lane.next_kinds) for row in lane.rows]}


def _card(given: Asked, row: Row, labels: Labels, next_kinds: Mapping[int, str]) -> dict[str, Any]:
    values, now = row.values, question_of_now()
    company, person = labels.companies.get(values["company"]), labels.people.get(values["person"])
    stage = labels.pipelines.stages.get(values["stage"])
    idle_days = (now - values["active_at"]).days
    due = values["next_task_at"]
    return {
        "row": row,
        "name": values["name"],
        "amount": money_about(values["amount"], values["currency"]),
        "worth": money_about(values["home_amount"], workspace().currency),
        "who": company.title if company else person.title if person else "",
        "owner": labels.users.get(values["owner"], ""),
        "days": (now - values["stage_at"]).days,
        "due": due,
        "next": TASK.by_name["kind"].titled(next_kinds.get(row.id, "")) or _("Task"),
        "overdue_days": (now - due).days if due else 0,
        "is_overdue": bool(due and due < now),
        "is_today": bool(due and timezone.localtime(due).date() == timezone.localtime(now).date()),
        "is_stale": bool(not due and stage and stage.stale_days is not None and idle_days >= stage.stale_days),
        "closed_at": values["closed_at"],
        "state": values["state"],
        "knows_who": "company" in given.kind.by_name or "person" in given.kind.by_name,
        "may_move": given.may(Doing.EDIT, row),
    }


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


def _address(request: HttpRequest, given: Asked) -> str:
    """What more cards of a lane are asked with."""
    return state_of(list_kind(given.kind), request.GET).address()


def _month_end(now: datetime) -> datetime:
    here = timezone.localtime(now)
    return here.replace(year=here.year + here.month // _MONTHS, month=here.month % _MONTHS + 1, day=1, hour=0, minute=0)


def _with_toast(response: HttpResponse, act: UUID | None, stage: Stage) -> HttpResponse:
    if act is not None:
        text = _("Moved to %(stage)s.") % {"stage": stage.name}
        response["HX-Trigger"] = json.dumps({"toast": {"text": text, "undo": f"/acts/{act}/undo"}})
    return response
