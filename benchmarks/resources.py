"""What a tree of processes uses: time of the processor, and memory with shared pages counted once. Linux only."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
LOOK_EVERY_S = 1.0


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                children.setdefault(int(_fields(int(entry.name))[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def cpu_s(root: int) -> float:
    """Seconds of processor time of the tree so far, those of children that ended included; by ticks of 10 ms."""
    total = 0
    for pid in tree(root):
        with suppress(OSError):
            total += sum(int(field) for field in _fields(pid)[11:15])
    return total / TICKS_A_SECOND


def cpu_by_process(root: int) -> dict[str, float]:
    """As `cpu_s`, by pid and name of each living process."""
    times = {}
    for pid in tree(root):
        with suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            times[f"{pid} {line.strip()[-60:]}"] = sum(int(field) for field in _fields(pid)[11:13]) / TICKS_A_SECOND
    return times


def memory_mb(root: int) -> float:
    """Sum of PSS of the tree, in 10^6 bytes. Needs the right to read /proc/PID/smaps_rollup of every process."""
    total_kb = 0
    for pid in tree(root):
        with suppress(FileNotFoundError, ProcessLookupError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total_kb += next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return total_kb * 1024 / 1e6


class Watermark:
    """The most memory that was seen."""

    def __init__(self) -> None:
        self.mb = 0.0

    @contextmanager
    def watching(self, root: int) -> Iterator[None]:
        """Looks every second during the block, in a thread, and once at its end."""
        is_over = threading.Event()

        def look() -> None:
            while not is_over.wait(LOOK_EVERY_S):
                self._see(root)

        thread = threading.Thread(target=look, name="memory", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()
        self._see(root)

    def _see(self, root: int) -> None:
        self.mb = max(self.mb, memory_mb(root))


def _fields(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
