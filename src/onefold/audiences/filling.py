"""New and changed audiences: reads older events from the lake, puts the rule in force, and tells whom to look at.

A child of the worker does it, in steps that may each be broken off and repeated. It decides nothing: the processor
folds what is staged, and looks at everybody who is named here. Where two do this at once, one leaves it.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from psycopg import Connection

from onefold.audiences.actions import put_in_force
from onefold.audiences.company_filling import LOOK_ROWS, advance_companies, are_people_counted, counts_of
from onefold.audiences.compile import Concerned, Share
from onefold.audiences.evaluate import key_of_share, metrics_of
from onefold.audiences.live import load_scope, read_rule
from onefold.audiences.membership import member_ids
from onefold.audiences.metrics import kept_of
from onefold.audiences.older import Older, buckets_by_fragment
from onefold.audiences.references import counted_in, named_in
from onefold.audiences.rules import Scope, lists_in, shares_in, with_purpose
from onefold.audiences.states import QUERIES as STREAM
from onefold.audiences.states import load_stored, look_at, wake_processor
from onefold.audiences.work import Work
from onefold.filters.api import Node
from onefold.infra.arrays import bigints, byteas
from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import OnefoldError
from onefold.lake.reading import take_snapshot
from onefold.lake.rows import connect_arrow, read_arrow
from onefold.lake.snapshot import Snapshot

if TYPE_CHECKING:
    import pyarrow as pa

QUERIES: Final = load_queries("onefold.audiences", "filling.sql")
STAGE_ROWS: Final = 5_000
LOCK: Final = 0x0F01D_05
log = get_logger(__name__)


def advance(work: Work) -> bool:
    """One round over all that is being filled; True if it must go on soon: what failed has time. Safe to repeat, and to
    break off.

    Cost: of a new metric one scan of the lake's events that it counts, and 10 µs a fragment; of a rule that comes into
    force one question to the engine, and 5 µs for each person to look at.
    """
    conn = work.conn
    row = conn.execute("select pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    if not row or not row[0]:
        return True
    try:
        return _advance_all(work)
    finally:
        conn.execute("select pg_advisory_unlock(%s)", [LOCK])


def _follow_meanings(conn: Connection[Any]) -> None:
    """Whoever said something of consent that means something else now is looked at."""
    for name, moved_at in conn.execute(QUERIES["moved_meanings"]).fetchall():
        after: int | None = -(2**63)
        while after is not None:
            parameters = {"name": name, "after": after, "limit": LOOK_ROWS}
            fragments = [row[0] for row in conn.execute(QUERIES["said"], parameters)]
            with conn.transaction():
                look_at(conn, fragments=fragments)
            after = fragments[-1] if len(fragments) == LOOK_ROWS else None
        with conn.transaction():
            conn.execute(QUERIES["meaning_followed"], {"name": name, "moved_at": moved_at})


def _advance_all(work: Work) -> bool:
    conn = work.conn
    _follow_meanings(conn)
    for number, key, since in conn.execute(QUERIES["to_stage"]).fetchall():
        try:
            _stage(work, number, key, since)
        except OnefoldError as fault:  # others go on; what needs this one waits
            log.warning("metric_not_staged", metric=number, fault=type(fault).__name__)
            conn.execute(QUERIES["note_metric_fault"], {"number": number, "fault": str(fault)})
    changing = conn.execute(QUERIES["changing"]).fetchall()
    for audience, version, live_version, rule, purpose, checked_at, is_of_companies in changing:
        tree = with_purpose(read_rule(rule), purpose)
        advance_one = advance_companies if is_of_companies else _advance_one
        try:
            advance_one(work, audience, version, live_version, tree, checked_at)
        except OnefoldError as fault:  # others go on; the members of this one stay as they are
            log.warning("audience_not_filled", audience=audience, fault=type(fault).__name__)
            conn.execute(QUERIES["note_fault"], {"id": audience, "fault": str(fault)})
    return bool(changing)


def _advance_one(
    work: Work, audience: int, version: int, live_version: int | None, rule: Node, checked_at: datetime | None
) -> None:
    conn, scope = work.conn, load_scope(work.conn)
    if live_version != version:
        if conn.execute(QUERIES["waits_for"], {"ids": sorted(set(named_in(rule)))}).fetchone() is not None:
            return  # by what it asks people would come and go without being looked at
        stored = load_stored(conn)
        if missing := [key for key in metrics_of([rule], scope) if not stored.is_complete(key)]:
            # the processor has yet to fold what is staged, or older events can't be read
            filled = sorted({one for key in missing for one in stored.keys.readable_off(key)})
            if conn.execute(QUERIES["show_metric_fault"], {"id": audience, "keys": filled}).fetchone() is None:
                conn.execute(QUERIES["goes_on"], {"id": audience})
            return
        if not are_people_counted(work, audience, counted_in(rule, scope)):
            return  # the processor has yet to count them
        if list(shares_in(rule, scope)):
            snapshot = take_snapshot(work.url, work.location, tables=("profiles", "companies"))
            find_thresholds(work, snapshot, rule, scope)
        put_in_force(conn, audience, version)
        checked_at = None
    if checked_at is None:
        _tell_whom_to_look_at(work, audience, version, rule, scope)
        return
    (is_anybody_left,) = conn.execute(QUERIES["is_anybody_left"], {"at": checked_at}).fetchone() or (True,)
    if not is_anybody_left:
        with conn.transaction():
            conn.execute(QUERIES["go_live"], {"id": audience, "version": version})
            conn.execute(STREAM["raise_epoch"])
        log.info("audience_live", audience=audience)


def _stage(work: Work, number: int, key: str, since: int) -> None:
    """What events up to `since` say, for the processor to add. It takes nothing before all of it is there."""
    began = time.monotonic()
    snapshot = take_snapshot(work.url, work.location)
    if snapshot.ends is not None and snapshot.ends < since:
        return  # the lake is far behind: after the next flush
    kept = kept_of(key)
    answer = work.engine.run(Older(kept=kept, until=since, now=work.clock()), snapshot).table
    with work.conn.transaction():
        work.conn.execute(QUERIES["clear_fill"], {"metric": number})
    fragments = 0
    for some in _batched(buckets_by_fragment(kept, answer), STAGE_ROWS):
        rows = {
            "metric": number,
            "fragment": bigints([fragment for fragment, _ in some]),
            "buckets": byteas([msgspec.msgpack.encode(buckets) for _, buckets in some]),
        }
        with work.conn.transaction():  # short: a transaction that writes holds up the log's reader
            work.conn.execute(QUERIES["stage"], rows)
        fragments += len(some)
    with work.conn.transaction():
        work.conn.execute(QUERIES["staged"], {"metric": number})
        wake_processor(work.conn)
    log.info("metric_staged", metric=number, fragments=fragments, s=round(time.monotonic() - began, 2))


def _tell_whom_to_look_at(work: Work, audience: int, version: int, rule: Node, scope: Scope) -> None:
    """Those who are in and weren't, or the contrary, and those whom time alone will bring in or out."""
    at = work.clock()
    snapshot = take_snapshot(work.url, work.location, tables=("profiles", "companies"))
    thresholds = {key: value for key, value, _ in work.conn.execute(QUERIES["thresholds"])}
    lists = lists_of(work, rule, scope)
    asked: Mapping[str, Any] = {
        "scope": scope, "now": at, "thresholds": thresholds, "lists": lists,
        "counts": counts_of(work, counted_in(rule, scope)),
    }  # fmt: skip
    found = work.engine.run(Concerned(rule=rule, **asked), snapshot).table
    concerned, is_in, is_timed = (found[name].to_numpy() for name in ("profile_id", "is_in", "is_timed"))
    before = np.array(member_ids(work.conn, audience), np.int64)
    ids = np.union1d(np.setxor1d(concerned[is_in], before), concerned[is_timed])
    for begin in range(0, len(ids), LOOK_ROWS):
        with work.conn.transaction():
            look_at(work.conn, profiles=ids[begin : begin + LOOK_ROWS].tolist(), at=at)
    with work.conn.transaction():
        work.conn.execute(QUERIES["note_checked"], {"id": audience, "version": version, "at": at})
        wake_processor(work.conn)
    log.info("audience_in_force", audience=audience, to_look_at=len(ids))


