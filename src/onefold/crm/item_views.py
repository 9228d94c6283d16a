"""What a deal is made up of, on its page: products and free lines, changed where they stand."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onefold.accounts.api import Permission, demand, requires
from onefold.crm.editing import change_things
from onefold.crm.errors import RecordRejected, StageRefused
from onefold.crm.items import sum_of, total_of
from onefold.crm.lookups import matches
from onefold.crm.objects import FieldKind
from onefold.crm.page import Asked, asked
from onefold.crm.parts import Part
from onefold.crm.records import load_record
from onefold.crm.shown import money
from onefold.crm.typed import decimal_typed
from onefold.crm.viewer import Doing
from onefold.infra.pool import pooled

_SAID: Final = ("name", "quantity", "price", "discount")
Make = Callable[[list[Part]], list[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """An item as the card shows it; `list_price`: what its product costs in its own currency, if that is another."""

    item: Part
    quantity: str
    price: str
    discount: str
    total: str
    list_price: str


@requires(Permission.SEE_RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def items(request: HttpRequest, number: int) -> HttpResponse:
    """The card; sent, one more: `product` or `name`, `quantity`, `price` (unless said the product's), `discount`."""
    if request.method != "POST":
        with pooled() as conn:
            return _card(request, asked(conn, request, "deal"), number)
    demand(request.user, Permission.EDIT_RECORDS)
    given = {name: text for name in ("product", *_SAID) if (text := request.POST.get(name, "").strip())}
    return _change(request, number, lambda known: [*_kept(known), given], is_new=True)


@requires(Permission.EDIT_RECORDS)
@require_POST
def change(request: HttpRequest, number: int, item: int) -> HttpResponse:
    """Another name, quantity, price or discount."""
    given = {name: request.POST[name] for name in _SAID if name in request.POST}
    return _change(request, number, lambda known: [_with(one, item, given) for one in known])


@requires(Permission.EDIT_RECORDS)
@require_POST
def move(request: HttpRequest, number: int, item: int) -> HttpResponse:
    """A line up, or (`down`) down."""

    def make(known: list[Part]) -> list[dict[str, Any]]:
        place = next((n for n, one in enumerate(known) if one["id"] == item), None)
        if place is None:
            raise Http404
        found = _kept(known)
        found.insert(max(0, place + (1 if "down" in request.POST else -1)), found.pop(place))
        return found

    return _change(request, number, make)


@requires(Permission.EDIT_RECORDS)
@require_POST
def remove(request: HttpRequest, number: int, item: int) -> HttpResponse:
    """A line away; the toast brings it back."""
    return _change(request, number, lambda known: _kept([one for one in known if one["id"] != item]), is_removed=True)


@requires(Permission.SEE_RECORDS)
@require_safe
def look_up(request: HttpRequest) -> HttpResponse:
    """Which products `q` may mean."""
    query = request.GET.get("q", "")[:200]
    with pooled() as conn:
        given = asked(conn, request, "deal")
        found = matches(conn, given.asking, FieldKind.RECORD, "product", query)
    return render(request, "crm/options.html", {"matches": found, "query": query})


def said_with(response: HttpResponse, act: UUID, text: str = "") -> HttpResponse:
    """Tells the page that the record changed; with `text` by a toast that takes it back."""
    toast = {"toast": {"text": text, "undo": f"/acts/{act}/undo"}} if text else {}
    response["HX-Trigger"] = json.dumps({"record-changed": True, "items-changed": True} | toast)
    return response


def _kept(known: list[Part]) -> list[dict[str, Any]]:
    return [{"id": one["id"]} for one in known]


def _with(one: Part, item: int, given: Mapping[str, str]) -> dict[str, Any]:
    return {"id": one["id"], **(given if one["id"] == item else {})}


def _change(
    request: HttpRequest, number: int, make: Make, *, is_new: bool = False, is_removed: bool = False
) -> HttpResponse:
    with pooled() as conn:
        given = asked(conn, request, "deal")
        if "items" not in given.kind.by_name:
            raise Http404
        try:
            done = change_things(conn, given.kind, number, "items", make, asking=given.asking)
        except StageRefused:
            raise
        except RecordRejected as fault:  # an answer to the form, beside which it is read
            return _card(request, given, number, str(fault), request.POST if is_new else {})
        response = _card(request, given, number)
    return said_with(response, done.act, _("Removed from the deal.") if is_removed else "")


def _card(
    request: HttpRequest, given: Asked, number: int, fault: str = "", typed: Mapping[str, Any] | None = None
) -> HttpResponse:
    row = load_record(given.conn, given.kind, number, viewer=given.asking.viewer)
    field = given.kind.by_name.get("items")
    if field is None:
        return HttpResponse("")
    found: list[Part] = row.values["items"]
    currency = row.values["currency"]
    gross = sum((one["quantity"] * one["price"] for one in found), Decimal(0)).quantize(Decimal("0.01"))
    total = total_of(found)
    context = {
        "row": row,
        "lines": [
            Line(
                item=one,
                quantity=decimal_typed(one["quantity"]),
                price=decimal_typed(one["price"]),
                discount=decimal_typed(one["discount"]),
                total=money(sum_of(one), currency),
                list_price=money(one["list_price"], one["list_currency"]) if one["list_currency"] else "",
            )
            for one in found
        ],
        "total": money(total, currency),
        "discount": money(total - gross, currency) if total != gross else "",
        "currency": currency,
        "may_edit": given.may(Doing.EDIT, row) and not field.is_read_only,
        "may_add_product": asked(given.conn, request, "product").is_editor,
        "fault": fault,
        "typed": typed or {},
    }
    return render(request, "crm/items.html", context)
