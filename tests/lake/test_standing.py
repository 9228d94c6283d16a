"""How the lake is, for pages, the doctor and the bell."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from onefold.config import load_settings
from onefold.kernel.errors import OnefoldError
from onefold.lake.flush import flush
from onefold.lake.location import Location, LocationRejected, location_of
from onefold.lake.standing import standing_of
from onefold.lake.state import clear_fault, note_fault, note_waiting
from onefold.programs.attention import concerns
from onefold.programs.doctor import examine_lake
from onefold.programs.lake import main
from tests.lake.events import send, track

FLUSH_S = 60.0


@pytest.fixture
def lake(tmp_path: Any) -> Location:
    """A lake in a folder."""
    return Location(str(tmp_path / "lake"))


def faults_in(db: Connection[Any], minutes: int = 0) -> list[str]:
    """What is wrong so many minutes from now."""
    return standing_of(db).faults(datetime.now(UTC) + timedelta(minutes=minutes), FLUSH_S)


def test_sizes_are_those_of_the_files(db: Connection[Any], pg_url: str, lake: Location) -> None:
    assert standing_of(db).events == 0
    send(db, [track("ana", "Seen", n) for n in range(5)])
    flush(db, pg_url, lake)
    standing = standing_of(db)
    assert standing.events == 5
    assert standing.size_bytes > 1_000
    assert standing.flushed_at is not None


def test_events_that_wait_for_long_are_told_until_they_are_in(db: Connection[Any], pg_url: str, lake: Location) -> None:
    send(db, [track("ana", "Seen", n) for n in range(5)])
    assert faults_in(db, minutes=60) == []
    note_waiting(db)
    note_waiting(db)
    assert standing_of(db).waiting == 5
    assert faults_in(db, minutes=9) == []
    (told,) = faults_in(db, minutes=11)
    assert "11 min behind: about 5 events" in told
    flush(db, pg_url, lake)
    assert standing_of(db).waiting == 0
    assert faults_in(db, minutes=60) == []


def test_a_fault_stays_until_a_run_of_its_kind_goes_well(db: Connection[Any]) -> None:
    note_fault(db, "compact", "The disk is full.")
    (told,) = faults_in(db)
    assert "The disk is full." in told
    clear_fault(db, "flush")
    assert faults_in(db) == [told]
    clear_fault(db, "compact")
    assert faults_in(db) == []


def test_the_doctor_and_the_bell_tell_it(db: Connection[Any], pg_url: str) -> None:
    settings = load_settings({"DATABASE_URL": pg_url})
    now = datetime.now(UTC)
    assert [one.is_fault for one in examine_lake(settings, db, now)] == [False]
    note_fault(db, "flush", "The disk is full.")
    assert [one.is_fault for one in examine_lake(settings, db, now)] == [True]
    (concern,) = [one for one in concerns(db, settings, now) if one.key == "lake"]
    assert "The disk is full." in str(concern.params["reason"])


def test_the_doctor_sees_that_there_is_no_lake(db: Connection[Any], pg_url: str, tmp_path: Any) -> None:
    settings = load_settings({"DATABASE_URL": pg_url, "ONEFOLD_LAKE_URL": str(tmp_path / "lake")})
    send(db, [track("ana", "Seen", 1)])
    flush(db, pg_url, location_of(settings))
    now = datetime.now(UTC)
    assert not next(examine_lake(settings, db, now)).is_fault
    (tmp_path / "lake").rename(tmp_path / "elsewhere")
    (fault, *_) = [one.text for one in examine_lake(settings, db, now) if one.is_fault]
    assert "There is no lake in" in fault


def test_a_folder_is_said_whole() -> None:
    with pytest.raises(LocationRejected, match="from / on"):
        location_of(load_settings({"ONEFOLD_LAKE_URL": "some/lake"}))


def test_a_run_that_fails_is_noted(
    db: Connection[Any], pg_url: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from onefold.programs.cli import make_parser

    send(db, [track("ana", "Seen", 1)])
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    broken = load_settings({"DATABASE_URL": pg_url, "ONEFOLD_LAKE_URL": str(blocked / "lake")})
    options = make_parser().parse_args(["lake", "--quiet", "flush"])
    with pytest.raises(OnefoldError):
        main(broken, options)
    assert len(faults_in(db)) == 1
    whole = load_settings({"DATABASE_URL": pg_url, "ONEFOLD_LAKE_URL": str(tmp_path / "lake")})
    assert main(whole, options) == 0
    assert faults_in(db) == []
    assert "events went into the lake" not in capsys.readouterr().out
    assert main(whole, make_parser().parse_args(["lake", "promote", "plan", "--type", "string"])) == 0
    assert "p_plan" in capsys.readouterr().out
