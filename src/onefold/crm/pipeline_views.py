"""Settings: pipelines, and the stages of one."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.crm import pipeline_setup, stage_setup
from onefold.crm.errors import SetupRejected
from onefold.crm.objects import DEAL_STATES
from onefold.crm.page import sent_numbers
from onefold.crm.pipelines import QUERIES, load_pipelines
from onefold.crm.schema import objects_in_force
from onefold.infra.pool import pooled

PAGE: Final = "/settings/crm/pipelines"


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def pipelines(request: HttpRequest) -> HttpResponse:
    """All of them; sent, a new one (`name`)."""
    with pooled() as conn:
        if request.method != "POST":
            return _all(request, conn)
        name = request.POST.get("name", "")
        try:
            number = pipeline_setup.add_pipeline(conn, name, acting_user=name_of(request.user))
        except SetupRejected as fault:  # an answer to the form, beside which it is read
            return _all(request, conn, str(fault))
    messages.success(request, _("The pipeline is added. Give it the stages that it needs."))
    return HttpResponseRedirect(f"{PAGE}/{number}")


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def pipeline(request: HttpRequest, number: int) -> HttpResponse:
    """One with its stages; sent, another `name`."""
    with pooled() as conn:
        if request.method != "POST":
            return _one(request, conn, number)
        name = request.POST.get("name", "")
        try:
            pipeline_setup.rename_pipeline(conn, number, name, acting_user=name_of(request.user))
        except SetupRejected as fault:  # as above
            return _one(request, conn, number, str(fault))
    messages.success(request, _("The pipeline is renamed."))
    return HttpResponseRedirect(f"{PAGE}/{number}")


@requires(Permission.MANAGE_CRM)
@require_POST
def archive(request: HttpRequest, number: int) -> HttpResponse:
    """Out of what is offered; the toast brings it back."""
    with pooled() as conn:
        try:
            pipeline_setup.archive_pipeline(conn, number, acting_user=name_of(request.user))
        except SetupRejected as fault:  # as above
            return _one(request, conn, number, str(fault))
    messages.success(request, _("The pipeline is archived."), extra_tags=f"{PAGE}/{number}/restore")
    return HttpResponseRedirect(PAGE)


@requires(Permission.MANAGE_CRM)
@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """Back, with its stages."""
    with pooled() as conn:
        try:
            pipeline_setup.restore_pipeline(conn, number, acting_user=name_of(request.user))
        except SetupRejected as fault:  # as above
            return _all(request, conn, str(fault))
    messages.success(request, _("The pipeline is back."))
    return HttpResponseRedirect(PAGE)


@requires(Permission.MANAGE_CRM)
@require_POST
def order(request: HttpRequest) -> HttpResponse:
    """The numbers of all (`id`), in their new order."""
    with pooled() as conn:
        pipeline_setup.order_pipelines(conn, sent_numbers(request, "id"), acting_user=name_of(request.user))
    return HttpResponse(status=204)


@requires(Permission.MANAGE_CRM)
@require_POST
def order_stages(request: HttpRequest, number: int) -> HttpResponse:
    """The numbers of all stages (`id`), in their new order."""
    with pooled() as conn:
        stage_setup.order_stages(conn, number, sent_numbers(request, "id"), acting_user=name_of(request.user))
    return HttpResponse(status=204)


def _all(request: HttpRequest, conn: Connection[Any], fault: str = "") -> HttpResponse:
    known = load_pipelines(conn)
    archived = [one for one in known.pipelines if one.is_archived]
    context = {"pipelines": known.live, "archived": archived, "fault": fault, "tones": _TONES}
    return render(request, "crm/pipelines.html", context, status=422 if fault else 200)


def _one(request: HttpRequest, conn: Connection[Any], number: int, fault: str = "") -> HttpResponse:
    known = load_pipelines(conn)
    one = known.pipeline(number)
    if one is None or one.is_archived:
        raise Http404
    deals = dict(conn.execute(QUERIES["counts"], {"pipeline": number}).fetchall())
    titles = {field.name: field.title for field in stage_setup.askable(objects_in_force(conn)["deal"])}
    rows = [
        {
            "stage": stage,
            "state": next(state for state in DEAL_STATES if state.value == stage.state),
            "needs": [*(titles[name] for name in stage.required if name in titles), *stage.checklist],
            "deals": deals.get(stage.id, 0),
        }
        for stage in one.stages
    ]
    archived = [stage for stage in known.stages.values() if stage.pipeline == number and stage.is_archived]
    context = {"pipeline": one, "rows": rows, "archived": archived, "fault": fault, "is_only": len(known.live) == 1}
    return render(request, "crm/pipeline.html", context, status=422 if fault else 200)


_TONES: Final = {one.value: one.tone for one in DEAL_STATES}
