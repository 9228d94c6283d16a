"""The embedded PostgreSQL: one server in the data folder, owned by one process, shared by all others."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from onefold.config import Settings, use_database
from onefold.infra import cluster
from onefold.infra.binaries import Binaries, find_binaries
from onefold.infra.home import Home, find_home
from onefold.infra.logs import get_logger
from onefold.infra.processes import is_running, spawn
from onefold.kernel.errors import Unavailable

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 60.0
MAX_OUTPUT_BYTES: Final = 10_000_000
DATABASE: Final = "onefold"
ROLE: Final = "onefold"

# For a small machine: everything of Onefold together stays under 700 MB and, idle, under 2 % of a core.
TUNING: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may have 107 bytes; data folders can have longer ones
    "shared_buffers": "144MB",
    "max_connections": "50",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "autovacuum_work_mem": "16MB",  # holds the places of millions of dead rows
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "1",
    "max_wal_size": "2GB",
    "wal_compression": "off",  # pglz (the build has no lz4) cost a seventh of the processor's throughput
    "checkpoint_timeout": "15min",
    "max_logical_replication_workers": "0",  # a process that nobody needs
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
}
TUNING_SINCE_18: Final[Mapping[str, str]] = {"io_method": "sync"}  # three processes fewer

log = get_logger(__name__)


class RunningServer:
    """A server that accepts connections; made by `start`."""

    def __init__(self, home: Home, binaries: Binaries, options: Mapping[str, str], lock: int | None) -> None:
        self.home = home
        self.binaries = binaries
        self._options = options
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_owner(self) -> bool:
        """Whether this process started the server, which then ends with it."""
        return self._lock is not None

    @property
    def output(self) -> str:
        """Path of what the server says."""
        return str(self.home.output)

    @property
    def url(self) -> str:
        """Address with the password; the same for the life of the data folder unless its port gets taken."""
        return f"postgresql://{ROLE}:{self.home.password()}@127.0.0.1:{self.home.port()}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster; None while there is none."""
        found = cluster.read_pid_file(self.home.cluster)
        return found.pid if found and is_running(found.pid) else None

    def is_alive(self) -> bool:
        """Whether the postmaster runs."""
        return self._process.poll() is None if self._process else self.pid is not None

    @property
    def exit_status(self) -> int | None:
        """How our postmaster ended, as `Popen.returncode`; None while it runs, or when another started it."""
        return self._process.poll() if self._process else None

    def revive(self) -> None:
        """Starts the owner's postmaster again after it died, on the same port. Raises Unavailable."""
        _end_orphan(self.home)
        self._process = _launch(self.home, self.binaries, self._options)
        _await_ready(self.home, self._process)

    def stop(self) -> None:
        """Ends the server in order, if it is ours; safe to repeat."""
        if self._lock is None:
            return
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": ends sessions, writes a checkpoint
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait()
        os.close(self._lock)
        self._lock = None


def start(settings: Settings, options: Mapping[str, str] | None = None) -> RunningServer:
    """Starts the server of the data folder (3 s the first time, .3 s after) or attaches to the one that runs.

    The first process to come owns it and takes it along when it ends, however it ends; `options` are server
    settings on top of TUNING and count for the owner only. Call it from the main thread.
    Raises Rejected (what to change) or Unavailable.
    """
    home = find_home(settings.database.data_dir)
    binaries = find_binaries(home.account)
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if (lock := _try_lock(home)) is not None:
            return _own(RunningServer(home, binaries, options or {}, lock))
        found = cluster.read_pid_file(home.cluster)
        attached = RunningServer(home, binaries, {}, None)
        if found and found.is_ready and cluster.is_server(found) and _answers(attached.url):
            return attached
        time.sleep(0.05)
    raise Unavailable(
        f"Another process holds {home.lock}, but its PostgreSQL has not answered for {START_TIMEOUT_S} s."
    )


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """Settings whose `database.url` is set: the given one, or that of the embedded server, stopped at the end."""
    if settings.database.url is not None:
        yield settings
        return
    server = start(settings)
    try:
        yield use_database(server.url)
    finally:
        server.stop()


def _own(server: RunningServer) -> RunningServer:
    try:
        cluster.ensure_cluster(server.home, server.binaries, ROLE)
        _end_orphan(server.home)
        if not server.home.is_port_free():
            server.home.forget_port()
        server.revive()
        _create_database(server.home)
    except BaseException:
        server.stop()
        raise
    return server


def _try_lock(home: Home) -> int | None:
    """A descriptor that holds the folder's lock; None while another process does. Freed by its death."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _end_orphan(home: Home) -> None:
    """Ends a server that outlived its owner (it may be on its way already), and clears what it left."""
    found = cluster.read_pid_file(home.cluster)
    for stop_signal in (signal.SIGINT, signal.SIGQUIT):
        if found is None or not cluster.is_server(found):
            break
        with suppress(ProcessLookupError):
            os.kill(found.pid, stop_signal)
        deadline = time.monotonic() + STOP_TIMEOUT_S / 2
        while cluster.is_server(found) and time.monotonic() < deadline:
            time.sleep(0.02)
    cluster.clear_stale(home.cluster, STOP_TIMEOUT_S / 2)


def _launch(home: Home, binaries: Binaries, options: Mapping[str, str]) -> subprocess.Popen[bytes]:
    if home.output.exists() and home.output.stat().st_size > MAX_OUTPUT_BYTES:
        home.output.replace(home.output.with_suffix(".log.1"))
    settings = {**TUNING, **(TUNING_SINCE_18 if binaries.major >= 18 else {}), **options, "port": str(home.port())}
    command = [str(binaries.folder / "postgres"), "-D", str(home.cluster)]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with home.output.open("ab") as output:
        # our own environment holds secrets that the other user need not see
        return spawn(
            command,
            death_signal=signal.SIGINT,
            account=home.account,
            environ={"LC_ALL": "C", "TZ": "UTC"},
            output=output,
        )


def _await_ready(home: Home, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        found = cluster.read_pid_file(home.cluster)
        if found and found.pid == process.pid and found.is_ready:
            return
        if process.poll() is not None:
            break
        time.sleep(0.01)
    last_words = "\n".join(home.output.read_text(errors="replace").splitlines()[-5:])
    raise Unavailable(f"The embedded PostgreSQL did not start. Its last words, from {home.output}:\n{last_words}")


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(home: Home) -> None:
    url = f"postgresql://{ROLE}:{home.password()}@127.0.0.1:{home.port()}/postgres"
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(f"create database {DATABASE}")
