"""Compaction changes files, and nothing that anybody reads."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg import Connection

from onefold.lake import delta
from onefold.lake.compact import compact
from onefold.lake.files import write_rows
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from onefold.lake.refresh import refresh
from onefold.lake.tables import COMPANIES
from tests.lake.events import RECEIVED_US, rows_in_database, rows_in_snapshot, send, track

DAY_US = 86_400_000_000


def test_a_month_that_is_over_becomes_one_sorted_file_a_bucket(
    db: Connection[Any], pg_url: str, location: Location
) -> None:
    for day in range(3):
        send(db, [track(f"user {n}", "Seen", day * 100 + n) for n in range(30)], RECEIVED_US + day * DAY_US)
        flush(db, pg_url, location)
    done = compact(db, location, everything=True)
    snapshot = take_snapshot(pg_url, location)
    files = snapshot.tables["events"].files
    assert done.files_before == 3
    assert (
        len({(file.partition["month"], file.partition["bucket"]) for file in files}) == len(files) == done.files_after
    )
    assert {file.partition["month"] for file in files} == {"2026-01"}
    assert rows_in_snapshot(snapshot) == rows_in_database(db)
    assert compact(db, location, everything=True).steps == 0


def test_rows_of_people_who_became_one_are_written_under_them(
    db: Connection[Any], pg_url: str, location: Location
) -> None:
    send(db, [track(f"user {n}", "Seen", n) | {"anonymousId": f"anon {n}"} for n in range(20)])
    send(db, [{"type": "track", "event": "Seen", "anonymousId": f"later {n}", "messageId": f"l{n}"} for n in range(20)])
    flush(db, pg_url, location)
    compact(db, location, everything=True)
    send(
        db,
        [
            {"type": "identify", "userId": f"user {n}", "anonymousId": f"later {n}", "messageId": f"i{n}"}
            for n in range(20)
        ],
        RECEIVED_US + DAY_US,
    )
    before = take_snapshot(pg_url, location)
    assert before.overrides.num_rows >= 20
    assert rows_in_snapshot(before) == rows_in_database(db)
    flush(db, pg_url, location)
    compact(db, location, everything=True)
    after = take_snapshot(pg_url, location)
    assert after.overrides.num_rows == 0
    assert rows_in_snapshot(after) == rows_in_database(db)


def test_what_was_taken_back_leaves_the_files(db: Connection[Any], pg_url: str, location: Location) -> None:
    send(db, [track("ana", "Seen", n) for n in range(5)])
    flush(db, pg_url, location)
    send(db, [{"type": "retract", "source": 1, "messageIds": ["m1", "m3"], "messageId": "r"}], RECEIVED_US + DAY_US)
    before = take_snapshot(pg_url, location)
    assert before.gone.num_rows == 2
    assert rows_in_snapshot(before) == rows_in_database(db)
    compact(db, location)
    after = take_snapshot(pg_url, location)
    assert after.gone.num_rows == 0
    assert sum(file.rows for file in after.tables["events"].files) == 3
    assert rows_in_snapshot(after) == rows_in_database(db)


def test_nothing_of_who_is_taken_back_is_left_on_the_disk_once_files_have_gone(
    db: Connection[Any], pg_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In no table, and no file that was replaced."""
    monkeypatch.setattr(delta, "KEPT_HOURS", 0)
    monkeypatch.setattr(delta, "_CONFIGURATION", dict.fromkeys(delta._CONFIGURATION, "interval 0 hours"))
    location = Location(f"{tmp_path}/lake")
    mail = {"type": "identify", "userId": "ana", "traits": {"email": "ana@example.com"}, "messageId": "mail"}
    send(db, [mail, track("ben", "Seen", 1)])

    def work() -> bytes:
        flush(db, pg_url, location)
        refresh(db, pg_url, location, {})
        compact(db, location, everything=True)
        files = [pq.read_table(path, partitioning=None) for path in tmp_path.rglob("*.parquet") if _is_data(path)]
        return "".join(str(table.to_pydict()) for table in files).encode()

    assert b"ana@example.com" in work()
    send(db, [{"type": "retract", "source": 1, "messageIds": ["mail"], "messageId": "r"}], RECEIVED_US + DAY_US)
    left = work()
    assert b"ana@example.com" not in left
    assert b"ben" in left


def test_the_version_that_counts_stays_in_the_log_until_another_counts(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delta's own checkpoints on the way would forget it: whoever dies before PostgreSQL knows the next loses all."""
    each = {"delta.logRetentionDuration": "interval 0 hours", "delta.checkpointInterval": "1"}
    monkeypatch.setattr(delta, "_CONFIGURATION", delta._CONFIGURATION | each)
    first = delta.create(location, COMPANIES)
    row = {"company_id": 1, "space": "", "key": "acme", "n_events": 1}
    rows = pa.Table.from_pylist([row], delta.schema_of(COMPANIES.columns))
    files = [write_rows(location, COMPANIES, {}, rows) for _ in range(3)]
    counts = delta.commit(location, COMPANIES, first, files[:1], {})
    unknown = delta.commit(location, COMPANIES, counts, files[1:2], {})
    delta.commit(location, COMPANIES, unknown, files[2:], {})
    delta._files.cache_clear()
    assert delta.extent_of(location, COMPANIES.name, counts) == (1, 1)
    newest = delta.settle(location, COMPANIES, counts)
    delta._files.cache_clear()
    assert delta.extent_of(location, COMPANIES.name, counts) == delta.extent_of(location, COMPANIES.name, newest)


def _is_data(path: Path) -> bool:
    return "_delta_log" not in path.parts
