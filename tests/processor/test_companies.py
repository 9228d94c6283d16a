"""Events of companies' own: they make and change the company, and nobody."""

import json
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
from onefold.programs.processor.steps import process
from tests.processor.driving import check_rebuild

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
