"""Promotes properties to columns, completes them in files that are older, and takes them back.

A promoted column is in the Delta table's schema from the same moment on as in `lake_property`; every flush and every
rewriting gives it to its files under the lake's lock. Questions use it once no file is left without it.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.lake.delta import KEPT_HOURS, add_columns, column_names, files_of, schema_of, stored_columns
from onefold.lake.failpoints import reach
from onefold.lake.files import fault_of, register_files
from onefold.lake.learn import MAX_NAMES, QUERIES
from onefold.lake.location import Location
from onefold.lake.promoted import (
    MAX_PROMOTED,
    TYPES,
    Promoted,
    PromotionRejected,
    Seen,
    column_name,
    columns_sql,
    is_promotable,
    promoted_column,
    values_sql,
    worth_promoting,
)
from onefold.lake.snapshot import File
from onefold.lake.state import maintaining, publish, settled_version
from onefold.lake.tables import EVENTS

SMALL_ROWS: Final = 1_000_000
"""A lake of fewer events is rewritten in seconds. A larger one once a week: what was replaced stays as long."""
MANY_SAMPLED: Final = 500_000
FORGET_ONE_IN: Final = 1_000
log = get_logger(__name__)


def wanted_columns(conn: Connection[Any]) -> list[Promoted]:
    """Properties that every file written from now on has as a column."""
    return _promoted(conn, "wanted")


def promote_frequent(conn: Connection[Any], location: Location) -> list[Promoted]:
    """Promote what events carry often and as one type, if rewriting the lake is due; which that are."""
    with maintaining(conn):
        (sampled,) = conn.execute(QUERIES["sampled"]).fetchone() or (0,)
        seen = [Seen(*row) for row in conn.execute(QUERIES["candidates"]).fetchall()]
        worth = worth_promoting(seen, sampled, MAX_PROMOTED - len(wanted_columns(conn)))
        with conn.transaction():
            if sampled > MANY_SAMPLED:
                conn.execute(QUERIES["halve"])
                conn.execute(QUERIES["halve_sampled"])
            conn.execute(QUERIES["forget"], {"one_in": FORGET_ONE_IN, "many": MAX_NAMES // 2})
        if not worth or not _is_due(conn, location):
            return []
        return _add(conn, location, worth)


def promote(conn: Connection[Any], location: Location, name: str, kind: str | None = None) -> Promoted:
    """Give a property a column, of `kind` or of the type it mostly has. Safe to repeat. Raises PromotionRejected."""
    if not is_promotable(name):
        raise PromotionRejected("The name of a property that is promoted has 1 to 500 characters, none of them NUL.")
    if kind is not None and kind not in TYPES:
        raise PromotionRejected(f"There is no type {kind!r}. There are: {', '.join(TYPES)}.")
    with maintaining(conn):
        wanted = wanted_columns(conn)
        if found := next((one for one in wanted if one.name == name), None):
            if kind not in (None, found.type):
                raise PromotionRejected(f"It is a column of type {found.type} already. Demote it first.")
            return found
        if len(wanted) >= MAX_PROMOTED:
            raise PromotionRejected(f"There are {MAX_PROMOTED} promoted columns already, the most. Demote one first.")
        (added,) = _add(conn, location, [(name, kind or _usual_type(conn, name))])
        return added


def demote(conn: Connection[Any], name: str) -> tuple[str, bool]:
    """Ask the JSON again for this property, named by itself or by its column, and never promote it by itself; its name,
    and whether it had a column. Safe to repeat.
    """
    if not is_promotable(name):
        raise PromotionRejected("There can be no column of this name.")
    with maintaining(conn):
        wanted = {one.column: one.name for one in wanted_columns(conn)}
        name = wanted.get(name, name)
        conn.execute(QUERIES["demote"], {"name": name})
    return name, name in wanted.values()


def lacks_columns(location: Location, file: File, wanted: Sequence[Promoted]) -> bool:
    """Whether a file of events was written before one of these was promoted. Cost: its footer, once a process."""
    return not present_columns(location, file).issuperset(one.column for one in wanted)


def complete(conn: Connection[Any], location: Location) -> None:
    """Let questions use the columns that every file has by now."""
    with maintaining(conn):
        incomplete = _promoted(conn, "incomplete")
        if not incomplete:
            return
        files = files_of(location, EVENTS.name, settled_version(conn, location, EVENTS))
        has = [present_columns(location, file) for file in files]
        done = [one.name for one in incomplete if all(one.column in columns for columns in has)]
        conn.execute(QUERIES["completed"], {"names": done})
    if done:
        log.info("lake_columns_completed", columns=len(done), left=len(incomplete) - len(done))


def register_events(
    memory: duckdb.DuckDBPyConnection, location: Location, files: Sequence[File], promoted: Sequence[Promoted]
) -> None:
    """As `register_files`, as `files`, which has these properties: out of the JSON where a file lacks them."""
    if not promoted:
        register_files(memory, "files", location, EVENTS, files, schema_of(stored_columns(EVENTS)))
        return
    wanted = frozenset(one.column for one in promoted)
    groups: dict[frozenset[str], list[File]] = {}
    for file in files:
        groups.setdefault(present_columns(location, file) & wanted, []).append(file)
    parts = []
    for place, (present, members) in enumerate(groups.items()):
        has = [one for one in promoted if one.column in present]
        columns = (*stored_columns(EVENTS), *map(promoted_column, has))
        register_files(memory, f"files_{place}", location, EVENTS, members, schema_of(columns))
        parts.append(_extended_sql(f"files_{place}", [one for one in promoted if one not in has]))
    memory.execute(f"create or replace temp view files as {' union all by name '.join(parts)}")


def present_columns(location: Location, file: File) -> frozenset[str]:
    """The columns of a file. Raises LakeDamaged, Unavailable."""
    try:
        return _columns(location.url, tuple(sorted(location.options.items())), file.uri)
    except (OSError, pa.ArrowException) as fault:
        raise fault_of([(location, EVENTS, [file])], fault) from fault


@lru_cache(maxsize=10_000)
def _columns(url: str, options: tuple[tuple[str, str], ...], uri: str) -> frozenset[str]:
    location = Location(url, dict(options))
    path = uri.removeprefix(f"{location.table(EVENTS.name)}/")
    with location.files(EVENTS.name).open_input_file(path) as source:
        return frozenset(pq.read_schema(source).names)


def _extended_sql(relation: str, lacking: Sequence[Promoted]) -> str:
    if not lacking:
        return f"select * from {relation}"  # noqa: S608 a name of ours
    columns = ", ".join(columns_sql(lacking, "carried"))
    return f"select * exclude (carried), {columns} from (select *, {values_sql(lacking)} as carried from {relation})"  # noqa: S608 names of ours, and quoted ones


def _promoted(conn: Connection[Any], query: str) -> list[Promoted]:
    return [Promoted(*row) for row in conn.execute(QUERIES[query]).fetchall()]


def _usual_type(conn: Connection[Any], name: str) -> str:
    row = conn.execute(QUERIES["known"], {"name": name}).fetchone()
    kind, share = Seen(*row).usual_type() if row else ("", 0.0)
    if not share:
        raise PromotionRejected(f"No such property was seen lately. Name its type: {', '.join(TYPES)}.")
    return kind


def _is_due(conn: Connection[Any], location: Location) -> bool:
    """Whether rewriting all files is cheap, or the last time is long ago; on a disk with room for it."""
    files = files_of(location, EVENTS.name, settled_version(conn, location, EVENTS))
    (last,) = conn.execute(QUERIES["last_promoted"]).fetchone() or (None,)
    is_time = last is None or last < datetime.now(UTC) - timedelta(hours=KEPT_HOURS)
    if not is_time and sum(file.rows for file in files) > SMALL_ROWS:
        return False
    return location.is_remote or shutil.disk_usage(Path(location.url)).free > 3 * sum(file.size_bytes for file in files)


def add_wanted(conn: Connection[Any], location: Location) -> None:
    """The table has a column for each property that files have, also when it is a new one. Locked."""
    version = settled_version(conn, location, EVENTS)
    committed = add_columns(location, EVENTS, [promoted_column(one) for one in wanted_columns(conn)])
    if committed != version:
        publish(conn, location, EVENTS, version, committed)


def _add(conn: Connection[Any], location: Location, worth: Sequence[tuple[str, str]]) -> list[Promoted]:
    """Give these names and types columns, in one step. Locked."""
    version = settled_version(conn, location, EVENTS)
    known = {row[0]: row[1:] for row in conn.execute(QUERIES["columns"]).fetchall()}
    taken = {column for column, _, _ in known.values()} | column_names(location, EVENTS)
    added = []
    for name, kind in worth:
        column, old_kind, _ = known.get(name, (None, None, None))
        one = Promoted(name, column if column and old_kind == kind else column_name(name, taken), kind)
        taken.add(one.column)
        added.append(one)
    committed = add_columns(location, EVENTS, [promoted_column(one) for one in added])
    reach("promote: committed")
    with conn.transaction():
        publish(conn, location, EVENTS, version, committed)
        for one in added:
            conn.execute(QUERIES["promote"], one._asdict())
    reach("promote: published")
    log.info("lake_columns_added", columns=len(added))
    return added
