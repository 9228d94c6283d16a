"""What a deal is made up of: products and free lines, and the amount that follows from them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, NoReturn

from django.utils.translation import gettext as _

from onefold.crm.errors import RecordRejected
from onefold.crm.parts import QUERIES, Part, item_ids
from onefold.crm.rules import Draft, Writing, row_of

CENT: Final = Decimal("0.01")
MOST_AT_ONCE: Final = 20_000
"""Items of one call: its statement is held in memory."""
_MOST: Final = Decimal(10) ** 9
_MOST_SUM: Final = Decimal(10) ** 15
_DECIMALS: Final = {"quantity": 3, "discount": 2}


def sum_of(item: Mapping[str, Any]) -> Decimal:
    """What a line costs: quantity by price without the discount (percent), to the cent."""
    whole: Decimal = item["quantity"] * item["price"] * (100 - item["discount"]) / 100
    return whole.quantize(CENT, rounding=ROUND_HALF_UP)


def total_of(items: Iterable[Mapping[str, Any]]) -> Decimal:
    """The sum of all lines, each to the cent."""
    return sum(map(sum_of, items), Decimal("0.00"))


def prepare_items(writing: Writing, drafts: Sequence[Draft], home: str, rates: Mapping[str, Decimal]) -> None:
    """Fills in what wasn't said of items, and makes the amounts follow. Raises RecordRejected.

    `rates`: of the workspace's currency so many are one of each. What is said of an item with an `id` changes it, and
    the rest of it stays; a product says name and price of a new one.
    """
    told = [draft for draft in drafts if draft.after.get("items") != draft.old("items") and draft.after.get("items")]
    if sum(len(draft.after["items"]) for draft in told) > MOST_AT_ONCE:
        raise RecordRejected(_("Up to %(n)s products may be written at once.") % {"n": f"{MOST_AT_ONCE:,}"})
    products = _products(writing, told)
    fresh: list[Part] = []
    for draft in told:
        draft.after["currency"] = draft.after["currency"] or home
        known = {one["id"]: one for one in draft.old("items") or ()}
        try:
            draft.after["items"] = [
                _whole(one, known, products, draft.after["currency"], rates, is_undo=writing.is_undo)
                for one in draft.after["items"]
            ]
        except _ItemRejected as fault:
            raise RecordRejected(str(fault), {"items": str(fault)}, row=row_of(draft, drafts)) from fault
        fresh += [one for one in draft.after["items"] if one["id"] is None]
    for one, number in zip(fresh, item_ids(writing.conn, len(fresh)), strict=True):
        one["id"] = number
    for draft in drafts:
        if draft.after.get("items"):
            _add_up(writing, draft, drafts)


def _add_up(writing: Writing, draft: Draft, drafts: Sequence[Draft]) -> None:
    total = total_of(draft.after["items"])
    if abs(total) >= _MOST_SUM:
        said = _("The sum must lie below 10¹⁵.")
        raise RecordRejected(said, {"items": said}, row=row_of(draft, drafts))
    if draft.is_new_value("amount") and draft.after["amount"] != total and not writing.is_undo:
        said = _("The amount is the sum of the deal's products. Change those, or take them away first.")
        raise RecordRejected(said, {"amount": said}, row=row_of(draft, drafts))
    draft.after["amount"] = total


class _ItemRejected(Exception):
    """What is wrong with an item."""


def _products(writing: Writing, drafts: Sequence[Draft]) -> dict[int, tuple[str, Decimal | None, str]]:
    ids = sorted({one["product"] for draft in drafts for one in draft.after["items"] if one.get("product")})
    rows = writing.conn.execute(QUERIES["products"], {"ids": ids}) if ids else ()
    return {row[0]: row[1:] for row in rows}


def _whole(
    given: Part,
    known: Mapping[int, Part],
    products: Mapping[int, tuple[str, Decimal | None, str]],
    currency: str,
    rates: Mapping[str, Decimal],
    *,
    is_undo: bool,
) -> Part:
    number = int(given["id"]) if given.get("id") is not None else None
    if number is not None and number not in known and not is_undo:
        _refuse(_("The deal has no item %(id)s (any more). Leave its id out for a new one.") % {"id": number})
    old = known.get(number or 0)
    if is_undo and old is None and number is not None:
        return given  # as it was, with the number that it had
    is_gone = given.pop("is_gone", False)
    if is_gone and (old is None or old["product"] != given["product"]):
        _refuse(_("There is no record “%(text)s”, or you may not see it.") % {"text": given["product"]})
    item: Part = {"id": number, "product": None, "name": "", "quantity": None, "price": None, "discount": None}
    item |= {"list_price": None, "list_currency": ""} | dict(old or {}) | given | {"id": number}
    if old is None or item["product"] != old["product"]:
        _take_over(item, given, products.get(item["product"] or 0), currency, rates)
    elif item["price"] != old["price"]:
        item |= {"list_price": None, "list_currency": ""}  # it follows from nothing any more
    return _checked(item)


def _take_over(
    item: Part,
    given: Part,
    product: tuple[str, Decimal | None, str] | None,
    currency: str,
    rates: Mapping[str, Decimal],
) -> None:
    """Name and price of its product, unless others are said; the price in the deal's currency."""
    item |= {"list_price": None, "list_currency": ""}
    if product is None:
        return
    name, price, theirs = product
    item["name"] = given.get("name") or name
    if given.get("price") is not None or price is None:
        return
    item["price"] = price
    if theirs and theirs != currency:
        missing = [one for one in (theirs, currency) if one not in rates]
        if missing:
            said = _(
                "“%(name)s” is priced in %(theirs)s, and there is no exchange rate for %(missing)s. Say its price."
            )
            _refuse(said % {"name": name[:80], "theirs": theirs, "missing": ", ".join(missing)})
        converted = (price * rates[theirs] / rates[currency]).quantize(CENT, rounding=ROUND_HALF_UP)
        item |= {"price": converted, "list_price": price, "list_currency": theirs}


def _checked(item: Part) -> Part:
    quantity = item["quantity"] if item["quantity"] is not None else Decimal(1)
    discount = item["discount"] if item["discount"] is not None else Decimal(0)
    item |= {"quantity": quantity, "discount": discount, "name": item["name"] or ""}
    if not item["name"]:
        _refuse(_("An item needs a product or a name."))
    if item["price"] is None:
        _refuse(_("“%(name)s” needs a price.") % {"name": item["name"][:80]})
    if not 0 < quantity < _MOST:
        _refuse(_("The quantity of “%(name)s” must lie above 0 and below 10⁹.") % {"name": item["name"][:80]})
    if not 0 <= discount <= 100:
        _refuse(_("The discount of “%(name)s” must lie between 0 and 100 percent.") % {"name": item["name"][:80]})
    for name, most in _DECIMALS.items():
        if item[name] != round(item[name], most):
            _refuse(_("“%(name)s”: up to %(n)d decimals are kept.") % {"name": item["name"][:80], "n": most})
    return item


def _refuse(said: str) -> NoReturn:
    raise _ItemRejected(said)
