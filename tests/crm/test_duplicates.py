"""People who may be one: found by what they share, merged and unmerged by events, with all that points at them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from psycopg import Connection

from onefold.accounts.api import Role
from onefold.crm import merging
from onefold.crm.duplicate_keys import Known, Sign, keys_of, mailbox_of, name_of
from onefold.crm.duplicates import FOLLOWER, find_duplicates, pairs, pairs_of, signs_of
from onefold.crm.errors import RecordRejected
from onefold.crm.following import look_at_all
from onefold.crm.pairing import MOST_SHARE
from onefold.crm.person_editing import edited
from onefold.crm.policy import set_reaches
from onefold.crm.viewer import Doing, Reach, Viewer
from onefold.kernel.hashing import identifier_hash
from onefold.profiles.api import correct, names_in_force, to_text
from tests.crm.api import Api
from tests.crm.conftest import new
from tests.web.conftest import NOW, Shop


def whose(conn: Connection[Any], user: str) -> int:
    row = conn.execute("select prof from node where h = %s", [identifier_hash("user_id", user)]).fetchone()
    assert row is not None
    return int(row[0])


def text(conn: Connection[Any], user: str) -> str:
    return to_text(whose(conn, user))


def found(conn: Connection[Any]) -> set[tuple[frozenset[str], tuple[Sign, ...]]]:
    """Whom the pages would show, by name."""
    for _ in range(5):
        if not find_duplicates(conn):
            break
    return {(frozenset((one.a.name, one.b.name)), one.signs) for one in pairs(conn)[0]}


@pytest.fixture
def twice(shop: Shop) -> Shop:
    """Ada is there twice, by her mailbox; Ben isn't."""
    shop.identify("1", email="ada.lovelace@gmail.com", name="Ada", title="Countess")
    shop.identify("2", email="adalovelace+shop@googlemail.com", name="Ada L.", title="Programmer", city="London")
    shop.identify("3", email="ben@example.com", name="Ben")
    return shop


class TestSigns:
    @pytest.mark.parametrize(
        ("email", "mailbox"),
        [
            ("Ada+x@Example.com", "ada@example.com"),
            ("a.d.a@gmail.com", "ada@gmail.com"),
            ("a.da@GoogleMail.com", "ada@gmail.com"),
            ("a.da@example.com", "a.da@example.com"),
            ("+x@example.com", ""),
            ("nobody", ""),
            ("@example.com", ""),
            ("", ""),
        ],
    )
    def test_variants_of_an_address_are_one_mailbox(self, email: str, mailbox: str) -> None:
        assert mailbox_of(email) == mailbox

    @pytest.mark.parametrize(
        ("name", "plain"),
        [("Müller, Zoë", "muller zoe"), ("Zoe  MULLER", "muller zoe"), ("Zoe", ""), ("", ""), ("李 小龙", "小龙 李")],
    )
    def test_order_case_and_accents_of_a_name_dont_matter(self, name: str, plain: str) -> None:
        assert name_of(name) == plain

    def test_what_is_no_number_and_awful_text_are_no_signs(self, shop: Shop) -> None:
        names = names_in_force(shop.conn)
        awful = Known(1, "<b>" * 10_000, "x" * 10_000, "call me", None)
        assert [key.kind for key in keys_of(names, awful)] == []
        same = [
            set(keys_of(names, Known(n, "Ada Lovelace", "", phone, None)))
            for n, phone in ((1, "+47 22 55 01 48"), (2, "+4722550148"))
        ]
        assert same[0] == same[1] != set()


