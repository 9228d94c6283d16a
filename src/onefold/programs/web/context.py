"""What the shell around every page needs."""

from typing import NamedTuple

from django.http import HttpRequest

from onefold.accounts.api import Permission, may


class Place(NamedTuple):
    """An entry of the side bar."""

    title: str
    url: str
    icon: str
    is_current: bool


PLACES = (
    ("People", "/people", "people", Permission.SEE_PEOPLE),
    ("Events", "/events", "pulse", Permission.SEE_EVENTS),
    ("Violations", "/violations", "alert", Permission.SEE_EVENTS),
    ("Sources", "/sources", "plug", Permission.SEE_EVENTS),
    ("Health", "/health/page", "heart", Permission.SEE_EVENTS),
)


def shell(request: HttpRequest) -> dict[str, object]:
    """`places`: where this user may go; `rights`: names of what they may do."""
    user = getattr(request, "user", None)
    if user is None:
        return {"places": [], "rights": frozenset()}
    rights = frozenset(permission.value for permission in Permission if may(user, permission))
    places = [
        Place(title, url, icon, request.path.startswith(url)) for title, url, icon, needed in PLACES if needed in rights
    ]
    return {"places": places, "rights": rights}
