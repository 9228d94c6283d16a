"""Pages: what was refused."""

from collections.abc import Iterator
from typing import Final, cast
from urllib.parse import urlencode

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from onefold.accounts.api import Permission, name_of, requires
from onefold.config import load_settings
from onefold.events.limits import limits_of
from onefold.events.replay import REPLAYABLE, Replayed, Wanted, preview, replay
from onefold.events.sources import Source, list_sources
from onefold.events.violations import violation_groups, violation_page
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound

MOST_EXPORTED: Final = 10_000
EXPORT_CHUNK: Final = 500
MAX_DIGITS: Final = 19


@requires(Permission.SEE_EVENTS)
@require_safe
def violations(request: HttpRequest) -> HttpResponse:
    """What was refused, the latest first, by source and reason."""
    before = request.GET.get("before", "")
    reason = request.GET.get("reason", "").replace("\0", "")
    with pooled() as conn:
        sources = list_sources(conn)
        source = _source(sources, request.GET.get("source", ""))
        source_id = source.id if source else None
        page = violation_page(
            conn,
            source_id=source_id,
            reason=reason or None,
            before=int(before) if before.isascii() and before.isdigit() and len(before) < 20 else None,
        )
        groups = violation_groups(conn, source_id)
    context = {
        "page": page,
        "names": _names(sources),
        "sources": sources,
        "source": source,
        "reason": reason,
        "groups": [one for one in groups if not reason or one.reason == reason],
        "slugs": {source.id: source.slug for source in sources},
        "replayable": REPLAYABLE,
        "query": _query(source=source.slug if source else "", reason=reason),
    }
    template = "events/violations.html#rows" if getattr(request, "htmx", False) else "events/violations.html"
    return render(request, template, context)


@requires(Permission.MANAGE_SOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def replay_violations(request: HttpRequest) -> HttpResponse:
    """What a replay would do, of a reason (of one source or all) or a single violation; sent, it does it."""
    said = request.POST if request.method == "POST" else request.GET
    reason, slug, one = said.get("reason", "").replace("\0", ""), said.get("source", ""), said.get("id", "")
    limits = limits_of(load_settings().collector)
    with pooled() as conn:
        source = _source(list_sources(conn), slug)
        if slug and source is None:
            raise NotFound(_("There is no source with this slug."))
        id_ = int(one) if one.isascii() and one.isdigit() and len(one) < MAX_DIGITS else None
        if not reason and id_ is None:
            raise NotFound(_("Say which violations: a reason, or one of them."))
        wanted = Wanted(reason, source.id if source else None, id_)
        if request.method != "POST":
            context = {"found": preview(conn, wanted, limits), "reason": reason, "source": source, "id": id_}
            return render(request, "events/replay.html", context)
        done = replay(conn, wanted, limits, acting_user=name_of(request.user))
    messages.add_message(request, messages.SUCCESS if done.sent else messages.WARNING, _told(done))
    return HttpResponseRedirect(f"/violations?{_query(source=slug, reason=reason).lstrip('&')}")


def _told(done: Replayed) -> str:
    """What a replay did, in a sentence."""
    if not done.sent:
        return _("Nothing was sent: none of them would be accepted now.")
    sent = ngettext("%(n)s event was sent again.", "%(n)s events were sent again.", done.sent) % {"n": done.sent}
    if done.came_back is None:
        return sent + " " + _("It is processed behind live events; look under Events in a while.")
    if not done.came_back:
        return sent + " " + _("All of it was accepted.")
    refused = ngettext("%(n)s was refused again.", "%(n)s were refused again.", done.came_back)
    return sent + " " + refused % {"n": done.came_back}


@requires(Permission.EXPORT_PEOPLE)
@require_safe
def export_violations(request: HttpRequest) -> HttpResponse:
    """A JSON document a line, the latest first, at most MOST_EXPORTED."""
    reason = request.GET.get("reason", "").replace("\0", "")
    with pooled() as conn:
        sources = list_sources(conn)
    source = _source(sources, request.GET.get("source", ""))
    lines = _lines(source.id if source else None, reason or None, {one.id: one.slug for one in sources})
    response = StreamingHttpResponse(lines, content_type="application/x-ndjson")
    response["Content-Disposition"] = 'attachment; filename="violations.ndjson"'
    return cast(HttpResponse, response)  # Django answers with either; they share a parent that is no HttpResponse


def _lines(source_id: int | None, reason: str | None, slugs: dict[int, str]) -> Iterator[bytes]:
    before, left = None, MOST_EXPORTED
    while left > 0:
        with pooled() as conn:
            page = violation_page(
                conn, source_id=source_id, reason=reason, before=before, limit=min(EXPORT_CHUNK, left)
            )
        for row in page.violations:
            said = {
                name: getattr(row, name) for name in ("id", "at", "message_id", "kind", "reason", "detail", "is_fatal")
            }
            said |= {"source": slugs.get(row.source_id, ""), "body": row.body.decode(errors="replace")}
            yield msgspec.json.encode(said) + b"\n"
        before, left = page.next_id, left - len(page.violations)
        if before is None:
            return


def _names(sources: list[Source]) -> dict[int, str]:
    return {source.id: source.name for source in sources}


def _source(sources: list[Source], slug: str) -> Source | None:
    return next((source for source in sources if source.slug == slug), None)


def _query(**filters: str) -> str:
    """The part of a URL that keeps the filters; begins with & unless it is empty."""
    kept = {name: value for name, value in filters.items() if value}
    return f"&{urlencode(kept)}" if kept else ""
