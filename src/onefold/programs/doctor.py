"""`onefold doctor`: looks at everything that can be wrong and says it in plain words."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from onefold.accounts.api import broken_entry
from onefold.config import Settings
from onefold.infra.embedded import database
from onefold.infra.home import find_home
from onefold.infra.postgres import connect
from onefold.kernel.errors import OnefoldError
from onefold.lake.location import location_of
from onefold.lake.standing import standing_of
from onefold.privacy.api import waiting_requests
from onefold.programs.health import QUERIES, blockers, lags, process_faults, processes, restarts_in_words, span
from onefold.programs.migrate import pending_migrations, set_up_django
from onefold.programs.upkeep import missing_partitions

LEAST_FREE_BYTES: Final = 2_000_000_000
LEAST_FREE_RATIO: Final = 0.1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    is_fault: bool
    text: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything, one finding after the other. Starts the embedded server for the time when none runs."""
    try:
        if settings.database.url is None:
            yield disk_space(find_home(settings.database.data_dir).folder)
        with (
            database(settings) as running,
            connect(running.database.address(), "doctor", autocommit=True) as connection,
        ):
            yield from _examine_database(running, connection)
    except OnefoldError as fault:
        yield Finding(True, str(fault))


def examine_running(settings: Settings, connection: Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    """What a running installation can be asked often, beside `health`: partitions, configuration, room on the disk."""
    yield from _examine_partitions(connection)
    yield from _examine_configuration(connection)
    folder = settings.database.data_dir
    if folder.exists():
        yield disk_space(folder)


def _examine_database(settings: Settings, connection: Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    (version,) = connection.execute(QUERIES["version"]).fetchone() or ("?",)
    yield Finding(False, f"The database answers: PostgreSQL {version}.")
    set_up_django(settings)
    if pending := pending_migrations():
        yield Finding(True, f"{len(pending)} migrations are not applied ({pending[0]}, …). Run `onefold migrate`.")
        return  # the tables that the rest asks for may be missing
    yield Finding(False, "All migrations are applied.")
    yield from _examine_processes(connection)
    yield from _examine_log(connection)
    yield from _examine_partitions(connection)
    yield from _examine_configuration(connection)
    yield examine_privacy(connection, datetime.now(UTC))
    yield from examine_lake(settings, connection, datetime.now(UTC))
    yield from _examine_audit(connection)


def _examine_processes(connection: Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    found = processes(connection)
    for process in found.values():
        if process.is_alive:
            restarts = restarts_in_words(process.restarts)
            text = f"{process.name}: alive (pid {process.pid} on {process.host}, {restarts} in this run)."
            yield Finding(False, text)
    for fault in process_faults(found):
        yield Finding(True, fault)


def _examine_log(connection: Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    for lag in lags(connection):
        text = f"The {lag.lane} lane has {lag.requests} unread requests, the oldest {lag.seconds:.0f} s old."
        yield Finding(lag.is_alarming, text)
    for blocker in blockers(connection):
        yield Finding(True, blocker.sentence())


def _examine_partitions(connection: Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    missing = missing_partitions(connection, datetime.now(UTC))
    if missing:
        yield Finding(True, f"Partitions are missing ({', '.join(missing)}); the worker makes them when it runs.")
    row = connection.execute(QUERIES["unpartitioned"]).fetchone() or (False, False)
    for table, is_filled in zip(("event_log_default", "event_default"), row, strict=True):
        if is_filled:
            text = f"{table} holds rows: no partition was there when they came. `onefold migrate` moves them."
            yield Finding(True, text)
    if not missing and not any(row):
        yield Finding(False, "Partitions are made ahead.")


def _examine_configuration(connection: Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    row = connection.execute(QUERIES["stale_config"]).fetchone()
    if row is None:
        yield Finding(False, "All history is folded with the configuration in force.")
        return
    yield Finding(
        True,
        f"The identity configuration or a source's priority changed on {row[0]:%Y-%m-%d %H:%M} UTC; profiles that got "
        "no event since are still as the one before made them. `onefold rebuild` applies it to all.",
    )


def _examine_audit(connection: Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    broken = broken_entry(connection)
    if broken is None:
        yield Finding(False, "The chain of the audit log holds.")
    else:
        yield Finding(True, f"The audit log was changed by hand: the chain breaks at entry {broken}.")


def examine_privacy(connection: Connection[tuple[Any, ...]], now: datetime) -> Finding:
    """Whether people wait for what they asked; after a month that breaks the law."""
    waiting = waiting_requests(connection)
    if waiting is None:
        return Finding(False, "No privacy request waits.")
    age = span((now - waiting.oldest_at).total_seconds())
    one = waiting.n == 1
    text = f"{waiting.n} privacy {'request waits' if one else 'requests wait'}, the oldest for {age}."
    if waiting.n_stopped:
        text += f" {waiting.n_stopped} stopped on an error: look at Privacy, and ask again there."
    if waiting.is_overdue(now):
        text += " The law gives a month."
    return Finding(waiting.is_late(now), text)


def examine_lake(settings: Settings, connection: Connection[tuple[Any, ...]], now: datetime) -> Iterator[Finding]:
    """Whether the lake keeps up, its last run went well, and its disk has room where it isn't the data folder's."""
    standing = standing_of(connection)
    location = location_of(settings)
    faults = standing.faults(now, settings.lake.flush_s)
    if standing.events and not location.is_remote and not Path(location.url).is_dir():
        faults.append(f"There is no lake in {location.url}. Bring it back, or set ONEFOLD_LAKE_URL to where it is.")
    for text in faults:
        yield Finding(True, text)
    if not faults:
        yield Finding(False, f"The lake holds {standing.events:,} events; {standing.waiting:,} are yet to come.")
    folder = Path(location.url)
    if folder.is_dir() and not folder.resolve().is_relative_to(settings.database.data_dir.resolve()):
        yield disk_space(folder, "the lake stays behind")


def disk_space(folder: Path, consequence: str = "PostgreSQL will stop") -> Finding:
    """Whether the disk that holds `folder` has room: 10 % and 2 GB."""
    usage = shutil.disk_usage(folder)
    is_short = usage.free < LEAST_FREE_BYTES or usage.free < usage.total * LEAST_FREE_RATIO
    text = f"{folder} has {usage.free / 1e9:.1f} GB of {usage.total / 1e9:.0f} GB free."
    return Finding(is_short, text + (f" Make room, or {consequence}." if is_short else ""))
