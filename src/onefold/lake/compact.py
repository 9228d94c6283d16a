"""Compaction: many small files become one sorted file for each month and bucket.

On the way rows that were taken back or erased are left out, and rows of fragments that moved go to their present
profile. Each step rewrites some files and commits that at once; between two steps a flush may come in. Files that are
replaced stay for those who still read them, until `clean`.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute
from deltalake.transaction import AddAction, RemoveAction
from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries
from onefold.lake.choosing import cell_groups, fresh_groups, is_fresh, lacking_groups
from onefold.lake.delta import clean, commit, files_of, removed, schema_of, stored_columns
from onefold.lake.failpoints import reach
from onefold.lake.files import KEEP_SIDES, register_files, working_memory, write_stream
from onefold.lake.location import Location
from onefold.lake.promote import complete, lacks_columns, promote_frequent, register_events, wanted_columns
from onefold.lake.snapshot import File
from onefold.lake.sorting import sorted_reader
from onefold.lake.state import known_versions, maintaining, progress_of, publish, settled_version
from onefold.lake.tables import BUCKETS, EVENTS, TABLES, Table

QUERIES: Final = load_queries("onefold.lake", "compact.sql")
GRACE: Final = timedelta(days=2)
"""So long after its end a month still gets late events, and isn't made one file a bucket."""
MAX_STEPS: Final = 10_000
MANY_OVERRIDES: Final = 20_000
log = get_logger(__name__)


class Changes(NamedTuple):
    """What is applied to rows as they are rewritten."""

    gone: pa.Table  # position, ts
    overrides: pa.Table  # fragment, profile, seq


class Compacted(NamedTuple):
    """What a run did."""

    steps: int
    rows: int
    files_before: int
    files_after: int


def compact(conn: Connection[Any], location: Location, *, everything: bool = False) -> Compacted:
    """Make files fewer where that pays, or `everything` one file a month and bucket. `conn` is in autocommit.

    Safe to repeat, to kill, and to run beside flushes and reads. Cost: reading and writing the rows of the files
    concerned, about 5 µs each; memory MEMORY_MB. Raises Unavailable when the storage fails or is full.
    """
    promote_frequent(conn, location)
    with maintaining(conn):
        before = len(_present(conn, location)[1])
    fresh = _rewrite_each(conn, location, lambda files: next(fresh_groups(files, everything=everything), None))
    _drop_gone(conn, location)  # before the long part: whoever was erased leaves the files in every run
    others = _rewrite_each(
        conn, location, lambda files: _next_cell(files, everything=everything) or _next_lacking(conn, location, files)
    )
    _fold_overrides(conn, location, everything=everything)
    complete(conn, location)
    with maintaining(conn):
        _, files = _present(conn, location)
        reach("clean: before")
        for table in TABLES:
            if table.name in known_versions(conn):
                clean(location, table.name, settled_version(conn, location, table))
        reach("clean: after")
        conn.execute(QUERIES["compacted"])
    steps, rows = len(fresh) + len(others), sum(fresh) + sum(others)
    log.info("lake_compacted", steps=steps, rows=rows, files=len(files))
    return Compacted(steps, rows, before, len(files))


def _rewrite_each(
    conn: Connection[Any], location: Location, next_group: Callable[[Sequence[File]], list[File] | None]
) -> list[int]:
    """Rewrite group after group until there is none; the rows of each. Between two of them a flush may come in."""
    rows: list[int] = []
    while len(rows) < MAX_STEPS:
        with maintaining(conn):
            version, files = _present(conn, location)
            group = next_group(files)
            if group is None:
                break
            rows.append(rewrite(conn, location, version, group))
    return rows


def rewrite(conn: Connection[Any], location: Location, version: int, files: Sequence[File]) -> int:
    """Replace these files by one for each month and bucket that their rows belong to now; how many rows. Locked."""
    changes = _changes(conn)
    actions: list[AddAction | RemoveAction] = [removed(location, EVENTS.name, file) for file in files]
    rows = 0
    with working_memory() as memory:
        register_events(memory, location, files, wanted_columns(conn))
        _load(memory, changes)
        reach("compact: read")
        for month, bucket, n, body_bytes in memory.sql(_CELLS_SQL).fetchall():
            of_cell = _CELL_SQL.format(month=month, bucket=bucket)
            sorted_rows = sorted_reader(memory, of_cell, EVENTS, rows=n, body_bytes=body_bytes)
            actions.append(write_stream(location, EVENTS, {"month": month, "bucket": str(bucket)}, sorted_rows))
            rows += n
    reach("compact: files written")
    committed = commit(location, EVENTS, version, actions, {"onefold.operation": "compact"})
    reach("compact: committed")
    with conn.transaction():
        publish(conn, location, EVENTS, version, committed)
        reach("compact: before publishing")
    reach("compact: published")
    return rows


