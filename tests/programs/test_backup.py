"""A backup holds everything and a restore brings it back, whole or not at all."""

import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from onefold.config import Settings, load_settings
from onefold.events.api import append_internal
from onefold.infra import embedded
from onefold.infra.postgres import connect
from onefold.kernel.errors import Unavailable
from onefold.lake.api import compact, flush, location_of, refresh, take_snapshot, verify
from onefold.lake.delta import newest_version
from onefold.lake.state import LakeDamaged, known_versions
from onefold.lake.tables import TABLES as TABLES_OF_LAKE
from onefold.programs.backup import DUMP, MANIFEST, back_up, restore
from onefold.programs.backup_lake import FRESH, OLD, BackupRejected
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.rebuild import main as rebuild
from onefold.programs.processor.steps import process
from tests.conftest import copied_database
from tests.lake.events import live_on, rows_in_snapshot
from tests.log import read_log
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("django_elsewhere")

COMMAND: Final = str(Path(sys.executable).with_name("onefold"))
PERSON: Final = {"type": "identify", "userId": "ada", "traits": {"email": "ada@example.com", "name": "Ada"}}
OTHERS: Final = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
TABLES: Final = ("source", "event_log", "event", "node", "edge", "profile", "profile_search", "log_position")


@pytest.fixture
def filled(own_pg_url: str, tmp_path: Path) -> Settings:
    """An installation with a person in it, one request not yet processed, and a key."""
    folder = tmp_path / "filled"
    folder.mkdir()
    (folder / "secret_key").write_text("k" * 40)
    settings = load_settings({"DATABASE_URL": own_pg_url, "ONEFOLD_DATA_DIR": str(folder)})
    with connect(own_pg_url, "tests") as conn:
        append_internal(conn, [PERSON], acting_user="tests")
        conn.commit()
        context = load_context(conn)
        process(conn, context, prepare(read_log(conn), context))
        append_internal(conn, [PERSON | {"userId": "grace"}], acting_user="tests")
        conn.commit()
    return settings


@pytest.fixture
def empty(pg_server: embedded.RunningServer, pg_template: str, tmp_path: Path) -> Iterator[Settings]:
    """A database without tables."""
    with copied_database(pg_server, "template0") as url:
        yield load_settings({"DATABASE_URL": url, "ONEFOLD_DATA_DIR": str(tmp_path / "empty")})


def contents(settings: Settings) -> dict[str, list[Any]]:
    with connect(settings.database.address(), "tests") as conn:
        query = SQL("select t::text from {} t order by 1")
        return {table: conn.execute(query.format(Identifier(table))).fetchall() for table in TABLES}


