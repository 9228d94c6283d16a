"""Pages: the list of audiences, and one of them with its members, history and versions."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any, Final, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, may, name_of, requires
from onefold.audiences import actions, pages, shown
from onefold.audiences.company_views import explained, members_page
from onefold.audiences.differences import compared, outline
from onefold.audiences.errors import AudienceInUse, AudienceRejected, RuleRejected
from onefold.audiences.explain import explain
from onefold.audiences.hiding import reader_for
from onefold.audiences.phrases import Names
from onefold.audiences.shown_companies import list_company_changes
from onefold.audiences.working import case_of, working
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound, Rejected
from onefold.profiles.api import find, from_text, names_in_force

ROWS: Final = 50
VERSIONS: Final = 20
TREND_DAYS: Final = 90
MAX_WATCHED: Final = 50
"""Audiences of a list that are asked for while they are being filled."""


class Chart(NamedTuple):
    """As chart.html draws it."""

    rows: list[tuple[date, list[int]]]
    names: list[str]
    has_days: bool = True


@requires(Permission.SEE_PEOPLE)
@require_safe
def audience_list(request: HttpRequest) -> HttpResponse:
    """All of them, as the address says: search, filters, order."""
    return _list(request, pages.state_of(request.GET))


@requires(Permission.SEE_PEOPLE)
@require_safe
def states(request: HttpRequest) -> HttpResponse:
    """For the list: how far those are (`id`, several) that are being filled. Asks again while one is."""
    wanted = [int(text) for text in request.GET.getlist("id")[:MAX_WATCHED] if text.isascii() and text.isdigit()]
    with pooled() as conn:
        found = [one for number in wanted if (one := _if_there(conn, number)) is not None]
    context = {"watched": found, "is_waiting": any(one.state == "filling" for one in found), "is_news": True}
    return render(request, "audiences/list.html#states", context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def members(request: HttpRequest, number: int) -> HttpResponse:
    """An audience and who is in it, a page at a time."""
    return _members(request, number)


@requires(Permission.SEE_PEOPLE)
@require_safe
def history(request: HttpRequest, number: int) -> HttpResponse:
    """Who entered and left, when and why, the newest first; `what` for entered, left or moved alone."""
    before, what = request.GET.get("before", ""), request.GET.get("what", "")
    begin = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else shown.LAST
    kinds = pages.WHAT.get(what, ())
    with pooled() as conn:
        context = _about(request, conn, number, "history")
        listed = list_company_changes if context["audience"].is_of_companies else shown.list_changes
        changes = listed(conn, number, begin, ROWS + 1, kinds)
        rows = pages.history_rows(conn, changes[:ROWS], may_see_events=may(request.user, Permission.SEE_EVENTS))
    more = changes[ROWS - 1].position if len(changes) > ROWS else ""
    context |= {"rows": rows, "what": what if kinds else "", "older": more, "is_first": begin == shown.LAST}
    return render(request, "audiences/history.html", context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def versions(request: HttpRequest, number: int) -> HttpResponse:
    """Every rule that it had, the newest first, with what each says otherwise than the one before."""
    before = request.GET.get("before", "")
    begin = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
    with pooled() as conn:
        context = _about(request, conn, number, "versions")
        found = [one for one in shown.list_versions(conn, number) if begin is None or one.version < begin]
    names = context["names"]
    lines = [outline(one.rule, one.purpose, names) for one in found[: VERSIONS + 1]]
    rows = [
        {
            "version": one,
            "sentence": pages.sentence(context["audience"], names, one),
            "purpose": names.purposes.get(one.purpose, one.purpose),
            "changes": compared(lines[i + 1], lines[i]) if i + 1 < len(lines) else [],
            "is_first": one.version == 1,
        }
        for i, one in enumerate(found[:VERSIONS])
    ]
    older = found[VERSIONS - 1].version if len(found) > VERSIONS else ""
    return render(request, "audiences/versions.html", context | {"rows": rows, "older": older})


@requires(Permission.SEE_PEOPLE)
@require_safe
def progress(request: HttpRequest, number: int) -> HttpResponse:
    """How far the filling is; loads the page again when it is over, fails, or goes on after a `fault` that it shows."""
    with pooled() as conn:
        one = shown.find_audience(conn, number)
        if one.state != "filling" or bool(one.fault) is not ("fault" in request.GET):
            return HttpResponse(headers={"HX-Refresh": "true"})
        context = {"audience": one, "filling": pages.filling_of(conn, one)}
    return render(request, "audiences/audience.html#filling", context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def facts(request: HttpRequest, number: int) -> HttpResponse:
    """Its figures and who moved last, for the page that stays open; nothing while `at` is still the latest move."""
    with pooled() as conn:
        one = shown.find_audience(conn, number)
        if one.state != "live":
            return HttpResponse(headers={"HX-Refresh": "true"})
        context = _facts(request, conn, one, pages.names_of(conn))
    if request.GET.get("at") == str(context["at"]):
        return HttpResponse(status=204)
    response = render(request, "audiences/audience.html#facts", context)
    response["HX-Trigger"] = "moved"  # the first page of members is loaded anew
    return response


@requires(Permission.SEE_PEOPLE)
@require_safe
def explain_member(request: HttpRequest, number: int) -> HttpResponse:
    """For the popover: why `person` (a profile id), or `company`, is in by the rule in force, or isn't."""
    with pooled() as conn:
        one = shown.find_audience(conn, number)
        if one.is_of_companies:
            told = explained(conn, one, request.GET.get("company", ""), timezone.now(), request.user)
            return render(request, "audiences/why.html", {"audience": one, **told})
        found = find_person(conn, request.GET.get("person", ""))
    with working() as work:
        rule, purpose = pages.rule_in_force(work.conn, one)
        case = case_of(work, rule, purpose, found)
        reader = reader_for(request.user, pages.names_of(work.conn))
        explanation = explain(rule, case.person, case.evaluator, case.now_us, reader, purpose=purpose)
        people = shown.people_shown(work.conn, [found])
    name = (people[0][1] or people[0][2]) if people else ""
    context = {"audience": one, "explained": explanation, "name": name or _("Anonymous"), "person": found}
    return render(request, "audiences/why.html", context)


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def start(request: HttpRequest, number: int) -> HttpResponse:
    """Fill it by its latest rule, and keep it."""
    return _acted(request, number, actions.start_audience)


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def pause(request: HttpRequest, number: int) -> HttpResponse:
    """Its members stay as they are; the toast starts it again."""
    return _acted(request, number, actions.pause_audience, _("%(name)s is paused."), undo="start")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def describe(request: HttpRequest, number: int) -> HttpResponse:
    """Another name or description."""
    name, description = request.POST.get("name", ""), request.POST.get("description", "")
    try:
        with pooled() as conn:
            actions.describe_audience(conn, number, name, description, acting_user=name_of(request.user))
    except AudienceRejected as fault:
        return _members(request, number, described={"name": name, "description": description, "fault": str(fault)})
    return HttpResponseRedirect(f"/audiences/{number}")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def remove(request: HttpRequest, number: int) -> HttpResponse:
    """Out of the list, unless others ask for it; the toast brings it back."""
    asked = pages.state_of(QueryDict(request.POST.get("address", "")))
    with pooled() as conn:
        name = shown.find_audience(conn, number).name
        try:
            actions.trash_audience(conn, number, acting_user=name_of(request.user))
        except AudienceInUse:
            users = pages.users_of(conn, number, pages.names_of(conn))
            return _list(request, asked, in_use={"name": name, "users": users})
    messages.success(request, _("%(name)s is removed.") % {"name": name}, extra_tags=f"/audiences/{number}/restore")
    return HttpResponseRedirect(asked.address(start=asked.start))


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """Back into the list, as it was or as a draft; under another name if its own is taken by now."""
    with pooled() as conn:
        before = dict((one[0], one[1]) for one in shown.list_trashed(conn)).get(number)
        name, is_draft, why = actions.restore_audience(conn, number, acting_user=name_of(request.user))
    said = _("It is back, as a draft. Start it to fill it.") if is_draft else _("It is back, and is filled again.")
    if why:
        said = _("It is back, as a draft, for it can't be filled: %(why)s") % {"why": why}
    if before not in (None, name):
        said += " " + _("It is called %(name)s: another audience has its name by now.") % {"name": name}
    messages.success(request, said)
    return HttpResponseRedirect(f"/audiences/{number}")


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def restore_version(request: HttpRequest, number: int, version: int) -> HttpResponse:
    """Make an earlier rule the newest."""
    try:
        with pooled() as conn:
            newest = actions.restore_version(conn, number, version, acting_user=name_of(request.user))
    except RuleRejected as fault:
        return _members(request, number, fault=fault)
    said = _("The rule of version %(old)s is the newest now, as version %(new)s.") % {"old": version, "new": newest}
    messages.success(request, said)
    return HttpResponseRedirect(f"/audiences/{number}/versions")


