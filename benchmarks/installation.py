"""What is measured: Onefold on an embedded PostgreSQL with its default settings, in a folder that is then removed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.config import load_settings
from onefold.events.api import NewSource, create_key, create_source, has_unread
from onefold.infra import embedded
from onefold.infra.postgres import connect
from onefold.infra.processes import spawn
from onefold.programs.migrate import migrate

STARTED_WITHIN_S: Final = 60.0
STOPPED_WITHIN_S: Final = 60.0
SHOP: Final = "shop"
NO_LIMIT: Final = 1_000_000_000  # events/s; what is measured is how fast it can


@dataclass(frozen=True)
class Running:
    """Onefold, or only its database. `root` is the process that all others descend from."""

    url: str
    root: int
    collector_port: int
    web_port: int

    def connect(self) -> Connection[Any]:
        """In autocommit mode."""
        return connect(self.url, "benchmarks", autocommit=True)

    def read_all(self, timeout_s: float) -> None:
        """Returns when the processor has read the whole log."""
        with self.connect() as conn:
            wait_until(lambda: not has_unread(conn), timeout_s, "The log was not read")


@contextmanager
def folder(parent: Path | None) -> Iterator[Path]:
    """A new folder that PostgreSQL's user may pass through."""
    made = Path(tempfile.mkdtemp(prefix="onefold-bench-", dir=parent))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def database(data_dir: Path) -> Iterator[str]:
    """Address of a migrated database with the source `shop` (id 2); no process of Onefold runs."""
    server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(data_dir)}))
    try:
        migrate(load_settings({"DATABASE_URL": server.url, "ONEFOLD_DATA_DIR": str(data_dir)}))
        with connect(server.url, "benchmarks", autocommit=True) as conn:
            _ensure_source(conn)
        yield server.url
    finally:
        server.stop()


@contextmanager
def copied(url: str, name: str) -> Iterator[str]:
    """Address of a copy of a database beside it, to which nobody may be connected meanwhile; then it is removed."""
    place, _, database = url.rpartition("/")
    with connect(f"{place}/postgres", "benchmarks", autocommit=True) as conn:
        conn.execute(
            SQL("create database {} template {} strategy file_copy").format(*map(Identifier, (name, database)))
        )
        try:
            yield f"{place}/{name}"
        finally:
            conn.execute(SQL("drop database {} with (force)").format(Identifier(name)))


@contextmanager
def up(data_dir: Path, url: str = "") -> Iterator[Running]:
    """`onefold up` on the data of `data_dir`, all settings as they come but for free ports. `url`: of another database
    than the embedded one."""
    collector_port, web_port = free_port(), free_port()
    environ = environment(
        ONEFOLD_DATA_DIR=str(data_dir),
        ONEFOLD_COLLECTOR_PORT=str(collector_port),
        ONEFOLD_WEB_PORT=str(web_port),
        ONEFOLD_LOG_FORMAT="json",
        **({"DATABASE_URL": url} if url else {}),
    )
    output = data_dir.parent / f"{data_dir.name}.log"
    with started([sys.executable, "-m", "onefold.programs.cli", "up"], environ, output) as process:
        wait_until(lambda: b"Onefold is running" in output.read_bytes(), STARTED_WITHIN_S, "onefold up did not begin")
        url = url or embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(data_dir)})).url
        yield Running(url, process.pid, collector_port, web_port)


@contextmanager
def started(command: list[str], environ: dict[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block, and with us however we end."""
    with output.open("ab") as file:
        process = spawn(command, death_signal=signal.SIGTERM, environ=environ, output=file)
    try:
        yield process
    except BaseException:
        if process.poll() is not None:
            print(output.read_text(errors="replace")[-2000:], file=sys.stderr)
        raise
    finally:
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def new_key(conn: Connection[Any]) -> str:
    """A secret key of the shop that may write and read."""
    return create_key(conn, SHOP, kind="secret", scopes=("write", "read"), acting_user="benchmarks").text


def environment(**settings: str) -> dict[str, str]:
    """Our own, without anybody's settings of Onefold, and with these."""
    inherited = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("ONEFOLD_")}
    return inherited | settings


def wait_until(is_true: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
    """Asks 20 times a second. Raises TimeoutError that begins with `otherwise`."""
    deadline = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise} within {timeout_s:.0f} s.")
        time.sleep(0.05)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _ensure_source(conn: Connection[Any]) -> None:
    if conn.execute("select from source where slug = %s", [SHOP]).fetchone() is None:
        create_source(
            conn,
            NewSource(slug=SHOP, name="Shop", kind="server", rate_limit=NO_LIMIT),
            acting_user="benchmarks",
        )
