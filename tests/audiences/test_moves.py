"""Who entered and left: written once, and found by position, by audience and by day."""

import random
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.resources import files
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Final

import msgspec
import pytest
from psycopg import Connection

from onefold.audiences.membership import Cause, Kind, MembershipMove, writing_moves
from onefold.audiences.metrics import DAY_US, HOUR_US, MINUTE_US, Kept, Metric, Moments, key_of
from onefold.audiences.shown import (
    FIRST,
    changes_after,
    find_audience,
    list_changes,
    list_members,
    page_of,
    trend_of,
)
from onefold.audiences.states import load_standings, write_members
from onefold.filters.api import EventMatch, Sample, to_json
from onefold.infra.postgres import connect
from onefold.kernel.instants import micros_of
from tests.audiences.counting import demand_counts

NOW: Final = datetime.now(UTC).replace(hour=12)
AUDIENCES: Final = range(1, 6)
CHANGES: Final = """
select position, audience, profile, kind, at, cause, event, version, other from membership_change
order by position, audience
"""


def write(conn: Connection[Any], moves: list[list[MembershipMove]], at: datetime = NOW) -> None:
    """One transaction's, in parts."""
    with conn.transaction(), writing_moves(conn, micros_of(at)) as write:
        for part in moves:
            write_members(conn, _members_after(conn, part))
            write(part)


def _members_after(conn: Connection[Any], moves: list[MembershipMove]) -> dict[int, int]:
    """Of those who move, by bits."""
    before = {profile: int.from_bytes(bits, "little") for profile, bits in conn.execute("select * from member_of")}
    after = {move[0]: before.get(move[0], 0) for move in moves}
    for profile, *_, audiences, kinds, _ in moves:
        for audience, kind in zip(audiences, kinds, strict=True):
            is_in = kind in (Kind.ENTERED, Kind.MOVED_HERE)
            after[profile] = after[profile] | 1 << audience if is_in else after[profile] & ~(1 << audience)
    return after


def come(profile: int, *audiences: int, kind: Kind = Kind.ENTERED, other: int | None = None) -> MembershipMove:
    return (profile, Cause.EVENT, None, other, audiences, [kind] * len(audiences), [1] * len(audiences))


def make_audiences(conn: Connection[Any], numbers: range) -> None:
    conn.execute(
        "insert into audience (id, name, state, created_by) overriding system value"
        " select id, 'Of ' || id, 'live', 'test' from generate_series(%s::integer, %s) id",
        [numbers.start, numbers.stop - 1],
    )


def live_through(conn: Connection[Any], seed: int, transactions: int) -> None:
    """People enter, leave and merge, a transaction an hour until NOW."""
    make_audiences(conn, AUDIENCES)
    chance = random.Random(seed)  # noqa: S311 made-up people
    inside: dict[int, set[int]] = {profile: set() for profile in range(1, 12)}
    for n in range(transactions):
        parts: list[list[MembershipMove]] = []
        for _ in range(chance.randint(1, 3)):
            part: list[MembershipMove] = []
            for profile in chance.sample(sorted(inside), 4):
                drawn = {one for one in AUDIENCES if chance.random() < 0.4}
                entered, left = sorted(drawn - inside[profile]), sorted(inside[profile] - drawn)
                kinds = [Kind.ENTERED] * len(entered) + [Kind.LEFT] * len(left)
                if kinds:
                    part.append((profile, Cause.EVENT, None, None, [*entered, *left], kinds, [1] * len(kinds)))
                inside[profile] = drawn
            parts.append(part)
        if chance.random() < 0.3:
            parts.append(_merged(inside, *chance.sample(sorted(inside), 2)))
        write(conn, parts, NOW - timedelta(hours=transactions - 1 - n))


def _merged(inside: dict[int, set[int]], one: int, other: int) -> list[MembershipMove]:
    """Who was `other` is `one` from now on."""
    here, away = sorted(inside[other] - inside[one]), sorted(inside[other])
    inside[one] |= inside[other]
    inside[other] = set()
    moves = []
    if here:
        moves.append(come(one, *here, kind=Kind.MOVED_HERE, other=other))
    if away:
        moves.append(come(other, *away, kind=Kind.MOVED_AWAY, other=one))
    return moves


