"""Domains of companies and of e-mail addresses. Pure."""

import re
from functools import cache
from importlib.resources import files
from typing import Final

MAX_DOMAIN: Final = 255
_BEFORE: Final = re.compile(r"^(https?://)?(www\.)?")
_DOMAIN: Final = re.compile(r"(?=.{4,253}$)(?:[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
DOMAIN_SQL: Final = (
    "left(split_part(regexp_replace(lower(btrim({traits} ->> 'domain')),"
    r" '^(https?://)?(www\.)?', ''), '/', 1), 255)"
)
"""Of a company's traits, as the index `company_domain` has it."""


def domain_of(text: str) -> str:
    """`https://www.Acme.com/about` → `acme.com`; empty when it is none. `xn--…` as it is read: addresses are, too."""
    found = _BEFORE.sub("", text[:500].strip().lower()).partition("/")[0][:MAX_DOMAIN].rstrip(".")
    if "xn--" in found and found.isascii():
        try:
            found = found.encode().decode("idna")
        except UnicodeError:
            return ""
    return found if _DOMAIN.fullmatch(found) else ""


def is_free_mail(domain: str) -> bool:
    """Whether anybody gets an e-mail address there."""
    return domain in _free_mail()


@cache
def _free_mail() -> frozenset[str]:
    lines = (files("onefold.crm") / "free_mail.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
