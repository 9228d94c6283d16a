"""A program that uses the REST API, and a custom object with a field of every kind."""

import json
from typing import Any, Final
from urllib.parse import quote

from django.test import Client


class Api:
    """A program with an API key. Answers are JSON as PostgreSQL would read it: `exact` keeps the digits."""

    def __init__(self, key: str) -> None:
        self.client = Client(headers={"authorization": f"Bearer {key}"})
        self.text = ""

    def __call__(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.client.generic(method, f"/api/{path}", raw if body is not None else b"", "application/json")
        self.text = answer.content.decode()
        assert answer.status_code == expect, (method, path, answer.status_code, self.text[:500])
        return json.loads(self.text)

    def get(self, path: str, **asked: Any) -> Any:
        parts = {name: json.dumps(one) if isinstance(one, dict) else str(one) for name, one in asked.items()}
        query = "&".join(f"{name}={quote(one)}" for name, one in parts.items())
        return self("GET", f"{path}?{query}" if query else path)


EVERY_KIND: Final = (
    ("t_text", "text", "", "plain"),
    ("t_long", "long_text", "", "two\nlines"),
    ("t_link", "link", "", "https://example.com/x"),
    ("t_number", "number", "", 0.1),
    ("t_money", "money", "", 12.5),
    ("t_day", "date", "", "2026-12-01"),
    ("t_moment", "moment", "", "2026-12-01T10:30:00Z"),
    ("t_choice", "choice", "", "a"),
    ("t_choices", "choices", "", ["a", "b"]),
    ("t_flag", "flag", "", False),
    ("t_user", "user", "", "rob"),
    ("t_person", "person", "", "user_id:1"),
    ("t_company", "company", "", ":acme"),
    ("t_deal", "record", "deal", None),
)
