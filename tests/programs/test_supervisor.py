"""`onefold up` keeps everything running, and ends everything when it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import psutil
import pytest

from onefold.config import load_settings
from onefold.infra import embedded
from onefold.infra.postgres import connect
from onefold.kernel.errors import Unavailable
from onefold.programs.supervisor import Child, PortTaken, how_it_ended, up
from tests.collector.running import free_port
from tests.waiting import wait_until

CHILDREN: Final = ("collector", "processor", "worker", "web")
COMMAND: Final = str(Path(sys.executable).with_name("onefold"))


class Running:
    """One `onefold up` and what it wrote."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.ports = {"collector": free_port(), "web": free_port()}
        self.environ = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL",)} | {
            "ONEFOLD_DATA_DIR": str(data_dir),
            "ONEFOLD_LOG_FORMAT": "json",
            "ONEFOLD_COLLECTOR_PORT": str(self.ports["collector"]),
            "ONEFOLD_WEB_PORT": str(self.ports["web"]),
        }
        self.log = data_dir.with_suffix(".log")
        self.start()

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([COMMAND, "up"], env=self.environ, stdout=log, stderr=log)
        wait_until(lambda: "Onefold is running" in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def messages(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def processes(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))

    def child(self, name: str) -> psutil.Process | None:
        """The supervised process of that name; not the workers it may have."""
        for process in psutil.Process(self.process.pid).children():
            try:
                line = process.cmdline()
            except psutil.Error:
                continue
            if line[-2:] == ["run", name] or (name == "postgres" and line and line[0].endswith("/postgres")):
                return process
        return None

    def url(self) -> str:
        server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(self.data_dir)}))
        assert not server.is_owner
        return server.url

    def answers(self) -> bool:
        """Whether pages and tracking API answer."""
        try:
            for port, path in ((self.ports["web"], "/health"), (self.ports["collector"], "/health")):
                urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
        except OSError:
            return False
        return True


