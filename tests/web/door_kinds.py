"""Kinds of doors: who may use which method of a route. See doors.py."""

from typing import Final, Literal

from onefold.accounts.api import Permission

Who = Permission | Literal["anyone", "signed in"]
Door = dict[str, Who]
ANYONE: Final = "anyone"
SIGNED_IN: Final = "signed in"


def page(who: Who) -> Door:
    """Only to look at."""
    return {"GET": who}


def form(who: Who) -> Door:
    """Shown and sent at one address."""
    return {"GET": who, "POST": who}


def act(who: Who) -> Door:
    """Only to be sent."""
    return {"POST": who}
