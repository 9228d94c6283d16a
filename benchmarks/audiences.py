"""Two hundred live audiences, and people who stand in them: with a past, with consent, each looked at once."""

import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from psycopg import Connection

from benchmarks.audience_rules import two_hundred
from benchmarks.traffic import user
from onefold.audiences.actions import Wanted, create_audience, start_audience
from onefold.audiences.api import Folder, LiveAudiences, State, load_live, sweep
from onefold.audiences.states import QUERIES, Standing, write_standings
from onefold.events.api import Kind, lock_positions
from onefold.kernel.hashing import identifier_hash
from onefold.kernel.instants import MICROSECOND, micros_of
from onefold.programs.processor.batches import LOOK_AT_ONCE

PURPOSE: Final = "advertising"
AT_ONCE: Final = 5_000
YEAR_US: Final = 365 * 86_400_000_000
DUE: Final = "insert into profile_due (id, due_at) select unnest(%s::bigint[]), '2020-01-01Z'"
VISITS: Final = (0, 1, 1, 2, 2, 3, 4, 7)
"""Of a year; each of EVENTS events: 20 events a person, as `history` makes them."""
EVENTS: Final = 8
APART_US: Final = 30_000_000
PASSED: Final = timedelta(days=1)
"""For so long nobody came."""


class _Past(NamedTuple):
    """As much of an event as is folded."""

    kind: Kind
    name: str
    ts: int
    id: bytes
    body: bytes


def make_live(conn: Connection[Any]) -> LiveAudiences:
    """The two hundred audiences, in force, with complete metrics: as filling leaves them where there are no events.
    Autocommit."""
    start_audiences(conn)
    with conn.transaction():
        lock_positions(conn)
        load_live(conn)  # as the processor does: from here on metrics are folded
        conn.execute("update metric set state = 'complete'")
        conn.execute("update audience set state = 'live', live_version = version, checked_at = now()")
        conn.execute(QUERIES["raise_epoch"])
        return load_live(conn)


def start_audiences(conn: Connection[Any]) -> None:
    """The two hundred, as users start them. Autocommit."""
    for number, rule in enumerate(two_hundred(), 1):
        wanted = Wanted(name=f"Audience {number}", purpose=PURPOSE, rule=rule)
        start_audience(conn, create_audience(conn, wanted, acting_user="benchmarks"), acting_user="benchmarks")


def grant(conn: Connection[Any], people: int) -> None:
    """The first `people` allow PURPOSE, by a statement of their own. Autocommit."""
    now_us = _now_us()
    columns = "fragment, purpose, origin, source_id, is_granted, statement, first_ts, ts, received_at, event, details"
    with conn.transaction(), conn.cursor() as cursor, cursor.copy(f"copy consent ({columns}) from stdin") as copy:
        for n in range(people):
            statement = f"{n:032x}"
            fragment = identifier_hash("user_id", user(n))
            copy.write_row((fragment, PURPOSE, 1, 2, True, statement, now_us, now_us, now_us, statement, ""))
    conn.execute("vacuum (analyze) consent")


def give_past(conn: Connection[Any], live: LiveAudiences, people: int) -> None:
    """The first `people` have a year until PASSED ago in their standings; and each is to be looked at. Autocommit."""
    until_us = _now_us() - PASSED // MICROSECOND
    for begin in range(0, people, AT_ONCE):
        some = range(begin, min(begin + AT_ONCE, people))
        ids = [identifier_hash("user_id", user(n)) for n in some]
        with conn.transaction():
            write_standings(
                conn, [_standing(h, _state(live.folder, n, until_us)) for n, h in zip(some, ids, strict=True)]
            )
            conn.execute(DUE, [ids])
    conn.execute("vacuum (analyze) profile_state, profile_due")


def look_at_all(conn: Connection[Any], now_us: int) -> None:
    """Everybody who is due, as the processor looks at them. Autocommit."""
    began = time.perf_counter()
    with conn.transaction():
        lock_positions(conn)
        live = load_live(conn)
    while True:
        with conn.transaction():
            lock_positions(conn)
            if not sweep(conn, live, now_us, LOOK_AT_ONCE):
                break
    (members,) = conn.execute("select count(*) from membership").fetchone() or (0,)
    print(f"  everybody looked at in {time.perf_counter() - began:.0f} s: {members:,} memberships", file=sys.stderr)
    conn.execute("vacuum (analyze) profile_state, profile_due, member_of, membership_move, audience_move, audience_day")
    conn.execute("checkpoint")


def _standing(h: int, state: State) -> Standing:
    standing = Standing(h)
    standing.fragments = {h: state} if state else {}
    return standing


def _state(folder: Folder, n: int, until_us: int) -> State:
    state: State = {}
    for event in _past(n, until_us):
        folder.fold(state, event)
    return state


def _past(n: int, until_us: int) -> Iterator[_Past]:
    """What one person did in a year, in the shares in which `traffic` has it."""
    chance = random.Random(n)  # noqa: S311 made-up traffic
    for visit in range(chance.choice(VISITS)):
        begin = until_us - EVENTS * APART_US - chance.randrange(YEAR_US)
        for place in range(EVENTS):
            ts, of_event = begin + place * APART_US, f"{n:016x}{visit:08x}{place:08x}"
            if chance.random() < 0.5:
                yield _Past(Kind.PAGE, "Product", ts, bytes.fromhex(of_event), _PAGE)
            else:
                name = chance.choice(("Product Viewed", "Product Added"))
                yield _Past(Kind.TRACK, name, ts, bytes.fromhex(of_event), _TRACK)


_PAGE: Final = json.dumps({"properties": {"path": "/product", "variant": "b", "depth": 3}}).encode()
_TRACK: Final = json.dumps(
    {"properties": {"product_id": "p7", "price": 19.9, "currency": "EUR", "quantity": 1}}
).encode()


def _now_us() -> int:
    return micros_of(datetime.now(UTC))
