"""The views that SQL reads, as SQL of DuckDB: the lake's files without what is gone, with the hot tail, masked. Pure.

Masking stands in the views, under every filter, join and grouping, so nothing can be asked of what isn't seen.
"""

from collections.abc import Collection
from typing import Final

from onefold.insights.job import MASK, Job, JobColumn, JobTable

GONE, OVERRIDES, WITHHELD = "_gone", "_overrides", "_withheld"
TYPES: Final = {
    "long": "BIGINT",
    "integer": "INTEGER",
    "string": "VARCHAR",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "binary": "BLOB",
    "timestamp": "TIMESTAMPTZ",
}
"""Delta's types as DuckDB names them."""
ADDRESSES: Final = r"@|%40|\\u0040|(\+|%2B|\\u002[Bb])\d([ ().\-/]{0,2}\d){7,14}"
"""What makes a text unseen for whoever sees no personal data: something with an @, and international phone numbers."""


def view_sql(table: JobTable, job: Job, *, source: str, there: Collection[str]) -> str:
    """`CREATE VIEW` for `table`. `source`: a FROM item that gives its files' rows, with the columns `there`."""
    names = [column.name for column in table.columns]
    parts = [f"SELECT {_plain(table, there)} FROM {source} f{_without(table, job)}"] if source else []  # noqa: S608 our own names
    if table.hot:
        parts.append(f"SELECT {_plain(table, names)} FROM {hot_name(table)} f")  # noqa: S608 our own names
    rows = " UNION ALL ".join(parts) or f"SELECT {_plain(table, ())} WHERE false"
    shown = ", ".join(_shown(column, _value(table, column, job)) for column in table.columns)
    return f"CREATE VIEW {quoted(table.name)} AS SELECT {shown} FROM ({rows}) t{_around(table, job)}"  # noqa: S608 our own names


def files_sql(table: JobTable) -> str:
    """A FROM item that reads the local files of `table`; what a file lacks is null."""
    listed = ", ".join(text(uri) for uri in table.files)
    types = {column.name: TYPES[column.type] for column in table.columns if column.name in table.partitions}
    hive = ", ".join(f"{text(name)}: {kind}" for name, kind in types.items())
    parted = f", hive_partitioning = true, hive_types = {{{hive}}}" if hive else ", hive_partitioning = false"
    return f"read_parquet([{listed}], union_by_name = true{parted})"


def hot_name(table: JobTable) -> str:
    """What the rows that aren't in files yet are called."""
    return f"_hot_{table.name}"


def replaced_name(table: JobTable) -> str:
    """What the profiles are called whose rows in the files don't count."""
    return f"_replaced_{table.name}"


def files_name(table: JobTable) -> str:
    """What a table's files are called where they are read by pyarrow."""
    return f"_files_{table.name}"


def quoted(name: str) -> str:
    """As an identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """As a literal."""
    return "'" + value.replace("'", "''") + "'"


def _plain(table: JobTable, there: Collection[str]) -> str:
    """All columns of the table with their types; null where the rows have no such column."""
    return ", ".join(
        f"CAST({f'f.{quoted(one.name)}' if one.name in there else 'NULL'} AS {TYPES[one.type]}) AS {quoted(one.name)}"
        for one in table.columns
    )


def _without(table: JobTable, job: Job) -> str:
    """What of the files doesn't count any more."""
    if table.replaced:
        return f" ANTI JOIN {replaced_name(table)} r ON r.profile_id = f.profile_id"
    return f" ANTI JOIN {GONE} g ON g.position = f.position" if table.name == "events" and job.gone else ""


def _value(table: JobTable, column: JobColumn, job: Job) -> str:
    if column.name == "profile_id" and table.name == "events" and job.overrides:
        return "coalesce(o.profile_id, t.profile_id)"
    return f"t.{quoted(column.name)}"


def _shown(column: JobColumn, value: str) -> str:
    if column.hidden == "null":
        value = f"CAST(NULL AS {TYPES[column.type]})"
    elif column.hidden == "addresses":
        value = f"CASE WHEN regexp_matches({value}, {text(ADDRESSES)}) THEN {text(MASK)} ELSE {value} END"
    return f"{value} AS {quoted(column.name)}"


def _around(table: JobTable, job: Job) -> str:
    """The present profile of each event; nobody's who is being erased (other tables have no rows of theirs)."""
    if table.name != "events":
        return ""
    joins = f" LEFT JOIN {OVERRIDES} o ON o.fragment_id = t.fragment_id" if job.overrides else ""
    return joins + (f" ANTI JOIN {WITHHELD} w ON w.fragment_id = t.fragment_id" if job.withheld else "")
