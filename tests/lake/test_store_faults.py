"""An object store that fails, loses answers and dawdles: a run works or says so, and the next one makes it whole."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
from psycopg import Connection

from onefold.config import load_settings
from onefold.kernel.errors import Unavailable
from onefold.lake import delta
from onefold.lake.location import Location, location_of
from onefold.lake.reading import take_snapshot
from onefold.lake.verify import verify
from tests.collector.running import free_port
from tests.lake.conftest import BUCKET, answers
from tests.lake.dying import WORKS
from tests.lake.events import RECEIVED_US, rows_in_database, rows_in_snapshot, send, track
from tests.lake.faulty import KINDS
from tests.waiting import wait_until

LONGEST_S: Final = 60
QUICK: Final = {
    "timeout": "1s", "connect_timeout": "1s", "max_retries": "2", "retry_timeout": "4s",
    "backoff_config.init_backoff": "10ms", "backoff_config.max_backoff": "50ms",
}  # fmt: skip
HOUR_US: Final = 3_600_000_000
Misbehave = Callable[[int, float, list[str]], None]
_numbers: Final = count()


@pytest.fixture(scope="module")
def proxy(object_store: dict[str, str]) -> Iterator[str]:
    """Address of a proxy before the object store."""
    port, upstream = free_port(), urlsplit(object_store["AWS_ENDPOINT_URL"]).port
    command = [sys.executable, "-m", "tests.lake.faulty", str(port), str(upstream)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        try:
            wait_until(lambda: answers(port), what="The proxy")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture
def misbehave(proxy: str) -> Iterator[Misbehave]:
    """Says how the proxy answers from then on: the plan's seed, how many requests go wrong, and how."""

    def tell(seed: int, rate: float, kinds: list[str]) -> None:
        httpx.post(f"{proxy}/_faults", json={"seed": seed, "rate": rate, "kinds": kinds}).raise_for_status()

    yield tell
    tell(0, 0, [])


@pytest.fixture
def bucket(proxy: str, object_store: dict[str, str]) -> Location:
    """An empty lake behind the proxy."""
    address = f"s3://{BUCKET}/faulty-{os.getpid()}-{next(_numbers)}"
    return Location(address, object_store | QUICK | {"AWS_ENDPOINT_URL": proxy})


def attempt(work: Callable[[], object]) -> bool:
    """Whether it worked; it may also say that the storage didn't, and nothing else, in bounded time."""
    began, said = time.monotonic(), ""
    try:
        work()
    except Unavailable as fault:
        said = str(fault)
    assert time.monotonic() - began < LONGEST_S
    assert "\x1b" not in said  # it is for people
    return not said


def endure(db: Connection[Any], url: str, lake: Location, misbehave: Misbehave, rounds: int) -> int:
    """So many rounds of work while the store fails; after each nothing is lost. How many runs failed."""
    chance, failed = random.Random(rounds), 0  # noqa: S311 a plan, no secret
    for seed in range(rounds):
        batch = [track(f"user {n}", "Seen", seed * 100 + n, anonymousId=f"anon {n % 3}") for n in range(8)]
        send(db, batch, RECEIVED_US + seed * HOUR_US)
        kinds = chance.sample(KINDS, 3)
        misbehave(seed, chance.choice((0.1, 0.3, 0.6)), kinds)
        name = chance.choice(sorted(WORKS))
        failed += not attempt(lambda name=name: WORKS[name](db, url, lake))  # type: ignore[misc]  # bound per round
        misbehave(0, 0, [])
        delta._files.cache_clear()
        assert rows_in_snapshot(take_snapshot(url, lake)) == rows_in_database(db)
    for work in WORKS.values():
        work(db, url, lake)
    assert rows_in_snapshot(take_snapshot(url, lake)) == rows_in_database(db)
    assert verify(url, lake).faults == []
    return failed


def test_a_store_that_fails_now_and_then_loses_and_doubles_nothing(
    db: Connection[Any], pg_url: str, bucket: Location, misbehave: Misbehave
) -> None:
    assert endure(db, pg_url, bucket, misbehave, 5) >= 0


@pytest.mark.soak
def test_a_store_that_fails_for_long_loses_and_doubles_nothing(
    db: Connection[Any], pg_url: str, bucket: Location, misbehave: Misbehave
) -> None:
    assert endure(db, pg_url, bucket, misbehave, 150) > 30


@pytest.mark.parametrize("kind", ["500", "503", "reset", "hang"])
def test_a_store_that_is_down_is_said(
    db: Connection[Any], pg_url: str, bucket: Location, misbehave: Misbehave, kind: str
) -> None:
    send(db, [track("ana", "Seen", 1)])
    WORKS["flush"](db, pg_url, bucket)
    send(db, [track("ana", "Seen", 2)], RECEIVED_US + HOUR_US)
    misbehave(1, 1.0, [kind])
    for name in WORKS:
        assert not attempt(lambda name=name: WORKS[name](db, pg_url, bucket))  # type: ignore[misc]  # bound per round
    delta._files.cache_clear()
    assert not attempt(lambda: take_snapshot(pg_url, bucket))
    misbehave(1, 0, [])
    assert rows_in_snapshot(take_snapshot(pg_url, bucket)) == rows_in_database(db)


def test_an_object_store_is_waited_for_within_bounds_unless_told_otherwise() -> None:
    settings = {"ONEFOLD_LAKE_URL": "s3://bucket/lake", "ONEFOLD_LAKE_STORAGE": "AWS_REGION=x,timeout=7s"}
    options = location_of(load_settings(settings)).options
    assert options["timeout"] == "7s"
    assert options["AWS_REGION"] == "x"
    assert {"connect_timeout", "max_retries", "retry_timeout"} < options.keys()
    assert location_of(load_settings({"ONEFOLD_LAKE_URL": "/srv/lake"})).options == {}
