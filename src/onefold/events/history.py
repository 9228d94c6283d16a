"""Accepted events that explain something: found again by fragment, receipt or id, each time a bounded number."""

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Connection

from onefold.events.accepted import Stored, decode_rows
from onefold.infra.arrays import bigints, instants, texts, uuids
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of

QUERIES = load_queries("onefold.events", "history.sql")


def events_until(conn: Connection[Any], fragments: Collection[int], until: int, limit: int) -> list[Stored]:
    """Up to `limit` events of these fragments that were received by then (µs), in no order. Cost: their number."""
    parameters = {"fragments": bigints(list(fragments)), "until": instant_of(until), "limit": limit}
    return list(decode_rows(conn.execute(QUERIES["events_until"], parameters, binary=True)))


def events_received(conn: Connection[Any], asked: Sequence[tuple[int, int, str]], limit: int) -> list[Stored]:
    """Up to `limit` events for each (fragment, receipt in µs, text), those that hold the text first.

    Cost: a fragment's events of that week, each.
    """
    if not asked:
        return []
    parameters = {
        "fragments": bigints([fragment for fragment, _at, _text in asked]),
        "received_at": instants([received_at for _fragment, received_at, _text in asked]),
        "texts": texts([text for _fragment, _at, text in asked]),
        "limit": limit,
    }
    return list(decode_rows(conn.execute(QUERIES["events_received"], parameters, binary=True)))


def events_by_id(conn: Connection[Any], ids: Collection[bytes]) -> list[Stored]:
    """Accepted deliveries of these events. Cost: an index probe an id and week."""
    if not ids:
        return []
    return list(decode_rows(conn.execute(QUERIES["events_by_id"], {"ids": uuids(list(ids))}, binary=True)))


def identifies_of(conn: Connection[Any], fragments: Collection[int], until: int, limit: int) -> list[Stored]:
    """The latest identify events received by then (µs), newest first. Cost: every event of the fragments."""
    parameters = {"fragments": bigints(list(fragments)), "until": instant_of(until), "limit": limit}
    return list(decode_rows(conn.execute(QUERIES["identifies_of"], parameters, binary=True)))
