"""Saved views of lists: kept, changed, renamed, moved, deleted and brought back."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.accounts.api import audit
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Forbidden, NotFound
from onefold.lists.state import ListRejected

_IS_VISIBLE: Final = "(owner = %(owner)s or seen_by = 'all' or seen_by = 'team' and owner = any(%(mates)s::text[]))"
QUERIES = {
    name: text.replace("{is_visible}", _IS_VISIBLE) for name, text in load_queries("onefold.lists", "views.sql").items()
}
MAX_VIEWS: Final = 100
MAX_NAME: Final = 80
MAX_ADDRESS: Final = 20_000


class ViewForbidden(Forbidden):
    """The view is somebody else's."""

    code = "view_forbidden"


class SeenBy(StrEnum):
    """Who sees a view."""

    OWNER = "owner"
    TEAM = "team"  # the owner's, and those below it
    ALL = "all"


class View(NamedTuple):
    """`address` is what stands after the `?` of the list."""

    id: int
    owner: str
    name: str
    address: str
    seen_by: SeenBy
    place: float  # among the tabs, ascending


class Keeper(NamedTuple):
    """Who asks for views of which kind of records (`ListKind.object`). `may_edit`: also others' shared ones.

    `mates`: whose views for a team are for theirs.
    """

    object: str
    acting_user: str
    may_edit: bool = False
    mates: Collection[str] = ()


def visible_views(conn: Connection[Any], keeper: Keeper) -> list[View]:
    """One's own and the shared ones, up to MAX_VIEWS."""
    return [_view(row) for row in conn.execute(QUERIES["visible"], {**_reader(keeper), "limit": MAX_VIEWS})]


def find_view(conn: Connection[Any], keeper: Keeper, view_id: int) -> View:
    """Raises NotFound for views that this user can't see, and for those of other records."""
    row = conn.execute(QUERIES["one"], {**_reader(keeper), "id": view_id}).fetchone()
    if row is None:
        raise NotFound("There is no such view.")
    return _view(row)


class KeptView(NamedTuple):
    """A view, whosever it is. `object` as of Keeper."""

    object: str
    owner: str
    name: str
    address: str
    seen_by: SeenBy


def kept_views(conn: Connection[Any], objects: Collection[str], *, limit: int) -> list[KeptView]:
    """All views of these objects, for who is about to change what they rest on."""
    parameters = {"objects": sorted(objects), "limit": limit}
    return [
        KeptView(object_, owner, name, address, SeenBy(seen_by))
        for object_, owner, name, address, seen_by in conn.execute(QUERIES["kept"], parameters)
    ]


def add_view(conn: Connection[Any], keeper: Keeper, *, name: str, address: str, seen_by: SeenBy) -> int:
    """Keep a list; returns the view's id. Raises ListRejected."""
    name = _name(name)
    if len(address) > MAX_ADDRESS:
        raise ListRejected("The filter is too long to be kept.")
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        if len(visible_views(conn, keeper)) >= MAX_VIEWS:
            raise ListRejected(f"There are {MAX_VIEWS} views. Delete one first.")
        kept = {"name": name, "address": address, "seen_by": seen_by}
        row = conn.execute(QUERIES["add"], {"object": keeper.object, "owner": keeper.acting_user, **kept}).fetchone()
        view_id = int(row[0]) if row else 0
        _audit(conn, keeper, "view.saved", view_id, {"seen_by": seen_by})
    return view_id


def replace_view(conn: Connection[Any], keeper: Keeper, view_id: int, *, address: str) -> None:
    """The view shows this list from now on. Shared ones: their owner, and whoever `may_edit`."""
    view = _changeable(conn, keeper, view_id)
    if len(address) > MAX_ADDRESS:
        raise ListRejected("The filter is too long to be kept.")
    with conn.transaction():
        conn.execute(QUERIES["replace"], {"id": view.id, "address": address})
        _audit(conn, keeper, "view.changed", view.id)


def rename_view(conn: Connection[Any], keeper: Keeper, view_id: int, *, name: str, seen_by: SeenBy) -> View:
    """Another name; its owner also says who sees it. As it was, for an undo."""
    view = _changeable(conn, keeper, view_id)
    changed = {"name": _name(name), "seen_by": seen_by if view.owner == keeper.acting_user else view.seen_by}
    with conn.transaction():
        conn.execute(QUERIES["rename"], {"id": view.id, **changed})
        _audit(conn, keeper, "view.renamed", view.id, {"seen_by": changed["seen_by"]})
    return view


def move_view(conn: Connection[Any], keeper: Keeper, view_id: int, *, by: int) -> View:
    """One tab to the left (`by` -1) or to the right (1) among those that this user sees. At the end it stays."""
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        view = _changeable(conn, keeper, view_id)
        tabs = visible_views(conn, keeper)
        at = next((n for n, one in enumerate(tabs) if one.id == view.id), None)
        if at is None or not 0 <= at + by < len(tabs):
            return view
        beyond = at + 2 * by
        next_to = tabs[at + by].place
        place = (next_to + tabs[beyond].place) / 2 if 0 <= beyond < len(tabs) else next_to + by
        conn.execute(QUERIES["move"], {"id": view.id, "place": place})
        conn.execute(QUERIES["space"])
        _audit(conn, keeper, "view.moved", view.id)
    return view


def set_deleted(conn: Connection[Any], keeper: Keeper, view_id: int, *, is_deleted: bool) -> View:
    """Take a view out of everybody's tabs, or put it back. Safe to repeat."""
    view = _changeable(conn, keeper, view_id)
    action = "view.deleted" if is_deleted else "view.restored"
    with conn.transaction():
        conn.execute(QUERIES["set_deleted"], {"id": view.id, "is_deleted": is_deleted})
        _audit(conn, keeper, action, view.id)
    return view


def _reader(keeper: Keeper) -> dict[str, Any]:
    return {"object": keeper.object, "owner": keeper.acting_user, "mates": list(keeper.mates)}


def _view(row: tuple[Any, ...]) -> View:
    view_id, owner, name, address, seen_by, place = row
    return View(view_id, owner, name, address, SeenBy(seen_by), place)


def _audit(
    conn: Connection[Any], keeper: Keeper, action: str, view_id: int, details: dict[str, Any] | None = None
) -> None:
    audit(conn, actor=keeper.acting_user, action=action, target=f"view:{view_id}", details=details)


def _name(text: str) -> str:
    name = " ".join(text.replace("\0", "").split())[:MAX_NAME]
    if not name:
        raise ListRejected("Give the view a name.")
    return name


def _changeable(conn: Connection[Any], keeper: Keeper, view_id: int) -> View:
    view = find_view(conn, keeper, view_id)
    if view.owner != keeper.acting_user and not keeper.may_edit:
        raise ViewForbidden("This view is somebody else's. Save the list as a view of your own.")
    return view
