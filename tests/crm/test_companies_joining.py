"""Who has an e-mail address at a company's domain joins it: once, and against nobody's hand."""

from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from onefold.crm.domains import domain_of, is_free_mail
from onefold.crm.joining import join_by_domain, join_message
from onefold.kernel.hashing import company_hash, identifier_hash
from onefold.profiles.api import (
    correct_company,
    find_company,
    names_in_force,
    new_company,
    standing,
    take_out_of_company,
)
from tests.processor.driving import check_rebuild
from tests.waiting import wait_until
from tests.web.conftest import NOW, Shop

ALICE = "user:alice"


def companies_of(conn: Connection[Any], user: str) -> set[str]:
    rows = conn.execute(
        "select distinct c.name from node a join node m on m.comp = a.comp and m.prof = a.prof"
        " join company_member cm on cm.fragment = m.h join company c on c.h = cm.company where a.h = %s",
        [identifier_hash("user_id", user)],
    )
    return {name for (name,) in rows}


def primary_of(conn: Connection[Any], user: str) -> str:
    row = conn.execute(
        "select c.name from node n join profile p on p.id = n.prof join company c on c.h = p.company where n.h = %s",
        [identifier_hash("user_id", user)],
    ).fetchone()
    return row[0] if row else ""


def logged(conn: Connection[Any]) -> int:
    (n,) = conn.execute("select coalesce(sum(n), 0)::int from event_log where source_id = 1").fetchone() or (0,)
    return int(n)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("acme.com", "acme.com"),
        (" https://www.Acme.com/about?x=1 ", "acme.com"),
        ("http://mail.acme.co.uk", "mail.acme.co.uk"),
        ("xn--mller-kva.de", "müller.de"),
        ("Müller.de", "müller.de"),
        ("acme", ""),
        ("ada@acme.com", ""),
        ("acme .com", ""),
        ("-acme.com", ""),
        ("1.2.3.4", ""),
        ("a" * 10_000 + ".com", ""),
        ("xn--\u0000.de", ""),
        ("", ""),
    ],
)
def test_a_domain_is_read_from_what_people_write(text: str, domain: str) -> None:
    assert domain_of(text) == domain


@pytest.mark.parametrize("domain", ["gmail.com", "web.de", "yahoo.ro", "proton.me", "mailbox.org", "qq.com"])
def test_providers_belong_to_nobody(domain: str) -> None:
    assert is_free_mail(domain)
    assert not is_free_mail("acme.com")


