"""DuckDB in this process: each run in a database of its own that reaches the snapshot's files and nothing else."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from onefold.config import EngineSettings
from onefold.kernel.errors import Broken, Unavailable
from onefold.lake.compile import Compilable, Compiled, compile_plan
from onefold.lake.engine import (
    SIDE_TABLES,
    Cancel,
    EngineBusy,
    FileGone,
    Limits,
    QueryTooLarge,
    Result,
    SumTooLarge,
    arrow_type,
    in_types,
    result_of,
    watched,
)
from onefold.lake.plans import Funnel, Plan
from onefold.lake.snapshot import File, Snapshot
from onefold.lake.tables import Table

WAIT_S: Final = 5.0
"""How long a question waits for another to end."""
MB: Final = 1_000_000
FOUND: Final = pa.schema([("profile_id", pa.int64()), ("place", pa.int64())])
"""People that are found by walking."""
_SQL_TYPES: Final = {
    "long": "BIGINT",
    "integer": "INTEGER",
    "string": "VARCHAR",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "binary": "BLOB",
    "timestamp": "TIMESTAMPTZ",
}


class DuckDBEngine:
    """An `Engine`. Memory is divided among as many runs as there may be, so that none takes another's."""

    def __init__(self, settings: EngineSettings, temp_folder: Path, wait_s: float = WAIT_S) -> None:
        self._settings, self._temp_folder, self._wait_s = settings, temp_folder, wait_s
        self._slots: Final = threading.BoundedSemaphore(settings.max_running)

    def run(
        self, plan: Plan | Compilable, snapshot: Snapshot, *, limits: Limits | None = None, cancel: Cancel | None = None
    ) -> Result:
        """As of `Engine`."""
        compiled = compile_plan(plan, snapshot, "duckdb")
        started = time.monotonic()
        with self._slot(), self._database() as connection:
            timeout_s = (limits and limits.timeout_s) or self._settings.timeout_s
            with _translated(), watched(timeout_s, cancel or Cancel(), connection.interrupt):
                lend(connection, compiled, snapshot)
                if isinstance(plan, Funnel):
                    table = _funnel(connection, compiled, plan)
                else:
                    _walk(connection, compiled)
                    table = in_types(connection.sql(compiled.sql()).to_arrow_table(), compiled)
        return result_of(table, compiled, snapshot, time.monotonic() - started)

    def close(self) -> None:
        """Nothing is held between runs."""

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._wait_s):
            n = self._settings.max_running
            raise EngineBusy(f"{n} questions are running, as many as may at a time. Try again in a moment.")
        try:
            yield
        finally:
            self._slots.release()

    @contextmanager
    def _database(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self._temp_folder.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix="duckdb-", dir=self._temp_folder)
        settings = self._settings
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{max(settings.memory_mb // settings.max_running, 1)}MB",
            "threads": settings.threads,
            "temp_directory": folder,
            "max_temp_directory_size": f"{settings.temp_mb}MB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "preserve_insertion_order": False,
        }
        try:
            with duckdb.connect(":memory:", config=config) as connection:
                connection.execute("SET TimeZone = 'UTC'")
                yield connection
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def lend(connection: duckdb.DuckDBPyConnection, compiled: Compiled, snapshot: Snapshot) -> None:
    """Gives the connection what the query reads, under its names, and takes every other file from its reach."""
    used = compiled.relations()
    all_files = compiled.all_files()
    for name, files in all_files.items():
        of_table = snapshot.tables[name]
        if f"{name}_files" in used:
            _lend_files(connection, of_table.table, files, snapshot)
        if f"{name}_hot" in used and of_table.hot is not None:
            connection.register(f"{name}_hot", of_table.hot)
        if f"{name}_replaced" in used and of_table.replaced is not None:
            connection.register(f"{name}_replaced", of_table.replaced)
    for relation in SIDE_TABLES & used:
        connection.register(relation, getattr(snapshot, relation))
    for name, table in compiled.given.items():
        connection.register(name, table)
    if not snapshot.storage_options:
        paths = [_literal(file.uri) for files in all_files.values() for file in files]
        connection.execute(f"SET allowed_paths = [{', '.join(paths)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _funnel(connection: duckdb.DuckDBPyConnection, compiled: Compiled, plan: Funnel) -> pa.Table:
    from onefold.lake.engines.walking import funnel_of, reached  # numba: a third of a second that few questions need

    return funnel_of(reached(_sorted_steps(connection, compiled), len(plan.steps), plan.within_s * 10**6))


def _walk(connection: duckdb.DuckDBPyConnection, compiled: Compiled) -> None:
    """Makes the relations of people that are found by walking."""
    for name, walked in compiled.walks.items():
        sql = f"{walked.query.sql(dialect='duckdb')} ORDER BY profile_id, ts"
        batches = list(walked.finder(iter(connection.sql(sql).to_arrow_reader())))
        connection.register(name, pa.Table.from_batches(batches, FOUND))


def _lend_files(
    connection: duckdb.DuckDBPyConnection, table: Table, files: tuple[File, ...], snapshot: Snapshot
) -> None:
    """`<table>_files`: the files' rows with every column of the table; one that a file lacks is null."""
    name = f"{table.name}_files"
    columns = [column for column in table.columns if column.name not in table.partitioned_by]
    if not files:
        schema = pa.schema([(column.name, arrow_type(column.type)) for column in columns])
        connection.register(name, schema.empty_table())
        return
    if snapshot.storage_options:
        read = f"{name}_objects"
        connection.register(read, _dataset(files, snapshot))
    else:
        read = (
            f"read_parquet([{', '.join(_literal(file.uri) for file in files)}],"
            " union_by_name = true, hive_partitioning = false)"
        )
    there = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()}  # noqa: S608 quoted paths
    values = ", ".join(
        f'"{column.name}"' if column.name in there else f'NULL::{_SQL_TYPES[column.type]} AS "{column.name}"'
        for column in columns
    )
    connection.execute(f"CREATE TEMP VIEW {name} AS SELECT {values} FROM {read}")  # noqa: S608 names of ours, quoted paths


def _dataset(files: tuple[File, ...], snapshot: Snapshot) -> object:
    """DuckDB's wheel speaks to no object store; Delta's own file system does. Columns and filters go down to it."""
    from deltalake.fs import DeltaStorageHandler
    from pyarrow import dataset, fs

    from onefold.lake.scanning import scannable

    # any folder above all of them will do
    root = f"{files[0].uri.partition('://')[0]}://{files[0].uri.partition('://')[2].partition('/')[0]}"
    handler = DeltaStorageHandler(root, dict(snapshot.storage_options))
    found = dataset.dataset(
        [file.uri.removeprefix(f"{root}/") for file in files],
        filesystem=fs.PyFileSystem(handler),
        format="parquet",
    )
    return scannable(found)


def _sorted_steps(connection: duckdb.DuckDBPyConnection, compiled: Compiled) -> Iterator[pa.RecordBatch]:
    yield from connection.sql(f"{compiled.sql()} ORDER BY profile_id, ts").to_arrow_reader()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as fault:
        text = "It needs more memory, or room for temporary files, than it may. Ask for less time or fewer groups."
        raise QueryTooLarge(text) from fault
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as fault:
        raise SumTooLarge("A sum of whole numbers is beyond 64 bits. Ask for the property as double.") from fault
    except (duckdb.IOException, FileNotFoundError) as fault:
        raise FileGone("A file of the lake could not be read; it may have been replaced. Ask again.") from fault
    except OSError as fault:
        raise Unavailable(f"The object store of the lake can't be read: {fault}") from fault
    except duckdb.Error as fault:
        raise Broken(f"DuckDB refuses a query of ours: {fault}") from fault


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
