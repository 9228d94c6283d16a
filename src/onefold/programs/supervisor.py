"""`onefold up`: starts PostgreSQL and all processes, starts again what dies, and stops them in order."""

import errno
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

import psycopg

from onefold.config import Settings, child_environment, reachable, use_database, variable_of
from onefold.infra import embedded
from onefold.infra.heartbeat import forget_restarts, pids_here, record_restart
from onefold.infra.logs import get_logger
from onefold.infra.processes import is_running, program_of, spawn
from onefold.kernel.errors import Broken, OnefoldError, Rejected, Unavailable
from onefold.programs.migrate import migrate, set_up_django

# In the order of stopping: no more events come in, what has come is processed, the database goes last.
STAGES: Final = (("collector",), ("web", "processor", "worker"))
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 30.0
HEALTHY_AFTER_S: Final = 60.0
STOP_TIMEOUT_S: Final = 15.0
READY_TIMEOUT_S: Final = 60.0
EARLIER_ENDS_WITHIN_S: Final = 8.0
"""An earlier `onefold up` that was killed leaves children, which end by themselves."""
WITHOUT_PORT: Final = ("processor", "worker")
LOOK_EVERY_S: Final = 5.0  # for what no signal tells: a dead postmaster's restart that failed, restarts to record

log = get_logger(__name__)


class PortTaken(Rejected):
    """A port that a process shall listen on is in use."""

    code = "port_taken"


class AlreadyRunning(Rejected):
    """Another process runs the PostgreSQL of this data folder."""

    code = "already_running"


@dataclass
class Child:
    """One supervised process and when to start it again."""

    name: str
    start: Callable[[], int]  # starts it and gives its pid; raises OnefoldError or OSError
    is_alive: Callable[[], bool]
    status: Callable[[], int | None] = lambda: None  # once dead, as Popen.returncode: a signal is negative
    pause_s: float = FIRST_PAUSE_S
    started_at: float = 0.0  # monotonic
    due_at: float | None = None  # monotonic; None while it runs
    pid: int = 0
    unrecorded: int = field(default=0)  # restarts not yet written to process_status

    def tend(self, now: float) -> None:
        """Notices its death, and starts it when its pause is over."""
        if self.due_at is None:
            if self.is_alive():
                return
            if now - self.started_at > HEALTHY_AFTER_S:
                self.pause_s = FIRST_PAUSE_S
            self.due_at = now + self.pause_s
            how = how_it_ended(self.status())
            log.warning("process_died", process=self.name, pid=self.pid, **how, restart_in_s=self.pause_s)
            self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)
        if now >= self.due_at:
            self._restart()

    def begin(self) -> None:
        """The first start."""
        self.pid = self.start()
        self.started_at = time.monotonic()

    def _restart(self) -> None:
        try:
            self.begin()
        except (OnefoldError, OSError) as fault:
            log.error("process_start_failed", process=self.name, fault=str(fault), restart_in_s=self.pause_s)
            self.due_at = time.monotonic() + self.pause_s
            self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)
            return
        self.due_at = None
        self.unrecorded += 1
        log.info("process_restarted", process=self.name, pid=self.pid)


