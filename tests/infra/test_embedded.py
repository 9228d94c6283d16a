"""The embedded PostgreSQL survives what happens to processes."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from onefold.config import load_settings
from onefold.infra import cluster, embedded
from onefold.infra.postgres import connect
from onefold.infra.processes import is_running
from onefold.kernel.errors import Unavailable
from tests.waiting import wait_until

ROOT: Final = Path(__file__).parents[2]
SLEEP: Final = shutil.which("sleep") or "sleep"
SMALL: Final = {"shared_buffers": "16MB"}
is_root = os.geteuid() == 0
as_root = pytest.mark.skipif(not is_root, reason="needs root, to become another user")


class Owner:
    """A process that runs `tests.infra.owner`."""

    def __init__(self, data_dir: Path, account: str | None = None, python: str = sys.executable) -> None:
        entry = pwd.getpwnam(account) if account else None
        self.process = subprocess.Popen(
            [python, "-m", "tests.infra.owner", str(data_dir)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            user=entry.pw_uid if entry else None,
            group=entry.pw_gid if entry else None,
            extra_groups=[] if entry else None,
        )
        assert self.process.stdout
        assert self.process.stderr
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read().decode()
        self.told: dict[str, Any] = json.loads(line)

    @property
    def url(self) -> str:
        return str(self.told["url"])

    @property
    def pid(self) -> int:
        return int(self.told["pid"])

    def kill(self) -> None:
        self.process.kill()
        self._reap()

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self._reap()

    def _reap(self) -> None:
        self.process.wait(60)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


@pytest.fixture
def owner(data_dir: Path) -> Iterator[Callable[..., Owner]]:
    """Starts owners; those still running at the end are ended."""
    owners: list[Owner] = []

    def start(*arguments: str) -> Owner:
        owners.append(Owner(data_dir, *arguments))
        return owners[-1]

    yield start
    for one in owners:
        if one.process.poll() is None:
            one.end()


def ask(url: str, query: str) -> Any:
    """The first value of the first row."""
    with connect(url, "tests", autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()[0][0]


def test_starts_and_stops_and_keeps_its_data_and_address(data_dir: Path) -> None:
    settings = load_settings({"ONEFOLD_DATA_DIR": str(data_dir)})
    first = embedded.start(settings, SMALL)
    with connect(first.url, "tests", autocommit=True) as connection:
        connection.execute("create table kept as select 42 as n")
    pid = first.pid
    first.stop()
    first.stop()  # safe to repeat
    assert pid is not None
    assert not is_running(pid)
    second = embedded.start(settings, SMALL)
    try:
        assert second.url == first.url
        assert ask(second.url, "select n from kept") == 42
    finally:
        second.stop()


def test_commits_are_durable_and_the_locale_is_the_builtin_one(owner: Callable[..., Owner]) -> None:
    url = owner().url
    assert [ask(url, f"show {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")] == ["on"] * 3
    assert ask(url, "select datlocprovider::text || datlocale from pg_database where datname = 'onefold'") == "bC.UTF-8"
    assert ask(url, "select lower('ÄÖÜ')") == "äöü"


def test_second_process_attaches_and_leaves_the_server_running(owner: Callable[..., Owner]) -> None:
    first = owner()
    second = owner()
    assert (first.told["is_owner"], second.told["is_owner"]) == (True, False)
    assert second.told["pid"] == first.told["pid"]
    second.end()
    assert ask(first.url, "select 1") == 1


def test_ten_at_once_start_one_server(data_dir: Path) -> None:
    command = [sys.executable, "-m", "tests.infra.owner", str(data_dir)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(10)]  # type: ignore[call-overload] # by keywords
    told = [json.loads(process.stdout.readline()) for process in processes]
    assert len({one["pid"] for one in told}) == 1
    assert sum(one["is_owner"] for one in told) == 1
    for process in processes:
        process.communicate()


def test_killed_parent_takes_the_server_along(owner: Callable[..., Owner]) -> None:
    first = owner()
    first.kill()
    wait_until(lambda: not is_running(first.pid))


def test_next_start_after_a_killed_parent_waits_for_the_old_server(owner: Callable[..., Owner]) -> None:
    first = owner()
    with connect(first.url, "tests", autocommit=True) as connection:
        connection.execute("create table kept as select 42 as n")
    first.kill()
    second = owner()
    assert second.told["is_owner"]
    assert second.pid != first.pid
    assert ask(second.url, "select n from kept") == 42


def test_killed_parent_and_postmaster_leave_nothing_that_stops_the_next(owner: Callable[..., Owner]) -> None:
    first = owner()
    with connect(first.url, "tests", autocommit=True) as connection:
        connection.execute("create table kept as select 42 as n")
    os.kill(first.pid, signal.SIGKILL)
    first.kill()
    second = owner()
    assert ask(second.url, "select n from kept") == 42


def test_owner_revives_a_killed_postmaster_at_the_same_address(data_dir: Path) -> None:
    server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(data_dir)}), SMALL)
    try:
        url, pid = server.url, server.pid
        with connect(url, "tests", autocommit=True) as connection:
            connection.execute("create table kept as select 42 as n")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not server.is_alive())
        server.revive()
        assert server.url == url
        assert ask(url, "select n from kept") == 42
    finally:
        server.stop()


def test_start_waits_for_backends_that_outlive_a_killed_postmaster(owner: Callable[..., Owner]) -> None:
    """Two servers that write to one cluster would ruin it; the shared memory tells that somebody is left."""
    first = owner()
    with psycopg.connect(first.url, autocommit=True) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        os.kill(first.pid, signal.SIGKILL)
        first.kill()
        second = subprocess.Popen(
            [sys.executable, "-m", "tests.infra.owner", first.told["home"].removesuffix("/postgres")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        time.sleep(1.5)
        assert second.poll() is None
        assert (Path(first.told["home"]) / "data" / "postmaster.pid").read_text().startswith(f"{first.pid}\n")
        os.kill(backend, signal.SIGCONT)
        os.kill(backend, signal.SIGKILL)
        output, _ = second.communicate(timeout=60)
    assert json.loads(output)["is_owner"]


@pytest.mark.parametrize("left_by", ["dead", "stranger", "garbage"])
def test_stale_pid_file_does_not_stop_the_start(owner: Callable[..., Owner], left_by: str) -> None:
    first = owner()
    pid_file = Path(first.told["home"]) / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    first.end()
    child = subprocess.Popen([SLEEP, "60"])
    if left_by == "dead":
        child.kill()
        child.wait()
    lines[0] = str(child.pid)
    pid_file.write_text("" if left_by == "garbage" else "\n".join(lines) + "\n")
    try:
        assert ask(owner().url, "select 1") == 1
    finally:
        child.kill()
        child.wait()


def test_zombie_counts_as_dead(owner: Callable[..., Owner]) -> None:
    first = owner()
    pid_file = Path(first.told["home"]) / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    first.end()
    zombie = subprocess.Popen([SLEEP, "0"])
    wait_until(lambda: not is_running(zombie.pid))
    os.kill(zombie.pid, 0)  # which is all that PostgreSQL itself asks
    pid_file.write_text("\n".join([str(zombie.pid), *lines[1:]]) + "\n")
    assert ask(owner().url, "select 1") == 1
    zombie.wait()


def test_half_made_cluster_is_made_again(owner: Callable[..., Owner], data_dir: Path) -> None:
    half = data_dir / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert ask(owner().url, "select 1") == 1


def test_taken_port_is_replaced(owner: Callable[..., Owner]) -> None:
    import socket

    first = owner()
    port = int(first.url.rpartition(":")[2].split("/")[0])
    first.end()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # its old connections may still be closing
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        second = owner()
    assert second.url != first.url
    assert ask(second.url, "select 1") == 1


def test_another_major_version_is_refused_with_the_way_out(owner: Callable[..., Owner]) -> None:
    first = owner()
    first.end()
    version = Path(first.told["home"]) / "data" / "PG_VERSION"
    version.write_text("14\n")
    told = owner().told
    assert told["fault"] == "OtherMajor"
    assert "pg_dump" in told["message"]
    assert "ONEFOLD_DATA_DIR" in told["message"]
    assert version.read_text() == "14\n"


def test_very_long_data_folder_works(data_dir: Path) -> None:
    """A socket's path may have 107 bytes; we use none."""
    deep = data_dir / ("d" * 100) / ("e" * 100)
    server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": str(deep)}), SMALL)
    try:
        assert ask(server.url, "select 1") == 1
    finally:
        server.stop()


