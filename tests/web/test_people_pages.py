"""What the pages of people show, and what stewards decide there."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client

from onefold.kernel.hashing import identifier_hash
from onefold.profiles.ids import to_text
from tests.web.conftest import NOW, Shop, days_ago
from tests.web.reading import names, page, person


class TestPeople:
    """The list."""

    def test_known_people_newest_first_and_anonymous_ones_on_demand(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", name="Ada", at=days_ago(2))
        shop.identify("2", name="Ben", at=days_ago(1))
        shop.send({"type": "page", "anonymousId": "a"})
        assert names(page(bob, "/people")) == ["Ben", "Ada"]
        assert names(page(bob, "/people?who=all")) == ["Anonymous", "Ben", "Ada"]

    def test_pages_lose_and_repeat_nobody_when_all_were_seen_in_the_same_hour(self, bob: Client, shop: Shop) -> None:
        shop.send(*({"type": "identify", "userId": f"u{n}", "traits": {"name": f"P{n}"}} for n in range(120)))
        assert shop.conn.execute("select count(distinct last_seen) from profile").fetchone() == (1,)
        found, path = [], "/people"
        while path:
            html = page(bob, path)
            found += names(html)
            following = re.search(r'rel="next" href="([^"]+)"', html)
            path = unescape(following[1]) if following else ""
        assert sorted(found) == sorted(f"P{n}" for n in range(120))

    def test_search_finds_names_mails_phones_and_ids(self, alice: Client, shop: Shop) -> None:
        shop.identify("al-7", name="Ada Lovelace %_ 50% off", email="ada@example.com", phone="+4722550101")
        shop.identify("other", name="Somebody Else", email="zoe@example.org")
        for query in ("lovel", "LOVELACE", "ada@exam", "+4722", "4722550", "al-7", "ad", "a", "%_", "50% o"):
            html = page(alice, "/people?" + urlencode({"q": query}))
            assert names(html) == ["Ada Lovelace %_ 50% off"], query

    def test_search_that_finds_nobody(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", name="Ada")
        for query in ("nobody at all", "%00", "x" * 5000, "\\", "'; drop table profile"):
            html = page(bob, f"/people?q={query}")
            assert "No known people match." in html or names(html) == ["Ada"], query

    @pytest.mark.parametrize("query", ["email:ADA@example.com", "user_id:1", to_text(identifier_hash("user_id", "1"))])
    def test_a_whole_identifier_leads_straight_to_the_person(self, query: str, bob: Client, shop: Shop) -> None:
        shop.identify("1", name="Ada", email="ada@example.com")
        response = bob.get("/people", {"q": query})
        assert (response.status_code, response["Location"]) == (302, person("1"))
        assert bob.get("/people", {"q": query}, headers={"HX-Request": "true"})["HX-Redirect"] == person("1")

    def test_htmx_gets_the_list_only(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", name="Ada")
        html = page(bob, "/people?q=ad", **{"HX-Request": "true"})
        assert names(html) == ["Ada"]
        assert "<html" not in html

    def test_a_search_brings_all_that_knows_of_the_list_with_it(self, alice: Client, shop: Shop) -> None:
        """Else the export and the chips would stand for the list as it was before a letter was typed."""
        shop.identify("1", name="Ada")
        html = page(alice, "/people?q=ad", **{"HX-Request": "true"})
        for part in ("list-tools", "list-acts", "count"):
            assert re.search(rf'id="{part}"[^>]* hx-swap-oob="true"', html), part
        assert '<input type="hidden" name="address" value="q=ad">' in html
        assert "/people?q=ad&amp;who=all" in html
        assert 'data-base="/people?q=ad"' in html
        assert "hx-swap-oob" not in page(alice, "/people?q=ad")

    def test_the_count_is_capped(self, bob: Client, shop: Shop) -> None:
        shop.conn.execute(
            "insert into profile (id, is_known, first_seen, last_seen)"
            " select n, true, now(), now() from generate_series(1, 1001) n"
        )
        assert "<b>1,000+</b> people" in page(bob, "/people")

    @pytest.mark.parametrize(
        "place", ["x", "1", "_", "99999999999999999999999_1", "1_99999999999999999999999", "-1_-1"]
    )
    def test_a_place_that_is_none_shows_the_beginning_or_an_end(self, place: str, bob: Client, shop: Shop) -> None:
        shop.identify("1", name="Ada")
        assert bob.get(f"/people?after={place}").status_code == 200

    def test_the_list_takes_the_same_statements_for_one_and_for_fifty(
        self, bob: Client, shop: Shop, statements: list[str]
    ) -> None:
        shop.identify("u1", name="P")
        assert names(page(bob, "/people")) == ["P"]
        statements.clear()
        page(bob, "/people")
        few = len(statements)
        shop.send(*({"type": "identify", "userId": str(n), "traits": {"name": f"P{n}"}} for n in range(60)))
        page(bob, "/people")  # what was remembered may have grown old by now
        statements.clear()
        page(bob, "/people")
        assert len(statements) == few

    def test_an_empty_workspace_says_what_will_be_here(self, bob: Client) -> None:
        assert "Nobody is known yet." in page(bob, "/people")
        assert "No people yet." in page(bob, "/people?who=all")


class TestPerson:
    """One person."""

    def test_traits_with_where_they_come_from_and_what_lost(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", name="Ada", tags=["a", "b"], nested={"x": {"y": 1}}, at=days_ago(1))
        shop.send({"type": "identify", "userId": "1", "traits": {"name": "ADA"}}, source=shop.web)
        html = page(bob, person("1"))
        assert "a, b" in html
        assert "{&quot;x&quot;:{&quot;y&quot;:1}}" in html
        row = page(bob, f"{person('1')}/why?trait=name")
        assert row.index("Ada") < row.index("Shop back end") < row.index("ADA") < row.index("priority 100")

    def test_identifiers_and_why_two_that_were_seen_together_are_not_joined(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", email="both@example.com", at=days_ago(1))
        shop.identify("2", email="both@example.com")
        html = page(bob, person("1"))
        assert "2 identifiers, 1 person" in html
        assert "Joined, they would have 2 of user_id (2, 1), and a person has 1 at most." in html
        assert "user_id:2" in html

    def test_a_shared_identifier_has_a_page_that_explains(self, bob: Client, shop: Shop) -> None:
        for user in ("1", "2"):
            shop.send({"type": "track", "event": "E", "userId": user, "context": {"device": {"id": "kiosk"}}})
        html = page(bob, f"/people/{to_text(identifier_hash('device_id', 'kiosk'))}")
        assert "device_id:kiosk is shared" in html
        assert "user_id:1" in html
        assert "device_id:kiosk is shared" in page(bob, person("1"))

    def test_an_old_id_leads_to_the_present_one(self, bob: Client, shop: Shop) -> None:
        shop.send({"type": "page", "anonymousId": "a"}, at=days_ago(1))
        shop.send({"type": "identify", "userId": "1", "anonymousId": "a"})
        response = bob.get(person("1"))
        assert (response.status_code, response["Location"]) == (
            302,
            f"/people/{to_text(identifier_hash('anonymous_id', 'a'))}",
        )

    @pytest.mark.parametrize("identifier", ["0" * 16, "nonsense", "ffff", "%00", "0" * 17])
    def test_nobody_has_this_id(self, identifier: str, bob: Client) -> None:
        assert bob.get(f"/people/{identifier}").status_code == 404

    def test_the_timeline_in_pages_of_equal_times(self, bob: Client, shop: Shop) -> None:
        shop.send(
            *({"type": "track", "event": f"E{n}", "userId": "1", "timestamp": NOW.isoformat()} for n in range(130)),
            at=NOW,
        )
        shop.send(*({"type": "track", "event": f"F{n}", "userId": "1", "anonymousId": "a"} for n in range(10)))
        html = page(bob, person("1"))
        assert "<strong>140" in html or ">140<" in html
        found: list[str] = []
        while True:
            found += re.findall(r'<span class="strong">([EF]\d+)</span>', html)
            following = re.search(r'hx-get="([^"]+/events\?before=[^"]+)"', html)
            if not following:
                break
            html = page(bob, unescape(following[1]), **{"HX-Request": "true"})
            assert "<html" not in html
        assert sorted(found) == sorted([f"E{n}" for n in range(130)] + [f"F{n}" for n in range(10)])

    def test_older_events_without_htmx_are_a_page(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", name="Ada")
        assert "<html" in page(bob, f"{person('1')}/events?before=nonsense")
        assert bob.get("/people/nonsense/events").status_code == 404

    def test_robots_are_marked(self, bob: Client, shop: Shop) -> None:
        agent = "Mozilla/5.0 (compatible; Googlebot/2.1)"
        shop.send({"type": "track", "event": "E", "userId": "1", "context": {"userAgent": agent}})
        assert "Robot" in page(bob, person("1"))

    def test_companies_lead_to_their_page(self, bob: Client, shop: Shop) -> None:
        shop.send({"type": "group", "userId": "1", "groupId": "a/b", "traits": {"name": "Acme"}})
        assert "/companies/:a/b" in page(bob, person("1"))
        assert "Acme" in page(bob, "/companies/:a/b")
        assert bob.get("/companies/:nobody").status_code == 404

    def test_a_person_takes_the_same_statements_with_one_identifier_and_with_many(
        self, bob: Client, shop: Shop, statements: list[str]
    ) -> None:
        shop.identify("1", name="Ada", email="ada@example.com")
        shop.send({"type": "track", "event": "E", "userId": "1", "anonymousId": "a"})
        shop.send({"type": "group", "userId": "1", "groupId": "g"})
        page(bob, person("1"))
        statements.clear()
        page(bob, person("1"))
        few = len(statements)
        shop.send(*({"type": "track", "event": "E", "userId": "1", "anonymousId": f"a{n}"} for n in range(40)))
        shop.send(*({"type": "group", "userId": "1", "groupId": f"g{n}"} for n in range(9)))
        statements.clear()
        page(bob, person("1"))
        assert len(statements) == few


class TestDecisions:
    """Never and always, on the page."""

    def test_never_link_on_the_page_splits_and_withdraw_joins(self, alice: Client, shop: Shop, processor: None) -> None:
        shop.identify("1", email="ada@example.com")
        html = page(alice, person("1"))
        assert "/people/links" not in html  # decided on the page of the identity, after a preview
        assert '"rule": "never"' in page(alice, f"{person('1')}/identity")
        sent = {"rule": "never", "a": "user_id:1", "b": "email:ada@example.com"}
        response = alice.post("/people/links", sent, follow=True)
        html = response.content.decode()
        assert "Done: user_id:1 and email:ada@example.com are never linked." in html
        assert "A decision keeps email:ada@example.com and user_id:1 apart: never link." in html
        assert '"rule": "withdrawn"' in page(alice, f"{person('1')}/identity")
        html = alice.post("/people/links", sent | {"rule": "withdrawn"}, follow=True).content.decode()
        assert "2 identifiers, 1 person" in html

    def test_without_a_processor_it_is_said_to_be_pending(self, alice: Client, shop: Shop) -> None:
        shop.identify("1", email="ada@example.com")
        response = alice.post("/people/links", {"rule": "never", "a": "user_id:1", "b": "user_id:1"}, follow=True)
        assert "Logged. Its effect isn&#x27;t to be seen yet" in response.content.decode()

    def test_a_viewer_sees_no_buttons(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", email="ada@example.com")
        assert "/people/links" not in page(bob, person("1"))

    @pytest.mark.parametrize("sent", [{}, {"rule": "never", "a": "user_id:1", "b": "nonsense"}, {"rule": "x"}])
    def test_nonsense_is_answered_with_what_is_allowed(self, sent: dict[str, str], alice: Client, shop: Shop) -> None:
        response = alice.post("/people/links", sent)
        assert response.status_code == 400
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (0,)
