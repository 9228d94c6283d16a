"""Links by which somebody chooses a password: good once, for a week. Nothing is stored: the user's state is signed."""

from typing import Final

from django.core import signing
from django.utils.crypto import salted_hmac

from onefold.accounts.models import User

MAX_AGE_S: Final = 7 * 24 * 3600
_SALT: Final = "onefold.accounts.invitation"


def token_for(user: User) -> str:
    """The end of a link for this user; stops to work when they choose a password, sign in, or are disabled."""
    return signing.dumps([user.pk, _state(user)], salt=_SALT)


def user_of(token: str) -> User | None:
    """Whose link it is; None when it was used, is too old or not ours."""
    try:
        user_id, state = signing.loads(token, salt=_SALT, max_age=MAX_AGE_S)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return user if user and _state(user) == state else None


def _state(user: User) -> str:
    return salted_hmac(_SALT, f"{user.password}:{user.last_login}:{user.email}").hexdigest()[:20]
