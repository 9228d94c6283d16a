"""Makes the slice known to Django, for its migrations and templates."""

from django.apps import AppConfig


class FormsConfig(AppConfig):
    """The slice `forms`."""

    name = "onefold.forms"
    default_auto_field = "django.db.models.BigAutoField"
