"""Pages: one person, companies; and the steward's decisions."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.profiles import companies, links, person, timeline
from onefold.profiles.ids import from_text, to_text
from onefold.profiles.naming import Names, names_in_force


@requires(Permission.SEE_PEOPLE)
@require_safe
def one_person(request: HttpRequest, identifier: str) -> HttpResponse:
    """A person by profile id or by the hash of any of their identifiers, past ids included."""
    with pooled() as conn:
        names = names_in_force(conn)
        found = _find(conn, names, identifier)
        if not found.has_profile:
            return render(request, "profiles/shared.html", _shared_context(conn, names, found))
        if to_text(found.profile_id) != identifier:
            return HttpResponseRedirect(f"/people/{to_text(found.profile_id)}")
        return render(request, "profiles/person.html", _person_context(conn, names, found))


@requires(Permission.SEE_PEOPLE)
@require_safe
def older_events(request: HttpRequest, identifier: str) -> HttpResponse:
    """The next page of a person's timeline: for htmx a piece of the page, else a page of its own."""
    after = timeline.place_from_text(request.GET.get("before", ""))
    with pooled() as conn:
        names = names_in_force(conn)
        found = _find(conn, names, identifier)
        members = person.load_members(conn, names, found.profile_id)
        page = timeline.timeline_page(conn, [member.h for member in members if member.n], after=after)
    context = {"found": found, **_timeline_context(names, page)}
    template = "profiles/timeline.html#entries" if getattr(request, "htmx", False) else "profiles/timeline.html"
    return render(request, template, context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def one_company(request: HttpRequest, identifier: str) -> HttpResponse:
    """A company by `space:key`; the default space is empty."""
    space, _, key = identifier.partition(":")
    with pooled() as conn:
        found = None if "\0" in identifier else companies.find_company(conn, space, key)
        if found is None:
            raise NotFound("No group call has named this company.")
        members = companies.people_of(conn, found)
    return render(request, "profiles/company.html", {"company": found, "people": members})


@requires(Permission.MANAGE_IDENTITY)
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Never or always link two identifiers, or withdraw that; then back to the person."""
    with pooled() as conn:
        names = names_in_force(conn)
        done = links.decide(
            conn,
            names,
            rule=request.POST.get("rule", ""),
            a=request.POST.get("a", ""),
            b=request.POST.get("b", ""),
            acting_user=name_of(request.user),
        )
    if done.is_processed:
        messages.success(request, f"Done: {_words(done)}.")
    else:
        messages.info(request, f"Logged: {_words(done)}. Its effect isn't to be seen yet; load the page again shortly.")
    back = done.found[0] or done.found[1]
    return HttpResponseRedirect(f"/people/{to_text(back.h)}" if back else "/people")


def _words(done: links.Decision) -> str:
    if done.a == done.b:
        return f"{done.a} is isolated" if done.rule == "never" else f"{done.a} is no longer isolated"
    verb = {"never": "are never linked", "always": "are always linked", "withdrawn": "have no rule any more"}[done.rule]
    return f"{done.a} and {done.b} {verb}"


def _find(conn: Connection[Any], names: Names, identifier: str) -> person.Found:
    h = from_text(identifier)
    found = None if h is None else person.find(conn, names, h)
    if found is None:
        raise NotFound("No person has this id. Ids change when people are merged; old ones lead on to the new.")
    return found


def _person_context(conn: Connection[Any], names: Names, found: person.Found) -> dict[str, Any]:
    members = person.load_members(conn, names, found.profile_id)
    seen = person.load_seen(conn, names, members)
    fragments = [member.h for member in members if member.n]
    page = timeline.timeline_page(conn, fragments)
    return {
        "found": found,
        "profile": person.load_profile(conn, found.profile_id),
        "members": members,
        "traits": person.traits_of(members, names),
        "joined": [pair for pair in seen if pair.is_inside],
        "apart": [pair for pair in seen if not pair.is_inside],
        "rules": person.load_rules(conn, names, members),
        "companies": companies.companies_of(conn, fragments),
        "last_seen": max((member.last_ts for member in members if member.last_ts is not None), default=None),
        "n_events": sum(member.n for member in members),
        "sources": {source.id: source.name for source in names.sources.values()},
        "priorities": names.priorities,
        **_timeline_context(names, page),
    }


def _shared_context(conn: Connection[Any], names: Names, found: person.Found) -> dict[str, Any]:
    members = person.load_members(conn, names, found.profile_id)
    return {
        "found": found,
        "why": person.why_mute(found.flags),
        "apart": person.load_seen(conn, names, members),
        "rules": person.load_rules(conn, names, members),
    }


def _timeline_context(names: Names, page: timeline.TimelinePage) -> dict[str, Any]:
    return {
        "timeline": page.entries,
        "older": timeline.place_to_text(page.next_place) if page.next_place else "",
        "sources": {source.id: source.name for source in names.sources.values()},
    }
