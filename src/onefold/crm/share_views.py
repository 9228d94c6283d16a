"""Whom a record is shared with: beside its page, given and taken back."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from onefold.accounts.api import Permission, actor_of, demand, requires
from onefold.crm.access import viewer_of
from onefold.crm.errors import ShareRejected
from onefold.crm.page import Asked, asked, go, user_names
from onefold.crm.records import load_record
from onefold.crm.sharing import Given, share_record, shares_of, unshare_record
from onefold.crm.store import load_rows
from onefold.crm.teams import load_teams
from onefold.crm.viewer import Doing, rows_sql
from onefold.infra.pool import pooled

_TEAM = "team:"
_USER = "user:"


@requires(Permission.SEE_RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def shares(request: HttpRequest, object_name: str, number: int) -> HttpResponse:
    """Whom it is shared with; sent, `with` (`user:NAME`, `team:NUMBER`) may `doing` it, too."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        if request.method != "POST":
            return _fragment(request, given, number)
        demand(request.user, Permission.EDIT_RECORDS)
        try:
            share_record(conn, given.kind, number, _given(request), viewer=given.asking.viewer)
        except ShareRejected as fault:  # an answer to the form, beside which it is read
            return _fragment(request, given, number, str(fault))
        if getattr(request, "htmx", False):
            return _fragment(request, given, number)
    return go(request, f"{given.kind.path}/{number}")


@requires(Permission.EDIT_RECORDS)
@require_POST
def unshare(request: HttpRequest, object_name: str, number: int, share: int) -> HttpResponse:
    """Takes a share back; the toast gives it again. Who saw the record by nothing else goes to the list."""
    with pooled() as conn:
        given = asked(conn, request, object_name)
        was = unshare_record(conn, given.kind, number, share, viewer=given.asking.viewer)
        viewer = viewer_of(conn, actor_of(request))  # what was shared when they came may have been this
        is_seen = bool(load_rows(conn, given.kind, [number], where=rows_sql(viewer, given.kind.name, Doing.SEE, "r")))
    whom = f"{_USER}{was.user}" if was.user else f"{_TEAM}{was.team}"
    undo = f"/records/{given.kind.name}/{number}/shares?{urlencode({'with': whom, 'doing': was.doing.value})}"
    messages.success(request, _("Not shared with %(name)s any more.") % {"name": was.title}, extra_tags=undo)
    return go(request, f"{given.kind.path}/{number}" if is_seen else given.kind.path)


def _fragment(request: HttpRequest, given: Asked, number: int, fault: str = "") -> HttpResponse:
    row = load_record(given.conn, given.kind, number, viewer=given.asking.viewer)
    may_share = given.may(Doing.EDIT, row)
    found = shares_of(given.conn, given.kind, number)
    context = {
        "kind": given.kind,
        "row": row,
        "shares": found,
        "may_share": may_share,
        "users": user_names(given.conn) if may_share else [],
        "teams": load_teams(given.conn).tree if may_share else [],
        "fault": fault,
    }
    return render(request, "crm/shares.html", context)


def _given(request: HttpRequest) -> Given:
    """Of the form, or of the address that a toast sends."""
    whom = request.POST.get("with") or request.GET.get("with", "")
    doing = request.POST.get("doing") or request.GET.get("doing", Doing.SEE.value)
    if doing not in set(Doing):
        raise Http404
    if whom.startswith(_USER):
        return Given(user=whom.removeprefix(_USER), doing=Doing(doing))
    number = whom.removeprefix(_TEAM)
    is_team = number.isascii() and number.isdigit() and len(number) < 19
    return Given(team=int(number) if is_team else None, doing=Doing(doing))
