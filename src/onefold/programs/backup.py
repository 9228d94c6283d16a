"""`onefold backup` and `onefold restore`: a whole installation in one file, a ZIP with a manifest.

The file holds personal data and keys. Its database part is what `pg_dump` writes (custom format), its lake the files of
the same moment; the programs go on meanwhile. A restore is all or nothing: one transaction, and the lake's folder after
it.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated, Any, Final

import msgspec
from psycopg import Connection, IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from onefold.config import Settings
from onefold.infra.binaries import find_binaries
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect
from onefold.kernel.errors import Broken, Unavailable
from onefold.lake.location import location_of
from onefold.programs.backup_lake import BackupRejected, digest_of, lake_parts, put_lake, unpacked
from onefold.programs.migrate import known_migrations, migrate, set_up_django

FORMAT: Final = 2
READABLE: Final = (1, FORMAT)
"""1 had no lake."""
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
KEYS: Final = "keys/"
KEY_FILES: Final = "*_key"
"""Of the data folder: what signs sessions and what suppressed identifiers are hashed with."""
CHUNK_BYTES: Final = 1 << 20
MAX_KEY_BYTES: Final = 10_000
MAX_WORDS_BYTES: Final = 1_000
HAS_TABLES = "select exists (select from pg_tables where schemaname = 'public')"
BUSY = """
select string_agg(distinct application_name, ', ') from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and application_name like 'onefold %'
"""
APPLIED = "select app || '.' || name from django_migrations order by id"
# collectors begin an epoch of their own when the log comes from elsewhere
FORGET_CLUSTER = "update public.log_epoch set system_identifier = 'restored ' || now()"
FORGET_PROCESSES = "delete from public.process_status"  # they ran elsewhere

log = get_logger(__name__)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says of itself."""

    format: int
    onefold: str
    made_at: Annotated[datetime, msgspec.Meta(tz=True)]
    postgres: str
    migrations: list[str]
    dump_bytes: int
    dump_sha256: str
    has_lake: bool = False
    lake_files: int = 0
    lake_sha256: str = ""


def back_up(settings: Settings, target: Path, *, with_lake: bool = True) -> Manifest:
    """Writes `target`, whole or not at all; a lake in an object store isn't in it.

    Raises BackupRejected, LakeDamaged or Unavailable. Cost: one read of every table, and of the lake.
    """
    if target.exists():
        raise BackupRejected(f"{target} exists already. Name a file that doesn't.")
    half = target.with_name(f".{target.name}.{os.getpid()}")
    url, location = settings.database.address(), location_of(settings)
    try:
        with (
            connect(url, "backup") as conn,
            _created(half) as stream,
            zipfile.ZipFile(stream, "w") as archive,
        ):
            conn.isolation_level = IsolationLevel.REPEATABLE_READ  # the dump and the lake are of one moment
            moment = str(_value(conn, "select pg_export_snapshot()"))
            migrations = [name for (name,) in conn.execute(APPLIED)]
            server = str(conn.info.parameter_status("server_version"))
            with archive.open(DUMP, "w", force_zip64=True) as part:
                size, digest = _dump(url, moment, part)
            has_lake = with_lake and not location.is_remote
            lake_files = put_lake(conn, location, archive) if has_lake else 0
            manifest = Manifest(
                format=FORMAT,
                onefold=version("onefold"),
                made_at=datetime.now(UTC),
                postgres=server,
                migrations=migrations,
                dump_bytes=size,
                dump_sha256=digest,
                has_lake=has_lake,
                lake_files=lake_files,
                lake_sha256=digest_of(lake_parts(archive)),
            )
            for key in sorted(settings.database.data_dir.glob(KEY_FILES)):
                archive.writestr(f"{KEYS}{key.name}", key.read_bytes())
            archive.writestr(MANIFEST, msgspec.json.encode(manifest))
        os.link(half, target)  # never over another file
    except FileExistsError as fault:
        raise BackupRejected(f"{target} exists already. Name a file that doesn't.") from fault
    except OSError as fault:
        raise Unavailable(f"{target} can't be written: {fault.strerror}. Nothing was left behind.") from fault
    finally:
        half.unlink(missing_ok=True)
    return manifest


def restore(settings: Settings, source: Path, *, is_replacing: bool) -> Manifest:
    """Makes the database what `source` holds, in one transaction, then migrates it.

    Raises BackupRejected when the file is no whole backup, is of a newer Onefold, programs are running, or the database
    has tables and `is_replacing` is not set; the database then is as it was.
    """
    url = settings.database.address()
    with _opened(source) as archive:
        manifest = _read_manifest(archive, source)
        set_up_django(settings)
        if unknown := sorted(set(manifest.migrations) - known_migrations()):
            raise BackupRejected(
                f"{source} was made by a newer Onefold ({manifest.onefold}): this one lacks {unknown[0]}. "
                "Install that version first."
            )
        _check_dump(archive, manifest, source)
        _demand_place(url, is_replacing=is_replacing)
        with (
            unpacked(archive, location_of(settings), has_lake=manifest.has_lake, is_replacing=is_replacing),
            archive.open(DUMP) as part,
        ):
            _load(url, part, is_replacing=is_replacing)  # and at once, the lake
        _put_keys(archive, settings.database.data_dir)
    migrate(settings)
    return manifest


