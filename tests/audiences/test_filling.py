"""Filling: who waits is told, what fails is tried again less and less often, and shown."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, sql

from onefold.audiences import actions
from onefold.audiences.filling import advance
from onefold.audiences.jobs import fill, is_fill_wanted
from onefold.audiences.shown import find_audience
from onefold.audiences.work import Work
from onefold.config import EngineSettings, Settings
from onefold.filters import api as f
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.location import location_of
from onefold.programs.processor.main import Processor
from tests.waiting import wait_until

BOUGHT = f.Did(f.EventMatch("Bought"))
KNOWN = f.Flag("known", True)


def made(conn: Connection[Any], name: str, rule: Any) -> int:
    """An audience that was started."""
    wanted = actions.Wanted(name, "analytics", json.loads(f.to_json(rule)))
    number = actions.create_audience(conn, wanted, acting_user="test")
    actions.start_audience(conn, number, acting_user="test")
    return number


def work_of(conn: Connection[Any], settings: Settings) -> Work:
    engine = DuckDBEngine(EngineSettings(), settings.database.data_dir)
    return Work(conn, settings.database.address(), location_of(settings), engine)


@contextmanager
def processing(settings: Settings) -> Iterator[None]:
    """The real processor, in a thread."""
    processor = Processor(settings, settings.database.address())
    thread = threading.Thread(target=processor.run)
    thread.start()
    yield
    processor.stop()
    thread.join(20)


def state(conn: Connection[Any], number: int) -> str:
    return find_audience(conn, number).state


def lose_the_lake(conn: Connection[Any]) -> None:
    """A version counts that has no files."""
    for name in ("profiles", "events"):
        conn.execute(
            "insert into lake_table (name, version, files, rows) values (%s, 7, 1, 5)"
            " on conflict (name) do update set version = 7, files = 1", [name]
        )  # fmt: skip


def find_the_lake(conn: Connection[Any]) -> None:
    conn.execute("delete from lake_table")


def waits(conn: Connection[Any], table: str) -> list[int]:
    """Times in a row that each could not go on, and for how many seconds it waits now."""
    query = sql.SQL("select faults, round(extract(epoch from retry_at - now())) from {} where retry_at is not null")
    return [int(value) for row in conn.execute(query.format(sql.Identifier(table))) for value in row]


def hurry(conn: Connection[Any]) -> None:
    """As if the time had come."""
    for table in ("audience", "metric"):
        query = sql.SQL("update {} set retry_at = now() where retry_at is not null")
        conn.execute(query.format(sql.Identifier(table)))


def test_what_fails_is_tried_again_less_and_less_often(db: Connection[Any], settings: Settings) -> None:
    lose_the_lake(db)
    number = made(db, "Known", KNOWN)
    work, found = work_of(db, settings), []
    for _ in range(11):
        assert advance(work)
        assert not advance(work)  # its time has yet to come
        assert not is_fill_wanted(settings.database.address())
        found.append(waits(db, "audience"))
        hurry(db)
        assert is_fill_wanted(settings.database.address())
    assert [times for times, _ in found] == list(range(1, 12))
    assert [seconds for _, seconds in found] == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    shown = find_audience(db, number)
    assert shown.state == "filling"
    assert "lake" in shown.fault
    assert shown.retry_at is not None


def test_it_goes_on_when_the_cause_is_gone(db: Connection[Any], settings: Settings) -> None:
    lose_the_lake(db)
    number = made(db, "Known", KNOWN)
    work = work_of(db, settings)
    advance(work)
    find_the_lake(db)
    assert not advance(work)
    actions.start_audience(db, number, acting_user="test")  # whoever mended it needn't wait
    while advance(work):
        pass
    shown = find_audience(db, number)
    assert (shown.state, shown.fault, shown.retry_at) == ("live", "", None)


def test_an_audience_tells_that_older_events_of_a_figure_cannot_be_read(
    db: Connection[Any], settings: Settings
) -> None:
    number = made(db, "Bought", BOUGHT)
    with processing(settings):
        wait_until(lambda: _states(db) == ["folding"], 10, "the processor folds")
    lose_the_lake(db)
    work = work_of(db, settings)
    advance(work)
    assert (waits(db, "metric"), waits(db, "audience")) == ([1, 10], [1, 10])
    assert "lake" in find_audience(db, number).fault
    assert not advance(work)
    find_the_lake(db)
    hurry(db)
    advance(work)
    assert _states(db) == ["staged"]
    assert find_audience(db, number).fault == ""
    assert waits(db, "metric") == waits(db, "audience") == []


def test_who_fills_is_told_at_once(db: Connection[Any], settings: Settings) -> None:
    """The processor tells whoever fills, and the other way round: nobody waits for a poll."""
    rows = [{"type": "track", "userId": f"u{i}", "event": "Bought", "messageId": f"m{i}"} for i in range(50)]
    with processing(settings):
        append_all(db, rows)
        wait_until(lambda: _count(db, "profile") == 50, 20, "50 people")
        filling = threading.Thread(target=fill, args=[settings], kwargs={"stay_s": 8})
        first = made(db, "Bought", BOUGHT)
        filling.start()
        wait_until(lambda: state(db, first) == "live", 20, "the first")
        second = made(db, "Bought twice", f.Did(f.EventMatch("Bought"), op="ge", value=2))  # it is still there
        wait_until(lambda: state(db, second) == "live", 10, "the second")
        assert filling.is_alive()
        filling.join(40)
    assert not filling.is_alive()
    assert _count(db, "membership") == 0  # nobody said that they allow it


def append_all(conn: Connection[Any], events: list[dict[str, Any]]) -> None:
    """One request in the log."""
    conn.execute("insert into source (id, slug, name, kind) values (2, 'shop', 'Shop', 'server')")
    conn.execute("insert into log_epoch values (1, 'test')")
    conn.execute(
        "insert into event_log (epoch, lane, source_id, trust, received_at, n, body)"
        " values (1, 0, 2, 2, now(), %s, %b)",
        [len(events), json.dumps({"batch": events}).encode()],
    )


def _states(conn: Connection[Any]) -> list[str]:
    return [row[0] for row in conn.execute("select state from metric order by number")]


def _count(conn: Connection[Any], table: str) -> int:
    (found,) = conn.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone() or (0,)
    return int(found)
