"""The real process: starts, answers, stops in order, leaves no orphan, stays small."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from onefold.infra.processes import is_running

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
MAX_MEMORY_MB = 110
AS_INSTALLED = Path(__file__).parent / "as_installed"
"""Goes before what is installed: memory is measured as users have it."""


@pytest.fixture
def web(own_pg_url: str, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The process and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = os.environ | {
        "DATABASE_URL": own_pg_url, "ONEFOLD_DATA_DIR": str(tmp_path), "ONEFOLD_WEB_PORT": str(port),
        "ONEFOLD_LOG_FORMAT": "json", "PYTHONPATH": str(AS_INSTALLED),
    }  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "onefold.programs.cli", "run", "web"], env=environ, stdout=log, stderr=log
        )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def await_answer(address: str) -> httpx.Response:
    """The first answer of `/health`."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return httpx.get(f"{address}/health")
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the web process doesn't answer"
            time.sleep(0.1)


def children(pid: int) -> list[int]:
    """Processes started by this one."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory_mb(pid: int) -> float:
    """Its share of the memory: pages that several use count in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def test_it_answers_stays_small_and_stops_in_order(web: tuple[subprocess.Popen[bytes], str], tmp_path: Path) -> None:
    process, address = web
    assert await_answer(address).json()["status"] in {"ok", "degraded"}
    with httpx.Client(base_url=address) as browser:
        for _ in range(50):
            assert browser.get("/signin").status_code == 200
            assert browser.get("/people/ada@example.com").status_code == 302
            assert browser.get("/api/profiles/email:ada@example.com").status_code == 401
            assert browser.get("/nope/ada@example.com").status_code == 404
    assert sum(memory_mb(pid) for pid in (process.pid, *children(process.pid))) < MAX_MEMORY_MB
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_TIMEOUT_S) == 0
    log = (tmp_path / "log").read_text()
    assert "web_stopped" in log
    assert "Traceback" not in log
    assert "ada@example.com" not in log


def test_a_killed_parent_takes_its_worker_along(web: tuple[subprocess.Popen[bytes], str]) -> None:
    process, address = web
    await_answer(address)
    (worker,) = children(process.pid)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while is_running(worker):
        assert time.monotonic() < deadline, "the worker kept the port"
        time.sleep(0.1)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{address}/health")
