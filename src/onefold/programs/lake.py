"""`onefold lake …`: what a person, or the worker's timer, asks of the lake. Each command is a process of its own.

Each imports what it needs and no more: a flush comes every minute, and half of its time was imports.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from psycopg import Connection

from onefold.config import Settings
from onefold.infra.logs import get_logger
from onefold.infra.postgres import connect
from onefold.kernel.errors import OnefoldError
from onefold.lake.location import Location, location_of
from onefold.lake.state import clear_fault, note_caught_up, note_fault

if TYPE_CHECKING:
    from onefold.lake.flush import Flushed
    from onefold.lake.status import Status

PENDING_AT_ONCE: Final = 10_000
log = get_logger(__name__)


def main(settings: Settings, options: argparse.Namespace) -> int:
    """One command, `options.what`; the exit status: 1 when `verify` found a fault."""
    url, location = settings.database.address(), location_of(settings)
    lines, status = _run(url, location, options)
    if not options.quiet:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return status


def _run(url: str, location: Location, options: argparse.Namespace) -> tuple[list[str], int]:
    """What there is to say, and the exit status."""
    match options.what:
        case "status":
            from onefold.lake.status import status_of

            return _status_lines(status_of(url, location)), 0
        case "flush":
            done = _noted(url, "flush", lambda conn: _flush(conn, url, location))
            return [f"{done.events:,} events went into the lake."], 0
        case "thaw":
            return [f"{_noted(url, 'thaw', lambda conn: _thaw(conn, location)):,} histories were fetched."], 0
        case "compact":
            return [_compact(url, location, everything=options.all)], 0
        case "verify":
            return _verify(url, location)
        case "begin-anew":
            from onefold.lake.anew import begin_anew

            _noted(url, "flush", lambda conn: begin_anew(conn, location))
            return ["The lake begins anew: the worker fills it. Start Onefold again."], 0
        case "promote" | "demote":
            return [_change_columns(url, location, options)], 0
        case _:
            from onefold.lake.export import export

            return [f"{name}: {count:,} rows" for name, count in export(url, location, options.folder).items()], 0


def _flush(conn: Connection[Any], url: str, location: Location) -> "Flushed":
    from onefold.lake.flush import flush
    from onefold.lake.state import name_namespaces

    name_namespaces(conn, _namespaces(conn))
    done = flush(conn, url, location)
    note_caught_up(conn)
    return done


def _change_columns(url: str, location: Location, options: argparse.Namespace) -> str:
    from onefold.lake.promote import demote, promote

    with connect(url, "lake", autocommit=True) as conn:
        if options.what == "demote":
            name, had_column = demote(conn, options.name)
            was = "is read out of the JSON again" if had_column else "has no column"
            return f"{name} {was}, and won't be promoted by itself."
        one = promote(conn, location, options.name, options.type)
    return (
        f"{options.name} is the column {one.column} ({one.type}) of every file from now on. Older ones get it by the "
        "hourly compaction, or now by `onefold lake compact`; then questions use it."
    )


def _noted(url: str, action: str, run: Callable[[Connection[Any]], Any]) -> Any:  # noqa: ANN401 what `run` returns
    """Run with a connection; a fault is kept in PostgreSQL for the pages and the doctor, and raised."""
    with connect(url, "lake", autocommit=True) as conn:
        try:
            done = run(conn)
        except OnefoldError as fault:
            log.warning("lake_run_failed", fault=type(fault).__name__)
            with suppress(OnefoldError), connect(url, "lake", autocommit=True) as other:
                note_fault(other, action, str(fault))
            raise
        clear_fault(conn, action)
        return done


def _compact(url: str, location: Location, *, everything: bool) -> str:
    from onefold.lake.compact import compact
    from onefold.lake.refresh import refresh

    _noted(url, "flush", lambda conn: _flush(conn, url, location))
    _noted(url, "refresh", lambda conn: refresh(conn, url, location, _namespaces(conn)))
    done = _noted(url, "compact", lambda conn: compact(conn, location, everything=everything))
    return f"{done.rows:,} events rewritten; {done.files_before:,} files before, {done.files_after:,} now."


def _thaw(conn: Connection[Any], location: Location) -> int:
    """What the processor waits for, and what was taken back and may be in the lake only."""
    from onefold.events.api import end_pending, make_ready, pending_retractions
    from onefold.lake.cold import known_ids
    from onefold.lake.thaw import thaw_events, thaw_wanted

    fetched = 0
    while ids := pending_retractions(conn, PENDING_AT_ONCE):
        found = thaw_events(conn, location, ids) | known_ids(conn, ids)  # of today's events the lake may have none
        make_ready(conn, found)
        end_pending(conn, [one for one in ids if one not in found])
        fetched += len(found)
    return fetched + thaw_wanted(conn, location)


def _namespaces(conn: Connection[Any]) -> dict[int, str]:
    from onefold.identity.api import load_config

    return {namespace.code: namespace.name for namespace in load_config(conn)[1].namespaces}


def _verify(url: str, location: Location) -> tuple[list[str], int]:
    from onefold.lake.verify import verify

    found = verify(url, location)
    lines = [
        *found.faults,
        f"{found.events_in_lake:,} events in the lake; {found.events_compared:,} compared with PostgreSQL, "
        f"{found.fragments_compared:,} fragments with their profiles.",
        "They differ: see above." if found.faults else "Every event is there once, and the same.",
    ]
    return lines, 1 if found.faults else 0


def _status_lines(found: "Status") -> list[str]:
    lines = [f"Lake: {found.url}"]
    for table in found.tables:
        fresh = f", {table.fresh_files:,} of them fresh" if table.fresh_files else ""
        lines.append(
            f"{table.name}: {table.rows:,} rows in {_files(table.files)}{fresh}, {_megabytes(table.size_bytes)}, "
            f"version {table.version}"
        )
    since = f", the oldest received {found.waiting_since:%Y-%m-%d %H:%M:%S} UTC" if found.waiting_since else ""
    lines.append(f"Not in the lake yet: {found.waiting:,} events{since}")
    lines.append(f"Rows that the next compaction leaves out: {found.gone:,}")
    lines.append(
        f"Fragments whose rows stand under a former profile: {found.overrides:,} (readers put that right; a compaction "
        f"rewrites them once they are many)"
    )
    lines.append(
        f"Events received before {found.hot_since:%Y-%m-%d} are in the lake only."
        if found.hot_since
        else "PostgreSQL has every event, too."
    )
    columns = [
        one["column"] + ("" if one["is_complete"] else " (being written)") for one in found.properties if one["column"]
    ]
    lines.append(f"Promoted columns: {', '.join(columns) or 'none'}")
    if found.fault:
        lines.append(f"WRONG: {found.fault}")
    return lines


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n:,} files"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:,.1f} MB"
