"""The same of many companies at once: an owner, a stage. Events, all of one act, which one click takes back."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, name_of, requires
from onefold.crm.company_fields import input_of_trait, read_trait, shared_fields
from onefold.crm.company_listed import companies_asking, open_companies
from onefold.crm.company_query import hashes_in
from onefold.crm.errors import RecordMissing, RecordRejected
from onefold.crm.export_views import asked_for
from onefold.crm.objects import FieldKind
from onefold.crm.page import came_from, choices_of, go
from onefold.infra.pool import pooled
from onefold.profiles.api import MOST_CORRECTED, correct_companies, undo_companies

_PAGE: Final = "/companies"


@requires(Permission.EDIT_PEOPLE)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """One field (`field`, `value`) of the companies `ids`, or with `all` of the whole list; the toast takes it back."""
    name = request.POST.get("field", "")
    with pooled() as conn:
        field = shared_fields(conn).get(name)
        if field is None:
            raise RecordRejected(_("Choose a field to change."))
        sent: Any = request.POST.get("value", "")
        value = read_trait(field, request.POST.getlist("value") if field.kind is FieldKind.CHOICES else sent)
        companies, address = _picked(conn, request)
        act = uuid4()
        n, is_seen = correct_companies(conn, companies, {name: value}, act=act, acting_user=name_of(request.user))
    text = ngettext("%(n)s company changed.", "%(n)s companies changed.", n) % {"n": f"{n:,}"}
    if not is_seen:
        text += " " + _("It is to be seen in some seconds.")
    messages.success(request, text, extra_tags=f"/companies/acts/{act}/undo")
    return go(request, address)


@requires(Permission.EDIT_PEOPLE)
@require_safe
def bulk_input(request: HttpRequest) -> HttpResponse:
    """For the bar of selected companies: the input of the `field` that is to be changed."""
    with pooled() as conn:
        field = shared_fields(conn).get(request.GET.get("field", ""))
        if field is None:
            raise RecordMissing(_("This field can't be changed for many at once."))
        one = input_of_trait(field, None, choices_of(conn))
    return render(request, "crm/control.html", {"one": one, "field": field, "name": "value"})


@requires(Permission.EDIT_PEOPLE)
@require_POST
def undo(request: HttpRequest, act: UUID) -> HttpResponse:
    """Says again what was said before, of which nothing else was said since; back to the list."""
    with pooled() as conn:
        n, _is_seen = undo_companies(conn, act, acting_user=name_of(request.user))
    said = ngettext("Undone for %(n)s company.", "Undone for %(n)s companies.", n)
    messages.success(request, said % {"n": f"{n:,}"})
    return go(request, came_from(request, _PAGE))


def _picked(conn: Connection[Any], request: HttpRequest) -> tuple[list[int], str]:
    """The selected companies, or all in the list; and its address. Raises RecordRejected for none and too many."""
    state, ids = asked_for(request, open_companies(conn, request))
    if ids is None:
        asking = companies_asking(conn, request)
        ids = hashes_in(conn, asking, state, datetime.now(UTC), cap=MOST_CORRECTED + 1)
    if not ids:
        raise RecordRejected(_("No company is selected."))
    if len(ids) > MOST_CORRECTED:
        most = {"n": f"{MOST_CORRECTED:,}"}
        raise RecordRejected(_("More than %(n)s companies match. Narrow the list down, then repeat.") % most)
    return ids, f"{_PAGE}?{request.POST.get('address', '')}"
