"""The writes: make, invite, change, disable users. Each checks, changes, and leaves an entry in the audit log."""

import smtplib
from typing import Final

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction

from onefold.accounts.journal import note
from onefold.accounts.models import User
from onefold.accounts.permissions import PersonalData, Role
from onefold.infra.logs import get_logger
from onefold.kernel.errors import NotFound, Rejected

COMMAND: Final = "system:command"  # who acts when somebody types on the machine itself

log = get_logger(__name__)


class UserRejected(Rejected):
    """This user can't be made or changed like that."""

    code = "user_rejected"


class LastAdministrator(Rejected):
    """Somebody must be left who administers."""

    code = "last_administrator"


def usual_level(role: Role) -> PersonalData:
    """How users of a role see personal data, unless somebody decides otherwise."""
    return PersonalData.MASKED if role == Role.VIEWER else PersonalData.SHOWN


@transaction.atomic
def create_user(username: str, password: str | None, *, role: Role, acting_user: str = COMMAND) -> int:
    """Make a user who can sign in, unless without a password; returns its id. Raises UserRejected with every fault."""
    user = User(username=username, role=role.value, personal_data=usual_level(role).value)
    _check(user, password)
    user.set_password(password)
    _save_new(user)
    note(acting_user, "user.created", f"user:{username}", role=role.value)
    return int(user.pk)


@transaction.atomic
def invite_user(email: str, *, role: Role, acting_user: str) -> User:
    """A user without a password, who signs in by their e-mail address once they took the invitation up.

    Raises UserRejected.
    """
    address = email.strip().lower()
    user = User(username=address, email=address, role=role.value, personal_data=usual_level(role).value)
    user.set_unusable_password()
    _check(user, None)
    if User.objects.filter(email__iexact=address).exists():
        raise UserRejected(f"There is a user with the address {address} already.")
    _save_new(user)
    note(acting_user, "user.invited", f"user:{address}", role=role.value)
    return user


@transaction.atomic
def take_up(user: User, password: str) -> None:
    """An invited user, or one who forgot, chooses a password; every session of theirs ends. Raises UserRejected."""
    user.refresh_from_db()
    was_invited = user.is_invited
    _check(user, password)
    user.set_password(password)
    user.save(update_fields=["password"])
    if user.email:  # the link went to it, or an administrator vouched for it
        EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    name = f"user:{user.get_username()}"
    note(name, "user.joined" if was_invited else "user.password_changed", name)


@transaction.atomic
def set_password(username: str, password: str, *, acting_user: str = COMMAND) -> None:
    """From now on this is the user's password. Raises NotFound or UserRejected."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFound(f"There is no user {username!r}.")
    _check(user, password)
    user.set_password(password)
    user.save(update_fields=["password"])
    note(acting_user, "user.password_changed", f"user:{username}")


@transaction.atomic
def change_rights(user_id: int, *, role: Role, level: PersonalData, acting_user: str) -> User:
    """Another role, another sight of personal data. Raises NotFound or LastAdministrator. Safe to repeat."""
    user = _locked(user_id)
    if role != Role.ADMIN:
        _demand_another_administrator(user)
    before = {"role": user.role, "personal_data": user.personal_data}
    after = {"role": role.value, "personal_data": level.value}
    if before != after:
        user.role, user.personal_data = role.value, level.value
        user.save(update_fields=["role", "personal_data"])
        note(acting_user, "user.rights_changed", f"user:{user.get_username()}", before=before, after=after)
    return user


@transaction.atomic
def set_enabled(user_id: int, is_enabled: bool, *, acting_user: str) -> User:
    """Disable a user, whose sessions and keys end with it, or enable them again. As `change_rights`."""
    user = _locked(user_id)
    if not is_enabled:
        _demand_another_administrator(user)
    if user.is_active != is_enabled:
        user.is_active = is_enabled
        user.session_epoch += 1
        user.save(update_fields=["is_active", "session_epoch"])
        note(acting_user, f"user.{'enabled' if is_enabled else 'disabled'}", f"user:{user.get_username()}")
    return user


@transaction.atomic
def end_sessions(user_id: int, *, acting_user: str) -> User:
    """Sign a user out everywhere. Raises NotFound."""
    user = _locked(user_id)
    user.session_epoch += 1
    user.save(update_fields=["session_epoch"])
    note(acting_user, "user.signed_out_everywhere", f"user:{user.get_username()}")
    return user


def send_link(user: User, url: str, *, subject: str, text: str) -> bool:
    """Mail a link; whether the server took it. Without it the link is to be copied."""
    message = EmailMessage(subject, f"{text}\n\n{url}\n", to=[user.email])
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as fault:
        log.error("mail_failed", fault=type(fault).__name__)
        return False
    return True


def _locked(user_id: int) -> User:
    """The user, after every administrator: two who disable each other at once must see each other."""
    list(User.objects.select_for_update().filter(role=Role.ADMIN.value).order_by("pk").values_list("pk", flat=True))
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _demand_another_administrator(user: User) -> None:
    others = User.objects.filter(role=Role.ADMIN.value, is_active=True).exclude(pk=user.pk)
    if user.is_admin and user.is_active and not any(not other.is_invited for other in others):
        raise LastAdministrator(f"{user.get_username()} is the last administrator. Make another one first.")


def _check(user: User, password: str | None) -> None:
    try:
        user.clean_fields(exclude=["password"])
        if password is not None:
            validate_password(password, user)
    except ValidationError as fault:
        raise UserRejected(" ".join(fault.messages)) from fault


def _save_new(user: User) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as fault:
        raise UserRejected(f"There is a user {user.get_username()!r} already.") from fault
