"""A Delta table: which files a version has, and commits that add and remove files in one step.

What a table holds is decided by `lake_table` in PostgreSQL, not by the newest version: a commit that PostgreSQL doesn't
know of is taken back by `settle`. So several tables and the position change together, and nothing counts twice.
"""

import json
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from onefold.lake.location import Location, LocationRejected
from onefold.lake.snapshot import File
from onefold.lake.state import LakeChanged, LakeDamaged
from onefold.lake.storage import log_advice, log_entry, make_durable, translated
from onefold.lake.tables import Column, Table

_ARROW: Final = {
    "long": pa.int64(),
    "integer": pa.int32(),
    "string": pa.string(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_STATISTICS: Final = ("profile_id", "ts", "position")
"""Columns of which the Delta log tells the least and the greatest of each file, so that readers skip files."""
KEPT_HOURS: Final = 24 * 7
"""What a version had is kept so long after it was replaced: for whoever still reads it."""
_CONFIGURATION: Final = {
    "delta.logRetentionDuration": f"interval {KEPT_HOURS} hours",
    "delta.deletedFileRetentionDuration": f"interval {KEPT_HOURS} hours",
}

_BARELY: Final = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
"""A commit alone: whoever makes one on the way would forget the version that PostgreSQL still counts. See `clean`."""


def schema_of(columns: Iterable[Column]) -> pa.Schema:
    """As Arrow has it."""
    return pa.schema([(column.name, _ARROW[column.type]) for column in columns])


def stored_columns(table: Table) -> tuple[Column, ...]:
    """Those that are in its files; the others are in their paths."""
    return tuple(column for column in table.columns if column.name not in table.partitioned_by)


def statistics_of(table: Table) -> tuple[str, ...]:
    """Columns of which the log tells the least and the greatest of each file; never null.

    The table says so itself, too: deltalake takes what it misses for null otherwise, and drops every row by it.
    """
    return tuple(column.name for column in table.columns if column.name in _STATISTICS) or table.sorted_by[:1]


def create(location: Location, table: Table) -> int:
    """The version of the table that is there, made if there is none."""
    with translated(location, table.name):
        if not location.is_remote:
            Path(location.url).mkdir(mode=0o700, parents=True, exist_ok=True)  # it names people
            Path(location.table(table.name)).mkdir(parents=True, exist_ok=True)
        if DeltaTable.is_deltatable(location.table(table.name), location.options or None):
            return _open(location, table.name).version()
        return DeltaTable.create(
            location.table(table.name),
            schema=schema_of(table.columns),
            partition_by=list(table.partitioned_by) or None,
            description=table.meaning,
            configuration=_CONFIGURATION | {"delta.dataSkippingStatsColumns": ",".join(statistics_of(table))},
            storage_options=location.options or None,
        ).version()


def newest_version(location: Location, name: str) -> int:
    """Whoever committed it."""
    with translated(location, name):
        return _open(location, name).version()


@lru_cache(maxsize=32)
def _files(url: str, name: str, version: int, options: tuple[tuple[str, str], ...]) -> tuple[File, ...]:
    location = Location(url, dict(options))
    with translated(location, name):
        actions = pa.table(_open(location, name, version).get_add_actions(flatten=False)).to_pylist()
    return tuple(
        File(
            uri=f"{location.table(name)}/{action['path']}",
            partition={key: str(value) for key, value in (action.get("partition") or {}).items()},
            size_bytes=action["size_bytes"],
            rows=action["num_records"],
        )
        for action in actions
    )


def files_of(location: Location, name: str, version: int) -> tuple[File, ...]:
    """The files of a version. Cost: its log since the last checkpoint, the first time."""
    return _files(location.url, name, version, tuple(sorted(location.options.items())))


def extent_of(location: Location, name: str, version: int) -> tuple[int, int]:
    """How many files a version has, and how many rows they."""
    files = files_of(location, name, version)
    return len(files), sum(file.rows for file in files)


def demand_extent(location: Location, name: str, version: int, files: int, rows: int) -> tuple[File, ...]:
    """As `files_of`. Raises LakeDamaged when they aren't what PostgreSQL knows of the version."""
    if extent_of(location, name, version) != (files, rows):
        _files.cache_clear()  # after a repair versions are counted anew
        if (found := extent_of(location, name, version)) != (files, rows):
            raise LakeDamaged(
                f"Version {version} of the table {name} should have {files:,} files with {rows:,} rows; its Delta log "
                f"tells of {found[0]:,} with {found[1]:,}. {log_advice(location, name)}"
            )
    return files_of(location, name, version)


class Extent:
    """What the Delta log tells of a file's rows."""

    def __init__(self, table: Table) -> None:
        self.rows = 0
        self._names = statistics_of(table)
        self._bounds: dict[str, list[Any]] = {}

    def add(self, rows: pa.RecordBatch) -> None:
        """Of some more rows."""
        self.rows += rows.num_rows
        for name in self._names:
            if name in rows.schema.names and rows.num_rows:
                found = pa.compute.min_max(rows[name]).as_py()
                bounds = self._bounds.setdefault(name, [found["min"], found["max"]])
                bounds[:] = [min(bounds[0], found["min"]), max(bounds[1], found["max"])]

    def statistics(self) -> str:
        """JSON as the Delta protocol has it, "Per-file Statistics"."""
        least = {name: _statistic(bounds[0], 0) for name, bounds in self._bounds.items()}
        most = {name: _statistic(bounds[1], 999) for name, bounds in self._bounds.items()}
        nulls = dict.fromkeys(self._bounds, 0)
        return json.dumps({"numRecords": self.rows, "minValues": least, "maxValues": most, "nullCount": nulls})


def added(path: str, size_bytes: int, partition: dict[str, str], extent: Extent) -> AddAction:
    """That a file comes."""
    return AddAction(path, size_bytes, partition, int(time.time() * 1000), True, extent.statistics())


def _statistic(value: Any, rest_us: int) -> Any:  # noqa: ANN401 whatever the column holds
    """Instants in the Delta log have milliseconds: the greatest is rounded up (`rest_us`)."""
    if not isinstance(value, datetime):
        return value
    micros = round(value.timestamp() * 1_000_000) + rest_us
    return datetime.fromtimestamp(micros // 1000 / 1000, tz=value.tzinfo).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{micros // 1000 % 1000:03d}Z"
    )


def removed(location: Location, name: str, file: File) -> RemoveAction:
    """That a file goes."""
    path = file.uri.removeprefix(f"{location.table(name)}/")
    return RemoveAction(
        path, True, int(time.time() * 1000), size=file.size_bytes, partition_values=dict(file.partition)
    )


def commit(
    location: Location, table: Table, version: int, actions: Sequence[AddAction | RemoveAction], note: dict[str, str]
) -> int:
    """Add and remove files of `version` in one step; the version that this makes. `note` stands in the table's history.

    Raises LakeChanged when `version` is not the newest any more.
    """
    with translated(location, table.name):
        delta = _open(location, table.name)
    if delta.version() != version:
        raise LakeChanged(f"The table {table.name} is at version {delta.version()}, not at {version}.")
    make_durable(location, table.name, [action.path for action in actions if isinstance(action, AddAction)])
    properties = CommitProperties(max_commit_retries=0, custom_metadata=note)
    try:
        with translated(location, table.name):
            delta.create_write_transaction(
                list(actions),
                "append",
                Schema.from_arrow(schema_of(table.columns)),
                list(table.partitioned_by) or None,
                commit_properties=properties,
                post_commithook_properties=_BARELY,
            )
    except CommitFailedError as fault:
        raise LakeChanged(f"The table {table.name} was changed at the same time.") from fault
    make_durable(location, table.name, [log_entry(version + 1)])
    return version + 1


def settle(location: Location, table: Table, version: int | None) -> int:
    """Make the newest version be what `version` was (None: the table is new); the version that is it now.

    What was committed in between was never finished: nobody saw it. Raises LakeDamaged when `version` is lost, and
    LocationRejected when a table is there that the database knows nothing of.
    """
    newest = create(location, table) if version is None else newest_version(location, table.name)
    if version is None and files_of(location, table.name, newest):
        raise LocationRejected(
            f"{location.table(table.name)} is of another installation, or of a database that is lost: nothing in this "
            "database knows it. Move it away, or set ONEFOLD_LAKE_URL to another place."
        )
    if version is None or version == newest:
        return newest
    with translated(location, table.name):
        _open(location, table.name).restore(version, post_commithook_properties=_BARELY)
    newest = newest_version(location, table.name)
    make_durable(location, table.name, [log_entry(newest)])
    return newest


def column_names(location: Location, table: Table) -> set[str]:
    """Of the newest version: of its own columns, and of those that it was given."""
    with translated(location, table.name):
        return {field.name for field in _open(location, table.name).schema().fields}


def add_columns(location: Location, table: Table, columns: Sequence[Column]) -> int:
    """Give the table further columns, null in all files; the version that has them. Those it has already are left."""
    from deltalake import Field
    from deltalake.schema import PrimitiveType

    with translated(location, table.name):
        delta = _open(location, table.name)
        there = {field.name for field in delta.schema().fields}
        if new := [Field(one.name, PrimitiveType(one.type)) for one in columns if one.name not in there]:
            delta.alter.add_columns(new, post_commithook_properties=_BARELY)
        return _open(location, table.name).version()


def clean(location: Location, name: str, keep: int) -> int:
    """Delete files that no version of the last KEPT_HOURS has, also those that were never committed; how many.

    Makes a checkpoint, so that opening the table stays cheap, and forgets old log entries.
    """
    with translated(location, name):
        delta = _open(location, name)
        delta.create_checkpoint()
        delta.cleanup_metadata()
        gone = delta.vacuum(
            KEPT_HOURS, dry_run=False, full=True, keep_versions=[keep], post_commithook_properties=_BARELY
        )
        return len(gone)


def _open(location: Location, name: str, version: int | None = None) -> DeltaTable:
    return DeltaTable(location.table(name), version=version, storage_options=location.options or None)