def is_anything_filling(conn: Connection[Any]) -> bool:
    """Whether an audience that was started or changed isn't live yet."""
    (found,) = conn.execute(QUERIES["is_filling"]).fetchone() or (False,)
    return bool(found)


def refresh_shares(work: Work) -> None:
    """What shares of people begin at moves with everybody: found anew after ten minutes. Where it moved, the audiences
    that ask for it are told whom to look at."""
    known = {key: value for key, value, is_old in work.conn.execute(QUERIES["thresholds"]) if is_old}
    if not known:
        return
    scope = load_scope(work.conn)
    snapshot = take_snapshot(work.url, work.location, tables=("profiles", "companies"))
    for audience, text, purpose in work.conn.execute(STREAM["all_rules"]).fetchall():
        rule = with_purpose(read_rule(text), purpose)
        mine = {key_of_share(share) for share in shares_in(rule, scope)} & known.keys()
        if mine:
            find_thresholds(work, snapshot, rule, scope)
            with work.conn.transaction():
                work.conn.execute(QUERIES["look_again"], {"id": audience})
                work.conn.execute(STREAM["raise_epoch"])


def find_thresholds(work: Work, snapshot: Snapshot, rule: Node, scope: Scope) -> None:
    """What the shares of people in a rule begin at, as of the snapshot."""
    for share in shares_in(rule, scope):
        plan = Share(share=share, scope=scope, now=work.clock())
        value = work.engine.run(plan, snapshot).table["value"][0].as_py()
        with work.conn.transaction():
            work.conn.execute(QUERIES["save_threshold"], {"key": key_of_share(share), "value": value})


def lists_of(work: Work, rule: Node, scope: Scope) -> "dict[int, pa.Table]":
    """The people of the uploaded lists that a rule names."""
    wanted = lists_in(rule, scope)
    if not wanted:
        return {}
    with connect_arrow(work.url) as conn:
        return {number: read_arrow(conn, QUERIES["list_members"].format(list=int(number))) for number in wanted}


def _batched(pairs: Iterable[Any], size: int) -> Iterator[list[Any]]:
    source = iter(pairs)
    while some := list(islice(source, size)):
        yield some
