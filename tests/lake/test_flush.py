"""Events go into the lake once each, and a snapshot has them all at any time."""

from typing import Any

from psycopg import Connection

from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from tests.lake.events import rows_in_database, rows_in_snapshot, send, track


def test_events_are_in_a_snapshot_before_and_after_a_flush(
    db: Connection[Any], pg_url: str, location: Location
) -> None:
    send(db, [track("ana", "Signed Up", 1), track("ben", "Order Completed", 2, properties={"revenue": 12.5})])
    before = take_snapshot(pg_url, location)
    assert rows_in_snapshot(before) == rows_in_database(db)
    flushed = flush(db, pg_url, location)
    assert flushed.events == 2
    send(db, [track("ana", "Order Completed", 3)], 1_767_225_700_000_000)
    after = take_snapshot(pg_url, location)
    assert [file.rows for file in after.tables["events"].files] == [2]
    assert after.tables["events"].hot is not None
    assert after.tables["events"].hot.num_rows == 1
    assert rows_in_snapshot(after) == rows_in_database(db)


def test_flush_takes_chunks(db: Connection[Any], pg_url: str, location: Location) -> None:
    send(db, [track(f"user {n}", "Signed Up", n) for n in range(25)])
    assert flush(db, pg_url, location, chunk_events=10).events == 25
    snapshot = take_snapshot(pg_url, location)
    assert [file.rows for file in snapshot.tables["events"].files] == [5, 10, 10]
    assert rows_in_snapshot(snapshot) == rows_in_database(db)
    assert flush(db, pg_url, location).events == 0
