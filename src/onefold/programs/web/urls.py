"""Every address of the web program."""

from django.urls import URLPattern, URLResolver, include, path

from onefold.programs.web import faults
from onefold.programs.web.api import api
from onefold.programs.web.api_docs import api_docs
from onefold.programs.web.debugger import event_detail, event_stream, events
from onefold.programs.web.design import design
from onefold.programs.web.health import health_answer, health_page
from onefold.programs.web.jump import jump
from onefold.programs.web.overview import overview

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview, name="home"),
    path("", include("onefold.accounts.urls")),
    path("", include("onefold.privacy.urls")),
    path("", include("onefold.crm.urls")),
    path("", include("onefold.profiles.urls")),
    path("", include("onefold.events.urls")),
    path("", include("onefold.notifications.urls")),
    path("", include("onefold.webhooks.urls")),
    path("", include("onefold.insights.urls")),
    path("", include("onefold.audiences.urls")),
    path("", include("onefold.forms.urls")),
    path("events", events, name="events"),
    path("events/stream", event_stream, name="event_stream"),
    path("events/one", event_detail, name="event_detail"),
    path("jump", jump, name="jump"),
    path("health", health_answer, name="health"),
    path("health/page", health_page, name="health_page"),
    path("settings/design", design, name="design"),
    path("api/docs", api_docs, name="api_docs"),
    path("api/", api.urls),
]

handler400 = faults.bad_request
handler403 = faults.permission_denied
handler404 = faults.not_found
handler500 = faults.server_error
