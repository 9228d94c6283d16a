"""What PostgreSQL says of the lake: which versions count, and how far it is. One run at a time changes it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection, OperationalError, errors

from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Broken, Unavailable
from onefold.lake.failpoints import reach
from onefold.lake.location import Location
from onefold.lake.tables import Table

QUERIES = load_queries("onefold.lake", "state.sql")
LOCK_KEY: Final = 0x0F01D_1A
LOCK_TIMEOUT_S: Final = 120


class LakeChanged(Unavailable):
    """Somebody else changed the table in between. Nothing was lost; the next run begins afresh."""

    code = "lake_changed"


class LakeDamaged(Broken):
    """Files of the lake are lost or torn; the message names them. What would say less than it should is not read."""

    code = "lake_damaged"


class Progress(NamedTuple):
    """Positions of events, and a number of `identity_move`; `hot_since` None = every event is in PostgreSQL too."""

    flushed: int
    moved: int
    refreshed: int
    hot_since: datetime | None


@contextmanager
def maintaining(conn: Connection[Any]) -> Iterator[None]:
    """Alone with the lake. `conn` is in autocommit. Raises Unavailable when another run takes too long.

    Who loses the database loses the lock, too, and can't publish any more what it does to files.
    """
    try:
        with locked(conn, LOCK_KEY, LOCK_TIMEOUT_S, "Another run has been changing the lake"):
            yield
    except OperationalError as fault:
        raise Unavailable(f"The lake's run lost its database, and is taken back by the next one: {fault}") from fault


@contextmanager
def locked(conn: Connection[Any], lock_key: int, timeout_s: int, who: str) -> Iterator[None]:
    """With an advisory lock of this session, `conn` in autocommit. Raises Unavailable after `timeout_s`: `who` holds
    it.
    """
    key = {"key": lock_key}
    conn.execute(f"set lock_timeout = '{timeout_s}s'")
    try:
        conn.execute(QUERIES["lock"], key)
    except errors.LockNotAvailable as fault:
        raise Unavailable(f"{who} for more than {timeout_s} s.") from fault
    finally:
        with suppress(OperationalError):
            conn.execute("set lock_timeout = 0")
    try:
        yield
    finally:
        with suppress(OperationalError):  # who has lost the session has lost the lock, too
            conn.execute(QUERIES["unlock"], key)


def progress_of(conn: Connection[Any]) -> Progress:
    """How far the lake is."""
    row = conn.execute(QUERIES["progress"]).fetchone()
    if row is None:
        raise Unavailable("The lake's progress is not there; `onefold migrate` makes it.")
    return Progress(*row)


def settled_version(conn: Connection[Any], location: Location, table: Table) -> int:
    """The version that counts, made the newest one: what an earlier run left unfinished is taken back. Locked."""
    from onefold.lake.delta import demand_extent, settle  # the worker needs little of this module, and shall stay small

    row = conn.execute(QUERIES["version"], {"name": table.name}).fetchone()
    known = row[0] if row else None
    if row is not None:
        demand_extent(location, table.name, *row)
    found = settle(location, table, known)
    if found != known:
        reach("settle: taken back")
    if known is None:
        conn.execute(QUERIES["begin_table"], {"name": table.name, "version": found})
    elif known != found:
        publish(conn, location, table, known, found)
    return found


def known_versions(conn: Connection[Any]) -> dict[str, tuple[int, int, int]]:
    """Of each table the version that counts, and how many files and rows that has."""
    return {name: (version, files, rows) for name, version, files, rows in conn.execute(QUERIES["versions"])}


def publish(conn: Connection[Any], location: Location, table: Table, before: int, version: int) -> None:
    """From the end of the transaction readers see `version`, as it is found in the storage now.

    Raises LakeChanged when it isn't `before` any more.
    """
    from onefold.lake.delta import files_of

    files = files_of(location, table.name, version)
    sizes = {"rows": sum(file.rows for file in files), "size_bytes": sum(file.size_bytes for file in files)}
    parameters = {"name": table.name, "before": before, "version": version, "files": len(files), **sizes}
    if conn.execute(QUERIES["publish"], parameters).rowcount != 1:
        raise LakeChanged(f"Another run has changed the table {table.name} meanwhile.")


def note_overrides(conn: Connection[Any], moved: int) -> None:
    """Whom fragments belong to that moved since the move `moved`; in the caller's transaction."""
    row = conn.execute(QUERIES["last_move"]).fetchone()
    last = row[0] if row else 0
    if last > moved:
        conn.execute(QUERIES["note_moves"], {"moved": moved, "last": last})
        conn.execute(QUERIES["moved"], {"last": last})


def note_flushed(conn: Connection[Any], position: int) -> None:
    """Every event up to this position is in the lake; in the caller's transaction."""
    conn.execute(QUERIES["flushed"], {"position": position})


def note_fault(conn: Connection[Any], action: str, fault: str) -> None:
    """Why the last run of a kind didn't come to its end; a sentence for a person."""
    conn.execute(QUERIES["note_fault"], {"action": action, "fault": fault})


def clear_fault(conn: Connection[Any], action: str) -> None:
    """The last run of this kind went well."""
    conn.execute(QUERIES["clear_fault"], {"action": action})


def note_waiting(conn: Connection[Any]) -> None:
    """Events wait. The first who says so after a flush tells since when."""
    conn.execute(QUERIES["note_waiting"])


def note_caught_up(conn: Connection[Any]) -> None:
    """A flush found nothing more."""
    conn.execute(QUERIES["caught_up"])


def waiting_positions(conn: Connection[Any]) -> int:
    """About how many events aren't in the lake yet; never less. Cost: a row."""
    row = conn.execute(QUERIES["waiting"]).fetchone()
    return row[0] if row else 0


def name_namespaces(conn: Connection[Any], namespaces: Mapping[int, str]) -> None:
    """What the codes of namespaces mean, for whoever reads identifiers. Safe to repeat."""
    conn.execute(QUERIES["name_namespaces"], {"codes": list(namespaces), "names": list(namespaces.values())})


def note_rebuilt(conn: Connection[Any]) -> None:
    """People and companies may all have changed: their tables are to be made anew. In the caller's transaction."""
    conn.execute(QUERIES["rebuilt"])
