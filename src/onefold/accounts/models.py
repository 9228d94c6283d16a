"""Users, and the wrong tries that lock a door for a while."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Someone who signs in. A superuser is an administrator, everyone else a viewer (see `permissions.py`)."""


class SignInFailure(models.Model):
    """One try with a wrong password; kept for as long as it counts."""

    username = models.CharField(max_length=150)  # lower case, as typed: need not exist
    address = models.GenericIPAddressField()
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["username", "address", "at"], name="sign_in_failure_who"),
            models.Index(fields=["at"], name="sign_in_failure_at"),
        )

    def __str__(self) -> str:
        return f"wrong try at {self.at:%Y-%m-%d %H:%M:%S}"
