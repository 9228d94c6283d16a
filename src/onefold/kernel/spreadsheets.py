"""What spreadsheets make of a cell of CSV."""

import re
from typing import Final

_BEGINNINGS: Final = ("=", "+", "-", "@", "\t", "\r")
_HARMLESS: Final = re.compile(r"[+-]?\d[\d ]*(\.\d+)?")


def is_formula(text: str) -> bool:
    """Whether it may be taken for one: whoever opens the file would run it. Numbers, of phones too, are none.

    OWASP, CSV injection.
    """
    return text.startswith(_BEGINNINGS) and not _HARMLESS.fullmatch(text)
