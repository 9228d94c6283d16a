"""Pages: sources, their counters and keys."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.config import load_settings, reachable
from onefold.events import keys, sources
from onefold.events.counts import recent_counts, rejection_counts
from onefold.events.forms import KeyForm, NewSourceForm, form_of
from onefold.events.internal import INTERNAL_SOURCE
from onefold.events.live import Filter, past
from onefold.events.snippets import snippets_for
from onefold.events.source_health import source_health
from onefold.events.sources import KINDS
from onefold.events.violations import reason_counts
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound, Rejected

MAX_LATEST = 8


@requires(Permission.SEE_EVENTS)
@require_safe
def source_list(request: HttpRequest) -> HttpResponse:
    with pooled() as conn:
        rows = source_health(conn, datetime.now(UTC))
    return render(request, "events/sources.html", {"rows": rows})


@requires(Permission.MANAGE_SOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_source(request: HttpRequest) -> HttpResponse:
    kind = request.GET.get("kind", "browser")
    start = {"kind": kind if kind in KINDS else "browser"}
    form = NewSourceForm(request.POST if request.method == "POST" else None, initial=start)
    if form.is_valid():
        try:
            with pooled() as conn:
                made = sources.create_source(conn, form.new_source(), acting_user=name_of(request.user))
            return HttpResponseRedirect(f"/sources/{made.slug}")
        except Rejected as fault:  # an answer to the form, beside which it is read
            form.add_error(None, str(fault))
    return render(request, "events/source_form.html", {"form": form}, status=422 if form.errors else 200)


@requires(Permission.SEE_EVENTS)
@require_safe
def source_page(request: HttpRequest, slug: str) -> HttpResponse:
    with pooled() as conn:
        return render(request, "events/source.html", _source_context(conn, slug))


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
    said = "Its events are taken again." if wanted else "Its events are refused from now on. What it sent stays."
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
    messages.success(request, "The key has ended. Programs that still use it are answered 401.")
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
    return {
        "source": source,
        "is_internal": source.id == INTERNAL_SOURCE,
        "counter": recent_counts(conn).get(source.id),
        "reasons": reason_counts(conn, source.id),
        "keys": listed,
        "made": made,
        "scopes": keys.SCOPES,
        "now": now,
        "health": health,
        "latest": past(conn, Filter(source_id=source.id), now).events[:MAX_LATEST],
        "rejections": rejection_counts(conn, source.id),
        "snippets": snippets_for(source.kind, key or "", url),
        "snippet_key": key,
        "collector": url,
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
