"""Settings: which leads go to whom."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.crm import assign_setup
from onefold.crm.assign_setup import AssignmentWanted, archived_rules
from onefold.crm.assigning import QUERIES, AssignmentRule, Way, load_rules
from onefold.crm.errors import SetupRejected
from onefold.crm.page import user_names
from onefold.crm.person_fields import LEAD_SOURCES
from onefold.infra.pool import pooled

PAGE: Final = "/settings/crm/assignment"
WAYS: Final = (
    (Way.ROUND_ROBIN, gettext_lazy("In turn")),
    (Way.LEAST_BUSY, gettext_lazy("To the least busy")),
)
_LATELY: Final = timedelta(days=30)
_MOST: Final = 1_000


@requires(Permission.MANAGE_CRM)
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """The rules in order; sent, another one."""
    with pooled() as conn:
        if request.method != "POST":
            return _page(request, conn)

        def act() -> None:
            assign_setup.add_rule(conn, _wanted(request), acting_user=name_of(request.user))

        return _done(request, conn, act, _("The rule is added. It is of leads that come in from now on."))


@requires(Permission.MANAGE_CRM)
@require_POST
def change(request: HttpRequest, number: int) -> HttpResponse:
    """Of other leads, to others."""
    with pooled() as conn:

        def act() -> None:
            assign_setup.change_rule(conn, number, _wanted(request), acting_user=name_of(request.user))

        return _done(request, conn, act, _("The rule is changed."))


@requires(Permission.MANAGE_CRM)
@require_POST
def move(request: HttpRequest, number: int) -> HttpResponse:
    """One place earlier, or (`by` = 1) later."""
    with pooled() as conn:
        by = 1 if request.POST.get("by") == "1" else -1

        def act() -> None:
            assign_setup.move_rule(conn, number, by, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The order is changed."))


@requires(Permission.MANAGE_CRM)
@require_POST
def archive(request: HttpRequest, number: int) -> HttpResponse:
    """It counts no longer; the toast brings it back."""
    with pooled() as conn:

        def act() -> None:
            assign_setup.archive_rule(conn, number, is_archived=True, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The rule is archived."), undo=f"{PAGE}/{number}/restore")


@requires(Permission.MANAGE_CRM)
@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """It counts again."""
    with pooled() as conn:

        def act() -> None:
            assign_setup.archive_rule(conn, number, is_archived=False, acting_user=name_of(request.user))

        return _done(request, conn, act, _("The rule is back."))


def _wanted(request: HttpRequest) -> AssignmentWanted:
    """Members are ticked (`member`), each with a `capacity-NAME`. Raises SetupRejected."""
    post = request.POST
    least = post.get("least_points", "").strip()
    chosen = post.getlist("member")[: assign_setup.MAX_MEMBERS + 1]
    capacities = {name: post.get(f"capacity-{name}", "").strip() for name in chosen}
    return AssignmentWanted(
        name=post.get("name", ""),
        way=post.get("way", ""),
        source=post.get("source", ""),
        country=post.get("country", ""),
        least_points=_number(least) if least else None,
        members={name: _number(text) if text else None for name, text in capacities.items()},
    )


def _number(text: str) -> int:
    """Raises SetupRejected."""
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
    users = user_names(conn)
    given = {
        (rule, name): n
        for rule, name, n in conn.execute(QUERIES["given"], {"since": datetime.now(UTC) - _LATELY}).fetchall()
    }
    (waiting,) = conn.execute(QUERIES["n_waiting"], {"most": _MOST}).fetchone() or (0,)
    context = {
        "rows": [_row(one, users, given) for one in load_rules(conn)],
        "archived": archived_rules(conn),
        "users": [(name, False, None) for name in users],
        "ways": WAYS,
        "sources": LEAD_SOURCES,
        "waiting": waiting,
        "fault": fault,
    }
    return render(request, "crm/assignment.html", context, status=422 if fault else 200)


def _row(rule: AssignmentRule, users: list[str], given: dict[tuple[int, str], int]) -> dict[str, Any]:
    """A rule, what it gave to whom lately, and everybody who may take part."""
    capacities = {one.name: one.capacity for one in rule.members}
    return {
        "rule": rule,
        "way": dict(WAYS)[rule.way],
        "members": [(one.name, one.capacity, given.get((rule.id, one.name), 0)) for one in rule.members],
        "users": [(name, name in capacities, capacities.get(name)) for name in users],
    }
