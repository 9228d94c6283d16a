"""Processes that work on a lake and die by `kill -9` at a fail point."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onefold.lake import delta, failpoints
from onefold.lake.compact import compact
from onefold.lake.flush import flush
from onefold.lake.location import Location
from onefold.lake.promote import demote, promote, wanted_columns
from onefold.lake.refresh import refresh


def change_columns(conn: Any, location: Location) -> None:
    """One promoted column more, and of four one less."""
    wanted = wanted_columns(conn)
    if len(wanted) > 3:
        demote(conn, wanted[0].name)
    ((n,),) = conn.execute('select count(*) from lake_property where "column" is not null').fetchall()
    promote(conn, location, f"property {n}", "string")


CODES = {code: str(code) for code in range(200)}
WORKS: dict[str, Callable[[Any, str, Location], object]] = {
    "flush": lambda conn, url, location: flush(conn, url, location, chunk_events=8),
    "refresh": lambda conn, url, location: refresh(conn, url, location, CODES),
    "compact": lambda conn, _, location: compact(conn, location),
    "change columns": lambda conn, _, location: change_columns(conn, location),
    "compact everything": lambda conn, _, location: compact(conn, location, everything=True),
}
DIED = "died"


class Mortals:
    """`run` lets a process work until it is done or dies; another one gets ready meanwhile."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._working, self._waiting = self._start(), self._start()

    def run(self, work: str, point: str = "", n: int = 1) -> str:
        """Do `work`, and die at the n-th reach of `point`: `done`, DIED, or what went wrong."""
        self.begin(work, point, n)
        return self.end_of_work()

    def begin(self, work: str, point: str = "", n: int = 1) -> None:
        """As `run`, without waiting."""
        assert self._working.stdin is not None
        self._working.stdin.write(json.dumps([work, point, n]) + "\n")
        self._working.stdin.flush()

    def end_of_work(self) -> str:
        """What became of what was begun."""
        process = self._working
        assert process.stdout is not None
        answer = process.stdout.readline().strip()
        if answer:
            return answer
        assert process.wait() == -signal.SIGKILL
        _close(process)
        self._working, self._waiting = self._waiting, self._start()
        return DIED

    def end(self) -> None:
        """They are not needed any more."""
        for process in (self._working, self._waiting):
            process.kill()
            process.wait()
            _close(process)

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.lake.dying", self._what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )


@contextmanager
def mortals(
    url: str, location: Location, *, kept_hours: int = delta.KEPT_HOURS, max_file_bytes: int | None = None
) -> Iterator[Mortals]:
    """For a time. `kept_hours`: how long replaced files stay. `max_file_bytes`: what is larger doesn't fit the disk."""
    found = Mortals(json.dumps([url, location.url, location.options, kept_hours, max_file_bytes]))
    try:
        yield found
    finally:
        found.end()


def _close(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


def _serve(url: str, location: Location) -> None:
    from onefold.infra.postgres import connect

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what it logs is no answer
    for line in sys.stdin:
        work, point, n = json.loads(line)
        failpoints.unwatch()
        failpoints.watch(_death_at(point, n))
        try:
            with connect(url, "mortal", autocommit=True) as conn:
                WORKS[work](conn, url, location)
            answers.write("done\n")
        except Exception as fault:  # whatever it is, the test shall see it
            answers.write(f"{type(fault).__name__}: {fault}".replace("\n", " ") + "\n")
        answers.flush()


def _death_at(point: str, n: int) -> Callable[[str], None]:
    left = n

    def die(reached: str) -> None:
        nonlocal left
        left -= reached == point
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


def _main(url: str, address: str, options: dict[str, str], kept_hours: int, max_file_bytes: int | None) -> None:
    if max_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
    delta.KEPT_HOURS = kept_hours  # type: ignore[misc]  # final but here
    for name in delta._CONFIGURATION:
        delta._CONFIGURATION[name] = f"interval {kept_hours} hours"
    _serve(url, Location(address, options))


if __name__ == "__main__":
    _main(*json.loads(sys.argv[1]))
