"""Audiences as pages and the API show them: rows out, nothing decided."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection

from onefold.audiences.actions import key_of_computed
from onefold.audiences.live import read_rule
from onefold.audiences.membership import Kind
from onefold.audiences.rules import Computed
from onefold.audiences.states import load_stored
from onefold.filters.api import Node
from onefold.infra.arrays import bigints
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound

QUERIES: Final = load_queries("onefold.audiences", "queries.sql")
MAX_PAGE: Final = 1_000
FIRST: Final = -(2**63)
LAST: Final = 2**63 - 1
MAX_ID: Final = 2**31 - 1
KINDS: Final = [int(kind) for kind in Kind]


class ShownAudience(NamedTuple):
    """An audience with how many are in, and how many entered and left today and on the six days before (of UTC).

    `retry_at`: of one that could not be filled, when that is tried again. `purpose`: of companies "".
    """

    id: int
    name: str
    description: str
    state: str
    version: int
    live_version: int | None
    rule: Node
    purpose: str
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    fault: str
    retry_at: datetime | None
    members: int
    entered: int
    left: int
    is_of_companies: bool = False

    @property
    def of(self) -> Literal["people", "companies"]:
        """What its members are."""
        return "companies" if self.is_of_companies else "people"


class Version(NamedTuple):
    """A rule that an audience had or has."""

    version: int
    rule: Node
    purpose: str
    created_at: datetime
    created_by: str


class Member(NamedTuple):
    """Somebody who is in."""

    profile_id: int
    since: datetime
    name: str | None
    email: str | None
    phone: str | None
    last_seen: datetime | None


class ShownChange(NamedTuple):
    """Somebody entered or left; see `membership.py` for `kind` and `cause`. `company`: which, of one as `space:key`."""

    position: int
    profile_id: int
    kind: int
    at: datetime
    cause: int
    event: UUID | None
    version: int
    other: int | None
    name: str | None
    email: str | None
    company: str | None = None


class ShownComputed(NamedTuple):
    """A computed trait; complete once older events are in."""

    name: str
    definition: Computed
    created_at: datetime
    created_by: str
    is_complete: bool


class ShownList(NamedTuple):
    """An uploaded list: how many identifiers, and how many people have one of them by now."""

    id: int
    name: str
    created_at: datetime
    created_by: str
    identifiers: int
    people: int


class Followed(NamedTuple):
    """A change in its place. `profile_id`: of a company its hash. `company`: `space:key` while it is there."""

    position: int
    audience: int
    profile_id: int
    kind: int
    at: datetime
    cause: int
    event: UUID | None
    version: int
    other: int | None
    is_of_companies: bool
    company: str | None


def list_audiences(conn: Connection[Any]) -> list[ShownAudience]:
    """All but those taken away, by name. Cost: 20 µs each, however many members it has."""
    return [_audience(row) for row in conn.execute(QUERIES["audiences"], {"id": None})]


def find_audience(conn: Connection[Any], number: int) -> ShownAudience:
    """Raises NotFound."""
    row = conn.execute(QUERIES["audiences"], {"id": number}).fetchone() if number <= MAX_ID else None
    if row is None:
        raise NotFound("There is no such audience.")
    return _audience(row)


def list_trashed(conn: Connection[Any]) -> list[tuple[int, str, datetime]]:
    """Id, name and when, of those taken away lately."""
    return conn.execute(QUERIES["trashed"]).fetchall()


def list_versions(conn: Connection[Any], number: int) -> list[Version]:
    """The newest first."""
    rows = conn.execute(QUERIES["versions"], {"id": number})
    return [Version(version, read_rule(rule), *rest) for version, rule, *rest in rows]


def list_members(conn: Connection[Any], number: int, after: int = FIRST, limit: int = 100) -> list[Member]:
    """By profile id, from behind `after`. Cost: as `page_of`."""
    parameters = {"id": number, "after": after, "limit": min(limit, MAX_PAGE)}
    query = QUERIES["members"].format(page=page_of(conn, number, parameters["limit"]))
    return [Member(*row) for row in conn.execute(query, parameters)]


def page_of(conn: Connection[Any], number: int, limit: int) -> str:
    """The query of a page of so many members' ids. Cost: 1 ms where many of all people are in; at most 40 ms for each
    million of people who are in any audience."""
    (are_few,) = conn.execute(QUERIES["are_few"], {"id": number, "limit": limit}).fetchone() or (False,)
    return QUERIES["page_of_few" if are_few else "page"]


def list_changes(
    conn: Connection[Any], number: int, before: int = LAST, limit: int = 100, kinds: Collection[int] = ()
) -> list[ShownChange]:
    """Who entered and left, the newest first, from before a position. `kinds`: only these (`membership.Kind`)."""
    asked = [int(one) for one in kinds] or KINDS
    parameters = {"id": number, "before": before, "limit": min(limit, MAX_PAGE), "kinds": asked}
    query = QUERIES["changes"].format(newest=QUERIES["newest"])
    return [ShownChange(*row) for row in conn.execute(query, parameters)]


def changes_after(conn: Connection[Any], after: int, number: int | None = None, limit: int = 1_000) -> list[Followed]:
    """Who entered and left, in the order in which it happened: what journeys, destinations and webhooks follow.

    What is at one position comes together, so that it may be some more than `limit`: of all audiences what one look at
    somebody brought about.
    """
    parameters = {"after": after, "limit": min(limit, MAX_PAGE)}
    if number is None:
        rows = conn.execute(QUERIES["changes_after"], parameters)
    else:
        rows = conn.execute(QUERIES["changes_of_after"], parameters | {"id": number, "kinds": KINDS})
    return [Followed(*row) for row in rows]


def audiences_of(conn: Connection[Any], profile_id: int) -> list[tuple[int, str, datetime]]:
    """Which audiences somebody is in: id, name, since when."""
    return conn.execute(QUERIES["of_person"], {"profile": profile_id}).fetchall()


def trend_of(conn: Connection[Any], number: int, days: int = 90) -> list[tuple[date, int]]:
    """How many were in at the end of each of the last days (of UTC), today so far."""
    today = datetime.now(UTC).date()
    (counts,) = _trends(conn, [number], today, days).values()
    return [(today - timedelta(days=days - 1 - i), count) for i, count in enumerate(counts)]


def trends(conn: Connection[Any], audiences: Collection[ShownAudience], days: int = 30) -> dict[int, list[int]]:
    """Of each audience how many were in at the end of each of the last days (of UTC), today so far.

    Cost: 0.1 ms each, however many entered and left.
    """
    return _trends(conn, [one.id for one in audiences], datetime.now(UTC).date(), days)


def _trends(conn: Connection[Any], numbers: list[int], today: date, days: int) -> dict[int, list[int]]:
    """A day on which nobody entered or left is as the one before."""
    found = {number: [0] * days for number in numbers}
    for number, day, members in conn.execute(QUERIES["trends"], {"ids": numbers, "today": today, "days": days}):
        begin = min(max(days - 1 - (today - day).days, 0), days - 1)
        found[number][begin:] = [members] * (days - begin)
    return found


def audiences_named(conn: Connection[Any], text: str, limit: int) -> list[tuple[int, str]]:
    """Id and name of audiences whose name has this text, whatever the letters' case."""
    return conn.execute(QUERIES["named"], {"text": text, "limit": limit}).fetchall()


