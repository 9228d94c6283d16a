"""The record page: why on the page, corrections and their undoing, the past, topics, what an open page hears of."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from onefold.kernel.hashing import identifier_hash
from onefold.profiles.ids import to_text
from tests.web.conftest import Shop, days_ago
from tests.web.reading import found, page, person


def id_of(value: str, namespace: str = "anonymous_id") -> str:
    """The id of the page of whom this identifier names."""
    return to_text(identifier_hash(namespace, value))


def _text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def pages(*paths: str, day: float = 1, minutes: int = 1) -> list[dict[str, Any]]:
    """Page views that follow each other."""
    return [
        {
            "type": "page",
            "userId": "1",
            "timestamp": days_ago(day - n * minutes / 1440).isoformat(),
            "properties": {"path": path},
        }
        for n, path in enumerate(paths)
    ]


class TestTimeline:
    """What a person did."""

    def test_page_views_that_follow_each_other_are_one_visit(self, bob: Client, shop: Shop) -> None:
        shop.send(*pages("/a", "/b", "/c", day=2), source=shop.web)
        shop.send(*pages("/later", day=1), source=shop.web)
        html = page(bob, person("1"))
        assert "Visit, 3 pages" in html
        path = html[html.index('class="path"') :]
        assert path.index("/a") < path.index("/b") < path.index("/c")
        assert html.count("Visit,") == 1  # a single page is an event like others

    def test_a_topic_shows_its_events_and_counts_them(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", name="Ada")
        shop.send(*({"type": "track", "event": "Order Completed", "userId": "1"} for _ in range(3)))
        shop.send({"type": "track", "event": "Email Opened", "userId": "1"})
        html = page(bob, person("1"))
        chips = re.findall(r"topic=(\w+)[^>]*>.*?<span class=\"n\">([\d+]+)</span>", html, re.DOTALL)
        assert chips[:3] == [("shopping", "3"), ("messages", "1"), ("details", "1")]
        only = page(bob, f"{person('1')}?topic=messages")
        timeline = only[only.index('id="p-timeline"') : only.index("<aside")]
        assert "Email Opened" in timeline
        assert "Order Completed" not in timeline
        assert "No such events" in page(bob, f"{person('1')}?topic=visits")

    def test_what_is_beyond_the_window_is_said_and_can_be_gone_on_to(
        self, bob: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("onefold.profiles.timeline.WINDOW", 4)
        shop.send({"type": "track", "event": "Order Completed", "userId": "1", "timestamp": days_ago(9).isoformat()})
        shop.send(*pages(*(f"/{n}" for n in range(10)), day=5))
        html = page(bob, person("1"))
        assert "of the newest 4 events" in html
        assert "topic=shopping" in html  # there may be some further back
        shown = page(bob, f"{person('1')}?topic=shopping")
        for _step in range(2):
            assert "4 events were looked through." in shown
            assert "Order Completed" not in shown
            shown = page(bob, unescape(found(r'href="([^"]+/events\?before=[^"]+)"', shown)))
        assert "Order Completed" in shown
        assert "Look further back" not in shown

    def test_orders_make_the_revenue_of_the_facts(self, bob: Client, shop: Shop) -> None:
        for name, revenue in (("Order Completed", 1200.5), ("Order Completed", 100), ("Order Refunded", 0.5)):
            properties = {"revenue": revenue, "currency": "EUR"}
            shop.send({"type": "track", "event": name, "userId": "1", "properties": properties})
        facts = found(r'<dl class="facts"(.*?)</dl>', page(bob, person("1")).replace("\n", ""))
        assert "1,300.00 EUR" in facts
        assert "<dt>Orders</dt><dd>2</dd>" in facts

    def test_an_open_page_hears_of_news_only(self, bob: Client, shop: Shop) -> None:
        shop.send({"type": "page", "anonymousId": "a"}, at=days_ago(1))
        path = f"/people/{id_of('a')}"
        html = page(bob, path)
        state = found(r'data-at="([^"]+)"', html)
        assert bob.get(f"{path}/news?at={state}").status_code == 204
        shop.send({"type": "identify", "userId": "1", "anonymousId": "a", "traits": {"name": "Ada"}})
        quiet = bob.get(f"{path}/news?at={state}&count=1")  # somebody reads: only how many there are
        assert (quiet.status_code, quiet["X-State"].endswith(".2")) == (204, True)
        fresh = page(bob, f"{path}/news?at={state}")
        assert 'data-title="Ada"' in fresh
        assert "<html" not in fresh
        assert "Ada" in fresh
        state = found(r'data-at="([^"]+)"', fresh)
        assert bob.get(f"{path}/news?at={state}").status_code == 204
        assert bob.get("/people/nonsense/news").status_code == 204

    def test_devices_are_read_off_user_agents(self, bob: Client, shop: Shop) -> None:
        agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17.0 Safari/604.1"
        shop.send({"type": "track", "event": "E", "userId": "1", "context": {"userAgent": agent}})
        assert "Safari, iPhone" in page(bob, person("1"))


class TestTraits:
    """Values, why they count, and putting them right."""

    def test_traits_are_found_by_name_and_value_and_are_bounded(self, bob: Client, shop: Shop) -> None:
        for start in (0, 100, 200, 300):
            traits = {f"t{n}": f"v{n}" for n in range(start, start + 100)}
            shop.send({"type": "identify", "userId": "1", "traits": traits})
        html = page(bob, person("1"))
        assert html.count('class="kv"') == 100
        assert "the 300 left" in html
        rest = page(bob, unescape(found(r'hx-get="([^"]+/traits\?from=100[^"]*)"', html)))
        assert rest.count('class="kv"') == 100
        assert "<div" not in rest  # the lines alone: they go on where the first ones end
        assert "the 200 left" in rest
        assert page(bob, f"{person('1')}/traits?q=V399").count('class="kv"') == 1
        assert "No trait matches." in page(bob, f"{person('1')}/traits?q=%00zzz")

    def test_traits_stand_in_groups_what_people_look_for_first(self, bob: Client, shop: Shop) -> None:
        shop.identify(
            "1", zodiac="x", plan="free", Postal_Code="1", e_mail="y", job_title="z", name="Ada", a=1, b=2, c=3
        )
        html = page(bob, person("1"))
        groups = re.findall(r'data-keeps-open="(\w+)" open><summary><h3>(\w+)</h3><span class="n">(\d+)<', html)
        assert groups == [("contact", "Contact", "3"), ("about", "About", "2"), ("other", "Other", "4")]
        assert html.index(">name<") < html.index(">Postal_Code<") < html.index(">job_title<") < html.index(">a<")
        shop.identify("2", name="Ben", zodiac="x")
        assert "data-keeps-open" not in page(bob, person("2"))  # two traits need no headings

    def test_a_correction_outranks_keeps_who_made_it_and_is_undone(
        self, alice: Client, shop: Shop, processor: None
    ) -> None:
        shop.identify("1", city="Olso")
        sent = {"name": "city", "value": "Oslo", "kind": "text"}
        html = alice.post(f"{person('1')}/traits/correct", sent, follow=True).content.decode()
        assert "city is corrected." in html
        assert shop.conn.execute("select traits->>'city' from profile").fetchone() == ("Oslo",)
        why = page(alice, f"{person('1')}/why?trait=city")
        assert "Edited by alice" in why
        assert why.index("Oslo") < why.index("Olso")
        undo = found(r'action="(/people/corrections/[^"]+/undo)"', html)
        again = {"name": "city", "value": "Bergen", "kind": "text"}
        second = alice.post(f"{person('1')}/traits/correct", again, follow=True).content.decode()
        alice.post(found(r'action="(/people/corrections/[^"]+/undo)"', second))
        assert shop.conn.execute("select traits->>'city' from profile").fetchone() == ("Oslo",)
        alice.post(undo)
        assert shop.conn.execute("select traits->>'city' from profile").fetchone() == ("Olso",)

    def test_plain_objects_and_lists_read_as_words(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", address={"city": "Oslo", "zip": 150}, tags=["a", 2], deep={"a": {"b": None}}, flag=[True])
        html = unescape(page(bob, person("1")))
        assert all(f">{text}<" in html for text in ("city: Oslo, zip: 150", "a, 2", '{"a":{"b":null}}', "[true]"))

    def test_a_value_keeps_its_type(self, alice: Client, shop: Shop, processor: None) -> None:
        shop.identify("1", points=3)
        assert 'name="kind" value="json"' in page(alice, f"{person('1')}/why?trait=points")
        alice.post(f"{person('1')}/traits/correct", {"name": "points", "value": "4", "kind": "json"})
        assert shop.conn.execute("select traits->'points' from profile").fetchone() == (4,)

    def test_what_cannot_be_corrected_is_said_and_nothing_is_logged(self, alice: Client, shop: Shop) -> None:
        shop.identify("1", email="ada@example.com")
        shop.identify("2", email="ben@example.com")
        path = f"{person('1')}/traits/correct"
        for sent in (
            {"name": "", "value": "x"},
            {"name": "n" * 201, "value": "x"},
            {"name": "a", "value": "{", "kind": "json"},
            {"name": "email", "value": "no address"},
            {"name": "email", "value": "ben@example.com"},
        ):
            assert alice.post(path, sent).status_code == 400, sent
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (0,)

    def test_a_viewer_corrects_nothing(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", city="Oslo")
        assert bob.post(f"{person('1')}/traits/correct", {"name": "city", "value": "x"}).status_code == 403
        assert "traits/correct" not in page(bob, person("1")) + page(bob, f"{person('1')}/why?trait=city")

    def test_html_in_names_and_values_stays_text(self, alice: Client, shop: Shop) -> None:
        shop.send({"type": "identify", "userId": "1", "traits": {'<b>"&': "<script>alert(1)</script>"}})
        html = page(alice, person("1"))
        assert "<script>alert" not in html
        path = unescape(found(r'hx-get="([^"]+/why\?trait=%3Cb[^"]*)"', html))
        assert "<script>alert" not in page(alice, path)


class TestIdentity:
    """The graph, the preview, the decision and its undoing."""

    def test_a_preview_says_what_the_decision_does_and_undo_takes_it_back(
        self, alice: Client, shop: Shop, processor: None
    ) -> None:
        shop.identify("1", email="ada@example.com", name="Ada")
        html = page(alice, f"{person('1')}/identity")
        assert "Unmerge" in html
        a, b = found(r'hx-vals=\'{"rule": "never", "a": "([0-9a-f]{16})"', html), id_of("ada@example.com", "email")
        said = alice.post("/people/links/preview", {"rule": "never", "a": a, "b": b}).content.decode()
        assert "One person becomes 2." in said
        assert shop.conn.execute("select count(*) from event_log").fetchone() == (0,)
        done = alice.post("/people/links", {"rule": "never", "a": a, "b": b}, follow=True).content.decode()
        assert "are never linked" in done
        assert shop.conn.execute("select count(*) from profile").fetchone() == (2,)
        alice.post(found(r'action="(/people/links/[^"]+/undo)"', done))
        assert shop.conn.execute("select count(*) from profile").fetchone() == (1,)

    def test_a_preview_that_no_longer_holds_is_shown_again_and_decides_nothing(
        self, alice: Client, shop: Shop, processor: None
    ) -> None:
        shop.identify("1", email="ada@example.com")
        asked = {"rule": "never", "a": id_of("1", "user_id"), "b": id_of("ada@example.com", "email")}
        dialog = alice.post("/people/links/preview", asked).content.decode()
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', dialog.replace("csrfmiddlewaretoken", "x", 1)))
        shop.identify("1", phone="+4670174060")
        stale = alice.post("/people/links", hidden).content.decode()
        assert "This has changed since you saw it" in stale
        assert shop.conn.execute("select count(*) from link_rule").fetchone() == (0,)
        hidden["seen"] = found(r'name="seen" value="([^"]+)"', stale)
        for _tab in range(2):  # a double click: the same `once`
            assert alice.post("/people/links", hidden | {"seen": ""}).status_code == 302
        assert shop.conn.execute("select count(*) from link_rule").fetchone() == (1,)
        again = alice.post("/people/links", hidden).content.decode()  # another tab, which still shows the preview
        assert "This has changed since you saw it" in again
        assert "It is decided so already." in again

    def test_undo_counts_once_and_not_over_a_newer_decision(self, alice: Client, shop: Shop, processor: None) -> None:
        shop.identify("1", email="ada@example.com")
        sent = {"rule": "never", "a": "user_id:1", "b": "email:ada@example.com"}
        undo = found(r'action="(/people/links/[^"]+/undo)"', _text(alice.post("/people/links", sent, follow=True)))
        for _tab in range(2):
            assert alice.post(undo).status_code == 302
        assert shop.conn.execute("select count(*) from link_rule").fetchone() == (2,)
        alice.post("/people/links", sent)
        assert alice.post(undo).status_code == 400
        assert shop.conn.execute("select count(*) from profile").fetchone() == (2,)

    def test_reasons_are_in_the_readers_language(self, bob: Client, shop: Shop) -> None:
        for user in ("1", "2"):
            shop.send({"type": "track", "event": "E", "userId": user, "context": {"device": {"id": "kiosk"}}})
        shop.identify("3", email="both@example.com", at=days_ago(1))
        shop.identify("4", email="both@example.com")
        german = {"accept-language": "de"}
        kiosk = _text(bob.get(f"/people/{id_of('kiosk', 'device_id')}", headers=german))
        assert "seen with more people" not in kiosk
        assert "device_id:kiosk ist geteilt" in kiosk
        assert "user_id (4, 3)" in _text(bob.get(person("4"), headers=german))
        assert "would have" not in _text(bob.get(person("4"), headers=german))

    def test_a_refused_link_says_why_and_offers_to_merge(self, alice: Client, shop: Shop) -> None:
        shop.identify("1", email="both@example.com", at=days_ago(1))
        shop.identify("2", email="both@example.com")
        html = page(alice, f"{person('1')}/identity")
        assert "Joined, they would have 2 of user_id" in html
        assert "Merge" in html
        assert '"kind": "refused"' in html
        why = page(alice, unescape(found(r'hx-get="([^"]+/why\?a=[^"]+)"', html)))
        assert "Not one person" in why

    def test_a_shared_identifier_has_a_graph_too(self, bob: Client, shop: Shop) -> None:
        for user in ("1", "2"):
            shop.send({"type": "track", "event": "E", "userId": user, "context": {"device": {"id": "kiosk"}}})
        html = page(bob, f"/people/{id_of('kiosk', 'device_id')}/identity")
        assert "nobody&#x27;s own" in html or "nobody's own" in html
        assert "user_id:2" in html

    def test_a_person_of_500_identifiers_is_drawn_in_part(self, bob: Client, shop: Shop) -> None:
        shop.send(*({"type": "identify", "userId": "1", "anonymousId": f"a{n}"} for n in range(290)))
        html = page(bob, f"{person('1')}/identity")
        assert "more are not drawn" in html
        assert html.count("data-node=") == 50
        assert len(page(bob, person("1"))) < 200_000
        assert html.index("user_id:1") < html.index("anonymous_id:a")
        more = unescape(found(r'href="(\?from=50[^"]*)"', html))
        assert page(bob, f"{person('1')}/identity{more}").count("data-node=") == 50
        assert page(bob, f"{person('1')}/identity?q=a289").count("data-node=") == 1

    def test_names_that_are_no_one(self, alice: Client, shop: Shop) -> None:
        assert alice.get(f"/people/{'0' * 16}/identity").status_code == 404
        sent = {"rule": "never", "a": "0" * 16, "b": "user_id:1"}
        assert alice.post("/people/links/preview", sent).status_code == 404


class TestPast:
    """The page as of a past moment."""

    def test_the_page_of_a_past_moment_says_so_and_changes_nothing(self, alice: Client, shop: Shop) -> None:
        shop.identify("1", city="Oslo", at=days_ago(9))
        shop.identify("1", city="Bergen", email="ada@example.com", at=days_ago(1))
        html = page(alice, f"{person('1')}?as_of={days_ago(5):%Y-%m-%dT%H:%M}")
        assert "As known on" in html
        assert "Oslo" in html
        assert "Bergen" not in html
        assert "ada@example.com" not in html
        assert "data-news" not in html
        assert "new-trait" not in html.split("<dialog")[0]
        path = unescape(found(r'hx-get="([^"]+/why\?trait=city[^"]*)"', html))
        why = page(alice, path)
        assert "Oslo" in why
        assert "Bergen" not in why
        assert "Correct" not in why
        assert "As known on" in page(alice, f"{person('1')}/identity?as_of={days_ago(5):%Y-%m-%dT%H:%M}")

    def test_before_anybody_knew_them(self, bob: Client, shop: Shop) -> None:
        shop.identify("1", at=days_ago(1))
        assert bob.get(f"{person('1')}?as_of={days_ago(5):%Y-%m-%d}").status_code == 404
        assert bob.get(f"{person('1')}?as_of=soon").status_code == 400
