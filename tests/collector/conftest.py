"""A collector on the test's database, two sources with keys, and the log to look into."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from psycopg import Connection

from onefold.config import Settings
from onefold.events.api import (
    Decoded,
    LogRow,
    NewSource,
    PostgresLog,
    Trust,
    Violation,
    create_key,
    create_source,
    decode_request,
)
from tests.collector.running import RunningCollector, running


@pytest.fixture
def keys(db: Connection[Any]) -> dict[str, str]:
    """One public key of a browser source, one secret key of a server source: alice's site and her shop."""
    create_source(db, NewSource(slug="site", name="Site", kind="browser", ip_policy="truncate"), acting_user="alice")
    create_source(db, NewSource(slug="shop", name="Shop", kind="server", ip_policy="keep"), acting_user="alice")
    return {
        "public": create_key(db, "site", kind="public", acting_user="alice").text,
        "secret": create_key(db, "shop", kind="secret", acting_user="alice").text,
    }


@pytest.fixture
def collector(settings: Settings, keys: dict[str, str]) -> Iterator[RunningCollector]:
    """Running on the test's database."""
    assert settings.database.url is not None
    url = settings.database.url.reveal()
    with running(PostgresLog(url), settings.collector, url) as collector:
        yield collector


class Sender:
    """Sends as a server does, unless told otherwise."""

    def __init__(self, base: str, keys: dict[str, str], db: Connection[Any]) -> None:
        self.keys = keys
        self.http = httpx.Client(base_url=base, timeout=15)
        self._db = db

    def basic(self, kind: str = "secret") -> dict[str, str]:
        """The header that Segment's libraries send."""
        return {"authorization": "Basic " + base64.b64encode(f"{self.keys[kind]}:".encode()).decode()}

    def post(self, path: str, body: object, kind: str = "secret", **headers: str) -> httpx.Response:
        """`body`: JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(path, content=content, headers=self.basic(kind) | headers)

    def rows(self) -> list[LogRow]:
        """What the log holds, in order."""
        rows = self._db.cursor(binary=True).execute(
            "select epoch, xid::text::bigint, off, lane, source_id, trust, (extract(epoch from received_at) * 1000000)"
            "::bigint, n, ip, user_agent, body from event_log order by off"
        )
        return [msgspec.structs.replace(LogRow(*row), trust=Trust(row[5])) for row in rows]

    def stored(self) -> tuple[list[Decoded], list[Violation]]:
        """What the processor will make of the log."""
        good: list[Decoded] = []
        bad: list[Violation] = []
        for row in self.rows():
            events, violations = decode_request(row)
            good += events
            bad += violations
        return good, bad

    def bodies(self) -> list[Any]:
        """The good events' JSON."""
        return [msgspec.json.decode(event.body) for event in self.stored()[0]]


@pytest.fixture
def sender(collector: RunningCollector, keys: dict[str, str], db: Connection[Any]) -> Iterator[Sender]:
    """Speaks to the collector and looks into the log."""
    sender = Sender(collector.base, keys, db)
    yield sender
    sender.http.close()


def track(**fields: Any) -> dict[str, Any]:
    """A good event, but for `fields`."""
    return {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1"} | fields
