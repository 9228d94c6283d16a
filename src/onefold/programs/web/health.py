"""How Onefold is: for load balancers and monitors (no sign-in, no personal data), and as a page."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from ninja import Router, Schema

from onefold.accounts.api import Permission, requires
from onefold.config import load_settings
from onefold.events.api import recent_totals
from onefold.infra.pool import pooled
from onefold.kernel.errors import Unavailable
from onefold.programs.doctor import examine_running
from onefold.programs.health import health, table_sizes

router = Router()
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
                "findings": list(examine_running(load_settings(), conn)),
            }
    return render(request, template, context)


def look() -> dict[str, Any]:
    """What `programs/health.py` finds; a database that can't be reached is an answer too."""
    try:
        with pooled() as conn:
            return health(conn)
    except Unavailable:
        return dict(DOWN)
