"""REST: violations."""

from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema
from ninja.params.functions import Query

from onefold.accounts.api import Permission, actor_of, demand
from onefold.events.sources import list_sources
from onefold.events.violations import violation_page
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound

router = Router()


class ViolationOut(Schema):
    """An event, or a part of one, that was refused."""

    id: int
    at: datetime
    source: str
    message_id: str
    type: str
    reason: str = Field(examples=["no_user_anon_id"])
    detail: str
    is_fatal: bool = Field(description="False: the event was accepted without the part")
    body: str = Field(description="What was sent, as text; broken bytes are replaced")


class ViolationsOut(Schema):
    """The latest first."""

    violations: list[ViolationOut]
    next: int | None = Field(description="Pass as `after` for the next page")


@router.get("/violations", response=ViolationsOut, tags=["Events"], summary="What was refused")
def violations(
    request: HttpRequest,
    source: str = Query("", description="Slug; empty = every source"),
    reason: str = Query("", description="Empty = every reason"),
    after: int | None = Query(None, description="`next` of the page before"),
    limit: int = Query(50, ge=1, le=200),
) -> HttpResponse:
    """Events that were refused, or accepted without a part, the latest first."""
    demand(actor_of(request), Permission.SEE_EVENTS)
    with pooled() as conn:
        slugs = {known.id: known.slug for known in list_sources(conn)}
        source_id = next((key for key, slug in slugs.items() if slug == source), None)
        if source and source_id is None:
            raise NotFound("There is no source with this slug.")
        page = violation_page(
            conn, source_id=source_id, reason=reason.replace("\0", "") or None, before=after, limit=limit
        )
    listed = [
        {
            "id": row.id,
            "at": row.at,
            "source": slugs.get(row.source_id, ""),
            "message_id": row.message_id,
            "type": row.kind,
            "reason": row.reason,
            "detail": row.detail,
            "is_fatal": row.is_fatal,
            "body": row.body.decode(errors="replace"),
        }
        for row in page.violations
    ]
    return HttpResponse(
        msgspec.json.encode({"violations": listed, "next": page.next_id}), content_type="application/json"
    )
