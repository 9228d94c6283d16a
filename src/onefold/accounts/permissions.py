"""The one answer to "may they?". Every page and every call of the API asks here."""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from onefold.kernel.errors import Forbidden


class Permission(StrEnum):
    """What can be allowed."""

    SEE_PEOPLE = "see_people"  # people, companies, identities
    SEE_EVENTS = "see_events"  # events, violations, sources without their keys
    MANAGE_SOURCES = "manage_sources"  # sources and keys
    MANAGE_IDENTITY = "manage_identity"  # link rules, retractions


_SEE = frozenset({Permission.SEE_PEOPLE, Permission.SEE_EVENTS})
_OF_SCOPE = {"read": _SEE, "admin": _SEE | {Permission.MANAGE_IDENTITY}}


class NotAllowed(Forbidden):
    """You may not do this."""

    code = "not_allowed"


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A program that showed a secret key of a source."""

    key_id: int
    source_id: int
    scopes: frozenset[str]


Actor = AbstractBaseUser | AnonymousUser | KeyHolder


def may(actor: Actor, permission: Permission) -> bool:
    """Whether `actor` has `permission`: administrators all, other active users what is to be seen, keys by scope."""
    if isinstance(actor, KeyHolder):
        return any(permission in _OF_SCOPE.get(scope, frozenset()) for scope in actor.scopes)
    if not (actor.is_authenticated and actor.is_active):
        return False
    return permission in _SEE or bool(getattr(actor, "is_superuser", False))


def demand(actor: Actor, permission: Permission) -> None:
    """Raise NotAllowed unless `may`."""
    if may(actor, permission):
        return
    if isinstance(actor, KeyHolder):
        wanted = "admin" if permission not in _SEE else "read or admin"
        raise NotAllowed(f"This key may not do that: it needs the scope {wanted}.")
    raise NotAllowed("Only an administrator may do that.")


def name_of(actor: Actor) -> str:
    """What the audit calls `actor`: `user:alice` or `key:7`."""
    if isinstance(actor, KeyHolder):
        return f"key:{actor.key_id}"
    return f"user:{actor.get_username()}"
