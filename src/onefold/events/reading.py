"""Read the log: two lanes, each in the order (epoch, xid, off), up to the oldest transaction that may still write."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from onefold.events.event import LogRow, Trust
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
