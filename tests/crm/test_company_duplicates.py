"""Companies that may be one: found by what they share, merged and unmerged by events, with all that points at them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from psycopg import Connection

from onefold.crm import company_merging as merging
from onefold.crm.company_duplicates import (
    CompanySign,
    KnownCompany,
    company_pairs,
    company_signs,
    compare_all_companies,
    find_company_duplicates,
    keys_of_company,
    pairs_of_company,
)
from onefold.crm.company_names import compared_name, core_of_company
from onefold.crm.errors import RecordRejected
from onefold.crm.jobs import tidy
from onefold.crm.objects import STANDARD
from onefold.crm.pairing import MOST_SHARE
from onefold.crm.records import change_records, undo
from onefold.crm.viewer import Viewer
from onefold.kernel.errors import NotFound
from onefold.kernel.hashing import company_hash
from onefold.profiles.api import CorrectionRejected, correct_company, names_in_force
from tests.crm.api import Api
from tests.crm.conftest import new
from tests.web.conftest import NOW, Shop

A, B = company_hash("", "a"), company_hash("", "b")


def group(shop: Shop, user: str, key: str, *, after: int = 0, **traits: Any) -> None:
    """`after`: minutes, of what shall count rather than what was said before."""
    at = NOW + timedelta(minutes=after)
    event = {"type": "group", "userId": user, "groupId": key, "traits": traits, "timestamp": at.isoformat()}
    shop.send(event, at=at)


def found(conn: Connection[Any]) -> set[tuple[frozenset[str], tuple[CompanySign, ...]]]:
    """What the pages would show, by key."""
    while find_company_duplicates(conn):
        pass
    return {(frozenset((one.a.key, one.b.key)), one.signs) for one in company_pairs(conn)[0]}


@pytest.fixture
def seller(make_user: Callable[..., Any], twice: Shop) -> Any:
    return make_user("ann")


@pytest.fixture
def mia(team: dict[str, Viewer]) -> Viewer:
    return team["mia"]


@pytest.fixture
def browser(twice: Shop, browser_of: Callable[..., Client]) -> Client:
    return browser_of("eve")


@pytest.fixture
def twice(shop: Shop) -> Shop:
    """Acme is there twice, with Ann and Ben; Nord isn't."""
    group(shop, "ann", "a", name="Acme GmbH", domain="acme.example", city="Oslo")
    group(shop, "ben", "b", name="ACME", domain="https://www.acme.example/about", size=8)
    group(shop, "kim", "n", name="Nord", domain="nord.example")
    return shop


class TestSigns:
    @pytest.mark.parametrize(
        ("name", "core", "compared"),
        [
            ("Acme GmbH", "acme", "acme"),
            ("Tent-House, Inc.", "tent house", "tenthouse"),
            ("Café Zoë S.A.", "café zoë", "cafezoe"),
            ("GmbH", "", ""),
            ("", "", ""),
            ("株式会社", "株式会社", "株式会社"),
        ],
    )
    def test_what_kind_of_company_it_is_doesnt_matter(self, name: str, core: str, compared: str) -> None:
        assert (core_of_company(name), compared_name(name)) == (core, compared)

    def test_a_mail_provider_and_awful_text_are_no_signs(self, shop: Shop) -> None:
        names = names_in_force(shop.conn)
        awful = KnownCompany(1, "<b>" * 10_000, "gmail.com", "call me")
        assert [key.kind for key in keys_of_company(names, awful)] == [CompanySign.NAME]
        assert list(keys_of_company(names, KnownCompany(1, "", "x" * 10_000, ""))) == []


