"""Files that are torn or lost, and a disk that is full: said plainly, and nothing reads as less than it is."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from onefold.kernel.errors import Unavailable
from onefold.lake import delta
from onefold.lake.anew import AnewRejected, begin_anew
from onefold.lake.compact import compact
from onefold.lake.delta import column_names
from onefold.lake.flush import flush
from onefold.lake.location import Location, LocationRejected
from onefold.lake.promote import promote
from onefold.lake.reading import take_snapshot
from onefold.lake.state import LakeDamaged
from onefold.lake.tables import EVENTS
from onefold.lake.verify import verify
from tests.lake.dying import mortals
from tests.lake.events import RECEIVED_US, rows_in_database, rows_in_snapshot, send, track

DAY_US = 86_400_000_000
Damage = Callable[[Path], None]


@pytest.fixture
def lake(db: Connection[Any], pg_url: str, tmp_path: Path) -> Location:
    """A folder with three flushes in it."""
    location = Location(str(tmp_path / "lake"))
    for day in range(3):
        send(db, [track(f"user {n}", "Seen", day * 100 + n) for n in range(30)], RECEIVED_US + day * DAY_US)
        flush(db, pg_url, location)
    return location


def torn(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def lost(path: Path) -> None:
    path.unlink()


def forget_files() -> None:
    """As another process, which has not read the log yet."""
    delta._files.cache_clear()


# --- data files


@pytest.mark.parametrize("damage", [torn, emptied, lost])
def test_a_damaged_file_is_named_and_stays_what_it_is(
    db: Connection[Any], pg_url: str, lake: Location, damage: Damage
) -> None:
    files = take_snapshot(pg_url, lake).tables["events"].files
    damaged = Path(files[1].uri)
    kept = damaged.read_bytes()
    damage(damaged)
    with pytest.raises(LakeDamaged, match=damaged.name):
        compact(db, lake, everything=True)
    assert [damaged.name in fault for fault in verify(pg_url, lake).faults] == [True]
    assert take_snapshot(pg_url, lake).tables["events"].files == files
    damaged.write_bytes(kept)
    compact(db, lake, everything=True)
    assert rows_in_snapshot(take_snapshot(pg_url, lake)) == rows_in_database(db)


@pytest.mark.parametrize("damage", [torn, lost])
def test_events_go_on_into_a_lake_that_has_a_damaged_file(
    db: Connection[Any], pg_url: str, lake: Location, damage: Damage
) -> None:
    damage(Path(take_snapshot(pg_url, lake).tables["events"].files[1].uri))
    send(db, [track("later", "Seen", 1_000)], RECEIVED_US + 9 * DAY_US)
    assert flush(db, pg_url, lake).events == 1


def test_a_flipped_bit_is_found_wherever_it_changes_a_row(db: Connection[Any], pg_url: str, lake: Location) -> None:
    path = Path(take_snapshot(pg_url, lake).tables["events"].files[1].uri)
    right, content = rows_in_database(db), path.read_bytes()
    found = 0
    for place in range(4, len(content), len(content) // 25):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        if faults := verify(pg_url, lake).faults:
            assert path.name in faults[0]
            found += 1
        else:
            assert rows_in_snapshot(take_snapshot(pg_url, lake)) == right
    assert found > 12


# --- the Delta log


def log_of(lake: Location) -> Path:
    return Path(lake.table("events"), "_delta_log")


def newest_entry(lake: Location) -> Path:
    return max(log_of(lake).glob("*.json"))


@pytest.mark.parametrize("damage", [torn, emptied, lost])
@pytest.mark.parametrize("is_checkpointed", [False, True])
def test_a_log_that_lost_an_entry_is_not_read_as_less(
    db: Connection[Any], pg_url: str, lake: Location, damage: Damage, is_checkpointed: bool
) -> None:
    if is_checkpointed:
        compact(db, lake, everything=True)
        send(db, [track("later", "Seen", 1_000)], RECEIVED_US + 9 * DAY_US)
        flush(db, pg_url, lake)
    entry = newest_entry(lake)
    kept = entry.read_bytes()
    damage(entry)
    forget_files()
    send(db, [track("last", "Seen", 1_001)], RECEIVED_US + 10 * DAY_US)
    for work in (lambda: take_snapshot(pg_url, lake), lambda: flush(db, pg_url, lake), lambda: compact(db, lake)):
        with pytest.raises(LakeDamaged, match=r"events.*_delta_log"):
            work()
    entry.write_bytes(kept)
    flush(db, pg_url, lake)
    compact(db, lake, everything=True)
    assert rows_in_snapshot(take_snapshot(pg_url, lake)) == rows_in_database(db)


@pytest.mark.parametrize("damage", [torn, emptied, lost])
def test_the_hint_at_the_last_checkpoint_is_not_needed(
    db: Connection[Any], pg_url: str, lake: Location, damage: Damage
) -> None:
    compact(db, lake, everything=True)
    damage(log_of(lake) / "_last_checkpoint")
    forget_files()
    send(db, [track("last", "Seen", 1_001)], RECEIVED_US + 10 * DAY_US)
    flush(db, pg_url, lake)
    compact(db, lake, everything=True)
    assert rows_in_snapshot(take_snapshot(pg_url, lake)) == rows_in_database(db)


@pytest.mark.parametrize("damage", [torn, emptied, lost])
def test_a_damaged_checkpoint_is_said_and_nothing_is_read(
    db: Connection[Any], pg_url: str, lake: Location, damage: Damage
) -> None:
    compact(db, lake, everything=True)
    (checkpoint,) = log_of(lake).glob("*.checkpoint.parquet")
    kept = checkpoint.read_bytes()
    damage(checkpoint)
    forget_files()
    with pytest.raises(LakeDamaged, match="_delta_log"):
        take_snapshot(pg_url, lake)
    with pytest.raises(LakeDamaged, match="_delta_log"):
        flush(db, pg_url, lake)
    checkpoint.write_bytes(kept)
    assert rows_in_snapshot(take_snapshot(pg_url, lake)) == rows_in_database(db)


def test_a_lake_that_is_gone_is_not_taken_for_an_empty_one(db: Connection[Any], pg_url: str, lake: Location) -> None:
    shutil.rmtree(lake.url)
    forget_files()
    send(db, [track("last", "Seen", 1_001)], RECEIVED_US + 10 * DAY_US)
    for work in (lambda: take_snapshot(pg_url, lake), lambda: flush(db, pg_url, lake), lambda: compact(db, lake)):
        with pytest.raises(LakeDamaged, match="events is lost"):
            work()
    assert not Path(lake.url).exists()


def test_a_lake_that_the_database_does_not_know_is_left_alone(db: Connection[Any], pg_url: str, lake: Location) -> None:
    before = sorted(Path(lake.url).rglob("*"))
    db.execute("delete from lake_table")
    db.execute("update lake_progress set flushed = 0")
    with pytest.raises(LocationRejected, match="another installation"):
        flush(db, pg_url, lake)
    assert sorted(Path(lake.url).rglob("*")) == before


def test_a_version_whose_files_are_gone_is_not_gone_back_to(db: Connection[Any], pg_url: str, lake: Location) -> None:
    """What an unfinished run left must be taken back, and that needs them."""
    file = take_snapshot(pg_url, lake).tables["events"].files[1]
    version = delta.newest_version(lake, "events")
    delta.commit(lake, EVENTS, version, [delta.removed(lake, "events", file)], {})
    Path(file.uri).unlink()
    with pytest.raises(LakeDamaged):
        flush(db, pg_url, lake)


def test_a_damaged_lake_begins_anew_out_of_postgresql(
    db: Connection[Any], pg_url: str, lake: Location, tmp_path: Path
) -> None:
    send(db, [{"type": "retract", "source": 1, "messageIds": ["m1", "m101"], "messageId": "r"}], RECEIVED_US + DAY_US)
    column = promote(db, lake, "total", "double").column
    torn(newest_entry(lake))
    with pytest.raises(AnewRejected, match="in the way"):
        begin_anew(db, lake)
    Path(lake.url).rename(tmp_path / "damaged")
    forget_files()
    for _ in range(2):
        begin_anew(db, lake)
        assert rows_in_snapshot(take_snapshot(pg_url, lake)) == rows_in_database(db)
    flush(db, pg_url, lake)
    compact(db, lake, everything=True)
    assert rows_in_snapshot(take_snapshot(pg_url, lake)) == rows_in_database(db)
    assert column in column_names(lake, EVENTS)
    assert verify(pg_url, lake).faults == []


def test_a_lake_that_alone_has_some_events_can_t_begin_anew(db: Connection[Any], pg_url: str, lake: Location) -> None:
    db.execute("update lake_progress set hot_since = now()")
    shutil.rmtree(lake.url)
    with pytest.raises(AnewRejected, match="in the lake only"):
        begin_anew(db, lake)
    assert db.execute("select count(*) from lake_table").fetchone() == (1,)


# --- a full disk


@pytest.mark.parametrize("size_bytes", [0, 100, 2_000, 5_000])
def test_a_file_that_can_t_be_written_whole_is_never_seen(
    db: Connection[Any], pg_url: str, lake: Location, size_bytes: int
) -> None:
    send(db, [track(f"last {n}", "Seen", 2_000 + n) for n in range(50)], RECEIVED_US + 10 * DAY_US)
    before = rows_in_database(db)
    with mortals(pg_url, lake, max_file_bytes=size_bytes) as workers:
        for work in ("flush", "compact everything"):
            assert workers.run(work).startswith("Unavailable: The lake")
            assert rows_in_snapshot(take_snapshot(pg_url, lake)) == before
    assert flush(db, pg_url, lake).events == 50
    compact(db, lake, everything=True)
    assert rows_in_snapshot(take_snapshot(pg_url, lake)) == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("NOT TESTED: a full disk. Mounting a small one needs root.")
    yield folder
    subprocess.run(["/bin/umount", str(folder)], check=True)


def filled(disk: Path, but_bytes: int) -> Path:
    """A file that leaves so much room on the disk."""
    ballast = disk / "ballast"
    free = shutil.disk_usage(disk).free
    ballast.write_bytes(bytes(max(0, free - but_bytes)))
    return ballast


@pytest.mark.parametrize("but_bytes", [0, 8_192, 16_384])
def test_a_full_disk_is_said_and_loses_nothing(
    db: Connection[Any], pg_url: str, small_disk: Path, but_bytes: int
) -> None:
    location = Location(str(small_disk / "lake"))
    for day in range(3):
        send(db, [track(f"user {n}", "Seen", day * 100 + n) for n in range(30)], RECEIVED_US + day * DAY_US)
        flush(db, pg_url, location)
    send(db, [track(f"last {n}", "Seen", 2_000 + n) for n in range(300)], RECEIVED_US + 10 * DAY_US)
    before = rows_in_database(db)
    ballast = filled(small_disk, but_bytes)
    for work in (lambda: flush(db, pg_url, location), lambda: compact(db, location, everything=True)):
        with pytest.raises(Unavailable, match=r"(?i)no space left|storage|room"):
            work()
        assert rows_in_snapshot(take_snapshot(pg_url, location)) == before
    ballast.unlink()
    assert flush(db, pg_url, location).events == 300
    compact(db, location, everything=True)
    assert rows_in_snapshot(take_snapshot(pg_url, location)) == before
    assert verify(pg_url, location).faults == []
