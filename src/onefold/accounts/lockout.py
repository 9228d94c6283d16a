"""Ten wrong tries close the door for five minutes, per user name and address. Holds over several processes."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from onefold.accounts.models import SignInFailure

ALLOWED_TRIES: Final = 10
WINDOW: Final = timedelta(minutes=5)


def register_try(username: str, address: str, now: datetime) -> bool:
    """Count a try before its password is looked at; False = too many, and this one didn't count.

    The row is written first and counted after, so that tries at the same moment can't slip through together.
    """
    SignInFailure.objects.filter(at__lt=now - WINDOW).delete()
    mine = SignInFailure.objects.create(username=_key(username), address=address, at=now)
    if _of(username, address).count() <= ALLOWED_TRIES:
        return True
    mine.delete()
    return False


def forget_tries(username: str, address: str) -> None:
    """The password was right: earlier tries no longer count."""
    _of(username, address).delete()


def _of(username: str, address: str) -> QuerySet[SignInFailure]:
    return SignInFailure.objects.filter(username=_key(username), address=address)


def _key(username: str) -> str:
    return username.strip().lower()[:150].replace("\0", "")
