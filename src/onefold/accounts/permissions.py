"""The one answer to "may they?". Every page and every call of the API asks here."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from onefold.kernel.errors import Forbidden

if TYPE_CHECKING:  # models exist only after django.setup(), and the processor has none
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


class Permission(StrEnum):
    """What can be allowed."""

    SEE_PEOPLE = "see_people"  # people, companies, identities
    SEE_EVENTS = "see_events"  # events, violations, sources without their keys
    SEE_PERSONAL_DATA = "see_personal_data"  # e-mail addresses and phone numbers as they are
    REVEAL_PERSONAL_DATA = "reveal_personal_data"  # the same, a person at a time, and the audit log says so
    EDIT_PEOPLE = "edit_people"  # correct traits, set consent
    EXPORT_PEOPLE = "export_people"  # take people out, one or many
    MANAGE_IDENTITY = "manage_identity"  # link rules, retractions
    SEE_RECORDS = "see_records"  # deals, tasks, activities, as far as the CRM's own rules go
    EDIT_RECORDS = "edit_records"  # the same
    MANAGE_CRM = "manage_crm"  # pipelines, fields, objects, teams and who may what in the CRM
    EDIT_AUDIENCES = "edit_audiences"  # audiences, computed traits, uploaded lists, forms
    RUN_SQL = "run_sql"  # ask by SQL; personal data only with the right to see it
    ERASE_PEOPLE = "erase_people"  # for ever
    MANAGE_SOURCES = "manage_sources"  # sources and keys
    MANAGE_USERS = "manage_users"  # invitations, roles, other people's keys
    MANAGE_SETTINGS = "manage_settings"  # the workspace's name, currency, time zone
    SEE_AUDIT = "see_audit"  # who did what


class Role(StrEnum):
    """What a user is for. Each may do what the one before may."""

    VIEWER = "viewer"
    SALES = "sales"  # a salesperson
    MANAGER = "manager"  # leads a sales team
    EDITOR = "editor"
    ADMIN = "admin"


class PersonalData(StrEnum):
    """How a user sees e-mail addresses and phone numbers."""

    SHOWN = "shown"
    ON_REQUEST = "on_request"  # masked; one person's for a while, when asked for
    MASKED = "masked"


_PERSONAL: Final = frozenset({Permission.SEE_PERSONAL_DATA, Permission.REVEAL_PERSONAL_DATA})
_RECORDS: Final = frozenset({Permission.SEE_RECORDS, Permission.EDIT_RECORDS})
_VIEWER: Final = frozenset({Permission.SEE_PEOPLE, Permission.SEE_EVENTS, Permission.SEE_RECORDS})
_SALES: Final = _VIEWER | {Permission.EDIT_RECORDS, Permission.EDIT_PEOPLE}
_MANAGER: Final = _SALES | {Permission.EXPORT_PEOPLE}
_SQL: Final = frozenset({Permission.RUN_SQL})
_EDITOR: Final = _MANAGER | _SQL | {Permission.MANAGE_IDENTITY, Permission.EDIT_AUDIENCES}
_OF_ROLE: Final[dict[str, frozenset[Permission]]] = {
    Role.VIEWER: _VIEWER,
    Role.SALES: _SALES,
    Role.MANAGER: _MANAGER,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: frozenset(Permission) - _PERSONAL,
}
_OF_LEVEL: Final[dict[str, frozenset[Permission]]] = {
    PersonalData.SHOWN: frozenset({Permission.SEE_PERSONAL_DATA}),
    PersonalData.ON_REQUEST: frozenset({Permission.REVEAL_PERSONAL_DATA}),
    PersonalData.MASKED: frozenset(),
}
_OF_SCOPE: Final[dict[str, frozenset[Permission]]] = {
    "read": (_VIEWER | {Permission.SEE_PERSONAL_DATA}) - _RECORDS,  # a source is nobody who could own a deal
    "admin": (_EDITOR | {Permission.SEE_PERSONAL_DATA, Permission.ERASE_PEOPLE}) - _RECORDS,
}
API_KEY_PREFIX: Final = "uk_"
API_SCOPES: Final[dict[str, frozenset[Permission]]] = {
    "read": _VIEWER,
    "personal_data": frozenset({Permission.SEE_PERSONAL_DATA}),
    "sql": _SQL,
    "edit": _EDITOR - _VIEWER - _SQL,
    "manage": frozenset(Permission) - _EDITOR - _PERSONAL,
}
"""Scope of a user's API key → what it lets the key do, as far as its user may."""


_REFUSED: Final[dict[str, str]] = {
    Role.SALES: "Only salespeople, sales leads, editors and administrators may do that.",
    Role.MANAGER: "Only a sales lead, an editor or an administrator may do that.",
    Role.EDITOR: "Only an editor or an administrator may do that.",
    Role.ADMIN: "Only an administrator may do that.",
}
"""By the first role that may: whole sentences, for pages translate them."""


class NotAllowed(Forbidden):
    """You may not do this."""

    code = "not_allowed"


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A program that showed a secret key of a source."""

    key_id: int
    source_id: int
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class ApiKeyHolder:
    """A program that showed an API key of a user; it may what its scopes and its user's role both allow."""

    key_id: int
    username: str
    role: Role
    personal_data: PersonalData
    scopes: frozenset[str]


Actor: TypeAlias = "AbstractBaseUser | AnonymousUser | KeyHolder | ApiKeyHolder"


def may(actor: Actor, permission: Permission) -> bool:
    """Whether `actor` has `permission`: users by role and level of personal data, keys by scope."""
    if isinstance(actor, KeyHolder):
        return any(permission in _OF_SCOPE.get(scope, frozenset()) for scope in actor.scopes)
    if isinstance(actor, ApiKeyHolder):
        is_in_scope = any(permission in API_SCOPES.get(scope, frozenset()) for scope in actor.scopes)
        return is_in_scope and permission in _of_user(actor.role, actor.personal_data)
    if not (actor.is_authenticated and actor.is_active):
        return False
    return permission in _of_user(getattr(actor, "role", ""), getattr(actor, "personal_data", ""))


def demand(actor: Actor, permission: Permission) -> None:
    """Raise NotAllowed unless `may`."""
    if may(actor, permission):
        return
    if isinstance(actor, ApiKeyHolder):
        wanted = next((scope for scope, held in API_SCOPES.items() if permission in held), "")
        raise NotAllowed(f"This key may not do that: it needs the scope {wanted} and a user who may.")
    if isinstance(actor, KeyHolder):
        wanted = " or ".join(scope for scope, held in _OF_SCOPE.items() if permission in held)
        raise NotAllowed(
            f"This key may not do that: it needs the scope {wanted}."
            if wanted
            else "No key of a source may do that. Make an API key of a user."
        )
    first = next((role for role in _REFUSED if permission in _OF_ROLE[role]), Role.ADMIN)
    raise NotAllowed(_REFUSED[first])


def name_of(actor: Actor) -> str:
    """What the audit calls `actor`: `user:alice`, `key:7` of a source, or `api_key:3:alice`."""
    if isinstance(actor, KeyHolder):
        return f"key:{actor.key_id}"
    if isinstance(actor, ApiKeyHolder):
        return f"api_key:{actor.key_id}:{actor.username}"
    return f"user:{actor.get_username()}"


def _of_user(role: str, level: str) -> frozenset[Permission]:
    """Nothing for words that aren't known."""
    return _OF_ROLE.get(role, frozenset()) | _OF_LEVEL.get(level, frozenset())
