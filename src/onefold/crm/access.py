"""From whoever asks to how far they may go in the CRM."""

from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import Any, Final

from django.utils import timezone
from psycopg import Connection

from onefold.accounts.api import Actor, KeyHolder, Permission, demand, may, name_of
from onefold.crm.catalogue import Asking
from onefold.crm.objects import ObjectType
from onefold.crm.policy import PROFILES, Policies, load_policies
from onefold.crm.rights import objects_for
from onefold.crm.schema import objects_in_force
from onefold.crm.viewer import Doing, Reach, Viewer
from onefold.infra.postgres import load_queries
from onefold.profiles.api import names_in_force

QUERIES: Final = load_queries("onefold.crm", "access.sql")
MOST_SHARED: Final = 500
"""Records given to somebody that are named one by one in statements, which plans like better than a question."""
_EVERY_OTHER: Final = ""
"""No object has this name: what is usual for a role is asked under it."""


def viewer_of(conn: Connection[Any], actor: Actor, zone: tzinfo | None = None) -> Viewer:
    """Raises NotAllowed for who may see no records at all. One statement, and policies every few seconds.

    `zone`: theirs, if Django doesn't know it.
    """
    demand(actor, Permission.SEE_RECORDS)
    return viewer_in(conn, actor, zone or timezone.get_current_timezone())


def viewer_in(conn: Connection[Any], actor: Actor, zone: tzinfo) -> Viewer:
    """As `viewer_of`, of somebody who may see records, and writes times of `zone`. Needs no settings of Django."""
    username = "" if isinstance(actor, KeyHolder) else _attribute(actor, "username")
    role = _attribute(actor, "role")
    policies = load_policies(conn)
    row = conn.execute(QUERIES["user"], {"username": username, "most_shared": MOST_SHARED + 1}).fetchone()
    user_id, team, teams, shares = row or (None, (), (), ())
    may_edit = may(actor, Permission.EDIT_RECORDS)
    objects = {*objects_in_force(conn), *PROFILES}
    return Viewer(
        name=name_of(actor),
        user_id=user_id,
        username=username,
        zone=zone,
        team=frozenset(team),
        teams=frozenset(teams),
        usual=_rights(policies, role, _EVERY_OTHER, may_edit=may_edit),
        special={
            (name, doing): reach
            for name in objects
            for doing, reach in _rights(policies, role, name, may_edit=may_edit).items()
        },
        fields={(name, field): right for (of, name, field), right in policies.fields.items() if of == role},
        shared=_shared(shares) if len(shares) <= MOST_SHARED else None,
    )


def _shared(shares: Iterable[tuple[str, str, int]]) -> dict[tuple[str, Doing], list[int]]:
    """By object and what may be done; who may edit a record may see it."""
    found: dict[tuple[str, Doing], list[int]] = {}
    for name, doing, number in shares:
        for one in {Doing.SEE, Doing(doing)}:
            found.setdefault((name, one), []).append(number)
    return found


def asking_of(conn: Connection[Any], actor: Actor, zone: tzinfo | None = None) -> Asking:
    """What lists and filters need to know of who asks: `objects` are as they know them, without hidden fields."""
    viewer = viewer_of(conn, actor, zone)
    return Asking(
        viewer=viewer,
        objects=objects_for(viewer, objects_in_force(conn)),
        names=names_in_force(conn),
        is_masked=not may(actor, Permission.SEE_PERSONAL_DATA),
    )


def own_objects_of(conn: Connection[Any], role: str) -> list[ObjectType]:
    """The objects that administrators made, as far as a role may see records of theirs. Asks every few seconds."""
    own = [one for one in objects_in_force(conn).values() if one.number is not None]
    if not own:
        return []
    policies = load_policies(conn)
    return [one for one in own if policies.rights(role, one.name)[Doing.SEE] is not Reach.NONE]


def asking_of_profiles(conn: Connection[Any], actor: Actor, zone: tzinfo = UTC) -> Asking:
    """What lists of people and companies need to know of who asks; who may see no records sees those without them."""
    sees_records = may(actor, Permission.SEE_RECORDS)
    viewer = viewer_in(conn, actor, zone) if sees_records else Viewer(name=name_of(actor), user_id=None)
    return Asking(
        viewer=viewer,
        objects=objects_for(viewer, objects_in_force(conn)),
        names=names_in_force(conn),
        is_masked=not may(actor, Permission.SEE_PERSONAL_DATA),
    )


def _rights(policies: Policies, role: str, object_name: str, *, may_edit: bool) -> dict[Doing, Reach]:
    """Of the role, as far as the permissions of who asks go: keys may less than their users."""
    rights = dict(policies.rights(role, object_name))
    return rights if may_edit else rights | {Doing.EDIT: Reach.NONE, Doing.DELETE: Reach.NONE}


def _attribute(actor: Actor, name: str) -> str:
    known = getattr(actor, name, "")
    return str(known)
