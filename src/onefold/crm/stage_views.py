"""Settings: the dialogs of a pipeline's stages, as fragments."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from psycopg import Connection

from onefold.accounts.api import Permission, actor_of, name_of, requires
from onefold.crm.access import viewer_of
from onefold.crm.errors import RecordRejected, SetupRejected
from onefold.crm.objects import DEAL_STATES
from onefold.crm.page import go, sent_number
from onefold.crm.pipeline_views import PAGE
from onefold.crm.pipelines import Stage, load_pipelines
from onefold.crm.schema import objects_in_force
from onefold.crm.stage_setup import (
    MOST_MOVED,
    StageWanted,
    add_stage,
    archive_stage,
    askable,
    change_stage,
    deals_in,
    live_stage,
    restore_stage,
)
from onefold.infra.pool import pooled

_PLAIN: Final = StageWanted(name="", probability=50, stale_days=14)


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, number: int) -> HttpResponse:
    """The dialog of a new stage of a pipeline; sent, the stage."""
    with pooled() as conn:
        if load_pipelines(conn).pipeline(number) is None:
            raise Http404
        action = f"{PAGE}/{number}/stages/new"
        if request.method != "POST":
            return _form(request, conn, _PLAIN, action)
        try:
            wanted = _sent(request)
            add_stage(conn, number, wanted, acting_user=name_of(request.user))
        except SetupRejected as fault:  # an answer to the form, beside which it is read
            return _form(request, conn, _typed(request), action, fault=fault)
    messages.success(request, _("The stage is added."))
    return go(request, f"{PAGE}/{number}")


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def stage(request: HttpRequest, number: int) -> HttpResponse:
    """The dialog of a stage; sent, all of it anew."""
    with pooled() as conn:
        one = live_stage(load_pipelines(conn), number)
        action = f"/settings/crm/stages/{number}"
        if request.method != "POST":
            return _form(request, conn, _wanted(one), action, one)
        try:
            change_stage(conn, number, _sent(request), acting_user=name_of(request.user))
        except SetupRejected as fault:  # as above
            return _form(request, conn, _typed(request), action, one, fault)
    messages.success(request, _("The stage is changed."))
    return go(request, f"{PAGE}/{one.pipeline}")


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: HttpRequest, number: int) -> HttpResponse:
    """The dialog that asks where its deals go; sent (`to`), it is gone. The toast brings it back, and its deals."""
    with pooled() as conn:
        one = live_stage(load_pipelines(conn), number)
        if request.method != "POST":
            return _archive_form(request, conn, one)
        viewer = viewer_of(conn, actor_of(request))
        try:
            act = archive_stage(conn, number, to=sent_number(request, "to"), viewer=viewer)
        except (SetupRejected, RecordRejected) as fault:  # as above
            return _archive_form(request, conn, one, str(fault))
    undo = f"/settings/crm/stages/{number}/restore"
    messages.success(request, _("The stage is archived."), extra_tags=f"{undo}?act={act}" if act else undo)
    return go(request, f"{PAGE}/{one.pipeline}")


@requires(Permission.MANAGE_CRM)
@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """Back into its pipeline; its deals as well, as the `act` that moved them says."""
    text = request.GET.get("act", "")
    try:
        act = UUID(text) if text else None
    except ValueError as fault:
        raise Http404 from fault
    with pooled() as conn:
        one = load_pipelines(conn).stages.get(number)
        restore_stage(conn, number, act=act, viewer=viewer_of(conn, actor_of(request)))
    messages.success(request, _("The stage is back."))
    return HttpResponseRedirect(f"{PAGE}/{one.pipeline}" if one else PAGE)


def _form(
    request: HttpRequest,
    conn: Connection[Any],
    wanted: StageWanted,
    action: str,
    one: Stage | None = None,
    fault: SetupRejected | None = None,
) -> HttpResponse:
    fields = [(field, field.name in wanted.required) for field in askable(objects_in_force(conn)["deal"])]
    context = {
        "action": action,
        "stage": one,
        "wanted": wanted,
        "states": DEAL_STATES,
        "fields": fields,
        "checklist": "\n".join(wanted.checklist),
        "fault": "" if fault is None or fault.faults else str(fault),
        "faults": fault.faults if fault else {},
        "others": [(name, said) for name, said in fault.faults.items() if name != "name"] if fault else [],
    }
    return render(request, "crm/stage_form.html", context)


def _archive_form(request: HttpRequest, conn: Connection[Any], one: Stage, fault: str = "") -> HttpResponse:
    pipeline = load_pipelines(conn).pipeline(one.pipeline)
    others = [other for other in pipeline.stages if other.id != one.id] if pipeline else []
    deals = deals_in(conn, one)
    context = {"stage": one, "others": others, "deals": deals, "is_too_many": deals > MOST_MOVED, "fault": fault}
    return render(request, "crm/stage_archive.html", context)


def _wanted(one: Stage) -> StageWanted:
    return StageWanted(
        name=one.name,
        state=one.state,
        probability=one.probability,
        required=one.required,
        checklist=one.checklist,
        stale_days=one.stale_days,
    )


def _sent(request: HttpRequest) -> StageWanted:
    """Raises SetupRejected for what is no number."""
    faults = {}
    for name, said in (
        ("probability", _("A probability is a whole number from 0 to 100.")),
        ("stale_days", _("Days are a whole number, or nothing.")),
    ):
        if not _is_whole(request.POST.get(name, "").strip()):
            faults[name] = said
    if faults:
        raise SetupRejected(" ".join(faults.values()), faults)
    return _typed(request)


def _typed(request: HttpRequest) -> StageWanted:
    """What was sent, without what is no number."""
    sent = request.POST
    numbers = {name: sent.get(name, "").strip() for name in ("probability", "stale_days")}
    known = {name: int(text) for name, text in numbers.items() if text and _is_whole(text)}
    return StageWanted(
        name=sent.get("name", ""),
        state=sent.get("state", "open"),
        probability=known.get("probability", 0),
        required=tuple(sent.getlist("required")),
        checklist=tuple(sent.get("checklist", "").splitlines()),
        stale_days=known.get("stale_days"),
    )


def _is_whole(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) < 8)