class TestFinding:
    def test_domain_name_and_phone(self, twice: Shop) -> None:
        group(twice, "kim", "n2", name="Nord Reisen", phone="+47 22 55 01 48")
        group(twice, "kim", "n3", name="Reisen", phone="+4722550148")
        assert found(twice.conn) == {
            (frozenset({"a", "b"}), (CompanySign.DOMAIN, CompanySign.NAME)),
            (frozenset({"n2", "n3"}), (CompanySign.PHONE,)),
        }
        assert company_signs(twice.conn, A, B) == (CompanySign.DOMAIN, CompanySign.NAME)
        assert [one.other(A).key for one in pairs_of_company(twice.conn, A)] == ["b"]

    def test_what_changes_is_followed_and_nothing_is_done_twice(self, twice: Shop) -> None:
        assert found(twice.conn)
        assert find_company_duplicates(twice.conn) == 0
        group(twice, "ben", "b", after=1, name="Something else", domain="else.example")
        assert found(twice.conn) == set()
        group(twice, "ben", "b", after=2, domain="acme.example")
        assert found(twice.conn) == {(frozenset({"a", "b"}), (CompanySign.DOMAIN,))}

    def test_a_sign_of_many_makes_no_pairs(self, shop: Shop) -> None:
        for number in range(MOST_SHARE + 1):
            group(shop, f"u{number}", f"c{number}", name="Hotel")
        assert found(shop.conn) == set()
        group(shop, "u0", "c0", after=1, name="Inn")
        assert len(company_pairs(shop.conn)[0]) == 0
        assert len(found(shop.conn)) == 50, "a page of them"

    def test_all_are_found_again(self, twice: Shop) -> None:
        before = found(twice.conn)
        twice.conn.execute("truncate company_duplicate_key, company_duplicate_pair")
        assert found(twice.conn) == set()
        tidy(twice.conn, NOW)
        assert found(twice.conn) == before
        compare_all_companies(twice.conn)
        assert found(twice.conn) == before


