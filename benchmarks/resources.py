"""What a tree of processes uses: time of the processor, and memory with shared pages counted once. Linux only."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
LOOK_EVERY_S = 1.0
MOST = 12


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
            times[_name(pid)] = sum(int(field) for field in _fields(pid)[11:13]) / TICKS_A_SECOND
    return times


def memory_mb(root: int) -> dict[str, float]:
    """PSS in 10^6 bytes by pid and name. Needs the right to read /proc/PID/smaps_rollup of every process."""
    sizes = {}
    for pid in tree(root):
        with suppress(FileNotFoundError, ProcessLookupError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            sizes[_name(pid)] = sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) * 1024 / 1e6
    return sizes


class Watermark:
    """The most memory that was seen, and who had it."""

    def __init__(self) -> None:
        self._sizes: dict[str, float] = {}

    @property
    def mb(self) -> float:
        """All processes together."""
        return sum(self._sizes.values())

    def tell(self) -> None:
        """Who had the most, on standard error."""
        for name, mb in sorted(self._sizes.items(), key=lambda item: -item[1])[:MOST]:
            print(f"  memory: {mb:.0f} MB by {name}", file=sys.stderr)

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
        sizes = memory_mb(root)
        if sum(sizes.values()) > self.mb:
            self._sizes = sizes


def _name(pid: int) -> str:
    """A process's number and the end of its command line."""
    line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return f"{pid} {line.strip()[-60:]}"


def _fields(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
