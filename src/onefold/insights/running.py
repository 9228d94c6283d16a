"""Runs a query by DuckDB, shut in: only the job's files can be read, nothing can be set, loaded or written.

Imported only in the child process (inside.py).
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from onefold.insights.guard import SqlRejected, check, place_of
from onefold.insights.job import MAX_COLUMNS, MAX_SQL, Fault, Job, JobTable, Report
from onefold.insights.relations import (
    GONE,
    OVERRIDES,
    WITHHELD,
    files_name,
    files_sql,
    hot_name,
    quoted,
    replaced_name,
    text,
    view_sql,
)
from onefold.insights.writing import Written, write

BATCH_ROWS: Final = 512
_ERRORS: Final = re.compile(r"^[\w ]*Error: ", re.MULTILINE)
_SETTINGS: Final = re.compile(r"[^.,;:\n]*\bSET \w+[^.\n]*\.*")
"""Advice to set what can't be set here."""
_NOT_OURS: Final = ("_gone", "_overrides", "_withheld", "_hot_", "_files_", "_replaced_", "read_parquet")
_AS_TEXT: Final = ("INTERVAL", "BIT", "TIME WITH TIME ZONE", "UNION", "BIGNUM", "ENUM")
"""Types that Arrow has not, or not so that a reader knows them again; or that are long texts in little room."""
Place = tuple[str | int, ...]


class QueryFailed(Exception):
    """Carries the Fault of a query."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault


def run(job: Job) -> Report:
    """Judges, runs, and writes the result into the job's folder."""
    try:
        if len(job.sql) > MAX_SQL:
            raise SqlRejected(f"A query may have {MAX_SQL:,} characters; this one has {len(job.sql):,}.")
        with duckdb.connect(":memory:") as conn:
            _set_up(conn, job)
            tree, judged, used = _judge(conn, job)
            kept = _shut_in(conn, job, used)
            done = _answer(conn, job, tree, judged)
            del kept
        return Report(columns=done.columns, rows=done.rows, is_cut=done.is_cut, tables=tuple(sorted(used)))
    except SqlRejected as fault:
        return Report(fault=Fault("rejected", str(fault), fault.line, fault.column))
    except RecursionError:
        return Report(fault=Fault("rejected", "The query is nested too deeply."))
    except QueryFailed as failed:
        return Report(fault=failed.fault)


def _set_up(conn: DuckDBPyConnection, job: Job) -> None:
    """The bounds of its memory and disk, and what may be opened: the files of the job."""
    files = [uri for table in job.tables if not table.url for uri in table.files]
    for setting in (
        f"memory_limit = '{job.memory_mb}MB'",
        f"threads = {job.threads}",
        f"temp_directory = {text(str(Path(job.folder, 'spill')))}",
        f"max_temp_directory_size = '{job.disk_mb}MB'",
        f"TimeZone = {text(job.time_zone)}",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "allow_persistent_secrets = false",
        "python_enable_replacements = false",
        "enable_external_file_cache = false",
        "preserve_insertion_order = true",
        "errors_as_json = true",
        f"allowed_paths = [{', '.join(map(text, files))}]",
    ):
        conn.execute(f"SET {setting}")


def _shut_in(conn: DuckDBPyConnection, job: Job, used: Collection[str]) -> list[Any]:
    """The views of what is `used`, and from then on nothing but them. Keep what is returned while they are read."""
    try:
        kept = _define(conn, job, [table for table in job.tables if table.name in used])
    except (duckdb.IOException, duckdb.InvalidInputException, OSError) as fault:
        raise QueryFailed(Fault("files", type(fault).__name__)) from fault
    conn.execute("SET enable_external_access = false")
    conn.execute("SET lock_configuration = true")
    return kept


def _define(conn: DuckDBPyConnection, job: Job, tables: Sequence[JobTable]) -> list[Any]:
    kept: list[Any] = []
    beside = [(GONE, job.gone), (OVERRIDES, job.overrides), (WITHHELD, job.withheld)] if tables else []
    for name, file in (*beside, *((replaced_name(table), table.replaced) for table in tables)):
        if file:  # into DuckDB's own memory: they are joined with
            conn.register("incoming", _read(file))
            conn.execute(f"CREATE TABLE {name} AS FROM incoming")
            conn.unregister("incoming")
    sources = {}
    for table in tables:
        sources[table.name] = _source(conn, table, job, kept)
        if table.hot:
            kept.append(_read(table.hot))
            conn.register(hot_name(table), kept[-1])
    for table in tables:
        source, there = sources[table.name]
        conn.execute(view_sql(table, job, source=source, there=there))
    return kept


def _read(file: str) -> pa.Table:
    with pa.OSFile(file) as source:
        return pa.ipc.open_file(source).read_all()


def _source(conn: DuckDBPyConnection, table: JobTable, job: Job, kept: list[Any]) -> tuple[str, list[str]]:
    """A FROM item of the table's files, and its columns. Of an object store pyarrow reads them: SQL reaches no net."""
    if not table.files:
        return "", []
    if table.url:
        from onefold.insights.remote import dataset_of

        kept.append(dataset_of(table, job.storage_options))
        conn.register(files_name(table), kept[-1])
    source = files_name(table) if table.url else files_sql(table)
    described = conn.sql(f"SELECT * FROM {source} LIMIT 0").columns  # noqa: S608 our own names
    return source, list(described)


