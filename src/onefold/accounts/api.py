"""The slice's door: permissions, the guard of pages, and making users."""

from onefold.accounts.access import actor_of, requires
from onefold.accounts.permissions import KeyHolder, Permission, demand, may, name_of

__all__ = [
    "KeyHolder",
    "Permission",
    "actor_of",
    "create_user",
    "demand",
    "has_user",
    "may",
    "name_of",
    "requires",
    "set_password",
]


def create_user(username: str, password: str, *, is_admin: bool) -> int:
    """Make a user who can sign in; returns its id. Needs `django.setup()`. Raises UserRejected with every fault."""
    from onefold.accounts.actions import create_user as action  # models exist only after django.setup()

    return action(username, password, is_admin=is_admin)


def has_user(username: str) -> bool:
    """Whether somebody signs in by this name. Needs `django.setup()`."""
    from onefold.accounts.models import User  # as above

    return User.objects.filter(username=username).exists()


def set_password(username: str, password: str) -> None:
    """From now on this is the user's password. Needs `django.setup()`. Raises NotFound or UserRejected."""
    from onefold.accounts.actions import set_password as action  # as above

    action(username, password)
