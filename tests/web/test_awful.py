"""Whatever people call themselves is shown as text."""

from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from onefold.kernel.hashing import identifier_hash
from onefold.profiles.ids import to_text
from tests.web.conftest import Shop

AWFUL = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; drop table profile; --",
    "</title><svg/onload=alert(1)>",
    "{{ 7|add:7 }}{% debug %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "javascript:alert(1)",
    "مرحبا \u202etxt.exe\u202c \u2066x\u2069",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
    "👩‍👩‍👧‍👦 🇳🇴 \U0001f468\U0001f3ff",
    "\ufeff\u200b\u2028\u2029\x85",
    "田中さんにあげて下さい",
    "%s %d %n %x %(x)s",
    "\\x00 \\u0000 \x01\x02\x7f",
    "NaN Infinity -0 1e999 null undefined",
    "../../../../etc/passwd",
    "a" * 10_000,
    "&lt;b&gt; &amp; &#x27;",
]  # fmt: skip


def raw_tags(html: str, text: str) -> int:
    """How often `text` stands in the page unescaped (0 for what holds nothing to escape)."""
    return html.count(text) if escape(text) != text else 0


@pytest.mark.parametrize("text", AWFUL)
def test_every_place_shows_it_escaped(text: str, alice: Client, shop: Shop) -> None:
    shop.send(
        {
            "type": "identify", "userId": "1",
            "traits": {
                "name": text, text[:200]: text, "list": [text], "nested": {text[:50]: text}, "email": "a@example.com",
            },
        },
        {"type": "track", "userId": "1", "event": text, "messageId": text[:100], "properties": {text[:50]: text}},
        {"type": "group", "userId": "1", "groupId": text[:400], "traits": {"name": text}},
        {"type": text, "userId": "1", "messageId": text[:100]},
        {"type": "track", "userId": text[:400], "event": "x"},
    )  # fmt: skip
    person = f"/people/{to_text(identifier_hash('user_id', '1'))}"
    for path in ("/people", f"/people?q={quote(text[:150])}", person, f"{person}/events", "/events", "/violations"):
        response = alice.get(path)
        html = response.content.decode()
        assert response.status_code in {200, 302}, path
        assert raw_tags(html, text) == 0, path
        assert "<img" not in html.replace('<img src="/static/logo.svg"', ""), path
        assert html.count("<script") == html.count('<script src="/static/'), path
        assert "0x7f" not in html
        assert "14{%" not in html
    assert alice.get(f"/companies/:{quote(text[:400], safe='')}").status_code in {200, 404}


@pytest.mark.parametrize("text", AWFUL)
def test_the_api_gives_it_back_as_it_came(text: str, robot: Client, shop: Shop) -> None:
    shop.send({"type": "identify", "userId": "1", "traits": {"name": text, "list": [text, 1.5, None, {"a": True}]}})
    traits: dict[str, Any] = robot.get("/api/profiles/user_id:1").json()["traits"]
    assert traits == {"name": text, "list": [text, 1.5, None, {"a": True}]}


def test_a_body_that_is_no_json_is_shown_as_text(alice: Client, shop: Shop) -> None:
    shop.conn.execute(
        "insert into violation (at, source_id, message_id, kind, reason, detail, is_fatal, body)"
        " values (now(), %s, '', '', 'malformed', '<b>', true, %s)",
        [shop.back_end.id, b'{"broken": \xff\xfe\x00 <script>' + b"[" * 2_000],
    )
    html = alice.get("/violations").content.decode()
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;" in html
    answer = alice.get("/api/violations").json()
    assert answer["violations"][0]["body"].startswith('{"broken": \ufffd')
