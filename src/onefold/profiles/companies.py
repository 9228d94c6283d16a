"""Companies, from `group` calls and events of their own: one row each, who was seen in it, and what was said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE, Kind
from onefold.infra.postgres import load_queries
from onefold.kernel.hashing import company_hash
from onefold.lake.cold import warm_up
from onefold.profiles.fold import Claims, merge, unpack
from onefold.profiles.timeline import PAGE_SIZE, Place, TimelinePage, timeline_page

QUERIES = load_queries("onefold.profiles", "companies.sql")
MAX_GROUP_EVENTS: Final = 10_000
MAX_MERGED: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Company:
    """A company and its current traits (a JSON object)."""

    h: int
    space: str
    key: str
    name: str
    traits: str
    n: int
    first_seen: datetime
    last_seen: datetime

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name or self.key


@dataclass(frozen=True, kw_only=True)
class Membership:
    """That a person was seen in a company; times in µs."""

    h: int
    space: str
    key: str
    title: str
    first_ts: int
    last_ts: int


@dataclass(frozen=True, kw_only=True)
class CompanyPerson:
    """Somebody who was seen in a company; time in µs. `is_primary`: it is the one they were seen in last."""

    id: int
    title: str
    last_ts: int
    is_primary: bool


def find_company(conn: Connection[Any], space: str, key: str) -> Company | None:
    """The company with this group id in this space, or the one it was merged into; None if no event named it."""
    row = conn.execute(QUERIES["company"], {"h": company_hash(space, key)}).fetchone()
    if row is None or (row[-2], row[-1]) != (space, key):
        return None
    return _company(row[:-2])


def claims_of_company(conn: Connection[Any], space: str, key: str) -> Claims | None:
    """What each source last said of each trait of it and of what was merged into it; None if no event named it. Cost: a
    row of each."""
    h = company_hash(space, key)
    rows = conn.execute(QUERIES["claims"], {"h": h}).fetchall()
    if not any(row == (space, key, row[2], h) for row in rows):
        return None
    return merge(unpack(row[2]) for row in rows)


def company_timeline(
    conn: Connection[Any], space: str, key: str, after: Place | None = None, limit: int = PAGE_SIZE
) -> TimelinePage:
    """The newest events of a company's own after a place, and of what was merged into it: what was said of it without
    naming anybody. Two statements.

    Cost: as `timeline_page` of a fragment each (index on fragment, ts).
    """
    h = company_hash(space, key)
    return timeline_page(conn, [h, *(one.h for one in merged_companies(conn, h))], after=after, limit=limit)


def load_companies(conn: Connection[Any], hashes: list[int]) -> dict[int, Company]:
    """By hash those that there are: what was merged into another is that one (primary key)."""
    rows = conn.execute(QUERIES["companies"], {"hashes": hashes})
    return {row[0]: _company(row[1:]) for row in rows}


def companies_by_themselves(conn: Connection[Any], hashes: list[int]) -> dict[int, Company]:
    """By hash those that there are, also what was merged into another (primary key)."""
    return {row[0]: _company(row) for row in conn.execute(QUERIES["themselves"], {"hashes": hashes})}


def merged_companies(conn: Connection[Any], h: int, most: int = MAX_MERGED) -> list[Company]:
    """What was merged into a company, each as it is by itself, by name (index on head)."""
    return [_company(row) for row in conn.execute(QUERIES["merged"], {"h": h, "most": most})]


def _company(row: Sequence[Any]) -> Company:
    names = ("h", "space", "key", "name", "traits", "n", "first_seen", "last_seen")
    return Company(**dict(zip(names, row, strict=True)))


def companies_of(conn: Connection[Any], fragments: list[int]) -> list[Membership]:
    """Companies these fragments were seen in, at most 100, the latest first."""
    rows = conn.execute(QUERIES["companies_of"], {"fragments": fragments})
    return [
        Membership(h=h, space=space, key=key, title=name or key, first_ts=first, last_ts=last)
        for h, space, key, name, first, last in rows
    ]


def people_of(conn: Connection[Any], company: Company, limit: int = 100) -> list[CompanyPerson]:
    """Who was seen in a company, the latest first; of more than 10,000 memberships some are left out."""
    rows = conn.execute(QUERIES["people_of"], {"h": company.h, "limit": limit})
    return [
        CompanyPerson(id=h, title=name or email or "Anonymous", last_ts=last, is_primary=is_primary)
        for h, name, email, last, is_primary in rows
    ]


def messages_about(
    conn: Connection[Any], fragments: Sequence[int], company: Company, spaces: Mapping[int, str]
) -> list[tuple[int, str]]:
    """The group events of these fragments that name a company, or one that was merged into it: source and message id,
    the latest MAX_GROUP_EVENTS.

    `spaces`: the user space of each source. Cost: the group events of the fragments (index on fragment, ts).
    """
    warm_up(conn, list(fragments))
    given = {"fragments": list(fragments), "kind": int(Kind.GROUP), "most": MAX_GROUP_EVENTS}
    keys = {(one.space, one.key) for one in (company, *merged_companies(conn, company.h))}
    found = []
    for source, message, body in conn.execute(QUERIES["group_events"], given):
        said = msgspec.json.decode(body)
        named = said.get("space", "") if source == INTERNAL_SOURCE else spaces.get(source, "")
        if (named or "", str(said.get("groupId"))) in keys:
            found.append((source, message))
    return found
