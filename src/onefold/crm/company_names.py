"""Names of companies, as they are compared. Pure."""

import re
import unicodedata
from typing import Final

_FORMS: Final = re.compile(
    r"\b(gmbh|ag|kg|ug|se|mbh|co|inc|llc|llp|ltd|limited|plc|corp|corporation|company|srl|sa|sas|sarl|spa|bv|nv|ab|as|"
    r"asa|oy|oyj|aps|a/s|s\.?r\.?l|s\.?a|sp\. z o\.?o|kft|d\.?o\.?o|pty|pte)\b\.?"
)
_MOST: Final = 200
"""Characters of a name that are looked at."""


def core_of_company(name: str) -> str:
    """A name in lower case, without what kind of company it is; empty if it says nothing else."""
    return " ".join(re.sub(r"[^\w\s]", " ", _FORMS.sub(" ", name.lower()[:_MOST])).split())


def compared_name(name: str) -> str:
    """The same for companies of nearly the same name: without accents and spaces."""
    text = unicodedata.normalize("NFKD", name[:_MOST].casefold())
    plain = "".join(one for one in text if not unicodedata.combining(one))
    return "".join(core_of_company(plain).split())
