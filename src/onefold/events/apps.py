"""Makes the slice known to Django, for its migrations."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """The slice `events`."""

    name = "onefold.events"
    default_auto_field = "django.db.models.BigAutoField"
