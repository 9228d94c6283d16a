"""Take records and companies out as a file."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onefold.accounts.api import Permission, requires
from onefold.crm.company_listed import check_sort, companies_asking, open_companies
from onefold.crm.company_query import count_companies
from onefold.crm.errors import RecordRejected
from onefold.crm.exporting import Wanted, company_rows, count_of, fields_of, question_of, record_rows
from onefold.crm.listed import open_records
from onefold.crm.page import asked
from onefold.infra.pool import pooled
from onefold.lists.api import UNFILTERED, ListState, OpenList, shown_columns, state_of
from onefold.profiles.api import MAX_AT_ONCE, Taken, format_named, take_out

_TEXTS = 30 * MAX_AT_ONCE


@requires(Permission.EXPORT_PEOPLE)
@require_POST
def records(request: HttpRequest, object_name: str) -> HttpResponse:
    """The records of `ids` (by commas), or with `all` the list at `address`, as `format`, with its columns or all."""
    made = format_named(request.POST.get("format", "csv"))
    has_all = request.POST.get("columns") == "all"
    with pooled() as conn:
        given = asked(conn, request, object_name)
        state, ids = asked_for(request, open_records(conn, request, object_name=object_name))
        question = question_of(given.asking, given.kind, state)
        wanted = Wanted(question=question, fields=fields_of(given.kind, state, has_all=has_all), ids=ids)
        taken = Taken(
            state=state,
            ids=ids,
            count=count_of(conn, wanted, cap=MAX_AT_ONCE),
            format=made,
            action="records.exported",
            rows=lambda reader: record_rows(reader, wanted, cap=MAX_AT_ONCE),
            has_all_columns=has_all,
        )
        return take_out(conn, request, taken)


@requires(Permission.EXPORT_PEOPLE)
@require_POST
def companies(request: HttpRequest) -> HttpResponse:
    """As `records`, of companies, with the columns that the list shows."""
    made = format_named(request.POST.get("format", "csv"))
    with pooled() as conn:
        asking = companies_asking(conn, request)
        state, ids = asked_for(request, open_companies(conn, request))
        check_sort(state)
        taken = Taken(
            state=state,
            ids=ids,
            count=count_companies(conn, asking, state, cap=MAX_AT_ONCE) if ids is None else len(ids),
            format=made,
            action="companies.exported",
            rows=lambda reader: company_rows(reader, asking, state, ids=ids, cap=MAX_AT_ONCE),
        )
        return take_out(conn, request, taken)


def asked_for(request: HttpRequest, one: OpenList) -> tuple[ListState, list[int] | None]:
    """The list, and which of it; None = all. Raises RecordRejected."""
    address: Any = QueryDict(request.POST.get("address", ""))
    state = state_of(one.kind, address)
    state = replace(state, columns=shown_columns(state, one.fields))
    if request.POST.get("all") == "yes":
        return state, None
    texts = request.POST.get("ids", "")[:_TEXTS].split(",")
    ids = sorted({int(text) for text in texts if _is_number(text)})
    if not 0 < len(ids) <= MAX_AT_ONCE:
        raise RecordRejected(_("Select from 1 to %(most)s records, or the whole list.") % {"most": f"{MAX_AT_ONCE:,}"})
    return replace(state, query="", tree=UNFILTERED), ids


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")  # companies' are hashes
    return digits.isascii() and digits.isdigit() and len(digits) < 20 and -(1 << 63) <= int(text) < 1 << 63
