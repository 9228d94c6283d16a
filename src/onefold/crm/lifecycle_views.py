"""Settings: the stages of people's lives as customers."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.crm import lifecycle
from onefold.crm.errors import LifecycleRejected
from onefold.filters.api import OneOf, in_all, to_json
from onefold.infra.pool import pooled

PAGE = "/settings/crm/lifecycle"
TONES = (
    ("", gettext_lazy("Grey")),
    ("accent", gettext_lazy("Blue")),
    ("warn", gettext_lazy("Amber")),
    ("ok", gettext_lazy("Green")),
    ("bad", gettext_lazy("Red")),
)


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def stages(request: HttpRequest) -> HttpResponse:
    """The stages in order; sent, a new one (`name`, `tone`)."""
    with pooled() as conn:
        if request.method != "POST":
            return _page(request, conn)
        name, tone = request.POST.get("name", ""), request.POST.get("tone", "")

        def act() -> None:
            lifecycle.add_stage(conn, name, tone, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The stage is added."))


@requires(Permission.MANAGE_CRM)
@require_POST
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Another `name`, another `tone`."""
    with pooled() as conn:
        name, tone = request.POST.get("name", ""), request.POST.get("tone", "")

        def act() -> None:
            lifecycle.change_stage(conn, key, name=name, tone=tone, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The stage is changed."))


@requires(Permission.MANAGE_CRM)
@require_POST
def move(request: HttpRequest, key: str) -> HttpResponse:
    """One place earlier, or (`by` = 1) later."""
    with pooled() as conn:
        by = 1 if request.POST.get("by") == "1" else -1

        def act() -> None:
            lifecycle.move_stage(conn, key, by, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The order is changed."))


@requires(Permission.MANAGE_CRM)
@require_POST
def archive(request: HttpRequest, key: str) -> HttpResponse:
    """No longer offered; with people in it only when `sure`. The toast brings it back."""
    with pooled() as conn:

        def act() -> None:
            is_sure = "sure" in request.POST
            lifecycle.archive_stage(conn, key, is_sure=is_sure, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The stage is archived."), undo=f"{PAGE}/{key}/restore")


@requires(Permission.MANAGE_CRM)
@require_POST
def restore(request: HttpRequest, key: str) -> HttpResponse:
    """Offered again."""
    with pooled() as conn:

        def act() -> None:
            lifecycle.restore_stage(conn, key, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The stage is back."))


def _done(
    request: HttpRequest, conn: Connection[Any], act: Callable[[], None], said: str, undo: str = ""
) -> HttpResponse:
    """Back to the page, which says what was done, or what is wrong."""
    try:
        act()
    except LifecycleRejected as fault:  # an answer to the form, beside which it is read
        return _page(request, conn, str(fault))
    messages.success(request, said, extra_tags=undo)
    return HttpResponseRedirect(PAGE)


def _page(request: HttpRequest, conn: Connection[Any], fault: str = "") -> HttpResponse:
    lifecycle.forget_lifecycle()  # whoever has just changed it wants to see it
    known = lifecycle.load_lifecycle(conn)
    people = lifecycle.people_in(conn, [one.key for one in known.stages])
    context = {
        "rows": [_row(one, people[one.key]) for one in known.live],
        "archived": [_row(one, people[one.key]) for one in known.archived],
        "tones": TONES,
        "most": lifecycle.COUNT_CAP,
        "fault": fault,
    }
    return render(request, "crm/lifecycle.html", context, status=422 if fault else 200)


def _row(stage: lifecycle.LifecycleStage, people: int) -> dict[str, Any]:
    tree = to_json(in_all(OneOf(f"trait:{lifecycle.TRAIT}", "is", (stage.key,))))
    return {"stage": stage, "people": people, "list": f"/people?{urlencode({'filter': tree, 'who': 'all'})}"}
