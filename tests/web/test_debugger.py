"""The live debugger: what is listed, what streams in, and what is told of one event."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from onefold.profiles.api import people_of_fragments
from tests.web.conftest import NOW, Shop, days_ago, track
from tests.web.reading import found, page

HTMX = {"HX-Request": "true"}


def rows(html: str) -> list[tuple[str, str]]:
    """Title and result of each row, in order."""
    parts = html.split("data-row>")[1:]
    return [
        (unescape(found(r"<a [^>]*>([^<]*)", part)).strip(), found(r'<span class="dot[^"]*">([^<]*)', part))
        for part in parts
    ]


def poll_of(html: str) -> str:
    """Where the page asks for what is new."""
    return unescape(found(r'hx-get="(/events/stream\?[^"]+)"', html))


def detail(client: Client, html: str, place: int = 0) -> str:
    """The fragment that a row opens."""
    return page(client, unescape(re.findall(r'hx-get="(/events/one\?[^"]+)"', html)[place]), **HTMX)


class TestStream:
    """Only what is new, in the order of processing."""

    def test_the_newest_and_then_only_what_is_new(self, bob: Client, shop: Shop) -> None:
        shop.send(track("m-1", event="Old"), at=NOW - timedelta(hours=3))
        html = page(bob, "/events")
        assert rows(html) == [("Old", "Accepted")]
        assert bob.get(poll_of(html), headers=HTMX).status_code == 204
        shop.send(track("m-2", event="New"))
        html = page(bob, poll_of(html), **HTMX)
        assert rows(html) == [("New", "Accepted")]
        assert bob.get(poll_of(html), headers=HTMX).status_code == 204

    def test_what_lay_in_the_bulk_lane_is_not_missed(self, bob: Client, shop: Shop) -> None:
        shop.send(track("m-1", event="Live"))
        poll = poll_of(page(bob, "/events"))
        shop.send(track("m-2", event="Imported"), at=NOW - timedelta(days=2))
        assert rows(page(bob, poll, **HTMX)) == [("Imported", "Accepted")]

    def test_duplicates_and_violations_stream_too(self, bob: Client, shop: Shop) -> None:
        poll = poll_of(page(bob, "/events"))
        shop.send(track("m-1"), track("m-1"), {"type": "dance"}, track("m-2", context={"traits": {"email": "no"}}))
        found_ = sorted(rows(page(bob, poll, **HTMX)))
        assert found_ == [
            ("Bought", "Accepted"), ("Bought", "Accepted"), ("Bought", "Duplicate"),
            ("identifier_invalid", "Part left out"), ("type_unknown", "Refused"),
        ]  # fmt: skip
        assert [row[1] for row in rows(page(bob, f"{poll}&outcome=duplicate", **HTMX))] == ["Duplicate"]
        assert {row[1] for row in rows(page(bob, f"{poll}&outcome=violation", **HTMX))} == {"Refused", "Part left out"}

    def test_a_flood_is_cut_and_says_so(self, bob: Client, shop: Shop) -> None:
        poll = poll_of(page(bob, "/events"))
        shop.send(*(track(f"m-{n}", event=f"E{n}") for n in range(300)))
        html = page(bob, poll, **HTMX)
        assert len(rows(html)) == 100
        assert "more came in these seconds" in html
        assert rows(html)[0][0].startswith("E")

    def test_the_tail_stays_short(self, shop: Shop) -> None:
        for start in range(0, 6_000, 200):
            shop.send(*(track(f"m-{start + n}") for n in range(200)))
        (count,) = shop.conn.execute("select count(*) from event_tail").fetchone() or (0,)
        assert count == 5_000

    def test_what_is_taken_back_leaves_the_stream(self, bob: Client, shop: Shop) -> None:
        poll = poll_of(page(bob, "/events"))
        shop.send(track("m-1"))
        shop.conn.execute("delete from event")
        assert rows(page(bob, poll, **HTMX)) == []

    def test_paused_it_asks_for_nothing(self, bob: Client, shop: Shop) -> None:
        shop.send(track("m-1"))
        html = page(bob, "/events?live=off")
        assert "/events/stream" not in html
        assert "Follow" in html


class TestFilters:
    """Each filter, in the past and in the stream alike."""

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("source=back-end", {"Order 100%", "Signed up"}),
            ("source=web-shop", {"Start"}),
            ("kind=page", {"Start"}),
            ("name=order", {"Order 100%"}),
            ("name=100%25", {"Order 100%"}),
            ("name=1_0", set()),
            ("text=B%C3%A9la", {"Signed up"}),
            ("text=b%27%00", set()),
            ("person=user_id:1", {"Order 100%"}),
            ("person=2", {"Signed up"}),
            ("person=ada@example.com", {"Signed up"}),
            ("person=nobody", set()),
            ("outcome=accepted&kind=track", {"Order 100%", "Signed up"}),
            ("outcome=duplicate", set()),
            ("source=nonsense&kind=nonsense&outcome=nonsense", {"Order 100%", "Signed up", "Start"}),
        ],
    )
    def test_each(self, query: str, names: set[str], bob: Client, shop: Shop) -> None:
        poll = poll_of(page(bob, f"/events?{query}"))
        shop.identify("2", email="ada@example.com")
        shop.send(track("m-1", event="Order 100%"))
        shop.send(track("m-2", "2", event="Signed up", properties={"name": "Béla"}))
        shop.send({"type": "page", "name": "Start", "anonymousId": "a"}, source=shop.web)
        expected = names | (
            {"identify"} if query in {"source=back-end", "person=2", "person=ada@example.com"} else set()
        )
        if "nonsense&" in query:
            expected |= {"identify"}
        if query == "text=b%27%00":
            expected = set()
        assert {row[0] for row in rows(page(bob, f"/events?{query}"))} == expected
        assert {row[0] for row in rows(page(bob, poll, **HTMX))} == expected

    def test_older_pages_follow_without_gap(self, bob: Client, shop: Shop) -> None:
        shop.send(*(track(f"m-{n}", event=f"E{n}") for n in range(120)))
        seen: list[str] = []
        html = page(bob, "/events")
        while True:
            seen += [row[0] for row in rows(html)]
            older = re.search(r'hx-get="(/events\?before[^"]+)"', html)
            if not older:
                break
            html = page(bob, unescape(older[1]), **HTMX)
        assert len(seen) == len(set(seen)) == 120

    def test_values_of_nonsense_harm_nothing(self, bob: Client, shop: Shop) -> None:
        shop.send(track("m-1"))
        for query in (
            "after=x-y",
            "after=" + "9" * 40 + "-1",
            "before=1_zz",
            "open=v99",
            "open=zz",
            "open=v" + "9" * 30,
        ):
            assert len(rows(page(bob, f"/events?{query}"))) == 1
        assert bob.get("/events/stream?after=%00", headers=HTMX).status_code == 200


class TestRows:
    """What a row says of an event."""

    def test_whose_it_is_is_said_by_name_and_a_day_that_is_over_by_its_date(self, bob: Client, shop: Shop) -> None:
        shop.send({"type": "identify", "anonymousId": "a", "traits": {"name": "Ada <b>"}}, at=days_ago(3))
        poll = poll_of(page(bob, "/events"))
        html = page(bob, "/events")
        assert "Ada &lt;b&gt;</span>" in html
        assert f"{days_ago(3):%-d %b}" in found(r"<time[^>]*>([^<]+)", html.split("data-row>")[1])
        shop.send({"type": "track", "event": "Read", "anonymousId": "a"})
        html = page(bob, poll, **HTMX)
        assert "Ada &lt;b&gt;</span>" in html

    def test_fragments_of_nobody_have_no_name(self, shop: Shop) -> None:
        shop.identify("7", name="Ada")
        (fragment,) = shop.conn.execute("select fragment from event").fetchone() or (0,)
        assert people_of_fragments(shop.conn, [fragment, 0, 4711]) == {fragment: "Ada"}


class TestDetail:
    """Raw and processed beside each other, and the steps between."""

    def test_an_accepted_event(self, alice: Client, shop: Shop) -> None:
        shop.identify("7", name="Ada <b>", email=" Ada@Example.com ")
        html = detail(alice, page(alice, "/events"))
        assert re.findall(r'<p class="what">([^<]+)', html) == ["Received", "Accepted", "Identified", "Profile"]
        assert "Ada &lt;b&gt;</a>" in html
        processed = unescape(found(r'id="made"[^>]*>([^<]+)', html))
        assert '"email:ada@example.com"' in processed
        assert '"user_id:7"' in processed
        assert " Ada@Example.com " in unescape(found(r'id="raw"[^>]*>([^<]+)', html))

    def test_a_part_that_was_left_out_stands_with_the_way_out(self, bob: Client, shop: Shop) -> None:
        shop.send(track("m-1", context={"traits": {"email": "no address"}}))
        html = page(bob, "/events?outcome=accepted")
        shown = detail(bob, html)
        assert "Accepted in part" in shown
        assert "Send the value in a valid form" in shown

    def test_a_refused_event(self, bob: Client, shop: Shop) -> None:
        shop.send({"type": "track", "userId": "1", "messageId": "m-1", "properties": {"x": "<script>"}})
        html = detail(bob, page(bob, "/events"))
        assert "Give the track call an event name." in html
        assert "&lt;script&gt;" in html
        assert "Nothing: it was refused" in html

    def test_an_address_opens_it_beside_the_list(self, bob: Client, shop: Shop) -> None:
        shop.send(track("m-1"))
        address = unescape(found(r'hx-push-url="([^"]+)"', page(bob, "/events?kind=track")))
        assert address.startswith("/events?kind=track&open=")
        assert 'id="raw"' in page(bob, address)

    def test_what_is_gone_is_said(self, bob: Client, shop: Shop) -> None:
        response = bob.get("/events/one?open=v99", headers=HTMX)
        assert response.status_code == 404
