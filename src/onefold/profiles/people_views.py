"""Saved views of the list of people: kept, changed, deleted and brought back."""

from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.accounts.api import audit
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Forbidden, NotFound
from onefold.profiles.people_state import ListRejected

QUERIES = load_queries("onefold.profiles", "people_views.sql")
MAX_VIEWS: Final = 100
MAX_NAME: Final = 80
MAX_ADDRESS: Final = 20_000


class ViewForbidden(Forbidden):
    """The view is somebody else's."""

    code = "view_forbidden"


class View(NamedTuple):
    """`address` is what stands after the `?` of the list."""

    id: int
    owner: str
    name: str
    address: str
    is_shared: bool


def visible_views(conn: Connection[Any], owner: str) -> list[View]:
    """One's own and the shared ones, up to MAX_VIEWS."""
    return [View(*row) for row in conn.execute(QUERIES["visible"], {"owner": owner, "limit": MAX_VIEWS})]


def find_view(conn: Connection[Any], view_id: int, owner: str) -> View:
    """Raises NotFound for views that this user can't see."""
    row = conn.execute(QUERIES["one"], {"id": view_id, "owner": owner}).fetchone()
    if row is None:
        raise NotFound("There is no such view.")
    return View(*row)


def add_view(conn: Connection[Any], *, name: str, address: str, is_shared: bool, acting_user: str) -> int:
    """Keep a list; returns the view's id. Raises ListRejected."""
    name = " ".join(name.replace("\0", "").split())[:MAX_NAME]
    if not name:
        raise ListRejected("Give the view a name.")
    if len(address) > MAX_ADDRESS:
        raise ListRejected("The filter is too long to be kept.")
    with conn.transaction():
        if len(visible_views(conn, acting_user)) >= MAX_VIEWS:
            raise ListRejected(f"There are {MAX_VIEWS} views. Delete one first.")
        parameters = {"owner": acting_user, "name": name, "address": address, "is_shared": is_shared}
        row = conn.execute(QUERIES["add"], parameters).fetchone()
        view_id = int(row[0]) if row else 0
        audit(conn, actor=acting_user, action="view.saved", target=f"view:{view_id}", details={"shared": is_shared})
    return view_id


def replace_view(conn: Connection[Any], view_id: int, *, address: str, acting_user: str, may_edit: bool) -> None:
    """The view shows this list from now on. Shared ones: their owner, and whoever `may_edit`."""
    view = _changeable(conn, view_id, acting_user, may_edit)
    if len(address) > MAX_ADDRESS:
        raise ListRejected("The filter is too long to be kept.")
    with conn.transaction():
        conn.execute(QUERIES["replace"], {"id": view.id, "address": address})
        audit(conn, actor=acting_user, action="view.changed", target=f"view:{view.id}")


def set_deleted(conn: Connection[Any], view_id: int, *, is_deleted: bool, acting_user: str, may_edit: bool) -> View:
    """Take a view out of everybody's tabs, or put it back. Safe to repeat."""
    view = _changeable(conn, view_id, acting_user, may_edit)
    action = "view.deleted" if is_deleted else "view.restored"
    with conn.transaction():
        conn.execute(QUERIES["set_deleted"], {"id": view.id, "is_deleted": is_deleted})
        audit(conn, actor=acting_user, action=action, target=f"view:{view.id}")
    return view


def _changeable(conn: Connection[Any], view_id: int, acting_user: str, may_edit: bool) -> View:
    view = find_view(conn, view_id, acting_user)
    if view.owner != acting_user and not may_edit:
        raise ViewForbidden("This view is somebody else's. Save the list as a view of your own.")
    return view
