"""Every address of the web program."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_safe

from onefold.programs.web import faults
from onefold.programs.web.api import api
from onefold.programs.web.api_docs import api_docs
from onefold.programs.web.health import health_answer, health_page
from onefold.programs.web.jump import jump


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page is the list of people."""
    return HttpResponseRedirect("/people")


urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("", include("onefold.accounts.urls")),
    path("", include("onefold.profiles.urls")),
    path("", include("onefold.events.urls")),
    path("jump", jump, name="jump"),
    path("health", health_answer, name="health"),
    path("health/page", health_page, name="health_page"),
    path("api/docs", api_docs, name="api_docs"),
    path("api/", api.urls),
]

handler400 = faults.bad_request
handler403 = faults.permission_denied
handler404 = faults.not_found
handler500 = faults.server_error
