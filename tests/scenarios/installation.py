"""One running installation: `onefold up` on an embedded PostgreSQL of its own, in a short-lived folder."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import psutil
from psycopg import Connection

from onefold.config import load_settings
from onefold.events.api import NewSource, create_key, create_source, has_unread
from onefold.infra import embedded
from onefold.infra.postgres import connect
from onefold.kernel.errors import OnefoldError
from tests.waiting import wait_until

COMMAND: Final = str(Path(sys.executable).with_name("onefold"))
START_TIMEOUT_S: Final = 60.0
ORPHANS_END_S: Final = 30.0
PORTS: Final = range(20_000, 32_000)  # no outgoing connection takes one of these while its owner is dead
Found = TypeVar("Found")


@dataclass(frozen=True)
class Origin:
    """A source of an installation, and the key that writes to it."""

    id: int
    slug: str
    key: str


class Installation:
    """Starts stopped. Everything it starts ends with `stop`."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = folder / "data"
        self.log = folder / "up.log"
        ports = {
            name: str(lasting_port()) for name in ("ONEFOLD_COLLECTOR_PORT", "ONEFOLD_WEB_PORT", "ONEFOLD_DEMO_PORT")
        }
        inherited = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("ONEFOLD_")}
        self.environ = inherited | ports | {"ONEFOLD_DATA_DIR": str(self.data_dir), "ONEFOLD_LOG_FORMAT": "json"}
        self.environ |= settings or {}
        self.collector = f"http://127.0.0.1:{ports['ONEFOLD_COLLECTOR_PORT']}"
        self.web = f"http://127.0.0.1:{ports['ONEFOLD_WEB_PORT']}"
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._api_key = ""

    def start(self) -> None:
        """Returns when everything answers."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([COMMAND, "up"], env=self.environ, stdout=log, stderr=log)

        def is_up() -> bool:
            said = self.log.read_bytes()[offset:].decode(errors="replace")
            assert self.supervisor.poll() is None, said
            return "Onefold is running" in said

        wait_until(is_up, START_TIMEOUT_S, "onefold up")
        if not self.url:
            self.url = self._find_url()

    def stop(self) -> None:
        """Ctrl-C; safe to repeat."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)

    def revive(self) -> None:
        """Starts the killed supervisor again, as soon as what it left has ended and the ports are free."""
        self.supervisor.wait(10)
        deadline = time.monotonic() + ORPHANS_END_S
        while True:
            try:
                return self.start()
            except AssertionError as fault:
                if "can't listen" not in str(fault) or time.monotonic() > deadline:
                    raise
                time.sleep(0.3)

    @property
    def supervisor(self) -> subprocess.Popen[bytes]:
        """The process `onefold up`."""
        assert self._process is not None
        return self._process

    def find(self, name: str) -> psutil.Process | None:
        """The supervised process of that name, or the postmaster; None while there is none."""
        with suppress(psutil.Error):
            for process in psutil.Process(self.supervisor.pid).children():
                with suppress(psutil.Error):
                    line = process.cmdline()
                    if line[-2:] == ["run", name] or (name == "postgres" and line and line[0].endswith("/postgres")):
                        return process
        return None

    def backends(self) -> list[psutil.Process]:
        """PostgreSQL's sessions, not its upkeep."""
        found = []
        with suppress(psutil.Error):
            postmaster = self.find("postgres")
            for process in postmaster.children() if postmaster else ():
                with suppress(psutil.Error):
                    if "127.0.0.1(" in " ".join(process.cmdline()):
                        found.append(process)
        return found

    def run(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Another command of Onefold, on the same data folder."""
        command = [COMMAND, *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=timeout_s, check=False)

    def demand_clean_rebuild(self) -> None:
        """`onefold rebuild --check` finds nothing."""
        done = self.run("rebuild", "--check", timeout_s=600)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Everything stored is what the accepted events say." in done.stdout

    @contextmanager
    def connection(self) -> Iterator[Connection[Any]]:
        """In autocommit mode."""
        with connect(self.url, "tests", autocommit=True) as conn:
            yield conn

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of one statement."""
        with self.connection() as conn:
            return conn.execute(statement.encode(), parameters).fetchall()

    def value(self, statement: str, *parameters: object) -> Any:
        """The first column of the only row."""
        ((found, *_),) = self.query(statement, *parameters)
        return found

    def new_source(
        self,
        slug: str,
        *,
        kind: str = "server",
        key_kind: str = "secret",
        scopes: Iterable[str] = ("write",),
        **more: Any,
    ) -> Origin:
        """A source with one key; `more` as in NewSource."""
        with self.connection() as conn:
            source = create_source(
                conn, NewSource(**{"slug": slug, "name": slug, "kind": "server"} | more), acting_user="tests"
            )
            key = create_key(conn, slug, kind=key_kind, scopes=scopes, acting_user="tests")
        return Origin(source.id, slug, key.text)

    def send(self, origin: Origin, events: list[dict[str, Any]], path: str = "/v1/batch") -> None:
        """Events in one request, which must be accepted without a fault."""
        assert self.post(origin, {"batch": events}, path)["ok"]

    def post(self, origin: Origin, body: dict[str, Any], path: str = "/v1/batch") -> dict[str, Any]:
        """What the collector answers to one request, which it must take; events in it may be refused."""
        answer = httpx.post(self.collector + path, json=body, auth=(origin.key, ""), timeout=30)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def api(self, path: str, **parameters: str) -> Any:
        """What GET on the REST API answers, which must be 200."""
        answer = self.ask("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request to the REST API, with a key that may do everything."""
        if not self._api_key:  # not before: a new installation has no source
            self._api_key = self.new_source("steward", scopes=("write", "read", "admin")).key
        headers = {"authorization": f"Bearer {self._api_key}"}
        return httpx.request(method, f"{self.web}/api{path}", headers=headers, timeout=30, **more)

    def settle(self, timeout_s: float = 60) -> None:
        """Returns when the processor has read the whole log: what it logs itself, too."""

        def is_read() -> bool:
            with suppress(OnefoldError), self.connection() as conn:
                return not has_unread(conn)
            return False

        wait_until(is_read, timeout_s, "an empty log")

    def counts(self, origin: Origin, outcome: str) -> int:
        """How many events of a source ended so."""
        statement = "select coalesce(sum(n), 0)::int from source_count where source_id = %s and outcome = %s"
        return int(self.value(statement, origin.id, outcome))

    def messages(self, event: str) -> list[dict[str, Any]]:
        """What the programs logged under a name."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    def _find_url(self) -> str:
        server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(self.data_dir)}))
        assert not server.is_owner
        return server.url


def lasting_port() -> int:
    """A free port that stays free."""
    while True:
        port = secrets.choice(PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextmanager
def installed(settings: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """A running installation, and nothing of it left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="onefold-scenario-"))
    folder.chmod(0o755)
    installation = Installation(folder, settings)
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()
        shutil.rmtree(folder)
