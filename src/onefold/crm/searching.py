"""Records of every kind by a few letters, for the command palette: some of each kind, the newest, in bounded time."""

from typing import Any, Final, NamedTuple

from psycopg import Connection
from psycopg.errors import QueryCanceled
from psycopg.sql import SQL, Composable, Identifier, Literal

from onefold.accounts.api import Actor, mask_text
from onefold.crm.access import asking_of
from onefold.crm.catalogue import Asking
from onefold.crm.listing import like_pattern
from onefold.crm.objects import ObjectType, Words
from onefold.crm.viewer import Doing, Reach, rows_sql, search_sql
from onefold.profiles.api import without_addresses

LEAST_LETTERS: Final = 3
"""A trigram index answers these; of fewer only the newest records are looked at."""
NEWEST: Final = 5_000
TIME_MS: Final = 60
"""For the records of one kind; what takes longer is looked for among the newest, too."""


class FoundRecord(NamedTuple):
    """A record as the command palette shows it."""

    title: str
    url: str


class FoundRecords(NamedTuple):
    """Those of a kind."""

    title: Words
    icon: str
    found: list[FoundRecord]


def records_found(conn: Connection[Any], actor: Actor, query: str, most: int) -> list[FoundRecords]:
    """Up to `most` records of each kind that the actor may see, kinds with none left out. A statement a kind.

    Raises NotAllowed for who may see no records at all.
    """
    asking = asking_of(conn, actor)
    kinds = [one for one in asking.objects.values() if asking.viewer.reach(one.name, Doing.SEE) is not Reach.NONE]
    groups = [FoundRecords(kind.plural, kind.icon, _found(conn, asking, kind, query, most)) for kind in kinds]
    return [group for group in groups if group.found]


def _found(conn: Connection[Any], asking: Asking, kind: ObjectType, query: str, most: int) -> list[FoundRecord]:
    is_short = len(query.strip()) < LEAST_LETTERS
    try:
        rows = _rows(conn, asking, kind, query, most) if not is_short else _newest(conn, asking, kind, query, most)
    except QueryCanceled:
        rows = _newest(conn, asking, kind, query, most)
    return [
        FoundRecord(mask_text(name) if asking.is_masked else name, f"{kind.path}/{number}")
        for number, text in rows
        for name in (text or f"{kind.title} {number}",)
    ]


def _rows(conn: Connection[Any], asking: Asking, kind: ObjectType, query: str, most: int) -> list[tuple[int, str]]:
    """By the trigram index, for TIME_MS. Raises QueryCanceled."""
    statement = SQL("select r.id, r.name from {} r where {} and {} order by r.id desc limit %(most)s").format(
        Identifier(kind.table), _visible(asking, kind), _matches(asking, kind)
    )
    with conn.transaction():
        conn.execute(SQL("set local statement_timeout = {}").format(Literal(TIME_MS)))
        return conn.execute(statement, {"pattern": like_pattern(query), "most": most}, prepare=False).fetchall()


def _newest(conn: Connection[Any], asking: Asking, kind: ObjectType, query: str, most: int) -> list[tuple[int, str]]:
    """Among the newest that the viewer may see (primary key)."""
    statement = SQL(
        "select r.id, r.name from (select * from {} r where r.id > (select coalesce(max(id), 0) - {} from {}) and {}) r"
        " where {} order by r.id desc limit %(most)s"
    ).format(
        Identifier(kind.table),
        Literal(NEWEST),
        Identifier(kind.table),
        _visible(asking, kind),
        _matches(asking, kind),
    )
    return conn.execute(statement, {"pattern": like_pattern(query), "most": most}, prepare=False).fetchall()


def _visible(asking: Asking, kind: ObjectType) -> Composable:
    visible = rows_sql(asking.viewer, kind.name, Doing.SEE, "r")
    of_object = SQL("") if kind.number is None else SQL(" and r.object = {}").format(Literal(kind.number))
    return SQL("r.deleted_at is null{} and {}").format(of_object, visible)


def _matches(asking: Asking, kind: ObjectType) -> Composable:
    searched = search_sql(kind, "r")
    found = SQL("{} like %(pattern)s").format(searched)
    if not asking.is_masked:
        return found
    # what can't be read can't be searched; the first has the index
    return SQL("({} and {} like %(pattern)s)").format(found, without_addresses(searched))
