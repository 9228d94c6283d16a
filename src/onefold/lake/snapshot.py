"""What the lake and the hot tail hold at one moment, as an engine reads it. No database; `reading.py` takes one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from onefold.lake.tables import Column, Table

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class File:
    """A Parquet file of a table. `partition`: values of `Table.partitioned_by`, as text; columns not in the file."""

    uri: str  # absolute path, or s3://… and the like
    partition: Mapping[str, str]
    size_bytes: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class TableFiles:
    """A table at one version of its Delta log. A column of `table` that a file lacks is null in it."""

    table: Table
    version: int
    files: tuple[File, ...]
    hot: "pa.Table | None" = None
    """Rows that aren't in the files yet, with all columns of `table`."""
    replaced: "pa.Table | None" = None
    """One column, `profile_id`: rows of the files that have one of these don't count; `hot` has what does."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A consistent moment: every event accepted by then counts once, whether in a file or in the hot tail.

    Of `events`: rows whose `position` is in `gone` were taken back or erased since they were written; `overrides` gives
    the present profile of fragments that merged or split since. `events` then is: files without `gone`, and `hot`, both
    without the fragments of `withheld`, with `profile_id` from `overrides` where that has the fragment. The other
    tables are their files without `replaced`, and `hot`; of people as they are only where the snapshot was asked for
    them, else as of the last refresh.
    """

    tables: Mapping[str, TableFiles]
    position: int
    """Events up to here are in the files."""
    taken_at: datetime
    """Everything processed by then is in it: how fresh an answer is. UTC."""
    gone: "pa.Table"
    """One column `position` (int64)."""
    overrides: "pa.Table"
    """`fragment_id`, `profile_id` (int64)."""
    withheld: "pa.Table"
    """One column `fragment_id` (int64): events that nobody may see any more; an erasure is under way."""
    promoted: Mapping[str, Column] = field(default_factory=dict)
    """Properties that are complete columns of `events`: property name → column."""
    hot_since: datetime | None = None
    """Events received before are in the files only; None = PostgreSQL has every event, too."""
    ends: int | None = None
    """Events up to here are in it, in files or the hot tail; of a very long tail these aren't all. None: not known."""
    storage_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For an object store, as deltalake names them; empty = local files."""
