"""From a question to a result: whose columns are hidden, the lake at this moment, a turn, the child process."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from onefold.accounts.api import Permission, is_masked_name, may
from onefold.config import Settings
from onefold.insights.guard import SqlRejected
from onefold.insights.job import RESULT, Form, Hidden, Job, JobColumn, JobTable, Report
from onefold.insights.sandbox import private_folder, run_job, turn
from onefold.lake.tables import COMPANIES, EVENTS, IDENTIFIERS, MEMBERSHIPS, PROFILES, Column

if TYPE_CHECKING:
    import pyarrow as pa

    from onefold.accounts.api import Actor
    from onefold.lake.snapshot import Snapshot, TableFiles

TABLES: Final = (EVENTS, PROFILES, IDENTIFIERS, COMPANIES, MEMBERSHIPS)
"""What SQL reads. Not `fragment_overrides`: `events` has the present profile already."""
THREADS: Final = 2
"""DuckDB's, of one query: the processor wants its share."""
MAX_ROWS: Final[dict[Form, int]] = {"json": 100_000, "page": 1_000, "csv": 1_000_000, "parquet": 1_000_000}
MAX_BYTES: Final[dict[Form, int]] = {
    "json": 64_000_000, "page": 8_000_000, "csv": 256_000_000, "parquet": 256_000_000
}  # fmt: skip
"""Of a result: of the file, and in memory uncompressed."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody asks. `time_zone`: IANA name, of what dates and `date_trunc` mean."""

    sql: str
    is_masked: bool
    form: Form = "json"
    max_rows: int = 10_000
    time_zone: str = "UTC"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A result. `file` goes with the context it came from; `taken_at`: everything processed by then is in it."""

    report: Report
    file: Path
    taken_at: datetime
    position: int

    def rows(self) -> list[list[Any]]:
        """Of the forms json and page."""
        found: list[list[Any]] = msgspec.json.decode(self.file.read_bytes())
        return found


def is_masked_for(actor: "Actor") -> bool:
    """Whether they see no personal data."""
    return not may(actor, Permission.SEE_PERSONAL_DATA)


def fingerprint(sql: str) -> str:
    """What the audit log calls a query: its text may hold personal data, this doesn't."""
    return hashlib.blake2b(sql.encode(errors="replace"), digest_size=8).hexdigest()


def hidden_as(column: Column, property_name: str = "") -> Hidden:
    """How whoever sees no personal data sees a column; `property_name`: what it was promoted from.

    What may tell who somebody is: never. Properties of events, and other texts: as on every page, without e-mail
    addresses and phone numbers.
    """
    if is_masked_name(property_name or column.name) or (column.is_personal and not property_name):
        return "null"
    return "addresses" if column.type == "string" else ""


@contextmanager
def ask(settings: Settings, question: Question, is_cancelled: Callable[[], bool]) -> Iterator[Answer]:
    """Runs it. Raises SqlRejected, SqlBusy, SqlTooMuch, SqlCancelled; Unavailable when the lake can't be read."""
    with turn(settings.sql.at_once), private_folder(settings.database.data_dir / "sql") as folder:
        snapshot = snapshot_of(settings, named_tables(question.sql))
        job = job_of(settings, question, snapshot, folder)
        report = run_job(job, is_cancelled)
        if report.fault:
            raise SqlRejected(report.fault.message, report.fault.line, report.fault.column)
        yield Answer(report=report, file=folder / RESULT, taken_at=snapshot.taken_at, position=snapshot.position)


def named_tables(sql: str) -> list[str]:
    """Tables that a text may read, by their names in it: those that it doesn't name needn't be brought up to now."""
    return [table.name for table in TABLES if table.name in sql.lower()]


def snapshot_of(settings: Settings, tables: Collection[str]) -> "Snapshot":
    """The lake at this moment, also those of `tables` that are refreshed now and then. Raises Unavailable."""
    from onefold.lake.location import location_of  # as above
    from onefold.lake.reading import take_snapshot

    return take_snapshot(settings.database.address(), location_of(settings), tables=tables)


def job_of(settings: Settings, question: Question, snapshot: "Snapshot", folder: Path) -> Job:
    """What the child is given; writes the rows that aren't in files into the folder."""
    return Job(
        sql=question.sql,
        folder=str(folder),
        tables=tuple(
            _job_table(snapshot, snapshot.tables[table.name], question, folder)
            for table in TABLES
            if table.name in snapshot.tables
        ),
        gone=_kept(snapshot.gone, folder / "gone"),
        overrides=_kept(snapshot.overrides, folder / "overrides"),
        withheld=_kept(snapshot.withheld, folder / "withheld"),
        storage_options=dict(snapshot.storage_options),
        form=question.form,
        max_rows=min(question.max_rows, MAX_ROWS[question.form]),
        max_bytes=MAX_BYTES[question.form],
        memory_mb=settings.sql.memory_mb,
        disk_mb=settings.sql.disk_mb,
        threads=THREADS,
        timeout_s=float(settings.sql.timeout_s),
        time_zone=question.time_zone,
    )


def _job_table(snapshot: "Snapshot", part: "TableFiles", question: Question, folder: Path) -> JobTable:
    names = {column.name: name for name, column in snapshot.promoted.items()} if part.table.name == EVENTS.name else {}
    known = {column.name for column in part.table.columns}
    columns = [*part.table.columns, *(one for one in snapshot.promoted.values() if one.name in names.keys() - known)]
    uris = tuple(file.uri for file in part.files)
    is_remote = bool(uris) and "://" in uris[0]
    return JobTable(
        name=part.table.name,
        columns=tuple(
            JobColumn(one.name, one.type, hidden_as(one, names.get(one.name, "")) if question.is_masked else "")
            for one in columns
        ),
        files=uris,
        url=uris[0].rsplit("/", len(part.table.partitioned_by) + 1)[0] if is_remote else "",
        partitions=part.table.partitioned_by,
        hot=_kept(part.hot, folder / f"hot-{part.table.name}"),
        replaced=_kept(part.replaced, folder / f"replaced-{part.table.name}"),
    )


def _kept(rows: "pa.Table | None", file: Path) -> str:
    """Path of the rows as Arrow IPC; empty when there are none."""
    import pyarrow as pa  # as above

    if rows is None or not rows.num_rows:
        return ""
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)
    return str(file)
