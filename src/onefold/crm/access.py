"""From whoever asks to how far they may go in the CRM."""

from typing import Any, Final

from django.utils import timezone
from psycopg import Connection

from onefold.accounts.api import Actor, KeyHolder, Permission, demand, may, name_of
from onefold.crm.catalogue import Asking
from onefold.crm.schema import objects_in_force
from onefold.crm.viewer import Doing, Reach, Viewer
from onefold.infra.postgres import load_queries
from onefold.profiles.api import names_in_force

QUERIES: Final = load_queries("onefold.crm", "access.sql")


def viewer_of(conn: Connection[Any], actor: Actor) -> Viewer:
    """Raises NotAllowed for who may see no records at all. One index probe."""
    demand(actor, Permission.SEE_RECORDS)
    edits = Reach.ALL if may(actor, Permission.EDIT_RECORDS) else Reach.NONE
    username = "" if isinstance(actor, KeyHolder) else _username(actor)
    row = conn.execute(QUERIES["user"], {"username": username}).fetchone()
    return Viewer(
        name=name_of(actor),
        user_id=row[0] if row else None,
        username=username,
        zone=timezone.get_current_timezone(),
        usual={Doing.SEE: Reach.ALL, Doing.EDIT: edits, Doing.DELETE: edits},
    )


def asking_of(conn: Connection[Any], actor: Actor) -> Asking:
    """What lists and filters need to know of who asks."""
    return Asking(
        viewer=viewer_of(conn, actor),
        objects=objects_in_force(conn),
        names=names_in_force(conn),
        is_masked=not may(actor, Permission.SEE_PERSONAL_DATA),
    )


def _username(actor: Actor) -> str:
    known = getattr(actor, "username", "")
    return str(known)