@pytest.mark.usefixtures("processor")
class TestJoining:
    """A processor runs."""

    def test_new_people_join_a_company_and_a_company_gets_people(self, shop: Shop) -> None:
        conn = shop.conn
        shop.identify("1", name="Ada", email="ada@acme.example")
        new_company(conn, traits={"name": "Acme", "domain": "https://www.ACME.example/"}, acting_user=ALICE)
        shop.identify("2", name="Bob", email="bob@acme.example")
        shop.identify("3", name="Cleo", email="cleo@mail.acme.example")
        shop.identify("4", name="Dan")
        assert join_by_domain(conn) == 2
        wait_until(lambda: companies_of(conn, "1") == companies_of(conn, "2") == {"Acme"})
        assert companies_of(conn, "3") == companies_of(conn, "4") == set()
        shop.identify("4", email="dan@acme.example")
        assert join_by_domain(conn) == 1
        wait_until(lambda: companies_of(conn, "4") == {"Acme"})
        with conn.transaction():
            assert check_rebuild(conn) == []

    def test_it_is_done_once_and_said_by_whom(self, shop: Shop) -> None:
        conn = shop.conn
        new_company(conn, traits={"name": "Acme", "domain": "acme.example"}, acting_user=ALICE)
        shop.identify("1", email="ada@acme.example")
        before = logged(conn)
        assert join_by_domain(conn) == 1
        assert logged(conn) == before + 1
        wait_until(lambda: companies_of(conn, "1") == {"Acme"})
        for n in range(3):
            shop.identify("1", name=f"Ada {n}")
            assert join_by_domain(conn, is_thorough=True) == 0
        assert logged(conn) == before + 1
        ((body,),) = conn.execute("select body from event where source_id = 1 and message_id like 'join-%%'").fetchall()
        assert b"onefold: e-mail domain" in body

    def test_a_company_gets_its_domain_later_or_another_one(self, shop: Shop) -> None:
        conn = shop.conn
        space, key = new_company(conn, traits={"name": "Acme"}, acting_user=ALICE)
        shop.identify("1", email="ada@acme.example")
        shop.identify("2", email="bob@other.example")
        assert join_by_domain(conn, is_thorough=True) == 0
        correct_company(conn, space, key, name="domain", value="acme.example", acting_user=ALICE)
        assert join_by_domain(conn) == 1
        correct_company(conn, space, key, name="domain", value="other.example", acting_user=ALICE)
        assert join_by_domain(conn) == 1
        wait_until(lambda: companies_of(conn, "2") == {"Acme"} == companies_of(conn, "1"))

    def test_a_source_may_say_the_domain(self, shop: Shop) -> None:
        conn = shop.conn
        shop.identify("1", email="ada@acme.example")
        group = {
            "type": "group",
            "userId": "9",
            "groupId": "acme",
            "traits": {"name": "Acme", "domain": "acme.example"},
        }
        shop.send(group)
        assert join_by_domain(conn) == 1
        wait_until(lambda: companies_of(conn, "1") == {"Acme"})

    def test_nobody_joins_by_a_free_mail_domain(self, shop: Shop) -> None:
        conn = shop.conn
        new_company(conn, traits={"name": "Mail", "domain": "gmail.com"}, acting_user=ALICE)
        new_company(conn, traits={"name": "None", "domain": "not a domain"}, acting_user=ALICE)
        new_company(conn, traits={"name": "Odd", "domain": ["gmail.com"]}, acting_user=ALICE)
        new_company(conn, traits={"name": "Long", "domain": "x" * 8_000}, acting_user=ALICE)
        shop.identify("1", email="ada@gmail.com")
        assert join_by_domain(conn, is_thorough=True) == 0

    def test_whoever_was_taken_out_is_not_put_back(self, shop: Shop) -> None:
        conn = shop.conn
        space, key = new_company(conn, traits={"name": "Acme", "domain": "acme.example"}, acting_user=ALICE)
        shop.identify("1", email="ada@acme.example")
        assert join_by_domain(conn) == 1
        wait_until(lambda: companies_of(conn, "1") == {"Acme"})
        names = names_in_force(conn)
        whom, company = standing(conn, names, identifier_hash("user_id", "1")), find_company(conn, space, key)
        assert whom is not None
        assert company is not None
        also = [join_message(company_hash(space, key), identifier_hash("email", "ada@acme.example"))]
        assert take_out_of_company(conn, names, whom, company, acting_user=ALICE, also=also)
        wait_until(lambda: companies_of(conn, "1") == set())
        shop.identify("1", name="Ada")
        correct_company(conn, space, key, name="domain", value="www.acme.example", acting_user=ALICE)
        assert join_by_domain(conn, is_thorough=True) == 0
        assert companies_of(conn, "1") == set()
        with conn.transaction():
            assert check_rebuild(conn) == []

    def test_whoever_is_in_another_company_is_still_there_first(self, shop: Shop) -> None:
        conn = shop.conn
        shop.identify("1", email="ada@acme.example")
        shop.send(
            {"type": "group", "userId": "1", "groupId": "old", "traits": {"name": "Old"}}, at=NOW + timedelta(seconds=1)
        )
        new_company(conn, traits={"name": "Acme", "domain": "acme.example"}, acting_user=ALICE)
        assert join_by_domain(conn) == 1
        wait_until(lambda: companies_of(conn, "1") == {"Old", "Acme"})
        assert primary_of(conn, "1") == "Old"

    def test_what_was_there_before_is_found_when_the_worker_starts(self, shop: Shop) -> None:
        conn = shop.conn
        new_company(conn, traits={"name": "Acme", "domain": "acme.example"}, acting_user=ALICE)
        shop.identify("1", email="ada@acme.example")
        conn.execute("update company_joining set position = (select last_value from event_position)")
        assert join_by_domain(conn) == 0
        assert join_by_domain(conn, is_thorough=True) == 1

    def test_many_come_in_pieces_and_gaps_are_passed(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        conn = shop.conn
        monkeypatch.setattr("onefold.crm.joining.PIECE", 3)
        monkeypatch.setattr("onefold.crm.joining.CHUNK", 2)
        for n in range(11, 19):
            shop.identify(str(n), email=f"p{n}@acme.example")
        new_company(conn, traits={"name": "Acme", "domain": "acme.example"}, acting_user=ALICE)
        conn.execute("select nextval('event_position') from generate_series(1, 50)")
        shop.identify("9", email="p9@acme.example")
        assert join_by_domain(conn) == 9
        wait_until(lambda: all(companies_of(conn, str(n)) == {"Acme"} for n in (11, 15, 9)))