class TestFinding:
    def test_a_shared_mailbox_makes_a_pair(self, twice: Shop) -> None:
        assert found(twice.conn) == {(frozenset({"Ada", "Ada L."}), (Sign.MAILBOX,))}
        assert signs_of(twice.conn, whose(twice.conn, "1"), whose(twice.conn, "2")) == (Sign.MAILBOX,)
        assert [one.other(whose(twice.conn, "1")).name for one in pairs_of(twice.conn, whose(twice.conn, "1"))] == [
            "Ada L."
        ]

    def test_name_and_company_or_domain(self, shop: Shop) -> None:
        for user, name in (("1", "Zoë Müller"), ("2", "muller, zoe"), ("3", "Zoe Other")):
            shop.send({"type": "group", "userId": user, "groupId": "acme", "traits": {"name": "Acme"}})
            shop.identify(user, name=name)
        shop.identify("4", name="Kim Berg", email="kim@nord.example")
        shop.identify("5", name="Berg Kim", email="k.berg@nord.example")
        shop.identify("6", name="Kim Berg", email="kimberg1@gmail.com")
        shop.identify("7", name="Kim Berg", email="kimberg2@gmail.com")
        assert found(shop.conn) == {
            (frozenset({"Zoë Müller", "muller, zoe"}), (Sign.NAME,)),
            (frozenset({"Kim Berg", "Berg Kim"}), (Sign.DOMAIN,)),
        }

    def test_what_changes_is_followed(self, twice: Shop) -> None:
        assert found(twice.conn)
        twice.identify("2", email="somebody@else.example", at=NOW + timedelta(minutes=1))
        assert found(twice.conn) == set()  # an address that was said once stays theirs, but isn't what they have now

    def test_a_sign_of_many_makes_no_pairs_until_few_have_it(self, shop: Shop) -> None:
        many = MOST_SHARE + 3
        for number in range(many):
            shop.identify(f"u{number}", name=f"Person {number}", email=f"info+{number}@hotel.example")
        assert found(shop.conn) == set()
        for number in range(4, many):
            shop.identify(f"u{number}", email=f"own{number}@hotel.example", at=NOW + timedelta(minutes=1))
        assert len(found(shop.conn)) == 4 * 3 / 2

    def test_a_second_look_finds_nothing_new_and_all_are_found_again(self, twice: Shop) -> None:
        before = found(twice.conn)
        assert find_duplicates(twice.conn) == 0
        twice.conn.execute("truncate duplicate_key, duplicate_pair")
        look_at_all(twice.conn, FOLLOWER)
        assert found(twice.conn) == before

    def test_who_is_gone_leaves(self, twice: Shop) -> None:
        assert found(twice.conn)
        twice.conn.execute("delete from profile where id = %s", [whose(twice.conn, "2")])
        assert found(twice.conn) == set()
        look_at_all(twice.conn, FOLLOWER)
        find_duplicates(twice.conn)
        rows = twice.conn.execute("select count(*) from duplicate_key where person = %s", [whose(twice.conn, "2")])
        assert rows.fetchone() == (0,)

    def test_two_at_once(self, twice: Shop, pg_url: str) -> None:
        from onefold.infra.postgres import connect

        with connect(pg_url, "tests") as other:
            other.execute("select * from people_follower for update")
            assert find_duplicates(twice.conn) == 0
        assert found(twice.conn)


@pytest.mark.usefixtures("processor")
class TestMerging:
    @pytest.fixture
    def actor(self, make_user: Callable[..., Any], twice: Shop) -> Any:
        return make_user("ann")

    def test_a_merge_moves_deals_and_an_unmerge_moves_them_back(
        self, twice: Shop, actor: Any, team: dict[str, Viewer], browser_of: Callable[..., Client]
    ) -> None:
        conn = twice.conn
        for user in ("1", "2"):
            new(conn, "deal", team["mia"], name=f"Deal of {user}", person=f"user_id:{user}")
        find_duplicates(conn)
        browser = browser_of("eve")

        def deals(user: str) -> set[str]:
            html = browser.get(f"/records/of/person/{text(conn, user)}").content.decode()
            return set(re.findall(r"Deal of \d", html))

        assert (deals("1"), deals("2")) == ({"Deal of 1"}, {"Deal of 2"})
        done = merging.merge(
            conn, actor, (text(conn, "1"), text(conn, "2")), {"title": "b", "city": "b", "email": "b"}, once=uuid4()
        )
        assert (done.is_seen, done.is_one) == (True, True)
        assert whose(conn, "1") == whose(conn, "2")
        assert deals("1") == {"Deal of 1", "Deal of 2"}
        traits = edited(conn, text(conn, "1")).values
        assert (traits["title"], traits["city"]) == ("Programmer", "London")
        assert traits["email"] == "adalovelace+shop@googlemail.com"
        assert found(conn) == set()
        undone = merging.undo(conn, actor, done.event)
        assert (undone.is_seen, undone.is_one) == (True, False)
        assert (deals("1"), deals("2")) == ({"Deal of 1"}, {"Deal of 2"})
        one, other = (edited(conn, text(conn, user)).values for user in ("1", "2"))
        assert (one["title"], one.get("city"), other["title"]) == ("Countess", None, "Programmer")
        assert one["email"] == "ada.lovelace@gmail.com"
        assert found(conn) == {(frozenset({"Ada", "Ada L."}), (Sign.MAILBOX,))}

    def test_what_was_edited_since_stays_when_they_are_two_again(self, twice: Shop, actor: Any) -> None:
        conn = twice.conn
        ends = text(conn, "1"), text(conn, "2")
        done = merging.merge(conn, actor, ends, {"title": "b", "city": "b"}, once=uuid4())
        one = edited(conn, ends[0])
        correct(conn, one.names, one.whom, name="title", value="Chief", acting_user="user:ann")
        merging.undo(conn, actor, done.event)
        values = [edited(conn, f"user_id:{user}").values for user in ("1", "2")]
        assert "Chief" in {one["title"] for one in values}
        assert [one.get("city") for one in values] == [None, "London"]

    def test_sent_twice_it_is_done_once(self, twice: Shop, actor: Any) -> None:
        conn, once = twice.conn, uuid4()
        ends = text(conn, "1"), text(conn, "2")
        merging.merge(conn, actor, ends, {}, once=once)
        with pytest.raises(RecordRejected, match="one person already"):
            merging.merge(conn, actor, ends, {}, once=once)
        with pytest.raises(RecordRejected, match="one person already"):
            merging.keep_apart(conn, actor, (text(conn, "3"), text(conn, "3")), once=uuid4())

    def test_two_people_stay_two_until_that_is_taken_back(self, twice: Shop, actor: Any) -> None:
        conn = twice.conn
        before = found(conn)
        done = merging.keep_apart(conn, actor, (text(conn, "1"), text(conn, "2")), once=uuid4())
        assert found(conn) == set()
        twice.identify("1", city="Paris")  # whatever comes
        assert found(conn) == set()
        merging.undo(conn, actor, done.event)
        assert found(conn) == before

    def test_a_field_that_cannot_be_chosen_is_refused(self, twice: Shop, actor: Any) -> None:
        ends = text(twice.conn, "1"), text(twice.conn, "2")
        with pytest.raises(RecordRejected, match="no field"):
            merging.merge(twice.conn, actor, ends, {"<b>": "a"}, once=uuid4())
        assert whose(twice.conn, "1") != whose(twice.conn, "2")