@pytest.mark.usefixtures("processor")
class TestMerging:
    def company_of(self, shop: Shop, user: str) -> str:
        row = shop.conn.execute(
            "select c.key from node n join profile p on p.id = n.prof join company c on c.h = p.company"
            " where n.val = %s",
            [user],
        ).fetchone()
        assert row is not None
        return str(row[0])

    def standing(self, shop: Shop) -> dict[str, str]:
        """Names of records → keys of their companies."""
        rows = shop.conn.execute(
            "select d.name, c.key from deal d join company c on c.h = d.company"
            " union all select t.name, c.key from task t join company c on c.h = t.company"
        )
        return dict(rows.fetchall())

    def values(self, shop: Shop, key: str) -> dict[str, Any]:
        return merging.values_in(merging.company_at(shop.conn, f":{key}"))

    def test_a_merge_moves_all_and_an_unmerge_moves_it_back(self, twice: Shop, seller: Any, mia: Viewer) -> None:
        for key in ("a", "b"):
            new(twice.conn, "deal", mia, name=f"Deal {key}", company=f":{key}")
            new(twice.conn, "task", mia, name=f"Task {key}", company=f":{key}")
        before = self.standing(twice)
        assert set(before.values()) == {"a", "b"}
        done = merging.merge(twice.conn, seller, (":a", ":b"), {"name": "b"}, once=uuid4())
        assert done.is_seen
        assert set(self.standing(twice).values()) == {"a"}
        assert [self.company_of(twice, user) for user in ("ann", "ben")] == ["a", "a"]
        assert self.values(twice, "a") == {"name": "ACME", "domain": "acme.example", "city": "Oslo", "size": 8}
        assert merging.company_at(twice.conn, ":b").key == "a"
        assert found(twice.conn) == set()
        assert [one.b.key for one in merging.merged_here(twice.conn, merging.company_at(twice.conn, ":a"))] == ["b"]
        later = new(twice.conn, "deal", mia, name="Later", company=":b")
        assert later
        assert self.standing(twice)["Later"] == "a"
        undone = merging.undo(twice.conn, seller, ":b", done.decision)
        assert (undone.company.key, undone.is_seen) == ("b", True)
        assert merging.undo(twice.conn, seller, ":b", done.decision).is_seen, "safe to repeat"
        assert self.standing(twice) == before | {"Later": "a"}
        assert [self.company_of(twice, user) for user in ("ann", "ben")] == ["a", "b"]
        assert self.values(twice, "a") == {"name": "Acme GmbH", "domain": "acme.example", "city": "Oslo"}
        assert found(twice.conn) == {(frozenset({"a", "b"}), (CompanySign.DOMAIN, CompanySign.NAME))}
        assert twice.conn.execute("select count(*) from record_company_said").fetchone() == (0,)

    def test_what_somebody_said_since_isnt_led_back(self, twice: Shop, seller: Any, mia: Viewer) -> None:
        for name in ("Stays", "Goes"):
            new(twice.conn, "deal", mia, name=name, company=":b")
        done = merging.merge(twice.conn, seller, (":a", ":b"), {}, once=uuid4())
        twice.conn.execute("update deal set company = %s where name = 'Stays'", [company_hash("", "n")])
        twice.conn.execute("update deal set company = %s where name = 'Stays'", [A])
        merging.undo(twice.conn, seller, ":b", done.decision)
        assert self.standing(twice) == {"Stays": "a", "Goes": "b"}

    def test_what_is_undone_later_leads_to_the_one_too(self, twice: Shop, seller: Any, mia: Viewer) -> None:
        deal = new(twice.conn, "deal", mia, name="Deal", company=":b")
        done = change_records(twice.conn, STANDARD["deal"], {deal: {"company": ":n"}}, viewer=mia)
        merging.merge(twice.conn, seller, (":a", ":b"), {}, once=uuid4())
        undo(twice.conn, done.act, viewer=mia)
        assert self.standing(twice) == {"Deal": "a"}

    def test_chains_come_apart_in_any_order(self, twice: Shop, seller: Any, mia: Viewer) -> None:
        for key in ("a", "b", "n"):
            new(twice.conn, "deal", mia, name=f"Deal {key}", company=f":{key}")
        before = self.standing(twice)
        first = merging.merge(twice.conn, seller, (":a", ":b"), {}, once=uuid4())
        second = merging.merge(twice.conn, seller, (":n", ":a"), {}, once=uuid4())
        assert set(self.standing(twice).values()) == {"n"}
        merging.undo(twice.conn, seller, ":b", first.decision)
        assert self.standing(twice) == {"Deal a": "n", "Deal b": "b", "Deal n": "n"}
        merging.undo(twice.conn, seller, ":a", second.decision)
        assert self.standing(twice) == before

    def test_it_is_decided_once_and_one_is_no_two(self, twice: Shop, seller: Any, mia: Viewer) -> None:
        once = uuid4()
        merging.merge(twice.conn, seller, (":a", ":b"), {}, once=once)
        with pytest.raises(RecordRejected, match="one company already"):
            merging.merge(twice.conn, seller, (":a", ":b"), {}, once=once)
        with pytest.raises(RecordRejected, match="one company already"):
            merging.keep_apart(twice.conn, seller, (":b", ":b"), once=once)
        with pytest.raises(NotFound):
            merging.merge(twice.conn, seller, (":a", ":nothing"), {}, once=once)
        assert [one.decision for one in merging.decided(twice.conn)] == [once]

    def test_two_that_are_kept_apart_leave_the_list_until_that_is_undone(
        self, twice: Shop, seller: Any, mia: Viewer
    ) -> None:
        assert found(twice.conn)
        done = merging.keep_apart(twice.conn, seller, (":a", ":b"), once=uuid4())
        assert found(twice.conn) == set()
        (decision,) = merging.decided(twice.conn)
        assert (decision.is_one, {decision.a.key, decision.b.key}) == (False, {"a", "b"})
        assert set(self.values(twice, "b")) == {"name", "domain", "size"}, "a decision is no trait"
        merging.undo(twice.conn, seller, ":b", done.decision)
        assert len(found(twice.conn)) == 1
        assert merging.decided(twice.conn) == []

    def test_no_other_event_is_taken_back_by_its_message_id(self, twice: Shop, seller: Any) -> None:
        done = merging.merge(twice.conn, seller, (":a", ":b"), {}, once=uuid4())
        for end in (":a", ":n"):  # the decision is none of theirs
            with pytest.raises(NotFound):
                merging.undo(twice.conn, seller, end, done.decision)
        assert merging.company_at(twice.conn, ":b").key == "a"

    def test_nobody_writes_a_decision_as_a_trait(self, twice: Shop) -> None:
        for name in ("merged_into", "apart_from_7"):
            with pytest.raises(CorrectionRejected, match="Duplicates"):
                correct_company(twice.conn, "", "a", name=name, value={"company": ":b"}, acting_user="alice")

    def test_a_correction_after_a_merge_is_undone_to_what_the_other_said(
        self, twice: Shop, seller: Any, mia: Viewer
    ) -> None:
        merging.merge(twice.conn, seller, (":a", ":b"), {}, once=uuid4())
        correct_company(twice.conn, "", "a", name="size", value=9, acting_user="alice")
        assert self.values(twice, "a")["size"] == 9
        correct_company(twice.conn, "", "a", name="size", value=None, acting_user="alice")
        assert self.values(twice, "a")["size"] == 8


