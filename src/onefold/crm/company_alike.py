"""Whether a company is there already: under the same domain, or by nearly the same name."""

from typing import Any, Final

from psycopg import Connection

from onefold.crm.company_names import core_of_company
from onefold.crm.domains import DOMAIN_SQL, domain_of, is_free_mail
from onefold.infra.postgres import load_queries
from onefold.profiles.api import Company, load_companies

QUERIES: Final = {
    name: text.replace("{domain}", DOMAIN_SQL.format(traits="traits"))
    for name, text in load_queries("onefold.crm", "companies.sql").items()
}
MOST: Final = 5
_LOOKED_AT: Final = 20
_ALIKE: Final = 0.6
"""Of pg_trgm's similarity, from 0 to 1: `Fjordland Resort` and `Fjordland Resorts` have .85."""


def companies_alike(conn: Connection[Any], name: str, domain: str) -> list[Company]:
    """Up to MOST companies that may be the one with this name and domain; the same domain first. Three statements."""
    found: list[int] = []
    wanted = domain_of(domain)
    if wanted and not is_free_mail(wanted):
        rows = conn.execute(QUERIES["at_domain"], {"domain": wanted, "most": MOST})
        found += [h for (h,) in rows]
    text = " ".join(name.replace("\0", "").lower().split())[:200]
    if text:
        core = core_of_company(text)
        rows = conn.execute(QUERIES["like_name"], {"name": text, "most": _LOOKED_AT})
        found += [
            h for h, known, alike in rows if alike >= _ALIKE or (core and core_of_company(known.lower()[:200]) == core)
        ]
    hashes = list(dict.fromkeys(found))[:MOST]
    known = load_companies(conn, hashes)
    return list({known[h].h: known[h] for h in hashes if h in known}.values())
