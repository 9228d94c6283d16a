"""Settings: where messages go, and what became of them."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.infra.pool import pooled
from onefold.webhooks import actions
from onefold.webhooks.rules import EVENTS, WebhookRejected
from onefold.webhooks.store import MOST_COUNTED, PAGE_SIZE, Endpoint, deliveries, endpoints

PAGE: Final = "/settings/webhooks"
_STATES: Final = ("", "waiting", "delivered", "failed")
_PAUSED: Final[dict[str, str | Promise]] = {
    "asked": gettext_lazy("Paused"),
    "failing": gettext_lazy("Paused: nothing arrived for days"),
    "gone": gettext_lazy("Off: it answered that it is gone"),
}


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def all_endpoints(request: HttpRequest) -> HttpResponse:
    """Every endpoint; sent, a new one (`name`, `url`, `events`, `others`), whose secret the answer shows once."""
    with pooled() as conn:
        if request.method != "POST":
            return _list(request, conn)
        username = request.user.get_username()
        try:
            number, secret = actions.add_endpoint(
                conn, _given(request), acts_as=username, acting_user=name_of(request.user)
            )
        except WebhookRejected as fault:  # an answer to the form, beside which it is read
            return _list(request, conn, str(fault))
        return _one(request, conn, number, secret=secret)


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def endpoint(request: HttpRequest, number: int) -> HttpResponse:
    """One, with its messages (`state`, `before`); sent, another name, address and other events."""
    with pooled() as conn:
        if request.method != "POST":
            return _one(request, conn, number)
        try:
            actions.change_endpoint(conn, number, _given(request), acting_user=name_of(request.user))
        except WebhookRejected as fault:
            return _one(request, conn, number, fault=str(fault))
    messages.success(request, _("The webhook is changed."))
    return HttpResponseRedirect(f"{PAGE}/{number}")


@requires(Permission.MANAGE_CRM)
@require_POST
def test(request: HttpRequest, number: int) -> HttpResponse:
    """A message that says nothing."""
    return _do(request, number, actions.send_test, _("A test is on its way."))


@requires(Permission.MANAGE_CRM)
@require_POST
def pause(request: HttpRequest, number: int) -> HttpResponse:
    """Messages wait; the toast resumes it."""
    return _do(request, number, actions.pause_endpoint, _("The webhook is paused."), undo=f"{PAGE}/{number}/resume")


@requires(Permission.MANAGE_CRM)
@require_POST
def resume(request: HttpRequest, number: int) -> HttpResponse:
    """What waits goes at once."""
    return _do(request, number, actions.resume_endpoint, _("The webhook is on. What waited is on its way."))


@requires(Permission.MANAGE_CRM)
@require_POST
def rotate(request: HttpRequest, number: int) -> HttpResponse:
    """Another secret, which the answer shows once."""
    with pooled() as conn:
        secret = actions.rotate_secret(conn, number, acting_user=name_of(request.user))
        return _one(request, conn, number, secret=secret)


@requires(Permission.MANAGE_CRM)
@require_POST
def remove(request: HttpRequest, number: int) -> HttpResponse:
    """For ever."""
    return _do(request, number, actions.remove_endpoint, _("The webhook is removed."), to=PAGE)


@requires(Permission.MANAGE_CRM)
@require_POST
def again(request: HttpRequest, number: int, delivery: int) -> HttpResponse:
    """A message once more."""

    def act(conn: Connection[Any], number: int, *, acting_user: str) -> None:
        actions.redeliver(conn, number, delivery, acting_user=acting_user)

    return _do(request, number, act, _("The message is on its way again."))


def _do(
    request: HttpRequest, number: int, act: Callable[..., None], said: str, *, undo: str = "", to: str = ""
) -> HttpResponse:
    with pooled() as conn:
        act(conn, number, acting_user=name_of(request.user))
    messages.success(request, said, extra_tags=undo)
    return HttpResponseRedirect(to or f"{PAGE}/{number}")


def _given(request: HttpRequest) -> actions.NewEndpoint:
    others = request.POST.get("others", "").replace(",", " ").split()
    return actions.NewEndpoint(
        name=request.POST.get("name", ""),
        url=request.POST.get("url", ""),
        events=[*request.POST.getlist("events"), *others],
    )


def _list(request: HttpRequest, conn: Connection[Any], fault: str = "") -> HttpResponse:
    rows = [{"one": one, **_state(one)} for one in endpoints(conn)]
    context = {"rows": rows, "fault": fault, "most": MOST_COUNTED, **_form(request, None)}
    return render(request, "webhooks/all.html", context, status=422 if fault else 200)


def _one(
    request: HttpRequest, conn: Connection[Any], number: int, *, secret: str = "", fault: str = ""
) -> HttpResponse:
    one = next(iter(endpoints(conn, number)), None)
    if one is None:
        raise Http404
    state = request.GET.get("state", "")
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    if state not in _STATES:
        raise Http404
    found = deliveries(conn, number, state=state, before=before, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    context = {
        "one": one, **_state(one), "secret": secret, "fault": fault, "deliveries": shown, "state": state,
        "before": before, "next": shown[-1].id if len(found) > PAGE_SIZE else None, "most": MOST_COUNTED,
        "states": [("", _("All")), ("waiting", _("Waiting")), ("delivered", _("Delivered")), ("failed", _("Failed"))],
        **_form(request, one),
    }  # fmt: skip
    return render(request, "webhooks/one.html", context, status=422 if fault else 200)


def _state(one: Endpoint) -> dict[str, Any]:
    if one.paused_at is not None:
        return {"tone": "warn" if one.paused_for == "asked" else "bad", "says": _PAUSED[one.paused_for]}
    if one.failing_since is not None:
        return {"tone": "bad", "says": _("Failing")}
    return {"tone": "ok", "says": _("On")}


def _form(request: HttpRequest, one: Endpoint | None) -> dict[str, Any]:
    """What the form holds: what was sent and refused, else what there is."""
    if request.method == "POST" and "url" in request.POST:
        given = _given(request)
        name, url, chosen = given.name, given.url, list(given.events)
    else:
        name, url, chosen = (one.name, one.url, one.events) if one else ("", "", ["deal.*"])
    everything = [*(f"{kind}.*" for kind in dict.fromkeys(event.partition(".")[0] for event in EVENTS)), *EVENTS]
    offered = ["*", *everything]
    return {
        "form": {"name": name, "url": url, "others": " ".join(event for event in chosen if event not in offered)},
        "offered": [(event, event in chosen) for event in offered],
    }