def test_nobody_gets_in_without_the_password(owner: Callable[..., Owner]) -> None:
    first = owner()
    password = Path(first.told["home"]) / "password"
    assert password.stat().st_mode & 0o777 == 0o600
    assert password.read_text() in first.url
    without = first.url.replace(password.read_text(), "wrong")
    with pytest.raises(Unavailable, match="password authentication failed") as refusal:
        connect(without, "tests")
    assert password.read_text() not in str(refusal.value)
    rules = (Path(first.told["home"]) / "data" / "pg_hba.conf").read_text()
    assert " trust" not in "\n".join(line for line in rules.splitlines() if not line.startswith("#"))


@as_root
def test_root_runs_the_server_as_another_user(owner: Callable[..., Owner]) -> None:
    first = owner()
    owner_id = Path(f"/proc/{first.pid}").stat().st_uid
    assert pwd.getpwuid(owner_id).pw_name in ("postgres", "nobody")


@as_root
def test_server_does_not_get_our_environment(owner: Callable[..., Owner], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEFOLD_WEB_SECRET_KEY", "s" * 40)
    environment = Path(f"/proc/{owner().pid}/environ").read_bytes()
    assert b"s" * 40 not in environment


def python_for(account: str) -> str:
    """A Python of our version, with our packages, that `account` can run; root's own often lies below /root."""
    entry = pwd.getpwnam(account)
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        try:
            subprocess.run(
                [python, "-c", "import psycopg, structlog, tests.infra.owner"],
                cwd=ROOT,
                env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
                check=True,
                user=entry.pw_uid,
                group=entry.pw_gid,
                extra_groups=[],
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return python
    pytest.skip(f"{account} can't run a Python {name} with these packages")


@as_root
def test_ordinary_user_runs_it_as_himself(owner: Callable[..., Owner], data_dir: Path) -> None:
    nobody, python = pwd.getpwnam("nobody"), python_for("nobody")
    data_dir.mkdir()
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
    first = owner("nobody", python)
    assert Path(f"/proc/{first.pid}").stat().st_uid == nobody.pw_uid
    first.end()
    again = owner()  # root finds what nobody made, and runs it as nobody
    assert Path(f"/proc/{again.pid}").stat().st_uid == nobody.pw_uid


@as_root
def test_other_users_cluster_is_refused(owner: Callable[..., Owner], data_dir: Path) -> None:
    """What root began, an ordinary user can't go on with; he is told so."""
    python = python_for("nobody")
    owner().end()
    for folder in (data_dir, data_dir / "postgres"):
        folder.chmod(0o777)
    told = owner("nobody", python).told
    assert told["fault"] == "DataFolderRejected"
    assert "ONEFOLD_DATA_DIR" in told["message"]


@as_root
def test_unreachable_data_folder_is_replaced_and_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    settings = load_settings({"ONEFOLD_DATA_DIR": str(tmp_path / "data")})
    server = embedded.start(settings, SMALL)
    try:
        home = server.home.folder
        assert home.is_relative_to("/var/lib/onefold")
        assert (tmp_path / "data" / "postgres.elsewhere").read_text().strip() == str(home)
        assert ask(server.url, "select 1") == 1
    finally:
        server.stop()
        shutil.rmtree(server.home.folder)


def test_watchdog_ends_a_child_where_the_system_does_not(data_dir: Path) -> None:
    """What other systems than Linux need; it works on Linux too."""
    program = (
        "import signal, subprocess, sys; from onefold.infra.processes import watch; "
        "child = subprocess.Popen(['sleep', '60'], start_new_session=True); "
        "watch(child.pid, signal.SIGTERM); print(child.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.communicate()
    wait_until(lambda: not is_running(child))


def test_pid_file_is_read_or_nothing(tmp_path: Path) -> None:
    assert cluster.read_pid_file(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text("12\n/data\n1700000000\n5432\n\n127.0.0.1\n  1234  56\nready   \n")
    assert cluster.read_pid_file(tmp_path) == cluster.PidFile(12, 5432, 56, True)
    (tmp_path / "postmaster.pid").write_text("12\n/data\n")
    assert cluster.read_pid_file(tmp_path) is None
