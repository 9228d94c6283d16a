"""Pages: sources, their counters and keys."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.config import load_settings, reachable
from onefold.events import keys, sources
from onefold.events.counts import First, counts_by_hour, first_counts, recent_counts, rejection_counts
from onefold.events.forms import KIND_WORDS, POLICY_WORDS, KeyForm, NewSourceForm, form_of
from onefold.events.internal import INTERNAL_SOURCE
from onefold.events.live import Filter, past
from onefold.events.snippets import snippets_for
from onefold.events.source_health import source_health
from onefold.events.sources import KINDS
from onefold.events.tallies import has_events
from onefold.events.violations import reason_counts, violation_page
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound, Rejected
from onefold.kernel.instants import last_hours

MAX_LATEST: Final = 8
COUNTED_LATE: Final = timedelta(minutes=1)
"""Counts stand at the beginning of their minute."""
LAST_ID: Final = UUID(int=0)


@requires(Permission.SEE_EVENTS)
@require_safe
def source_list(request: HttpRequest) -> HttpResponse:
    with pooled() as conn:
        rows = source_health(conn, datetime.now(UTC))
    return render(request, "events/sources.html", {"rows": rows})


@requires(Permission.MANAGE_SOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_source(request: HttpRequest) -> HttpResponse:
    """Two questions; the answer is the page of the source, with its first key in the code to paste."""
    kind = request.GET.get("kind", "browser")
    start = {"kind": kind if kind in KINDS else "browser"}
    form = NewSourceForm(request.POST if request.method == "POST" else None, initial=start)
    if form.is_valid():
        try:
            with pooled() as conn:
                slug = sources.free_slug(conn, form.cleaned_data["name"], form.cleaned_data["kind"])
                new = form.new_source(slug)
                made = keys.create_source_with_key(conn, new, acting_user=name_of(request.user))
                return render(request, "events/source.html", _source_context(conn, new.slug, made))
        except Rejected as fault:  # an answer to the form, beside which it is read
            form.add_error(None, str(fault))
    return render(request, "events/source_form.html", {"form": form}, status=422 if form.errors else 200)


@requires(Permission.SEE_EVENTS)
@require_safe
def source_page(request: HttpRequest, slug: str) -> HttpResponse:
    with pooled() as conn:
        return render(request, "events/source.html", _source_context(conn, slug))


@requires(Permission.SEE_EVENTS)
@require_safe
def arrival(request: HttpRequest, slug: str) -> HttpResponse:
    """What a new source waits for, asked every two seconds: 204 while it is as the page (`state`) has it."""
    with pooled() as conn:
        source = sources.get_source(conn, slug)
        first = first_counts(conn, source.id)
        state = _state_of(first)
        if state == request.GET.get("state"):
            return HttpResponse(status=204)
        context = {"source": source, "first": first, "state": state} | _latest(conn, source, datetime.now(UTC))
        context["rejections"] = rejection_counts(conn, source.id)
    return render(request, "events/source.html#arrival", context | {"is_news": True})


@requires(Permission.MANAGE_SOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_source(request: HttpRequest, slug: str) -> HttpResponse:
    with pooled() as conn:
        source = sources.get_source(conn, slug)
        form = form_of(source, request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                sources.update_source(conn, slug, form.changes(), acting_user=name_of(request.user))
                return HttpResponseRedirect(f"/sources/{slug}")
            except Rejected as fault:  # an answer to the form, beside which it is read
                form.add_error(None, str(fault))
    context = {"form": form, "source": source}
    return render(request, "events/source_form.html", context, status=422 if form.errors else 200)


@requires(Permission.MANAGE_SOURCES)
@require_POST
def switch_source(request: HttpRequest, slug: str) -> HttpResponse:
    """Disable an enabled source, or enable it again."""
    wanted = request.POST.get("is_enabled") == "1"
    with pooled() as conn:
        sources.update_source(conn, slug, {"is_enabled": wanted}, acting_user=name_of(request.user))
    said = _("Its events are taken again.") if wanted else _("Its events are refused from now on. What it sent stays.")
    messages.success(request, said)
    return HttpResponseRedirect(f"/sources/{slug}")


@requires(Permission.MANAGE_SOURCES)
@require_POST
def new_key(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of the source with the new key in it: the only time a secret one is shown."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        raise keys.KeyRejected("A key is public or secret; its scopes are write, read and admin.")
    kind = form.cleaned_data["kind"]
    scopes = ["write"] if kind == "public" else form.cleaned_data["scopes"]
    with pooled() as conn:
        made = keys.create_key(conn, slug, kind=kind, scopes=scopes, acting_user=name_of(request.user))
        return render(request, "events/source.html", _source_context(conn, slug, made))


@requires(Permission.MANAGE_SOURCES)
@require_POST
def rotate_key(request: HttpRequest, slug: str, key_id: int) -> HttpResponse:
    """As `new_key`; the old one works on for a day."""
    with pooled() as conn:
        _demand_key(conn, slug, key_id)
        made = keys.rotate_key(conn, key_id, acting_user=name_of(request.user))
        return render(request, "events/source.html", _source_context(conn, slug, made))


@requires(Permission.MANAGE_SOURCES)
@require_POST
def disable_key(request: HttpRequest, slug: str, key_id: int) -> HttpResponse:
    with pooled() as conn:
        _demand_key(conn, slug, key_id)
        keys.disable_key(conn, key_id, acting_user=name_of(request.user))
    messages.success(request, _("The key has ended. Programs that still use it are answered 401."))
    return HttpResponseRedirect(f"/sources/{slug}")


def _source_context(conn: Connection[Any], slug: str, made: keys.NewKey | None = None) -> dict[str, Any]:
    """What the page of a source shows; `made` = a key that was made just now."""
    source = sources.get_source(conn, slug)
    listed = keys.list_keys(conn, source.id)
    public = next((key.public_key for key in listed if key.public_key and key.disabled_at is None), None)
    now = datetime.now(UTC)
    key = made.text if made and "write" in made.key.scopes else public
    url = collector_url()
    health = next((one for one in source_health(conn, now) if one.source.id == source.id), None)
    counter = recent_counts(conn).get(source.id)
    is_waiting = counter is not None and counter.last_at is None and not has_events(conn, source.id)
    first = first_counts(conn, source.id) if is_waiting else None
    return _latest(conn, source, now) | {
        "source": source,
        "is_internal": source.id == INTERNAL_SOURCE,
        "kind_title": KIND_WORDS[source.kind][0] if source.kind in KIND_WORDS else source.kind.capitalize(),
        "ip_policy": POLICY_WORDS[source.ip_policy],
        "counter": counter,
        "is_waiting": is_waiting and source.is_enabled,
        "first": first,
        "state": _state_of(first) if first else "",
        "chart": _chart(conn, now, source.id),
        "reasons": reason_counts(conn, source.id),
        "keys": listed,
        "made": made,
        "scopes": keys.SCOPES,
        "now": now,
        "health": health,
        "rejections": rejection_counts(conn, source.id),
        "snippets": snippets_for(source.kind, key or "", url),
        "snippet_key": key,
        "collector": url,
    }


def _state_of(first: First) -> str:
    """What a page that waits for a source's first event has to say."""
    if first.accepted:
        return "arrived"
    return f"{first.violations}-{first.rejected}"


