"""An erased person is in no change of any audience; figures of the past and whoever follows changes stay right."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client
from psycopg.sql import SQL, Identifier

from onefold.audiences.actions import pause_audience
from onefold.audiences.forgetting import FOLLOWED_FOR, forget_exits
from onefold.audiences.shown import changes_after, list_audiences, trends
from onefold.filters.api import Did, EventMatch, Span, Window
from onefold.kernel.hashing import identifier_hash
from tests.audiences.counting import demand_counts
from tests.privacy.test_erasure import request_erasure
from tests.web.audiences import Audiences, audiences
from tests.web.conftest import NOW
from tests.web.reading import page

__all__ = ["audiences"]
ADA = identifier_hash("user_id", "1")
DEVICE = identifier_hash("anonymous_id", "device-1")


def rows_of(made: Audiences, *ids: int) -> list[tuple[Any, ...]]:
    """Changes that name one of these people."""
    query = "select kind, event from membership_change where profile = any(%s) or other = any(%s) order by position"
    return made.conn.execute(query, [list(ids), list(ids)]).fetchall()


def test_only_the_exit_names_who_was_erased_and_not_for_long(alice: Client, audiences: Audiences) -> None:
    number = audiences.make("Pro", starts=True)
    audiences.fill()
    for minute, plan in enumerate(("free", "pro")):
        audiences.shop.identify("1", plan=plan, at=NOW + timedelta(minutes=minute))
    (ada,) = (row[0] for row in audiences.conn.execute("select prof from node where h = %s", [ADA]))
    before = [(one.position, one.kind) for one in changes_after(audiences.conn, 0)]
    assert [kind for kind, _ in rows_of(audiences, ada)] == [1, 2, 1]
    request_erasure(audiences.shop, "user_id", "1")
    assert [kind for kind, _ in rows_of(audiences, ada)] == [2]
    (exit_, *_) = [one for one in changes_after(audiences.conn, before[-1][0]) if one.profile_id == ada]
    assert (exit_.kind, exit_.audience) == (2, number)  # whoever follows hears whom to take away
    count = audiences.conn.execute("select count(*) from membership_change").fetchone()
    html = page(alice, f"/audiences/{number}/history")
    assert html.count("Erased person") == 3
    (one,) = list_audiences(audiences.conn)
    assert trends(audiences.conn, [one], 3)[number][-1] == one.members == 1

    now = datetime.now(UTC)
    assert forget_exits(audiences.conn, now) == 0
    assert forget_exits(audiences.conn, now + FOLLOWED_FOR + timedelta(minutes=1)) == 1
    assert forget_exits(audiences.conn, now + FOLLOWED_FOR + timedelta(minutes=1)) == 0
    assert rows_of(audiences, ada) == []
    assert audiences.conn.execute("select count(*) from membership_change").fetchone() == count
    assert audiences.conn.execute("select count(*) from membership_forgotten").fetchone() == (0,)
    assert 0 not in {one.profile_id for one in changes_after(audiences.conn, 0)}
    demand_counts(audiences.conn)


def test_others_changes_do_not_name_who_was_erased(audiences: Audiences) -> None:
    """Two who were one person for a while: each has changes that name the other."""
    audiences.make("Pro", starts=True)
    audiences.fill()
    moved = (
        "insert into membership_move (audiences, profile, kinds, at, cause, versions, other)"
        " select array[id], %s, array[%s]::smallint[], now(), 4, '{1}', %s from audience"
    )
    ben = identifier_hash("user_id", "2")
    audiences.conn.execute(moved, [ben, 3, ADA])
    audiences.conn.execute(moved, [ADA, 4, ben])
    request_erasure(audiences.shop, "user_id", "1")
    query = "select profile, other from membership_change where kind in (3, 4) order by position"
    assert audiences.conn.execute(query).fetchall() == [(ben, None), (0, None)]


def test_who_comes_back_keeps_what_is_new(audiences: Audiences) -> None:
    audiences.make("Pro", starts=True)
    audiences.fill()
    request_erasure(audiences.shop, "user_id", "1", suppress=False)
    later = NOW + timedelta(minutes=10)
    audiences.shop.identify("1", plan="pro", at=later)
    said = {
        "type": "track", "event": "Consent Updated", "userId": "1", "messageId": "again",
        "properties": {"purposes": {"analytics": True}},
    }  # fmt: skip
    audiences.shop.send(said, at=later)
    assert [kind for kind, _ in rows_of(audiences, ADA)] == [2, 1]
    forget_exits(audiences.conn, datetime.now(UTC) + FOLLOWED_FOR + timedelta(minutes=1))
    assert [kind for kind, _ in rows_of(audiences, ADA)] == [1]


def holding_id(made: Audiences, profile_id: int) -> set[str]:
    """Every table that holds a person's id as a number, in whatever column."""
    columns = made.conn.execute(
        "select c.table_name, c.column_name, c.data_type from information_schema.columns c"
        " join pg_class r on r.relname = c.table_name and r.relnamespace = 'public'::regnamespace"
        " where c.table_schema = 'public' and r.relkind in ('r', 'p') and not r.relispartition"
        " and (c.data_type = 'bigint' or c.udt_name = '_int8')"
    ).fetchall()
    assert len(columns) > 50
    found = set()
    for table, column, kind in columns:
        held = SQL("%s = {}" if kind == "bigint" else "%s = any({})").format(Identifier(column))
        query = SQL("select 1 from {} where {} limit 1").format(Identifier(table), held)
        if made.conn.execute(query, [profile_id]).fetchone():
            found.add(table)
    return found


