"""The people of a deal, on its page: its person first, the others with their roles."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from onefold.accounts.api import Permission, demand, requires
from onefold.crm.editing import change_things
from onefold.crm.errors import RecordRejected
from onefold.crm.item_views import said_with
from onefold.crm.labels import labels_of
from onefold.crm.objects import PEOPLE_ROLES
from onefold.crm.page import Asked, asked
from onefold.crm.parts import Part, profiles_of
from onefold.crm.records import Done, change_records, load_record
from onefold.crm.shown import Shown, person_shown
from onefold.crm.viewer import Doing
from onefold.infra.pool import pooled
from onefold.profiles.api import from_text, to_text


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Somebody of a deal. `identifier`: as addresses and forms name them; of one who is known no more their anchor."""

    identifier: str
    shown: Shown
    role: str
    is_first: bool


@requires(Permission.SEE_RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest, number: int) -> HttpResponse:
    """The card; sent, `person` is of it, too, as `role`."""
    if request.method != "POST":
        with pooled() as conn:
            return _card(request, asked(conn, request, "deal"), number)
    demand(request.user, Permission.EDIT_RECORDS)
    new = {"person": request.POST.get("person", ""), "role": request.POST.get("role", "")}
    return _change(request, number, lambda known: [*_told(known), new])


@requires(Permission.EDIT_RECORDS)
@require_POST
def change(request: HttpRequest, number: int, identifier: str) -> HttpResponse:
    """Another `role`, also of the deal's person."""
    new = {"person": _named(identifier), "role": request.POST.get("role", "")}
    return _change(request, number, lambda known: [*_told(known), new])


@requires(Permission.EDIT_RECORDS)
@require_POST
def remove(request: HttpRequest, number: int, identifier: str) -> HttpResponse:
    """Not of the deal any more; the toast brings them back."""
    named = from_text(_named(identifier))
    with pooled() as conn:

        def make(known: list[Part]) -> list[dict[str, Any]]:
            whose = profiles_of(conn, [one["person"] for one in known])
            gone = {named, *(profiles_of(conn, [named]).values() if named is not None else ())}
            return _told([one for one in known if one["person"] not in gone and whose.get(one["person"]) not in gone])

        given = asked(conn, request, "deal")
        done = change_things(conn, given.kind, number, "people", make, asking=given.asking)
        return said_with(_card(request, given, number), done.act, _("Removed from the deal."))


@requires(Permission.EDIT_RECORDS)
@require_POST
def put_first(request: HttpRequest, number: int, identifier: str) -> HttpResponse:
    """The deal is mostly done with them from now on; whoever it was is beside."""
    with pooled() as conn:
        given = asked(conn, request, "deal")
        row = load_record(conn, given.kind, number, viewer=given.asking.viewer)
        old = row.values.get("person")
        beside = _told(row.values["people"])
        if old is not None and to_text(old) not in {one["person"] for one in beside}:
            beside.append({"person": to_text(old), "role": ""})
        wanted = {"person": _named(identifier), "people": beside}
        done = change_records(conn, given.kind, {number: wanted}, viewer=given.asking.viewer)
        return said_with(_card(request, given, number), done.act, _("The deal is mostly with them now."))


def _named(identifier: str) -> str:
    if from_text(identifier) is None:
        raise Http404
    return identifier


def _told(known: list[Part]) -> list[dict[str, Any]]:
    """By their anchors: an identifier leads to its person as a profile's does."""
    return [{"person": to_text(one["person"]), "role": one["role"]} for one in known]


def _change(request: HttpRequest, number: int, make: Callable[[list[Part]], list[dict[str, Any]]]) -> HttpResponse:
    with pooled() as conn:
        given = asked(conn, request, "deal")
        try:
            done: Done = change_things(conn, given.kind, number, "people", make, asking=given.asking)
        except RecordRejected as fault:  # an answer to the form, beside which it is read
            return _card(request, given, number, str(fault))
        return said_with(_card(request, given, number), done.act)


def _card(request: HttpRequest, given: Asked, number: int, fault: str = "") -> HttpResponse:
    row = load_record(given.conn, given.kind, number, viewer=given.asking.viewer)
    field = given.kind.by_name.get("people")
    if field is None:
        return HttpResponse("")
    labels = labels_of(given.conn, given.asking, given.kind, [row.values])
    first = row.values.get("person")
    known = {one["person"]: one["role"] for one in row.values["people"]}
    anchors = [*([first] if first is not None else []), *(one for one in known if one != first)]
    found: dict[str, Beside] = {}
    for anchor in anchors:
        person = labels.people.get(anchor)
        identifier = to_text(person.id if person else anchor)
        if identifier in found and not known.get(anchor):
            continue  # merged since: once is enough
        is_first = anchor == first or (identifier in found and found[identifier].is_first)
        found[identifier] = Beside(
            identifier=identifier, shown=person_shown(person), role=known.get(anchor, ""), is_first=is_first
        )
    context = {
        "row": row,
        "people": list(found.values()),
        "roles": PEOPLE_ROLES,
        "titles": {one.value: one.title for one in PEOPLE_ROLES},
        "may_edit": given.may(Doing.EDIT, row) and not field.is_read_only,
        "may_put_first": "person" in given.kind.by_name and not given.kind.by_name["person"].is_read_only,
        "fault": fault,
    }
    return render(request, "crm/people.html", context)
