"""Rows of any object: read and written by its description. Values are as `values.py` has them, references numbers."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _
from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from onefold.crm.errors import RecordRejected
from onefold.crm.objects import PARTS, FieldDef, FieldKind, ObjectType
from onefold.crm.parts import load_parts, parts_of
from onefold.crm.values import from_json, nothing, to_json
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "changes.sql")
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
Values = dict[str, Any]
"""By name of the field."""
_TYPES: Final[Mapping[FieldKind, SQL]] = {
    FieldKind.NUMBER: SQL("numeric"),
    FieldKind.MONEY: SQL("numeric"),
    FieldKind.DAY: SQL("date"),
    FieldKind.MOMENT: SQL("timestamptz"),
    FieldKind.CHOICES: SQL("text[]"),
    FieldKind.FLAG: SQL("boolean"),
    FieldKind.USER: SQL("bigint"),
    FieldKind.PERSON: SQL("bigint"),
    FieldKind.COMPANY: SQL("bigint"),
    FieldKind.RECORD: SQL("bigint"),
}
_KEPT_BY_DATABASE: Final = frozenset({"created_at", "updated_at"})


@dataclass(kw_only=True)
class Row:
    """A record as it is stored. `values` has every field; of custom ones None = no value. Hidden ones have none."""

    id: int
    values: Values
    created_by: str
    is_deleted: bool


@dataclass(frozen=True, kw_only=True)
class Change:
    """What was done to a record. `changes`: field → (before, after), as JSON has them."""

    act: UUID
    object: str
    record: int
    at: datetime
    actor: str
    action: str
    changes: dict[str, tuple[Any, Any]]


def columns_of(kind: ObjectType) -> list[FieldDef]:
    """The fields with a column of their own."""
    return [one for one in kind.fields if one.column and one.kind not in PARTS]


def load_rows(
    conn: Connection[Any], kind: ObjectType, ids: Sequence[int], *, where: Composable, is_locked: bool = False
) -> dict[int, Row]:
    """Those of them for which `where` holds (over `r`), deleted ones too. Locked ones in the order of their ids."""
    fields = columns_of(kind)
    columns = SQL("").join(SQL(", {}").format(Identifier("r", one.column)) for one in fields)
    statement = SQL(
        "select r.id, r.created_by, r.deleted_at is not null, r.custom::text{} from {} r"
        " where r.id = any(%(ids)s){} and {}{}"
    ).format(
        columns, Identifier(kind.table), _of_object(kind), where, SQL(" order by r.id for update" if is_locked else "")
    )
    found = {row[0]: _row(kind, fields, row) for row in conn.execute(statement, {"ids": list(ids)})}
    for number, things in load_parts(conn, kind, list(found)).items() if parts_of(kind) else ():
        found[number].values |= things
    return found


def insert_rows(
    conn: Connection[Any], kind: ObjectType, rows: Sequence[Values], *, created_by: str, moments: Sequence[datetime]
) -> list[int]:
    """New records, made at these moments; their ids in the order of `rows`. One statement."""
    fields = [one for one in columns_of(kind) if one.name not in _KEPT_BY_DATABASE]
    given = [
        {"n": n, "made_at": at, "custom": _custom(kind, row)} | {one.column: to_json(row[one.name]) for one in fields}
        for n, (row, at) in enumerate(zip(rows, moments, strict=True))
    ]
    statement = SQL(
        "with given as materialized (select * from jsonb_to_recordset(%(rows)s::jsonb)"
        " as v(n int, made_at timestamptz, custom jsonb, {types})),"
        " numbered as (select nextval(pg_get_serial_sequence({sequence}, 'id')) as id, given.* from given order by n),"
        " made as (insert into {table} (id, custom, created_by, created_at, updated_at{object}, {names})"
        " overriding system value select id, custom, %(by)s, made_at, made_at{number}, {names} from numbered)"
        " select id from numbered order by n"
    ).format(
        types=_typed(fields),
        sequence=Literal(kind.table),
        table=Identifier(kind.table),
        names=SQL(", ").join(Identifier(one.column) for one in fields),
        object=SQL("" if kind.number is None else ", object"),
        number=SQL("") if kind.number is None else SQL(", {}").format(Literal(kind.number)),
    )
    parameters = {"rows": _encode(given), "by": created_by}
    with _unique(kind):
        return [int(number) for (number,) in conn.execute(statement, parameters)]


def update_rows(
    conn: Connection[Any],
    kind: ObjectType,
    rows: Mapping[int, Values],
    changed: Sequence[str],
    *,
    moments: Mapping[int, datetime],
) -> None:
    """Writes these fields of these records, which changed at these moments, but those in PARTS. One statement."""
    written = (kind.by_name[name] for name in changed if name not in _KEPT_BY_DATABASE)
    fields = [one for one in written if one.kind not in PARTS]
    own = [one for one in fields if one.column]
    sets: list[Composable] = [SQL("updated_at = v.made_at")]
    sets += [SQL("{0} = v.{0}").format(Identifier(one.column)) for one in own]
    given: list[Values] = [
        {"id": number, "made_at": moments[number]} | {one.column: to_json(row[one.name]) for one in own}
        for number, row in rows.items()
    ]
    typed: list[Composable] = [SQL("id bigint, made_at timestamptz"), *([_typed(own)] if own else [])]
    if len(own) < len(fields):
        known = [one.name for one in kind.fields if not one.column]  # what archived fields hold stays
        sets.append(SQL("custom = (r.custom - {}::text[]) || v.custom").format(Literal(known)))
        for one in given:
            one["custom"] = _custom(kind, rows[one["id"]])
        typed.append(SQL("custom jsonb"))
    statement = SQL("update {} r set {} from jsonb_to_recordset(%(rows)s::jsonb) as v({}) where r.id = v.id").format(
        Identifier(kind.table), SQL(", ").join(sets), SQL(", ").join(typed)
    )
    with _unique(kind):
        conn.execute(statement, {"rows": _encode(given)})


def set_deleted(conn: Connection[Any], kind: ObjectType, ids: Sequence[int], *, is_deleted: bool) -> None:
    """Out of every list, or back."""
    statement = SQL(
        "update {} set deleted_at = case when %(is)s then now() end, updated_at = now() where id = any(%(ids)s)"
    )
    with _unique(kind):
        conn.execute(statement.format(Identifier(kind.table)), {"is": is_deleted, "ids": list(ids)})


@contextmanager
def _unique(kind: ObjectType) -> Iterator[None]:
    """Raises RecordRejected for a value that only one record may have, such as a product's code."""
    try:
        yield
    except UniqueViolation as fault:
        found = re.search(r"\((\w+)\)=\((.*)\)", fault.diag.message_detail or "")
        name, value = found.groups() if found else ("", "")
        said = _("“%(value)s” is taken by another one.") % {"value": value[:80]}
        title = kind.by_name[name].title if name in kind.by_name else kind.title
        raise RecordRejected(f"{title}: {said}", {name: said} if found else None) from fault


