"""Makes the slice known to Django, for its migrations."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """The slice `notifications`."""

    name = "onefold.notifications"
    default_auto_field = "django.db.models.BigAutoField"
