"""Users with their rights and preferences, their API keys, and the workspace they share."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from onefold.accounts.permissions import PersonalData, Role


class User(AbstractUser):
    """Someone who signs in, or was invited to. `role` and `personal_data` are read by `permissions.may` alone."""

    role = models.CharField(max_length=20, default=Role.VIEWER.value)
    personal_data = models.CharField(max_length=20, default=PersonalData.MASKED.value)
    language = models.CharField(max_length=10, default="", blank=True)  # empty = the browser's
    time_zone = models.CharField(max_length=64, default="", blank=True)  # empty = the workspace's
    theme = models.CharField(max_length=10, default="auto")
    density = models.CharField(max_length=12, default="normal")
    session_epoch = models.PositiveIntegerField(default=0)  # grows when every session is to end

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """As Django's, and of the epoch too: a new epoch ends the sessions, as a new password does."""
        key = "onefold.accounts.models.User.session"
        return salted_hmac(key, f"{self.password}:{self.session_epoch}", secret=secret, algorithm="sha256").hexdigest()

    @property
    def is_admin(self) -> bool:
        """Whether they administer."""
        return self.role == Role.ADMIN

    @property
    def is_invited(self) -> bool:
        """Whether they have yet to come: no password, never signed in."""
        return not self.has_usable_password() and self.last_login is None


class ApiKey(models.Model):
    """A key with which a program acts as a user, within its scopes. Only a digest of it is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.BinaryField(unique=True)
    scopes = ArrayField(models.CharField(max_length=20))
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["user", "-id"], name="api_key_of_user"),)

    def __str__(self) -> str:
        return self.prefix

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class Workspace(models.Model):
    """The one row of what all users share."""

    name = models.CharField(max_length=100, default="Onefold")
    currency = models.CharField(max_length=3, default="EUR")
    time_zone = models.CharField(max_length=64, default="UTC")
    setup_digest = models.BinaryField(null=True)  # of the code that lets somebody make the first administrator

    def __str__(self) -> str:
        return self.name
