"""The database goes away in the middle: what was acknowledged is there, and everyone gets an answer in time."""

import signal
import tempfile
import time
from collections.abc import Iterator
from os import kill
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from psycopg import Connection

from onefold.config import CollectorSettings, load_settings
from onefold.events.api import NewSource, PostgresLog, create_key, create_source, decode_request
from onefold.infra import embedded
from onefold.infra.postgres import connect
from onefold.programs.migrate import migrate
from tests.collector.conftest import Sender, track
from tests.collector.load import Load
from tests.collector.running import RunningCollector, running
from tests.conftest import led_back
from tests.log import read_log

OPTIONS = {"shared_buffers": "16MB", "fsync": "off"}  # the system stays up, so its cache is as good as a disk


@pytest.fixture(scope="module")
def server(django_db_blocker: Any) -> Iterator[embedded.RunningServer]:
    """A server of our own to kill."""
    with tempfile.TemporaryDirectory(prefix="onefold-outage-") as folder:
        Path(folder).chmod(0o711)
        server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": f"{folder}/data"}), OPTIONS)
        with led_back(django_db_blocker):
            migrate(load_settings({"DATABASE_URL": server.url}))
        yield server
        server.stop()


@pytest.fixture(scope="module")
def key(server: embedded.RunningServer) -> str:
    with connect(server.url, "tests", autocommit=True) as conn:
        create_source(conn, NewSource(slug="shop", name="Shop", kind="server"), acting_user="alice")
        return create_key(conn, "shop", kind="secret", acting_user="alice").text


@pytest.fixture
def killable(server: embedded.RunningServer, key: str) -> Iterator[RunningCollector]:
    with running(PostgresLog(server.url), CollectorSettings(), server.url) as collector:
        yield collector


def ids_in_log(url: str) -> list[str]:
    with connect(url, "tests") as conn:
        rows = read_log(conn)
    return [event.message_id for row in rows for event in decode_request(row)[0]]


def kill_server(server: embedded.RunningServer) -> None:
    pid = server.pid
    assert pid is not None
    kill(pid, signal.SIGKILL)
    while server.is_alive():
        time.sleep(0.01)


def test_killing_postgres_loses_nothing_that_was_acknowledged(
    server: embedded.RunningServer, key: str, killable: RunningCollector
) -> None:
    with Load(killable.base, key).running() as load:
        load.acknowledged_since(50)
        for _ in range(4):
            kill_server(server)
            server.revive()
            load.acknowledged_since(len(load.acknowledged))
    stored = ids_in_log(server.url)
    assert len(load.acknowledged) > 100
    assert set(load.acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    assert set(load.refused) <= {503}
    assert load.slowest_s < 10


def test_while_postgres_is_away_the_answer_is_503_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch, server: embedded.RunningServer, key: str
) -> None:
    monkeypatch.setattr("onefold.programs.collector.app.PATIENCE_S", 1.0)
    with running(PostgresLog(server.url), CollectorSettings(), server.url) as collector:
        collector.refresh()
        kill_server(server)
        try:
            began = time.monotonic()
            answer = httpx.post(
                f"{collector.base}/v1/track",
                json=track(messageId=uuid4().hex),
                headers={"x-write-key": key},
                timeout=10,
            )
            assert (answer.status_code, answer.json()["code"]) == (503, "not_stored")
            assert int(answer.headers["retry-after"]) >= 1
            assert time.monotonic() - began < 3
            unknown = httpx.post(
                f"{collector.base}/v1/track", json=track(), headers={"x-write-key": "pk_x"}, timeout=10
            )
            assert (unknown.status_code, unknown.json()["code"]) == (503, "unavailable")
            health = httpx.get(f"{collector.base}/health")
            assert (health.status_code, health.json()["status"]) == (503, "degraded")
            assert health.json()["last_fault"]
        finally:
            server.revive()
        for _ in range(200):
            answer = httpx.post(
                f"{collector.base}/v1/track",
                json=track(messageId=uuid4().hex),
                headers={"x-write-key": key},
                timeout=10,
            )
            if answer.status_code == 200:
                break
            time.sleep(0.02)
        assert answer.status_code == 200
        for _ in range(200):  # the listener comes back with a back-off of up to 5 s
            health = httpx.get(f"{collector.base}/health")
            if health.status_code == 200:
                break
            time.sleep(0.05)
        assert health.json()["status"] == "ok"


def test_a_short_absence_is_not_even_noticed(
    server: embedded.RunningServer, key: str, killable: RunningCollector
) -> None:
    killable.refresh()
    kill_server(server)
    with httpx.Client(base_url=killable.base, timeout=15, headers={"x-write-key": key}) as http:
        server.revive()
        assert http.post("/v1/track", json=track(messageId=uuid4().hex)).status_code == 200


def test_connections_that_are_ended_under_load_lose_nothing(
    sender: Sender, db: Connection[Any], keys: dict[str, str], pg_url: str
) -> None:
    with Load(str(sender.http.base_url), keys["secret"]).running() as load:
        for _ in range(10):
            load.acknowledged_since(len(load.acknowledged))
            db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name like 'onefold collector%' and datname = current_database()"
            )
    stored = ids_in_log(pg_url)
    assert set(load.acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    assert set(load.refused) <= {503}
