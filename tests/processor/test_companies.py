"""Events of companies' own: they make and change the company, and nobody."""

import json
from itertools import permutations
from typing import Any

import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.events.api import INTERNAL_SOURCE, LogRow, Trust
from onefold.kernel.hashing import company_hash
from onefold.profiles.naming import forget_names, names_in_force
from onefold.profiles.receipts import Status, receipt_of
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.rebuild import rebuild
from onefold.programs.processor.steps import process
from tests.processor.driving import NOWHERE, check_rebuild

SHOP = 2
RECEIVED_US = 1_767_225_600_000_000
ACME = company_hash("", "acme")


@pytest.fixture
def shop(db: Connection[Any]) -> Connection[Any]:
    db.execute("insert into source (id, slug, name, kind, user_space) values (2, 'shop', 'Shop', 'server', 'shop')")
    forget_names()
    return db


def send(conn: Connection[Any], *events: dict[str, Any], source: int = INTERNAL_SOURCE, at: int = 0) -> None:
    """One batch, a request each, `at` seconds after the beginning."""
    received = RECEIVED_US + at * 1_000_000
    rows = [
        LogRow(1, 1000, n, 0, source, Trust.SECRET, received + n, 1, "", "", json.dumps({"batch": [event]}).encode())
        for n, event in enumerate(events)
    ]
    with conn.transaction():
        context = load_context(conn)
        process(conn, context, prepare(rows, context))


def said(message_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "group", "groupId": "acme", "messageId": message_id, **more}


def companies(conn: Connection[Any]) -> dict[tuple[str, str], tuple[Any, int]]:
    """By space and key: traits and the number of events. What is stored is what a rebuild would make."""
    with conn.transaction():
        assert check_rebuild(conn) == []
    rows = conn.execute("select space, key, traits, n from company")
    return {(space, key): (traits, n) for space, key, traits, n in rows}


def count(conn: Connection[Any], table: str) -> int:
    row = conn.execute(SQL("select count(*) from {}").format(Identifier(table))).fetchone()
    return int(row[0]) if row else 0


def test_a_companys_own_event_makes_a_company_and_nobody(shop: Connection[Any]) -> None:
    send(shop, said("m1", traits={"name": "Acme", "size": 8}))
    send(shop, said("m1", traits={"name": "Acme", "size": 8}), at=60)
    assert companies(shop) == {("", "acme"): ({"name": "Acme", "size": 8}, 1)}
    assert shop.execute("select fragment, kind from event").fetchall() == [(ACME, 5)]
    assert count(shop, "duplicate") == 1
    assert [count(shop, table) for table in ("node", "profile", "edge", "violation")] == [0, 0, 0, 0]
    receipt = receipt_of(shop, names_in_force(shop), INTERNAL_SOURCE, "m1")
    assert (receipt.status, receipt.stored and receipt.stored.fragment) == (Status.STORED, None)
    assert len(receipt.duplicates) == 1


def test_a_fact_of_a_company_moves_when_it_was_seen(shop: Connection[Any]) -> None:
    won = {"type": "track", "event": "Deal Won", "groupId": "acme", "properties": {"amount": 5}}
    send(shop, said("m1", traits={"name": "Acme"}))
    send(shop, won | {"messageId": "m2"}, won | {"messageId": "m3"}, at=3_600)
    assert companies(shop) == {("", "acme"): ({"name": "Acme"}, 3)}
    assert shop.execute(
        "select last_seen - first_seen >= '1 hour', (select count(*) from company_member) from company"
    ).fetchall() == [(True, 1)]
    assert count(shop, "event_tally") == 2, "sums count it, an hour each"


def test_a_fact_with_a_person_stays_the_persons(shop: Connection[Any]) -> None:
    send(shop, {"type": "track", "event": "Called", "userId": "u1", "groupId": "acme", "messageId": "m1"})
    assert companies(shop) == {}
    assert count(shop, "profile") == 1


def test_a_hand_outranks_a_source_and_its_null_withdraws(shop: Connection[Any]) -> None:
    send(shop, {"type": "group", "userId": "u1", "groupId": "acme", "traits": {"size": 9}}, source=SHOP)
    shop.execute("update source set priority = 10 where id = 1")
    send(shop, said("m1", space="shop", traits={"size": 8}))
    assert companies(shop)["shop", "acme"] == ({"size": 8}, 2)
    assert ("", "acme") not in companies(shop), "the space that it names"
    send(shop, said("m2", space="shop", traits={"size": None}), at=1)
    assert companies(shop)["shop", "acme"] == ({"size": 9}, 3)


