"""API keys of users: make, show once, check, end. A program that shows one acts as the user, within its scopes."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import transaction
from django.utils import timezone

from onefold.accounts.journal import note
from onefold.accounts.models import ApiKey, User
from onefold.accounts.permissions import API_KEY_PREFIX, API_SCOPES, ApiKeyHolder, PersonalData, Role
from onefold.kernel.errors import NotFound, Rejected

LIFETIMES_DAYS: Final = (30, 90, 365, 0)  # 0 = without end
MOST: Final = 50
_SHOWN: Final = 7
_TOUCH_EVERY: Final = timedelta(minutes=1)


class ApiKeyRejected(Rejected):
    """A key like that can't be made."""

    code = "api_key_rejected"


@dataclass(frozen=True)
class NewApiKey:
    """A key just made: the only time that `text` is to be had."""

    key: ApiKey
    text: str


@transaction.atomic
def create_api_key(user: User, *, name: str, scopes: Iterable[str], days: int, acting_user: str) -> NewApiKey:
    """A key of `user` that ends after `days` (0 = never). Raises ApiKeyRejected."""
    wanted = [scope for scope in API_SCOPES if scope in set(scopes)]
    if not name.strip() or not wanted or days not in LIFETIMES_DAYS:
        raise ApiKeyRejected(f"A key needs a name and some of the scopes {', '.join(API_SCOPES)}.")
    if user.api_keys.filter(revoked_at=None).count() >= MOST:
        raise ApiKeyRejected(f"A user has {MOST} keys at most. End one first.")
    text = API_KEY_PREFIX + secrets.token_urlsafe(24)
    key = ApiKey.objects.create(
        user=user,
        name=name.strip()[:100],
        prefix=text[:_SHOWN],
        digest=_digest(text),
        scopes=wanted,
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    note(acting_user, "api_key.created", f"api_key:{key.pk}", user=user.get_username(), scopes=wanted, days=days)
    return NewApiKey(key, text)


@transaction.atomic
def revoke_api_key(key_id: int, *, owner: User | None, acting_user: str) -> None:
    """The key ends at once; `owner` None = whoever's it is. Raises NotFound. Safe to repeat."""
    key = ApiKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None or (owner is not None and key.user_id != owner.pk):
        raise NotFound("There is no such key.")
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        note(acting_user, "api_key.ended", f"api_key:{key_id}")


def holder_of(text: str) -> ApiKeyHolder | None:
    """Who shows this key; None when it isn't known, has ended, or its user is disabled. One index probe."""
    key = ApiKey.objects.select_related("user").filter(digest=_digest(text), revoked_at=None).first()
    if key is None or key.is_expired or not key.user.is_active:
        return None
    _touch(key, timezone.now())
    return ApiKeyHolder(
        key_id=int(key.pk),
        username=key.user.get_username(),
        role=Role(key.user.role),
        personal_data=PersonalData(key.user.personal_data),
        scopes=frozenset(key.scopes),
    )


def _touch(key: ApiKey, now: datetime) -> None:
    if key.last_used_at is None or now - key.last_used_at > _TOUCH_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def _digest(text: str) -> bytes:
    """A plain hash: keys are random, so there is no dictionary to try."""
    return sha256(text.encode(errors="replace")).digest()
