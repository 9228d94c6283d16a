"""What the figures were measured on."""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from onefold.infra.binaries import find_binaries

FSYNCS: Final = 50


def description(folder: Path) -> Iterator[str]:
    """Lines for a person: processor, memory, system, versions, and the disk under `folder`."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield f"machine: {os.cpu_count()} cores, {_processor()}, {memory_gb:.0f} GB of memory"
    postgres = find_binaries(None).version
    yield f"system: {platform.system()} {platform.release()}, Python {platform.python_version()}, PostgreSQL {postgres}"
    yield f"disk: {_filesystem(folder)}, {_fsync_ms(folder):.2f} ms to write and fsync 8 kB"
    yield f"load average before: {os.getloadavg()[0]:.2f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _filesystem(folder: Path) -> str:
    """Type of the filesystem that holds `folder`: of its mount points the longest that is a parent."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if folder.resolve().is_relative_to(point) and len(point) > len(best[0]):
            best = (point, kind)
    return best[1]


def _fsync_ms(folder: Path) -> float:
    """Median of FSYNCS."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(FSYNCS):
            began = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * 8192, 0)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)
