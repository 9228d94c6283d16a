"""Errors as answers: a page for people, `{"code", "message", …}` for programs. No stack trace reaches either."""

import sys
import traceback
from collections.abc import Mapping
from urllib.parse import quote

import django.db
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from onefold.infra.logs import get_logger
from onefold.kernel.errors import OnefoldError, Rejected, Unavailable

log = get_logger(__name__)


class TooLarge(Rejected):
    """The body has too many bytes."""

    code = "request_too_large"
    status = 413


MAX_FRAMES = 8
TITLES = {
    400: _("That request can't be read"),
    401: _("Sign in first"),
    403: _("You may not see this"),
    404: _("There is nothing here"),
    405: _("This address can't be opened"),
    429: _("Too many tries"),
    500: _("Something broke on our side"),
    503: _("Not available at the moment"),
}
DATABASE_GONE = _("The database can't be reached. Try again in a few seconds; `onefold doctor` says what is wrong.")
BROKEN = _("The error is in the log of the web process. Nothing of what you sent was lost.")
MALFORMED = _("The request is malformed, or its host name is not in ONEFOLD_WEB_ALLOWED_HOSTS.")
REFUSED = _("Your user may not do this. An administrator may.")
MISSING = _("No page has this address.")
NOT_SO = _("It takes only what a form sends. Open the page that the form is on.")
OF_OTHERS = (  # what modules without Django say on pages
    _("Only an administrator may do that."),
    _("Only an editor or an administrator may do that."),
    _("Only a sales lead, an editor or an administrator may do that."),
    _("Only salespeople, sales leads, editors and administrators may do that."),
    _("No event has named this identifier."),
)
STALE = _("The form was too old or came from another site. Go back, load the page anew, and send it again.")


def translate(fault: BaseException | None) -> OnefoldError | None:
    """The error of ours that `fault` is or means; None = a defect."""
    if isinstance(fault, OnefoldError):
        return fault
    if isinstance(fault, (django.db.OperationalError, django.db.InterfaceError)):
        return Unavailable(DATABASE_GONE)
    if isinstance(fault, RequestDataTooBig):
        return TooLarge(f"A request may have {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes. Ask for less at once.")
    return None


def fault_response(request: HttpRequest, fault: BaseException | None) -> HttpResponse | None:
    """The answer to an error that Onefold raises on purpose; None for any other."""
    known = translate(fault)
    if known is None:
        return None
    if known.status >= 500:
        log.error("request_failed", code=known.code, status=known.status, path_pattern=_pattern(request))
    return answer(request, known.status, known.code, str(known), known.details)


def answer(
    request: HttpRequest, status: int, code: str, message: str, details: Mapping[str, object] | None = None
) -> HttpResponse:
    """An error answer in the form this request wants; pages in the reader's language. Touches no database.

    `details`: what programs are told besides.
    """
    if request.path.startswith("/api/"):
        response: HttpResponse = JsonResponse({"code": code, "message": message, **(details or {})}, status=status)
    else:
        message = gettext(message) if message else ""
        context = {"status": status, "title": gettext(TITLES.get(status, TITLES[400])), "message": message}
        response = HttpResponse(render_to_string("fault.html", context), status=status)
        if request.headers.get("HX-Request"):
            response["X-Message"] = quote(message[:1000])  # the page stays, and says this
    if status == Unavailable.status:
        response["Retry-After"] = "5"
    if status == 401 and request.path.startswith("/api/"):
        response["WWW-Authenticate"] = 'Bearer realm="Onefold"'
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Also for a Host header that is not among `ONEFOLD_WEB_ALLOWED_HOSTS`."""
    return answer(request, 400, "bad_request", MALFORMED)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 403, "forbidden", REFUSED)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 404, "not_found", MISSING)


def server_error(request: HttpRequest) -> HttpResponse:
    """Last resort, also for what failed outside of any view (sessions on a database that is down)."""
    fault = sys.exc_info()[1]
    known = fault_response(request, fault)
    if known is not None:
        return known
    return broken(request, fault)


def broken(request: HttpRequest, fault: BaseException | None) -> HttpResponse:
    """The answer to a defect. Logged with its place, without its message: that may quote somebody's data."""
    frames = traceback.extract_tb(fault.__traceback__) if fault else []
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-MAX_FRAMES:]]
    log.error("request_broke", fault=type(fault).__name__, path_pattern=_pattern(request), places=places)
    return answer(request, 500, "broken", BROKEN)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, 403, "csrf_failed", STALE)


def _pattern(request: HttpRequest) -> str:
    """The route, not the path: paths hold e-mail addresses."""
    match = request.resolver_match
    return match.route if match else ""