def test_no_table_holds_the_id_of_who_was_erased(audiences: Audiences) -> None:
    """Not even as somebody who is to be looked at when a window of a year is over."""
    audiences.make("Pro", starts=True)
    audiences.make("Active", Did(EventMatch("Bought"), window=Window(last=Span(365))), starts=True)
    audiences.fill()
    audiences.shop.send({"type": "track", "event": "Bought", "userId": "1", "messageId": "bought"})
    device = {"anonymousId": "device-1"}
    said = {"type": "track", "event": "Consent Updated", "properties": {"purposes": {"analytics": True}}}
    audiences.shop.send(said | device | {"messageId": "said"})
    audiences.shop.send({"type": "identify", **device, "userId": "1", "messageId": "same", "traits": {"plan": "pro"}})
    assert holding_id(audiences, DEVICE) >= {"node"}
    assert "profile_state" not in holding_id(audiences, DEVICE)  # they are Ada now
    assert {"profile_due", "profile_state", "member_of", "membership_move"} <= holding_id(audiences, ADA)
    request_erasure(audiences.shop, "user_id", "1")
    forget_exits(audiences.conn, datetime.now(UTC) + FOLLOWED_FOR + timedelta(minutes=1))
    for one in (ADA, DEVICE):
        assert holding_id(audiences, one) <= {"event_gone", "lake_touched"}  # what the lake is to forget


def test_a_merge_into_who_was_in_already_names_nobody_after_an_erasure(audiences: Audiences) -> None:
    audiences.make("Pro", starts=True)
    audiences.fill()
    ben = identifier_hash("user_id", "2")
    ends = {"a": ["user_id", "1"], "b": ["user_id", "2"]}
    audiences.shop.send({"type": "link", "rule": "always", **ends, "messageId": "l1"}, source=audiences.shop.internal)
    assert {kind for kind, _ in rows_of(audiences, ADA)} & {3, 4}
    audiences.shop.send({"type": "link", "rule": "never", **ends, "messageId": "l2"}, source=audiences.shop.internal)
    for user, gone in (("1", ADA), ("2", ben)):
        request_erasure(audiences.shop, "user_id", user)
        assert audiences.conn.execute("select 1 from membership_move where other = %s", [gone]).fetchall() == []


def test_members_of_a_paused_audience_stay_whoever_they_become(audiences: Audiences) -> None:
    """Ben is in; then he is Ada, who has been there for longer."""
    number = audiences.make("Pro", starts=True)
    audiences.shop.identify("1", plan="free", at=NOW + timedelta(minutes=1))
    audiences.fill()
    pause_audience(audiences.conn, number, acting_user="user:alice")
    ends = {"a": ["user_id", "1"], "b": ["user_id", "2"]}
    audiences.shop.send({"type": "link", "rule": "always", **ends, "messageId": "l1"}, source=audiences.shop.internal)
    members = "select profile from membership where audience = %s"
    assert audiences.conn.execute(members, [number]).fetchall() == [(ADA,)]
    changes = "select kind, cause, profile from membership_change order by position, kind"
    ben = identifier_hash("user_id", "2")
    assert audiences.conn.execute(changes).fetchall() == [(1, 3, ben), (3, 4, ADA), (4, 4, ben)]
    request_erasure(audiences.shop, "user_id", "1")
    assert audiences.conn.execute(members, [number]).fetchall() == []
    assert audiences.conn.execute(changes).fetchall()[-1] == (2, 4, ADA)
    demand_counts(audiences.conn)
