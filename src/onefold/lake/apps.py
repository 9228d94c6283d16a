"""Makes the slice known to Django, for its migrations."""

from django.apps import AppConfig


class LakeConfig(AppConfig):
    """The slice `lake`."""

    name = "onefold.lake"
    default_auto_field = "django.db.models.BigAutoField"
