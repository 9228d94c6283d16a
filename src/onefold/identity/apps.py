"""Makes the slice known to Django, for its migrations."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """The slice `identity`."""

    name = "onefold.identity"
    default_auto_field = "django.db.models.BigAutoField"
