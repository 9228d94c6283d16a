"""What a child process is given to do, and what it reports. Pure."""

from typing import Final, Literal

import msgspec

MAX_SQL: Final = 50_000
"""Characters of one query."""
MAX_COLUMNS: Final = 1_000
"""Columns of a result."""
RESULT: Final = "result"
"""The file in the job's folder that holds the rows."""
MASK: Final = "•••"
Form = Literal["json", "page", "csv", "parquet"]
"""Of a result: rows as lists of JSON; the same with texts of MAX_CELL letters, lists and structs as text; files."""
MAX_CELL: Final = 300
"""Letters that a page shows of a value."""
Hidden = Literal["", "null", "addresses"]
"""How a column is shown: as it is; never; without the texts that hold e-mail addresses or phone numbers."""


class JobColumn(msgspec.Struct, frozen=True):
    """`type`: of Delta, as in lake/tables.py."""

    name: str
    type: str
    hidden: Hidden = ""


class JobTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table as the SQL sees it. `files`: paths or URLs; `partitions`: columns that stand in those; `hot`: a file."""

    name: str
    columns: tuple[JobColumn, ...]
    files: tuple[str, ...] = ()
    url: str = ""
    """Of the table, where pyarrow shall read it: an object store."""
    partitions: tuple[str, ...] = ()
    hot: str = ""
    replaced: str = ""
    """A file with one column `profile_id`: rows of the files that have one of these don't count."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A query and all that it may reach. `gone`, `overrides`, `withheld`, `hot`: Arrow IPC files; empty = no rows."""

    sql: str
    folder: str
    tables: tuple[JobTable, ...]
    gone: str = ""
    overrides: str = ""
    withheld: str = ""
    storage_options: dict[str, str] = {}
    form: Form = "json"
    max_rows: int = 10_000
    max_bytes: int = 64_000_000
    memory_mb: int = 1_024
    disk_mb: int = 2_048
    threads: int = 2
    timeout_s: float = 50.0
    time_zone: str = "UTC"


class Fault(msgspec.Struct, frozen=True):
    """Why there is no result. `kind`: rejected = the SQL; files = of the lake; broken = ours or DuckDB's."""

    kind: Literal["rejected", "memory", "disk", "files", "broken"]
    message: str
    line: int = 0
    column: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a job. `columns`: names with DuckDB's types; `tables`: those that were read."""

    fault: Fault | None = None
    columns: tuple[tuple[str, str], ...] = ()
    rows: int = 0
    is_cut: bool = False
    seconds: float = 0.0
    tables: tuple[str, ...] = ()
