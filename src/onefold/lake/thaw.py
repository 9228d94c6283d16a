"""Thaw: fetch older events of some people from the lake into PostgreSQL, where everything else finds them.

A fragment is thawed whole or not at all. Its events keep their positions, so that the lake knows them again, and go
when nobody has asked for a day.
"""

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple

import duckdb
from psycopg import Connection

from onefold.config import load_settings
from onefold.infra.arrays import bigints, byteas, instants, integers, smallints, texts, uuids
from onefold.infra.logs import get_logger
from onefold.kernel.errors import Unavailable
from onefold.kernel.instants import micros_of
from onefold.lake.choosing import is_fresh
from onefold.lake.cold import QUERIES, cold_fragments
from onefold.lake.delta import demand_extent, schema_of, stored_columns
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
_FRAGMENT: Final = _COLUMNS.index("fragment_id")
_POSITION: Final = _COLUMNS.index("position")
SEARCH_WAIT_S: Final = 10
_searching: Final = threading.Lock()
PIECE: Final = 5_000
"""Events that are in memory at a time."""
log = get_logger(__name__)


class _Lake(NamedTuple):
    location: Location
    files: Sequence[File]
    hot_since: datetime
    gone: frozenset[int]  # positions


def thaw_here(conn: Connection[Any], fragments: Collection[int]) -> int:
    """As `thaw`, from the lake of this process's settings."""
    return thaw(conn, location_of(load_settings()), fragments)


def thaw_ids_here(conn: Connection[Any], ids: Collection[bytes]) -> None:
    """Thaw the fragments of these events, if the lake has them."""
    thaw_events(conn, location_of(load_settings()), ids)


def thaw(conn: Connection[Any], location: Location, fragments: Collection[int]) -> int:
    """Fetch the older events of these; how many came. Who does so at the same time waits. Memory: PIECE events.

    The first PIECE are read before anything is written: as long as a transaction writes, the log's reader waits for it.
    """
    lake = _lake(conn, location, fragments)
    if lake is None:
        return 0
    with quick_memory() as memory:
        pieces = _pieces(memory, lake, *_likely(conn, lake, fragments), fragments)
        first = next(pieces, [])
        with conn.transaction():
            claimed = {h for (h,) in conn.execute(QUERIES["claim"], {"fragments": bigints(list(fragments))})}
            found = _put_back(conn, chain([first], pieces), claimed)
            if not _are_all(conn, claimed, found):
                log.warning("history_looked_for_everywhere", fragments=len(claimed))
                found = _put_back(conn, _pieces(memory, lake, lake.files, "true", claimed), claimed)
    log.info("history_thawed", fragments=len(claimed), events=found.total())
    return found.total()


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
    """Of those of `ids` that are in the lake: the fragments of these events. Cost: a scan of the events' ids, one at a
    time in a process. Raises Unavailable when others' take long.
    """
    lake = _lake(conn, location, ())
    if lake is None or not ids:
        return {}
    found: dict[bytes, set[int]] = {}
    with _alone(), working_memory() as memory:
        register_files(memory, "files", location, EVENTS, lake.files, schema_of(stored_columns(EVENTS)))
        memory.execute("create temp table wanted (event_id blob)")
        memory.executemany("insert into wanted values (?)", [[one] for one in ids])
        for event_id, fragment in memory.sql(
            "select event_id, fragment_id from files semi join wanted using (event_id) where kind <> 'retract'"
        ).fetchall():
            found.setdefault(event_id, set()).add(fragment)
    return found


@contextmanager
def _alone() -> Iterator[None]:
    if not _searching.acquire(timeout=SEARCH_WAIT_S):
        raise Unavailable("Older events are being looked for by others. Try again in a moment.")
    try:
        yield
    finally:
        _searching.release()


def _lake(conn: Connection[Any], location: Location, fragments: Collection[int]) -> _Lake | None:
    """None while PostgreSQL has everything."""
    row = conn.execute(QUERIES["lake_events"], {"fragments": bigints(list(fragments))}).fetchone()
    if row is None or row[3] is None:
        return None
    version, n_files, n_rows, hot_since, gone = row
    files = demand_extent(location, EVENTS.name, version, n_files, n_rows)
    return _Lake(location, files, hot_since, frozenset(gone))


def _likely(conn: Connection[Any], lake: _Lake, fragments: Collection[int]) -> tuple[list[File], str]:
    """Where the events should be: files, and a condition in SQL."""
    rows = conn.execute(QUERIES["written_under"], {"fragments": bigints(list(fragments))})
    profiles = [prof for (prof,) in rows]
    buckets = {str(bucket_of(profile)) for profile in profiles}
    files = [file for file in lake.files if is_fresh(file) or file.partition["bucket"] in buckets]
    return files, f"profile_id in ({', '.join(map(str, profiles)) or 'null'})"


def _are_all(conn: Connection[Any], fragments: Collection[int], found: Counter[int]) -> bool:
    """Whether as many came as profiles count. Fewer: an erased profile's name is forgotten, and under it there may be
    events of whom was parted from it.
    """
    rows = conn.execute(QUERIES["counted"], {"fragments": bigints(list(fragments))})
    return all(found[fragment] + n_here >= n for fragment, n, n_here in rows)


def _put_back(conn: Connection[Any], pieces: Iterable[list[tuple[Any, ...]]], claimed: Collection[int]) -> Counter[int]:
    """Those of the fragments that are ours to fetch; how many of each."""
    found: Counter[int] = Counter()
    for piece in pieces:
        events = [event for event in piece if event[_FRAGMENT] in claimed]
        if events:
            conn.execute(QUERIES["put_back"], _parameters(events))
        found.update(event[_FRAGMENT] for event in events)
    return found


def _pieces(
    memory: duckdb.DuckDBPyConnection, lake: _Lake, files: Sequence[File], where_sql: str, fragments: Collection[int]
) -> Iterator[list[tuple[Any, ...]]]:
    """The older events of these, without what was taken back, PIECE at a time."""
    last = f"{lake.hot_since:%Y-%m}"
    files = [file for file in files if is_fresh(file) or file.partition["month"] <= last]
    if not files or not fragments:
        return
    columns = ", ".join(f"epoch_us({name})" if name in ("received_at", "ts") else name for name in _COLUMNS)
    memory.execute(f"""
    select {columns} from {files_sql(memory, lake.location, EVENTS, files)}
    where {where_sql} and fragment_id in ({", ".join(map(str, fragments))})
        and received_at < make_timestamptz({micros_of(lake.hot_since)})
    """)  # noqa: S608 numbers, and our own names
    while piece := memory.fetchmany(PIECE):
        yield [event for event in piece if event[_POSITION] not in lake.gone]


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
