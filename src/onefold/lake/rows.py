"""Events of PostgreSQL as rows of the lake."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Unavailable
from onefold.lake.delta import schema_of, stored_columns
from onefold.lake.promoted import Promoted, columns_sql, promoted_column, values_sql
from onefold.lake.tables import BUCKETS, EVENTS, FRESH_BUCKET, FRESH_MONTH

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Connection

HOT: Final[Mapping[str, str]] = load_queries("onefold.lake", "hot.sql")
KINDS: Final = ("identify", "track", "page", "screen", "group", "alias", "link", "retract")
"""By the numbers that `event.kind` has, from 1."""
PATHS: Final = {
    "user_id": "$.userId",
    "anonymous_id": "$.anonymousId",
    "group_id": "$.groupId",
    "context_page_url": "$.context.page.url",
    "context_page_path": "$.context.page.path",
    "context_page_referrer": "$.context.page.referrer",
    "context_campaign_name": "$.context.campaign.name",
    "context_campaign_source": "$.context.campaign.source",
    "context_campaign_medium": "$.context.campaign.medium",
}
"""Column → where it stands in an event's JSON."""
LOOK_AHEAD: Final = 1_000
"""Positions in which the next event is looked for at first."""
log = get_logger(__name__)
SCHEMA: Final = schema_of(stored_columns(EVENTS))


@contextmanager
def connect_arrow(url: str) -> "Iterator[Connection]":
    """A connection to PostgreSQL that answers in Arrow, twenty times as fast as row by row. Raises Unavailable.

    Its questions take one core: live events come first.
    """
    from adbc_driver_manager import OperationalError
    from adbc_driver_postgresql import dbapi

    try:
        with dbapi.connect(url) as connection:
            with connection.cursor() as cursor:
                cursor.execute("set max_parallel_workers_per_gather = 0")
            connection.commit()
            yield connection
    except OperationalError as fault:
        raise Unavailable(f"The database can't be read: {fault}") from fault


def read_arrow(conn: "Connection", query: str) -> pa.Table:
    """The answer of a query."""
    with conn.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetch_arrow_table()


def stream_arrow(conn: "Connection", query: str) -> "Iterator[pa.RecordBatch]":
    """The answer of a query, piece by piece; the first one is empty, so that even no answer has its columns."""
    with conn.cursor() as cursor:
        cursor.execute(query)
        answer = cursor.fetch_record_batch()
        yield pa.RecordBatch.from_pylist([], answer.schema)
        yield from answer


def bounded_arrow(conn: "Connection", query: str, max_bytes: int) -> pa.Table | None:
    """The answer of a query; None when it is larger. Memory: `max_bytes`, and a piece of the answer."""
    pieces, size = [], 0
    for piece in stream_arrow(conn, query):
        pieces.append(piece)
        size += piece.nbytes
        if size > max_bytes:
            return None
    return pa.Table.from_batches(pieces)


def first_position(conn: "Connection", after: int, newest: int) -> int | None:
    """The first event's after `after` up to `newest`; None if there is none. Cost: grows with the gap, not with what
    follows it.

    Looked for in ever wider spans: the least of all that follow would be found by reading them. Positions have gaps:
    transactions that failed, events that were erased.
    """
    span = LOOK_AHEAD
    while after < newest:
        query = HOT["first_position"].format(after=int(after), until=int(after + span))
        first: int | None = read_arrow(conn, query)["position"][0].as_py()
        if first is not None:
            return first
        after += span
        span *= 2
    return None


def events_between(conn: "Connection", after: int, until: int, max_bytes: int) -> pa.Table | None:
    """Events with `after` < position <= `until`, as they are in PostgreSQL; None when they are larger than that.

    A single position is never too large.
    """
    query = HOT["events_between"].format(after=int(after), until=int(until))
    return read_arrow(conn, query) if until == after + 1 else bounded_arrow(conn, query, max_bytes)


def _text(bodies: pa.ChunkedArray) -> pa.ChunkedArray:
    """As UTF-8, as accepted events are; should one not be, U+FFFD stands for what is wrong, and the others go on."""
    try:
        return bodies.cast(pa.string())
    except pa.ArrowInvalid:
        log.warning("event_is_no_utf8")
        return pa.chunked_array([[body.decode(errors="replace") for body in bodies.to_pylist()]], pa.string())


def lake_rows(incoming: pa.Table, promoted: Sequence[Promoted] = ()) -> pa.Table:
    """Rows of the lake's files, sorted, made of `events_between`'s; promoted columns come last.

    An event whose JSON can't be read keeps its body; its columns are null. Cost: about 4 µs a row and core.
    """
    place = incoming.schema.get_field_index("body")
    incoming = incoming.set_column(place, "body", _text(incoming["body"]))
    with duckdb.connect() as memory:
        memory.execute("set TimeZone = 'UTC'")
        memory.register("incoming", incoming)
        rows: pa.Table = memory.sql(_rows_sql(promoted)).to_arrow_table()
        return rows.cast(schema_with(promoted))


def hot_rows(incoming: pa.Table, promoted: Sequence[Promoted] = ()) -> pa.Table:
    """As `lake_rows`, with the partition of what isn't filed yet."""
    rows = lake_rows(incoming, promoted)
    rows = rows.append_column("month", pa.repeat(pa.scalar(FRESH_MONTH), rows.num_rows))
    rows = rows.append_column("bucket", pa.repeat(pa.scalar(FRESH_BUCKET, pa.int32()), rows.num_rows))
    return rows.select([column.name for column in EVENTS.columns] + [one.column for one in promoted])


def schema_with(promoted: Sequence[Promoted]) -> pa.Schema:
    """Of the lake's files with these properties."""
    return schema_of((*stored_columns(EVENTS), *map(promoted_column, promoted)))


def bucket_of(profile_id: int) -> int:
    """The part of a month in which a profile's events are."""
    return profile_id % BUCKETS


def _rows_sql(promoted: Sequence[Promoted]) -> str:
    known = {
        "kind": f"list_extract({list(KINDS)!r}, incoming.kind)",
        **{name: f"found[{place}]" for place, name in enumerate(PATHS, start=1)},
    }
    columns = [f"{known.get(name, name)} as {name}" for name in SCHEMA.names]
    columns += columns_sql(promoted, "carried")
    carried = f", {values_sql(promoted)} as carried" if promoted else ""
    return (
        f"select {', '.join(columns)} "  # noqa: S608 names of ours, and quoted ones
        f"from (select *, try(json_extract_string(body, {list(PATHS.values())!r})) as found{carried} from incoming) "
        "incoming "
        f"order by {', '.join(EVENTS.sorted_by)}"
    )
