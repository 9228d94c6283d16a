"""The lake as plain Parquet files: nothing to be put right by whoever reads them."""

from pathlib import Path
from typing import Final

import duckdb
import pyarrow.parquet as pq

from onefold.kernel.errors import Rejected
from onefold.lake.delta import schema_of, stored_columns
from onefold.lake.files import COMPRESSION, register_files, working_memory
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from onefold.lake.snapshot import Snapshot
from onefold.lake.tables import EVENTS, ROW_GROUP_ROWS, Table


class ExportRejected(Rejected):
    """The lake can't be written there."""

    code = "lake_export_rejected"


def export(url: str, location: Location, folder: Path) -> dict[str, int]:
    """Write every table into `folder`, which is new or empty: a file each, of `events` one a month; rows of each.

    As of one moment, the hot tail included, without what is gone, under present profiles. Raises ExportRejected.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportRejected(f"{folder} holds something already. Name a folder that is new or empty.")
    snapshot = take_snapshot(url, location)
    return {name: _export(location, snapshot, files.table, folder) for name, files in snapshot.tables.items()}


def _export(location: Location, snapshot: Snapshot, table: Table, folder: Path) -> int:
    files = snapshot.tables[table.name]
    (folder / table.name).mkdir(parents=True, exist_ok=True)
    rows = 0
    with working_memory() as memory:
        register_files(memory, "files", location, table, files.files, schema_of(stored_columns(table)))
        if table.name == EVENTS.name:
            for name in ("gone", "withheld", "overrides"):
                memory.register(name, getattr(snapshot, name))
            memory.register("hot", files.hot)
            memory.execute(_EVENTS_SQL)
            for (month,) in memory.sql("select distinct month from whole order by 1").fetchall():
                query = (
                    f"select * exclude (month) from whole where month = $month order by {', '.join(table.sorted_by)}"  # noqa: S608 names of ours
                )
                rows += _write(memory.sql(query, params={"month": month}), folder / table.name / f"{month}.parquet")
        else:
            rows = _write(memory.sql("select * from files"), folder / table.name / "all.parquet")
    return rows


def _write(found: duckdb.DuckDBPyRelation, path: Path) -> int:
    reader = found.to_arrow_reader(ROW_GROUP_ROWS)
    rows = 0
    with pq.ParquetWriter(path, reader.schema, compression=COMPRESSION) as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


_EVENTS_SQL: Final = """
create temp table whole as
select found.* replace (coalesce(overrides.profile_id, found.profile_id) as profile_id), strftime(ts, '%Y-%m') as month
from (
    select * from files anti join gone using (position) union all by name select * exclude (month, bucket) from hot
) found anti join withheld using (fragment_id) left join overrides using (fragment_id)
"""