def test_somebody_is_put_into_a_company_of_another_space(shop: Connection[Any]) -> None:
    send(shop, {"type": "group", "userId": "u1", "groupId": "acme", "traits": {"name": "Acme"}}, source=SHOP)
    send(shop, said("m1", space="shop", userId="u2"), at=1)
    assert list(companies(shop)) == [("shop", "acme")]
    assert shop.execute("select count(*), count(distinct company) from profile").fetchone() == (2, 1)
    send(shop, said("m2", space="elsewhere", userId="u3"), source=SHOP, at=2)
    assert list(companies(shop)) == [("shop", "acme")], "a sender's companies are in its own space"


def test_what_is_taken_back_never_was(shop: Connection[Any]) -> None:
    won = {"type": "track", "event": "Deal Won", "groupId": "acme", "messageId": "m3"}
    send(shop, said("m1", traits={"name": "Acme", "size": 8}), said("m2", traits={"size": 9}), won)
    back = {"type": "retract", "source": INTERNAL_SOURCE}
    send(shop, back | {"messageIds": ["m2"], "messageId": "r1"}, at=1)
    assert companies(shop) == {("", "acme"): ({"name": "Acme", "size": 8}, 2)}
    send(shop, back | {"messageIds": ["m1"], "messageId": "r2"}, at=2)
    assert companies(shop) == {("", "acme"): ({}, 1)}, "of a fact alone there is the company"
    send(shop, back | {"messageIds": ["m3"], "messageId": "r3"}, at=3)
    assert companies(shop) == {}
    assert count(shop, "company_member") == 0


def test_a_company_keeps_its_own_when_a_persons_call_is_taken_back(shop: Connection[Any]) -> None:
    send(shop, said("m1", traits={"name": "Acme"}), said("m2", userId="u1", traits={"size": 9}))
    send(shop, {"type": "retract", "source": 1, "messageIds": ["m2"], "messageId": "r1"}, at=1)
    assert companies(shop) == {("", "acme"): ({"name": "Acme"}, 1)}
    assert count(shop, "profile") == 0


def test_a_blocked_person_makes_no_companys_event(shop: Connection[Any]) -> None:
    send(shop, said("m1", userId="null"))
    assert companies(shop) == {}
    assert shop.execute("select reason, is_fatal from violation").fetchall() == [("identifier_blocked", True)]


def test_a_rebuild_makes_it_again(shop: Connection[Any]) -> None:
    won = {"type": "track", "event": "Deal Won", "groupId": "acme", "messageId": "m2"}
    send(shop, said("m1", traits={"name": "Acme"}), won, said("m3", userId="u1", space="shop"))
    with shop.transaction():
        shop.execute("delete from company where key = 'acme'")
        shop.execute("delete from company_member")
        wrong = check_rebuild(shop)
    assert sorted(line.split()[0] for line in wrong) == ["company"] * 2 + ["company_member"] * 2


def merged(message_id: str, one: str, into: str | None) -> dict[str, Any]:
    decided = {"company": f":{into}", "decision": message_id} if into else None
    return {"type": "group", "groupId": one, "messageId": message_id, "traits": {"merged_into": decided}}


def heads(conn: Connection[Any]) -> dict[str, str]:
    """Companies that lead to another, by key."""
    companies(conn)  # what is stored is what a rebuild would make
    return dict(conn.execute("select c.key, o.key from company c join company o on o.h = c.head").fetchall())


def of_person(conn: Connection[Any], user: str) -> str | None:
    row = conn.execute(
        "select c.key from node n join profile p on p.id = n.prof left join company c on c.h = p.company"
        " where n.val = %s",
        [user],
    ).fetchone()
    return row[0] if row else None


