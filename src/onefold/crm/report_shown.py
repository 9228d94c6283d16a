"""How figures of reports are written, in the reader's language."""

from decimal import Decimal
from typing import Final

from babel.numbers import format_decimal, format_percent
from django.utils.translation import get_language, to_locale

from onefold.crm.report_tables import Column, Figure
from onefold.crm.shown import money

NOTHING: Final = "\N{EN DASH}"
_FEW_DAYS: Final = 10


def figure_text(column: Column, figure: Figure, home: str) -> str:
    """Amounts in whole units, few days with a tenth; NOTHING where there is nothing to say."""
    value = figure.value
    locale = to_locale(get_language() or "en")
    if value is None:
        return NOTHING
    match column.kind:
        case "money":
            return money(Decimal(round(value)), home)
        case "share":
            return format_percent(value, format="#,##0.0\u202f%", locale=locale)
        case "days":
            return format_decimal(round(float(value), 1 if value < _FEW_DAYS else 0), format="#,##0.#", locale=locale)
    return format_decimal(value, locale=locale)
