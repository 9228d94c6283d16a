"""The same of many people at once: an owner, a stage. Events, all of one act, which one click takes back."""

from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection
from psycopg.sql import SQL

from onefold.accounts.api import Permission, actor_of, name_of, requires
from onefold.crm.errors import RecordForbidden, RecordMissing, RecordRejected
from onefold.crm.page import came_from, go
from onefold.crm.person_asking import known_of
from onefold.crm.person_fields import BY_NAME, SALES, input_of, read_value
from onefold.crm.person_rights import PEOPLE, editor_of, is_limited
from onefold.crm.viewer import Doing, Viewer
from onefold.infra.pool import pooled
from onefold.lists.api import ListState
from onefold.profiles.api import (
    MOST_CORRECTED,
    correct_many,
    from_text,
    ids_in,
    list_state_of,
    names_in_force,
    people_catalogue,
    undo_many,
)

_PAGE: Final = "/people"


@requires(Permission.EDIT_PEOPLE)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """One field (`field`, `value`) of the people `ids`, or with `all` of the whole list; the toast takes it back."""
    name = request.POST.get("field", "")
    if name not in SALES:
        raise RecordRejected(_("Choose a field to change."))
    with pooled() as conn:
        value = read_value(name, request.POST.get("value", ""), known_of(conn))
        people = _picked(conn, request)
        _demand_all(conn, editor_of(conn, actor_of(request)), people)
        act = uuid4()
        n, is_seen = correct_many(
            conn, names_in_force(conn), people, {name: value}, act=act, acting_user=name_of(request.user)
        )
    text = ngettext("%(n)s person changed.", "%(n)s people changed.", n) % {"n": f"{n:,}"}
    if not is_seen:
        text += " " + _("It is to be seen in some seconds.")
    messages.success(request, text, extra_tags=f"/people/acts/{act}/undo")
    return go(request, _sent_state(request).url)


@requires(Permission.EDIT_PEOPLE)
@require_safe
def bulk_input(request: HttpRequest) -> HttpResponse:
    """For the bar of selected people: the input of the `field` that is to be changed."""
    name = request.GET.get("field", "")
    if name not in SALES:
        raise RecordMissing(_("This field can't be changed for many at once."))
    with pooled() as conn:
        one = input_of(name, None, known_of(conn))
    return render(request, "crm/control.html", {"one": one, "field": BY_NAME[name], "name": "value"})


@requires(Permission.EDIT_PEOPLE)
@require_POST
def undo(request: HttpRequest, act: UUID) -> HttpResponse:
    """Says again what was said before, of whom nothing else was said since; back to the list."""
    with pooled() as conn:
        n, _is_seen = undo_many(conn, names_in_force(conn), act, acting_user=name_of(request.user))
    messages.success(request, ngettext("Undone for %(n)s person.", "Undone for %(n)s people.", n) % {"n": f"{n:,}"})
    return go(request, came_from(request, _PAGE))


def _picked(conn: Connection[Any], request: HttpRequest) -> list[int]:
    """The selected people, or everybody in the list. Raises RecordRejected for none and too many."""
    if request.POST.get("all") == "yes":
        catalogue = people_catalogue(conn, actor_of(request))
        people = ids_in(conn, catalogue, _sent_state(request), cap=MOST_CORRECTED + 1)
    else:
        texts = request.POST.get("ids", "").split(",")[: MOST_CORRECTED + 1]
        people = [h for h in map(from_text, texts) if h is not None]
    if not people:
        raise RecordRejected(_("Nobody is selected."))
    if len(people) > MOST_CORRECTED:
        most = {"n": f"{MOST_CORRECTED:,}"}
        raise RecordRejected(_("More than %(n)s people match. Narrow the list down, then repeat.") % most)
    return people


def _demand_all(conn: Connection[Any], editor: Viewer | None, people: list[int]) -> None:
    """Raises RecordForbidden unless the editor may edit each of them. A statement, if there are others' at all."""
    if editor is None or not is_limited(editor):
        return
    owners = [str(number) for number in sorted(editor.owners(editor.reach(PEOPLE, Doing.EDIT)))]
    statement = SQL(
        "select count(*) from unnest(%(people)s::bigint[]) asked (id) join node n on n.h = asked.id"
        " left join profile_traits t on t.id = n.prof"
        " where coalesce(t.traits ->> 'owner' = any(%(owners)s::text[]), false) is false"
    )
    row = conn.execute(statement, {"people": people, "owners": owners}).fetchone()
    if row and row[0]:
        said = ngettext(
            "%(n)s of these people isn't yours to edit. Filter by owner, then repeat.",
            "%(n)s of these people aren't yours to edit. Filter by owner, then repeat.",
            row[0],
        )
        raise RecordForbidden(said % {"n": f"{row[0]:,}"})


def _sent_state(request: HttpRequest) -> ListState:
    address: Any = QueryDict(request.POST.get("address", ""))
    return list_state_of(address)
