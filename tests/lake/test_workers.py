"""Several workers on one lake, and workers that others took over from: one at a time changes it, nothing doubles."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from threading import Barrier
from typing import Any, Final

import psycopg
import pyarrow as pa
import pytest
from psycopg import Connection

from onefold.infra.postgres import connect
from onefold.kernel.errors import Unavailable
from onefold.lake import failpoints
from onefold.lake.delta import commit, create, files_of, newest_version
from onefold.lake.failpoints import POINTS
from onefold.lake.files import write_rows
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from onefold.lake.state import LakeChanged
from onefold.lake.tables import FRAGMENT_OVERRIDES
from onefold.lake.verify import verify
from tests.lake.dying import WORKS, mortals
from tests.lake.events import HOUR_US, RECEIVED_US, live_on, rows_in_database, rows_in_snapshot, send

RACES: Final = 10
_numbers: Final = count()


@pytest.fixture(autouse=True)
def _nobody_watches() -> Iterator[None]:
    yield
    failpoints.unwatch()


def demand_whole(db: Connection[Any], url: str, location: Location) -> None:
    assert rows_in_snapshot(take_snapshot(url, location)) == rows_in_database(db)
    assert verify(url, location).faults == []


@pytest.mark.parametrize("works", [("flush", "flush"), ("flush", "compact everything"), ("compact everything",) * 2])
def test_processes_at_once_take_turns(
    db: Connection[Any], pg_url: str, location: Location, works: tuple[str, str]
) -> None:
    with mortals(pg_url, location) as one, mortals(pg_url, location) as other:
        for _ in range(3):
            live_on(db)
            one.begin(works[0])
            other.begin(works[1])
            assert [one.end_of_work(), other.end_of_work()] == ["done", "done"]
            assert rows_in_snapshot(take_snapshot(pg_url, location)) == rows_in_database(db)
    flush(db, pg_url, location)
    demand_whole(db, pg_url, location)


def test_threads_at_once_take_turns(db: Connection[Any], pg_url: str, location: Location) -> None:
    def work(name: str) -> None:
        with connect(pg_url, "tests", autocommit=True) as conn:
            WORKS[name](conn, pg_url, location)

    live_on(db)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, ("flush", "compact everything", "flush")))
    demand_whole(db, pg_url, location)


def test_of_two_commits_of_one_version_one_goes_in(location: Location) -> None:
    create(location, FRAGMENT_OVERRIDES)
    rows = pa.table({"fragment_id": pa.array([1], pa.int64()), "profile_id": pa.array([2], pa.int64())})
    both_ready = Barrier(2)

    def try_to_commit(version: int) -> bool:
        action = write_rows(location, FRAGMENT_OVERRIDES, {}, rows)
        both_ready.wait()
        try:
            commit(location, FRAGMENT_OVERRIDES, version, [action], {})
        except LakeChanged:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        for version in range(RACES):
            assert sorted(threads.map(try_to_commit, (version, version))) == [False, True]
    assert newest_version(location, FRAGMENT_OVERRIDES.name) == RACES
    assert len(files_of(location, FRAGMENT_OVERRIDES.name, RACES)) == RACES


class Takeover:
    """At a fail point the worker loses its database; others do all the work; then it goes on and knows of nothing."""

    def __init__(self, db: Connection[Any], url: str, location: Location, victim: Connection[Any]) -> None:
        self._db, self._url, self._location, self._victim = db, url, location, victim
        self.happened = False

    def at(self, point: str, reached: str) -> None:
        """What the fail point calls."""
        if point != reached or self.happened:
            return
        self.happened = True
        self._db.execute("select pg_terminate_backend(%s, 5000)", [self._victim.info.backend_pid])
        live_on(self._db)
        for work in ("flush", "compact everything", "refresh"):
            WORKS[work](self._db, self._url, self._location)


@pytest.mark.parametrize("point", [point for point in POINTS if not point.startswith("settle")])
def test_who_lost_its_database_changes_nothing_any_more(
    db: Connection[Any], pg_url: str, tmp_path: Any, point: str
) -> None:
    taken_over(db, pg_url, Location(f"{tmp_path}/lake"), point)


@pytest.mark.parametrize("point", ["flush: file written", "flush: committed", "compact: files written"])
def test_nor_in_an_object_store(db: Connection[Any], pg_url: str, object_store: Any, point: str) -> None:
    taken_over(db, pg_url, Location(f"s3://onefold-test/zombie{next(_numbers)}", object_store), point)


def work_through(conn: Connection[Any], url: str, location: Location) -> None:
    for work in ("flush", "refresh", "change columns", "compact everything"):
        WORKS[work](conn, url, location)


def taken_over(db: Connection[Any], url: str, location: Location, point: str) -> None:
    live_on(db)
    for work in ("flush", "refresh"):
        WORKS[work](db, url, location)
    moved = {"type": "identify", "userId": "user 1", "anonymousId": "elsewhere", "messageId": f"x{next(_numbers)}"}
    seen = {"type": "track", "event": "Seen", "anonymousId": "elsewhere", "messageId": f"y{next(_numbers)}"}
    send(db, [seen], RECEIVED_US + 10_000 * HOUR_US)
    WORKS["flush"](db, url, location)
    send(db, [moved], RECEIVED_US + 10_001 * HOUR_US)
    live_on(db)
    with connect(url, "victim", autocommit=True) as victim:
        takeover = Takeover(db, url, location, victim)
        failpoints.watch(partial(takeover.at, point))
        with pytest.raises((Unavailable, psycopg.OperationalError)):
            work_through(victim, url, location)
    assert takeover.happened
    failpoints.unwatch()
    assert rows_in_snapshot(take_snapshot(url, location)) == rows_in_database(db)
    live_on(db)
    for run in WORKS.values():
        run(db, url, location)
    demand_whole(db, url, location)


def test_a_flush_that_loses_what_it_reads_from_says_so(db: Connection[Any], pg_url: str, tmp_path: Any) -> None:
    location = Location(f"{tmp_path}/lake")
    live_on(db)

    def end_readers(reached: str) -> None:
        if reached == "flush: published":
            db.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid() and backend_type = 'client backend' and application_name = ''"
            )

    failpoints.watch(end_readers)
    with pytest.raises(Unavailable, match="database"):
        WORKS["flush"](db, pg_url, location)
    failpoints.unwatch()
    WORKS["flush"](db, pg_url, location)
    demand_whole(db, pg_url, location)
