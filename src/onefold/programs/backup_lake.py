"""The lake in a backup: put into the archive, and back beside the database that knows of it."""

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final

from psycopg import Connection

from onefold.kernel.errors import Rejected, Unavailable
from onefold.lake.location import Location

PREFIX: Final = "lake/"
FRESH: Final = ".restoring"
OLD: Final = ".replaced"
"""Folders in the lake's own, so that all are on one disk, whether that is mounted there or linked to."""
_COPY_BYTES: Final = 1 << 20


class BackupRejected(Rejected):
    """This can't be backed up there, or restored from it."""

    code = "backup_rejected"


def put_lake(conn: Connection[Any], location: Location, archive: zipfile.ZipFile) -> int:
    """The lake in a folder as `conn`'s transaction sees it goes into `archive`; how many files.

    Raises LakeDamaged, Unavailable when files are missing or can't be read, OSError when the archive can't be written.
    """
    from onefold.lake.archive import archived_files  # heavy, and a restore doesn't need it

    root = Path(location.url)
    count = 0
    for path in archived_files(conn, location):
        try:
            source = path.open("rb")
        except OSError as fault:
            raise Unavailable(
                f"{path} of the lake can't be read ({fault.strerror}). `onefold lake verify` tells more; a backup "
                "without the lake: --without-lake."
            ) from fault
        with source, archive.open(f"{PREFIX}{path.relative_to(root).as_posix()}", "w", force_zip64=True) as target:
            shutil.copyfileobj(source, target, _COPY_BYTES)  # stored: Parquet is compressed
        count += 1
    return count


def lake_parts(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What of an archive is the lake. Raises BackupRejected when a name leads out of its folder."""
    parts = [info for info in archive.infolist() if info.filename.startswith(PREFIX)]
    for info in parts:
        inner = PurePosixPath(info.filename.removeprefix(PREFIX))
        has_trick = inner.is_absolute() or ".." in inner.parts or "\\" in info.filename or ":" in info.filename
        if has_trick or info.is_dir() or len(inner.parts) < 2:
            raise BackupRejected(f"{info.filename!r} in this backup is no file of a lake.")
    return parts


def digest_of(parts: Sequence[zipfile.ZipInfo]) -> str:
    """SHA-256 of their names, sizes and checksums; that their contents have these is seen when they are unpacked."""
    lines = "".join(f"{info.filename} {info.file_size} {info.CRC}\n" for info in parts)
    return hashlib.sha256(lines.encode()).hexdigest()


@contextmanager
def unpacked(archive: zipfile.ZipFile, location: Location, *, has_lake: bool, is_replacing: bool) -> Iterator[None]:
    """The archive's lake is unpacked and checked before the block, and in place of what was there after it.

    When the block fails, the lake is as it was. An archive without a lake leaves what is there. Raises BackupRejected,
    Unavailable.
    """
    if not has_lake:
        yield
        return
    if location.is_remote:
        raise BackupRejected(
            f"This backup holds a lake, and ONEFOLD_LAKE_URL is {location.url}. Restore it into a folder (without "
            "ONEFOLD_LAKE_URL), then copy that folder to the object store and set ONEFOLD_LAKE_URL again."
        )
    place = Path(location.url)
    if _tables_in(place) and not is_replacing:
        raise BackupRejected(f"There is a lake in {place} already. Move it away, or say --replace to lose it.")
    was_there = place.is_dir()
    try:
        try:
            _sweep(place)  # an earlier restore may have been killed
            (place / FRESH).mkdir(parents=True)
            for info in lake_parts(archive):
                _unpack(archive, info, place / FRESH / info.filename.removeprefix(PREFIX))
            os.sync()  # all of it is on the disk before anything goes
        except OSError as fault:
            raise Unavailable(
                f"The lake can't be written to {place}: {fault.strerror}. Nothing was restored."
            ) from fault
        yield
        try:
            _exchange(place)
        except OSError as fault:
            raise Unavailable(
                f"The database is restored; its lake could not be put into {place}: {fault.strerror}. "
                "Mend that and restore again, with --replace."
            ) from fault
    finally:
        _sweep(place)
        if not was_there and place.is_dir() and not any(place.iterdir()):
            place.rmdir()


def _tables_in(place: Path) -> list[Path]:
    return [path for path in place.iterdir() if path.name not in (FRESH, OLD)] if place.is_dir() else []


def _sweep(place: Path) -> None:
    for name in (FRESH, OLD):
        shutil.rmtree(place / name, ignore_errors=True)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    """One file, and its checksum right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(info) as source, target.open("xb") as stream:
            shutil.copyfileobj(source, stream, _COPY_BYTES)
    except zipfile.BadZipFile as fault:
        raise BackupRejected(f"{info.filename} in this backup was changed after it was made.") from fault


def _exchange(place: Path) -> None:
    """What was unpacked takes the place of what is there."""
    (place / OLD).mkdir()
    for path in _tables_in(place):
        path.rename(place / OLD / path.name)
    for path in (place / FRESH).iterdir():
        path.rename(place / path.name)
    os.sync()
