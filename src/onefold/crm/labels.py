"""What references in records are called: users, people, companies and records of a whole page, one statement a kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.crm.catalogue import Asking
from onefold.crm.objects import PARTS, FieldKind, ObjectType
from onefold.crm.pipelines import Pipelines, load_pipelines
from onefold.crm.store import Values
from onefold.crm.subjects import usernames
from onefold.crm.viewer import Doing, rows_sql
from onefold.infra.postgres import load_queries
from onefold.profiles.api import Person, people_at

QUERIES: Final = load_queries("onefold.crm", "labels.sql")


@dataclass(frozen=True, kw_only=True)
class CompanyLabel:
    """A company as its link shows it."""

    space: str
    key: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Labels:
    """By what records hold: users by number, people by anchor, companies by hash, records by object and number."""

    users: Mapping[int, str] = field(default_factory=dict)
    people: Mapping[int, Person] = field(default_factory=dict)
    companies: Mapping[int, CompanyLabel] = field(default_factory=dict)
    records: Mapping[tuple[str, int], str] = field(default_factory=dict)
    pipelines: Pipelines = field(default_factory=lambda: Pipelines(pipelines=()))


def labels_of(conn: Connection[Any], asking: Asking, kind: ObjectType, rows: Iterable[Values]) -> Labels:
    """For these records. Records that the viewer may not see have no label."""
    wanted: dict[tuple[FieldKind, str], set[int]] = {}
    found = list(rows)
    for one in kind.fields:
        if one.kind in {FieldKind.USER, FieldKind.PERSON, FieldKind.COMPANY, FieldKind.RECORD}:
            numbers = {int(number) for row in found if (number := row.get(one.name)) is not None}
            wanted.setdefault((one.kind, one.target), set()).update(numbers)
        elif one.kind in PARTS:
            beside = {thing["person"] for row in found for thing in row.get(one.name) or () if "person" in thing}
            wanted.setdefault((FieldKind.PERSON, ""), set()).update(beside)
    records: dict[tuple[str, int], str] = {}
    for (of, target), numbers in wanted.items():
        if of is FieldKind.RECORD and numbers and target in asking.objects:
            records |= _names(conn, asking, asking.objects[target], numbers)
    companies = wanted.get((FieldKind.COMPANY, ""), set())
    has_stages = (FieldKind.RECORD, "stage") in wanted
    return Labels(
        users=usernames(conn, wanted.get((FieldKind.USER, ""), ())),
        people=people_at(conn, sorted(wanted.get((FieldKind.PERSON, ""), ()))),
        companies=company_labels(conn, companies),
        records=records,
        pipelines=load_pipelines(conn) if has_stages else Pipelines(pipelines=()),
    )


def company_labels(conn: Connection[Any], hashes: Iterable[int]) -> dict[int, CompanyLabel]:
    """What companies are called (primary key)."""
    wanted = sorted(set(hashes))
    rows = conn.execute(QUERIES["companies"], {"hashes": wanted}) if wanted else ()
    return {h: CompanyLabel(space=space, key=key, title=name or key) for h, space, key, name in rows}


def _names(conn: Connection[Any], asking: Asking, kind: ObjectType, numbers: set[int]) -> dict[tuple[str, int], str]:
    visible = rows_sql(asking.viewer, kind.name, Doing.SEE, "r")
    statement = SQL("select r.id, r.name from {} r where r.id = any(%(ids)s) and {}").format(
        Identifier(kind.table), visible
    )
    return {(kind.name, number): name for number, name in conn.execute(statement, {"ids": sorted(numbers)})}
