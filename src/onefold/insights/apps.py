"""Makes the slice known to Django, for its migrations and templates."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    """The slice `insights`."""

    name = "onefold.insights"
    default_auto_field = "django.db.models.BigAutoField"
