"""The tables and columns as the page lists them: what they mean, and which are hidden from whoever looks."""

from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.insights.asking import TABLES, hidden_as
from onefold.insights.job import Hidden
from onefold.insights.relations import TYPES
from onefold.lake.tables import EVENTS, Column

_HERE: Final = {"profile_id": "Whom it belongs to now", "month": "Of `ts`, for what is filed; else `fresh`"}
"""Of events, what means something else in the views than in the files."""
_PROMOTED_SQL: Final = 'select name, "column", type from lake_property where is_complete order by 2'


class ShownColumn(NamedTuple):
    """A column. `type`: DuckDB's name."""

    name: str
    type: str
    meaning: str
    hidden: Hidden


class ShownTable(NamedTuple):
    """A table, its columns in their order."""

    name: str
    meaning: str
    columns: list[ShownColumn]


def schema_for(conn: Connection[Any], *, is_masked: bool) -> list[ShownTable]:
    """Every table that SQL reads. One small query: which properties are columns."""
    promoted = [
        (Column(column, kind, f"The property `{name}`; null if it is missing or no {kind}", is_personal=True), name)
        for name, column, kind in conn.execute(_PROMOTED_SQL)
    ]
    found = []
    for table in TABLES:
        extra = promoted if table is EVENTS else []
        meant = _HERE if table is EVENTS else {}
        columns = [
            _shown(one, is_masked)
            for one in (column._replace(meaning=meant.get(column.name, column.meaning)) for column in table.columns)
        ] + [_shown(one, is_masked, name) for one, name in extra]
        found.append(ShownTable(table.name, table.meaning, columns))
    return found


def _shown(column: Column, is_masked: bool, property_name: str = "") -> ShownColumn:
    hidden = hidden_as(column, property_name) if is_masked else ""
    return ShownColumn(column.name, TYPES[column.type], column.meaning, hidden)
