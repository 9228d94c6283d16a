"""Django's registration of the slice."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, their keys, the workspace, the audit log."""

    name = "onefold.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
