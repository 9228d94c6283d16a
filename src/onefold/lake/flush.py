"""Flush: accepted events go into the lake, once each.

A run is: read what comes after the last position; write it as one file, sorted; commit the file to the Delta log; make
the new version and the new position known in one transaction of PostgreSQL. Who dies before that leaves a version that
nobody reads, and the next run takes it back.
"""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute
from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.lake.delta import commit
from onefold.lake.failpoints import reach
from onefold.lake.files import write_rows
from onefold.lake.learn import note_properties, sample_of
from onefold.lake.location import Location
from onefold.lake.promote import add_wanted, wanted_columns
from onefold.lake.rows import HOT, connect_arrow, events_between, first_position, lake_rows, read_arrow
from onefold.lake.state import (
    maintaining,
    note_flushed,
    note_overrides,
    progress_of,
    publish,
    settled_version,
)
from onefold.lake.tables import EVENTS, FRESH_BUCKET, FRESH_MONTH

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Connection as ArrowConnection

CHUNK_EVENTS: Final = 50_000
"""Events of one file and commit: some 350 MB of memory."""
CHUNK_BYTES: Final = 128 * 1024 * 1024
"""Of events that are large fewer are taken at once."""
MAX_CHUNKS: Final = 100
FRESH: Final = {"month": FRESH_MONTH, "bucket": str(FRESH_BUCKET)}
log = get_logger(__name__)


class Flushed(NamedTuple):
    """What a run did."""

    events: int
    position: int


def flush(
    conn: Connection[Any],
    url: str,
    location: Location,
    *,
    chunk_events: int = CHUNK_EVENTS,
    max_chunks: int = MAX_CHUNKS,
) -> Flushed:
    """Bring the lake up to the newest event in `max_chunks` chunks at most. `conn` is in autocommit; `url` its address.

    Safe to repeat, to kill, and to run twice at once. Raises Unavailable when the storage fails; nothing is lost then.
    """
    events = 0
    with connect_arrow(url) as reader:
        newest = read_arrow(reader, HOT["given_position"])["position"][0].as_py()
        reader.rollback()
        for _ in range(max_chunks):
            with maintaining(conn):
                flushed, position = _flush_chunk(conn, reader, location, newest, chunk_events)
            events += flushed
            if position is None or position >= newest:
                break
        position = progress_of(conn).flushed
    if events:
        log.info("lake_flushed", events=events, position=position)
    return Flushed(events, position)


def _flush_chunk(
    conn: Connection[Any], reader: "ArrowConnection", location: Location, newest: int, chunk_events: int
) -> tuple[int, int | None]:
    """How many events went in, and up to which position; None when no event waits."""
    progress = progress_of(conn)
    if not progress.flushed:
        add_wanted(conn, location)
    version = settled_version(conn, location, EVENTS)
    first = first_position(reader, progress.flushed, newest)
    if first is None:
        reader.rollback()
        return 0, None
    until = first - 1 + chunk_events
    while (incoming := events_between(reader, first - 1, until, CHUNK_BYTES)) is None:
        until = (first + until) // 2  # too much for the memory; the first one alone never is
    reader.rollback()  # it only read; an open transaction would hold back the log's reader
    reach("flush: read")
    if not incoming.num_rows:  # they were erased in between
        return 0, progress.flushed
    position = int(pa.compute.max(incoming["position"]).as_py())
    action = write_rows(location, EVENTS, FRESH, lake_rows(incoming, wanted_columns(conn)))
    reach("flush: file written")
    committed = commit(location, EVENTS, version, [action], {"onefold.position": str(position)})
    reach("flush: committed")
    with conn.transaction():
        publish(conn, location, EVENTS, version, committed)
        note_flushed(conn, position)
        note_overrides(conn, progress.moved)
        note_properties(conn, sample_of(incoming["body"]))
        reach("flush: before publishing")
    reach("flush: published")
    return incoming.num_rows, position
