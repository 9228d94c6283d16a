"""Runs work on a lake in child processes that die by `kill -9` at a fail point.

A process apart imports what is needed and forks for each run: pytest's own has threads, which don't survive a fork.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onefold.lake import delta, failpoints
from onefold.lake.compact import compact
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.refresh import refresh

CODES = {code: str(code) for code in range(200)}
WORKS: dict[str, Callable[[Any, str, Location], object]] = {
    "flush": lambda conn, url, location: flush(conn, url, location, chunk_events=8),
    "refresh": lambda conn, url, location: refresh(conn, url, location, CODES),
    "compact": lambda conn, _, location: compact(conn, location),
    "compact everything": lambda conn, _, location: compact(conn, location, everything=True),
}


@dataclass
class Mortals:
    """`run` starts a child; it is over when that has ended."""

    process: subprocess.Popen[str]

    def run(self, work: str, point: str = "", n: int = 1) -> int:
        """Do `work`, and die at the n-th reach of `point`. The exit status; -9 = died there."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([work, point, n]) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def mortals(url: str, location: Location, kept_hours: int = delta.KEPT_HOURS) -> Iterator[Mortals]:
    """For a time. `kept_hours`: how long replaced files stay."""
    what = json.dumps([url, location.url, location.options, kept_hours])
    command = [sys.executable, "-m", "tests.lake.dying", what]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        try:
            yield Mortals(process)
        finally:
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()  # it ends by itself


def _serve(url: str, location: Location) -> None:
    for line in sys.stdin:
        work, point, n = json.loads(line)
        child = os.fork()
        if child == 0:
            _work(url, location, work, point, n)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _work(url: str, location: Location, work: str, point: str, n: int) -> None:
    from onefold.infra.postgres import connect

    left = n

    def die(reached: str) -> None:
        nonlocal left
        left -= reached == point
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what it logs is not the answer
    status = 1
    try:
        failpoints.watch(die)
        with connect(url, "mortal", autocommit=True) as conn:
            WORKS[work](conn, url, location)
        status = 0
    finally:
        os._exit(status)


def _main(url: str, address: str, options: dict[str, str], kept_hours: int) -> None:
    delta.KEPT_HOURS = kept_hours  # type: ignore[misc]  # final but here
    for name in delta._CONFIGURATION:
        delta._CONFIGURATION[name] = f"interval {kept_hours} hours"
    _serve(url, Location(address, options))


if __name__ == "__main__":
    _main(*json.loads(sys.argv[1]))
