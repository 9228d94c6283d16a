"""The first start: whoever has the code that `onefold up` printed makes the first administrator."""

import secrets
from hashlib import sha256
from typing import Final

from django.db import transaction

from onefold.accounts.actions import create_user
from onefold.accounts.journal import note
from onefold.accounts.models import User, Workspace
from onefold.accounts.permissions import Role
from onefold.accounts.workspace import ONLY, forget_workspace
from onefold.kernel.errors import Forbidden

ACTOR: Final = "system:setup"


class SetupRefused(Forbidden):
    """The code is wrong, or the first user is made already."""

    code = "setup_refused"


@transaction.atomic
def new_setup_code() -> str | None:
    """A code that lets its holder make the first administrator; earlier ones end. None when there are users."""
    if User.objects.exists():
        return None
    code = secrets.token_urlsafe(16)
    Workspace.objects.update_or_create(pk=ONLY, defaults={"setup_digest": _digest(code)})
    return code


def is_open(code: str) -> bool:
    """Whether this code works."""
    stored = Workspace.objects.filter(pk=ONLY).values_list("setup_digest", flat=True).first()
    return stored is not None and secrets.compare_digest(bytes(stored), _digest(code)) and not User.objects.exists()


@transaction.atomic
def set_up(code: str, *, username: str, password: str, name: str, currency: str, time_zone: str) -> User:
    """The first administrator, and the workspace. Raises SetupRefused or UserRejected; then nothing is changed."""
    row = Workspace.objects.select_for_update().filter(pk=ONLY).first()
    if row is None or not is_open(code):
        raise SetupRefused("This set-up code doesn't work any more. `onefold up` prints a new one when it starts.")
    user = User.objects.get(pk=create_user(username, password, role=Role.ADMIN, acting_user=ACTOR))
    row.name, row.currency, row.time_zone, row.setup_digest = name, currency, time_zone, None
    row.save()
    forget_workspace()
    note(ACTOR, "workspace.set_up", "workspace:1", currency=currency, time_zone=time_zone)
    return user


def _digest(code: str) -> bytes:
    return sha256(code.encode(errors="replace")).digest()