def _if_there(conn: Connection[Any], number: int) -> shown.ShownAudience | None:
    """None: it was removed meanwhile."""
    with suppress(NotFound):
        return shown.find_audience(conn, number)
    return None


def find_person(conn: Connection[Any], identifier: str) -> int:
    """The profile that a profile id, past ones included, leads to. Raises NotFound."""
    h = from_text(identifier)
    found = None if h is None else find(conn, names_in_force(conn), h)
    if found is None or not found.has_profile:
        raise NotFound(_("No person has this id. Ids change when people are merged; old ones lead on to the new."))
    return found.profile_id


def _acted(request: HttpRequest, number: int, act: Callable[..., None], said: str = "", undo: str = "") -> HttpResponse:
    """To the audience, or back to the list that it was done in."""
    try:
        with pooled() as conn:
            act(conn, number, acting_user=name_of(request.user))
            name = shown.find_audience(conn, number).name
    except (RuleRejected, AudienceRejected) as fault:
        return _members(request, number, fault=fault)
    if said:
        messages.success(request, said % {"name": name}, extra_tags=f"/audiences/{number}/{undo}")
    address = request.POST.get("address")
    if address is None:
        return HttpResponseRedirect(f"/audiences/{number}")
    asked = pages.state_of(QueryDict(address))
    return HttpResponseRedirect(asked.address(start=asked.start))


