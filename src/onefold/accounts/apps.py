"""Django's registration of the slice."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users and their tries to sign in."""

    name = "onefold.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
