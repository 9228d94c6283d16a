"""What the shell around every page needs."""

from typing import NamedTuple

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onefold.accounts.api import Permission, may
from onefold.crm.api import own_objects_of
from onefold.infra.pool import pooled
from onefold.kernel.errors import Unavailable


class Place(NamedTuple):
    """An entry of the side bar. `key`: the second stroke after `g`."""

    title: str | Promise
    url: str
    icon: str
    needed: Permission
    key: str = ""
    is_current: bool = False


class Group(NamedTuple):
    """Places under one heading; the first group has none, and is what phones show at the foot."""

    title: str | Promise
    places: tuple[Place, ...]


GROUPS = (
    Group(
        "",
        (
            Place(_("Home"), "/", "home", Permission.SEE_EVENTS, "o"),
            Place(_("My day"), "/my-day", "sun", Permission.SEE_RECORDS, "m"),
            Place(_("People"), "/people", "users", Permission.SEE_PEOPLE, "p"),
            Place(_("Companies"), "/companies", "building", Permission.SEE_PEOPLE, "c"),
            Place(_("Deals"), "/deals", "briefcase", Permission.SEE_RECORDS, "d"),
            Place(_("Tasks"), "/tasks", "checkbox", Permission.SEE_RECORDS, "t"),
            Place(_("Events"), "/events", "activity", Permission.SEE_EVENTS, "e"),
            Place(_("Sources"), "/sources", "plug-connected", Permission.SEE_EVENTS, "s"),
        ),
    ),
    Group(_("Sell"), (Place(_("Reports"), "/sales/reports", "chart-bar", Permission.SEE_RECORDS, "r"),)),
    Group(
        _("Engage"),
        (
            Place(_("Audiences"), "/audiences", "users-group", Permission.SEE_PEOPLE, "a"),
            Place(_("Forms"), "/forms", "file-text", Permission.SEE_PEOPLE, "f"),
        ),
    ),
    Group(_("Explore"), (Place("SQL", "/sql", "database", Permission.RUN_SQL, "q"),)),
    Group(
        _("Watch"),
        (
            Place(_("Violations"), "/violations", "alert-triangle", Permission.SEE_EVENTS, "v"),
            Place(_("Privacy"), "/privacy", "shield-lock", Permission.ERASE_PEOPLE, "y"),
            Place(_("Health"), "/health/page", "heartbeat", Permission.SEE_EVENTS, "h"),
        ),
    ),
)


def groups_for(request: HttpRequest) -> list[Group]:
    """The groups with what this user may open."""
    user = getattr(request, "user", None)
    if user is None:
        return []
    found = []
    for title, places in GROUPS:
        allowed = tuple(
            place._replace(is_current=_is_at(request.path, place.url)) for place in places if may(user, place.needed)
        )
        if allowed:
            found.append(Group(title, allowed))
    if may(user, Permission.SEE_RECORDS) and (own := _own_objects(request)):
        found.insert(1, Group(_("Records"), own))
    return found


def _own_objects(request: HttpRequest) -> tuple[Place, ...]:
    """The lists of the objects that administrators made."""
    try:
        with pooled() as conn:
            objects = own_objects_of(conn, getattr(request.user, "role", ""))
    except Unavailable:  # the page says that the database is gone; it has a side bar all the same
        return ()
    return tuple(
        Place(
            one.plural,
            one.path,
            one.icon,
            Permission.SEE_RECORDS,
            is_current=_is_at(f"{request.path}/", f"{one.path}/"),
        )
        for one in objects
    )


def _is_at(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))


def shell(request: HttpRequest) -> dict[str, object]:
    """`places`: where this user may go, by group; `rights`: names of what they may do."""
    user = getattr(request, "user", None)
    rights = frozenset(permission.value for permission in Permission if may(user, permission)) if user else frozenset()
    return {"places": groups_for(request), "rights": rights}
