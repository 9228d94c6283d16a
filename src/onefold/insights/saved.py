"""Saved queries: kept, changed, deleted and brought back; one's own, or shared with all who may ask by SQL."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.accounts.api import audit
from onefold.infra.postgres import load_queries
from onefold.insights.job import MAX_SQL
from onefold.kernel.errors import Forbidden, NotFound, Rejected

QUERIES: Final = load_queries("onefold.insights", "saved.sql")
MAX_QUERIES: Final = 200
MAX_NAME: Final = 80


class QueryForbidden(Forbidden):
    """The query is somebody else's."""

    code = "query_forbidden"


class QueryRejected(Rejected):
    """This can't be kept."""

    code = "saved_query_invalid"


class SavedQuery(NamedTuple):
    """As it is stored."""

    id: int
    owner: str
    name: str
    sql: str
    is_shared: bool
    changed_at: datetime


class Wanted(NamedTuple):
    """What a query shall be."""

    name: str
    sql: str
    is_shared: bool


def visible_queries(conn: Connection[Any], owner: str) -> list[SavedQuery]:
    """One's own and the shared ones, by name."""
    return [SavedQuery(*row) for row in conn.execute(QUERIES["visible"], {"owner": owner, "limit": MAX_QUERIES})]


def find_query(conn: Connection[Any], query_id: int, owner: str) -> SavedQuery:
    """Raises NotFound for what this user can't see."""
    row = conn.execute(QUERIES["one"], {"id": query_id, "owner": owner}).fetchone()
    if row is None:
        raise NotFound("There is no such query.")
    return SavedQuery(*row)


def add_query(conn: Connection[Any], wanted: Wanted, *, acting_user: str) -> int:
    """Keep a query; its id. Raises QueryRejected."""
    wanted = _checked(wanted)
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        if len(visible_queries(conn, acting_user)) >= MAX_QUERIES:
            raise QueryRejected(f"There are {MAX_QUERIES} queries. Delete one first.")
        row = conn.execute(QUERIES["add"], {"owner": acting_user, **wanted._asdict()}).fetchone()
        query_id = int(row[0]) if row else 0
        _note(conn, acting_user, "query.saved", query_id, shared=wanted.is_shared)
    return query_id


def change_query(conn: Connection[Any], query_id: int, wanted: Wanted, *, acting_user: str) -> SavedQuery:
    """Another name, text, or who sees it; as it was. Its owner only. Raises QueryRejected, QueryForbidden."""
    wanted = _checked(wanted)
    before = _own(conn, query_id, acting_user)
    with conn.transaction():
        conn.execute(QUERIES["change"], {"id": query_id, **wanted._asdict()})
        _note(conn, acting_user, "query.changed", query_id, shared=wanted.is_shared)
    return before


def set_deleted(conn: Connection[Any], query_id: int, *, is_deleted: bool, acting_user: str) -> SavedQuery:
    """Take it out of everybody's list, or put it back. Its owner only. Safe to repeat."""
    query = _own(conn, query_id, acting_user)
    with conn.transaction():
        conn.execute(QUERIES["set_deleted"], {"id": query_id, "is_deleted": is_deleted})
        _note(conn, acting_user, "query.deleted" if is_deleted else "query.restored", query_id)
    return query


def _own(conn: Connection[Any], query_id: int, acting_user: str) -> SavedQuery:
    query = find_query(conn, query_id, acting_user)
    if query.owner != acting_user:
        raise QueryForbidden("This query is somebody else's. Save it as a query of your own.")
    return query


def _checked(wanted: Wanted) -> Wanted:
    name = " ".join(wanted.name.replace("\0", "").split())[:MAX_NAME]
    sql = wanted.sql.replace("\0", "").strip()
    if not name:
        raise QueryRejected("Give the query a name.")
    if not sql or len(sql) > MAX_SQL:
        raise QueryRejected(f"A query has from 1 to {MAX_SQL:,} characters.")
    return Wanted(name, sql, wanted.is_shared)


def _note(conn: Connection[Any], actor: str, action: str, query_id: int, **details: bool) -> None:
    audit(conn, actor=actor, action=action, target=f"query:{query_id}", details=details)