def _judge(conn: DuckDBPyConnection, job: Job) -> tuple[dict[str, Any], str, frozenset[str]]:
    """The text's tree, the SQL that is made of it (judged again: what runs is what was looked at), and its tables."""
    tables = [table.name for table in job.tables]
    tree = _tree(conn, job.sql)
    used = check(tree, job.sql, tables)
    (judged,) = _one(conn, "SELECT json_deserialize_sql(CAST($1 AS JSON))", json.dumps(tree))
    check(_tree(conn, judged), judged, tables)
    return tree, judged, used


def _tree(conn: DuckDBPyConnection, sql: str) -> dict[str, Any]:
    (found,) = _one(conn, "SELECT json_serialize_sql($1, skip_null := true)", sql)
    tree: dict[str, Any] = json.loads(found)
    return tree


def _one(conn: DuckDBPyConnection, query: str, value: str) -> tuple[Any, ...]:
    try:
        rows = conn.execute(query, [value]).fetchall()  # all: what isn't drained blocks the connection
    except duckdb.Error as fault:  # text that is no UTF-8, trees deeper than DuckDB writes them
        raise SqlRejected(f"This can't be read as SQL: {_message(fault)[0]}") from fault
    return tuple(rows[0])


def _answer(conn: DuckDBPyConnection, job: Job, tree: dict[str, Any], judged: str) -> Written:
    try:
        relation = conn.sql(judged)
        if len(relation.columns) > MAX_COLUMNS:
            raise SqlRejected(f"A result may have {MAX_COLUMNS:,} columns; this has {len(relation.columns):,}.")
        kinds = [str(kind) for kind in relation.types]
        if any(kind.startswith(_AS_TEXT) for kind in kinds):
            relation = relation.project(_projected(kinds, relation.columns))
        reader = relation.to_arrow_reader(BATCH_ROWS)
        return write(reader.schema, _batches(reader), list(zip(relation.columns, kinds, strict=True)), job)
    except duckdb.OutOfMemoryException as fault:
        raise QueryFailed(Fault("memory", "")) from fault
    except duckdb.IOException as fault:
        raise QueryFailed(Fault("disk" if "No space" in str(fault) else "files", "")) from fault
    except (duckdb.InternalException, duckdb.FatalException) as fault:
        raise QueryFailed(Fault("broken", "")) from fault
    except (duckdb.Error, pa.ArrowException) as fault:
        if "memory" in str(fault).lower() and "out of" in str(fault).lower():
            raise QueryFailed(Fault("memory", "")) from fault
        message, at = _message(_with_place(conn, judged, fault))
        line, column = place_of(job.sql, _same_place(conn, tree, judged, at))
        raise QueryFailed(Fault("rejected", message, line, column)) from fault


def _projected(kinds: list[str], names: list[str]) -> str:
    """By position: two columns may have one name."""
    return ", ".join(
        f"{f'CAST(#{at} AS VARCHAR)' if kind.startswith(_AS_TEXT) else f'#{at}'} AS {quoted(name)}"
        for at, (kind, name) in enumerate(zip(kinds, names, strict=True), start=1)
    )


def _with_place(conn: DuckDBPyConnection, judged: str, fault: Exception) -> Exception:
    """As `fault`, with its place: a relation doesn't tell where it could not be bound; a statement does."""
    if not isinstance(fault, duckdb.BinderException | duckdb.CatalogException) or "{" in str(fault):
        return fault
    try:
        conn.execute(judged)
    except duckdb.Error as told:
        return told
    return fault


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """As they are asked for: what nobody reads isn't computed."""
    yield from reader


def _message(fault: Exception) -> tuple[str, int | None]:
    """What DuckDB says for a person, and where in what it ran. It says it as JSON (`errors_as_json`)."""
    said = str(fault)
    start = said.find("{")
    try:
        found: dict[str, Any] = json.loads(said[start:]) if start >= 0 else {}
    except ValueError:
        found = {}
    message = str(found.get("exception_message") or _ERRORS.sub("", said)).split("\n\nLINE ")[0].strip()
    message = _SETTINGS.sub("", message.split("\n\tCandidate functions:")[0])
    kept = [line for line in message.splitlines() if not any(name in line for name in _NOT_OURS)]
    at = str(found.get("position", ""))
    return "\n".join(kept)[:2_000] or "DuckDB refuses this query.", int(at) if at.isdigit() else None


def _same_place(conn: DuckDBPyConnection, tree: dict[str, Any], judged: str, at: int | None) -> int | None:
    """Where in the user's text that stands which is at `at` in the SQL made of it: both trees have the same shape."""
    if at is None:
        return None
    place = next((way for way, where in _places(_tree(conn, judged), ()) if where == at), None)
    value: Any = tree
    try:
        for step in place or ("nowhere",):
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return None
    return value if isinstance(value, int) else None


def _places(value: object, way: Place) -> Iterator[tuple[Place, int]]:
    if isinstance(value, dict):
        if isinstance(where := value.get("query_location"), int):
            yield (*way, "query_location"), where
        for name, below in value.items():
            yield from _places(below, (*way, name))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _places(below, (*way, index))