def test_a_round_trip_brings_everything_back(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    before = contents(filled)
    manifest = back_up(filled, tmp_path / "one.zip")
    assert (tmp_path / "one.zip").stat().st_mode & 0o777 == 0o600
    assert restore(empty, tmp_path / "one.zip", is_replacing=False) == manifest
    assert contents(empty) == before
    assert len(before["profile"]) == 1
    assert (empty.database.data_dir / "secret_key").read_text() == "k" * 40
    assert rebuild(empty, check=True) == 0
    with connect(
        empty.database.address(), "tests"
    ) as conn:  # a cluster of its own: rows of now come after the old ones
        position = append_internal(conn, [PERSON], acting_user="tests")
        assert position.epoch == 2
        conn.commit()
        assert [row.epoch for row in read_log(conn)] == [1, 2]


def test_writers_go_on_and_the_backup_is_of_one_moment(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    with connect(filled.database.address(), "onefold tests writer") as writer, writer.transaction():
        append_internal(writer, [PERSON | {"userId": "later"}], acting_user="tests")  # not committed
        back_up(filled, tmp_path / "one.zip")
    restore(empty, tmp_path / "one.zip", is_replacing=False)
    assert len(contents(empty)["event_log"]) == 2
    assert len(contents(filled)["event_log"]) == 3


def test_what_is_there_is_replaced_only_when_asked(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "one.zip")
    restore(empty, tmp_path / "one.zip", is_replacing=False)
    with connect(empty.database.address(), "tests", autocommit=True) as conn:
        conn.execute(
            "create table event_log_of_tomorrow partition of event_log for values from ('2099-01-01') to ('2099-01-02')"
        )
        conn.execute("create table left_over (id int)")
        conn.execute("delete from profile")
    with pytest.raises(BackupRejected, match="--replace"):
        restore(empty, tmp_path / "one.zip", is_replacing=False)
    assert contents(empty)["profile"] == []
    restore(empty, tmp_path / "one.zip", is_replacing=True)
    assert contents(empty) == contents(filled)
    with connect(empty.database.address(), "tests") as conn:
        assert conn.execute("select to_regclass('left_over')").fetchone() == (None,)


def test_nothing_is_restored_under_running_programs(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "one.zip")
    with (
        connect(empty.database.address(), "processor"),
        pytest.raises(BackupRejected, match=r"running on this database \(onefold processor\)"),
    ):
        restore(empty, tmp_path / "one.zip", is_replacing=True)


@pytest.mark.parametrize("length", [0, 100, 5_000, -1])
def test_a_torn_file_changes_nothing(filled: Settings, empty: Settings, tmp_path: Path, length: int) -> None:
    back_up(filled, tmp_path / "one.zip")
    (tmp_path / "torn.zip").write_bytes((tmp_path / "one.zip").read_bytes()[:length])
    with pytest.raises(BackupRejected, match="not a whole one"):
        restore(empty, tmp_path / "torn.zip", is_replacing=False)
    assert tables_of(empty) == 0


def test_a_changed_dump_or_a_newer_version_is_refused(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        manifest, dump = json.loads(archive.read(MANIFEST)), archive.read(DUMP)
    newer = manifest | {"migrations": [*manifest["migrations"], "events.9999_of_the_future"]}
    for name, said, content, wanted in (
        ("changed", manifest, dump[:-1] + b"x", "another checksum"),
        ("newer", newer, dump, "newer Onefold"),
        ("format", manifest | {"format": 7}, dump, "has format 7"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(DUMP, content)
            archive.writestr(MANIFEST, json.dumps(said))
        with pytest.raises(BackupRejected, match=wanted):
            restore(empty, tmp_path / name, is_replacing=False)
    with zipfile.ZipFile(tmp_path / "foreign.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(BackupRejected, match="no manifest"):
        restore(empty, tmp_path / "foreign.zip", is_replacing=False)
    assert tables_of(empty) == 0


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_dump_that_fails_half_way_leaves_the_database_as_it_was(
    filled: Settings, empty: Settings, tmp_path: Path, share: float
) -> None:
    """The checksum is right, and the rest is missing all the same."""
    manifest = back_up(filled, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        half = archive.read(DUMP)[: int(manifest.dump_bytes * share)]
    cut = msgspec.structs.replace(manifest, dump_bytes=len(half), dump_sha256=hashlib.sha256(half).hexdigest())
    with zipfile.ZipFile(tmp_path / "half.zip", "w") as archive:
        archive.writestr(DUMP, half)
        archive.writestr(MANIFEST, msgspec.json.encode(cut))
    with pytest.raises(Unavailable, match="as it was"):
        restore(empty, tmp_path / "half.zip", is_replacing=False)
    assert tables_of(empty) == 0


def test_no_file_is_written_over_and_none_is_left_behind(filled: Settings, tmp_path: Path) -> None:
    (tmp_path / "there.zip").write_text("mine")
    with pytest.raises(BackupRejected, match="exists already"):
        back_up(filled, tmp_path / "there.zip")
    with pytest.raises(Unavailable, match="can't be written"):
        back_up(filled, tmp_path / "no" / "such" / "folder.zip")
    assert (tmp_path / "there.zip").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["filled", "there.zip"]


def test_every_part_of_the_address_counts_and_no_password_is_to_be_seen(
    filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL's own programs must go where Onefold goes: by certificate, past a name that nobody knows."""
    known = filled.database.address()
    address = known.replace("@127.0.0.1:", "@database.invalid:") + "?hostaddr=127.0.0.1"
    assert "database.invalid" in address
    password = conninfo_to_dict(address)["password"]
    settings = load_settings({"DATABASE_URL": address, "ONEFOLD_DATA_DIR": str(filled.database.data_dir)})
    seen: list[str] = []
    popen = subprocess.Popen

    def noted(command: list[str], **more: Any) -> subprocess.Popen[bytes]:
        seen.extend(command)
        return popen(command, **more)

    monkeypatch.setattr(subprocess, "Popen", noted)
    assert back_up(settings, tmp_path / "one.zip").dump_bytes > 1_000
    assert any("hostaddr=127.0.0.1" in argument for argument in seen)
    assert not any(str(password) in argument for argument in seen)


def test_the_commands_speak(filled: Settings, tmp_path: Path) -> None:
    environ = os.environ | {
        "DATABASE_URL": filled.database.address(),
        "ONEFOLD_DATA_DIR": str(filled.database.data_dir),
    }
    done = run("backup", str(tmp_path / "one.zip"), environ=environ)
    assert done.returncode == 0, done.stderr
    assert "holds personal data" in done.stdout
    again = run("restore", str(tmp_path / "one.zip"), environ=environ)
    assert again.returncode == 2
    assert "--replace" in again.stderr
    replaced = run("restore", str(tmp_path / "one.zip"), "--replace", environ=environ)
    assert replaced.returncode == 0, replaced.stderr
    assert replaced.stdout.startswith("Restored what Onefold")


def run(*arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], env=environ, capture_output=True, text=True, timeout=100, check=False)


def is_alone(conn: Connection[Any]) -> bool:
    return conn.execute(OTHERS).fetchone() == (0,)


def tables_of(settings: Settings) -> int:
    with connect(settings.database.address(), "tests") as conn:
        (count,) = conn.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() or (0,)
        return int(count)


def test_a_restore_that_is_killed_leaves_the_database_as_it_was(
    filled: Settings, empty: Settings, tmp_path: Path
) -> None:
    back_up(filled, tmp_path / "one.zip")
    environ = os.environ | {"DATABASE_URL": empty.database.address(), "ONEFOLD_DATA_DIR": str(empty.database.data_dir)}
    for delay in (0.6, 1.0, 1.4):
        process = subprocess.Popen([COMMAND, "restore", str(tmp_path / "one.zip")], env=environ)
        time.sleep(delay)
        process.kill()
        process.wait()
        with connect(empty.database.address(), "tests", autocommit=True) as conn:
            wait_until(partial(is_alone, conn), what="The end of its programs")
        if tables_of(empty):  # it was quicker: then it is whole
            assert contents(empty)["profile"] == contents(filled)["profile"]
            return
    restore(empty, tmp_path / "one.zip", is_replacing=False)
    assert contents(empty) == contents(filled)


def flush_lake(settings: Settings) -> None:
    with connect(settings.database.address(), "tests", autocommit=True) as conn:
        flush(conn, settings.database.address(), location_of(settings))


def test_the_lake_of_the_same_moment_comes_with_it(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    url, location = filled.database.address(), location_of(filled)
    with connect(url, "tests", autocommit=True) as conn:
        live_on(conn)
        flush(conn, url, location, chunk_events=8)
        refresh(conn, url, location, {})
        compact(conn, location, everything=True)
        flush(conn, url, location)
        held = rows_in_snapshot(take_snapshot(url, location))
        manifest = back_up(filled, tmp_path / "one.zip")
        live_on(conn)  # what comes later is in the folder, too, and not in the backup
        flush(conn, url, location)
        compact(conn, location, everything=True)
        assert len(rows_in_snapshot(take_snapshot(url, location))) > len(held)
    assert manifest.lake_files > 5
    restore(empty, tmp_path / "one.zip", is_replacing=False)
    put_back = empty.database.address(), location_of(empty)
    assert rows_in_snapshot(take_snapshot(*put_back)) == held
    assert verify(*put_back).faults == []
    with connect(put_back[0], "tests", autocommit=True) as conn:
        for table in TABLES_OF_LAKE:
            versions = known_versions(conn)
            assert newest_version(put_back[1], table.name) == versions[table.name][0], "nothing is to be taken back"
        live_on(conn)
        flush(conn, *put_back)
        compact(conn, put_back[1], everything=True)
    assert verify(*put_back).faults == []


def test_a_lake_that_is_there_is_replaced_only_when_asked(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    flush_lake(filled)
    back_up(filled, tmp_path / "one.zip")
    place = Path(location_of(empty).url)
    (place / "events").mkdir(parents=True)
    (place / "events" / "mine").touch()
    with pytest.raises(BackupRejected, match="--replace"):
        restore(empty, tmp_path / "one.zip", is_replacing=False)
    assert tables_of(empty) == 0
    assert (place / "events" / "mine").exists()
    restore(empty, tmp_path / "one.zip", is_replacing=True)
    assert not (place / "events" / "mine").exists()
    assert verify(empty.database.address(), location_of(empty)).faults == []
    assert [path.name for path in place.parent.iterdir() if "lake" in path.name] == ["lake"]


def test_a_lake_that_is_torn_changed_or_leads_elsewhere_is_refused(
    filled: Settings, empty: Settings, tmp_path: Path
) -> None:
    url, location = filled.database.address(), location_of(filled)
    with connect(url, "tests", autocommit=True) as conn:
        flush(conn, url, location)
        back_up(filled, tmp_path / "one.zip")
        files = list(Path(location.url).glob("events/**/*.parquet"))
        files[0].rename(files[0].with_suffix(".lost"))
        with pytest.raises((Unavailable, LakeDamaged), match=r"of the lake can't be read"):
            back_up(filled, tmp_path / "two.zip")
        assert not (tmp_path / "two.zip").exists()
        assert back_up(filled, tmp_path / "bare.zip", with_lake=False).lake_files == 0
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    lake = next(name for name in parts if name.startswith("lake/") and name.endswith(".parquet"))
    for name, changed in (
        ("fewer", {key: value for key, value in parts.items() if key != lake}),
        ("elsewhere", {("lake/../../evil" if key == lake else key): value for key, value in parts.items()}),
        ("altered", {key: value + (b" " if key == lake else b"") for key, value in parts.items()}),
        ("leftover", parts | {"lake/.restoring/x": b""}),
        ("hollow", {key: value for key, value in parts.items() if key != DUMP}),
        ("absolute", {(f"lake/{tmp_path}/evil" if key == lake else key): value for key, value in parts.items()}),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for key, value in changed.items():
                archive.writestr(key, value)
        with pytest.raises(BackupRejected, match=r"in this backup|was changed after it was made"):
            restore(empty, tmp_path / name, is_replacing=False)
    content = (tmp_path / "one.zip").read_bytes()
    place = content.index(parts[lake][:200]) + 100
    (tmp_path / "flipped").write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(BackupRejected, match="was changed"):
        restore(empty, tmp_path / "flipped", is_replacing=False)
    assert tables_of(empty) == 0
    assert not Path(location_of(empty).url).exists()
    assert not (tmp_path / "evil").exists()


def test_a_lake_on_another_disk_stays_there_and_leftovers_go(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    flush_lake(filled)
    back_up(filled, tmp_path / "one.zip")
    place = Path(location_of(empty).url)
    (tmp_path / "disk" / FRESH / "events").mkdir(parents=True)  # of a restore that was killed
    (tmp_path / "disk" / OLD / "events").mkdir(parents=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(tmp_path / "disk")
    restore(empty, tmp_path / "one.zip", is_replacing=False)
    assert place.is_symlink()
    assert {path.name for path in place.iterdir()} == {"events"}
    assert verify(empty.database.address(), location_of(empty)).faults == []


def test_an_empty_lake_replaces_one_that_has_something(filled: Settings, empty: Settings, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "one.zip")
    place = Path(location_of(empty).url)
    (place / "events").mkdir(parents=True)
    restore(empty, tmp_path / "one.zip", is_replacing=True)
    assert list(place.iterdir()) == []
    flush_lake(empty)
    assert verify(empty.database.address(), location_of(empty)).faults == []
