"""Pages: what was refused."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onefold.accounts.api import Permission, requires
from onefold.events.sources import Source, list_sources
from onefold.events.violations import reason_counts, violation_page
from onefold.infra.pool import pooled


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
        counts = reason_counts(conn, source_id)
    context = {
        "page": page,
        "names": _names(sources),
        "sources": sources,
        "source": source,
        "reason": reason,
        "reasons": _by_reason(counts),
        "query": _query(source=source.slug if source else "", reason=reason),
    }
    template = "events/violations.html#rows" if getattr(request, "htmx", False) else "events/violations.html"
    return render(request, template, context)


def _names(sources: list[Source]) -> dict[int, str]:
    return {source.id: source.name for source in sources}


def _source(sources: list[Source], slug: str) -> Source | None:
    return next((source for source in sources if source.slug == slug), None)


def _query(**filters: str) -> str:
    """The part of a URL that keeps the filters; begins with & unless it is empty."""
    kept = {name: value for name, value in filters.items() if value}
    return f"&{urlencode(kept)}" if kept else ""


def _by_reason(counts: list[Any]) -> dict[str, int]:
    """Reason → how often in 24 hours, over the sources."""
    found: dict[str, int] = {}
    for count in counts:
        found[count.reason] = found.get(count.reason, 0) + count.n
    return found
