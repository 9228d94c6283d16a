"""A list of people as rows: out of one snapshot, however long the list is."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL

from onefold.accounts.api import mask_value
from onefold.lists.api import ListState
from onefold.profiles.export_files import Column, Rows
from onefold.profiles.ids import to_text
from onefold.profiles.people import cells_of, count_of, person_of
from onefold.profiles.people_fields import TRAIT, PeopleCatalogue
from onefold.profiles.people_query import columns_of, everybody_sql, selection_of

Masked = Callable[[object, str], object]
"""A value of a field as whoever asks may see it."""
ROWS_AT_ONCE: Final = 1_000
MAX_CELL: Final = 10_000
_KINDS: Final = {"first_seen": "moment", "last_seen": "moment", "known": "flag"}


def people_rows(
    conn: Connection[Any], catalogue: PeopleCatalogue, state: ListState, *, ids: Sequence[int] | None, cap: int
) -> Rows:
    """Everybody in the list, or those of `ids`: the profile id, then the columns as the list shows them.

    In no particular order, as of one moment: a transaction that only reads, so that the log's reader needn't wait.
    `total` up to `cap` + 1. Memory: ROWS_AT_ONCE rows.
    """
    return Rows(
        columns=[Column("id"), *(Column(one.field, _KINDS.get(one.field, "text")) for one in state.columns)],
        batches=_batches(conn, catalogue, state, ids=ids),
        total=count_of(conn, catalogue, state, cap=cap) if ids is None else len(ids),
    )


def _batches(
    conn: Connection[Any], catalogue: PeopleCatalogue, state: ListState, *, ids: Sequence[int] | None
) -> Iterator[list[list[object]]]:
    def masked(value: object, field: str) -> object:
        value = catalogue.more.label(field, value) if isinstance(value, int) else value  # a number names somebody
        return mask_value(value, field.removeprefix(TRAIT)) if catalogue.is_masked else value

    selection = selection_of(state, catalogue, datetime.now(UTC))
    cells, parameters = columns_of(state, catalogue)
    given = {**selection.parameters, **parameters, "max_cell": MAX_CELL, "ids": None if ids is None else list(ids)}
    fields = [one.field for one in state.columns]
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        with conn.cursor(name="people_export") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(
                everybody_sql(selection, cells, SQL("true" if ids is None else "p.id = any(%(ids)s)")), given
            )
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield [_row(state, fields, row, masked) for row in rows]


def _row(state: ListState, fields: list[str], row: tuple[Any, ...], masked: Masked) -> list[object]:
    person = person_of(row)
    extra = cells_of(state, person)
    found: list[object] = [to_text(person.id)]
    for field in fields:
        value = person.is_known if field == "known" else extra.get(field, getattr(person, field, None))
        found.append(masked(value, field))
    return found
