"""The slice's door: permissions, the guard of pages, the audit log, masking, users and what they prefer."""

from typing import TYPE_CHECKING

from onefold.accounts.access import actor_of, requires
from onefold.accounts.audit import acting_from, audit, broken_entry
from onefold.accounts.masking import (
    ADDRESSES,
    is_masked_name,
    mask_email,
    mask_page,
    mask_phone,
    mask_text,
    mask_value,
)
from onefold.accounts.permissions import (
    API_KEY_PREFIX,
    API_SCOPES,
    Actor,
    ApiKeyHolder,
    KeyHolder,
    NotAllowed,
    Permission,
    PersonalData,
    Role,
    demand,
    may,
    name_of,
)

if TYPE_CHECKING:
    from onefold.accounts.models import Workspace

__all__ = [
    "ADDRESSES",
    "API_KEY_PREFIX",
    "API_SCOPES",
    "Actor",
    "ApiKeyHolder",
    "KeyHolder",
    "NotAllowed",
    "Permission",
    "PersonalData",
    "Role",
    "acting_from",
    "actor_of",
    "api_key_holder",
    "audit",
    "broken_entry",
    "count_users",
    "create_user",
    "demand",
    "has_user",
    "is_masked_name",
    "mask_email",
    "mask_page",
    "mask_phone",
    "mask_text",
    "mask_value",
    "may",
    "name_of",
    "new_setup_code",
    "requires",
    "set_password",
    "settings_pages",
    "workspace",
]


def create_user(username: str, password: str | None, *, is_admin: bool = False, role: Role | None = None) -> int:
    """Make a user who can sign in, a viewer unless said; returns its id. Needs `django.setup()`.

    Without a password nobody signs in as them until an administrator gives them a link to choose one.
    Raises UserRejected with every fault.
    """
    from onefold.accounts.actions import create_user as action  # models exist only after django.setup()

    return action(username, password, role=role or (Role.ADMIN if is_admin else Role.VIEWER))


def settings_pages(actor: Actor) -> list[tuple[str, str]]:
    """Title and address of every page of the settings that `actor` may open. Needs `django.setup()`."""
    from onefold.accounts.context import pages_for  # as above

    return pages_for(actor)


def count_users() -> int:
    """How many may sign in. Needs `django.setup()`."""
    from onefold.accounts.models import User  # as above

    return User.objects.filter(is_active=True).count()


def has_user(username: str) -> bool:
    """Whether somebody signs in by this name. Needs `django.setup()`."""
    from onefold.accounts.models import User  # as above

    return User.objects.filter(username=username).exists()


def set_password(username: str, password: str) -> None:
    """From now on this is the user's password. Needs `django.setup()`. Raises NotFound or UserRejected."""
    from onefold.accounts.actions import set_password as action  # as above

    action(username, password)


def api_key_holder(text: str) -> ApiKeyHolder | None:
    """Who shows this API key of a user; None when it opens nothing. One index probe; needs `django.setup()`."""
    from onefold.accounts.api_keys import holder_of  # as above

    return holder_of(text)


def new_setup_code() -> str | None:
    """A code to make the first administrator with, at `/setup/CODE`; None when there are users. As `create_user`."""
    from onefold.accounts.setup import new_setup_code as action  # as above

    return action()


def workspace() -> "Workspace":
    """Name, currency (ISO 4217) and time zone that all users share. One query; needs `django.setup()`."""
    from onefold.accounts.workspace import workspace as load  # as above

    return load()
