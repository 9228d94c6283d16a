"""From whoever asks to how far they may go in the CRM."""

from typing import Any, Final

from django.utils import timezone
from psycopg import Connection

from onefold.accounts.api import Actor, KeyHolder, Permission, demand, may, name_of
from onefold.crm.catalogue import Asking
from onefold.crm.policy import PROFILES, Policies, load_policies
from onefold.crm.rights import objects_for
from onefold.crm.schema import objects_in_force
from onefold.crm.viewer import Doing, Reach, Viewer
from onefold.infra.postgres import load_queries
from onefold.profiles.api import names_in_force

QUERIES: Final = load_queries("onefold.crm", "access.sql")
_EVERY_OTHER: Final = ""
"""No object has this name: what is usual for a role is asked under it."""


def viewer_of(conn: Connection[Any], actor: Actor) -> Viewer:
    """Raises NotAllowed for who may see no records at all. One statement, and policies every few seconds."""
    demand(actor, Permission.SEE_RECORDS)
    username = "" if isinstance(actor, KeyHolder) else _attribute(actor, "username")
    role = _attribute(actor, "role")
    policies = load_policies(conn)
    row = conn.execute(QUERIES["user"], {"username": username}).fetchone()
    user_id, team, teams = row or (None, (), ())
    may_edit = may(actor, Permission.EDIT_RECORDS)
    objects = {*objects_in_force(conn), *PROFILES}
    return Viewer(
        name=name_of(actor),
        user_id=user_id,
        username=username,
        zone=timezone.get_current_timezone(),
        team=frozenset(team),
        teams=frozenset(teams),
        usual=_rights(policies, role, _EVERY_OTHER, may_edit=may_edit),
        special={
            (name, doing): reach
            for name in objects
            for doing, reach in _rights(policies, role, name, may_edit=may_edit).items()
        },
        fields={(name, field): right for (of, name, field), right in policies.fields.items() if of == role},
    )


def asking_of(conn: Connection[Any], actor: Actor) -> Asking:
    """What lists and filters need to know of who asks: `objects` are as they know them, without hidden fields."""
    viewer = viewer_of(conn, actor)
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
