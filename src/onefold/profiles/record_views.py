"""Pages about one person: the record, why a value counts, what is new, correcting a trait."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.kernel.instants import instant_of
from onefold.notifications.api import last_visit
from onefold.profiles import corrections, person, timeline
from onefold.profiles.because import Explainer
from onefold.profiles.devices import devices_of
from onefold.profiles.ids import from_text, to_text
from onefold.profiles.more import demand_edit
from onefold.profiles.naming import Names, names_in_force
from onefold.profiles.record import MAX_SHOWN, Record, load_record
from onefold.profiles.standing import Standing, moment_of, standing
from onefold.profiles.topics import BY_KEY
from onefold.profiles.trait_lists import trait_list
from onefold.profiles.visits import folded
from onefold.profiles.why import why_trait


@requires(Permission.SEE_PEOPLE)
@require_safe
def one_person(request: HttpRequest, identifier: str) -> HttpResponse:
    """A person by profile id or by the hash of any of their identifiers, past ids included; `?as_of=` in the past."""
    as_of = moment_asked(request)
    with pooled() as conn:
        names = names_in_force(conn)
        found = find_person(conn, names, identifier)
        if as_of is None and found.has_profile and to_text(found.profile_id) != identifier:
            return HttpResponseRedirect(f"/people/{to_text(found.profile_id)}")
        then = person_then(conn, names, found, as_of)
        if not found.has_profile if as_of is None else then.is_nobody:
            return render(request, "profiles/shared.html", _shared_context(conn, names, found, then))
        record = load_record(conn, names, then, topic=request.GET.get("topic", ""))
        return render(
            request, "profiles/person.html", _record_context(names, found, record) | _since(conn, request, record)
        )


@requires(Permission.SEE_PEOPLE)
@require_safe
def news(request: HttpRequest, identifier: str) -> HttpResponse:
    """204 while `at` is still the person's state, else the record again: what an open page asks every half second.

    With `count` always 204: the header `X-State` says the state to a reader who shouldn't be disturbed.
    """
    h = from_text(identifier)
    with pooled() as conn:
        state = timeline.pulse(conn, h) if h is not None else None
        if state is None:
            return HttpResponse(status=204)
        if "count" in request.GET or request.GET.get("at") == state_text(*state):
            return HttpResponse(status=204, headers={"X-State": state_text(*state)})
        names = names_in_force(conn)
        found = find_person(conn, names, identifier)
        if not found.has_profile:
            return HttpResponse(status=204)
        record = load_record(conn, names, person_then(conn, names, found, None), topic=request.GET.get("topic", ""))
        context = _record_context(names, found, record) | _since(conn, request, record)
        return render(request, "profiles/person.html#record", context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def older_events(request: HttpRequest, identifier: str) -> HttpResponse:
    """The next page of a person's timeline: for htmx a piece of the page, else a page of its own."""
    after = timeline.place_from_text(request.GET.get("before", ""))
    topic, as_of = request.GET.get("topic", ""), moment_asked(request)
    with pooled() as conn:
        names = names_in_force(conn)
        found = find_person(conn, names, identifier)
        fragments = _fragments(conn, names, found, as_of)
        page = timeline.timeline_page(conn, fragments, after=after, until=as_of, topic=BY_KEY.get(topic))
    context = {
        "found": found,
        "rows": folded(page.entries),
        "older": timeline.place_to_text(page.next_place) if page.next_place else "",
        "is_cut": page.is_cut,
        "window": timeline.WINDOW,
        "sources": names.sources,
        "topic": topic,
        "as_of": _iso(as_of),
    }
    template = "profiles/timeline.html#entries" if getattr(request, "htmx", False) else "profiles/timeline.html"
    return render(request, template, context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def devices(request: HttpRequest, identifier: str) -> HttpResponse:
    """For the page: the devices of as many events as may be looked at."""
    as_of = moment_asked(request)
    with pooled() as conn:
        names = names_in_force(conn)
        found = find_person(conn, names, identifier)
        fragments = _fragments(conn, names, found, as_of)
        page = timeline.timeline_page(conn, fragments, until=as_of, limit=timeline.WINDOW)
    context = {"devices": devices_of(page.entries), "n_looked_at": len(page.entries) if page.next_place else 0}
    return render(request, "profiles/side.html#devices", context | {"is_furthest": True})


@requires(Permission.SEE_PEOPLE)
@require_safe
def traits(request: HttpRequest, identifier: str) -> HttpResponse:
    """The traits whose name or value holds `q`, from a number on (`from`: then the lines alone)."""
    query, as_of, start = request.GET.get("q", ""), moment_asked(request), number_asked(request, "from")
    with pooled() as conn:
        names = names_in_force(conn)
        found = find_person(conn, names, identifier)
        if as_of is None:
            known = person.traits_of(person.load_members(conn, names, found.profile_id), names)
        else:
            known = person_then(conn, names, found, as_of).traits(names.priorities)
    context = {"found": found, "sources": names.sources, "as_of": _iso(as_of)}
    context |= {"traits": trait_list(known, query, start)}
    return render(request, f"profiles/traits.html{'#lines' if start else ''}", context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def why(request: HttpRequest, identifier: str) -> HttpResponse:
    """For the popover: where a trait (`trait`) comes from, or why two identifiers (`a`, `b`) are one person or not."""
    as_of = moment_asked(request)
    with pooled() as conn:
        names = names_in_force(conn)
        found = find_person(conn, names, identifier)
        context: dict[str, Any] = {"found": found, "sources": names.sources, "as_of": as_of}
        if "trait" in request.GET:
            then = person_then(conn, names, found, as_of)
            context |= {"why": why_trait(conn, names, then, request.GET["trait"]), "window": timeline.WINDOW}
            return render(request, "profiles/why_trait.html", context)
        ends = [from_text(request.GET.get(name, "")) for name in ("a", "b")]
        a, b = (found.profile_id if end is None else end for end in ends)
        then_or_none = standing(conn, names, found.h, as_of, also=[a, b])
        if then_or_none is None or not {a, b} <= then_or_none.around.inside:
            raise NotFound(_("No event had named this identifier."))
        explainer = Explainer(conn, names, then_or_none.around)
        context |= {"because": explainer.pair(a, b), "a": explainer.text(a), "b": explainer.text(b)}
        return render(request, "profiles/why_pair.html", context)


@requires(Permission.EDIT_PEOPLE)
@require_POST
def correct(request: HttpRequest, identifier: str) -> HttpResponse:
    """Correct a trait (`name`, `value`; `kind` json: the value isn't text); back to the person."""
    name = request.POST.get("name", "").strip()
    is_text = request.POST.get("kind") != "json"
    with pooled() as conn:
        names = names_in_force(conn)
        found = find_person(conn, names, identifier)
        then = person_then(conn, names, found, None)
        demand_edit(conn, request.user, values_of(then, names))
        value = corrections.value_from_text(request.POST.get("value", ""), is_text=is_text)
        event, is_processed = corrections.correct(
            conn, names, then, name=name, value=value, acting_user=name_of(request.user)
        )
        _tell(conn, names, request, found, name, value)
    if is_processed:
        messages.success(request, _said(name, value), extra_tags=f"/people/corrections/{event}/undo")
    else:
        messages.info(request, _("Logged. It isn't to be seen yet; load the page again shortly."))
    return HttpResponseRedirect(f"/people/{identifier}")


@requires(Permission.EDIT_PEOPLE)
@require_POST
def undo_correction(request: HttpRequest, event: UUID) -> HttpResponse:
    """Say again what was said before a correction; back to the person."""
    with pooled() as conn:
        names = names_in_force(conn)
        whom, by = corrections.corrected(conn, names, event)
        if by != name_of(request.user):
            demand_edit(conn, request.user, values_of(person_then(conn, names, whom, None), names))
        h, _is_processed = corrections.undo(conn, names, event, acting_user=name_of(request.user))
    messages.success(request, _("Undone."))
    return HttpResponseRedirect(f"/people/{to_text(h)}")


def find_person(conn: Connection[Any], names: Names, identifier: str) -> person.Found:
    """Whom a profile id leads to. Raises NotFound."""
    h = from_text(identifier)
    found = None if h is None else person.find(conn, names, h)
    if found is None:
        raise NotFound(_("No person has this id. Ids change when people are merged; old ones lead on to the new."))
    return found


def person_then(conn: Connection[Any], names: Names, found: person.Found, as_of: int | None) -> Standing:
    """Who they were. Raises NotFound if they weren't known yet."""
    then = standing(conn, names, found.h, as_of)
    if then is None:
        raise NotFound(_("This person wasn't known yet at that time. Choose a later one."))
    return then


def values_of(then: Standing, names: Names) -> dict[str, Any]:
    """Name → value of their traits."""
    return {name: one.value for name, one in then.traits(names.priorities).items()}


def moment_asked(request: HttpRequest) -> int | None:
    """The past moment in the address, µs; of the reader's time zone, if it says none. Raises AsOfRejected."""
    return moment_of(request.GET.get("as_of", ""), timezone.get_current_timezone())


def number_asked(request: HttpRequest, name: str) -> int:
    """A place in a list; what is no number is its beginning."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def state_text(profile_id: int, n: int) -> str:
    """What an open page compares: whose it is and how many events they have."""
    return f"{to_text(profile_id)}.{n}"


def _said(name: str, value: Any) -> str:  # noqa: ANN401  (any JSON value)
    if value is None:
        return _("The correction of %(name)s is withdrawn.") % {"name": name}
    return _("%(name)s is corrected.") % {"name": name}


def _tell(
    conn: Connection[Any],
    names: Names,
    request: HttpRequest,
    found: person.Found,
    name: str,
    value: Any,  # noqa: ANN401 any JSON value
) -> None:
    """Say so if another source outranks the editors."""
    counts = person.traits_of(person.load_members(conn, names, found.profile_id), names).get(name)
    if value is not None and counts is not None and counts.value != value:
        source = names.sources.get(counts.source_id)
        messages.warning(
            request,
            _("%(source)s has a smaller priority than corrections, so its value still counts.")
            % {"source": source.name if source else ""},
        )


def _fragments(conn: Connection[Any], names: Names, found: person.Found, as_of: int | None) -> list[int]:
    if as_of is None:
        return person.load_fragments(conn, found)
    return person_then(conn, names, found, as_of).fragments


def _since(conn: Connection[Any], request: HttpRequest, record: Record) -> dict[str, Any]:
    """Which row of the timeline a line stands above, and what it says: what is new since this user's last visit."""
    if record.as_of is not None or request.user.pk is None:
        return {}
    subject = f"person:{to_text(record.profile.id)}"
    at = last_visit(conn, int(request.user.pk), subject, timezone.now())
    n = sum(at is not None and row.ts > at for row in record.rows)
    old = next((row for row in record.rows if at is not None and row.ts <= at), None)
    return {"since": {"at": at, "n": n}, "first_old": old} if n and old is not None else {}


def _record_context(names: Names, found: person.Found, record: Record) -> dict[str, Any]:
    as_of = record.as_of
    return {
        "found": found,
        "record": record,
        "profile": record.profile,
        "traits": trait_list(record.traits),
        "rows": record.rows,
        "older": record.older,
        "is_cut": record.is_cut,
        "window": timeline.WINDOW,
        "topic": record.topic,
        "members": record.members[:MAX_SHOWN],
        "devices": record.devices,
        "n_looked_at": record.n_looked_at,
        "sources": names.sources,
        "state": state_text(record.profile.id, record.n_events),
        "as_of": _iso(as_of),
        "as_of_us": as_of,
        "as_of_local": f"{timezone.localtime(instant_of(as_of)):%Y-%m-%dT%H:%M:%S}" if as_of else "",
    }


def _iso(as_of: int | None) -> str:
    return instant_of(as_of).isoformat() if as_of else ""


def _shared_context(conn: Connection[Any], names: Names, found: person.Found, then: Standing) -> dict[str, Any]:
    members = [member.h for member in then.members]
    explainer = Explainer(conn, names, then.around)
    apart = explainer.apart(members)
    return {
        "found": found,
        "why": person.why_mute(f"{found.namespace}:{found.value}", found.flags),
        "apart": explainer.links(apart[:MAX_SHOWN], with_events=False),
        "n_apart": len(apart),
        "rules": person.load_rules(conn, names, members, then.as_of),
        "as_of": _iso(then.as_of),
        "as_of_us": then.as_of,
    }