def _latest(conn: Connection[Any], source: sources.Source, now: datetime) -> dict[str, Any]:
    """The newest events, and the newest violation with what to do about it.

    They are looked for where the counts say that something came, not among all that others have sent since.
    """
    counter = recent_counts(conn).get(source.id)
    found = past(conn, Filter(source_id=source.id, outcome="violation"), now).events
    if counter and counter.last_at:
        place = (counter.last_at + COUNTED_LATE, LAST_ID)
        found += past(conn, Filter(source_id=source.id, outcome="accepted"), now, place).events
    found.sort(key=lambda event: event.received_at, reverse=True)
    refused = violation_page(conn, source_id=source.id, limit=1).violations
    return {"latest": found[:MAX_LATEST], "last_error": refused[0] if refused else None}


def _chart(conn: Connection[Any], now: datetime, source_id: int) -> dict[str, Any]:
    """A day by receipt, for the template chart.html."""
    rows = counts_by_hour(conn, last_hours(timezone.localtime(now)), source_id)
    return {
        "names": [_("Accepted"), _("Duplicates"), _("Violations")],
        "rows": rows,
        "total": sum(sum(came) for _start, came in rows),
    }


def collector_url() -> str:
    """Where senders reach the collector: as set, else where this machine does."""
    collector = load_settings().collector
    if collector.url:
        return collector.url.rstrip("/")
    host = reachable(collector.host)
    return f"http://[{host}]:{collector.port}" if ":" in host else f"http://{host}:{collector.port}"


def _demand_key(conn: Connection[Any], slug: str, key_id: int) -> None:
    """Raises NotFound unless the key is one of this source."""
    source = sources.get_source(conn, slug)
    if all(key.id != key_id for key in keys.list_keys(conn, source.id)):
        raise NotFound(f"The source has no key {key_id}.")
