"""How amounts of money are shown."""

from decimal import Decimal

from django import template

from onefold.crm.api import amount_about, amount_text

register = template.Library()


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """An amount in the reader's language, as records show theirs."""
    return amount_text(amount, currency)


@register.filter
def money_about(amount: Decimal | None, currency: str) -> str:
    """An amount in whole units, where its size is what counts: sums, cards of a board."""
    return amount_about(amount, currency)
