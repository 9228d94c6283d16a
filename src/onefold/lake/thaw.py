"""Thaw: fetch older events of some people from the lake into PostgreSQL, where everything else finds them.

A fragment is thawed whole or not at all. Its events keep their positions, so that the lake knows them again, and go
when nobody has asked for a day.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection

from onefold.config import load_settings
from onefold.infra.arrays import bigints, byteas, instants, integers, smallints, texts, uuids
from onefold.infra.logs import get_logger
from onefold.kernel.instants import micros_of
from onefold.lake.choosing import is_fresh
from onefold.lake.cold import QUERIES, cold_fragments
from onefold.lake.delta import files_of, schema_of, stored_columns
from onefold.lake.files import files_sql, quick_memory, register_files, working_memory
from onefold.lake.location import Location, location_of
from onefold.lake.rows import KINDS, bucket_of
from onefold.lake.snapshot import File
from onefold.lake.tables import EVENTS

WANTED_AT_ONCE: Final = 1_000
_COLUMNS: Final = (
    "received_at", "event_id", "fragment_id", "ts", "source_id", "kind", "trust", "flags", "name", "message_id", "body",
    "position",
)  # fmt: skip
log = get_logger(__name__)


class _Lake(NamedTuple):
    location: Location
    version: int
    hot_since: datetime


def thaw_here(conn: Connection[Any], fragments: Collection[int]) -> int:
    """As `thaw`, from the lake of this process's settings."""
    return thaw(conn, location_of(load_settings()), fragments)


def thaw_ids_here(conn: Connection[Any], ids: Collection[bytes]) -> None:
    """Thaw the fragments of these events, if the lake has them."""
    thaw_events(conn, location_of(load_settings()), ids)


def thaw(conn: Connection[Any], location: Location, fragments: Collection[int]) -> int:
    """Fetch the older events of these; how many came. Who does so at the same time waits."""
    row = conn.execute(QUERIES["lake_events"]).fetchone()
    if row is None or row[1] is None:
        return 0
    found = _read(conn, _Lake(location, *row), list(fragments))
    with conn.transaction():
        claimed = {h for (h,) in conn.execute(QUERIES["claim"], {"fragments": bigints(list(fragments))})}
        mine = [event for event in found if event[2] in claimed]
        if mine:
            conn.execute(QUERIES["put_back"], _parameters(mine))
    log.info("history_thawed", fragments=len(claimed), events=len(mine))
    return len(mine)


def thaw_wanted(conn: Connection[Any], location: Location) -> int:
    """Fetch what the processor waits for; how many fragments. Safe to repeat and to kill."""
    done = 0
    while wanted := [h for (h,) in conn.execute(QUERIES["wanted"], {"limit": WANTED_AT_ONCE})]:
        if cold := cold_fragments(conn, wanted):
            thaw(conn, location, cold)
        conn.execute(QUERIES["have"], {"fragments": bigints(wanted)})
        done += len(wanted)
    return done


def thaw_events(conn: Connection[Any], location: Location, ids: Collection[bytes]) -> set[bytes]:
    """Fetch the fragments of those of these events that the lake has; their ids."""
    found = find_fragments(conn, location, ids)
    if cold := cold_fragments(conn, set().union(*found.values())):
        thaw(conn, location, cold)
    return set(found)


def find_fragments(conn: Connection[Any], location: Location, ids: Collection[bytes]) -> dict[bytes, set[int]]:
    """Of those of `ids` that are in the lake: the fragments of these events. Cost: a scan of the events' ids."""
    row = conn.execute(QUERIES["lake_events"]).fetchone()
    if row is None or not ids:
        return {}
    found: dict[bytes, set[int]] = {}
    with working_memory() as memory:
        register_files(
            memory,
            "files",
            location,
            EVENTS,
            files_of(location, EVENTS.name, row[0]),
            schema_of(stored_columns(EVENTS)),
        )
        memory.execute("create temp table wanted (event_id blob)")
        memory.executemany("insert into wanted values (?)", [[one] for one in ids])
        for event_id, fragment in memory.sql(
            "select event_id, fragment_id from files semi join wanted using (event_id) where kind <> 'retract'"
        ).fetchall():
            found.setdefault(event_id, set()).add(fragment)
    return found


def _read(conn: Connection[Any], lake: _Lake, fragments: list[int]) -> list[tuple[Any, ...]]:
    parameters = {"fragments": bigints(fragments)}
    profiles = [prof for (prof,) in conn.execute(QUERIES["written_under"], parameters)]
    gone = {position for (position,) in conn.execute(QUERIES["gone"], parameters)}
    if not (files := _files_with(lake, profiles)):
        return []
    with quick_memory() as memory:
        columns = ", ".join(f"epoch_us({name})" if name in ("received_at", "ts") else name for name in _COLUMNS)
        query = f"""
        select {columns} from {files_sql(memory, lake.location, EVENTS, files)}
        where profile_id in ({", ".join(map(str, profiles))}) and fragment_id in ({", ".join(map(str, fragments))})
            and received_at < make_timestamptz({micros_of(lake.hot_since)})
        """  # noqa: S608 numbers, and our own names
        return [row for row in memory.sql(query).fetchall() if row[-1] not in gone]


def _files_with(lake: _Lake, profiles: list[int]) -> list[File]:
    """Those in which events of these profiles may be: of their buckets, and what isn't filed yet."""
    buckets = {str(bucket_of(profile)) for profile in profiles}
    last = f"{lake.hot_since:%Y-%m}"
    return [
        file
        for file in files_of(lake.location, EVENTS.name, lake.version)
        if is_fresh(file) or (file.partition["bucket"] in buckets and file.partition["month"] <= last)
    ]


def _parameters(events: list[tuple[Any, ...]]) -> dict[str, Any]:
    columns = dict(zip(_COLUMNS, zip(*events, strict=True), strict=True))
    return {
        "received_at": instants(columns["received_at"]),
        "id": uuids(columns["event_id"]),
        "fragment": bigints(columns["fragment_id"]),
        "ts": instants(columns["ts"]),
        "source_id": integers(columns["source_id"]),
        "kind": smallints([KINDS.index(kind) + 1 for kind in columns["kind"]]),
        "trust": smallints(columns["trust"]),
        "flags": smallints(columns["flags"]),
        "name": texts(columns["name"]),
        "message_id": texts(columns["message_id"]),
        "body": byteas([body.encode() for body in columns["body"]]),
        "position": bigints(columns["position"]),
    }
