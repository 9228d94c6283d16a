"""The lake in a backup: put into the archive, and back beside the database that knows of it."""

import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, Final

from psycopg import Connection

from onefold.kernel.errors import Rejected, Unavailable
from onefold.lake.api import Location, archived_files

PREFIX: Final = "lake/"
_COPY_BYTES: Final = 1 << 20


class BackupRejected(Rejected):
    """This can't be backed up there, or restored from it."""

    code = "backup_rejected"


def put_lake(conn: Connection[Any], location: Location, archive: zipfile.ZipFile) -> int:
    """The lake in a folder as `conn`'s transaction sees it goes into `archive`; how many files.

    Raises LakeDamaged or Unavailable when files are missing.
    """
    root = Path(location.url)
    count = 0
    for count, path in enumerate(archived_files(conn, location), start=1):  # noqa: B007 its last value is the answer
        try:
            archive.write(path, f"{PREFIX}{path.relative_to(root).as_posix()}", zipfile.ZIP_STORED)  # compressed enough
        except FileNotFoundError as fault:
            raise Unavailable(
                f"{path} of the lake is missing. `onefold lake verify` tells more; without the lake: --without-lake."
            ) from fault
    return count


def lake_parts(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What of an archive is the lake. Raises BackupRejected when a name leads out of its folder."""
    parts = [info for info in archive.infolist() if info.filename.startswith(PREFIX)]
    for info in parts:
        path = PurePosixPath(info.filename)
        if ".." in path.parts or info.is_dir() or "\\" in info.filename or ":" in info.filename:
            raise BackupRejected(f"{info.filename!r} in this backup is no file of a lake.")
    return parts


@contextmanager
def unpacked(archive: zipfile.ZipFile, location: Location, *, is_replacing: bool) -> Iterator[None]:
    """The archive's lake is beside the lake's place, checked, before the block; in its place after it.

    When the block fails, nothing has changed. An archive without a lake leaves what is there. Raises BackupRejected,
    Unavailable.
    """
    parts = lake_parts(archive)
    if not parts:
        yield
        return
    if location.is_remote:
        raise BackupRejected(
            f"This backup holds a lake, and ONEFOLD_LAKE_URL is {location.url}. Restore it into a folder (without "
            "ONEFOLD_LAKE_URL), then copy that folder to the object store and set ONEFOLD_LAKE_URL again."
        )
    place = Path(location.url)
    if _holds_something(place) and not is_replacing:
        raise BackupRejected(f"There is a lake in {place} already. Move it away, or say --replace to lose it.")
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        for info in parts:
            _unpack(archive, info, fresh / info.filename.removeprefix(PREFIX))
        yield
        _exchange(fresh, place)
    except OSError as fault:
        raise Unavailable(f"The lake can't be written to {place}: {fault.strerror}.") from fault
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    """One file, on the disk, and its checksum right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(info) as source, target.open("xb") as stream:
            shutil.copyfileobj(source, stream, _COPY_BYTES)
            stream.flush()
            os.fsync(stream.fileno())
    except zipfile.BadZipFile as fault:
        raise BackupRejected(f"{info.filename} in this backup was changed after it was made.") from fault


def _exchange(fresh: Path, place: Path) -> None:
    """`fresh` becomes `place`; what was there goes."""
    old = place.with_name(f".{place.name}.{os.getpid()}.old")
    with suppress(FileNotFoundError):
        place.rename(old)
    fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)
