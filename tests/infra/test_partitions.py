"""Partitions are made ahead, filled from the default one, and dropped when old."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.config import RetentionSettings
from onefold.infra import partitions
from onefold.infra.partitions import Partitioned, find_missing
from onefold.infra.postgres import connect
from onefold.kernel.errors import Unavailable
from onefold.programs.upkeep import (
    EVENTS,
    LOG,
    delete_expired_sessions,
    delete_old_outcomes,
    drop_old_log,
    make_partitions,
    missing_partitions,
)

NOW: Final = datetime(2030, 5, 15, 13, 30, tzinfo=UTC)  # a Wednesday, beyond what migrations made
Rows = Connection[tuple[Any, ...]]


@pytest.fixture
def own(own_pg_url: str) -> Iterator[Rows]:
    """A database whose log has no partitions but the default one."""
    with connect(own_pg_url, "tests", autocommit=True) as connection:
        drop_old_log(connection, RetentionSettings(), NOW)
        yield connection


def log_row(connection: Rows, received_at: datetime, lane: int = 0) -> None:
    connection.execute(
        "insert into event_log (epoch, lane, source_id, trust, received_at, n, body) values (1, %s, 1, 2, %s, 1, 'x')",
        [lane, received_at],
    )


def read_all(connection: Rows, lane: int) -> None:
    """The lane's position becomes its last row."""
    connection.execute(
        "update log_position p set epoch = l.epoch, xid = l.xid, off = l.off from "
        "(select * from event_log where lane = %s order by epoch desc, xid desc, off desc limit 1) l where p.lane = %s",
        [lane, lane],
    )


def partition_of(connection: Rows, table: str) -> list[str]:
    """Where the rows of a table lie."""
    query = SQL("select tableoid::regclass::text from {} order by 1").format(Identifier(table))
    return [name for (name,) in connection.execute(query)]


def test_days_and_weeks_begin_where_people_think_they_do() -> None:
    assert LOG.start_of(NOW) == datetime(2030, 5, 15, tzinfo=UTC)
    assert EVENTS.start_of(NOW) == datetime(2030, 5, 13, tzinfo=UTC)
    assert EVENTS.start_of(NOW).weekday() == 0
    assert EVENTS.start_of(datetime(1969, 12, 31, tzinfo=UTC)) == datetime(1969, 12, 29, tzinfo=UTC)


def test_making_partitions_reaches_8_days_and_3_weeks_ahead_and_repeats_safely(own: Rows) -> None:
    made = make_partitions(own, NOW)
    assert made[:2] == ["event_log_20300515", "event_log_20300516"]
    assert "event_log_20300523" in made
    assert made[-4:] == ["event_20300513", "event_20300520", "event_20300527", "event_20300603"]
    assert missing_partitions(own, NOW) == []
    assert make_partitions(own, NOW) == []
    assert missing_partitions(own, NOW + timedelta(days=30)) != []


def test_rows_go_to_their_partition(own: Rows) -> None:
    make_partitions(own, NOW)
    log_row(own, NOW)
    log_row(own, datetime(2030, 5, 16, tzinfo=UTC))
    assert partition_of(own, "event_log") == ["event_log_20300515", "event_log_20300516"]


def test_what_waits_in_the_default_partition_moves_unchanged(own: Rows) -> None:
    for received_at in (NOW, NOW + timedelta(days=1), NOW - timedelta(days=100), NOW):
        log_row(own, received_at)
    query = "select epoch, xid, off, received_at, body from event_log order by off"
    before = own.execute(query).fetchall()
    made = make_partitions(own, NOW)
    assert "event_log_20300204" in made  # a past day that the default partition held
    assert own.execute(query).fetchall() == before
    assert "event_log_default" not in partition_of(own, "event_log")
    log_row(own, NOW)
    assert own.execute("select count(distinct off) from event_log").fetchone() == (5,)


