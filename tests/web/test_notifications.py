"""The bell: told once while the cause lasts, seen by each user apart, over when the cause is gone."""

from datetime import timedelta

from django.test import Client

from onefold.config import Settings
from onefold.notifications.api import News, tell
from onefold.programs.attention import tell_concerns
from tests.web.conftest import NOW, Shop
from tests.web.reading import page


def count(html: str) -> int:
    """What the bell shows."""
    return int(html.split('class="count">')[1].split("<", maxsplit=1)[0]) if 'class="count">' in html else 0


def test_told_twice_it_is_one_and_each_user_sees_it_apart(alice: Client, bob: Client, shop: Shop) -> None:
    for n in (1, 2):
        tell(shop.conn, News(key="export:7", tone="ok", title="%(n)s people exported", params={"n": n}, url="/people"))
    assert count(page(bob, "/notifications/bell")) == 1
    assert "2 people exported" in page(bob, "/notifications")
    bob.post("/notifications/seen")
    assert count(page(bob, "/notifications/bell")) == 0
    assert count(page(alice, "/notifications/bell")) == 1
    (found,) = shop.conn.execute("select id from notification").fetchone() or (0,)
    bob.post("/notifications/unseen", {"id": found})
    assert count(page(bob, "/notifications/bell")) == 1


def test_what_is_for_one_user_is_shown_to_nobody_else(alice: Client, bob: Client, shop: Shop) -> None:
    (user_id,) = shop.conn.execute("select id from accounts_user where username = 'alice'").fetchone() or (0,)
    tell(shop.conn, News(key="export:8", tone="ok", title="For <b>alice</b>", user_id=user_id))
    assert "For &lt;b&gt;alice" in page(alice, "/notifications")
    assert "For &lt;b&gt;" not in page(bob, "/notifications")
    (found,) = shop.conn.execute("select id from notification").fetchone() or (0,)
    bob.post("/notifications/seen", {"id": found})
    assert count(page(alice, "/notifications/bell")) == 1


def test_a_silent_source_is_told_until_it_sends_again(bob: Client, shop: Shop, settings: Settings) -> None:
    events = ({"type": "track", "event": "E", "userId": "1"} for _ in range(100))
    shop.send(*events, at=NOW - timedelta(hours=40))
    for _ in range(2):
        tell_concerns(shop.conn, settings, NOW)
    html = page(bob, "/notifications")
    assert html.count("Shop back end sent nothing for 40 h") == 1
    assert 'href="/sources/back-end"' in html
    shop.send({"type": "track", "event": "E", "userId": "1"})
    tell_concerns(shop.conn, settings, NOW)
    assert "over" in page(bob, "/notifications")
    rows = shop.conn.execute("select ended_at is null from notification where key like '%silent%'").fetchall()
    assert rows == [(False,)]


def test_nothing_to_tell_and_values_of_nonsense(bob: Client, shop: Shop) -> None:
    assert "Nothing to tell." in page(bob, "/notifications?before=x")
    for sent in ("x", "9" * 40, "-1"):
        assert bob.post("/notifications/seen", {"id": sent}).status_code == 302
        assert bob.post("/notifications/unseen", {"id": sent}).status_code == 302
    assert shop.conn.execute("select count(*) from notification_seen").fetchone() == (0,)
