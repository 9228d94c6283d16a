"""Every figure comes out, once, on sizes so small that nothing is measured."""

import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.figures import FIGURES, UNITS

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"figure: (\w+) (\d+(?:\.\d+)?) (\S+)")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user may pass through."""
    with tempfile.TemporaryDirectory(prefix="onefold-bench-test-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


def command(folder: Path, *arguments: str) -> list[str]:
    """`make bench`, small."""
    return [sys.executable, "-m", "benchmarks", "--small", "--folder", str(folder), *arguments]


@pytest.mark.timeout(240)
def test_every_figure_comes_out_once_in_a_known_unit(folder: Path) -> None:
    done = subprocess.run(command(folder), capture_output=True, text=True, cwd=ROOT, timeout=230, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    found = [match.groups() for line in lines if (match := LINE.fullmatch(line))]
    assert sorted(name for name, _, _ in found) == sorted(FIGURES)
    assert all(unit == FIGURES[name].unit and unit in UNITS for name, _, unit in found)
    assert all(float(value) > 0 for name, value, _ in found if name != "idle_cpu")
    others = [line for line in lines if not LINE.fullmatch(line)]
    assert [line.partition(":")[0] for line in others] == ["# machine", "# system", "# disk", "# load average before"]
    assert list(folder.iterdir()) == []


def test_an_unknown_name_is_answered_with_those_there_are(folder: Path) -> None:
    done = subprocess.run(command(folder, "speed"), capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 1
    assert "There is no figure speed." in done.stderr
    assert "idle_cpu" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_nothing_behind(folder: Path, stop: signal.Signals) -> None:
    bench = psutil.Popen(
        command(folder, "end_to_end_p50"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    started: set[psutil.Process] = set()
    while not any("onefold.programs.cli" in " ".join(_line(process)) for process in started):
        assert time.monotonic() < deadline, "onefold up was not started"
        assert bench.poll() is None
        started = set(bench.children(recursive=True))
        time.sleep(0.05)
    time.sleep(1)
    started |= set(bench.children(recursive=True))
    bench.send_signal(stop)
    assert bench.wait(60) in (130, 143)
    _, alive = psutil.wait_procs(started, 10)
    assert alive == []
    assert list(folder.iterdir()) == []


def _line(process: psutil.Process) -> list[str]:
    try:
        line: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return line
