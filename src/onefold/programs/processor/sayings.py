"""What accepted events say, equal ones together: of most people's events nearly all say the same.

Events are grouped by their gist in DuckDB; each distinct one is then decoded once, by the code that the stream uses.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute

from onefold.events.api import (
    INTERNAL_SOURCE,
    Decoded,
    Flag,
    Kind,
    LogRow,
    Tallies,
    Trust,
    decode_accepted,
    gists_of,
    order_sign,
    readable,
    stands_alone,
    views_of,
)
from onefold.identity.api import CLAIMED_SQL
from onefold.infra.postgres import load_queries
from onefold.programs.processor.bulk import BATCH_ROWS, Row, read

QUERIES: Final = load_queries("onefold.programs.processor", "sayings.sql")
CHUNK_ROWS: Final = 50_000
_VIEWS: Final = frozenset((Kind.PAGE, Kind.SCREEN))
_BOT, _GPC = int(Flag.BOT), int(Flag.GPC)
_GIST: Final = {"kind": pa.int32(), "own": pa.int64(), "gist": pa.string(), "page": pa.string()}
"""What a chunk has instead of the event's body."""


class Saying(NamedTuple):
    """What `n` events say alike; times in µs. `event` stands for the latest of them."""

    event: Decoded
    n: int
    first_ts: int
    last_ts: int
    first_received_at: int
    claimed: int


class Sayings:
    """Of every accepted event, in tables of `memory`; those of `withheld` fragments only count in sums."""

    def __init__(self, memory: duckdb.DuckDBPyConnection, withheld: Iterable[int]) -> None:
        self._memory, self._withheld = memory, list(withheld)
        self._orders = Tallies()
        memory.execute(QUERIES["tables"])

    def take_in(self, events: Iterable[pa.Table]) -> None:
        """`events` like `lake.history.SCHEMA`. Cost: about 3 µs each."""
        for rows in _joined(events):
            self._memory.register("chunk", self._chunk(rows))
            for name in ("say", "count_events", "count_pages"):
                self._memory.execute(QUERIES[name].format(claimed=CLAIMED_SQL))
            self._memory.unregister("chunk")

    def __iter__(self) -> Iterator[Saying]:
        """Each once. Cost: about 5 µs, and a sort."""
        return map(_saying, read(self._memory, QUERIES["sayings"]))

    def tallies(self) -> Iterator[Tallies]:
        """Sums of all events, in parts."""
        yield self._orders
        by_hour, by_day = (read(self._memory, QUERIES[name]) for name in ("events_by_hour", "pages_by_day"))
        while rows := list(islice(by_hour, BATCH_ROWS)):
            part = Tallies()
            part.events.update({(hour, source_id): n for hour, source_id, n in rows})
            yield part
        while rows := list(islice(by_day, BATCH_ROWS)):
            part = Tallies()
            part.pages.update({(day, page): n for day, page, n in rows})
            yield part

    def _chunk(self, rows: pa.Table) -> pa.Table:
        flags, fragments = rows["flags"].to_numpy(), rows["fragment_id"].to_numpy()
        marks = {
            "is_bot": flags & _BOT != 0, "is_gpc": flags & _GPC != 0, "is_withheld": np.isin(fragments, self._withheld),
        }  # fmt: skip
        for name, mark in marks.items():
            rows = rows.append_column(name, pa.array(mark))
        parts: list[pa.Table] = []
        for code in pa.compute.unique(rows["kind"]).to_pylist():
            some = rows.filter(pa.compute.equal(rows["kind"], code))
            if Kind(code) is Kind.TRACK:  # Onefold's own may be of companies, whom their gist then names
                own = pa.compute.equal(some["source_id"], INTERNAL_SOURCE)
                parts += self._gists(Kind.TRACK, some.filter(own), is_internal=True)
                some = some.filter(pa.compute.invert(own))
            parts += self._gists(Kind(code), some)
        return pa.concat_tables(parts)

    def _gists(self, kind: Kind, rows: pa.Table, *, is_internal: bool = False) -> Iterator[pa.Table]:
        """Of events of one kind; nothing of retractions."""
        names = pa.compute.unique(rows["name"]).to_pylist()
        if kind is Kind.TRACK:
            self._count_orders(rows, names)
        alone = pa.compute.is_in(rows["name"], pa.array([n for n in names if stands_alone(kind, n)], pa.string()))
        said, said_alone = rows.filter(pa.compute.invert(alone)), rows.filter(alone)
        bodies = said["body"].to_pylist()
        yield _with_gists(said_alone, kind, said_alone["body"].cast(pa.string()), own=said_alone["position"])
        if kind in _VIEWS:
            gists, pages = views_of(said["name"].to_pylist(), bodies)
            yield _with_gists(said, Kind.PAGE, gists, page=pages)
        elif bodies and kind is not Kind.RETRACT:
            told = Kind.PAGE if kind is Kind.TRACK and not is_internal else kind
            yield _with_gists(said, told, gists_of(kind, bodies, is_internal=is_internal))

    def _count_orders(self, rows: pa.Table, names: Iterable[str]) -> None:
        for name in names:
            if (worth := order_sign(name)) is not None:
                orders = rows.filter(pa.compute.equal(rows["name"], name))
                for ts, body in zip(orders["ts"].to_pylist(), orders["body"].to_pylist(), strict=True):
                    self._orders.add_order(ts, body, worth)


def _saying(row: Row) -> Saying:
    source_id, trust, kind, is_gpc, own, gist, *facts, latest = row
    n, first_ts, last_ts, first_received_at, claimed = facts
    body = gist.encode() if own is not None else readable(kind, gist.encode())
    ts, received_at, id_ = latest.values() if latest else (last_ts, first_received_at, b"")
    log_row = LogRow(0, 0, 0, 0, source_id, Trust(trust), received_at, 1, "", "", body)
    event = decode_accepted(log_row, id_=id_, message_id="", ts=ts, flags=_GPC if is_gpc else 0)
    return Saying(event, n, first_ts, last_ts, first_received_at, claimed)


def _with_gists(rows: pa.Table, kind: Kind, gist: Any, *, own: Any = None, page: Any = None) -> pa.Table:  # noqa: ANN401 columns or lists of values
    made = {"kind": [int(kind)] * rows.num_rows, "own": own, "gist": gist, "page": page}
    rows = rows.drop_columns(["position", "fragment_id", "flags", "kind", "name", "body"])
    for name, values in made.items():
        is_column = isinstance(values, pa.ChunkedArray)
        rows = rows.append_column(name, values if is_column else _column(values, rows.num_rows, _GIST[name]))
    return rows


def _column(values: list[Any] | None, n: int, of_type: pa.DataType) -> pa.Array:
    return pa.nulls(n, of_type) if values is None else pa.array(values, of_type)


def _joined(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in fewer tables, of CHUNK_ROWS at least but for the last."""
    waiting: list[pa.Table] = []
    for rows in tables:
        waiting.append(rows)
        if sum(one.num_rows for one in waiting) >= CHUNK_ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
