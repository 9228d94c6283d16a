"""The lake as plain Parquet files: nothing to be put right by whoever reads them."""

import shutil
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from onefold.kernel.errors import Rejected, Unavailable
from onefold.lake.choosing import is_fresh
from onefold.lake.delta import schema_of, stored_columns
from onefold.lake.files import COMPRESSION, KEEP_SIDES, register_files, working_memory
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from onefold.lake.snapshot import Snapshot
from onefold.lake.sorting import sorted_reader
from onefold.lake.tables import COMPANIES, EVENTS, IDENTIFIERS, MEMBERSHIPS, PROFILES, ROW_GROUP_ROWS, Column

HALF: Final = ".exporting"


class ExportRejected(Rejected):
    """The lake can't be written there."""

    code = "lake_export_rejected"


def export(url: str, location: Location, folder: Path) -> dict[str, int]:
    """Write every table into `folder`, which is new or empty: a file each, of `events` one a month; rows of each.

    As of one moment, the hot tail included, without what is gone, under present profiles, so that overrides are not
    needed. Whole or not at all. Raises ExportRejected, Unavailable.
    """
    half = folder / HALF
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it names people
        shutil.rmtree(half, ignore_errors=True)  # of an export that was killed
        if any(folder.iterdir()):
            raise ExportRejected(f"{folder} holds something already. Name a folder that is new or empty.")
    except OSError as fault:
        raise ExportRejected(f"{folder} is no folder that can be written to ({fault.strerror}).") from fault
    try:
        rows = _export_into(url, location, half)
        for name in rows:
            (half / name).rename(folder / name)
    except OSError as fault:
        raise Unavailable(f"{folder} can't be written to: {fault.strerror or fault}. Nothing was exported.") from fault
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return rows


def _export_into(url: str, location: Location, folder: Path) -> dict[str, int]:
    snapshot = take_snapshot(url, location, tables=[table.name for table in _OTHERS])
    rows = {}
    for name in (EVENTS.name, *(table.name for table in _OTHERS)):
        (folder / name).mkdir(parents=True)
        with working_memory() as memory:
            write = _export_events if name == EVENTS.name else _export_table
            rows[name] = write(memory, location, snapshot, name, folder / name)
    return rows


def _export_events(
    memory: duckdb.DuckDBPyConnection, location: Location, snapshot: Snapshot, name: str, folder: Path
) -> int:
    """Month by month."""
    files = snapshot.tables[name]
    schema = schema_of(stored_columns(files.table))
    for part in ("gone", "withheld", "overrides"):
        memory.register(part, getattr(snapshot, part))
    memory.register("hot", files.hot)
    memory.execute(KEEP_SIDES)
    fresh = [file for file in files.files if is_fresh(file)]
    register_files(memory, "files", location, files.table, fresh, schema)
    months = {month for (month,) in memory.sql(_MONTHS_SQL).fetchall()}
    months |= {file.partition["month"] for file in files.files if not is_fresh(file)}
    rows = 0
    for month in sorted(months):
        filed = [file for file in files.files if file.partition["month"] == month]
        register_files(memory, "files", location, files.table, [*filed, *fresh], schema)
        of_month = _MONTH_SQL.format(month=month)
        ((n, body_bytes),) = memory.sql(_SIZE_SQL.format(rows=of_month)).fetchall()
        if n:
            found = sorted_reader(memory, of_month, files.table, rows=n, body_bytes=body_bytes)
            rows += _write(found, folder / f"{month}.parquet")
    return rows


def _export_table(
    memory: duckdb.DuckDBPyConnection, location: Location, snapshot: Snapshot, name: str, folder: Path
) -> int:
    files = snapshot.tables[name]
    stored = stored_columns(files.table)
    register_files(memory, "files", location, files.table, files.files, schema_of(stored))
    memory.register("hot", files.hot if files.hot is not None else schema_of(files.table.columns).empty_table())
    memory.register("replaced", files.replaced if files.replaced is not None else schema_of(_KEY).empty_table())
    names = ", ".join(column.name for column in stored)
    kept = "anti join replaced using (profile_id)" if files.table.column("profile_id") else ""
    query = f"""
    select {names} from files {kept} union all select {names} from hot order by {", ".join(files.table.sorted_by)}
    """  # noqa: S608 names of ours
    return _write(memory.sql(query).to_arrow_reader(ROW_GROUP_ROWS), folder / "all.parquet")


def _write(reader: pa.RecordBatchReader, path: Path) -> int:
    rows = 0
    with pq.ParquetWriter(path, reader.schema, compression=COMPRESSION) as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


_OTHERS: Final = (PROFILES, IDENTIFIERS, COMPANIES, MEMBERSHIPS)
_KEY: Final = (Column("profile_id", "long", "Whose rows of the files don't count"),)
_MONTHS_SQL: Final = "select distinct strftime(ts, '%Y-%m') from (select ts from files union all select ts from hot)"
_MONTH_SQL: Final = """
select found.* replace (coalesce(overrides.profile_id, found.profile_id) as profile_id)
from (
    select * from files anti join gone using (position) union all by name select * exclude (month, bucket) from hot
) found anti join withheld using (fragment_id) left join overrides using (fragment_id)
where strftime(found.ts, '%Y-%m') = '{month}'
"""
_SIZE_SQL: Final = "select count(*), coalesce(sum(strlen(body)), 0)::bigint from ({rows})"
