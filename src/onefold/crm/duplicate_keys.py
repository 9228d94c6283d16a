"""By what people may be one: the same phone, the same mailbox written otherwise, the same name at the same company."""

import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from onefold.crm.domains import domain_of, is_free_mail
from onefold.crm.pairing import Key
from onefold.kernel.hashing import identifier_hash
from onefold.profiles.api import IdentifierRejected, Names

_DOTLESS: Final = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domains at which dots in front of the @ mean nothing, and what they are also called (Google's help page on dots)."""
_MOST: Final = 200
"""Characters of a name or address that are looked at."""


class Sign(IntEnum):
    """What two people share. Numbers add up to a set, and the larger it is, the likelier they are one."""

    DOMAIN = 1
    NAME = 2
    MAILBOX = 4
    PHONE = 8


class Known(NamedTuple):
    """What a profile says of somebody; empty = not known. `company` is a hash."""

    id: int
    name: str
    email: str
    phone: str
    company: int | None


def keys_of(names: Names, known: Known) -> Iterator[Key]:
    """Every sign that somebody has. Pure."""
    if mailbox := mailbox_of(known.email):
        yield _key(Sign.MAILBOX, mailbox)
    if known.phone and (number := _number(names, known.phone)):
        yield _key(Sign.PHONE, number)
    name, domain = name_of(known.name), domain_of(known.email[:_MOST].rpartition("@")[2])
    if name and known.company is not None:
        yield _key(Sign.NAME, f"{name}@{known.company}")
    if name and domain and not is_free_mail(domain):
        yield _key(Sign.DOMAIN, f"{name}@{domain}")


def mailbox_of(email: str) -> str:
    """An address without what doesn't change where a letter goes: case, what follows a +, dots at Google."""
    local, _at, domain = email[:_MOST].strip().casefold().rpartition("@")
    local = local.partition("+")[0]
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), _DOTLESS[domain]
    return f"{local}@{domain}" if local and domain else ""


def name_of(name: str) -> str:
    """A name of two words or more, whatever their order, case and accents; empty for less, which many share."""
    plain = unicodedata.normalize("NFKD", name[:_MOST].casefold())
    words = re.findall(r"\w+", "".join(one for one in plain if not unicodedata.combining(one)))
    return " ".join(sorted(words)) if len(words) > 1 else ""


def _number(names: Names, phone: str) -> str:
    try:
        return names.identifier(f"phone:{phone}").value
    except IdentifierRejected:  # a trait that only is called so
        return ""


def _key(kind: Sign, text: str) -> Key:
    return Key(identifier_hash(f"duplicate:{kind.name}", text), kind)
