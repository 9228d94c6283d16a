"""Every accepted event, once: what is in the lake's files, and what isn't yet, as of the caller's transaction.

For whoever folds all of history beside tables of PostgreSQL. Questions ask a `Snapshot` instead, which is taken over a
connection of its own, and of a very long tail has only the beginning.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.dataset as ds
from psycopg import Connection
from pyarrow.fs import LocalFileSystem

from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Unavailable
from onefold.lake.damage import damage_in, sentence_on
from onefold.lake.delta import demand_extent
from onefold.lake.files import PARQUET
from onefold.lake.location import Location
from onefold.lake.rows import KINDS
from onefold.lake.snapshot import File
from onefold.lake.state import LakeDamaged, progress_of
from onefold.lake.storage import folder_of
from onefold.lake.tables import EVENTS, ROW_GROUP_ROWS

QUERIES: Final = load_queries("onefold.lake", "history.sql")
SCHEMA: Final = pa.schema(
    [
        ("position", pa.int64()),
        ("event_id", pa.binary()),
        ("fragment_id", pa.int64()),
        ("ts", pa.int64()),
        ("received_at", pa.int64()),
        ("source_id", pa.int32()),
        ("kind", pa.int32()),
        ("trust", pa.int32()),
        ("flags", pa.int32()),
        ("name", pa.string()),
        ("body", pa.binary()),
    ]
)
"""Of what is yielded: times in µs, `kind` as in the table `event`."""
_AHEAD: Final = 4
"""Batches of ROW_GROUP_ROWS that are read ahead of the one in hand: some 15 MB each."""


def all_events(conn: Connection[Any], location: Location) -> Iterator[pa.Table]:
    """Tables like SCHEMA, of up to 20,000 rows, in no order, also of fragments that are withheld.

    As of `conn`'s transaction, which is to be repeatable-read: files that its version of the lake names stay for a
    week. Raises Unavailable when the lake can't be read, LakeDamaged when it has lost something.
    """
    progress = progress_of(conn)
    gone = np.array([position for (position,) in conn.execute(QUERIES["gone"])], np.int64)
    for version, files, rows in conn.execute(QUERIES["version"], {"name": EVENTS.name}).fetchall():
        for file in demand_extent(location, EVENTS.name, version, files, rows):
            yield from _without(gone, _rows_of(location, file))
    yield from _hot(conn, progress.flushed)


def _rows_of(location: Location, file: File) -> Iterator[pa.Table]:
    store = folder_of(location, EVENTS.name)
    path = file.uri.removeprefix(f"{location.table(EVENTS.name)}/")
    if not location.is_remote:  # without the way through the object stores' library
        store, path = LocalFileSystem(), file.uri
    n = 0
    try:
        found = ds.dataset(path, format=PARQUET, filesystem=store)
        for batch in found.to_batches(
            columns=SCHEMA.names, batch_size=ROW_GROUP_ROWS, batch_readahead=_AHEAD, fragment_readahead=1
        ):
            n += batch.num_rows
            yield _as_stored(pa.Table.from_batches([batch]))
    except (OSError, pa.ArrowException) as fault:
        raise _fault_of(location, file, fault) from fault
    if n != file.rows:
        raise LakeDamaged(sentence_on([(file, f"has {n:,} rows instead of {file.rows:,}")]))


def _fault_of(location: Location, file: File, fault: Exception) -> Exception:
    """LakeDamaged if the file is not what it was."""
    try:
        if damaged := damage_in(location, EVENTS, [file]):
            return LakeDamaged(sentence_on(damaged))
    except OSError as other:
        fault = other
    return Unavailable(f"The lake can't be read: {fault}")


def _as_stored(rows: pa.Table) -> pa.Table:
    """Kinds as numbers, instants as µs, bodies as bytes."""
    kinds = pa.compute.index_in(rows["kind"], pa.array(KINDS, rows["kind"].type))
    rows = rows.set_column(rows.schema.get_field_index("kind"), "kind", pa.compute.add(kinds, 1))
    return rows.cast(SCHEMA)


def _without(gone: np.ndarray, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    for rows in tables:
        yield rows.filter(~np.isin(rows["position"].to_numpy(), gone)) if gone.size else rows


def _hot(conn: Connection[Any], flushed: int) -> Iterator[pa.Table]:
    with conn.cursor("all_events", binary=True) as cursor:
        cursor.itersize = ROW_GROUP_ROWS
        cursor.execute(QUERIES["hot"], {"flushed": flushed})
        while found := cursor.fetchmany(ROW_GROUP_ROWS):
            yield _table(found)


def _table(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)], SCHEMA)
