"""Makes the slice known to Django, for its migrations."""

from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    """The slice `profiles`."""

    name = "onefold.profiles"
    default_auto_field = "django.db.models.BigAutoField"
