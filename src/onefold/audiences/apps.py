"""Makes the slice known to Django, for its migrations."""

from django.apps import AppConfig


class AudiencesConfig(AppConfig):
    """The slice `audiences`."""

    name = "onefold.audiences"
    default_auto_field = "django.db.models.BigAutoField"
