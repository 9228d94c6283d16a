"""`idle_cpu`: what everything together takes of one core when nothing happens, PostgreSQL included."""

import sys
import time
from typing import Final

from benchmarks.figures import Measuring
from benchmarks.installation import Running
from benchmarks.resources import cpu_by_process, cpu_s
from benchmarks.scale import Scale

LOOK_S: Final = 10.0
QUIET_SHARE: Final = 0.02
QUIET_S: Final = 40.0
"""Longer than autovacuum sleeps between two looks."""
NOTEWORTHY_S: Final = 0.01


def figures(scale: Scale, running: Running) -> Measuring:
    """After the processes have come to rest: PostgreSQL tidies up for a while after a lot was written."""
    running.read_all(scale.quiet_s + LOOK_S)
    _settle(running.root, scale.quiet_s)
    before, details, began = cpu_s(running.root), cpu_by_process(running.root), time.monotonic()
    time.sleep(scale.idle_s)
    used, elapsed = cpu_s(running.root) - before, time.monotonic() - began
    for name, seconds in cpu_by_process(running.root).items():
        if seconds - details.get(name, 0.0) > NOTEWORTHY_S:
            print(f"  idle: {seconds - details.get(name, 0.0):.2f} s by {name}", file=sys.stderr)
    yield "idle_cpu", used / elapsed * 100


def _settle(root: int, longest_s: float) -> None:
    """Returns when `QUIET_S` in a row were quiet, or after `longest_s`."""
    deadline = time.monotonic() + longest_s
    quiet_s = 0.0
    while quiet_s < QUIET_S and time.monotonic() < deadline:
        before = cpu_s(root)
        time.sleep(LOOK_S)
        quiet_s = quiet_s + LOOK_S if cpu_s(root) - before < QUIET_SHARE * LOOK_S else 0.0
