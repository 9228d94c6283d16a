"""What allauth asks us: who may come in, what is said, how secrets are kept."""

import base64
import hmac
import smtplib
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from onefold.accounts.access import address_of
from onefold.accounts.actions import usual_level
from onefold.accounts.journal import note
from onefold.accounts.models import User
from onefold.accounts.permissions import Role
from onefold.infra.logs import get_logger

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

log = get_logger(__name__)
SILENT = ("account/messages/logged_in.txt", "account/messages/logged_out.txt")


class AccountAdapter(DefaultAccountAdapter):
    """Signing in, passwords and mail."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("The user name and the password don't belong together."),
        "email_password_mismatch": _("The user name and the password don't belong together."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Users are invited."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Behind as many proxies as are set."""
        return address_of(request)

    def get_from_email(self) -> str:
        """The sender of the settings."""
        return str(settings.DEFAULT_FROM_EMAIL)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """As allauth's; a server that is away is for the administrator to know, and tells visitors nothing."""
        if not settings.EMAIL_HOST:
            return
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, smtplib.SMTPException) as fault:
            log.error("mail_failed", fault=type(fault).__name__)

    def add_message(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """All but the greeting."""
        template = kwargs.get("message_template") or (args[1] if len(args) > 1 else "")
        if template not in SILENT:
            super().add_message(request, *args, **kwargs)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """As allauth's, and in the audit log."""
        note(f"user:{user.get_username()}", "user.signed_in", f"user:{user.get_username()}")
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response

    def set_password(self, user: User, password: str) -> None:
        """As allauth's, and in the audit log."""
        super().set_password(user, password)
        note(f"user:{user.get_username()}", "user.password_changed", f"user:{user.get_username()}")


class MfaAdapter(DefaultMFAAdapter):
    """The second factor. Its secrets are encrypted by a key that stands in no table."""

    def encrypt(self, text: str) -> str:
        """For the database."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """From the database."""
        return _box().decrypt(encrypted_text.encode()).decode()


class OidcAdapter(DefaultSocialAccountAdapter):
    """Who comes from the provider of `ONEFOLD_OIDC_SERVER_URL`."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whether somebody whom nobody invited becomes a user."""
        return str(settings.OIDC_NEW_USERS) != "refused"

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """The new user, with the role of the settings."""
        role = Role(settings.OIDC_NEW_USERS)
        sociallogin.user.role = role.value
        sociallogin.user.personal_data = usual_level(role).value
        user: User = super().save_user(request, sociallogin, form)
        note("system:oidc", "user.created", f"user:{user.get_username()}", role=role.value)
        return user


def _box() -> "Fernet":
    """A key of its own, derived from the one that signs sessions."""
    from cryptography.fernet import Fernet  # megabytes, for those who have a second factor

    derived = hmac.digest(str(settings.SECRET_KEY).encode(), b"onefold second factor", "sha256")
    return Fernet(base64.urlsafe_b64encode(derived))