class Supervisor:
    """All children of one `onefold up`."""

    def __init__(self, settings: Settings, server: embedded.RunningServer | None, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stops = 0
        self._stopped_by = 0
        self._children = [_postgres(server)] if server and server.is_owner else []
        self._children += [
            Child(name, partial(self._spawn, name), partial(self._is_alive, name), partial(self._status, name))
            for stage in STAGES
            for name in stage
        ]

    def run(self, when_ready: Callable[[], None]) -> None:
        """Starts all, calls `when_ready` (in a thread) once the ports answer, and returns after SIGINT or SIGTERM."""
        with _signals(self._on_signal) as wait:
            try:
                if url := self._settings.database.url:
                    forget_restarts(url.reveal(), [child.name for child in self._children])
                    self._await_earlier(url.reveal(), wait)
                for child in self._children:
                    if child.name != "postgres" and not self._stops:
                        child.begin()
                threading.Thread(target=self._announce, args=(when_ready,), daemon=True).start()
                while not self._stops:
                    wait(self._next_look())
                    now = time.monotonic()
                    for child in self._children:
                        child.tend(now)
                    self._record_restarts()
                _tell(self._say, f"Stopping: {signal.Signals(self._stopped_by).name}.")
            finally:
                self._stop(wait)

    def _spawn(self, name: str) -> int:
        command = [sys.executable, "-m", "onefold.programs.cli", "run", name]
        process = spawn(command, death_signal=signal.SIGTERM, environ=child_environment(self._settings))
        self._processes[name] = process
        return process.pid

    def _is_alive(self, name: str) -> bool:
        return self._processes[name].poll() is None

    def _status(self, name: str) -> int | None:
        return self._processes[name].poll()

    def _await_earlier(self, url: str, wait: Callable[[float], None]) -> None:
        """Children of an `onefold up` that was killed: those without a port may still be at their last batch or job.

        They are safe beside ours, so one that doesn't end, or another program that got its pid, holds nobody up for
        long. On a server of somebody else's they may be of another `onefold up` that lives.
        """
        if not any(child.name == "postgres" for child in self._children):
            return
        interpreter = Path(sys.executable).name[:15]  # as much as Linux keeps of a program's name
        earlier = [
            pid for pid in pids_here(url, WITHOUT_PORT) if is_running(pid) and program_of(pid) in (None, interpreter)
        ]
        if earlier:
            log.warning("earlier_processes_waiting", pids=earlier, up_to_s=EARLIER_ENDS_WITHIN_S)
        deadline = time.monotonic() + EARLIER_ENDS_WITHIN_S
        while not self._stops and any(is_running(pid) for pid in earlier) and time.monotonic() < deadline:
            wait(0.1)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._stops += 1
            self._stopped_by = number

    def _next_look(self) -> float:
        """Seconds until something is due."""
        now = time.monotonic()
        return min([max(child.due_at - now, 0.0) for child in self._children if child.due_at], default=LOOK_EVERY_S)

    def _announce(self, when_ready: Callable[[], None]) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        waiting = dict(_ports(self._settings))
        while waiting and not self._stops and time.monotonic() < deadline:
            waiting = {name: at for name, at in waiting.items() if not _answers(*at)}
            time.sleep(0.05)
        if self._stops:
            return
        if waiting:
            log.error("processes_not_ready", processes=sorted(waiting), after_s=READY_TIMEOUT_S)
        else:
            when_ready()

    def _record_restarts(self) -> None:
        url = self._settings.database.url
        for child in self._children:
            if child.unrecorded and url:
                try:
                    record_restart(url.reveal(), child.name, child.pid, child.unrecorded)
                except (Unavailable, psycopg.Error):
                    return  # at the next look
                child.unrecorded = 0

    def _stop(self, wait: Callable[[float], None]) -> None:
        """Each stage has 15 s to end by itself; a second Ctrl-C ends the patience."""
        asked = self._stops
        for stage in STAGES:
            running = [process for name in stage if (process := self._processes.get(name))]
            for process in running:
                process.terminate()
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while any(process.poll() is None for process in running):
                if time.monotonic() > deadline or self._stops > max(asked, 1):
                    for process in running:
                        process.kill()
                wait(0.1)
        log.info("processes_stopped")


def up(settings: Settings, when_ready: Callable[[Settings], None], say: Callable[[str], None]) -> None:
    """Runs everything until SIGINT or SIGTERM; `when_ready` is called, in a thread, once the ports answer.

    `say` gets what a person at the terminal is told of the stop, whatever the level of the log.
    Call it from the main thread. Raises Rejected or Unavailable when it can't begin.
    """
    deadline = time.monotonic() + EARLIER_ENDS_WITHIN_S
    for name, (host, port) in _ports(settings).items():
        _demand_free(name, host, port, deadline)
    server = None if settings.database.url else _own_server(settings, deadline)
    try:
        running = use_database(server.url) if server else settings
        migrate(running)
        Supervisor(running, server, say).run(lambda: when_ready(running))
    finally:
        if server:
            server.stop()
    _tell(say, "Stopped.")


def _own_server(settings: Settings, deadline: float) -> embedded.RunningServer:
    """The folder's server, which ends with us. Another's would leave all our processes without a database one day."""
    while True:
        server = embedded.start(settings)
        if server.is_owner:
            return server
        if time.monotonic() > deadline:
            raise AlreadyRunning(
                f"Another Onefold runs the PostgreSQL of {server.home.folder}. Use that one, or end it first; "
                "a second one needs a folder of its own (ONEFOLD_DATA_DIR) or a server that both use (DATABASE_URL)."
            )
        time.sleep(0.2)


def greeting(settings: Settings) -> str:
    """What a person is told when everything answers; with nobody to sign in, where the first administrator is made."""
    set_up_django(settings)
    from django.db import connections

    from onefold.accounts.api import new_setup_code

    code = new_setup_code()
    connections.close_all()  # this thread asks no more
    first = f"\n  first, set up http://{settings.web.host}:{settings.web.port}/setup/{code}" if code else ""
    return (
        "Onefold is running. Ctrl-C stops it.\n"
        f"  pages         http://{settings.web.host}:{settings.web.port}/\n"
        f"  tracking API  http://{settings.collector.host}:{settings.collector.port}/v1/batch{first}"
    )


def _postgres(server: embedded.RunningServer) -> Child:
    """The server is running already; its restart must not wait long, because everything else waits for it."""

    def start() -> int:
        server.revive()
        if (pid := server.pid) is None:
            raise Unavailable("The embedded PostgreSQL ended right after its start.")
        return pid

    def status() -> int | None:
        return server.exit_status

    return Child("postgres", start, server.is_alive, status, started_at=time.monotonic(), pid=server.pid or 0)


def _tell(say: Callable[[str], None], text: str) -> None:
    with suppress(OSError):  # the terminal may be what went away
        say(text)


def how_it_ended(status: int | None) -> dict[str, str | int]:
    """For the log: the signal's name or the exit code, as far as it is known."""
    if status is None:
        return {}
    if status >= 0:
        return {"exit_code": status}
    try:
        return {"signal": signal.Signals(-status).name}
    except ValueError:  # a real-time signal has no name
        return {"signal": -status}


def _ports(settings: Settings) -> dict[str, tuple[str, int]]:
    return {
        "collector": (settings.collector.host, settings.collector.port),
        "web": (settings.web.host, settings.web.port),
    }


def _demand_free(name: str, host: str, port: int, deadline: float) -> None:
    has_said = False
    while (fault := _binding_fault(host, port)) is not None:
        if fault.errno != errno.EADDRINUSE or time.monotonic() > deadline:
            variable = variable_of(name, "port")
            raise PortTaken(
                f"The {name} can't listen on {host}:{port} ({fault.strerror}). "
                f"Is another Onefold running? Otherwise set {variable} to a free port."
            ) from fault
        if not has_said:
            log.warning("port_taken_waiting", process=name, port=port, up_to_s=EARLIER_ENDS_WITHIN_S)
            has_said = True
        time.sleep(0.2)


def _binding_fault(host: str, port: int) -> OSError | None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            return fault
    return None


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((reachable(host), port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[Callable[[float], None]]:
    """Gives a `wait(seconds)` that returns early at SIGINT, SIGTERM, SIGHUP and SIGCHLD."""
    if threading.current_thread() is not threading.main_thread():
        raise Broken("The supervisor must run in the main thread.")
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    reader.setblocking(False)
    before = {number: signal.signal(number, handler) for number in numbers}
    wakeup_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def wait(seconds: float) -> None:
        if select.select([reader], [], [], seconds)[0]:
            reader.recv(4096)

    try:
        yield wait
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, old in before.items():
            signal.signal(number, old)
        reader.close()
        writer.close()
