"""Home: the figures are those of the events, whatever the period; the first steps show the real state."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.web.conftest import NOW, Shop, days_ago
from tests.web.reading import found, page


def figures(html: str) -> dict[str, str]:
    """Title → what is shown."""
    return dict(re.findall(r'<dt>([^<]+)</dt>\s*<dd class="line"><span class="v">([^<]+)</span>', html))


def steps(html: str) -> dict[str, bool]:
    """First step → whether it is done."""
    done = re.findall(r'<li class="done">.*?<p class="what">([^<]+)<', html)
    todo = re.findall(r'circle-dashed.*?<p class="what">([^<]+)<', html)
    return dict.fromkeys(todo, False) | dict.fromkeys((title.strip() for title in done), True)


def order(shop: Shop, days: float, event: str = "Order Completed", **properties: object) -> None:
    at = days_ago(days)
    said = {"type": "track", "event": event, "userId": "1", "timestamp": at.isoformat(), "properties": properties}
    shop.send(said, at=at)


class TestFigures:
    """What is counted, and when."""

    def test_events_people_and_revenue_of_the_period(self, bob: Client, shop: Shop) -> None:
        for days in (0.1, 3, 20, 45):
            order(shop, days, total=100.5, currency="EUR")
        order(shop, 2, "Order Refunded", total=50, currency="EUR")
        shop.send({"type": "page", "anonymousId": "a", "properties": {"path": "/boots"}}, at=days_ago(1.5))
        day, week, month = (figures(page(bob, f"/?period={name}")) for name in ("24h", "7d", "30d"))
        assert (day["Events"], week["Events"], month["Events"]) == ("1", "4", "5")
        assert (week["Revenue"], month["Revenue"]) == ("€151", "€252")
        assert (week["New people"], month["New people"]) == ("1", "1")
        assert week["Known, of new people"].startswith("0.0")

    def test_numbers_are_written_as_the_reader_s_language_writes_them(self, bob: Client, shop: Shop) -> None:
        order(shop, 1, total=12480, currency="EUR")
        assert figures(page(bob, "/"))["Revenue"] == "€12,480"
        german = figures(bob.get("/", headers={"accept-language": "de"}).content.decode())
        assert {"€12.480", "100,0\u202f%"} <= set(german.values())

    def test_the_change_is_against_as_much_of_the_time_before(self, bob: Client, shop: Shop) -> None:
        for days in (1, 2, 3, 9):
            order(shop, days, total=10, currency="EUR")
        html = page(bob, "/?period=7d")
        assert "+200\u202f%" in html
        assert "Nothing to compare with" in html  # nobody was new in the week before last

    def test_orders_in_other_currencies_are_named_and_not_added(self, bob: Client, shop: Shop) -> None:
        order(shop, 1, total=10, currency="EUR")
        order(shop, 1, total=20, currency="EUR")
        order(shop, 1, total=500, currency="SEK")
        html = page(bob, "/")
        assert figures(html)["Revenue"] == "€30"
        assert "and orders in SEK" in html

    def test_events_are_drawn_when_they_happened_and_listed_as_a_table(self, bob: Client, shop: Shop) -> None:
        late = {"type": "track", "event": "Late", "userId": "1", "timestamp": days_ago(5).isoformat()}
        shop.send(late, late | {"timestamp": days_ago(400).isoformat()})
        html = page(bob, "/?period=30d")
        assert html.count('data-value="1"') == 1
        assert html.count('<tr><th scope="row">') == 30
        assert 'aria-label="1 events by source"' in html

    def test_pages_that_robots_looked_at_don_t_count(self, bob: Client, shop: Shop) -> None:
        robot = {"userAgent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}
        view = {"type": "page", "anonymousId": "a", "properties": {"path": "/boots?size=<b>"}}
        shop.send(view, view, view | {"context": robot, "properties": {"path": "/robots-only"}})
        html = page(bob, "/")
        assert '<span class="cut">/boots</span>' in html
        assert "robots-only" not in html

    @pytest.mark.parametrize("period", ["", "nonsense", "7d%00", "1y"])
    def test_an_unknown_period_is_a_week(self, period: str, bob: Client) -> None:
        assert 'href="/?period=7d" aria-current="true"' in page(bob, f"/?period={period}")


class TestAttention:
    """What is said of sources that are not well."""

    def test_a_source_that_fell_silent(self, bob: Client, shop: Shop) -> None:
        events = ({"type": "track", "event": "E", "userId": "1"} for _ in range(100))
        shop.send(*events, at=NOW - timedelta(hours=40))
        html = page(bob, "/")
        assert "Shop back end sent nothing for 40 h" in html
        assert found(r'<span class="dot bad">(\w+)', html) == "Silent"

    def test_violations_beyond_one_in_a_hundred(self, bob: Client, shop: Shop) -> None:
        shop.send(*({"type": "track", "userId": "1"} for _ in range(6)), {"type": "identify", "userId": "1"})
        html = page(bob, "/")
        assert "6 violations from Shop back end" in html
        assert 'href="/violations?source=back-end"' in html

    def test_a_source_that_is_refused(self, bob: Client, shop: Shop) -> None:
        shop.conn.execute(
            "insert into source_count values (%s, now(), 'rejected:origin_not_allowed', 7)", [shop.web.id]
        )
        assert "Web shop is refused" in page(bob, "/")


class TestFirstSteps:
    """The list of things to do shows what is there."""

    def test_an_empty_installation(self, alice: Client, shop: Shop) -> None:
        shop.conn.execute("delete from source_key")
        shop.conn.execute("delete from source where id > 1")
        html = page(alice, "/")
        assert steps(html) == {
            "Make a source": False, "Send an event": False, "Identify somebody": False, "Import people": False,
            "Invite a colleague": False,
        }  # fmt: skip
        assert "No events in this time." in html

    def test_each_is_done_when_it_is(self, alice: Client, bob: Client, shop: Shop) -> None:
        assert steps(page(alice, "/"))["Make a source"]
        shop.send({"type": "page", "anonymousId": "a"})
        assert (done := steps(page(alice, "/")))["Send an event"]
        assert not done["Identify somebody"]
        assert done["Invite a colleague"]  # bob
        shop.identify("1", name="Ada")
        assert steps(page(alice, "/"))["Identify somebody"]
        assert "Invite a colleague" not in steps(page(bob, "/"))

    def test_the_list_goes_when_all_is_done(self, bob: Client, shop: Shop) -> None:
        shop.conn.execute("update source set kind = 'import' where slug = 'back-end'")
        shop.identify("1", name="Ada")
        assert "Set up" not in page(bob, "/")


def test_the_page_reads_no_events(bob: Client, shop: Shop, statements: list[str]) -> None:
    shop.identify("1", name="Ada")
    statements.clear()
    page(bob, "/?period=30d")
    assert len(statements) < 40
    assert not [said for said in statements if "from event " in said or "from violation" in said]
