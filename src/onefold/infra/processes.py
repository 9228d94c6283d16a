"""Child processes that never outlive their parent, and questions about processes that aren't ours."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Account:
    """A system user to run a child as."""

    name: str
    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    death_signal: signal.Signals,
    account: Account | None = None,
    environ: Mapping[str, str] | None = None,
    output: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own; it gets `death_signal` when this process dies, however it dies.

    Call it from the main thread: Linux sends the signal when the *thread* that started the child ends.
    stdout and stderr go to `output`. Raises OSError when the command can't be run.
    """
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=environ,
        cwd="/" if account else None,  # another user may not be able to enter ours
        start_new_session=True,  # Ctrl-C is for the parent, which ends its children in order
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=_die_with_parent(death_signal) if sys.platform == "linux" else None,  # noqa: PLW1509 two calls that take no lock
    )
    if sys.platform != "linux":
        watch(child.pid, death_signal)
    return child


def watch(pid: int, death_signal: signal.Signals) -> subprocess.Popen[bytes]:
    """A watchdog process that sends `death_signal` to `pid` when this process ends; for systems without PDEATHSIG."""
    command = [sys.executable, "-m", "onefold.infra.watchdog", str(pid), str(int(death_signal))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than a zombie, which `kill(pid, 0)` takes for alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return not Path("/proc/self").exists()
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def program_of(pid: int) -> str | None:
    """Name of the program a process runs; None where the system doesn't tell."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """What a Linux child calls between fork and exec (after its change of user, which would clear it)."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return arm
