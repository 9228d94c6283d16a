"""Settings: what gives points to people."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.crm import score_setup
from onefold.crm.errors import SetupRejected
from onefold.crm.score_setup import RuleWanted
from onefold.crm.scores import archived_rules, load_rules
from onefold.crm.scoring import Earns
from onefold.infra.pool import pooled

PAGE: Final = "/settings/crm/scores"
KINDS: Final = (
    (Earns.EVENT, gettext_lazy("Event")),
    (Earns.PAGE, gettext_lazy("Page view")),
    (Earns.TRAIT, gettext_lazy("Trait")),
)


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """The rules; sent, another one."""
    with pooled() as conn:
        if request.method != "POST":
            return _page(request, conn)

        def act() -> None:
            score_setup.add_rule(conn, _wanted(request.POST), acting_user=name_of(request.user))

        return _done(request, conn, act, _("The rule is added. Scores follow within minutes."))


@requires(Permission.MANAGE_CRM)
@require_POST
def change(request: HttpRequest, number: int) -> HttpResponse:
    """Another event, other points."""
    with pooled() as conn:

        def act() -> None:
            score_setup.change_rule(conn, number, _wanted(request.POST), acting_user=name_of(request.user))

        return _done(request, conn, act, _("The rule is changed. Scores follow within minutes."))


@requires(Permission.MANAGE_CRM)
@require_POST
def archive(request: HttpRequest, number: int) -> HttpResponse:
    """It counts no longer; the toast brings it back."""
    with pooled() as conn:

        def act() -> None:
            score_setup.archive_rule(conn, number, is_archived=True, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The rule is archived."), undo=f"{PAGE}/{number}/restore")


@requires(Permission.MANAGE_CRM)
@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """It counts again."""
    with pooled() as conn:

        def act() -> None:
            score_setup.archive_rule(conn, number, is_archived=False, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The rule is back."))


def _wanted(post: QueryDict) -> RuleWanted:
    half_life = post.get("half_life_days", "").strip()
    return RuleWanted(
        kind=post.get("kind", ""),
        subject=post.get("subject", ""),
        value=post.get("value", ""),
        points=_number(post.get("points", "")),
        half_life_days=_number(half_life) if half_life else None,
        most=_number(post.get("most", "") or "1"),
    )


def _number(text: str) -> int:
    """Raises SetupRejected."""
    text = text.strip()
    if not text.removeprefix("-").isdecimal() or len(text) > 9:
        raise SetupRejected(_("“%(text)s” is no whole number.") % {"text": text[:20]})
    return int(text)


def _done(
    request: HttpRequest, conn: Connection[Any], act: Callable[[], None], said: str, undo: str = ""
) -> HttpResponse:
    """Back to the page, which says what was done, or what is wrong."""
    try:
        act()
    except SetupRejected as fault:  # an answer to the form, beside which it is read
        return _page(request, conn, str(fault))
    messages.success(request, said, extra_tags=undo)
    return HttpResponseRedirect(PAGE)


def _page(request: HttpRequest, conn: Connection[Any], fault: str = "") -> HttpResponse:
    context = {"rules": load_rules(conn), "archived": archived_rules(conn), "kinds": KINDS, "fault": fault}
    return render(request, "crm/scores.html", context, status=422 if fault else 200)
