"""Makes the slice known to Django, for its templates and migrations."""

from django.apps import AppConfig


class ListsConfig(AppConfig):
    """The slice `lists`."""

    name = "onefold.lists"
    default_auto_field = "django.db.models.BigAutoField"
