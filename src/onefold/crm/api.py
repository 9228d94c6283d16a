"""The slice's door: how amounts are shown."""

from onefold.crm.shown import money as amount_text

__all__ = ["amount_text"]
