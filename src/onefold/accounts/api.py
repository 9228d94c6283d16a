"""The slice's door: permissions, the guard of pages, and making users."""

from onefold.accounts.access import actor_of, address_of, requires
from onefold.accounts.permissions import Actor, KeyHolder, NotAllowed, Permission, demand, may, name_of

__all__ = [
    "Actor",
    "KeyHolder",
    "NotAllowed",
    "Permission",
    "actor_of",
    "address_of",
    "create_user",
    "demand",
    "may",
    "name_of",
    "requires",
]


def create_user(username: str, password: str, *, is_admin: bool) -> int:
    """Make a user who can sign in; returns its id. Needs `django.setup()`. Raises UserRejected with every fault."""
    from onefold.accounts.actions import create_user as action  # models exist only after django.setup()

    return action(username, password, is_admin=is_admin)
