"""What storage does to us: its errors as ours, and files that are still there after the power failed."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from onefold.kernel.errors import Unavailable
from onefold.lake.location import Location
from onefold.lake.state import LakeDamaged

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

OR_ANEW: Final = "; or, if PostgreSQL has every event, move the lake away and run `onefold lake begin-anew`."
LOG: Final = "_delta_log"
_DAMAGE: Final = (
    "Json error",
    "Parquet error",
    "Invalid Checkpoint",
    "found gap",
    "LogSegment end version",
    "log segment",
    "missing file",
)
"""Of delta-rs' sentences those that speak of a log which is lost or torn, not of a storage that fails."""
_MAX_CHARS: Final = 300
_TRACE: Final = re.compile(r"\s0: .*\s1: .*", re.DOTALL)
"""A backtrace of Rust: its frames are numbered."""
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m↳?")


@contextmanager
def translated(location: Location, name: str) -> Iterator[None]:
    """Outside errors as ours: of the storage (try again), or of the table's log. A conflict of commits stays one."""
    try:
        yield
    except CommitFailedError:
        raise
    except TableNotFoundError as fault:
        raise LakeDamaged(
            f"The table {name} is lost, or ONEFOLD_LAKE_URL names another place than before. "
            f"{log_advice(location, name)}"
        ) from fault
    except (DeltaError, OSError) as fault:
        said = plain(fault)
        if any(words in said for words in _DAMAGE):
            raise LakeDamaged(
                f"The Delta log of the table {name} is lost in part or torn ({said}). {log_advice(location, name)}"
            ) from fault
        raise Unavailable(f"The lake's storage failed, and is tried again: {said}") from fault


def plain(fault: Exception) -> str:
    """What an outside error says, as one line without colours and without where in its own code it stands."""
    return " ".join(_TRACE.sub("", _COLOURS.sub("", str(fault))).split())[:_MAX_CHARS]


def folder_of(location: Location, name: str) -> "FileSystem":
    """A table's folder. Raises Unavailable, and LakeDamaged when it isn't there."""
    with translated(location, name):
        return location.files(name)


def log_advice(location: Location, name: str) -> str:
    """What a person does about a damaged log."""
    return f"Nothing else was changed. Restore {location.table(name)}/{LOG} from a backup{OR_ANEW}"


def log_entry(version: int) -> str:
    """The path of a version's entry in the log, from the table's folder."""
    return f"{LOG}/{version:020}.json"


def make_durable(location: Location, name: str, paths: Iterable[str]) -> None:
    """These files of a table outlive a power failure, as the database's commit that names them does.

    An object store has seen to that before it answers. Raises Unavailable.
    """
    if location.is_remote:
        return
    files = [Path(location.table(name), path) for path in paths]
    with translated(location, name):
        for path in (*files, *{folder for file in files for folder in (file.parent, file.parent.parent)}):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
