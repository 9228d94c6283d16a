"""Makes the slice known to Django, for its migrations."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """The slice `privacy`."""

    name = "onefold.privacy"
    default_auto_field = "django.db.models.BigAutoField"
