"""`rebuild`: everything anew from the lake, and compared with what is stored; how fast, and with how much memory."""

import os
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.figures import Measuring
from benchmarks.history import fill_events
from benchmarks.installation import database, environment
from benchmarks.lake import Place
from benchmarks.scale import Scale
from benchmarks.traffic import fill
from onefold.infra.postgres import connect
from onefold.infra.processes import spawn
from onefold.lake.api import compact, flush

GROWTH: Final = 10


def figures(place: Place, scale: Scale, folder: Path) -> Measuring:
    """`rebuild` and `rebuild_memory`. What a tenth of people and events takes is told beside them."""
    _tell("a tenth", *_tenth(scale, folder))
    events, seconds, mb = _measured(place)
    _tell("all", events, seconds, mb)
    yield "rebuild", events / seconds
    yield "rebuild_memory", mb
    with connect(place.url, "benchmarks", autocommit=True) as conn:  # every row was written anew
        conn.execute("vacuum (analyze) node, edge, profile, profile_search, profile_traits")
        conn.execute("checkpoint")


def _tenth(scale: Scale, folder: Path) -> tuple[int, float, float]:
    small = replace(scale, people=scale.people // GROWTH, past_events=scale.past_events // GROWTH)
    folder.mkdir(mode=0o711)
    with database(folder / "data") as url:
        place = Place(url, folder / "data")
        with connect(url, "benchmarks") as conn:
            fill(conn, small.people)
        with connect(url, "benchmarks", autocommit=True) as conn:
            fill_events(conn, small)
            flush(conn, url, place.location)
            compact(conn, place.location, everything=True)
        return _measured(place)


def _measured(place: Place) -> tuple[int, float, float]:
    """Events, seconds and MB of `rebuild --check`, after a first one has made what is stored what the events say."""
    _, mending_mb = _run(place)
    seconds, checking_mb = _run(place, "--check")
    with connect(place.url, "benchmarks") as conn:
        ((events,),) = conn.execute("select flushed from lake_progress").fetchall()
    return events, seconds, max(mending_mb, checking_mb)


def _run(place: Place, *options: str) -> tuple[float, float]:
    """Seconds and peak MB of a process of its own."""
    command = [sys.executable, "-m", "onefold.programs.cli", "rebuild", *options]
    environ = environment(DATABASE_URL=place.url, ONEFOLD_DATA_DIR=str(place.data_dir), ONEFOLD_LOG_LEVEL="warning")
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        child = spawn(command, death_signal=signal.SIGKILL, environ=environ, output=output)
        _, status, usage = os.wait4(child.pid, 0)
        if os.waitstatus_to_exitcode(status):
            output.seek(0)
            raise RuntimeError(f"The rebuild failed, or didn't mend all that differed: {output.read()[-2000:]!r}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def _tell(which: str, events: int, seconds: float, mb: float) -> None:
    print(f"  rebuild of {which}: {events:,} events, {events / seconds:,.0f} events/s, {mb:,.0f} MB", file=sys.stderr)