def is_alive(process: psutil.Process) -> bool:
    """It may go between two looks at it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="onefold-up-") as folder:
        Path(folder).chmod(0o755)
        one = Running(Path(folder) / "data")
        yield one
        one.process.send_signal(signal.SIGINT)
        one.process.wait(60)


@pytest.mark.parametrize("name", CHILDREN)
def test_killed_child_is_started_again(running: Running, name: str) -> None:
    before = wait_until(lambda: running.child(name))
    before.kill()
    after = wait_until(lambda: (child := running.child(name)) and child.pid != before.pid and child)
    wait_until(running.answers)
    died = [line for line in running.messages("process_died") if line["process"] == name]
    assert [line["signal"] for line in died] == ["SIGKILL"]

    def is_recorded() -> bool:
        with connect(running.url(), "tests", autocommit=True) as connection:
            query = "select pid, restarts from process_status where name = %s and beat_at > 'epoch'"
            row = connection.execute(query, [name]).fetchone()
            return row is not None and row[0] == after.pid and row[1] >= 1

    wait_until(is_recorded)


def test_killed_postgres_is_started_again_at_the_same_address(running: Running) -> None:
    url = running.url()
    with connect(url, "tests", autocommit=True) as connection:
        connection.execute("create table if not exists kept as select 42 as n")
    wait_until(running.answers)
    before = wait_until(lambda: running.child("postgres"))
    others = {name: running.child(name) for name in CHILDREN}
    before.kill()

    def is_back() -> bool:
        try:
            with connect(url, "tests") as connection:
                return connection.execute("select n from kept").fetchone() == (42,)
        except Unavailable:
            return False

    wait_until(is_back)
    wait_until(running.answers)
    assert {name: running.child(name) for name in CHILDREN} == others  # they waited for it
    with connect(url, "tests", autocommit=True) as connection:
        wait_until(lambda: connection.execute("select restarts from process_status where name = 'postgres'").fetchone())


def test_interrupt_stops_everything_and_it_starts_again(data_dir: Path) -> None:
    one = Running(data_dir)
    children = one.processes()
    one.process.send_signal(signal.SIGINT)
    assert one.process.wait(60) == 0
    assert [child for child in children if child.is_running()] == []
    assert not (data_dir / "postgres" / "data" / "postmaster.pid").exists()  # it ended in order
    assert one.log.read_text().splitlines()[-1] == "Stopped."
    assert "Stopping: SIGINT." in one.log.read_text().splitlines()
    said = subprocess.run([COMMAND, "doctor"], env=one.environ, capture_output=True, text=True, timeout=60, check=False)
    for name in CHILDREN:
        assert f"WRONG The {name} is not running. Start it with `onefold up`." in said.stdout
    one.start()
    children = one.processes()
    one.process.kill()  # and now without any order
    one.process.wait()
    wait_until(lambda: not any(is_alive(child) for child in children))


def test_a_second_one_on_the_same_folder_is_refused(running: Running) -> None:
    environ = running.environ | {"ONEFOLD_COLLECTOR_PORT": str(free_port()), "ONEFOLD_WEB_PORT": str(free_port())}
    second = subprocess.run([COMMAND, "up"], env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert f"Another Onefold runs the PostgreSQL of {running.data_dir}" in second.stderr
    assert "Traceback" not in second.stderr
    assert running.answers()


def test_a_new_one_waits_for_the_children_of_one_that_was_killed(data_dir: Path) -> None:
    one = Running(data_dir)
    orphans = one.processes()
    one.process.kill()
    one.process.wait()
    one.start()
    try:
        assert one.answers()
        assert not any(is_alive(orphan) for orphan in orphans)
    finally:
        one.process.send_signal(signal.SIGINT)
        one.process.wait(60)


def test_taken_port_is_told_before_anything_starts(data_dir: Path) -> None:
    with closing(socket.socket()) as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        environ = {"ONEFOLD_DATA_DIR": str(data_dir), "ONEFOLD_COLLECTOR_PORT": str(port)}
        with pytest.raises(PortTaken, match="ONEFOLD_COLLECTOR_PORT"):
            up(load_settings(environ), lambda _: None, lambda _: None)
    assert not data_dir.exists()


class Fragile:
    """A child that dies when told, and starts or not."""

    def __init__(self) -> None:
        self.is_up = True
        self.starts = 0
        self.faults = 0

    def start(self) -> int:
        if self.faults:
            self.faults -= 1
            raise Unavailable("not now")
        self.starts += 1
        return 100 + self.starts

    def is_alive(self) -> bool:
        return self.is_up


def test_a_death_is_told_by_signal_or_exit_code() -> None:
    assert how_it_ended(-signal.SIGTERM) == {"signal": "SIGTERM"}
    assert how_it_ended(-40) == {"signal": 40}  # a real-time signal
    assert how_it_ended(3) == {"exit_code": 3}
    assert how_it_ended(None) == {}


def test_pauses_double_up_to_half_a_minute() -> None:
    fragile = Fragile()
    child = Child("web", fragile.start, fragile.is_alive, started_at=0.0)
    fragile.is_up = False
    now, pauses = 1.0, []
    for _ in range(10):
        child.tend(now)
        assert child.due_at is not None
        pauses.append(round(child.due_at - now, 3))
        now = child.due_at
        child.tend(now)
        child.started_at = now
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]
    assert (fragile.starts, child.unrecorded) == (10, 10)


def test_a_minute_of_health_starts_the_count_anew() -> None:
    fragile = Fragile()
    child = Child("web", fragile.start, fragile.is_alive, pause_s=12.8, started_at=0.0)
    fragile.is_up = False
    child.tend(61.0)
    assert child.due_at == pytest.approx(61.2)


def test_a_start_that_fails_is_tried_again() -> None:
    fragile = Fragile()
    fragile.is_up, fragile.faults = False, 2
    child = Child("postgres", fragile.start, fragile.is_alive, started_at=time.monotonic())
    for _ in range(4):
        child.tend(child.due_at or time.monotonic())
    assert (fragile.starts, child.due_at, child.unrecorded) == (1, None, 1)