@pytest.mark.usefixtures("processor")
class TestPages:
    @pytest.fixture
    def browser(self, twice: Shop, browser_of: Callable[..., Client]) -> Client:
        find_duplicates(twice.conn)
        return browser_of("eve")

    def test_the_way_through(self, browser: Client, twice: Shop) -> None:
        conn = twice.conn
        html = browser.get("/duplicates").content.decode()
        assert "Same mailbox" in html
        assert "Ada L." in html
        assert ">Ben<" not in html
        a, b = text(conn, "1"), text(conn, "2")
        assert "Perhaps the same as Ada L." in browser.get(f"/records/of/person/{a}/fields").content.decode()
        html = browser.get(f"/duplicates/compare?a={a}&b={b}").content.decode()
        assert 'name="keep-title" value="b"' in html
        assert "Countess" in html
        assert "Programmer" in html
        answer = browser.post("/duplicates/merge", {"a": a, "b": b, "keep-title": "b", "once": str(uuid4())})
        assert answer.status_code == 302
        html = browser.get(answer["location"]).content.decode()
        undo = re.search(r"/duplicates/[0-9a-f-]{36}/undo", html)
        assert undo
        assert whose(conn, "1") == whose(conn, "2")
        html = browser.get("/duplicates?show=decided").content.decode()
        assert "Merged" in html
        assert undo[0] in html
        assert browser.post(undo[0]).status_code == 302
        assert whose(conn, "1") != whose(conn, "2")
        assert browser.post(undo[0]).status_code == 302  # done twice it is done once
        assert "Nothing was decided yet." in browser.get("/duplicates?show=decided").content.decode()

    def test_apart(self, browser: Client, twice: Shop) -> None:
        ends = {"a": text(twice.conn, "1"), "b": text(twice.conn, "2")}
        assert browser.post("/duplicates/apart", ends).status_code == 302
        assert "Nobody seems to be here twice." in browser.get("/duplicates").content.decode()
        assert "Kept apart" in browser.get("/duplicates?show=decided").content.decode()

    @pytest.mark.parametrize("after", ["1", "x_y_z", "1_2_99999999999999999999", "-1_2_3", "1_2_3_4"])
    def test_a_page_that_is_not_there_is_said(self, browser: Client, after: str) -> None:
        assert browser.get("/duplicates", {"after": after}).status_code == 400
        assert browser.get("/duplicates", {"show": "decided", "after": after}).status_code == 400

    @pytest.mark.parametrize("b", ["", "nobody", "user_id:unheard of", "0" * 16])
    def test_whom_nobody_knows_is_said(self, browser: Client, twice: Shop, b: str) -> None:
        a = text(twice.conn, "1")
        assert browser.get("/duplicates/compare", {"a": a, "b": b}).status_code == 404
        assert browser.post("/duplicates/merge", {"a": a, "b": b}).status_code == 404
        assert browser.get("/duplicates/compare", {"a": a, "b": a}).status_code == 400

    def test_others_people_are_theirs_to_decide(self, twice: Shop, browser_of: Callable[..., Client]) -> None:
        conn = twice.conn
        set_reaches(conn, Role.SALES, {("people", Doing.EDIT): Reach.OWN}, acting_user="test")
        rep = browser_of("rep", Role.SALES)
        a, b = text(conn, "1"), text(conn, "2")
        html = rep.get(f"/duplicates/compare?a={a}&b={b}").content.decode()
        assert "yours to edit" in html
        assert "Merge into one" not in html
        for path in ("merge", "apart"):
            assert rep.post(f"/duplicates/{path}", {"a": a, "b": b}).status_code == 403
        assert whose(conn, "1") != whose(conn, "2")


def test_programs_list_them(twice: Shop, api: Api) -> None:
    conn = twice.conn
    find_duplicates(conn)
    low, high = sorted((whose(conn, "1"), whose(conn, "2")))
    told = api.get("duplicates")
    assert told == {"duplicates": [{"a": to_text(low), "b": to_text(high), "signs": ["mailbox"]}], "next": None}
    assert "Begin with the first" in str(api("GET", "duplicates?after=x", expect=400))
