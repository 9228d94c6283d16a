"""Makes the slice known to Django, for its migrations."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """The slice `webhooks`."""

    name = "onefold.webhooks"
    default_auto_field = "django.db.models.BigAutoField"
