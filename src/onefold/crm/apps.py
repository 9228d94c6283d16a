"""Makes the slice known to Django, for its migrations."""

from django.apps import AppConfig


class CrmConfig(AppConfig):
    """The slice `crm`."""

    name = "onefold.crm"
    default_auto_field = "django.db.models.BigAutoField"
