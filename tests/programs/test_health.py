"""Health and doctor see what is wrong and say it in words."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.config import Settings, load_settings
from onefold.infra import heartbeat
from onefold.infra.heartbeat import beat, beat_async, beating, forget_restarts, record_restart, take_back
from onefold.infra.postgres import connect
from onefold.programs import health as health_module
from onefold.programs.doctor import disk_space, examine
from onefold.programs.health import PROCESSES, blockers, health, lag_history, lags, note_lags, processes
from onefold.programs.processor.context import Context, load_context, note_config
from tests.waiting import wait_until

Rows = Connection[tuple[Any, ...]]


@pytest.fixture
def all_alive(db: Rows) -> None:
    for name in PROCESSES:
        beat(db, name)


def log_row(connection: Rows, age_s: float, lane: int = 0) -> None:
    connection.execute(
        "insert into event_log (epoch, lane, source_id, trust, received_at, n, body) "
        "values (1, %s, 1, 2, now() - make_interval(secs => %s), 1, 'x')",
        [lane, age_s],
    )


@pytest.mark.usefixtures("all_alive")
def test_all_is_well(db: Rows) -> None:
    found = health(db)
    assert (found["status"], found["reasons"]) == ("ok", [])
    assert {process["name"] for process in found["processes"]} == set(PROCESSES)
    assert [lag["lane"] for lag in found["lag"]] == ["interactive", "bulk"]
    assert int(found["database"]["version"].split(".")[0]) >= 15


def test_process_that_never_ran_is_missed(db: Rows) -> None:
    found = health(db)
    assert found["status"] == "degraded"
    assert [reason.split(" is not running.")[0] for reason in found["reasons"]] == [f"The {name}" for name in PROCESSES]


@pytest.mark.usefixtures("all_alive")
def test_silent_process_is_named_with_pid_and_age(db: Rows) -> None:
    db.execute("update process_status set pid = 4711, beat_at = now() - interval '3 hours' where name = 'worker'")
    (reason,) = health(db)["reasons"]
    assert "The worker (pid 4711 on " in reason
    assert "3 h ago" in reason


@pytest.mark.usefixtures("all_alive")
def test_restarted_process_is_told_for_a_while(db: Rows, pg_url: str) -> None:
    record_restart(pg_url, "web", 4712, 2)
    assert processes(db)["web"].restarts == 2
    (reason,) = health(db)["reasons"]
    assert "The web was started again" in reason
    assert "(2 restarts in this run)" in reason
    assert "terminal of `onefold up`" in reason
    assert "10 min after" in reason
    db.execute("update process_status set restarts = 1 where name = 'web'")
    assert "(1 restart in this run)" in health(db)["reasons"][0]
    db.execute("update process_status set started_at = now() - interval '1 hour'")
    assert health(db)["status"] == "ok"


@pytest.mark.usefixtures("all_alive")
def test_restarts_of_an_earlier_run_are_forgotten(db: Rows, pg_url: str) -> None:
    record_restart(pg_url, "web", 4712, 2)
    record_restart(pg_url, "worker", 4713, 1)
    forget_restarts(pg_url, ["web", "postgres"])
    assert {one.name: one.restarts for one in processes(db).values() if one.restarts} == {"worker": 1}


@pytest.mark.usefixtures("all_alive")
def test_process_that_stops_in_order_takes_its_beat_back(db: Rows, pg_url: str) -> None:
    with beating(pg_url, "worker"):
        wait_until(lambda: processes(db)["worker"].pid == os.getpid())
    take_back(db, "web")
    assert health(db)["reasons"] == [
        f"The {name} is not running. Start it with `onefold up`." for name in ("worker", "web")
    ]
    db.execute("update process_status set host = 'elsewhere' where name = 'processor'")
    take_back(db, "processor")  # another machine's row stays
    assert processes(db)["processor"].is_alive


@pytest.mark.usefixtures("db")
def test_process_that_fails_leaves_its_beat(db: Rows, pg_url: str) -> None:
    def fail() -> None:
        with beating(pg_url, "worker"):
            wait_until(lambda: "worker" in processes(db))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert "worker" in processes(db)


def test_process_that_dies_at_once_is_told(db: Rows, pg_url: str) -> None:
    record_restart(pg_url, "web", 4712, 3)
    assert any("The web died 3 times before its first sign of life." in reason for reason in health(db)["reasons"])


@pytest.mark.usefixtures("all_alive")
def test_lag_counts_what_is_unread_and_alarms_on_the_interactive_lane_only(db: Rows) -> None:
    log_row(db, age_s=5)
    log_row(db, age_s=500, lane=1)
    assert [(lag.requests, lag.seconds // 100) for lag in lags(db)] == [(1, 0), (1, 5)]
    assert health(db)["status"] == "ok"
    db.execute("truncate event_log")
    log_row(db, age_s=90)
    (reason,) = health(db)["reasons"]
    assert "The interactive lane is 90 s behind (1 requests)." in reason


def test_the_worst_lag_of_each_stretch_is_remembered(db: Rows) -> None:
    step, start = timedelta(minutes=15), datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    note_lags(db, start + timedelta(minutes=1))
    log_row(db, 100)
    log_row(db, 300, lane=1)
    for minute in (20, 20, 21):  # twice in a minute is once
        note_lags(db, start + timedelta(minutes=minute))
    db.execute("delete from event_log")
    note_lags(db, start + timedelta(minutes=22))
    history = lag_history(db, [start + step * n for n in range(3)])
    assert [at for at, _seconds in history] == [start, start + step, start + 2 * step]
    assert [[one and round(one, -2) for one in seconds] for _at, seconds in history] == [
        [0, 0],
        [100, 300],
        [None, None],
    ]
    assert db.execute("select count(*) from log_lag").fetchone() == (8,)


def test_lag_is_counted_to_a_bound(db: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "COUNT_BOUND", 3)
    for _ in range(5):
        log_row(db, age_s=1)
    assert lags(db)[0].requests == 3


@pytest.mark.usefixtures("all_alive")
def test_stalling_transaction_is_named(db: Rows, pg_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "BLOCKER_ALARM_S", 0.2)
    with psycopg.connect(pg_url, application_name="nightly import") as other:
        other.execute("select 1")
        pid = other.info.backend_pid
        time.sleep(0.3)
        assert not any(str(pid) in blocker.who for blocker in blockers(db))  # it only reads, and stalls nobody
        other.execute("insert into source (slug, name, kind) values ('slow', 'Slow', 'import')")
        reason = next(reason for reason in health(db)["reasons"] if str(pid) in reason)
        assert "nightly import" in reason
        assert "idle in transaction" in reason
        assert "pg_terminate_backend" in reason
        other.rollback()
    assert not any(str(pid) in blocker.who for blocker in blockers(db))


def test_database_that_fails_is_down(own_pg_url: str) -> None:
    with connect(own_pg_url, "tests", autocommit=True) as connection:
        connection.execute("drop table process_status")
        assert health(connection)["status"] == "down"


def test_beats_go_on(db: Rows, pg_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.05)

    def beat_s(name: str) -> float:
        query = "select extract(epoch from beat_at)::float8 from process_status where name = %s"
        row = db.execute(query, [name]).fetchone()
        return float(row[0]) if row else 0.0

    def wait_for_more(name: str) -> None:
        last_s = beat_s(name)
        wait_until(lambda: beat_s(name) > last_s + 0.1)

    with beating(pg_url, "worker"):
        wait_for_more("worker")
        wait_for_more("worker")
        terminate = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s"
        assert db.execute(terminate, ["onefold worker heartbeat"]).fetchall() == [(True,)]
        wait_for_more("worker")  # it found the way back

    async def for_a_while() -> None:
        task = asyncio.create_task(beat_async(pg_url, "collector"))
        await asyncio.to_thread(wait_for_more, "collector")
        await asyncio.to_thread(wait_for_more, "collector")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(for_a_while())
    assert "collector" not in processes(db)  # taken back


Doctor = Callable[[], tuple[list[str], list[str]]]


@pytest.fixture
def doctor(db: Rows, pg_url: str, django_elsewhere: None) -> Doctor:
    """Examines; what was found wrong, and what well."""
    settings = load_settings({"DATABASE_URL": pg_url})

    def ask() -> tuple[list[str], list[str]]:
        found = list(examine(settings))
        return [one.text for one in found if one.is_fault], [one.text for one in found if not one.is_fault]

    return ask


@pytest.mark.usefixtures("all_alive")
def test_doctor_finds_nothing_where_nothing_is(doctor: Doctor) -> None:
    wrong, well = doctor()
    assert wrong == []
    assert any(text.startswith("The database answers: PostgreSQL") for text in well)
    assert "All migrations are applied." in well
    assert "Partitions are made ahead." in well
    assert sum("alive" in text for text in well) == len(PROCESSES)


@pytest.mark.usefixtures("all_alive")
def test_doctor_finds_rows_without_partition(doctor: Doctor, db: Rows) -> None:
    log_row(db, age_s=-400 * 86_400)
    wrong, _ = doctor()
    assert [text for text in wrong if text.startswith("event_log_default holds rows")]


@pytest.mark.usefixtures("all_alive")
def test_doctor_finds_a_stalling_transaction(doctor: Doctor, pg_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "BLOCKER_ALARM_S", 0.0)
    with psycopg.connect(pg_url, application_name="nightly import") as other:
        other.execute("insert into source (slug, name, kind) values ('slow', 'Slow', 'import')")
        wrong, _ = doctor()
        other.rollback()
    assert [text for text in wrong if "nightly import" in text]


@pytest.mark.usefixtures("django_elsewhere")
def test_doctor_finds_missing_partitions_and_migrations(own_pg_url: str) -> None:
    settings = load_settings({"DATABASE_URL": own_pg_url})
    with connect(own_pg_url, "tests", autocommit=True) as connection:
        query = "select inhrelid::regclass::text from pg_inherits where inhparent = 'event'::regclass"
        for (name,) in connection.execute(query).fetchall():
            if name != "event_default":
                connection.execute(SQL("drop table {}").format(Identifier(name)))
        wrong = [one.text for one in examine(settings) if one.is_fault]
        assert any(text.startswith("Partitions are missing (event_2") for text in wrong)
        connection.execute("delete from django_migrations where app = 'profiles'")
    wrong = [one.text for one in examine(settings) if one.is_fault]
    assert len(wrong) == 1
    assert "profiles.0001_initial" in wrong[0]
    assert "onefold migrate" in wrong[0]


def test_doctor_says_when_the_database_is_not_there() -> None:
    (finding,) = examine(load_settings({"DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/x"}))
    assert finding.is_fault
    assert "can't be reached" in finding.text
    assert "hunter2" not in finding.text


def test_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    assert settings.database.url
    usage = type("Usage", (), {"total": 100_000_000_000, "free": 5_000_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert disk_space(tmp_path).is_fault
    monkeypatch.setattr(usage, "free", 50_000_000_000)
    assert not disk_space(tmp_path).is_fault


def context(connection: Rows) -> Context:
    """As the processor loads it between two batches."""
    found = load_context(connection)
    note_config(connection, found, is_rebuild=False)
    return found


@pytest.mark.usefixtures("all_alive")
def test_doctor_asks_for_a_rebuild_when_the_configuration_changed_under_history(doctor: Doctor, db: Rows) -> None:
    context(db)
    db.execute("insert into source (id, slug, name, kind) values (2, 'shop', 'Shop', 'server')")
    context(db)
    assert doctor()[0] == []  # a new source has no history
    db.execute("update source set priority = 5 where id = 2")
    context(db)
    assert any("onefold rebuild" in text for text in doctor()[0])
    note_config(db, load_context(db), is_rebuild=True)
    assert doctor()[0] == []
