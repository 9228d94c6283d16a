"""PostgreSQL's data directory: making it, and judging what an earlier server left in it."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from onefold.infra.binaries import Binaries
from onefold.infra.home import Home
from onefold.infra.processes import is_running, program_of
from onefold.kernel.errors import Rejected, Unavailable


class OtherMajor(Rejected):
    """The data was made by another major version of PostgreSQL."""

    code = "postgres_major_differs"


@dataclass(frozen=True, slots=True)
class PidFile:
    """What `postmaster.pid` says."""

    pid: int
    port: int
    shared_memory_id: int | None
    is_ready: bool


def ensure_cluster(home: Home, binaries: Binaries, role: str) -> None:
    """Makes the cluster when there is none (3 s); safe to repeat after a crash in the middle. Raises OtherMajor."""
    if not home.cluster.exists():
        _initialise(home, binaries, role)
    major = int((home.cluster / "PG_VERSION").read_text())
    if major != binaries.major:
        raise OtherMajor(
            f"The database in {home.folder} was made by PostgreSQL {major}, but this is {binaries.version}. Either "
            f"install the Onefold or PostgreSQL {major} that made it, dump with its pg_dump and restore into a new "
            "data folder; or set ONEFOLD_DATA_DIR to an empty folder to begin afresh. Nothing was changed."
        )


def _initialise(home: Home, binaries: Binaries, role: str) -> None:
    half = home.folder / "data.new"
    password_file = home.folder / "initdb.password"
    shutil.rmtree(half, ignore_errors=True)
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(home.password())
    half.mkdir(mode=0o700)
    account = home.account
    if account:
        os.chown(half, account.uid, account.gid)
        os.chown(password_file, account.uid, account.gid)
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if binaries.major >= 17 else []
    command = [str(binaries.folder / "initdb"), "-D", str(half), "-U", role, f"--pwfile={password_file}"]
    command += ["--auth=scram-sha-256", "-E", "UTF8", "--locale=C", *locale]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd="/",  # the other user may not be able to enter ours
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    password_file.unlink()
    if done.returncode:
        raise Unavailable(f"initdb failed in {half}:\n{done.stderr.strip()}")
    half.rename(home.cluster)


def read_pid_file(cluster: Path) -> PidFile | None:
    """The parsed `postmaster.pid`; None when there is none or it is half written."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        memory = lines[6].split() if len(lines) > 6 else []
        is_ready = len(lines) > 7 and lines[7].strip() == "ready"
        return PidFile(int(lines[0]), int(lines[3]), int(memory[1]) if len(memory) > 1 else None, is_ready)
    except (OSError, IndexError, ValueError):
        return None


def is_server(found: PidFile) -> bool:
    """Whether the file's process lives and is PostgreSQL, not a zombie nor somebody who got its number later."""
    return is_running(found.pid) and program_of(found.pid) in ("postgres", None)


def clear_stale(cluster: Path, timeout_s: float) -> None:
    """Removes the `postmaster.pid` of a server that is gone.

    First waits for its last backends, which may outlive it by moments: the file is what keeps two servers
    from writing to one cluster. PostgreSQL itself would take a zombie, or a stranger with that pid, for alive.
    Raises Unavailable when they don't end.
    """
    found = read_pid_file(cluster)
    if found is not None:
        deadline = time.monotonic() + timeout_s
        while _attached(found.shared_memory_id):
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"Processes of an earlier PostgreSQL still use {cluster}. End them, then start again."
                )
            time.sleep(0.05)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _attached(shared_memory_id: int | None) -> int:
    """How many processes are attached to a System V shared memory segment; 0 where the system doesn't tell."""
    try:
        rows = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    except OSError:
        return 0
    return sum(int(row.split()[6]) for row in rows if int(row.split()[1]) == shared_memory_id)
