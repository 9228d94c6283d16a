"""Audiences of companies as pages and the API show them: rows out, nothing decided."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.audiences.shown import FIRST, KINDS, LAST, MAX_PAGE, ShownChange, page_of
from onefold.audiences.shown import QUERIES as OF_PEOPLE
from onefold.infra.arrays import bigints, integers
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.audiences", "company_queries.sql")


class CompanyMember(NamedTuple):
    """A company that is in. `people`: how many belong to it. Of one that is no more all but its hash is None."""

    h: int
    since: datetime
    space: str | None
    key: str | None
    name: str | None
    last_seen: datetime | None
    people: int

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name or self.key or ""

    @property
    def identifier(self) -> str:
        """As its page and the API have it: `space:key`."""
        return f"{self.space or ''}:{self.key or ''}"


def list_company_members(
    conn: Connection[Any], number: int, after: int = FIRST, limit: int = 100
) -> list[CompanyMember]:
    """By hash, from behind `after`. Cost: also 0.2 µs for each of their people."""
    parameters = {"id": number, "after": after, "limit": min(limit, MAX_PAGE)}
    query = QUERIES["members"].format(page=page_of(conn, number, parameters["limit"]))
    return [CompanyMember(*row) for row in conn.execute(query, parameters)]


def list_company_changes(
    conn: Connection[Any], number: int, before: int = LAST, limit: int = 100, kinds: Collection[int] = ()
) -> list[ShownChange]:
    """As `list_changes`; `company` says which."""
    asked = [int(one) for one in kinds] or KINDS
    parameters = {"id": number, "before": before, "limit": min(limit, MAX_PAGE), "kinds": asked}
    query = QUERIES["changes"].format(newest=OF_PEOPLE["newest"])
    return [ShownChange(*row) for row in conn.execute(query, parameters)]


def audiences_of_company(conn: Connection[Any], h: int) -> list[tuple[int, str, datetime]]:
    """Which audiences a company is in: id, name, since when."""
    return conn.execute(QUERIES["of_company"], {"h": h}).fetchall()


def companies_shown(conn: Connection[Any], ids: Collection[int]) -> list[CompanyMember]:
    """These, as far as they are there; `since` is when they were last seen."""
    rows = conn.execute(QUERIES["sample"], {"ids": bigints(list(ids))})
    return [CompanyMember(h, seen, space, key, name, seen, n) for h, space, key, name, seen, n in rows]


def reach_of_companies(conn: Connection[Any], ids: Collection[int]) -> tuple[int, int, int]:
    """How many people belong to these, have an e-mail address, have a phone number."""
    if not ids:
        return 0, 0, 0
    people, with_email, with_phone = conn.execute(QUERIES["reach"], {"ids": bigints(list(ids))}).fetchone() or (0, 0, 0)
    return people, with_email, with_phone


def count_of_person(conn: Connection[Any], profile_id: int, audiences: Collection[int]) -> dict[int, int]:
    """How many people of somebody's company are in these audiences now. Cost: 3 µs for each of the company's people."""
    if not audiences:
        return {}
    parameters = {"id": profile_id, "audiences": integers(sorted(audiences))}
    return dict(conn.execute(QUERIES["count_of_person"], parameters).fetchall())


def companies_waiting_in(conn: Connection[Any], number: int) -> int:
    """While an audience is being filled: companies yet to be looked at, a million at most."""
    (count,) = conn.execute(QUERIES["progress"], {"id": number}).fetchone() or (0,)
    return int(count)
