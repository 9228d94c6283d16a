"""How Onefold is: for load balancers and monitors (no sign-in, no personal data), and as a page."""

from datetime import timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from ninja import Router, Schema
from psycopg import Connection

from onefold.accounts.api import Permission, requires
from onefold.config import load_settings
from onefold.events.api import Filter, counts_by_hour, past, recent_totals, rejection_counts
from onefold.infra.pool import pooled
from onefold.kernel.errors import Unavailable
from onefold.kernel.instants import last_hours
from onefold.lake.standing import standing_of
from onefold.programs.doctor import Finding, examine_lake, examine_privacy, examine_running
from onefold.programs.health import database_bytes, health, lag_history, table_sizes

router = Router()
MAX_ERRORS: Final = 6
REFUSED: Final = Filter(outcome="violation")
HOUR: Final = timedelta(hours=1)
LAG_STEP: Final = timedelta(minutes=15)
DOWN: Final = {"status": "down", "reasons": ["The database can't be reached."]}


class ProcessOut(Schema):
    """One process; ages in seconds."""

    name: str
    is_alive: bool
    beat_age_s: float
    age_s: float
    restarts: int


class LagOut(Schema):
    """What a lane of the log has not read yet."""

    lane: str
    requests: int
    seconds: float


class HealthOut(Schema):
    """`degraded` = it works, and somebody should look."""

    status: str
    reasons: list[str]
    database: dict[str, str] | None = None
    processes: list[ProcessOut] | None = None
    lag: list[LagOut] | None = None


@router.get("/health", response={200: HealthOut, 503: HealthOut}, auth=None, tags=["Health"], summary="How Onefold is")
def health_api(request: HttpRequest) -> HttpResponse:
    """Status ok, degraded or down (then 503), why, the processes and how far they are behind. Needs no key."""
    return health_answer(request)


@require_safe
def health_answer(request: HttpRequest) -> HttpResponse:
    """The same at `/health`."""
    found = look()
    return JsonResponse(found, status=503 if found["status"] == "down" else 200)


@requires(Permission.SEE_EVENTS)
@require_safe
def health_page(request: HttpRequest) -> HttpResponse:
    """Processes, lag and findings for a person; renews itself."""
    template = "health.html#state" if getattr(request, "htmx", False) else "health.html"
    context: dict[str, Any] = {"health": look()}
    if context["health"]["status"] != "down":
        with pooled() as conn:
            context |= {
                "tables": table_sizes(conn),
                "totals": recent_totals(conn),
                "findings": sorted(_findings(conn), key=lambda one: not one.is_fault),
                "database_bytes": database_bytes(conn),
                "lake": standing_of(conn),
                "rejections": rejection_counts(conn),
                "errors": past(conn, REFUSED, timezone.now()).events[:MAX_ERRORS],
            }
            context["is_renewed"] = bool(getattr(request, "htmx", False))
            if not context["is_renewed"]:  # they change by the hour: what renews itself leaves them alone
                context |= {"lag_chart": _lag_chart(conn), "hours_chart": _hours_chart(conn)}
    return render(request, template, context)


def _lag_chart(conn: Connection[Any]) -> dict[str, Any]:
    hours = last_hours(timezone.localtime())
    steps = [hour + LAG_STEP * part for hour in hours for part in range(HOUR // LAG_STEP)]
    rows = lag_history(conn, [step for step in steps if step <= timezone.now()])
    return {"names": [_("Interactive"), _("Bulk")], "rows": rows}


def _hours_chart(conn: Connection[Any]) -> dict[str, Any]:
    rows = counts_by_hour(conn, last_hours(timezone.localtime()))
    names = [_("Accepted"), _("Duplicates"), _("Violations")]
    return {"names": names, "rows": rows, "total": sum(sum(came) for _at, came in rows)}


def _findings(conn: Connection[Any]) -> list[Finding]:
    settings, now = load_settings(), timezone.now()
    return [*examine_running(settings, conn), examine_privacy(conn, now), *examine_lake(settings, conn, now)]


def look() -> dict[str, Any]:
    """What `programs/health.py` finds; a database that can't be reached is an answer too."""
    try:
        with pooled() as conn:
            return health(conn)
    except Unavailable:
        return dict(DOWN)
