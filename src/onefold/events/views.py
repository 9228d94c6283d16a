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
from django.views.decorators.http import require_POST, require_safe

from onefold.accounts.api import Permission, name_of, requires
from onefold.events.replay import REPLAYABLE, replay
from onefold.events.sources import Source, list_sources
from onefold.events.violations import violation_groups, violation_page
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound

MOST_EXPORTED: Final = 10_000
EXPORT_CHUNK: Final = 500


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
@require_POST
def replay_violations(request: HttpRequest) -> HttpResponse:
    """Those of a reason, of one source or all, once more through the log."""
    reason = request.POST.get("reason", "").replace("\0", "")
    slug = request.POST.get("source", "")
    with pooled() as conn:
        source = _source(list_sources(conn), slug)
        if slug and source is None:
            raise NotFound("There is no source with this slug.")
        done = replay(conn, source_id=source.id if source else None, reason=reason, acting_user=name_of(request.user))
    said = ngettext("%(n)s event was sent again.", "%(n)s events were sent again.", done.sent) % {"n": done.sent}
    if done.left:
        said += " " + _("%(n)s can't be: too little of them is kept.") % {"n": done.left}
    messages.add_message(request, messages.SUCCESS if done.sent else messages.WARNING, said)
    return HttpResponseRedirect(f"/violations?{_query(source=slug, reason=reason).lstrip('&')}")


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
