"""What somebody who types a few letters means: people, companies, records. For the inputs that refer to them."""

from typing import Any, Final, NamedTuple

from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal

from onefold.crm.catalogue import Asking
from onefold.crm.company_fields import company_url
from onefold.crm.listing import like_pattern
from onefold.crm.objects import FieldKind, ObjectType
from onefold.crm.viewer import Doing, rows_sql, search_sql
from onefold.infra.postgres import load_queries
from onefold.profiles.api import jump_to_people

QUERIES: Final = load_queries("onefold.crm", "lookups.sql")
MOST: Final = 8


class Match(NamedTuple):
    """`value` as a form sends it."""

    value: str
    title: str
    note: str = ""


def people_like(conn: Connection[Any], asking: Asking, query: str) -> list[Match]:
    """Known people by name, e-mail or phone."""
    found = jump_to_people(conn, query, MOST, is_masked=asking.is_masked)
    return [Match(one.url.rpartition("/")[2], one.title, one.note) for one in found]


class CompanyFound(NamedTuple):
    """A company as the command palette shows it."""

    title: str
    url: str
    note: str


def companies_named(conn: Connection[Any], query: str, most: int) -> list[CompanyFound]:
    """Companies by a part of name or key (trigram index)."""
    found = companies_like(conn, query)[:most]
    return [CompanyFound(one.title, company_url(*one.value.partition(":")[::2]), one.note) for one in found]


def companies_like(conn: Connection[Any], query: str) -> list[Match]:
    """Companies by name or key; those that begin with it first (trigram index)."""
    given = {"pattern": like_pattern(query), "start": like_pattern(query)[1:], "most": MOST}
    rows = conn.execute(QUERIES["companies"], given)
    return [Match(f"{space}:{key}", name or key, key if name and name != key else "") for space, key, name in rows]


def records_like(conn: Connection[Any], asking: Asking, kind: ObjectType, query: str, most: int = MOST) -> list[Match]:
    """Records of an object that the viewer may see, the newest first (trigram index)."""
    statement = SQL(
        "select r.id, r.name from {} r where r.deleted_at is null and {}{} and {} like %(pattern)s"
        " order by r.id desc limit %(most)s"
    ).format(
        Identifier(kind.table),
        rows_sql(asking.viewer, kind.name, Doing.SEE, "r"),
        SQL("") if kind.number is None else SQL(" and r.object = {}").format(Literal(kind.number)),
        search_sql(kind, "r"),
    )
    rows = conn.execute(statement, {"pattern": like_pattern(query), "most": most}, prepare=False)
    return [Match(str(number), name or f"{kind.title} {number}") for number, name in rows]


def users_like(conn: Connection[Any], query: str) -> list[Match]:
    """Users who may sign in, by the beginning of their name."""
    rows = conn.execute(QUERIES["users"], {"start": like_pattern(query)[1:], "most": MOST})
    return [Match(name, name) for (name,) in rows]


def matches(conn: Connection[Any], asking: Asking, kind: FieldKind, target: str, query: str) -> list[Match]:
    """For a field of this kind. Nothing for an empty query of people."""
    match kind:
        case FieldKind.PERSON:
            return people_like(conn, asking, query) if query.strip() else []
        case FieldKind.COMPANY:
            return companies_like(conn, query)
    return records_like(conn, asking, asking.objects[target], query) if target in asking.objects else []