def note_changes(conn: Connection[Any], changes: Sequence[Change]) -> None:
    """Into the history. One statement."""
    given = [
        {"act": one.act, "object": one.object, "record": one.record, "at": one.at, "actor": one.actor,
         "action": one.action,
         "changes": {name: [to_json(old), to_json(new)] for name, (old, new) in one.changes.items()}}
        for one in changes
    ]  # fmt: skip
    conn.execute(QUERIES["note"], {"rows": _encode(given)})


def changes_of_act(conn: Connection[Any], act: UUID) -> list[Change]:
    """What an act did, the latest first (index on act)."""
    return [_change(row) for row in conn.execute(QUERIES["of_act"], {"act": act})]


def changes_of(conn: Connection[Any], kind: ObjectType, record: int, *, limit: int) -> list[Change]:
    """What was done to a record, the latest first (index on object, record)."""
    parameters = {"object": kind.name, "record": record, "limit": limit}
    return [_change(row) for row in conn.execute(QUERIES["of_record"], parameters)]


def _change(row: tuple[Any, ...]) -> Change:
    return Change(
        act=row[0],
        object=row[1],
        record=row[2],
        at=row[3],
        actor=row[4],
        action=row[5],
        changes={name: (old, new) for name, (old, new) in _decode(row[6]).items()},
    )


def _row(kind: ObjectType, fields: Sequence[FieldDef], row: tuple[Any, ...]) -> Row:
    custom = _decode(row[3])
    values = {one.name: value for one, value in zip(fields, row[4:], strict=True)}
    values |= {one.name: from_json(one, custom.get(one.name)) for one in kind.fields if not one.column}
    values |= {one.name: nothing(one) for one in kind.hidden}
    return Row(id=row[0], values=values, created_by=row[1], is_deleted=row[2])


def _custom(kind: ObjectType, row: Values) -> Values:
    """Its custom fields that have a value."""
    found = {one.name: to_json(row.get(one.name)) for one in kind.fields if not one.column}
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def _typed(fields: Sequence[FieldDef]) -> Composed:
    pairs = [
        SQL("{} {}").format(Identifier(one.column), _TYPES.get(one.kind, SQL("text")))
        for one in fields
    ]  # fmt: skip
    return SQL(", ").join(pairs)


def _of_object(kind: ObjectType) -> Composable:
    return SQL("") if kind.number is None else SQL(" and r.object = {}").format(Literal(kind.number))


def _encode(rows: Sequence[Values]) -> str:
    return _encoder.encode(rows).decode()


def _decode(text: str) -> Any:  # noqa: ANN401  (any JSON value)
    """As PostgreSQL keeps it: numbers to the last digit."""
    return json.loads(text, parse_float=Decimal)
