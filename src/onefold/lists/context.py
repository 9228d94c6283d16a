"""What the templates of a list are given: tabs, chips, heads, and where each of them leads."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from psycopg import Connection

from onefold.accounts.api import name_of
from onefold.filters.api import to_json
from onefold.lists import rows
from onefold.lists.fields import OpenList
from onefold.lists.kinds import UNFILTERED
from onefold.lists.mates import has_teams, mates_of
from onefold.lists.state import ListState
from onefold.lists.views import Keeper, View, visible_views

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse  # 10 MB, and the processor comes by the slices that have lists


def list_context(
    conn: Connection[Any],
    request: "HttpRequest",
    one: OpenList,
    state: ListState,
    *,
    after: str = "",
    right: Collection[str] = (),
) -> dict[str, Any]:
    """All that `lists/….html` ask for but the records. One statement. Raises nothing.

    `after` is the place that the page begins at, as its address has it, empty = the first page; `right` names columns
    that are aligned right on it. The slice adds `page` (with `count` and `is_count_capped`), `next` (the place after
    the page, or empty), and `may_select` where rows can be ticked.
    """
    return {
        "kind": one.kind,
        "may_export": one.may_export,
        "state": state,
        "heads": rows.heads(one, state, right=right),
        "chips": rows.chips(one, state),
        "is_first": not after,
        "is_part": is_part(request),
        "filter_json": to_json(state.tree) if state.tree.of else "",
        "without_last": rows.without_last_filter(state),
        **_tabs(one, request, visible_views(conn, keeper_of(conn, one, request)), state),
        **list_addresses(state, after),
    }


def list_addresses(state: ListState, after: str = "") -> dict[str, str]:
    """Where the list leads: `address` of its state, to go on after `?`; `list_url` of this page of it."""
    here = state.address(after=after)
    return {
        "address": state.address(),
        "no_filter_address": replace(state, tree=UNFILTERED).address(),
        "list_url": f"{state.kind.path}?{here}" if here else state.kind.path,
    }


def keeper_of(conn: Connection[Any], one: OpenList, request: "HttpRequest") -> Keeper:
    """The reader, to whom their views are shown and by whom they are changed."""
    reader = name_of(request.user)
    return Keeper(one.kind.object, reader, one.may_edit_views, mates_of(conn, reader))


def pairs_of(state: ListState) -> list[tuple[str, str]]:
    """The state as the hidden inputs of a form."""
    return parse_qsl(state.address())


def is_part(request: "HttpRequest") -> bool:
    """Whether htmx asks, which puts what it gets into the page that is there."""
    return bool(getattr(request, "htmx", False))


def go(request: "HttpRequest", url: str) -> "HttpResponse":
    """To another page, also when htmx asked."""
    from django.http import HttpResponse, HttpResponseRedirect  # as above

    return HttpResponse(headers={"HX-Redirect": url}) if is_part(request) else HttpResponseRedirect(url)


def _tabs(one: OpenList, request: "HttpRequest", views: list[View], state: ListState) -> dict[str, Any]:
    """Tabs, the one that is open, whether the list differs from it, and whether this user may change it."""
    view = next((view for view in views if str(view.id) == state.view), None)
    saved = view.address if view else ""
    is_own = view is not None and view.owner == name_of(request.user)
    return {
        "views": views,
        "view": view,
        "has_team": has_teams(),
        "is_changed": state.unsaved_address != saved,
        "saved_address": saved,
        "is_own_view": is_own,
        "may_change_view": is_own or (view is not None and one.may_edit_views),
    }
