"""`python -m onefold.insights.inside`: the child process that runs one query, and can do nothing else.

Reads a Job from standard input, writes the result and `report.json` into the job's folder. Ends with its parent: when
standard input closes, it removes the folder and is gone. What the query may say is judged twice (guard.py), what it may
reach is bounded by DuckDB's lock-down, what it may use by the system's limits.
"""

import ctypes
import errno
import os
import resource
import select
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Final

import msgspec

from onefold.insights.job import Fault, Job, Report

NICE: Final = 10
GRACE_S: Final = 2.0
"""After its time is over, before it ends itself; its parent ends it sooner."""
MB: Final = 1_000_000
ADDRESSES_MB: Final = 4_000
"""Of address space beside DuckDB's memory: libraries, threads' stacks, arenas that allocators reserve."""
REPORT: Final = "report.json"
FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_PR_SET_DUMPABLE: Final = 4


def main() -> None:
    """Standard input: the job's length in bytes as text, a line feed, the job as JSON; then it stays open."""
    source = sys.stdin.buffer
    job = msgspec.json.decode(source.read(int(source.readline())), type=Job)
    _bound(job)
    threading.Thread(target=_end_with_parent, args=(source.fileno(), job), daemon=True).start()
    report = _report(job)
    folder = Path(job.folder)
    (folder / f"{REPORT}.new").write_bytes(msgspec.json.encode(report))
    (folder / f"{REPORT}.new").rename(folder / REPORT)
    os._exit(0)  # no destructors: a scan may be under way


def _report(job: Job) -> Report:
    from onefold.insights.running import run  # DuckDB and pyarrow: after the limits

    started = time.monotonic()
    try:
        return msgspec.structs.replace(run(job), seconds=time.monotonic() - started)
    except MemoryError:
        fault = Fault("memory", "")
    except OSError as failed:
        fault = Fault("disk" if failed.errno in FULL else "files", type(failed).__name__)
    except Exception as failed:  # the parent logs what it was, and no more: its text may quote somebody's data
        fault = Fault("broken", type(failed).__name__)
    return Report(fault=fault, seconds=time.monotonic() - started)


def _bound(job: Job) -> None:
    """What the system holds this process to, for good."""
    os.nice(NICE)
    cpu_s = int(job.timeout_s * job.threads + GRACE_S) + 1
    largest = max(job.disk_mb * MB, 3 * job.max_bytes) + 100 * MB
    for kind, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, (2 * job.memory_mb + ADDRESSES_MB) * MB),
        (resource.RLIMIT_FSIZE, largest),
        (resource.RLIMIT_CORE, 0),
    ):
        if kind != resource.RLIMIT_AS or sys.platform == "linux":  # macOS refuses it
            _lower(kind, most)
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text("1000")  # the first to go, not the processor
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)  # its memory holds the key of the object store


def _lower(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (bound, bound))


def _end_with_parent(source: int, job: Job) -> None:
    """Waits until standard input closes or the time is over, and leaves nothing behind."""
    until = time.monotonic() + job.timeout_s + GRACE_S
    while (left := until - time.monotonic()) > 0:
        if select.select([source], [], [], left)[0] and not os.read(source, 1):
            break
    shutil.rmtree(job.folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
