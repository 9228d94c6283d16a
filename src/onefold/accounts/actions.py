"""The writes: make a user, set a password, sign in."""

from django.contrib.auth import authenticate, login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from onefold.accounts import lockout
from onefold.accounts.models import User
from onefold.accounts.permissions import PersonalData, Role
from onefold.kernel.errors import NotFound, Rejected


class UserRejected(Rejected):
    """This user can't be made."""

    code = "user_rejected"


class WrongPassword(Rejected):
    """The user name and the password don't belong together."""

    code = "wrong_password"
    status = 401


class TooManyTries(Rejected):
    """Too many wrong tries. Wait 5 minutes, then try again."""

    code = "too_many_tries"
    status = 429


def create_user(username: str, password: str, *, role: Role) -> int:
    """Make a user who can sign in; returns its id. Raises UserRejected with every fault."""
    user = User(username=username, role=role, personal_data=usual_level(role))
    try:
        user.clean_fields(exclude=["password"])
        validate_password(password, user)
    except ValidationError as fault:
        raise UserRejected(" ".join(fault.messages)) from fault
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as fault:
        raise UserRejected(f"There is a user {username!r} already.") from fault
    return int(user.pk)


def usual_level(role: Role) -> PersonalData:
    """How users of a role see personal data, unless somebody decides otherwise."""
    return PersonalData.MASKED if role == Role.VIEWER else PersonalData.SHOWN


def set_password(username: str, password: str) -> None:
    """From now on this is the user's password. Raises NotFound or UserRejected."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFound(f"There is no user {username!r}.")
    try:
        validate_password(password, user)
    except ValidationError as fault:
        raise UserRejected(" ".join(fault.messages)) from fault
    user.set_password(password)
    user.save(update_fields=["password"])


def sign_in(request: HttpRequest, username: str, password: str, address: str) -> None:
    """Begin a session of this user. Raises WrongPassword or TooManyTries; both leave the session as it was."""
    if not lockout.register_try(username, address, timezone.now()):
        raise TooManyTries("Too many wrong tries. Wait 5 minutes, then try again.")
    user = authenticate(request, username=username, password=password)
    if user is None:
        raise WrongPassword("The user name and the password don't belong together.")
    lockout.forget_tries(username, address)
    login(request, user)
