"""Rows of lists of records and companies as files have them: what is asked for by a page, or by the worker later.

What somebody may not see is not in them: rows by `rows_sql`, fields by the object as they know it, and personal data
is masked as on pages. References stand twice: as the API tells them, and by name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.accounts.api import API_SCOPES, ApiKeyHolder, NotAllowed, Permission, PersonalData, Role, mask_value, may
from onefold.crm.access import asking_of
from onefold.crm.answers import answers_of
from onefold.crm.catalogue import TRAIT, Asking
from onefold.crm.company_listed import COMPANIES
from onefold.crm.company_query import DEALS, PEOPLE, ListedCompany, companies_in, count_companies
from onefold.crm.labels import Labels, labels_of
from onefold.crm.listed import list_kind
from onefold.crm.listing import Question, count_up_to, order_sql, where_of
from onefold.crm.objects import FieldDef, FieldKind, ObjectType
from onefold.crm.store import Row, load_rows
from onefold.filters.api import in_all, with_relations
from onefold.infra.postgres import load_queries
from onefold.lists.api import ListState, Parameters, state_of
from onefold.profiles.api import FORMATS, Column, Export, Rows

QUERIES: Final = load_queries("onefold.crm", "access.sql")
ROWS_AT_ONCE: Final = 1_000
_KINDS: Final[Mapping[FieldKind, str]] = {
    FieldKind.NUMBER: "number",
    FieldKind.MONEY: "money",
    FieldKind.DAY: "date",
    FieldKind.MOMENT: "moment",
    FieldKind.FLAG: "flag",
    FieldKind.CHOICES: "texts",
    FieldKind.RECORD: "number",
}
_NAMED: Final = frozenset({FieldKind.PERSON, FieldKind.COMPANY, FieldKind.RECORD})
_TRUE: Final = SQL("true")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which part of a list: the whole, or the records with these numbers, with these columns."""

    question: Question
    fields: Sequence[FieldDef]
    ids: Sequence[int] | None = None


def record_rows(conn: Connection[Any], wanted: Wanted, *, cap: int) -> Rows:
    """The records in the order of their list. `total` up to `cap` + 1. Memory: ROWS_AT_ONCE rows."""
    return Rows(columns=_columns(wanted.fields), batches=_batches(conn, wanted), total=count_of(conn, wanted, cap=cap))


def count_of(conn: Connection[Any], wanted: Wanted, *, cap: int) -> int:
    """How many records, up to `cap` + 1."""
    return len(wanted.ids) if wanted.ids is not None else count_up_to(conn, wanted.question, most=cap + 1)


def fields_of(kind: ObjectType, state: ListState, *, has_all: bool) -> list[FieldDef]:
    """The columns of the list; with `has_all` every field that the viewer sees."""
    if has_all:
        return list(kind.fields)
    return [kind.by_name[one.field] for one in state.columns if one.field in kind.by_name]


def question_of(asking: Asking, kind: ObjectType, state: ListState) -> Question:
    """What a list asks for."""
    return Question(
        asking=asking,
        kind=kind,
        tree=in_all(with_relations(state.tree)),
        query=state.query,
        sort=state.sort.text,
        now=datetime.now(UTC),
    )


def company_rows(
    conn: Connection[Any], asking: Asking, state: ListState, *, ids: Sequence[int] | None = None, cap: int
) -> Rows:
    """Companies in the order of their list: `space:key`, then its columns; of open deals how many, and their sum."""
    names = [one.field for one in state.columns]
    columns = [Column("id"), *(Column(name, _COMPANY_KINDS.get(name, "text")) for name in names)]
    if DEALS in names:
        columns.append(Column(f"{DEALS}_sum", "money"))
    total = len(ids) if ids is not None else count_companies(conn, asking, state, cap=cap)
    return Rows(columns=columns, batches=_company_batches(conn, asking, state, ids), total=total)


def rows_of_export(conn: Connection[Any], export: Export, given: Parameters) -> Rows:
    """What the worker writes: the list at the address `given`, as its owner may see it now. Raises Rejected."""
    asking = _asking_of_owner(conn, export)
    most = FORMATS[export.format].most_rows
    if export.object == COMPANIES.object:
        return company_rows(conn, asking, state_of(COMPANIES, given), cap=most)
    kind = asking.objects.get(export.object)
    if kind is None:
        raise NotAllowed("The kind of record that was listed is no more.")
    state = state_of(list_kind(kind), given)
    fields = fields_of(kind, state, has_all=export.has_all_columns)
    return record_rows(conn, Wanted(question=question_of(asking, kind, state), fields=fields), cap=most)