def _audience(conn: Connection[Any]) -> int:
    """Its id."""
    row = conn.execute(
        "with made as (insert into audience (name, state, created_by) values ('A', 'live', 'test') returning id)"
        " insert into audience_version (audience, version, rule, purpose, created_by)"
        " select id, 1, %s, 'ads', 'test' from made returning audience",
        [to_json(Sample(50))],
    ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("seed", range(3))
def test_positions_and_counts_say_what_the_moves_do(db: Connection[Any], seed: int) -> None:
    live_through(db, seed, 60)
    demand_counts(db)
    assert db.execute("select count(distinct kind) from audience_move").fetchone() == (4,)


@pytest.mark.parametrize(
    "kinds", [(), (Kind.ENTERED,), (Kind.LEFT,), (Kind.MOVED_HERE, Kind.MOVED_AWAY)], ids=["all", "in", "out", "moved"]
)
def test_pages_of_a_history_have_everything_once_and_the_newest_first(
    db: Connection[Any], kinds: tuple[Kind, ...]
) -> None:
    live_through(db, 4, 60)
    for audience in AUDIENCES:
        happened = "select position, kind from membership_change where audience = %s order by position desc"
        expected = [row for row in db.execute(happened, [audience]) if not kinds or row[1] in kinds]
        assert len(expected) > 1
        for limit in (1, 4, 1_000):
            found, before = [], 2**63 - 1
            while page := list_changes(db, audience, before, limit, kinds):
                assert len(page) <= limit
                found += [(one.position, one.kind) for one in page]
                before = page[-1].position
            assert found == expected


@pytest.mark.parametrize("limit", [1, 3, 1_000])
def test_who_follows_gets_everything_once_and_in_order(db: Connection[Any], limit: int) -> None:
    """One position may have several changes: they come together, or those behind the limit would be lost."""
    live_through(db, 5, 40)
    db.execute("update membership_move set profile = 0 where profile = 3")  # erased
    happened = "select position, audience, profile, kind from membership_change where profile <> 0 order by 1, 2"
    everything = db.execute(happened).fetchall()
    assert len({row[0] for row in everything}) < len(everything)
    for audience in (None, *AUDIENCES):
        found, after = [], 0
        while page := changes_after(db, after, audience, limit):
            assert audience is None or len(page) <= limit
            assert all(one.position <= two.position for one, two in pairwise(page))
            found += [(one.position, one.audience, one.profile_id, one.kind) for one in page]
            after = page[-1].position
        assert sorted(found) == [row for row in everything if audience in (None, row[1])]


def test_who_moves_keeps_since_when_they_are_in(db: Connection[Any]) -> None:
    make_audiences(db, range(7, 8))
    since = NOW - timedelta(days=3)
    write(db, [[come(1, 7)]], since)
    moved = [come(2, 7, kind=Kind.MOVED_HERE, other=1), come(1, 7, kind=Kind.MOVED_AWAY, other=2)]
    write(db, [moved])
    assert db.execute("select profile, since from membership").fetchall() == [(2, since)]
    demand_counts(db)


def test_days_on_which_nobody_moved_are_as_the_one_before(db: Connection[Any]) -> None:
    number = _audience(db)
    write(db, [[come(1, number), come(2, number), come(3, number)]], NOW - timedelta(days=9))
    write(db, [[come(4, number)]], NOW - timedelta(days=6))
    write(db, [[come(1, number, kind=Kind.LEFT)]], NOW - timedelta(days=2))
    assert [count for _day, count in trend_of(db, number, 11)] == [0, 3, 3, 3, 4, 4, 4, 4, 3, 3, 3]
    assert [count for _day, count in trend_of(db, number, 2)] == [3, 3]
    shown = find_audience(db, number)
    assert (shown.members, shown.entered, shown.left) == (3, 1, 1)


def test_a_clock_that_was_put_back_counts_for_the_day_it_had_come_to(db: Connection[Any]) -> None:
    number = _audience(db)
    write(db, [[come(1, number)]])
    write(db, [[come(2, number)]], NOW - timedelta(days=1))
    assert trend_of(db, number, 2) == [(NOW.date() - timedelta(days=1), 0), (NOW.date(), 2)]
    assert find_audience(db, number).members == 2


def test_what_was_there_before_there_were_moves_goes_on(own_pg_url: str) -> None:
    """The tables as they were before 0005_moves, brought to what they are now."""
    folder = files("onefold.audiences").joinpath("migrations")
    first, moves, before, after = (
        folder.joinpath(name).read_text("utf-8")
        for name in ("0001_initial.sql", "0005_moves.sql", "0006_series.sql", "0006_series_after.sql")
    )
    with connect(own_pg_url, "tests", autocommit=True) as conn:
        live_through(conn, 6, 60)
        make_audiences(conn, range(99, 100))
        changes = conn.execute(CHANGES).fetchall()
        members = conn.execute("select audience, profile, since from membership").fetchall()
        conn.execute("create table kept as select * from membership_change")
        conn.execute(b"drop view membership; drop view membership_change; drop function is_in")
        conn.execute("drop table member_of, membership_move, audience_move, audience_day")
        conn.execute("alter table profile_state add column audiences bytea")
        tables = first[first.index("create table membership (") : first.index("-- What was said of consent before")]
        conn.execute(tables.encode())
        with conn.cursor() as cursor:
            cursor.executemany("insert into membership values (%s, %s, %s)", [*members, (99, 1, NOW)])  # by no change
        conn.execute(
            "insert into membership_change overriding system value"
            " select row_number() over (order by position, audience) + 100, audience, profile, kind, at, cause, event,"
            " version, other from kept"
        )
        conn.execute("select setval('membership_change_position_seq', 5000)")
        conn.execute(moves.encode())
        conn.execute(before.encode())
        import_module("onefold.audiences.migrations.0006_series").bring_over(None, SimpleNamespace(connection=conn))
        conn.execute(after.encode())

        found = conn.execute(CHANGES).fetchall()
        assert [row[1:] for row in found] == [row[1:] for row in changes]
        assert [row[0] for row in found] == list(range(101, 101 + len(changes)))
        assert sorted(conn.execute("select * from membership where audience <> 99")) == sorted(members)
        assert conn.execute("delete from audience_day where audience = 99 returning entered, gone, members").fetchall()
        write(conn, [[come(1, 99, kind=Kind.LEFT), come(1000, 1)]])
        assert conn.execute("select max(position) from membership_move").fetchone() == (5002,)
        conn.execute("delete from membership_move where audiences = '{99}'")
        conn.execute("delete from audience_move where audience = 99")
        conn.execute("delete from audience_day where audience = 99")
        demand_counts(conn)


def test_what_is_kept_of_events_is_brought_over(own_pg_url: str) -> None:
    """Counts, sums and moments by bucket become lists; what else is kept stays as it is."""
    event = EventMatch("Seen")
    kept: list[Kept] = [
        Metric(event, "count", HOUR_US),
        Metric(event, "sum", MINUTE_US, "price"),
        Moments((event,)),
        Metric(event, "latest", DAY_US),
    ]
    old = [{9: 2, 3: 1}, {9: [1, 5], 3: [2, 7]}, {9: [1, 2], 3: [1]}, {0: 9}]
    new = [[180, 1, 540, 2], [3, 2, 7, 9, 1, 5], [3, 1, 9, 1, 9, 2], {0: 9}]
    with connect(own_pg_url, "tests", autocommit=True) as conn:
        conn.execute("create temporary table membership (audience integer, profile bigint)")
        of_key = {
            key_of(one): row[0]
            for one in kept
            if (row := conn.execute("insert into metric (key) values (%s) returning number", [key_of(one)]).fetchone())
        }
        numbers = [of_key[key_of(one)] for one in kept]
        doc = msgspec.msgpack.encode({77: dict(zip(numbers, old, strict=True))})
        conn.execute("insert into profile_state (id, doc) values (1, %s), (2, null)", [doc])
        for number, buckets in zip(numbers, old, strict=True):
            conn.execute("insert into metric_fill values (%s, 77, %s)", [number, msgspec.msgpack.encode(buckets)])

        import_module("onefold.audiences.migrations.0006_series").bring_over(None, SimpleNamespace(connection=conn))

        assert load_standings(conn, {1})[1].fragments == {77: dict(zip(numbers, new, strict=True))}
        staged = conn.execute("select metric, buckets from metric_fill order by metric").fetchall()
        assert [msgspec.msgpack.decode(buckets, strict=False) for _, buckets in staged] == new


def test_members_are_listed_once_by_id_however_few_they_are(db: Connection[Any]) -> None:
    """Of few a page comes by a scan, of many in the order of ids."""
    make_audiences(db, range(1, 3))
    few = {profile: 0b110 for profile in range(500, -500, -200)}
    write_members(db, dict.fromkeys(range(-2_000, 2_000), 0b010) | few)
    db.execute("analyze member_of")
    db.execute("insert into audience_day values (1, current_date, 0, 0, 4000), (2, current_date, 0, 0, 5)")
    assert page_of(db, 1, 100) != page_of(db, 2, 100)
    for audience, expected in ((1, range(-2_000, 2_000)), (2, sorted(few))):
        found: list[int] = []
        while page := list_members(db, audience, found[-1] if found else FIRST, 97 if audience == 1 else 2):
            found += [one.profile_id for one in page]
        assert found == list(expected)
