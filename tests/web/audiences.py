"""Audiences of the web tests' shop, filled by the real worker's steps and processor's transactions."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from onefold.audiences import actions
from onefold.audiences.filling import advance
from onefold.audiences.work import Work
from onefold.config import EngineSettings
from onefold.filters import api as f
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.location import Location
from onefold.programs.processor.context import load_context
from tests.web.conftest import SUPPRESSION_KEY, Shop, days_ago

PRO = f.OneOf("trait:plan", "is", ("pro",))
ORDERED = f.Did(f.EventMatch("Bought"))


class Audiences:
    """Makes and fills audiences; everybody in the shop allows analytics once `allow` was called."""

    def __init__(self, shop: Shop, url: str, folder: Path) -> None:
        self.shop, self.conn = shop, shop.conn
        location = Location(str(folder / "lake"))
        self.work = Work(self.conn, url, location, DuckDBEngine(EngineSettings(), folder))

    def allow(self, *users: str, purpose: str = "analytics") -> None:
        """They said so."""
        said = [
            {
                "type": "track", "event": "Consent Updated", "userId": user, "messageId": f"allows-{purpose}-{user}",
                "properties": {"purposes": {purpose: True}},
            }
            for user in users
        ]  # fmt: skip
        self.shop.send(*said)

    def make(self, name: str, rule: Any = PRO, *, starts: bool = False, **more: Any) -> int:
        """Its id."""
        wanted = actions.Wanted(name, more.pop("purpose", "analytics"), document(rule), **more)
        number = actions.create_audience(self.conn, wanted, acting_user="user:alice")
        if starts:
            actions.start_audience(self.conn, number, acting_user="user:alice")
        return number

    def fill(self) -> None:
        """Until every audience is live."""
        from onefold.audiences.api import absorb, look_at_companies, sweep

        for _ in range(20):
            with self.conn.transaction():
                context = load_context(self.conn, suppression_key=SUPPRESSION_KEY)
                look_at_companies(self.conn, context.live, context.clock(), 1_000)
                sweep(self.conn, context.live, context.clock(), 1_000)
                absorb(self.conn, context.live, 1_000)
            if not advance(self.work):
                return
        raise AssertionError("not live")


@pytest.fixture
def audiences(shop: Shop, pg_url: str, tmp_path: Path) -> Audiences:
    """Ada and Ben are pro and allow analytics, Cy is not."""
    shop.identify("1", name="Ada", email="ada@example.com", plan="pro", at=days_ago(3))
    shop.identify("2", name="Ben", plan="pro", at=days_ago(2))
    shop.identify("3", name="Cy", plan="free", at=days_ago(1))
    made = Audiences(shop, pg_url, tmp_path)
    made.allow("1", "2", "3")
    return made


def said(client: Client, path: str, **given: Any) -> str:
    """The text of the page that a form leads to."""
    response = client.post(path, given, follow=True)
    assert response.status_code == 200, (response.status_code, response.content[-400:])
    return response.content.decode()


def document(rule: Any) -> dict[str, Any]:
    """As actions take it."""
    found: dict[str, Any] = json.loads(f.to_json(rule))
    return found


def one(conn: Connection[Any], query: str, *parameters: object) -> Any:
    """The first column of the only row."""
    ((found, *_),) = conn.execute(query.encode(), parameters).fetchall()
    return found
