"""Refresh the lake's tables of people, memberships, companies and overrides: what changed since, bucket by bucket."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import duckdb
import pyarrow as pa
from deltalake.transaction import AddAction, RemoveAction
from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.lake.delta import commit, files_of, removed, schema_of, stored_columns
from onefold.lake.failpoints import reach
from onefold.lake.files import register_files, working_memory, write_rows, write_stream
from onefold.lake.location import Location
from onefold.lake.people import BUCKET_SQL, KEYS, QUERIES, SELECTS, Stand, have_companies_changed, stand_in
from onefold.lake.reading import one_moment
from onefold.lake.rows import HOT, read_arrow, stream_arrow
from onefold.lake.snapshot import File
from onefold.lake.state import maintaining, name_namespaces, publish, settled_version
from onefold.lake.tables import (
    COMPANIES,
    FRAGMENT_OVERRIDES,
    MEMBERSHIPS,
    PROFILES,
    ROW_GROUP_ROWS,
    Table,
)

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Connection as ArrowConnection

MANY_TOUCHED: Final = 200_000
"""Above so many profiles everything is read afresh: one scan is cheaper than as many probes."""
log = get_logger(__name__)


class _Change(NamedTuple):
    """A table's commit that is to be published."""

    table: Table
    before: int
    version: int


def refresh(conn: Connection[Any], url: str, location: Location, namespaces: Mapping[int, str]) -> int:
    """Bring these tables up to now; how many profiles were looked at. `namespaces`: names by code.

    Safe to repeat, to kill, and to run beside everything else. Cost: the profiles that may have changed, and rewriting
    the buckets they are in; the first time all of them.
    """
    with maintaining(conn), one_moment(url) as moment, working_memory() as memory:
        name_namespaces(conn, namespaces)
        stand = stand_in(moment)
        if not stand.has_news:
            return 0
        noted = read_arrow(moment, QUERIES["noted"])["seq"].to_pylist()
        of_people = _touched(moment, stand, PROFILES)
        touched = dict.fromkeys(KEYS, of_people) | {MEMBERSHIPS: _touched(moment, stand, MEMBERSHIPS)}
        _load(memory, moment, touched)
        changes = [
            *(_replace_people(conn, memory, location, table, is_whole=touched[table] is None) for table in KEYS),
            *_replace_small(conn, moment, location, stand),
        ]
        reach("refresh: committed")
        with conn.transaction():
            for change in changes:
                if change.version != change.before:
                    publish(conn, location, change.table, change.before, change.version)
            conn.execute(QUERIES["forget_touched"], {"noted": noted})
            conn.execute(
                QUERIES["refreshed"], {"position": stand.last, "move": stand.last_move, "change": stand.last_change}
            )
        reach("refresh: published")
        ((count,),) = memory.sql("select count(*) from profiles").fetchall()
    log.info("lake_refreshed", profiles=count, is_whole=of_people is None)
    return int(count)


def _touched(moment: "ArrowConnection", stand: Stand, table: Table) -> pa.Array | None:
    """Profiles of which the table may have changed rows; None = too many, or nobody knows."""
    if stand.is_first(table):
        return None
    found = read_arrow(moment, stand.touched_sql(table))["profile_id"].combine_chunks()
    return None if len(found) > MANY_TOUCHED else found


def _load(
    memory: duckdb.DuckDBPyConnection, moment: "ArrowConnection", touched: Mapping[Table, pa.Array | None]
) -> None:
    """The rows as PostgreSQL has them now, as tables of the same names, and `touched_NAME`."""
    for table, key in KEYS.items():
        ids = touched[table]
        of_whom = pa.table([ids if ids is not None else pa.array([], pa.int64())], ["profile_id"])
        memory.register(f"touched_{table.name}", of_whom)
        is_touched = "true" if ids is None else f"{key} = any('{{{','.join(map(str, ids.to_pylist()))}}}'::bigint[])"
        for place, batch in enumerate(stream_arrow(moment, QUERIES[table.name].format(touched=is_touched))):
            memory.register("piece", pa.table(batch))
            into = f"create temp table {table.name} as" if place == 0 else f"insert into {table.name}"
            memory.execute(f"{into} {SELECTS[table.name]} from piece")


def _replace_people(
    conn: Connection[Any], memory: duckdb.DuckDBPyConnection, location: Location, table: Table, *, is_whole: bool
) -> _Change:
    """Rewrite the buckets of a table that have changed rows."""
    version = settled_version(conn, location, table)
    files = files_of(location, table.name, version)
    wanted = {bucket for (bucket,) in memory.sql(_BUCKETS_SQL.format(name=table.name)).fetchall()}
    old = [file for file in files if is_whole or int(file.partition["bucket"]) in wanted]
    actions: list[AddAction | RemoveAction] = [removed(location, table.name, file) for file in old]
    for bucket in sorted(wanted):
        actions += _bucket_file(memory, location, table, bucket, [] if is_whole else _in_bucket(old, bucket))
    reach("refresh: files written")
    if not actions:
        return _Change(table, version, version)
    return _Change(table, version, commit(location, table, version, actions, {"onefold.operation": "refresh"}))


def _in_bucket(files: Sequence[File], bucket: int) -> list[File]:
    return [file for file in files if int(file.partition["bucket"]) == bucket]


def _bucket_file(
    memory: duckdb.DuckDBPyConnection, location: Location, table: Table, bucket: int, old: Sequence[File]
) -> Iterator[AddAction]:
    schema = schema_of(stored_columns(table))
    register_files(memory, "old", location, table, old, schema)
    query = f"""
    select {", ".join(schema.names)} from {table.name} where bucket = {bucket}
    union all select {", ".join(schema.names)} from old anti join touched_{table.name} using (profile_id)
    order by {", ".join(table.sorted_by)}
    """  # noqa: S608 our own names
    rows = memory.sql(query).to_arrow_reader(ROW_GROUP_ROWS)
    yield write_stream(location, table, {"bucket": str(bucket)}, _cast(rows, schema))


def _cast(rows: pa.RecordBatchReader, schema: pa.Schema) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in rows))


def _replace_small(
    conn: Connection[Any], moment: "ArrowConnection", location: Location, stand: Stand
) -> Iterator[_Change]:
    """Small tables, each in one file: companies if there may be news of them, and the overrides."""
    if have_companies_changed(moment, stand):
        yield _replace_whole(conn, location, COMPANIES, read_arrow(moment, QUERIES["companies"]))
    yield _replace_whole(
        conn, location, FRAGMENT_OVERRIDES, read_arrow(moment, HOT["overrides"].format(fragments="null"))
    )


def _replace_whole(conn: Connection[Any], location: Location, table: Table, rows: pa.Table) -> _Change:
    version = settled_version(conn, location, table)
    files = files_of(location, table.name, version)
    if not files and not rows.num_rows:
        return _Change(table, version, version)
    schema = schema_of(stored_columns(table))
    actions: list[AddAction | RemoveAction] = [removed(location, table.name, file) for file in files]
    actions.append(write_rows(location, table, {}, rows.select(schema.names).cast(schema)))
    return _Change(table, version, commit(location, table, version, actions, {"onefold.operation": "refresh"}))


_BUCKETS_SQL: Final = f"select distinct bucket from {{name}} union select {BUCKET_SQL} from touched_{{name}}"  # noqa: S608 our names
