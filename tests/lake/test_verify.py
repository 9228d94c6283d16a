"""`verify` tells what differs, and is content with what is right."""

import errno
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import Connection

from onefold.kernel.errors import Unavailable
from onefold.lake import sorting
from onefold.lake.compact import compact
from onefold.lake.export import HALF, ExportRejected, export
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.promote import promote
from onefold.lake.reading import take_snapshot
from onefold.lake.status import status_of
from onefold.lake.verify import verify
from tests.lake.events import RECEIVED_US, rows_in_database, rows_in_snapshot, send, track

DAY_US = 86_400_000_000


def _history(db: Connection[Any], pg_url: str, location: Location) -> None:
    send(db, [track(f"user {n % 7}", "Seen", n) for n in range(40)])
    flush(db, pg_url, location)
    send(db, [{"type": "retract", "source": 1, "messageIds": ["m1", "m3"], "messageId": "r"}], RECEIVED_US + DAY_US)
    send(db, [track("later", "Seen", 100)], RECEIVED_US + 2 * DAY_US)


def test_a_lake_that_is_right_is_found_right(db: Connection[Any], pg_url: str, location: Location) -> None:
    _history(db, pg_url, location)
    for _ in range(2):
        found = verify(pg_url, location)
        assert found.faults == []
        assert found.fragments_compared == 8
        flush(db, pg_url, location)
        compact(db, location, everything=True)
    assert verify(pg_url, location).events_in_lake == 40  # 40 - 2 taken back, the retraction, one later


def test_an_event_that_the_lake_lacks_is_found(db: Connection[Any], pg_url: str, location: Location) -> None:
    _history(db, pg_url, location)
    flush(db, pg_url, location)
    db.execute("insert into event_gone select position, fragment, ts from event where message_id = 'm5'")
    faults = verify(pg_url, location).faults
    assert any("PostgreSQL has 40 events, the lake 39" in fault for fault in faults)
    assert any("its profile counts" in fault for fault in faults)


def test_an_event_that_is_another_in_the_lake_is_found(db: Connection[Any], pg_url: str, location: Location) -> None:
    _history(db, pg_url, location)
    flush(db, pg_url, location)
    db.execute(
        "update event set body = replace(convert_from(body, 'UTF8'), 'Seen', 'Sold')::bytea where message_id = 'm5'"
    )
    assert any("of which some differ" in fault for fault in verify(pg_url, location).faults)


def test_export_holds_what_is_right(db: Connection[Any], pg_url: str, location: Location, tmp_path: Path) -> None:
    _history(db, pg_url, location)
    rows = export(pg_url, location, tmp_path / "out")
    found = pq.read_table(tmp_path / "out" / "events")
    assert rows["events"] == found.num_rows == 40
    assert sorted(found["body"].to_pylist()) == sorted(row.body for row in rows_in_database(db))


@pytest.mark.parametrize("location", ["folder"], indirect=True)
def test_more_than_can_be_sorted_at_once_is_sorted_all_the_same(
    db: Connection[Any], pg_url: str, location: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slice by slice, in compaction and export."""
    monkeypatch.setattr(sorting, "SLICE_BYTES", 2_000)
    _history(db, pg_url, location)
    flush(db, pg_url, location)
    compact(db, location, everything=True)
    assert rows_in_snapshot(take_snapshot(pg_url, location)) == rows_in_database(db)
    send(db, [track(f"user {n}", "Seen", 200 + n) for n in range(5)])
    export(pg_url, location, tmp_path / "out")
    (file,) = (tmp_path / "out" / "events").iterdir()
    for path in (file, *(Path(one.uri) for one in take_snapshot(pg_url, location).tables["events"].files)):
        rows = pq.read_table(path, partitioning=None).select(["profile_id", "ts", "event_id"]).to_pylist()
        keys = [tuple(row.values()) for row in rows]
        assert keys == sorted(keys)
    assert len(pq.read_table(file)) == len(rows_in_database(db))


@pytest.mark.parametrize("location", ["folder"], indirect=True)
def test_an_export_is_whole_or_not_there(
    db: Connection[Any], pg_url: str, location: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _history(db, pg_url, location)
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    for place, said in (("file/x", "no folder"), ("file", "no folder"), ("full", "holds something")):
        with pytest.raises(ExportRejected, match=said):
            export(pg_url, location, tmp_path / place)
    with monkeypatch.context() as broken:
        broken.setattr("onefold.lake.export._export_table", _disk_full)
        with pytest.raises(Unavailable, match=r"No space left on device\. Nothing was exported"):
            export(pg_url, location, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    (tmp_path / "out" / HALF / "events").mkdir(parents=True)  # of one that was killed
    assert export(pg_url, location, tmp_path / "out")["events"] == 40
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "companies", "events", "identifiers", "memberships", "profiles",
    ]  # fmt: skip


def _disk_full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_status_tells_what_waits(db: Connection[Any], pg_url: str, location: Location) -> None:
    _history(db, pg_url, location)
    found = status_of(pg_url, location)
    assert (found.waiting, found.gone, found.tables[0].rows) == (2, 2, 40)


def test_a_column_that_isnt_what_the_json_says_is_found(
    db: Connection[Any], pg_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = Location(f"{tmp_path}/lake")
    send(db, [track(f"user {n % 7}", "Seen", n, properties={"total": n, "plan": "pro"}) for n in range(40)])
    promote(db, location, "total", "double")
    promote(db, location, "plan", "string")
    flush(db, pg_url, location)
    compact(db, location, everything=True)
    assert verify(pg_url, location).faults == []
    monkeypatch.setattr("onefold.lake.verify.damage_in", lambda *_: [])  # else the file's new size is told
    (file, *_) = sorted(Path(location.url).glob("events/month=2*/**/*.parquet"))
    rows = pq.read_table(file, partitioning=None)
    for name, values, other in (
        ("p_total", pa.array([-1.0] * len(rows), pa.float64()), "p_plan"),
        ("user_id", pa.array([None] * len(rows), pa.string()), "p_total"),
    ):
        place = rows.schema.get_field_index(name)
        pq.write_table(rows.set_column(place, rows.schema.field(name), values), file)
        (said,) = verify(pg_url, location).faults
        assert f"The column {name} of {len(rows)} events" in said
        assert other not in said
