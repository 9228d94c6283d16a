"""A list of people as CSV: row by row out of one snapshot, however long the list is."""

import csv
import io
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg import Connection
from psycopg.sql import SQL

from onefold.accounts.api import mask_value
from onefold.kernel.spreadsheets import is_formula
from onefold.lists.api import ListState
from onefold.profiles.ids import to_text
from onefold.profiles.naming import Names
from onefold.profiles.people import cells_of, person_of
from onefold.profiles.people_fields import TRAIT
from onefold.profiles.people_query import columns_of, everybody_sql, selection_of

Masked = Callable[[object, str], object]
"""A value of a field as whoever asks may see it."""
ROWS_AT_ONCE: Final = 1_000
MAX_CELL: Final = 10_000


def csv_of(
    conn: Connection[Any], names: Names, state: ListState, *, ids: Sequence[int] | None, is_masked: bool
) -> Generator[tuple[str, int]]:
    """Lines of CSV in pieces, and how many people stand in each: a head, then everybody in the list, or those of `ids`.

    In no particular order, as of one moment: a transaction that only reads, so that the log's reader needn't wait.

    Columns as the list shows them, after the profile id. Memory: ROWS_AT_ONCE rows.
    """

    def masked(value: object, field: str) -> object:
        return mask_value(value, field.removeprefix(TRAIT)) if is_masked else value

    selection = selection_of(state, names, datetime.now(UTC), is_masked=is_masked)
    cells, parameters = columns_of(state, names)
    given = {**selection.parameters, **parameters, "max_cell": MAX_CELL, "ids": None if ids is None else list(ids)}
    fields = [one.field for one in state.columns]
    yield _lines([["id", *fields]]), 0
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        with conn.cursor(name="people_export") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(
                everybody_sql(selection, cells, SQL("true" if ids is None else "p.id = any(%(ids)s)")), given
            )
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield _lines([_line(state, fields, row, masked) for row in rows]), len(rows)


def safe_cell(value: object) -> str:
    """As text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else _plain(value)
    return f"'{text}" if is_formula(text) else text


def _line(state: ListState, fields: list[str], row: tuple[Any, ...], masked: Masked) -> list[str]:
    person = person_of(row)
    extra = cells_of(state, person)
    found = [to_text(person.id)]
    for field in fields:
        value = person.is_known if field == "known" else extra.get(field, getattr(person, field, None))
        found.append(safe_cell(masked(value, field)))
    return found


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return msgspec.json.encode(value).decode()


def _lines(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
