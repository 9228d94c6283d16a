"""Exchange rates: how many of the workspace's currency are one of another. Few rows, read whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit, workspace
from onefold.crm.errors import SetupMissing, SetupRejected
from onefold.crm.objects import FieldDef, FieldKind
from onefold.crm.reckoning import QUERIES, reckon_soon
from onefold.crm.values import ValueRejected, read

MAX_RATES: Final = 200
_LEAST: Final = Decimal("0.0000000001")
_MOST: Final = Decimal(10) ** 9
_CURRENCY: Final = FieldDef(name="currency", title="", kind=FieldKind.TEXT, column="currency")
_RATE: Final = FieldDef(name="rate", title="", kind=FieldKind.NUMBER)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """`rates`: by currency, how many of `home` are one of it. `missing`: of deals, with how many can't be converted."""

    home: str
    rates: Mapping[str, Decimal]
    missing: Mapping[str, int]


def load_rates(conn: Connection[Any]) -> Rates:
    """Two statements, one of which scans the deals (300,000: a tenth of a second)."""
    home = workspace().currency
    rates = {currency: rate.normalize() for currency, rate in conn.execute(QUERIES["rates"]) if currency != home}
    return Rates(home=home, rates=rates, missing=dict(conn.execute(QUERIES["without_rate"], {"home": home}).fetchall()))


def set_rate(conn: Connection[Any], currency: object, rate: object, *, acting_user: str) -> str:
    """How many of the workspace's currency are one of this; which it was. Raises SetupRejected. Safe to repeat."""
    code, value = _currency(currency), _rate(rate)
    if code == workspace().currency:
        raise _fault("currency", _("%(code)s is the workspace's own currency.") % {"code": code})
    with conn.transaction():
        before: dict[str, Decimal] = dict(conn.execute(QUERIES["rates"]).fetchall())
        if code not in before and len(before) >= MAX_RATES:
            raise SetupRejected(_("There may be up to %(n)d rates.") % {"n": MAX_RATES})
        if before.get(code) == value:
            return code
        conn.execute(QUERIES["set_rate"], {"currency": code, "rate": value})
        reckon_soon(conn, currency=code)
        details = {"rate": [_said(before.get(code)), _said(value)]}
        audit(conn, actor=acting_user, action="rate.set", target=f"rate:{code}", details=details)
    return code


def remove_rate(conn: Connection[Any], currency: str, *, acting_user: str) -> Decimal:
    """Deals in it have no converted amount then; the rate that it had. Raises SetupMissing."""
    with conn.transaction():
        before: dict[str, Decimal] = dict(conn.execute(QUERIES["rates"]).fetchall())
        if currency not in before:
            raise SetupMissing(_("There is no rate of this currency."))
        conn.execute(QUERIES["remove_rate"], {"currency": currency})
        reckon_soon(conn, currency=currency)
        details = {"rate": [_said(before[currency]), None]}
        audit(conn, actor=acting_user, action="rate.removed", target=f"rate:{currency}", details=details)
    return before[currency].normalize()


def _currency(given: object) -> str:
    try:
        found = read(_CURRENCY, given)
    except ValueRejected as fault:
        raise _fault("currency", str(fault)) from fault
    if not found:
        raise _fault("currency", _("Write a currency by its three letters, such as EUR."))
    return str(found)


def _rate(given: object) -> Decimal:
    try:
        found: Decimal | None = read(_RATE, given)
    except ValueRejected as fault:
        raise _fault("rate", str(fault)) from fault
    if found is None or not _LEAST <= found < _MOST:
        raise _fault("rate", _("A rate is a number above zero and below a thousand millions."))
    return found.quantize(_LEAST)


def _said(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate.normalize():f}"


def _fault(what: str, said: str) -> SetupRejected:
    return SetupRejected(said, {what: said})
