"""The REST API: its routers, who may call it, and how it says that something is wrong."""

from importlib.metadata import version
from typing import Any

import ninja.errors
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema

from onefold.audiences.rest import router as audiences_router
from onefold.crm.rest import file_router
from onefold.crm.rest import router as crm_router
from onefold.events.rest import router as events_router
from onefold.forms.rest import router as forms_router
from onefold.insights.rest import router as insights_router
from onefold.privacy.rest import router as privacy_router
from onefold.profiles.rest import router as profiles_router
from onefold.programs.web import health
from onefold.programs.web.authentication import SecretKey, Session
from onefold.programs.web.faults import answer, broken, fault_response

DESCRIPTION = """Ask who somebody is, what became of an event, and decide about identities.

Show a secret key of a source (scope `read` or `admin`) as `Authorization: Bearer KEY`. Every error is
`{"code": …, "message": …}`: the code is stable, the message is for a person; some say more, as their calls tell."""


class FaultOut(Schema):
    """What every error looks like."""

    code: str
    message: str


api = NinjaAPI(
    title="Onefold",
    version=version("onefold"),
    description=DESCRIPTION,
    auth=[SecretKey(), Session()],
    docs_url=None,  # our own page: programs/web/api_docs.py
    openapi_url="/openapi.json",
    urls_namespace="api",
)
api.add_router("", privacy_router)  # before profiles, whose identifiers may hold a slash
api.add_router("", audiences_router)  # the same
api.add_router("", forms_router)
api.add_router("", crm_router)
api.add_router("", file_router)
api.add_router("", profiles_router)
api.add_router("", events_router)
api.add_router("", insights_router)
api.add_router("", health.router)


@api.exception_handler(Exception)
def any_fault(request: HttpRequest, fault: Exception) -> HttpResponse:
    """Errors on purpose as they say; anything else is a defect: logged, and told without details."""
    return fault_response(request, fault) or broken(request, fault)


@api.exception_handler(ninja.errors.AuthenticationError)
def not_authenticated(request: HttpRequest, fault: Exception) -> HttpResponse:
    return answer(request, 401, "not_authenticated", "Show a secret key: Authorization: Bearer KEY. Or sign in.")


@api.exception_handler(ninja.errors.HttpError)
def http_fault(request: HttpRequest, fault: ninja.errors.HttpError) -> HttpResponse:
    """What ninja itself refuses: a body that is no JSON, a missing token against forged requests."""
    code = "forbidden" if fault.status_code == 403 else "bad_request"
    return answer(request, fault.status_code, code, str(fault))


@api.exception_handler(Http404)
def nothing_there(request: HttpRequest, fault: Exception) -> HttpResponse:
    return answer(request, 404, "not_found", "The API has no such path; /api/openapi.json lists all.")


@api.exception_handler(ninja.errors.ValidationError)
def not_valid(request: HttpRequest, fault: ninja.errors.ValidationError) -> HttpResponse:
    """Every fault of the request in one sentence each: where it is, what is allowed."""
    return answer(request, 422, "request_invalid", " ".join(_sentence(error) for error in fault.errors))


def _sentence(error: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error.get("loc", ()) if part not in {"body", "query", "path"})
    return f"{where or 'body'}: {error.get('msg', 'is not valid')}."