def _dump(url: str, moment: str, target: IO[bytes]) -> tuple[int, str]:
    """pg_dump's output into `target`, as of an exported snapshot; its length and SHA-256."""
    size, digest = 0, hashlib.sha256()
    command = ["pg_dump", "--format=custom", "--compress=gzip:1", "--no-owner", "--no-acl", f"--snapshot={moment}"]
    with _tool(command, url, stdout=subprocess.PIPE) as process:
        while chunk := _pipe(process.stdout).read(CHUNK_BYTES):
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _load(url: str, source: IO[bytes], *, is_replacing: bool) -> None:
    """pg_restore makes SQL of the dump, psql runs it in one transaction, which ends only when pg_restore ended well."""
    psql = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
    script = ["pg_restore", "--no-owner", "--no-acl", "--file=-"]
    with _tool(psql, url, stdin=subprocess.PIPE) as running:
        target = _pipe(running.stdin)
        try:
            target.write(b"begin;\n")
            if is_replacing:
                target.write(b"drop schema public cascade;\ncreate schema public;\n")
            with _tool(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as making:
                feeding = threading.Thread(target=_feed, args=(source, _pipe(making.stdin)))
                feeding.start()
                shutil.copyfileobj(_pipe(making.stdout), target, CHUNK_BYTES)
                feeding.join()
            target.write(b"%s;\n%s;\ncommit;\n" % (FORGET_CLUSTER.encode(), FORGET_PROCESSES.encode()))
            target.flush()
        except BrokenPipeError:  # psql ended; it says why on its own output, which leaving the block raises
            log.warning("restore_refused")


def _feed(source: IO[bytes], target: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # its reader ended, and says why by its exit code
        shutil.copyfileobj(source, target, CHUNK_BYTES)
        target.close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise Broken("A pipe was asked for and not made.")
    return stream


@contextmanager
def _tool(
    command: list[str], url: str | None = None, *, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """One of PostgreSQL's programs, connected to `url` if it shall be.

    The password goes by the environment: command lines are for all to see. Raises Unavailable with the program's own
    words when it fails.
    """
    environ = {"PATH": os.defpath, "LC_ALL": "C"}
    if url is not None:
        parts: dict[str, Any] = conninfo_to_dict(url)
        if password := parts.pop("password", None):
            environ["PGPASSWORD"] = str(password)
        command = [*command, f"--dbname={make_conninfo(**parts)}"]
    program = str(find_binaries(None).folder / command[0])
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([program, *command[1:]], env=environ, stdin=stdin, stdout=stdout, stderr=said)
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(BrokenPipeError):
                        stream.close()
            code = process.wait()
        if code:
            said.seek(0)
            words = said.read(MAX_WORDS_BYTES).decode(errors="replace").strip()
            raise Unavailable(f"{command[0]} failed, and the database is as it was. It said: {words}")


def _demand_place(url: str, *, is_replacing: bool) -> None:
    with connect(url, "restore", autocommit=True) as conn:
        if busy := _value(conn, BUSY):
            raise BackupRejected(f"Onefold is running on this database ({busy}). Stop it first.")
        if _value(conn, HAS_TABLES) and not is_replacing:
            raise BackupRejected(
                "This database has tables already. Restore into an empty one, or say --replace to lose what it holds."
            )


def _value(conn: Connection[Any], statement: str) -> Any:  # noqa: ANN401 a column of any type
    row = conn.execute(statement.encode()).fetchone()
    return row[0] if row else None


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except zipfile.BadZipFile as fault:
        raise BackupRejected(f"{source} is no backup of Onefold, or not a whole one ({fault}).") from fault
    except OSError as fault:
        raise BackupRejected(f"{source} can't be read: {fault.strerror}.") from fault


def _read_manifest(archive: zipfile.ZipFile, source: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except (KeyError, msgspec.DecodeError) as fault:
        raise BackupRejected(f"{source} is no backup of Onefold: it has no manifest that can be read.") from fault
    if manifest.format not in READABLE:
        raise BackupRejected(f"{source} has format {manifest.format}; this Onefold reads up to {FORMAT}.")
    if DUMP not in archive.namelist():
        raise BackupRejected(f"{source} was changed after it was made: its database part is missing.")
    parts = lake_parts(archive)
    if len(parts) != manifest.lake_files or (parts and digest_of(parts) != manifest.lake_sha256):
        raise BackupRejected(f"{source} was changed after it was made: its lake has other files.")
    return manifest


def _check_dump(archive: zipfile.ZipFile, manifest: Manifest, source: Path) -> None:
    """Whole and unchanged, before anything is touched. Cost: one read of the file."""
    size, digest = 0, hashlib.sha256()
    with archive.open(DUMP) as part:
        while chunk := part.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    if (size, digest.hexdigest()) != (manifest.dump_bytes, manifest.dump_sha256):
        raise BackupRejected(f"{source} was changed after it was made: its database part has another checksum.")


def _put_keys(archive: zipfile.ZipFile, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for info in archive.infolist():
        name = info.filename.removeprefix(KEYS)
        if info.filename.startswith(KEYS) and Path(name).match(KEY_FILES) and Path(name).name == name:
            if info.file_size > MAX_KEY_BYTES:
                raise BackupRejected(f"The key {name} in this backup is no key: it has {info.file_size:,} bytes.")
            _replace(folder / name, archive.read(info))


def _replace(path: Path, content: bytes) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with _created(half) as stream:
        stream.write(content)
    half.replace(path)


@contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner may read, on the disk when the block ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
