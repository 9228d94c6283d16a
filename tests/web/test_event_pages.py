"""What the pages of events, violations and sources show."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any, ClassVar

import pytest
from django.test import Client

from tests.web.conftest import NOW, Shop
from tests.web.reading import found, page


class TestViolations:
    """Violations."""

    def test_violations_by_filter_and_in_pages(self, bob: Client, shop: Shop) -> None:
        shop.send(*({"type": "track", "userId": "1", "messageId": f"m-{n}"} for n in range(60)))
        shop.send({"type": "dance"}, source=shop.web)
        html = page(bob, "/violations")
        assert html.count("<details") == 50
        older = found(r'hx-get="(/violations[^"]+)"', html)
        assert page(bob, older, **{"HX-Request": "true"}).count("<details") == 11
        assert page(bob, "/violations?reason=type_unknown").count("<details") == 1
        assert page(bob, "/violations?source=web-shop").count("<details") == 1
        assert "Nothing was refused with these filters" in page(bob, "/violations?reason=nonsense%00")
        assert page(bob, "/violations?before=nonsense").count("<details") == 50
        for digits in (40, 5_000):
            assert page(bob, f"/violations?before={'9' * digits}").count("<details") == 50

    def test_groups_with_what_to_do(self, bob: Client, alice: Client, shop: Shop) -> None:
        shop.send({"type": "dance"}, {"type": "dance"}, {"type": "track", "userId": "1"})
        html = page(bob, "/violations")
        assert "Use one of identify, track, page, screen, group, alias." in html
        assert re.findall(r'<td class="n">(\d+)</td>', html) == ["2", "2", "1", "1"]
        assert "/violations/replay?reason" not in html
        assert page(alice, "/violations").count("/violations/replay?reason") == 1  # a missing name stays missing

    def test_replay_after_what_was_wrong_is_mended(self, alice: Client, shop: Shop, processor: None) -> None:
        big = {"type": "identify", "userId": "7", "messageId": "m-7", "traits": {"name": "Ada"}}
        body = json.dumps(big).encode()
        shop.conn.execute(
            "insert into violation (at, source_id, message_id, kind, reason, detail, is_fatal, body) "
            "values (now() - interval '3 days', %s, 'm-7', 'identify', 'event_too_large', '', true, %s), "
            "(now(), %s, '', '', 'event_too_large', '', true, 'no json'), "
            "(now(), %s, '', '', 'event_too_large', '', true, '{\"type\": \"dance\"}')",
            [shop.back_end.id, body, shop.back_end.id, shop.back_end.id],
        )
        html = page(alice, "/violations/replay?reason=event_too_large&source=back-end")
        assert re.findall(r'<td class="n[^"]*">(\d+)</td>', html) == ["1", "1", "1"]
        assert '<span class="mono">type_unknown</span>' in html
        assert "Send 1 event again" in html
        answer = alice.post("/violations/replay", {"reason": "event_too_large", "source": "back-end"}, follow=True)
        assert "1 event was sent again. All of it was accepted." in answer.content.decode()
        rows = shop.conn.execute("select message_id, ts < now() - interval '2 days' from event").fetchall()
        assert rows == [("m-7", True)]
        left = shop.conn.execute("select body from violation order by id").fetchall()
        assert [bytes(row[0]) for row in left] == [b"no json", b'{"type": "dance"}']

    def test_replay_of_one(self, alice: Client, shop: Shop, processor: None) -> None:
        for body in (b'{"type": "identify", "userId": "7"}', b'{"type": "identify", "userId": "8"}'):
            shop.conn.execute(
                "insert into violation (at, source_id, message_id, kind, reason, detail, is_fatal, body) "
                "values (now(), %s, '', 'identify', 'processing_failed', '', true, %s)",
                [shop.back_end.id, body],
            )
        one = found(r'href="(/violations/replay\?id=\d+)"', page(alice, "/violations"))
        assert "Send 1 event again" in page(alice, one)
        html = alice.post("/violations/replay", {"id": one.split("=")[1]}, follow=True).content.decode()
        assert "1 event was sent again. All of it was accepted." in html
        stored = shop.conn.execute("select message_id from event").fetchall()
        assert stored == [(f"replay-{one.split('=')[1]}",)]
        assert alice.post("/violations/replay", {"id": one.split("=")[1]}, follow=True).status_code == 200
        assert shop.conn.execute("select count(*) from violation").fetchone() == (1,)

    def test_nothing_is_sent_that_would_come_back(self, alice: Client, shop: Shop) -> None:
        shop.send({"type": "dance"}, {"type": "dance"})
        html = page(alice, "/violations/replay?reason=type_unknown")
        assert "again</button>" not in html
        html = alice.post("/violations/replay", {"reason": "type_unknown"}, follow=True).content.decode()
        assert "none of them would be accepted now" in html
        assert shop.conn.execute("select count(*) from violation").fetchone() == (2,)
        assert alice.get("/violations/replay").status_code == 404
        assert alice.get("/violations/replay?reason=x&source=nowhere").status_code == 404

    def test_export_a_line_each(self, alice: Client, bob: Client, shop: Shop) -> None:
        shop.send({"type": "dance", "x": "é"}, {"type": "track", "userId": "1"})
        answer = alice.get("/violations/export?reason=type_unknown")
        lines = answer.getvalue().splitlines()
        (line,) = (json.loads(line) for line in lines)
        assert (line["source"], line["reason"], json.loads(line["body"])["x"]) == ("back-end", "type_unknown", "é")
        assert bob.get("/violations/export").status_code == 403


class TestSources:
    """Sources and keys."""

    NEW: ClassVar[dict[str, str]] = {
        "name": "Shop <b>", "slug": "shop", "kind": "server", "user_space": "", "lane": "0", "priority": "10",
        "ip_policy": "drop", "rate_limit": "", "allowed_origins": "https://a.example\nhttps://b.example",
    }  # fmt: skip

    def make(self, client: Client, **changes: str) -> Any:
        return client.post("/sources/new", self.NEW | changes)

    def test_make_edit_and_switch(self, alice: Client, shop: Shop) -> None:
        assert 'data-address="/sources/shop"' in self.make(alice).content.decode()
        html = page(alice, "/sources/shop")
        assert "Shop &lt;b&gt;" in html
        assert "https://a.example, https://b.example" in html
        assert 'value="10"' in page(alice, "/sources/shop/edit")
        changed = self.NEW | {"name": "Renamed", "rate_limit": "100"}
        assert alice.post("/sources/shop/edit", changed).status_code == 302
        html = page(alice, "/sources/shop")
        assert "Renamed" in html
        assert "100 events a second" in html
        html = alice.post("/sources/shop/switch", {"is_enabled": "0"}, follow=True).content.decode()
        assert "Disabled" in html
        assert "refused from now on" in html
        alice.post("/sources/shop/switch", {"is_enabled": "1"})
        assert shop.conn.execute("select is_enabled, rate_limit from source where slug = 'shop'").fetchone() == (
            True,
            100,
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"slug": "No Good"},
            {"slug": "back-end"},
            {"name": " "},
            {"name": "x" * 300},
            {"priority": "-1"},
            {"kind": "internal"},
            {"lane": "7"},
            {"user_space": "A B"},
            {"allowed_origins": "ftp://x"},
            {"rate_limit": "0"},
            {"ip_policy": "sell"},
        ],
    )
    def test_a_fault_is_said_beside_the_form_which_keeps_what_was_typed(
        self, change: dict[str, str], alice: Client, shop: Shop
    ) -> None:
        response = self.make(alice, **change)
        assert response.status_code == 422
        assert "https://b.example" in response.content.decode() or "allowed_origins" in change
        assert 'role="alert"' in response.content.decode() or "errorlist" in response.content.decode()
        assert shop.conn.execute("select count(*) from source").fetchone() == (3,)

    def test_a_secret_key_is_shown_once(self, alice: Client, shop: Shop) -> None:
        response = alice.post("/sources/back-end/keys", {"kind": "secret", "scopes": ["write", "read"]})
        key = found(r'id="new-key">(sk_[\w-]+)<', response.content.decode())
        assert f"-u {key}:" in response.content.decode()
        assert f"{key}&#x27;, host: &#x27;http://127.0.0.1:8088&#x27;" in response.content.decode()
        assert response["Cache-Control"] == "private, no-store"
        html = page(alice, "/sources/back-end")
        assert key not in html
        assert key[:7] in html
        assert Client(headers={"x-api-key": key}).get("/api/violations").status_code == 200

    def test_a_public_key_stands_in_the_command(self, alice: Client, bob: Client) -> None:
        alice.post("/sources/web-shop/keys", {"kind": "public"})
        html = page(bob, "/sources/web-shop")
        key = found(r"(pk_[\w-]+)", html)
        assert f"curl http://127.0.0.1:8088/v1/identify -u {key}: " in html

    def test_rotate_and_end(self, alice: Client, shop: Shop) -> None:
        (key_id,) = shop.conn.execute("select id from source_key").fetchone() or (0,)
        html = alice.post(f"/sources/back-end/keys/{key_id}/rotate").content.decode()
        assert 'id="new-key">sk_' in html
        assert "Ends within a day" in html
        new_id = key_id + 1
        html = alice.post(f"/sources/back-end/keys/{new_id}/disable", follow=True).content.decode()
        assert "The key has ended." in html
        assert ">Ended<" in html

    def test_a_key_is_reached_by_its_own_source_only(self, alice: Client, shop: Shop) -> None:
        (key_id,) = shop.conn.execute("select id from source_key").fetchone() or (0,)
        for action in ("rotate", "disable"):
            assert alice.post(f"/sources/web-shop/keys/{key_id}/{action}").status_code == 404
            assert alice.post(f"/sources/back-end/keys/999/{action}").status_code == 404
        assert shop.conn.execute("select count(*), count(disabled_at) from source_key").fetchone() == (1, 0)

    @pytest.mark.parametrize(
        "sent", [{}, {"kind": "golden"}, {"kind": "secret", "scopes": "everything"}, {"kind": "secret"}]
    )
    def test_a_key_that_cannot_be(self, sent: dict[str, str], alice: Client, shop: Shop) -> None:
        assert alice.post("/sources/back-end/keys", sent).status_code == 400
        assert shop.conn.execute("select count(*) from source_key").fetchone() == (1,)

    def test_onefold_itself_cannot_be_changed(self, alice: Client) -> None:
        html = page(alice, "/sources/onefold")
        assert "This is Onefold itself" in html
        assert alice.post("/sources/onefold/switch", {"is_enabled": "0"}).status_code == 400

    def test_counters(self, bob: Client, shop: Shop) -> None:
        shop.send({"type": "track", "event": "E", "userId": "1"}, {"type": "dance"})
        shop.send({"type": "track", "event": "E", "userId": "1"}, at=NOW - timedelta(hours=2))
        html = page(bob, "/sources/back-end")
        facts = dict(
            zip(re.findall(r"<dt>([^<]+)</dt>", html), re.findall(r"<dd>(?:<a[^>]*>)?(\d[\d,]*)<", html), strict=False)
        )
        assert (facts["Accepted, last hour"], facts["Accepted, 24 h"], facts["Violations, 24 h"]) == ("1", "2", "1")

    def test_unknown_sources(self, alice: Client) -> None:
        for path in ("/sources/nowhere", "/sources/nowhere/edit"):
            assert alice.get(path).status_code == 404


def test_the_health_page_and_its_piece(bob: Client) -> None:
    assert "is not running" in page(bob, "/health/page")
    piece = page(bob, "/health/page", **{"HX-Request": "true"})
    assert "<html" not in piece
    assert '<div id="lag" hx-preserve></div>' in piece


def test_the_health_page_draws_lags_and_hours_and_names_what_failed(bob: Client, shop: Shop) -> None:
    shop.send({"type": "dance"}, {"type": "page", "anonymousId": "a"})
    shop.conn.execute("insert into source_count values (%s, now(), 'rejected:rate_limited', 4)", [shop.web.id])
    shop.conn.execute("insert into log_lag values (now(), 0, 7, 42.5), (now(), 1, 0, 0)")
    html = page(bob, "/health/page")
    lag, hours = html.split('id="hours-chart"')
    assert re.findall(r'data-value="([^0]\S*)"', lag) == ["42.5"]
    assert re.findall(r'data-value="([^0]\S*)"', hours) == ["1", "1"]
    assert "4 requests" in html
    assert "Raise the source&#x27;s limit, or send slower." in html
    assert "type_unknown</a>" in html


def test_the_api_page_lists_every_call(bob: Client) -> None:
    html = page(bob, "/api/docs")
    assert html.count('<section class="op">') > 9
    assert "/api/events/{source}/{message_id}" in html
    assert "Up to 1,000 records: all of them or none" in html, "a body whose fields are free"
    assert "<script>" not in html


class TestSourcePage:
    """Code to paste, what came last, and how it is doing."""

    def test_the_code_suits_the_kind_of_source(self, alice: Client, bob: Client, shop: Shop) -> None:
        alice.post("/sources/web-shop/keys", {"kind": "public"})
        html = page(bob, "/sources/web-shop")
        key = found(r"data-write-key=&quot;(pk_[\w-]+)&quot;", html)
        assert f"&lt;script src=&quot;http://127.0.0.1:8088/onefold.js&quot; data-write-key=&quot;{key}&quot;" in html
        assert re.findall(r'role="tab" id="tab-(\w+)"', html) == ["script", "next", "rudder", "jitsu", "pixel", "curl"]
        server = page(bob, "/sources/back-end")
        assert re.findall(r'role="tab" id="tab-(\w+)"', server) == [
            "curl", "node", "python", "go", "java", "php", "ruby", "rudder", "jitsu", "pixel",
        ]  # fmt: skip
        assert "YOUR_WRITE_KEY" in server
        assert "Make a key that may write" in server
        shop.conn.execute("update source set kind = 'import' where slug = 'back-end'")
        assert "/v1/import" in page(bob, "/sources/back-end")

    def test_a_kind_and_a_name_are_enough(self, alice: Client, shop: Shop) -> None:
        html = alice.post("/sources/new", {"kind": "app", "name": "Äpp für iOS", "ip_policy": "drop"}).content.decode()
        key = found(r'id="new-key">(pk_[\w-]+)<', html)
        assert f"writeKey: &#x27;{key}&#x27;" in html
        assert 'data-address="/sources/app-fur-ios"' in html
        for name, kind, prefix in (("Äpp für iOS", "server", "sk_"), ("Магазин", "import", "sk_")):
            html = alice.post("/sources/new", {"kind": kind, "name": name, "ip_policy": "keep"}).content.decode()
            assert f'id="new-key">{prefix}' in html
        made = shop.conn.execute("select slug, lane, priority from source where id > 3 order by id").fetchall()
        assert made == [("app-fur-ios", 0, 100), ("app-fur-ios-2", 0, 100), ("import", 1, 100)]
        assert shop.conn.execute("select count(*) from source_key").fetchone() == (4,)

    def test_it_waits_for_the_first_event_and_says_what_came(self, bob: Client, shop: Shop) -> None:
        def poll(html: str) -> str:
            return unescape(found(r'hx-get="(/sources/back-end/arrival[^"]+)"', html))

        html = page(bob, "/sources/back-end")
        assert "Waiting for the first event" in html
        assert bob.get(poll(html)).status_code == 204
        shop.conn.execute(
            "insert into source_count values (%s, now(), 'rejected:origin_not_allowed', 1)", [shop.back_end.id]
        )
        html = page(bob, poll(html))
        assert "Add the web site to the source&#x27;s settings." in html
        shop.send({"type": "track", "userId": "1"})
        html = page(bob, poll(html))
        assert "An event came and was refused." in html
        assert "Give the track call an event name." in html
        shop.send({"type": "track", "userId": "1", "event": "Bought <b>"})
        html = page(bob, poll(html))
        assert "The first event arrived." in html
        assert 'hx-swap-oob="true"' in html
        assert "Bought &lt;b&gt;" in html
        assert "/arrival" not in html
        assert "/arrival" not in page(bob, "/sources/back-end")

    def test_the_last_events_of_a_source_that_is_silent_are_found(self, bob: Client, shop: Shop) -> None:
        shop.send({"type": "track", "userId": "1", "event": "Long ago"}, at=NOW - timedelta(days=80))
        shop.send({"type": "page", "anonymousId": "a"}, source=shop.web)
        assert "Long ago</a>" in page(bob, "/sources/back-end")

    def test_last_events_and_refusals_stand_on_the_page(self, bob: Client, shop: Shop) -> None:
        shop.send({"type": "page", "name": "Start <b>", "anonymousId": "a"}, {"type": "dance"}, source=shop.web)
        shop.conn.execute(
            "insert into source_count values (%s, now(), 'rejected:origin_not_allowed', 3)", [shop.back_end.id]
        )
        html = page(bob, "/sources/web-shop")
        assert "Start &lt;b&gt;</a>" in html
        assert "type_unknown" in html
        html = page(bob, "/sources/back-end")
        assert "3 requests came and were refused." in html
        assert "origin_not_allowed" in html
        shop.send({"type": "page", "anonymousId": "a"}, at=NOW - timedelta(hours=2))
        assert "3 requests were refused in 24 hours." in page(bob, "/sources/back-end")

    def test_a_new_source_of_a_kind(self, alice: Client) -> None:
        assert 'value="import" checked' in page(alice, "/sources/new?kind=import")
        assert 'value="browser" checked' in page(alice, "/sources/new?kind=nonsense")
