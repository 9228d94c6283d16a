"""Whose people somebody may edit: by owner, as the policy for `people` says. Who sees people sees all of them."""

from typing import Any

from psycopg import Connection

from onefold.accounts.api import Actor, KeyHolder, Permission, demand, may
from onefold.crm.access import viewer_of
from onefold.crm.viewer import Doing, Reach, Viewer, demand_reach, may_reach

PEOPLE = "people"


def editor_of(conn: Connection[Any], actor: Actor) -> Viewer | None:
    """Whoever edits people; None: whoever may edit all of them, as a source's key may, which has no role.

    Raises NotAllowed.
    """
    demand(actor, Permission.EDIT_PEOPLE)
    return None if isinstance(actor, KeyHolder) else viewer_of(conn, actor)


def may_edit_person(conn: Connection[Any], actor: Actor, owner: Any) -> bool:  # noqa: ANN401  (any JSON value)
    """Whether they may edit somebody of this owner (what the trait says)."""
    if not may(actor, Permission.EDIT_PEOPLE):
        return False
    editor = editor_of(conn, actor)
    return editor is None or may_reach(editor, PEOPLE, Doing.EDIT, owner_number(owner))


def demand_person(conn: Connection[Any], actor: Actor, owner: Any) -> None:  # noqa: ANN401  (any JSON value)
    """Raises RecordForbidden unless they may edit somebody of this owner, NotAllowed."""
    editor = editor_of(conn, actor)
    if editor is not None:
        demand_reach(editor, PEOPLE, Doing.EDIT, owner_number(owner))


def is_limited(editor: Viewer | None) -> bool:
    """Whether there are people whom they may not edit."""
    return editor is not None and editor.reach(PEOPLE, Doing.EDIT) is not Reach.ALL


def owner_number(owner: Any) -> int | None:  # noqa: ANN401  (any JSON value)
    """The user whom the trait names; None: nobody's."""
    return owner if type(owner) is int else None
