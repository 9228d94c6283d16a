"""What an engine is: it runs a plan over a snapshot, within limits, and says how fresh the answer is."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from onefold.kernel.errors import Rejected, Unavailable

if TYPE_CHECKING:
    import pyarrow as pa

    from onefold.config import EngineSettings
    from onefold.lake.compile import Compilable, Compiled
    from onefold.lake.plans import Plan
    from onefold.lake.snapshot import Snapshot


SIDE_TABLES: Final = frozenset(("gone", "withheld", "overrides"))
"""Of a snapshot: what is held against the rows of `events`."""
_WATCH_S: Final = 0.05


class QueryTooSlow(Rejected):
    """It takes longer than it may. Ask for less time, or for fewer profiles."""

    code = "query_too_slow"


class QueryTooLarge(Rejected):
    """It needs more memory, or room for temporary files, than it may. Ask for less time or fewer groups."""

    code = "query_too_large"


class QueryCancelled(Rejected):
    """It was cancelled."""

    code = "query_cancelled"


class SumTooLarge(Rejected):
    """A sum of whole numbers is beyond 64 bits. Ask for the property as double."""

    code = "sum_too_large"


class EngineBusy(Unavailable):
    """As many questions as may run at a time are running. Try again in a moment."""

    code = "engine_busy"


class FileGone(Unavailable):
    """A file of the lake was replaced while it was being read. Ask again: the next snapshot has the new one."""

    code = "file_gone"


class Cancel:
    """Held by who asks: `cancel()`, from any thread, ends the run soon."""

    def __init__(self) -> None:
        self._event: Final = threading.Event()

    def cancel(self) -> None:
        """Safe to repeat, also before the run and after it."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody has."""
        return self._event.is_set()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one question; None = as the engine's settings say."""

    timeout_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """An answer, and of when."""

    table: "pa.Table"
    elapsed_s: float
    position: int
    taken_at: datetime
    """Everything processed by then is in it."""
    n_files: int
    rows: int
    """In the files looked at and the hot tail, before filters."""
    file_bytes: int
    """Size of the files looked at; columns that aren't needed aren't read."""


class Engine(Protocol):
    """Asks the lake. Safe to share between threads."""

    def run(
        self,
        plan: "Plan | Compilable",
        snapshot: "Snapshot",
        *,
        limits: Limits | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """The answer, its columns typed as the plan says.

        Raises PlanRejected, QueryTooSlow, QueryTooLarge, QueryCancelled, SumTooLarge, EngineBusy, FileGone, and
        Unavailable when the engine can't be reached.
        """

    def close(self) -> None:
        """Lets go of what it holds."""


def engine_of(settings: "EngineSettings", temp_folder: Path) -> Engine:
    """The engine that the settings name. `temp_folder`: where large questions may spill, made when needed."""
    if settings.kind == "spark":
        try:
            from onefold.lake.engines.spark import SparkEngine
        except ModuleNotFoundError as fault:
            raise Rejected(
                "ONEFOLD_ENGINE_KIND=spark needs Spark's client: pip install '.[spark]' in Onefold's folder."
            ) from fault
        return SparkEngine(settings)
    from onefold.lake.engines.duckdb import DuckDBEngine

    return DuckDBEngine(settings, temp_folder)


def result_of(table: "pa.Table", compiled: "Compiled", snapshot: "Snapshot", elapsed_s: float) -> Result:
    """An answer in the types that were promised, whichever engine gave it."""
    files = [file for of_table in compiled.all_files().values() for file in of_table]
    hot = snapshot.tables["events"].hot if "events" in compiled.all_files() else None
    return Result(
        table=table,
        elapsed_s=elapsed_s,
        position=snapshot.position,
        taken_at=snapshot.taken_at,
        n_files=len(files),
        rows=sum(file.rows for file in files) + (hot.num_rows if hot is not None else 0),
        file_bytes=sum(file.size_bytes for file in files),
    )


def arrow_type(name: str) -> "pa.DataType":
    """Of a column's type, as `tables.Column` names them, and of `date`."""
    import pyarrow as pa

    kinds = {
        "long": pa.int64(),
        "integer": pa.int32(),
        "string": pa.string(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "binary": pa.binary(),
        "timestamp": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
    }
    return kinds[name]


def in_types(table: "pa.Table", compiled: "Compiled") -> "pa.Table":
    """The table with exactly the types of `compiled.schema`."""
    import pyarrow as pa

    return table.cast(pa.schema([(name, arrow_type(kind)) for name, kind in compiled.schema.items()]))


@contextmanager
def watched(timeout_s: float, cancel: Cancel, interrupt: Callable[[], object]) -> Iterator[None]:
    """What runs inside is interrupted when its time is over or somebody cancels.

    `interrupt` is repeated until the run has ended: one that comes before the engine has begun is lost.
    Raises QueryCancelled or QueryTooSlow in place of what the interruption makes the run raise.
    """
    ended, deadline = threading.Event(), time.monotonic() + timeout_s

    def watch() -> None:
        while not ended.wait(_WATCH_S):
            if cancel.is_cancelled or time.monotonic() > deadline:
                interrupt()

    if cancel.is_cancelled:
        raise QueryCancelled("The question was cancelled.")
    watcher = threading.Thread(target=watch, name="query watch", daemon=True)
    watcher.start()
    try:
        yield
    except Exception as fault:
        if cancel.is_cancelled:
            raise QueryCancelled("The question was cancelled.") from fault
        if time.monotonic() > deadline:
            text = f"It takes longer than the {timeout_s:g} s it may. Ask for less time, or for fewer profiles."
            raise QueryTooSlow(text) from fault
        raise
    finally:
        ended.set()
        watcher.join()
