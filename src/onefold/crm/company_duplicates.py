"""Companies that may be one: found by what they share, seconds behind the processor."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.crm.company_names import compared_name
from onefold.crm.domains import domain_of, is_free_mail
from onefold.crm.pairing import FIRST_PLACE, PAGE_SIZE, Key, Pairing, Place
from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries
from onefold.kernel.hashing import identifier_hash
from onefold.profiles.api import Company, IdentifierRejected, Names, load_companies, names_in_force

QUERIES: Final = load_queries("onefold.crm", "company_duplicates.sql")
_COMPANIES: Final = Pairing(keys="company_duplicate_key", pairs="company_duplicate_pair", id_column="company")
_PIECE: Final = 2_000
_MAX_STEPS: Final = 50
log = get_logger(__name__)


class CompanySign(IntEnum):
    """What two companies share. Numbers add up to a set, and the larger it is, the likelier they are one."""

    NAME = 1
    PHONE = 2
    DOMAIN = 4


class KnownCompany(NamedTuple):
    """What is said of a company; None or empty = nothing."""

    h: int
    name: str
    domain: str | None
    phone: str | None


@dataclass(frozen=True, kw_only=True)
class CompanyPair:
    """Two companies that may be one, and what they share."""

    a: Company
    b: Company
    signs: tuple[CompanySign, ...]
    place: Place

    def other(self, company: int) -> Company:
        """Which one a company (hash) may be."""
        return self.b if self.a.h == company else self.a


def find_company_duplicates(conn: Connection[Any]) -> int:
    """Looks at the companies that changed; at how many.

    Up to _MAX_STEPS steps, each a transaction. Safe to repeat, to kill, and to run twice at once.
    """
    looked_at = 0
    names = names_in_force(conn)
    for _step in range(_MAX_STEPS):
        with conn.transaction():
            hashes = sorted({h for (h,) in conn.execute(QUERIES["take"], {"most": _PIECE})})
            if not hashes:
                break
            _look_at(conn, names, hashes)
        looked_at += len(hashes)
    if looked_at:
        log.debug("companies_compared", count=looked_at)
    return looked_at


def look_at_companies(conn: Connection[Any], hashes: Collection[int]) -> None:
    """Looks at these companies now."""
    with conn.transaction():
        _look_at(conn, names_in_force(conn), sorted(set(hashes)))


def compare_all_companies(conn: Connection[Any]) -> None:
    """All are looked at again by the next steps."""
    conn.execute(QUERIES["compare_all"])


def company_pairs(conn: Connection[Any], after: Place | None = None) -> tuple[list[CompanyPair], bool]:
    """A page of companies that may be one, the likeliest first, and whether there are more."""
    kinds, a, b = after or FIRST_PLACE
    asked = {"kinds": kinds, "a": a, "b": b, "limit": PAGE_SIZE + 1}
    rows = conn.execute(QUERIES["pairs"], asked).fetchall()
    return _pairs(conn, rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE


def pairs_of_company(conn: Connection[Any], company: int, most: int = 3) -> list[CompanyPair]:
    """Which ones a company (hash) may be, the likeliest first."""
    return _pairs(conn, conn.execute(QUERIES["pairs_of"], {"company": company, "limit": most}).fetchall())


def company_signs(conn: Connection[Any], a: int, b: int) -> tuple[CompanySign, ...]:
    """What two companies (hashes) share now."""
    return _signs(_COMPANIES.shared(conn, a, b))


def keys_of_company(names: Names, known: KnownCompany) -> Iterator[Key]:
    """Every sign that a company has. Pure."""
    if name := compared_name(known.name):
        yield _key(CompanySign.NAME, name)
    domain = domain_of(known.domain or "")
    if domain and not is_free_mail(domain):
        yield _key(CompanySign.DOMAIN, domain)
    if known.phone and (number := _number(names, known.phone)):
        yield _key(CompanySign.PHONE, number)


def _number(names: Names, phone: str) -> str:
    try:
        return names.identifier(f"phone:{phone}").value
    except IdentifierRejected:  # a trait that only is called so
        return ""


def _key(kind: CompanySign, text: str) -> Key:
    return Key(identifier_hash(f"company-duplicate:{kind.name}", text), kind)


def _look_at(conn: Connection[Any], names: Names, hashes: Sequence[int]) -> None:
    conn.execute(QUERIES["alone"])
    rows = conn.execute(QUERIES["known"], {"hashes": list(hashes)})
    now = {row[0]: set(keys_of_company(names, KnownCompany(*row))) for row in rows}
    _COMPANIES.bring_up(conn, hashes, now)


def _pairs(conn: Connection[Any], rows: Collection[tuple[int, int, int]]) -> list[CompanyPair]:
    known = load_companies(conn, sorted({h for a, b, _kinds in rows for h in (a, b)}))
    return [
        CompanyPair(a=known[a], b=known[b], signs=_signs(kinds), place=(kinds, a, b))
        for a, b, kinds in rows
        if a in known and b in known
    ]


def _signs(kinds: int) -> tuple[CompanySign, ...]:
    return tuple(sign for sign in sorted(CompanySign, reverse=True) if kinds & sign)
