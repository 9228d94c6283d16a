"""How the lake is, as its files and PostgreSQL say it: for the command. `standing.py` is the light one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onefold.lake.choosing import is_fresh
from onefold.lake.delta import files_of
from onefold.lake.location import Location
from onefold.lake.reading import one_moment
from onefold.lake.rows import HOT, read_arrow
from onefold.lake.tables import TABLES


@dataclass(frozen=True, kw_only=True)
class TableStatus:
    """A table at the version that counts. `fresh_files`: not filed by month and bucket yet."""

    name: str
    version: int
    files: int
    fresh_files: int
    rows: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Status:
    """Where the lake stands. `waiting`: events that aren't in it yet."""

    url: str
    tables: list[TableStatus]
    flushed: int
    flushed_at: datetime | None
    refreshed_at: datetime | None
    compacted_at: datetime | None
    hot_since: datetime | None
    waiting: int
    waiting_since: datetime | None
    gone: int
    overrides: int
    fault: str
    fault_at: datetime | None
    properties: list[dict[str, Any]]


def status_of(url: str, location: Location) -> Status:
    """Everything, as of one moment. Cost: the Delta logs' newest part, and the events that wait."""
    with one_moment(url) as conn:
        versions = {row["name"]: row["version"] for row in read_arrow(conn, HOT["versions"]).to_pylist()}
        found = read_arrow(conn, HOT["status"]).to_pylist()[0]
        properties = read_arrow(conn, HOT["properties"]).to_pylist()
    tables = [_table(location, table.name, versions[table.name]) for table in TABLES if table.name in versions]
    return Status(url=location.url, tables=tables, properties=properties, **found)


def _table(location: Location, name: str, version: int) -> TableStatus:
    files = files_of(location, name, version)
    return TableStatus(
        name=name,
        version=version,
        files=len(files),
        fresh_files=sum(map(is_fresh, files)),
        rows=sum(file.rows for file in files),
        size_bytes=sum(file.size_bytes for file in files),
    )
