"""What a person, or the people of a company, bought: a card on their page, a table of its own, CSV."""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, audit, name_of, requires
from onefold.crm.company_fields import company_url
from onefold.crm.company_merging import company_at
from onefold.infra.pool import pooled
from onefold.kernel.spreadsheets import is_formula
from onefold.profiles.api import Purchase, Purchases, fragments_of, fragments_of_people, people_of, purchases_of

PAGE_SIZE: Final = 50
MOST_SHOWN: Final = 3
MOST_PEOPLE: Final = 500
"""Of a company, those that were seen last."""


@requires(Permission.SEE_PEOPLE)
@require_safe
def card(request: HttpRequest, of: str, identifier: str) -> HttpResponse:
    """Totals and the latest orders; nothing where nobody bought anything."""
    with pooled() as conn:
        found = _bought(conn, of, identifier)[0]
    if not found.orders:
        return HttpResponse("")
    context = {
        "bought": found,
        "orders": found.orders[:MOST_SHOWN],
        "url": f"/purchases/{of}/{_in_address(identifier)}",
    }
    return render(request, "crm/purchases_card.html", context)


@requires(Permission.SEE_PEOPLE)
@require_safe
def purchases(request: HttpRequest, of: str, identifier: str) -> HttpResponse:
    """Every order in a table, PAGE_SIZE a page (`?page=`)."""
    with pooled() as conn:
        found, back, title = _bought(conn, of, identifier)
    page = Paginator(found.orders, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "bought": found, "page": page, "back": back, "whose": title,
        "csv": f"/purchases/csv/{of}/{_in_address(identifier)}",
    }  # fmt: skip
    return render(request, "crm/purchases.html", context)


@requires(Permission.EXPORT_PEOPLE)
@require_safe
def as_csv(request: HttpRequest, of: str, identifier: str) -> HttpResponse:
    """Every order, a line each; no cell is a formula."""
    with pooled() as conn:
        found = _bought(conn, of, identifier)[0]
        details = {"n": len(found.orders)}
        audit(conn, actor=name_of(request.user), action="purchases.exported", target=f"{of}:", details=details)
    response = HttpResponse(_lines(found.orders), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="orders.csv"'
    return response


def _bought(conn: Connection[Any], of: str, identifier: str) -> tuple[Purchases, str, str]:
    """What they bought, their page and what it is called. Raises Http404, NotFound."""
    if of == "person":
        fragments = fragments_of(conn, identifier)
        return purchases_of(conn, fragments), f"/people/{quote(identifier, safe='')}", _("Person")
    if of != "company":
        raise Http404
    company = company_at(conn, identifier)
    people = people_of(conn, company, MOST_PEOPLE)
    found = purchases_of(conn, fragments_of_people(conn, [one.id for one in people]))
    return found, company_url(company.space, company.key), company.name.strip() or company.key


def _lines(orders: Iterable[Purchase]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("number", "date", "products", "amount", "refunded", "net", "currency"))
    for one in orders:
        products = "; ".join(f"{line.quantity or 1} x {line.name}" for line in one.products)
        cells = (one.number, one.ts.isoformat() if one.ts else "", products)
        plain = (one.amount, one.refunded, one.net)
        writer.writerow((*map(_cell, cells), *(f"{amount:f}" for amount in plain), _cell(one.currency)))
    return text.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if is_formula(text) else text


def _in_address(identifier: str) -> str:
    return quote(identifier, safe=":")
