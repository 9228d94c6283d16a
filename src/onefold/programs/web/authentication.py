"""Who calls the API: a program with a secret key, or somebody who is signed in."""

import base64
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer
from psycopg import Connection

from onefold.accounts.api import API_KEY_PREFIX, ApiKeyHolder, KeyHolder, api_key_holder
from onefold.events.api import Grant, KeyUnknown, check_key, digest_of
from onefold.infra.memory import Memory
from onefold.infra.pool import pooled
from onefold.kernel.errors import Rejected

MAX_AGE_S: Final = 5.0
MAX_REMEMBERED: Final = 1_000

_known: Final = Memory[KeyHolder | ApiKeyHolder](MAX_AGE_S, MAX_REMEMBERED)


class KeyRejected(Rejected):
    """This key opens nothing."""

    code = "key_invalid"
    status = 401


class SecretKey(HttpBearer):
    """An API key, or a source's secret key, in `Authorization: Bearer KEY`, as Basic user name or `X-Api-Key: KEY`."""

    openapi_description = "API key of a user, or secret key of a source with scope read or admin. Also as X-Api-Key."

    def __call__(self, request: HttpRequest) -> KeyHolder | ApiKeyHolder | None:
        key = key_of(request)
        return self.authenticate(request, key) if key else None

    def authenticate(self, request: HttpRequest, token: str) -> KeyHolder | ApiKeyHolder:
        """The holder of a valid key. Raises KeyRejected or Forbidden: a wrong key is never taken for no key."""
        with pooled() as conn:
            return key_holder(conn, token)


class Session(APIKeyCookie):
    """Somebody who is signed in; writes need the token against forged requests."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> AbstractBaseUser | None:
        """The user of the session."""
        return request.user if request.user.is_authenticated else None


def key_of(request: HttpRequest) -> str:
    """The key that the request shows; empty = none."""
    if key := request.headers.get("X-Api-Key", ""):
        return key.strip()
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0]
    except ValueError as fault:  # no base64, no UTF-8, or not even ASCII
        raise KeyRejected("The Authorization header is not valid: its Basic part is no base64 of a text.") from fault


def key_holder(conn: Connection[Any], key: str) -> KeyHolder | ApiKeyHolder:
    """Who holds `key`; remembered for MAX_AGE_S, which is how long a disabled key may live on."""
    digest = digest_of(key)  # a key in memory is a key to be stolen
    if (known := _known.get(digest)) is not None:
        return known
    return _known.keep(_of_user(key) if key.startswith(API_KEY_PREFIX) else _of_source(conn, key), digest)


def _of_user(key: str) -> ApiKeyHolder:
    holder = api_key_holder(key)
    if holder is None:
        raise KeyRejected("This API key is not known, or it has ended. Make one under Settings, API keys.")
    return holder


def _of_source(conn: Connection[Any], key: str) -> KeyHolder:
    grant = _grant(conn, key)
    return KeyHolder(key_id=grant.key_id, source_id=grant.source.id, scopes=grant.scopes)


def _grant(conn: Connection[Any], key: str) -> Grant:
    """What the key opens, if it may ask anything at all."""
    try:
        return check_key(conn, key, scopes=("read", "admin"))
    except KeyUnknown as fault:
        raise KeyRejected("No source has this key, or it has ended. Make one under Sources.") from fault


def forget_keys() -> None:
    """The next call asks the database."""
    _known.forget()
