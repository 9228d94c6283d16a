"""Pages about identity: the graph of one person in a picture and in words, and decisions with a preview."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.kernel.instants import instant_of
from onefold.profiles import links, person, picture
from onefold.profiles.because import Explainer
from onefold.profiles.ids import from_text, to_text
from onefold.profiles.naming import Names, names_in_force
from onefold.profiles.preview import Preview, preview, rule_before
from onefold.profiles.record_views import find_person, moment_asked, number_asked, person_then


@requires(Permission.SEE_PEOPLE)
@require_safe
def identity(request: HttpRequest, identifier: str) -> HttpResponse:
    """Which identifiers are this person and by which links, what was refused, and the decisions about them."""
    as_of, query = moment_asked(request), request.GET.get("q", "")[:200]
    part = request.GET.get("part", "") if getattr(request, "htmx", False) else ""
    with pooled() as conn:
        names = names_in_force(conn)
        found = find_person(conn, names, identifier)
        then = person_then(conn, names, found, as_of)
        explainer = Explainer(conn, names, then.around)
        context: dict[str, Any] = {
            "found": found, "profile_id": then.profile_id, "n_members": len(then.members), "is_nobody": then.is_nobody,
            "query": query, "as_of": instant_of(as_of).isoformat() if as_of else "", "as_of_us": as_of,
        }  # fmt: skip
        if part != "refused":
            context["held"] = picture.held(explainer, then, query, number_asked(request, "from"))
        if part != "identifiers":
            context["refused"] = picture.refused(explainer, then, number_asked(request, "refused"))
        if part in {"refused", "identifiers"}:
            return render(request, f"profiles/identity_page.html#{part}", context)
        context |= {
            "profile": person.load_profile(conn, found.profile_id),
            "rules": person.load_rules(conn, names, [member.h for member in then.members], as_of),
            "graph": picture.drawing(explainer, then),
        }
    return render(request, "profiles/identity_page.html", context)


@requires(Permission.MANAGE_IDENTITY)
@require_POST
def preview_decision(request: HttpRequest) -> HttpResponse:
    """For the dialog: what `rule` about `a` and `b` (profile ids, or `namespace:value`) would change."""
    with pooled() as conn:
        names = names_in_force(conn)
        a, b = (_identifier(conn, names, request.POST.get(name, "")) for name in ("a", "b"))
        found = preview(conn, names, rule=request.POST.get("rule", ""), a=a, b=b)
        return _shown(request, conn, found)


@requires(Permission.MANAGE_IDENTITY)
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Never or always link two identifiers, or withdraw that; then back to the person.

    `seen` is the token of the preview that was confirmed: if it would change other people now, it is shown again
    instead. `once`: sent twice, it counts once.
    """
    seen = request.POST.get("seen", "")
    with pooled() as conn:
        names = names_in_force(conn)
        a, b = (_identifier(conn, names, request.POST.get(name, "")) for name in ("a", "b"))
        rule = request.POST.get("rule", "")
        if seen and (found := preview(conn, names, rule=rule, a=a, b=b)).token != seen:
            return _shown(request, conn, found, is_stale=True)
        once = _uuid(request.POST.get("once", ""))
        done = links.decide(conn, names, rule=rule, a=a, b=b, acting_user=name_of(request.user), once=once)
    return _back(request, done)


@requires(Permission.MANAGE_IDENTITY)
@require_POST
def undo_decision(request: HttpRequest, event: UUID) -> HttpResponse:
    """Decide again what was decided before; then back to the person."""
    with pooled() as conn:
        done = links.undo(conn, names_in_force(conn), event, acting_user=name_of(request.user))
    return _back(request, done)


def _shown(request: HttpRequest, conn: Connection[Any], found: Preview, *, is_stale: bool = False) -> HttpResponse:
    decided = rule_before(conn, found.a_hash, found.b_hash)
    context = {"preview": found, "decided": decided, "is_stale": is_stale, "once": uuid4()}
    return render(request, "profiles/preview.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _identifier(conn: Connection[Any], names: Names, text: str) -> str:
    """Pages name identifiers by their hashes: their values may be hidden from who looks at the page."""
    h = from_text(text.strip())
    if h is None:
        return text.strip()
    found = person.find(conn, names, h)
    if found is None:
        raise NotFound(_("No event has named this identifier."))
    return f"{found.namespace}:{found.value}"


def _back(request: HttpRequest, done: links.Decision) -> HttpResponse:
    if done.is_processed:
        messages.success(request, _words(done), extra_tags=f"/people/links/{done.event}/undo")
    else:
        messages.info(request, _("Logged. Its effect isn't to be seen yet; load the page again shortly."))
    back = done.found[0] or done.found[1]
    url = f"/people/{to_text(back.h)}" if back else "/people"
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _words(done: links.Decision) -> str:
    ends = {"a": done.a, "b": done.b}
    if done.a == done.b:
        return (
            _("Done: %(a)s is isolated.") % ends
            if done.rule == "never"
            else _("Done: %(a)s is no longer isolated.") % ends
        )
    return {
        "never": _("Done: %(a)s and %(b)s are never linked."),
        "always": _("Done: %(a)s and %(b)s are always linked."),
        "withdrawn": _("Done: %(a)s and %(b)s have no rule any more."),
    }[done.rule] % ends