@pytest.mark.usefixtures("processor")
class TestPages:
    def test_of_a_merged_company_leads_to_the_one(self, twice: Shop, browser: Client, seller: Any, mia: Viewer) -> None:
        merging.merge(twice.conn, seller, (":a", ":b"), {}, once=uuid4())
        assert browser.get("/companies/:b").headers["Location"] == "/companies/:a"
        page = browser.get("/companies/:a").content.decode()
        assert "Merged into it" in page
        assert "ACME" in page
        listed = browser.get("/companies").content.decode()
        assert "/companies/:a" in listed
        assert "/companies/:b" not in listed
        assert "Ben" in page or page.count("/people/") >= 2

    def test_the_whole_way_by_forms(self, twice: Shop, browser: Client) -> None:
        assert found(twice.conn)
        assert "Same domain" in browser.get("/duplicates/companies").content.decode()
        side = browser.get("/duplicates/companies/compare?a=:a&b=:b").content.decode()
        assert "Let this one stay" in side
        answer = browser.post(
            "/duplicates/companies/merge", {"a": ":a", "b": ":b", "keep-name": "b", "once": str(uuid4())}
        )
        assert answer.headers["Location"] == "/companies/:a"
        assert "ACME" in browser.get("/companies/:a").content.decode()
        (decision,) = merging.decided(twice.conn)
        assert "Unmerge" in browser.get("/duplicates/companies?show=decided").content.decode()
        browser.post(f"/duplicates/companies/{decision.decision}/undo/:b")
        assert browser.get("/companies/:b").status_code == 200
        browser.post("/duplicates/companies/apart", {"a": ":a", "b": ":b"})
        assert "No company seems" in browser.get("/duplicates/companies").content.decode()

    def test_bad_requests_are_answered_in_words(self, twice: Shop, browser: Client) -> None:
        for address in ("compare?a=:a&b=:a", "compare?a=:a&b=:x", "compare", "compare?a=%00&b=%00", "?after=x"):
            answer = browser.get(f"/duplicates/companies/{address}".replace("/?", "?"))
            assert answer.status_code in (400, 404), address
            assert "Traceback" not in answer.content.decode()
        assert browser.post("/duplicates/companies/merge", {"a": "x" * 5_000, "b": ":a"}).status_code == 404
        nothing = UUID(int=0)
        assert browser.post(f"/duplicates/companies/{nothing}/undo/:b").status_code == 404


@pytest.mark.usefixtures("processor")
def test_the_api_lists_decides_and_takes_back(twice: Shop, api: Api) -> None:
    found(twice.conn)
    (pair,) = api.get("company-duplicates")["duplicates"]
    assert ({pair["a"], pair["b"]}, pair["signs"]) == ({":a", ":b"}, ["domain", "name"])
    done = api("POST", "company-duplicates", {"rule": "merge", "a": ":a", "b": ":b", "keep": {"name": "b"}})
    assert (done["company"], done["is_processed"]) == (":a", True)
    back = api("DELETE", f"company-duplicates/{done['decision']}?company=:b")
    assert back["company"] == ":b"
    assert api("POST", "company-duplicates", {"rule": "apart", "a": ":a", "b": ":b"})["is_processed"]
    assert api.get("company-duplicates")["duplicates"] == []
