"""A lead becomes an opportunity: deal, company, stage; with a look at who and what is there already."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from psycopg import Connection

from onefold.accounts.api import Role
from onefold.crm.person_editing import edited
from onefold.crm.policy import set_reaches
from onefold.crm.viewer import Doing, Reach
from tests.web.conftest import NOW, Shop

URL = "/records/of/person/user_id:{}/convert"
PEOPLE = {"1": "ada@tindra.example", "2": "ben@gmail.com"}


@pytest.fixture
def leads(shop: Shop) -> Shop:
    """Ada of a company's domain, and Ben."""
    for user, email in PEOPLE.items():
        shop.identify(user, name=f"Lead {user}", email=email, lifecycle_stage="lead")
    return shop


def deals(conn: Connection[Any]) -> list[tuple[str, str | None]]:
    rows = conn.execute("select d.name, c.name from deal d left join company c on c.h = d.company order by d.id")
    return rows.fetchall()


def stage_of(conn: Connection[Any], user: str) -> Any:
    return edited(conn, f"user_id:{user}").values.get("lifecycle_stage")


@pytest.mark.usefixtures("processor")
class TestConverting:
    def test_deal_company_and_stage_in_one_go(self, leads: Shop, browser_of: Callable[..., Client]) -> None:
        conn, eve = leads.conn, browser_of("eve")
        html = eve.get(URL.format(1)).content.decode()
        assert 'name="deal" value="Lead 1"' in html
        sent = {"deal": "Tents", "amount": "1200", "company": "Tindra Hotels", "once": str(uuid4())}
        answer = eve.post(URL.format(1), sent)
        assert answer.status_code == 302
        assert re.fullmatch(r"/deals/\d+", answer["location"])
        assert deals(conn) == [("Tents", "Tindra Hotels")]
        assert stage_of(conn, "1") == "opportunity"
        domain = conn.execute("select traits ->> 'domain' from company").fetchone()
        assert domain == ("tindra.example",)
        eve.post(URL.format(1), sent | {"deal": "More tents"})
        assert deals(conn) == [("Tents", "Tindra Hotels"), ("More tents", "Tindra Hotels")]
        assert 'name="company" value="Tindra Hotels"' in eve.get(URL.format(1)).content.decode()

    def test_a_company_that_is_there_is_asked_about(self, leads: Shop, browser_of: Callable[..., Client]) -> None:
        conn, eve = leads.conn, browser_of("eve")
        leads.send({"type": "group", "userId": "9", "groupId": "tindra", "traits": {"name": "Tindra Hotels AS"}})
        sent = {"deal": "Tents", "company": "Tindra Hotels"}
        html = eve.post(URL.format(2), sent).content.decode()
        assert "nearly the same name" in html
        assert deals(conn) == []
        pick = re.search(r'name="pick" value="([^"]*:tindra)"', html)
        assert pick is not None
        eve.post(URL.format(2), sent | {"pick": pick[1]})
        eve.post(URL.format(1), sent | {"pick": "new"})
        assert deals(conn) == [("Tents", "Tindra Hotels AS"), ("Tents", "Tindra Hotels")]
        assert "no such company" in eve.post(URL.format(1), sent | {"pick": ":gone"}).content.decode()

    def test_without_a_company_and_never_back_in_the_stages(
        self, leads: Shop, browser_of: Callable[..., Client]
    ) -> None:
        conn, eve = leads.conn, browser_of("eve")
        leads.identify("2", lifecycle_stage="customer", at=NOW + timedelta(minutes=1))
        eve.post(URL.format(2), {"deal": "Again"})
        assert deals(conn) == [("Again", None)]
        assert stage_of(conn, "2") == "customer"

    def test_what_is_wrong_is_said_and_nothing_is_made(self, leads: Shop, browser_of: Callable[..., Client]) -> None:
        conn, eve = leads.conn, browser_of("eve")
        for sent in ({"deal": " "}, {"deal": "x", "amount": "much"}, {"deal": "x" * 20_000}):
            assert 'role="alert"' in eve.post(URL.format(1), sent).content.decode()
        assert eve.get("/records/of/person/user_id:nobody/convert").status_code == 404
        assert (deals(conn), stage_of(conn, "1")) == ([], "lead")

    def test_others_leads_are_theirs(self, leads: Shop, browser_of: Callable[..., Client]) -> None:
        set_reaches(leads.conn, Role.SALES, {("people", Doing.EDIT): Reach.OWN}, acting_user="test")
        rep = browser_of("rep", Role.SALES)
        assert rep.get(URL.format(1)).status_code == 403
        assert rep.post(URL.format(1), {"deal": "Mine"}).status_code == 403
        assert deals(leads.conn) == []