def _list(request: HttpRequest, asked: pages.ListState, **more: Any) -> HttpResponse:  # noqa: ANN401  (context)
    with pooled() as conn:
        page = pages.list_page(conn, asked)
        trashed = shown.list_trashed(conn)
    address = asked.address(start=asked.start)
    watched = [row.audience for row in page.rows if row.audience.state == "filling"][:MAX_WATCHED]
    context = {"page": page, "asked": asked, "trashed": trashed, "address": address, "watched": watched, **more}
    context |= {"query": address.partition("?")[2], "is_waiting": bool(watched), "is_narrowed": page.n < page.total}
    return render(request, "audiences/list.html", context, status=409 if "in_use" in more else 400 if more else 200)


def _members(
    request: HttpRequest, number: int, *, fault: Rejected | None = None, described: Mapping[str, str] | None = None
) -> HttpResponse:
    """`fault`: why something can't be done. `described`: what was typed as its name, and why it can't be that."""
    after = from_text(request.GET.get("after", "")) if "after" in request.GET else None
    begin = shown.FIRST if after is None else after
    with pooled() as conn:
        context = _about(request, conn, number, "members")
        if context["audience"].is_of_companies:
            context |= members_page(conn, number, begin, ROWS)
        else:
            found = shown.list_members(conn, number, begin, ROWS + 1)
            following = found[ROWS - 1].profile_id if len(found) > ROWS else None
            context |= {"members": found[:ROWS], "next": following}
    context |= {
        "is_first": begin == shown.FIRST,
        "fault": str(fault or ""),
        "described": described,
    }
    return render(request, "audiences/members.html", context, status=400 if fault or described else 200)


def _about(request: HttpRequest, conn: Connection[Any], number: int, tab: str) -> dict[str, Any]:
    """What stands around each tab."""
    one = shown.find_audience(conn, number)
    names = pages.names_of(conn)
    may_export = may(request.user, Permission.EXPORT_PEOPLE) and may(request.user, Permission.SEE_PERSONAL_DATA)
    return _facts(request, conn, one, names) | {
        "names": names,
        "sentence": pages.sentence(one, names),
        "filling": pages.filling_of(conn, one) if one.state == "filling" else None,
        "chart": _chart(conn, one),
        "users": pages.users_of(conn, number, names),
        "may_export": may_export and one.live_version is not None,
        "tab": tab,
    }


def _facts(request: HttpRequest, conn: Connection[Any], one: shown.ShownAudience, names: Names) -> dict[str, Any]:
    """What stands above all tabs. `latest`: who moved last, `at` which position; None, 0: nobody has."""
    listed = list_company_changes if one.is_of_companies else shown.list_changes
    rows = pages.history_rows(conn, listed(conn, one.id, limit=1), may_see_events=False)
    return {
        "audience": one,
        "purpose": names.purposes.get(one.purpose, one.purpose),
        "latest": rows[0] if rows else None,
        "at": rows[0].change.position if rows else 0,
    }


def _chart(conn: Connection[Any], one: shown.ShownAudience) -> Chart | None:
    """Members by day; none of one that never had any."""
    trend = shown.trend_of(conn, one.id, TREND_DAYS)
    if not any(n for _day, n in trend):
        return None
    return Chart([(day, [max(n, 0)]) for day, n in trend], [_("Companies") if one.is_of_companies else _("People")])