_COMPANY_KINDS: Final = {"first_seen": "moment", "last_seen": "moment", PEOPLE: "number", DEALS: "number"}


def _asking_of_owner(conn: Connection[Any], export: Export) -> Asking:
    row = conn.execute(QUERIES["by_id"], {"id": export.user_id}).fetchone()
    if row is None:
        raise NotAllowed("Whoever asked for this may not sign in any more.")
    username, role, personal_data = row
    # whatever the user may: a program that acts for them wherever it may
    owner = ApiKeyHolder(0, username, Role(role), PersonalData(personal_data), frozenset(API_SCOPES))
    if not may(owner, Permission.EXPORT_PEOPLE):
        raise NotAllowed("Whoever asked for this may not export any more.")
    asking = asking_of(conn, owner, zone=UTC)
    return replace(asking, is_masked=asking.is_masked or export.is_masked)


def _columns(fields: Sequence[FieldDef]) -> list[Column]:
    columns = [Column("id", "number")]
    for one in fields:
        columns.append(Column(one.name, _KINDS.get(one.kind, "text")))
        if one.kind in _NAMED:
            columns.append(Column(f"{one.name}_name"))
    return columns


def _batches(conn: Connection[Any], wanted: Wanted) -> Iterator[list[list[object]]]:
    question = wanted.question
    condition, parameters = where_of(question)
    among = _TRUE if wanted.ids is None else SQL("r.id = any(%(picked)s)")
    statement = SQL("select r.id from {} r where {} and {} order by {}").format(
        Identifier(question.kind.table), condition, among, order_sql(question)
    )
    picked = {} if wanted.ids is None else {"picked": list(wanted.ids)}
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        with conn.cursor(name="record_export") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(statement, {**parameters, **picked})
            while found := cursor.fetchmany(ROWS_AT_ONCE):
                ids = [number for (number,) in found]
                rows = load_rows(conn, question.kind, ids, where=_TRUE)
                yield _cells(conn, wanted, [rows[number] for number in ids])


def _cells(conn: Connection[Any], wanted: Wanted, rows: Sequence[Row]) -> list[list[object]]:
    """One list a row, cell by cell under `_columns`. Some statements, however many rows."""
    asking, kind = wanted.question.asking, wanted.question.kind
    answers = answers_of(conn, kind, rows, is_masked=asking.is_masked)
    has_names = any(one.kind in _NAMED for one in wanted.fields)
    labels = labels_of(conn, asking, kind, [row.values for row in rows]) if has_names else Labels()
    found = []
    for row, answer in zip(rows, answers, strict=True):
        line: list[object] = [row.id]
        for one in wanted.fields:
            line.append(_masked(asking, one.name, answer[one.name]))
            if one.kind in _NAMED:
                line.append(_masked(asking, "", _name_of(one, row.values.get(one.name), labels)))
        found.append(line)
    return found


def _name_of(field: FieldDef, number: Any, labels: Labels) -> str:  # noqa: ANN401  (a number or None)
    if number is None:
        return ""
    if field.kind is FieldKind.PERSON:
        person = labels.people.get(number)
        return person.title if person else ""
    if field.kind is FieldKind.COMPANY:
        company = labels.companies.get(number)
        return company.title if company else ""
    if field.target == "stage":
        stage = labels.pipelines.stages.get(number)
        return stage.name if stage else ""
    if field.target == "pipeline":
        pipeline = labels.pipelines.pipeline(number)
        return pipeline.name if pipeline else ""
    return labels.records.get((field.target, number), "")


def _masked(asking: Asking, name: str, value: Any) -> object:  # noqa: ANN401  (any kind's value)
    return mask_value(value, name) if asking.is_masked and isinstance(value, str | list) else value


def _company_batches(
    conn: Connection[Any], asking: Asking, state: ListState, ids: Sequence[int] | None
) -> Iterator[list[list[object]]]:
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        for rows in companies_in(conn, asking, state, ids=ids, size=ROWS_AT_ONCE):
            yield [_company_cells(asking, state, one) for one in rows]


def _company_cells(asking: Asking, state: ListState, one: ListedCompany) -> list[object]:
    line: list[object] = [f"{one.space}:{one.key}"]
    for shown in state.columns:
        name = shown.field.removeprefix(TRAIT)
        value = one.traits.get(name) if name != shown.field else getattr(one, name, None)
        line.append(mask_value(value, name) if asking.is_masked and not isinstance(value, datetime) else value)
    return [*line, one.open_sum] if any(shown.field == DEALS for shown in state.columns) else line
