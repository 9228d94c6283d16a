"""Read the log: two lanes, each in the order (epoch, xid, off), up to the oldest transaction that may still write."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg import Connection

from onefold.events.envelope import without_events
from onefold.events.event import LogRow, Trust
from onefold.infra.arrays import bigints, booleans, byteas, instants, integers, smallints, texts
from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.events", "reading.sql")
INTERACTIVE, BULK = 0, 1
BULK_SHARE = 0.1
"""Of a full batch this much is the bulk lane's, so that an import goes on under live load."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """The last row read of a lane."""

    lane: int
    epoch: int
    xid: int
    off: int


def lock_positions(conn: Connection[Any]) -> dict[int, Position]:
    """Where each lane stands. Holds the lock till the transaction ends: one processor owns the log."""
    rows = conn.execute(QUERIES["positions"])
    return {lane: Position(lane=lane, epoch=epoch, xid=xid, off=off) for lane, epoch, xid, off in rows}


def has_unread(conn: Connection[Any]) -> bool:
    row = conn.execute(QUERIES["has_unread"]).fetchone()
    return bool(row and row[0])


def read_batch(conn: Connection[Any], positions: dict[int, Position], max_events: int) -> list[LogRow]:
    """Up to about `max_events` events: the interactive lane first, then the bulk lane."""
    rows = read_lane(conn, positions[INTERACTIVE], max_events)
    left = max(max_events - sum(row.n for row in rows), int(max_events * BULK_SHARE), 1)
    return rows + read_lane(conn, positions[BULK], left)


def after(positions: dict[int, Position], rows: list[LogRow]) -> dict[int, Position]:
    """Where the lanes will stand when `rows` are processed."""
    last = {row.lane: Position(lane=row.lane, epoch=row.epoch, xid=row.xid, off=row.off) for row in rows}
    return positions | last


def advance(conn: Connection[Any], rows: list[LogRow]) -> None:
    """Everything up to the last of `rows` in each lane is processed."""
    last = {row.lane: row for row in rows}
    for lane, row in last.items():
        conn.execute(QUERIES["advance"], {"lane": lane, "epoch": row.epoch, "xid": str(row.xid), "off": row.off})


def read_lane(conn: Connection[Any], position: Position, max_events: int) -> list[LogRow]:
    """The next rows of one lane, up to about `max_events` events."""
    parameters = {
        "lane": position.lane,
        "epoch": position.epoch,
        "xid": str(position.xid),
        "off": position.off,
        "max_rows": max_events,
        "max_events": max_events,
    }
    cursor = conn.cursor(binary=True)
    rows = cursor.execute(QUERIES["read"], parameters)
    return [
        LogRow(epoch, xid, off, lane, source_id, Trust(trust), received_at, n, ip, user_agent, body)
        for epoch, xid, off, lane, source_id, trust, received_at, n, ip, user_agent, body in rows
    ]


class NewBody(NamedTuple):
    """What a row of the log is to hold from now on; `is_empty`: no event is left, so it forgets whose it was, too."""

    received_at: int  # µs
    lane: int
    epoch: int
    xid: int
    off: int
    body: bytes
    is_empty: bool


def forget_events(conn: Connection[Any], unkept: Sequence[tuple[LogRow, Collection[int]]]) -> None:
    """Take events out of their requests in the log; places as `decode_each` has them. Cost: these rows anew."""
    if unkept:
        rewrite_rows(
            conn,
            [
                NewBody(row.received_at, row.lane, row.epoch, row.xid, row.off, *without_events(row.body, places))
                for row, places in unkept
            ],
        )


def rewrite_rows(conn: Connection[Any], rows: Sequence[NewBody]) -> None:
    """Give rows of the log other bodies. Cost: an index probe and a write each."""
    if rows:
        columns = {
            "received_at": instants([row.received_at for row in rows]),
            "lane": smallints([row.lane for row in rows]),
            "epoch": integers([row.epoch for row in rows]),
            "xid": texts([str(row.xid) for row in rows]),
            "off": bigints([row.off for row in rows]),
            "body": byteas([row.body for row in rows]),
            "is_empty": booleans([row.is_empty for row in rows]),
        }
        conn.execute(QUERIES["rewrite"], columns)
