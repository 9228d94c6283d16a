"""Runs a query in a child process of its own: started, bounded, watched and cleared away from here."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import msgspec

import onefold
from onefold.infra.logs import get_logger
from onefold.insights.inside import REPORT
from onefold.insights.job import Fault, Job, Report
from onefold.kernel.errors import Broken, Rejected, Unavailable

PREFIX: Final = "sql-"
LOCK: Final = "lock"
LOOK_EVERY_S: Final = 0.05
ASK_EVERY_S: Final = 0.3
WAIT_S: Final = 2.0
"""How long a query, one at a time, waits for those that run: it keeps a thread that answers pages."""

log = get_logger(__name__)
_slots: dict[str, threading.BoundedSemaphore] = {}
_slots_lock = threading.Lock()
_waiting = threading.Lock()


class SqlBusy(Unavailable):
    """As many queries run as may at once."""

    code = "sql_busy"


class SqlTooMuch(Rejected):
    """The query takes more memory or time than it may."""

    code = "sql_too_much"


class SqlCancelled(Rejected):
    """Somebody stopped the query."""

    code = "sql_cancelled"
    status = 409


@contextmanager
def turn(at_once: int) -> Iterator[None]:
    """One of the `at_once` turns that this process has. Raises SqlBusy when none comes within WAIT_S, or at once when
    somebody waits already.
    """
    with _slots_lock:
        slots = _slots.setdefault("slots", threading.BoundedSemaphore(at_once))
    if not (slots.acquire(blocking=False) or _came(slots)):
        raise SqlBusy(f"{at_once} queries are running, which is as many as may at once. Try again in a moment.")
    try:
        yield
    finally:
        slots.release()


def _came(slots: threading.BoundedSemaphore) -> bool:
    if not _waiting.acquire(blocking=False):
        return False
    try:
        return slots.acquire(timeout=WAIT_S)
    finally:
        _waiting.release()


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """A folder that only we can open; gone afterwards. Folders of processes that were killed go as well."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        with (parent / LOCK).open("w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)  # one after the other: a folder without its lock yet would be cleared away
            _sweep(parent)
            folder = Path(mkdtemp(prefix=PREFIX, dir=parent))
            held.callback(shutil.rmtree, folder, ignore_errors=True)
            lock = held.enter_context((folder / LOCK).open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)  # ends with this process, however that ends
        yield folder


def run_job(job: Job, is_cancelled: Callable[[], bool]) -> Report:
    """Runs it; the result is in the job's folder. Cost: 0.4 s to start, and the query.

    Raises SqlTooMuch, SqlCancelled, Unavailable (the lake's files), Broken. A fault of the SQL is in the report.
    """
    child = _start(job)
    try:
        is_done = _wait(child, job.timeout_s, is_cancelled)
    finally:
        _end(child)
    if not is_done:
        raise SqlTooMuch(
            f"The query took longer than {job.timeout_s:g} s and was stopped. Read fewer rows (a range of ts),"
            " fewer columns (body is the largest by far), or group before you join."
        )
    report = _read_report(job, child.returncode)
    if report.fault and report.fault.kind != "rejected":
        raise _error(report.fault, job)
    return report


def _start(job: Job) -> "subprocess.Popen[bytes]":
    source = str(Path(onefold.__file__).parents[1])
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "onefold.insights.inside"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # a library's last words may quote somebody's data
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": source, "HOME": job.folder, "TZ": "UTC"},
        cwd=job.folder,
        start_new_session=True,
    )
    if child.stdin is None:
        raise Broken("The child has no standard input.")
    said = msgspec.json.encode(job)
    try:
        child.stdin.write(b"%d\n%s" % (len(said), said))
        child.stdin.flush()  # and stays open: the child ends when it closes
    except BrokenPipeError:
        pass  # it died at once; its return code says so
    return child


def _wait(child: "subprocess.Popen[bytes]", timeout_s: float, is_cancelled: Callable[[], bool]) -> bool:
    """Until it ends: True; until its time is over: False. Raises SqlCancelled."""
    until, ask_at = time.monotonic() + timeout_s, time.monotonic() + ASK_EVERY_S
    while child.poll() is None:
        now = time.monotonic()
        if now > until:
            return False
        if now > ask_at:
            if is_cancelled():
                raise SqlCancelled("The query was stopped.")
            ask_at = now + ASK_EVERY_S
        time.sleep(LOOK_EVERY_S)
    return True


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.kill()
    child.wait()
    if child.stdin:
        child.stdin.close()


def _read_report(job: Job, code: int) -> Report:
    try:
        return msgspec.json.decode(Path(job.folder, REPORT).read_bytes(), type=Report)
    except FileNotFoundError:
        log.warning("query_died", code=code)  # the kernel, a limit, or DuckDB itself made an end
        return Report(fault=Fault("memory", ""))


def _error(fault: Fault, job: Job) -> Exception:
    if fault.kind == "memory":
        return SqlTooMuch(
            f"The query took more memory than it may ({job.memory_mb} MB, and {job.disk_mb} MB on disk) and was"
            " stopped. Read fewer rows or columns, group by fewer values, or leave out the ORDER BY."
        )
    if fault.kind == "disk":
        return Unavailable(
            "The disk of the data folder is full: this query needs room there. `onefold doctor` says more."
        )
    if fault.kind == "files":
        return Unavailable("A file of the lake can't be read at the moment. `onefold doctor` says more.")
    log.error("query_broke", fault=fault.message)
    return Broken("DuckDB failed on this query. Write it in another way; the log of the web process has the place.")


def _sweep(parent: Path) -> None:
    """Folders that nobody holds any more."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            with (folder / LOCK).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except FileNotFoundError:
            shutil.rmtree(folder, ignore_errors=True)  # its maker was killed before the lock, or it is being removed
        except BlockingIOError:
            continue  # somebody's
