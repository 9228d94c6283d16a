"""Pages about identity: the graph of one person in a picture and in words, and decisions with a preview."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.identity.api import RuleKind
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.profiles import links, person
from onefold.profiles.because import Explainer, Link
from onefold.profiles.ids import from_text, to_text
from onefold.profiles.naming import Names, names_in_force
from onefold.profiles.preview import preview, rule_before
from onefold.profiles.record_views import find_person, person_then
from onefold.profiles.standing import Standing, moment_of

MAX_DRAWN = 150
"""Identifiers in the picture; the list beside it has up to as many links as `because.MAX_LINKS`."""


@requires(Permission.SEE_PEOPLE)
@require_safe
def identity(request: HttpRequest, identifier: str) -> HttpResponse:
    """Which identifiers are this person and by which links, what was refused, and the decisions about them."""
    as_of = moment_of(request.GET.get("as_of", ""))
    with pooled() as conn:
        names = names_in_force(conn)
        found = find_person(conn, names, identifier)
        then = person_then(conn, names, found, as_of)
        explainer = Explainer(conn, names, then.around)
        joined = explainer.whole(then.profile_id)
        refused = explainer.refused([member.h for member in then.members])
        profile = person.load_profile(conn, found.profile_id)
    held = {link.b.h: link.a.h for link in joined}  # what a never-link would take an identifier off
    words = {kind: kind.name.lower() for kind in RuleKind}
    context = {
        "found": found,
        "profile": profile,
        "profile_id": then.profile_id,
        "is_nobody": then.is_nobody,
        "members": [
            (member, explainer.text(member.h), held.get(member.h, then.profile_id))
            for member in then.members[: 2 * MAX_DRAWN]
        ],
        "n_members": len(then.members),
        "joined": joined,
        "refused": refused,
        "rules": [
            (words[rule.kind], rule, explainer.text(pair[0]), explainer.text(pair[1]))
            for pair, rule in then.around.decisions.items()
            if rule.kind is not RuleKind.WITHDRAWN and pair[0] in then.around.nodes and pair[1] in then.around.nodes
        ],
        "graph": drawing(names, then, joined, refused),
        "as_of": request.GET.get("as_of", "") if as_of else "",
        "as_of_us": as_of,
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
        before = rule_before(conn, found.a_hash, found.b_hash)
    return render(request, "profiles/preview.html", {"preview": found, "decided": before})


@requires(Permission.MANAGE_IDENTITY)
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Never or always link two identifiers, or withdraw that; then back to the person."""
    with pooled() as conn:
        names = names_in_force(conn)
        a, b = (_identifier(conn, names, request.POST.get(name, "")) for name in ("a", "b"))
        rule = request.POST.get("rule", "")
        done = links.decide(conn, names, rule=rule, a=a, b=b, acting_user=name_of(request.user))
    return _back(request, done)


@requires(Permission.MANAGE_IDENTITY)
@require_POST
def undo_decision(request: HttpRequest, event: UUID) -> HttpResponse:
    """Decide again what was decided before; then back to the person."""
    with pooled() as conn:
        done = links.undo(conn, names_in_force(conn), event, acting_user=name_of(request.user))
    return _back(request, done)


def drawing(names: Names, then: Standing, joined: list[Link], refused: list[Link]) -> dict[str, Any]:
    """What the picture is drawn from: `nodes` and `edges`, at most MAX_DRAWN identifiers, the anchor among them."""
    drawn = [member.h for member in then.members[:MAX_DRAWN]]
    inside = set(drawn)
    outer: list[int] = []
    for link in refused:
        for end in (link.a.h, link.b.h):
            if end not in inside and end not in outer and len(outer) < MAX_DRAWN // 3:
                outer.append(end)
    shown = inside | set(outer)
    nodes = []
    for h in [*drawn, *outer]:
        node = then.around.nodes[h]
        kind = "anchor" if h == then.profile_id else "member" if h in inside else "other"
        nodes.append({"id": to_text(h), "namespace": names.namespace(node.ns), "value": node.val, "kind": kind})
    edges = [
        {
            "source": to_text(link.a.h),
            "target": to_text(link.b.h),
            "kind": "refused" if link.obstacle else "rule" if link.is_rule else "joined",
            "why": link.obstacle.sentence if link.obstacle else "",
        }
        for link in [*joined, *refused]
        if link.a.h in shown and link.b.h in shown
    ]
    return {"nodes": nodes, "edges": edges, "n_left_out": len(then.members) - len(drawn)}


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
    return HttpResponseRedirect(f"/people/{to_text(back.h)}" if back else "/people")


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
