"""Accepted events that explain something: found again by fragment, receipt or id, each time a bounded number."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from onefold.events.accepted import Stored, decode_rows
from onefold.infra.arrays import bigints, instants, texts, uuids
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import instant_of
from onefold.lake.cold import warm_up, warm_up_ids

QUERIES = load_queries("onefold.events", "history.sql")


def events_until(conn: Connection[Any], fragments: Collection[int], until: int, limit: int) -> list[Stored]:
    """Up to `limit` events of these fragments that were received by then (µs), in no order. Cost: their number."""
    warm_up(conn, fragments)
    parameters = {"fragments": bigints(list(fragments)), "until": instant_of(until), "limit": limit}
    return list(decode_rows(conn.execute(QUERIES["events_until"], parameters, binary=True)))


class Sighting(NamedTuple):
    """Where an event is looked for that named two identifiers: times in µs, `text` what it holds."""

    fragment: int
    received_at: int
    ts: int
    text: str


def events_exactly(conn: Connection[Any], asked: Sequence[Sighting], limit: int) -> list[Stored]:
    """Up to `limit` events for each that happened and were received then. Cost: an index probe each."""
    return _events_asked(conn, "events_exactly", asked, limit, ts=instants([one.ts for one in asked]))


def events_received(conn: Connection[Any], asked: Sequence[Sighting], limit: int) -> list[Stored]:
    """Up to `limit` events for each that were received then, whenever they happened; those that hold the text first.

    Cost: a fragment's events of that week, each.
    """
    return _events_asked(conn, "events_received", asked, limit, texts=texts([one.text for one in asked]))


def _events_asked(
    conn: Connection[Any], query: str, asked: Sequence[Sighting], limit: int, **more: object
) -> list[Stored]:
    if not asked:
        return []
    warm_up(conn, {one.fragment for one in asked})
    parameters = {
        "fragments": bigints([one.fragment for one in asked]),
        "received_at": instants([one.received_at for one in asked]),
        "limit": limit,
        **more,
    }
    return list(decode_rows(conn.execute(QUERIES[query], parameters, binary=True)))


def events_by_id(conn: Connection[Any], ids: Collection[bytes]) -> list[Stored]:
    """Accepted deliveries of these events. Cost: an index probe an id and week."""
    if not ids:
        return []
    warm_up_ids(conn, ids)
    return list(decode_rows(conn.execute(QUERIES["events_by_id"], {"ids": uuids(list(ids))}, binary=True)))


def identifies_of(
    conn: Connection[Any], fragments: Collection[int], until: int, limit: int, since: datetime
) -> list[Stored]:
    """The latest identify events since a moment, received by then (µs), newest first. Cost: every event since."""
    warm_up(conn, fragments)
    parameters = {
        "fragments": bigints(list(fragments)),
        "until": instant_of(until),
        "since": since,
        "limit": limit,
    }
    return list(decode_rows(conn.execute(QUERIES["identifies_of"], parameters, binary=True)))


def tallies_until(
    conn: Connection[Any], fragments: Collection[int], until: int
) -> dict[int, tuple[int, int | None, int | None]]:
    """Of each of these fragments the number of events received by then (µs), the first and the last. Cost: their rows,
    not their bodies."""
    warm_up(conn, fragments)
    parameters = {"fragments": bigints(list(fragments)), "until": instant_of(until)}
    rows = conn.execute(QUERIES["tallies_until"], parameters, binary=True)
    return {fragment: (n, first, last) for fragment, n, first, last in rows}


def said_until(conn: Connection[Any], fragments: Collection[int], until: int, limit: int) -> list[Stored]:
    """As `events_until`, of identify and group events alone."""
    warm_up(conn, fragments)
    parameters = {"fragments": bigints(list(fragments)), "until": instant_of(until), "limit": limit}
    return list(decode_rows(conn.execute(QUERIES["said_until"], parameters, binary=True)))
