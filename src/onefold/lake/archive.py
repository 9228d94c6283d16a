"""What a backup copies of a lake that is in a folder: the versions that count at one moment, and nothing later."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from onefold.lake.delta import demand_extent
from onefold.lake.location import Location
from onefold.lake.state import known_versions
from onefold.lake.storage import LOG

_ENTRY: Final = re.compile(r"(\d{20})\.(json|checkpoint(\.[\w.-]+)?\.parquet)")
"""Of a Delta log: a commit, or a checkpoint, which holds all of the log until then (Delta protocol, "Checkpoints")."""


def archived_files(conn: Connection[Any], location: Location) -> Iterator[Path]:
    """Files that together are the lake as `conn`'s transaction sees it; each is in the lake's folder.

    None of them changes any more, and none is deleted within delta.KEPT_HOURS: no run needs to wait. Once they are
    alone in a folder, the newest version of every table is the one that counts. Raises LakeDamaged, Unavailable.
    """
    for name, (version, files, rows) in known_versions(conn).items():
        held = demand_extent(location, name, version, files, rows)
        yield from _log_files(Path(location.table(name), LOG), version)
        yield from (Path(file.uri) for file in held)


def _log_files(folder: Path, version: int) -> list[Path]:
    """The log of a version: its last checkpoint, and the commits since."""
    entries: Mapping[Path, re.Match[str]] = {
        path: found for path in sorted(folder.iterdir()) if (found := _ENTRY.fullmatch(path.name))
    }
    checkpoints = [int(found[1]) for found in entries.values() if found[2] != "json" and int(found[1]) <= version]
    since = max(checkpoints, default=0)
    return [path for path, found in entries.items() if since <= int(found[1]) <= version]
