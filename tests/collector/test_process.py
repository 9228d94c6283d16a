"""The collector as a process of its own: it stops in order, and a kill loses nothing that was acknowledged."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from psycopg import Connection

from tests.collector.conftest import track
from tests.collector.load import Load
from tests.collector.running import free_port
from tests.collector.test_outages import ids_in_log

RUN = "from onefold.programs.cli import main; raise SystemExit(main(['run', 'collector']))"
Start = Callable[[int], subprocess.Popen[bytes]]


@pytest.fixture
def start(pg_url: str, keys: dict[str, str]) -> Iterator[Start]:
    """Starts a collector on a port; returns when it answers."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(port: int) -> subprocess.Popen[bytes]:
        environ = os.environ | {
            "DATABASE_URL": pg_url,
            "ONEFOLD_COLLECTOR_PORT": str(port),
            "ONEFOLD_LOG_FORMAT": "json",
        }
        process = subprocess.Popen(
            [sys.executable, "-c", RUN], env=environ, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        started.append(process)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health", timeout=2)
                break
            except httpx.TransportError:
                time.sleep(0.02)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_answers_what_was_taken_and_ends(
    start: Start, keys: dict[str, str], db: Connection[Any], pg_url: str, number: signal.Signals
) -> None:
    port = free_port()
    process = start(port)
    with Load(f"http://127.0.0.1:{port}", keys["secret"]).running() as load:
        load.acknowledged_since(100)
        process.send_signal(number)
        assert process.wait(15) == 0
    stored = ids_in_log(pg_url)
    assert set(load.acknowledged) <= set(stored)
    assert set(load.refused) <= {0, 503}
    counted = db.execute("select sum(n)::int from source_count where outcome = 'received'").fetchone()
    assert counted == (len(stored),)


def test_an_idle_connection_does_not_delay_the_stop(start: Start, keys: dict[str, str]) -> None:
    port = free_port()
    process = start(port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
        assert http.post("/v1/track", json=track(), headers={"x-write-key": keys["secret"]}).status_code == 200
        with socket.create_connection(("127.0.0.1", port)) as half:
            half.sendall(b"POST /v1/track HTTP/1.1\r\nHost: x\r\nContent-Le")
            process.terminate()
            assert process.wait(15) == 0


def test_a_kill_loses_nothing_that_was_acknowledged(
    start: Start, keys: dict[str, str], db: Connection[Any], pg_url: str
) -> None:
    port = free_port()
    process = start(port)
    with Load(f"http://127.0.0.1:{port}", keys["secret"]).running() as load:
        for _ in range(3):
            load.acknowledged_since(len(load.acknowledged) + 30)
            process.kill()
            process.wait()
            process = start(port)
    stored = ids_in_log(pg_url)
    assert len(load.acknowledged) > 90
    assert set(load.acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


def test_it_says_in_the_database_that_it_lives(start: Start, db: Connection[Any]) -> None:
    process = start(free_port())
    row = None
    for _ in range(250):
        row = db.execute("select pid from process_status where name = 'collector'").fetchone()
        if row:
            break
        time.sleep(0.02)
    assert row == (process.pid,)


def test_a_port_that_is_taken_is_said_plainly(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(taken.getsockname()[1])
        _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert b"ONEFOLD_COLLECTOR_PORT" in said
    assert b"Traceback" not in said
