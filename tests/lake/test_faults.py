"""What could go wrong without anything being broken: people who come again, wild events, wrong clocks, much at once."""

import itertools
import os
import time
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onefold.lake.compact import compact
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.promote import promote
from onefold.lake.reading import take_snapshot
from onefold.lake.verify import verify
from tests.lake.events import RECEIVED_US, rows_in_database, rows_in_snapshot, send, send_raw, track

DAY_US: Final = 86_400_000_000
_numbers: Final = itertools.count()


@pytest.fixture
def folder(tmp_path: Any) -> Location:
    """A lake in a folder."""
    return Location(str(tmp_path / "lake"))


def demand_same(db: Connection[Any], pg_url: str, location: Location) -> None:
    assert rows_in_snapshot(take_snapshot(pg_url, location)) == rows_in_database(db)


def retract(*messages: str) -> dict[str, Any]:
    return {"type": "retract", "source": 1, "messageIds": list(messages), "messageId": f"r {messages}"}


def test_who_comes_again_after_a_retraction_has_today_s_profile(
    db: Connection[Any], pg_url: str, folder: Location
) -> None:
    send(db, [{"type": "track", "event": "Seen", "anonymousId": "a", "messageId": "m1"}, track("ana", "Seen", 2)])
    flush(db, pg_url, folder)
    send(db, [{"type": "identify", "userId": "ana", "anonymousId": "a", "messageId": "m3"}], RECEIVED_US + DAY_US)
    flush(db, pg_url, folder)
    assert db.execute("select count(*) from lake_override").fetchone() == (1,)
    send(db, [retract("m2", "m3")], RECEIVED_US + 2 * DAY_US)
    demand_same(db, pg_url, folder)
    flush(db, pg_url, folder)
    send(db, [track("ana", "Seen again", 4)], RECEIVED_US + 3 * DAY_US)
    demand_same(db, pg_url, folder)
    flush(db, pg_url, folder)
    demand_same(db, pg_url, folder)
    compact(db, folder, everything=True)
    demand_same(db, pg_url, folder)


# --- much at once