def _present(conn: Connection[Any], location: Location) -> tuple[int, tuple[File, ...]]:
    version = settled_version(conn, location, EVENTS)
    return version, files_of(location, EVENTS.name, version)


def _next_cell(files: Sequence[File], *, everything: bool) -> list[File] | None:
    open_month = f"{datetime.now(UTC) - GRACE:%Y-%m}"
    return next(cell_groups(files, open_month, everything=everything), None)


def _next_lacking(conn: Connection[Any], location: Location, files: Sequence[File]) -> list[File] | None:
    """Files that were written before a column was promoted: all of them in the end, some at a time."""
    wanted = wanted_columns(conn)
    return next(lacking_groups(files, lambda file: lacks_columns(location, file, wanted)), None)


def _changes(conn: Connection[Any]) -> Changes:
    gone = conn.execute(QUERIES["gone"], {"flushed": progress_of(conn).flushed}).fetchall()
    overrides = conn.execute(QUERIES["overrides"]).fetchall()
    return Changes(
        pa.table(
            [
                pa.array([row[0] for row in gone], pa.int64()),
                pa.array([row[1] for row in gone], pa.timestamp("us", "UTC")),
            ],
            ["position", "ts"],
        ),
        pa.table(
            [pa.array([row[n] for row in overrides], pa.int64()) for n in range(3)], ["fragment", "profile", "seq"]
        ),
    )


def _load(memory: duckdb.DuckDBPyConnection, changes: Changes) -> None:
    """The rows as they are to be, in a table that may lie on the disk."""
    memory.register("gone", changes.gone)
    memory.register("overrides", changes.overrides)
    memory.execute(KEEP_SIDES)
    memory.execute(_LOAD_SQL)


def _drop_gone(conn: Connection[Any], location: Location) -> None:
    """Rewrite the files that hold events which were taken back or erased."""
    with maintaining(conn):
        gone = _changes(conn).gone
        if not gone.num_rows:
            return
        months = {f"{at:%Y-%m}" for at in gone["ts"].to_pylist()}
        version, files = _present(conn, location)
        suspects = [file for file in files if is_fresh(file) or file.partition["month"] in months]
        for group in _touched(location, suspects, gone, _HAS_GONE_SQL):
            rewrite(conn, location, version, group)
            version, _ = _present(conn, location)
        reach("gone: rewritten")
        conn.execute(QUERIES["forget_gone"], {"positions": gone["position"].to_pylist()})


def _fold_overrides(conn: Connection[Any], location: Location, *, everything: bool) -> None:
    """Rewrite the files whose rows belong to another profile by now, once there are many such fragments."""
    with maintaining(conn):
        overrides = _changes(conn).overrides
        if not overrides.num_rows or (overrides.num_rows < MANY_OVERRIDES and not everything):
            return
        version, files = _present(conn, location)
        for group in _touched(location, files, overrides, _HAS_MOVED_SQL):
            rewrite(conn, location, version, group)
            version, _ = _present(conn, location)
        last = pa.compute.max(overrides["seq"]).as_py()
        reach("overrides: rewritten")
        conn.execute(QUERIES["forget_overrides"], {"seq": last})


def _touched(location: Location, files: Sequence[File], changed: pa.Table, has_sql: str) -> list[list[File]]:
    """Of these files those with rows that changed, each group with its whole month and bucket."""
    found: dict[tuple[str, str], list[File]] = {}
    with working_memory() as memory:
        memory.register("changed", changed)
        for file in files:
            register_files(memory, "file", location, EVENTS, [file], _schema(EVENTS))
            if memory.sql(has_sql).fetchall():
                found.setdefault((file.partition["month"], file.partition["bucket"]), []).append(file)
    return list(found.values())


def _schema(table: Table) -> pa.Schema:
    return schema_of(stored_columns(table))


_LOAD_SQL: Final = f"""
create temp table rows as
select files.* replace (coalesce(overrides.profile, files.profile_id) as profile_id),
    strftime(files.ts, '%Y-%m') as month,
    ((coalesce(overrides.profile, files.profile_id) % {BUCKETS} + {BUCKETS}) % {BUCKETS})::integer as bucket
from files anti join gone using (position) left join overrides on overrides.fragment = files.fragment_id
"""  # noqa: S608 a number of ours
_CELLS_SQL: Final = "select month, bucket, count(*), sum(strlen(body))::bigint from rows group by all order by all"
_CELL_SQL: Final = "select * exclude (month, bucket) from rows where month = '{month}' and bucket = {bucket}"
_HAS_GONE_SQL: Final = "select 1 from file semi join changed using (position) limit 1"
_HAS_MOVED_SQL: Final = (
    "select 1 from file join changed on changed.fragment = file.fragment_id "
    "where file.profile_id <> changed.profile limit 1"
)
