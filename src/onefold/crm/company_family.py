"""Which company belongs to which: the trait `parent`, and what would make a circle of them."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.crm.labels import CompanyLabel
from onefold.infra.postgres import load_queries
from onefold.profiles.api import Company, CorrectionRejected, company_hash, load_companies, merged_companies

QUERIES: Final = load_queries("onefold.crm", "companies.sql")
MAX_DEPTH: Final = 20
MOST_CHILDREN: Final = 50


def parent_hash(space: str, said: str) -> int:
    """Of the company that another (of this space) calls its parent: `space:key`, or the key alone."""
    return company_hash(*said.partition(":")[::2]) if ":" in said else company_hash(space, said)


def parents_of(conn: Connection[Any], space: str, said: Iterable[str]) -> dict[str, CompanyLabel]:
    """What companies of a space call their parents → which these are; those that there aren't are left out."""
    wanted = {one: parent_hash(space, one) for one in said}
    known = load_companies(conn, sorted(set(wanted.values()))) if wanted else {}
    found = {said: known[h] for said, h in wanted.items() if h in known}
    return {said: CompanyLabel(space=one.space, key=one.key, title=one.title) for said, one in found.items()}


def children_of(conn: Connection[Any], company: Company) -> list[CompanyLabel]:
    """Companies that say that this is their parent, up to MOST_CHILDREN + 1 by name (index company_parent)."""
    called = [company, *merged_companies(conn, company.h)]
    given = {"spaces": [one.space for one in called], "keys": [one.key for one in called], "most": MOST_CHILDREN + 1}
    rows = conn.execute(QUERIES["children"], given)
    return [CompanyLabel(space=space, key=key, title=name or key) for space, key, name in rows]


def check_parent(conn: Connection[Any], company: Company, said: str) -> str:
    """The parent as `space:key`. Raises CorrectionRejected if there is none, or it is the company itself or below it.

    Up to MAX_DEPTH look-ups.
    """
    path = [company.title]
    own = {company.h, *(one.h for one in merged_companies(conn, company.h))}
    at: Company | None = None
    following, space = said, company.space
    for _step in range(MAX_DEPTH):
        h = parent_hash(space, following)
        if h in own:
            if at is None:
                raise CorrectionRejected(_("A company can't be its own parent."))
            way = " → ".join(title[:60] for title in (*path[1:], company.title))
            raise CorrectionRejected(
                _("%(parent)s is below %(company)s already: %(way)s. Change that first.")
                % {"parent": path[1][:60], "company": company.title[:60], "way": way}
            )
        found = load_companies(conn, [h]).get(h)
        if found is None:
            if at is None:
                raise CorrectionRejected(_("There is no such company. Choose one of those that are offered."))
            break
        at = found
        path.append(at.title)
        above = msgspec.json.decode(at.traits or "{}").get("parent")
        if not isinstance(above, str) or not above:
            break
        following, space = above, at.space
    else:
        raise CorrectionRejected(_("Companies may be %(n)d deep at most.") % {"n": MAX_DEPTH})
    h = parent_hash(company.space, said)
    first = load_companies(conn, [h])[h]
    return f"{first.space}:{first.key}"
