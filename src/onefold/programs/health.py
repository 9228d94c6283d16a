"""How Onefold is: one look at the database, for the health endpoint and for `onefold doctor`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import Connection

from onefold.infra.arrays import bigints, instants, smallints
from onefold.infra.heartbeat import STALE_AFTER_S
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import micros_of

PROCESSES: Final = ("collector", "processor", "worker", "web")
LANES: Final = {0: "interactive", 1: "bulk"}
LAG_ALARM_S: Final = 60.0
BLOCKER_ALARM_S: Final = 10.0
COUNT_BOUND: Final = 100_000
NEVER_S: Final = 1e9  # a beat at the epoch
RECENT_RESTART_S: Final = 600.0

LAST_WORDS: Final = "the terminal of `onefold up`, or the journal of its service,"
WHERE_IT_SAYS_WHY: Final = (
    "What it wrote before stands in the terminal of `onefold up`, or in the journal of its service."
)

QUERIES = load_queries("onefold.programs", "health.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What is known of one process; ages in seconds."""

    name: str
    pid: int
    host: str
    restarts: int
    beat_age_s: float
    age_s: float

    @property
    def is_alive(self) -> bool:
        """Whether it gave a sign of life lately."""
        return self.beat_age_s <= STALE_AFTER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """What a lane has not read yet; `requests` is counted up to COUNT_BOUND."""

    lane: str
    requests: int
    seconds: float

    @property
    def is_alarming(self) -> bool:
        """Whether the bound for interactive work is broken; the bulk lane may wait."""
        return self.lane == LANES[0] and self.seconds > LAG_ALARM_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A write transaction that keeps the log's reader waiting; ages in seconds."""

    who: str
    age_s: float
    statement_age_s: float | None

    def sentence(self) -> str:
        """For a person."""
        since = "" if self.statement_age_s is None else f", its last statement began {span(self.statement_age_s)} ago"
        return (
            f"{self.who} has a write transaction open for {span(self.age_s)}{since}. No event received after it began "
            "is processed before it ends: commit it, or end it with `select pg_terminate_backend(PID)`."
        )


def processes(connection: Connection[tuple[Any, ...]]) -> dict[str, Process]:
    """Every process that gave a sign of life and did not stop in order, by name."""
    keys = ("name", "pid", "host", "restarts", "beat_age_s", "age_s")
    found = [Process(**dict(zip(keys, row, strict=True))) for row in connection.execute(QUERIES["processes"])]
    return {process.name: process for process in found}


def lags(connection: Connection[tuple[Any, ...]]) -> list[Lag]:
    """One for each lane. Cost: at most COUNT_BOUND index entries a lane."""
    rows = connection.execute(QUERIES["lag"], {"bound": COUNT_BOUND})
    return [Lag(lane=LANES[lane], requests=n, seconds=seconds) for lane, n, seconds in rows]


def note_lags(connection: Connection[tuple[Any, ...]], now: datetime) -> None:
    """Keep how far each lane is behind, for `lag_history`. Once a minute; safe to repeat."""
    codes = {name: lane for lane, name in LANES.items()}
    found = lags(connection)
    at = micros_of(now.replace(second=0, microsecond=0))
    connection.execute(
        QUERIES["note_lag"],
        {
            "at": instants([at] * len(found)),
            "lane": smallints([codes[lag.lane] for lag in found]),
            "requests": bigints([lag.requests for lag in found]),
            "seconds": [lag.seconds for lag in found],
        },
    )


def lag_history(
    connection: Connection[tuple[Any, ...]], steps: Sequence[datetime]
) -> list[tuple[datetime, tuple[float | None, float | None]]]:
    """For each beginning of steps of one length: the worst lag of the interactive and of the bulk lane, in seconds.

    None: nobody looked in that time, as when Onefold did not run.
    """
    length = steps[1] - steps[0]
    rows = connection.execute(QUERIES["lag_history"], {"since": steps[0], "step": length})
    found = {(at, lane): round(seconds, 1) for at, lane, seconds in rows}
    return [(at, (found.get((at, 0)), found.get((at, 1)))) for at in steps]


def database_bytes(connection: Connection[tuple[Any, ...]]) -> int:
    """What the database takes on its disk. Cost: a stat of every file."""
    (size,) = connection.execute(QUERIES["database"]).fetchone() or (0,)
    return int(size)


