"""New and changed audiences of companies, and the counts of companies' people that new rules ask for.

As `filling.py` it decides nothing: the processor looks at every company that is named here.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from psycopg import Connection

from onefold.audiences.actions import put_in_force
from onefold.audiences.live import load_scope
from onefold.audiences.references import counted_in, named_in
from onefold.audiences.states import QUERIES as STREAM
from onefold.audiences.states import wake_processor
from onefold.audiences.work import Work
from onefold.filters.api import Node
from onefold.infra.arrays import bigints
from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries
from onefold.lake.rows import connect_arrow, read_arrow

if TYPE_CHECKING:
    import pyarrow as pa

QUERIES: Final = load_queries("onefold.audiences", "company_filling.sql")
FILLING: Final = load_queries("onefold.audiences", "filling.sql")
LOOK_ROWS: Final = 10_000
log = get_logger(__name__)


def advance_companies(
    work: Work, audience: int, version: int, live_version: int | None, rule: Node, checked_at: datetime | None
) -> None:
    """One step of an audience of companies: its rule in force, every company on the list, live once all were looked at.

    Safe to repeat, and to break off. Cost: 5 µs a company; they are few beside people, so no engine is asked.
    """
    conn = work.conn
    if live_version != version:
        if _unready(conn, counted_in(rule, load_scope(conn))):
            return  # whose people it counts are not all in yet
        if conn.execute(FILLING["waits_for"], {"ids": sorted(set(named_in(rule)))}).fetchone() is not None:
            return  # what it asks isn't in force yet
        put_in_force(conn, audience, version)
        checked_at = None
    if checked_at is None:
        at = work.clock()
        ids = [row[0] for row in conn.execute(QUERIES["every_company"], {"id": audience})]
        _look_at(conn, ids, at)
        with conn.transaction():
            conn.execute(FILLING["note_checked"], {"id": audience, "version": version, "at": at})
            wake_processor(conn)
        log.info("audience_in_force", audience=audience, to_look_at=len(ids))
    elif not _is_any_left(conn, checked_at):
        with conn.transaction():
            conn.execute(FILLING["go_live"], {"id": audience, "version": version})
            conn.execute(STREAM["raise_epoch"])
        log.info("audience_live", audience=audience)


def are_people_counted(work: Work, audience: int, counted: Collection[int]) -> bool:
    """Whether the processor has counted how many of companies' people are in these audiences, which a new rule of
    people asks; has it do so. Safe to repeat."""
    if not counted:
        return True
    conn = work.conn
    if _unready(conn, counted):
        return False
    (counted_at,) = conn.execute(QUERIES["counted_at"], {"id": audience}).fetchone() or (None,)
    if counted_at is not None:
        return not _is_any_left(conn, counted_at)
    at = work.clock()
    _look_at(conn, [row[0] for row in conn.execute(QUERIES["companies_with"], {"ids": sorted(counted)})], at)
    with conn.transaction():
        conn.execute(QUERIES["note_counted"], {"id": audience, "at": at})
        wake_processor(conn)
    return False


def counts_of(work: Work, counted: Collection[int]) -> "dict[int, pa.Table]":
    """Of audiences of people, for the engine: companies of which somebody is in, and how many are (`company_id`, `n`).

    Cost: 1 µs a member.
    """
    if not counted:
        return {}
    with connect_arrow(work.url) as conn:
        return {number: read_arrow(conn, QUERIES["counts"].format(audience=int(number))) for number in sorted(counted)}


def _unready(conn: Connection[Any], audiences: Collection[int]) -> bool:
    return bool(audiences) and conn.execute(QUERIES["unready"], {"ids": sorted(audiences)}).fetchone() is not None


def _look_at(conn: Connection[Any], ids: Sequence[int], at: datetime) -> None:
    for begin in range(0, len(ids), LOOK_ROWS):
        with conn.transaction():  # short: a transaction that writes holds up the log's reader
            conn.execute(QUERIES["look_at"], {"ids": bigints(ids[begin : begin + LOOK_ROWS]), "at": at})


def _is_any_left(conn: Connection[Any], at: datetime) -> bool:
    (is_left,) = conn.execute(QUERIES["is_any_left"], {"at": at}).fetchone() or (True,)
    return bool(is_left)