def test_two_jobs_at_once_make_each_partition_once(own_pg_url: str) -> None:
    with connect(own_pg_url, "tests", autocommit=True) as connection:
        log_row(connection, NOW)
    made: list[str] = []
    faults: list[BaseException] = []

    def job() -> None:
        try:
            with connect(own_pg_url, "tests", autocommit=True) as connection:
                made.extend(make_partitions(connection, NOW))
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=job) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(made) == len(set(made)) == 13
    with connect(own_pg_url, "tests") as connection:
        assert partition_of(connection, "event_log") == ["event_log_20300515"]


def test_locked_table_is_not_waited_for_without_end(
    own: Rows, own_pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "LOCK_TIMEOUT_MS", 20)
    with connect(own_pg_url, "tests") as other:
        other.execute("lock table event_log_default in row exclusive mode")
        with pytest.raises(Unavailable, match="event_log"):
            make_partitions(own, NOW)
    assert make_partitions(own, NOW) != []


def test_old_log_is_dropped_when_every_lane_has_read_it(own: Rows) -> None:
    old = NOW - timedelta(days=9)
    make_partitions(own, old)
    for lane in (0, 1):
        log_row(own, old, lane)
    retention = RetentionSettings(log_days=7)
    read_all(own, 0)
    assert drop_old_log(own, retention, NOW) == ["event_log_20300507"]  # the bulk lane has not read the day before
    read_all(own, 1)
    assert drop_old_log(own, retention, NOW) == ["event_log_20300506"]
    assert drop_old_log(own, retention, NOW) == []
    assert find_missing(own, LOG, old, NOW - timedelta(days=7)) == ["event_log_20300506", "event_log_20300507"]


def test_log_that_is_young_enough_stays(own: Rows) -> None:
    make_partitions(own, NOW - timedelta(days=7))
    assert drop_old_log(own, RetentionSettings(log_days=7), NOW) == []
    assert drop_old_log(own, RetentionSettings(log_days=7), NOW + timedelta(hours=11)) == ["event_log_20300508"]


def test_a_row_of_an_unknown_lane_keeps_its_partition(own: Rows) -> None:
    old = NOW - timedelta(days=9)
    make_partitions(own, old)
    log_row(own, old, lane=7)
    assert "event_log_20300506" not in drop_old_log(own, RetentionSettings(), NOW)


def test_old_outcomes_go_and_young_ones_stay(own: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onefold.programs.upkeep.CHUNK_ROWS", 3)
    for days in (1, 89, 91, 92, 93, 94, 95, 400):
        at = NOW - timedelta(days=days)
        own.execute(
            "insert into violation (at, source_id, message_id, kind, reason, detail, is_fatal, body) "
            "values (%s, 1, 'm', 'track', 'malformed', '', true, '')",
            [at],
        )
        own.execute("insert into duplicate (id, received_at) values (gen_random_uuid(), %s)", [at])
        own.execute("insert into source_count (source_id, minute, outcome, n) values (1, %s, 'accepted', 1)", [at])
    assert delete_old_outcomes(own, RetentionSettings(outcome_days=90), NOW) == 18
    assert delete_old_outcomes(own, RetentionSettings(outcome_days=90), NOW) == 0
    for table in ("violation", "duplicate", "source_count"):
        assert own.execute(SQL("select count(*) from {}").format(Identifier(table))).fetchone() == (2,)


def test_partition_names_follow_their_table() -> None:
    assert Partitioned("t", "at", 1).partition(NOW) == "t_20300515"


def test_sessions_that_are_over_go_and_the_others_stay(own: Rows) -> None:
    own.execute(
        "insert into django_session values ('over', '', %s), ('live', '', %s)",
        [NOW - timedelta(days=1), NOW + timedelta(days=1)],
    )
    assert delete_expired_sessions(own, NOW) == 1
    assert own.execute("select session_key from django_session").fetchall() == [("live",)]