def blockers(connection: Connection[tuple[Any, ...]]) -> list[Blocker]:
    """Write transactions older than BLOCKER_ALARM_S, of any database of the server, oldest first."""
    older = {"older_than_s": BLOCKER_ALARM_S}
    sessions = [
        Blocker(
            who=f"Session {pid} ({application or 'no application name'}, {state}, database {database})",
            age_s=age_s,
            statement_age_s=statement_age_s,
        )
        for pid, application, state, database, age_s, statement_age_s in connection.execute(QUERIES["blockers"], older)
    ]
    prepared = connection.execute(QUERIES["prepared"], older)
    return sessions + [
        Blocker(who=f"Prepared transaction {gid!r}", age_s=s, statement_age_s=None) for gid, s in prepared
    ]


def table_sizes(connection: Connection[tuple[Any, ...]]) -> list[tuple[str, int, int]]:
    """Name, estimated rows and bytes of the twelve largest tables, indexes included. Cost: a stat of every file."""
    return [(name, rows, size) for name, rows, size in connection.execute(QUERIES["tables"])]


def process_faults(found: dict[str, Process]) -> list[str]:
    """A sentence for each process that isn't as it should be."""
    faults = []
    for name in PROCESSES:
        process = found.get(name)
        if process is None:
            faults.append(f"The {name} is not running. Start it with `onefold up`.")
        elif process.beat_age_s > NEVER_S:
            faults.append(
                f"The {name} died {times(process.restarts)} before its first sign of life. {WHERE_IT_SAYS_WHY}"
            )
        elif not process.is_alive:
            faults.append(
                f"The {name} (pid {process.pid} on {process.host}) gave its last sign of life "
                f"{span(process.beat_age_s)} ago. Start it with `onefold up`, or see in {LAST_WORDS} why it hangs."
            )
        elif process.restarts and process.age_s < RECENT_RESTART_S:
            faults.append(
                f"The {name} was started again {span(process.age_s)} ago "
                f"({restarts_in_words(process.restarts)} in this run). {WHERE_IT_SAYS_WHY} "
                f"This note goes away {span(RECENT_RESTART_S)} after the last restart."
            )
    return faults


def health(connection: Connection[tuple[Any, ...]]) -> dict[str, Any]:
    """`status` ok, degraded or down, the `reasons` in words, and the figures; ready for JSON.

    Cost: a few index look-ups. Never raises on a database that fails: that is `down`.
    """
    try:
        found, behind, stalling = processes(connection), lags(connection), blockers(connection)
        (version,) = connection.execute(QUERIES["version"]).fetchone() or ("?",)
    except psycopg.Error as fault:
        return {"status": "down", "reasons": [f"The database does not answer ({type(fault).__name__})."]}
    reasons = process_faults(found)
    reasons += [
        f"The {lag.lane} lane is {span(lag.seconds)} behind ({lag.requests} requests)."
        for lag in behind
        if lag.is_alarming
    ]
    reasons += [blocker.sentence() for blocker in stalling]
    return {
        "status": "degraded" if reasons else "ok",
        "reasons": reasons,
        "database": {"version": version},
        "processes": [
            {
                "name": process.name,
                "is_alive": process.is_alive,
                "beat_age_s": round(process.beat_age_s, 1),
                "age_s": round(process.age_s, 1),
                "restarts": process.restarts,
            }
            for process in found.values()
        ],
        "lag": [{"lane": lag.lane, "requests": lag.requests, "seconds": round(lag.seconds, 1)} for lag in behind],
    }


def restarts_in_words(count: int) -> str:
    """ "no restart", "1 restart", "2 restarts"."""
    return f"{count or 'no'} {'restart' if count <= 1 else 'restarts'}"


def times(count: int) -> str:
    """ "once", "3 times"."""
    return "once" if count == 1 else f"{count} times"


def span(seconds: float) -> str:
    """ "90 s", "12 min", "3 h", "5 days"."""
    for size, unit in ((172_800, ("days", 86_400)), (7_200, ("h", 3_600)), (120, ("min", 60))):
        if seconds >= size:
            return f"{seconds / unit[1]:.0f} {unit[0]}"
    return f"{seconds:.0f} s"