def test_chunks_are_bounded_by_bytes_too(
    db: Connection[Any], pg_url: str, folder: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onefold.lake.flush.CHUNK_BYTES", 100_000)
    send(db, [track("ana", "Seen", n, properties={"note": "x" * 30_000}) for n in range(10)])
    send(db, [track("ana", "Seen", 100 + n) for n in range(10)], RECEIVED_US + DAY_US)
    assert flush(db, pg_url, folder).events == 20
    files = take_snapshot(pg_url, folder).tables["events"].files
    assert len(files) >= 4
    assert max(file.rows for file in files) <= 20
    demand_same(db, pg_url, folder)


def test_an_event_that_is_larger_than_the_bound_goes_alone(
    db: Connection[Any], pg_url: str, folder: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onefold.lake.flush.CHUNK_BYTES", 1)
    send(db, [track("ana", "Seen", n) for n in range(3)])
    assert flush(db, pg_url, folder).events == 3
    assert [file.rows for file in take_snapshot(pg_url, folder).tables["events"].files] == [1, 1, 1]
    demand_same(db, pg_url, folder)


def test_gaps_between_positions_do_not_end_a_flush(db: Connection[Any], pg_url: str, folder: Location) -> None:
    for n in range(5):
        send(db, [track("ana", "Seen", n)], RECEIVED_US + n)
        db.execute("select setval('event_position', nextval('event_position') + 7)")  # a batch that failed
    assert flush(db, pg_url, folder, chunk_events=2).events == 5
    demand_same(db, pg_url, folder)


@pytest.mark.parametrize("bound", ["MAX_HOT", "MAX_HOT_BYTES"])
def test_of_a_long_hot_tail_the_oldest_is_read_and_said_to_be_older(
    db: Connection[Any], pg_url: str, folder: Location, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    for n in range(6):
        send(db, [track("ana", "Seen", n)], RECEIVED_US + n * DAY_US)
    fragments = [fragment for (fragment,) in db.execute("select distinct fragment from event")]
    whole = take_snapshot(pg_url, folder)
    monkeypatch.setattr(f"onefold.lake.reading.{bound}", {"MAX_HOT": 4, "MAX_HOT_BYTES": 300}[bound])
    for only in (None, fragments):
        part = take_snapshot(pg_url, folder, only)
        hot = part.tables["events"].hot
        assert hot is not None
        assert part.taken_at < whole.taken_at
        assert part.taken_at.date().isoformat() < "2026-01-06"
        assert hot.num_rows in (1, 2, 3, 4)
        assert max(hot["received_at"].to_pylist()) == part.taken_at
    assert take_snapshot(pg_url, folder, [1]).tables["events"].hot.num_rows == 0  # type: ignore[union-attr]  # it has one


def test_large_rows_make_small_row_groups(
    db: Connection[Any], pg_url: str, folder: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("files", "sorting"):
        monkeypatch.setattr(f"onefold.lake.{module}.ROW_GROUP_BYTES", 100_000)
    send(db, [track("ana", "Seen", n, properties={"note": f"{n} " * 3_000}) for n in range(30)])
    flush(db, pg_url, folder)
    for _ in range(2):
        (file,) = take_snapshot(pg_url, folder).tables["events"].files
        parquet = pq.ParquetFile(file.uri)
        assert parquet.num_row_groups >= 3
        compact(db, folder, everything=True)
    demand_same(db, pg_url, folder)


# --- clocks


def test_times_from_the_first_to_the_last_are_filed(db: Connection[Any], pg_url: str, folder: Location) -> None:
    times = ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000001Z", "1999-12-31T23:59:59.999999Z",
             "2000-02-29T12:00:00Z", "9999-12-31T23:59:59.999999Z"]  # fmt: skip
    late = 253_400_000_000_000_000  # December 9999: the collector's clock is wrong by 8,000 years
    send(db, [track("ana", "Seen", n, timestamp=at) for n, at in enumerate(times)], late)
    send(db, [track("ben", "Seen", 50 + n) for n in range(3)], 1)
    flush(db, pg_url, folder)
    demand_same(db, pg_url, folder)
    compact(db, folder, everything=True)
    months = {file.partition["month"] for file in take_snapshot(pg_url, folder).tables["events"].files}
    assert months == {"1970-01", "1999-12", "2000-02", "9999-12"}
    demand_same(db, pg_url, folder)
    assert verify(pg_url, folder).faults == []


def test_events_received_at_one_instant_are_all_there(db: Connection[Any], pg_url: str, folder: Location) -> None:
    for n in range(20):
        send(db, [track("ana", "Seen", n)])  # each the first of its batch, so at one microsecond
    flush(db, pg_url, folder, chunk_events=7)
    compact(db, folder, everything=True)
    demand_same(db, pg_url, folder)


@pytest.mark.parametrize("years", [-30, 30])
def test_a_worker_whose_clock_is_wrong_deletes_nothing_that_is_needed(
    db: Connection[Any], pg_url: str, folder: Location, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    """Files' own times are the disk's: their clock jumps as well."""
    for n in range(12):
        send(db, [track(f"user {m}", "Seen", n * 10 + m) for m in range(5)], RECEIVED_US + n * DAY_US)
        flush(db, pg_url, folder)
        if n in (5, 9):
            for path in Path(folder.url).rglob("*"):
                os.utime(path, (time.time() + years * 31_556_952,) * 2)
            compact(db, folder, everything=n == 9)
        demand_same(db, pg_url, folder)
    compact(db, folder, everything=True)
    demand_same(db, pg_url, folder)
    assert verify(pg_url, folder).faults == []


# --- wild events


WILD: dict[str, str] = {
    "numbers": '"properties": {"a": 1e308, "b": 9223372036854775808, "c": 18446744073709551616, "d": -0.0, "e": 1e-9}',
    "digits": '"properties": {"a": ' + "9" * 5_000 + ', "b": 0.' + "3" * 5_000 + "}",
    "escapes": r'"properties": {"a\u0000b": "\u0000", "c": "\ud800", "d": "\udc00\ud800", "e": "\ud83d\ude00"}',
    "names": '"properties": {"": 1, " ": 2, "a.b": 3, "a/b~c": 4, "\'; drop table event": 5, "$.x": 6, "\\"": 7}',
    "depth": '"properties": {"a": ' + "[" * 58 + "]" * 58 + "}",
    "long": '"properties": {"a": "' + "x" * 32_000 + '"}',
    "twice": '"properties": {"a": 1, "a": "two"}, "userId": "ana", "userId": "ben"',
    "kinds": '"properties": [], "context": {"page": "none", "campaign": {"name": {"not": "text"}}}',
    "text": '"properties": {"a": "\u202e\ufeff\U0010ffff\u2028"}',
    "nothing": '"properties": null, "context": null',
}


@pytest.mark.parametrize("wild", WILD)
def test_whatever_was_accepted_goes_into_the_lake(
    db: Connection[Any], pg_url: str, folder: Location, wild: str
) -> None:
    event = f'{{"type": "track", "event": "Wild", "messageId": "w", "userId": "ana", {WILD[wild]}}}'
    send_raw(db, f'{{"batch": [{event}]}}'.encode("utf-8", "surrogatepass"))
    send(db, [track("ana", "Tame", 1)], RECEIVED_US + DAY_US)
    ((count,),) = db.execute("select count(*) from event").fetchall()
    assert flush(db, pg_url, folder).events == count
    compact(db, folder, everything=True)
    demand_same(db, pg_url, folder)
    assert verify(pg_url, folder).faults == []


def test_a_property_that_changes_its_type_every_day(db: Connection[Any], pg_url: str, folder: Location) -> None:
    values = [1, "one", True, None, [1], {"a": 1}, 1.5, "2", 10**30, ""]
    promote(db, folder, "what", "double")
    for day, value in enumerate(values):
        send(db, [track("ana", "Seen", day, properties={"what": value})], RECEIVED_US + day * DAY_US)
        flush(db, pg_url, folder)
    compact(db, folder, everything=True)
    demand_same(db, pg_url, folder)


def test_ten_thousand_names_of_properties(db: Connection[Any], pg_url: str, folder: Location) -> None:
    for part in range(10):
        names = [f"name {part} {n}" for n in range(1_000)]
        events = [track("ana", "Seen", part * 100 + n, properties=dict.fromkeys(names[n::10], n)) for n in range(10)]
        send(db, events, RECEIVED_US + part * DAY_US)
        flush(db, pg_url, folder)
    compact(db, folder, everything=True)
    demand_same(db, pg_url, folder)
    assert len(take_snapshot(pg_url, folder).promoted) < 100


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.binary(max_size=300) | st.text(max_size=300).map(str.encode), min_size=1, max_size=8))
def test_bytes_that_are_no_json_hold_up_nothing(
    db: Connection[Any], pg_url: str, folder: Location, bodies: list[bytes]
) -> None:
    """They can't come in; should a defect let them, they are kept as far as text goes."""
    n = next(_numbers)
    send(db, [track("ana", "Seen", 1_000 * n + m) for m in range(len(bodies))], RECEIVED_US + n * DAY_US)
    for m, body in enumerate(bodies):
        db.execute("update event set body = %s where message_id = %s", [body, f"m{1_000 * n + m}"])
    assert flush(db, pg_url, folder).events == len(bodies)
    kept = [row.body for row in rows_in_snapshot(take_snapshot(pg_url, folder))]
    assert all(body.decode(errors="replace") in kept for body in bodies)