def names_of_audiences(conn: Connection[Any]) -> dict[int, str]:
    """Of all that there are, by id."""
    return dict(conn.execute(QUERIES["names"]).fetchall())


def waiting_in(conn: Connection[Any], number: int) -> int:
    """While an audience is being filled: people yet to be looked at, a million at most."""
    (count,) = conn.execute(QUERIES["progress"], {"id": number}).fetchone() or (0,)
    return int(count)


def list_computed(conn: Connection[Any]) -> list[ShownComputed]:
    """By name."""
    found = [
        (name, msgspec.json.decode(text, type=Computed), *rest)
        for name, text, *rest in conn.execute(QUERIES["computed"])
    ]
    keys = [key_of_computed(one[1]) for one in found]
    complete = complete_among(conn, keys)
    return [ShownComputed._make((*one, key in complete)) for one, key in zip(found, keys, strict=True)]


def complete_among(conn: Connection[Any], keys: Collection[str]) -> set[str]:
    """Of metrics, by their keys, those that have all events of before, or are read off one that has."""
    stored = load_stored(conn)
    return {key for key in keys if stored.is_complete(key)}


def list_lists(conn: Connection[Any]) -> list[ShownList]:
    """Uploaded lists, by name. Cost: 1 µs an identifier."""
    people = dict(conn.execute(QUERIES["list_people"]).fetchall())
    return [ShownList._make((*row, people.get(row[0], 0))) for row in conn.execute(QUERIES["lists"])]


def known_of(conn: Connection[Any], hashes: Collection[int]) -> tuple[int, int]:
    """Of identifiers, by their hashes: how many somebody has, and how many people that is."""
    found, people = conn.execute(QUERIES["known_of"], {"hashes": bigints(list(hashes))}).fetchone() or (0, 0)
    return int(found), int(people)


def people_shown(conn: Connection[Any], ids: Collection[int]) -> list[tuple[int, str, str, datetime]]:
    """Id, name, e-mail and when last seen of these, as far as they are there."""
    return conn.execute(QUERIES["sample"], {"ids": bigints(list(ids))}).fetchall()


def _audience(row: Any) -> ShownAudience:  # noqa: ANN401  (a row)
    return ShownAudience._make((*row[:6], read_rule(row[6]), *row[7:]))