class TestMerged:
    @pytest.fixture
    def two(self, shop: Connection[Any]) -> Connection[Any]:
        """Acme is there twice, each with somebody."""
        send(
            shop,
            said("m1", traits={"name": "Acme", "size": 8}, userId="ann"),
            {
                "type": "group",
                "groupId": "acme-2",
                "messageId": "m2",
                "userId": "ben",
                "traits": {"name": "ACME", "city": "Oslo"},
            },
        )
        return shop

    def test_people_and_traits_come_together_and_part_again(self, two: Connection[Any]) -> None:
        before = companies(two)
        send(two, merged("d1", "acme-2", "acme"), at=10)
        assert heads(two) == {"acme-2": "acme"}
        assert companies(two)["", "acme"][0] == {"name": "ACME", "size": 8, "city": "Oslo"}, "the latest of each source"
        assert [of_person(two, user) for user in ("ann", "ben")] == ["acme", "acme"]
        send(two, said("m3", groupId="acme-2", userId="eve", traits={"vip": True}), at=20)
        assert of_person(two, "eve") == "acme", "whoever is seen in it later"
        assert companies(two)["", "acme"][0]["vip"] is True
        send(two, merged("d2", "acme-2", None), at=30)
        assert heads(two) == {}
        assert [of_person(two, user) for user in ("ann", "ben", "eve")] == ["acme", "acme-2", "acme-2"]
        assert companies(two)["", "acme"] == before["", "acme"]
        assert companies(two)["", "acme-2"][0] == {"name": "ACME", "city": "Oslo", "vip": True}

    def test_a_decision_that_is_taken_back_never_was(self, two: Connection[Any]) -> None:
        send(two, merged("d1", "acme-2", "acme"), at=10)
        send(two, {"type": "retract", "source": INTERNAL_SOURCE, "messageIds": ["d1"], "messageId": "r1"}, at=20)
        assert heads(two) == {}
        assert of_person(two, "ben") == "acme-2"

    def test_when_the_company_is_gone_what_led_to_it_is_itself_again(self, two: Connection[Any]) -> None:
        send(two, merged("d1", "acme-2", "acme"), at=10)
        send(two, {"type": "retract", "source": INTERNAL_SOURCE, "messageIds": ["m1"], "messageId": "r1"}, at=20)
        assert heads(two) == {}
        assert [of_person(two, user) for user in ("ann", "ben")] == [None, "acme-2"]
        send(two, said("m4", traits={"name": "Acme again"}), at=30)
        assert heads(two) == {"acme-2": "acme"}, "the decision stands"
        assert of_person(two, "ben") == "acme"

    def test_the_decision_may_come_before_the_company(self, shop: Connection[Any]) -> None:
        send(shop, merged("d1", "acme-2", "acme"))
        assert heads(shop) == {}
        send(shop, said("m1", userId="ann"), said("m2", groupId="acme-2", userId="ben"), at=10)
        assert heads(shop) == {"acme-2": "acme"}
        assert of_person(shop, "ben") == "acme"

    def test_merges_are_followed_and_a_circle_ends(self, two: Connection[Any]) -> None:
        send(two, said("m3", groupId="acme-3", userId="eve"), merged("d1", "acme", "acme-3"), at=10)
        send(two, merged("d2", "acme-2", "acme"), at=20)
        assert heads(two) == {"acme": "acme-3", "acme-2": "acme-3"}
        send(two, merged("d3", "acme-3", "acme-2"), at=30)
        assert len(heads(two)) == 2
        assert len({of_person(two, user) for user in ("ann", "ben", "eve")}) == 1
        send(two, merged("d4", "acme-3", "acme-3"), at=40)
        assert heads(two) == {"acme": "acme-3", "acme-2": "acme-3"}, "into itself: it is the one"

    def test_the_order_of_events_doesnt_matter(self, shop: Connection[Any]) -> None:
        events = [
            said("m1", traits={"name": "Acme", "size": 8}, userId="ann"),
            said("m2", groupId="acme-2", traits={"name": "ACME"}, userId="ben"),
            said("m3", groupId="acme-2", userId="ann"),
            merged("d1", "acme-2", "acme"),
        ]
        states = []
        for order in permutations(range(4)):
            with shop.transaction(force_rollback=True):
                for number in order:
                    send(shop, events[number] | {"timestamp": f"2026-01-01T00:00:0{number}Z"}, at=9)
                rows = shop.execute("select key, head, name, traits, first_seen, last_seen from company order by key")
                states.append((rows.fetchall(), [of_person(shop, user) for user in ("ann", "ben")]))
        assert all(state == states[0] for state in states), states
        assert states[0][1] == ["acme", "acme"]

    def test_only_onefold_itself_decides(self, two: Connection[Any]) -> None:
        spoken = {"type": "group", "userId": "x", "groupId": "acme", "traits": {"merged_into": {"company": ":acme-2"}}}
        send(two, spoken, source=SHOP)
        send(
            two, said("m5", traits={"merged_into": 7}), said("m6", traits={"merged_into": {"company": "acme-2"}}), at=10
        )
        assert heads(two) == {}

    def test_others_are_noted_of_all_that_are_one(self, two: Connection[Any]) -> None:
        send(two, said("m5", traits={"apart_from_7": {}, "apart_from_-8": {}, "apart_from_x": {}}), at=10)
        send(two, said("m6", groupId="acme-2", traits={"apart_from_9": {}}), merged("d1", "acme-2", "acme"), at=20)
        rows = dict(two.execute("select key, apart from company").fetchall())
        assert rows == {"acme": [-8, 7, 9], "acme-2": [9]}
        assert set(companies(two)["", "acme"][0]) == {"name", "size", "city"}, "decisions are no traits"
        send(two, said("m7", traits={"apart_from_7": None}), at=30)
        assert two.execute("select apart from company where key = 'acme'").fetchone() == ([-8, 9],)
        assert heads(two) == {"acme-2": "acme"}

    def test_rebuild_mends_what_isnt_so(self, two: Connection[Any]) -> None:
        send(two, merged("d1", "acme-2", "acme"), at=10)
        two.execute("update company set head = null, name = 'x', apart = '{5}'")
        two.execute("update profile set company = 5")
        two.commit()
        assert rebuild(two, NOWHERE, is_check=False).n > 0
        assert heads(two) == {"acme-2": "acme"}
        assert of_person(two, "ben") == "acme"
