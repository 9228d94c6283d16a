"""Alice administers, Bob looks, Charlie is nobody; a shop whose events the real processor has processed."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.test import Client, override_settings
from psycopg import Connection

from onefold.config import Settings
from onefold.events.api import INTERNAL_SOURCE, LogRow, NewSource, Source, Trust, create_key, create_source
from onefold.infra.pool import close_pool, open_pool
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.main import Processor
from onefold.programs.processor.steps import process

if TYPE_CHECKING:
    from onefold.accounts.models import User

PASSWORD = "correct horse battery staple"
SUPPRESSION_KEY = b"a key of 32 characters and a few more"
NOW = datetime.now(UTC).replace(microsecond=0)


class Shop:
    """Two sources, a key with every scope, and a way to send events that are processed when `send` returns."""

    def __init__(self, conn: Connection[Any]) -> None:
        self.conn = conn
        self.web = self._source("web-shop", "Web shop", kind="browser")
        self.back_end = self._source("back-end", "Shop back end", kind="server", priority=50)
        self.key = self.new_key("back-end", "write", "read", "admin")
        self.internal = replace(self.back_end, id=INTERNAL_SOURCE)
        self._off = 0

    def _source(self, slug: str, name: str, **fields: Any) -> Source:
        return create_source(self.conn, NewSource(slug=slug, name=name, **fields), acting_user="test")

    def new_key(self, slug: str, *scopes: str, kind: str = "secret") -> str:
        """The text of a new key."""
        return create_key(self.conn, slug, kind=kind, scopes=scopes, acting_user="test").text

    def send(self, *events: Any, source: Source | None = None, at: datetime = NOW, trust: Trust = Trust.SECRET) -> None:
        """Events in one request of a source (the back end's unless said), received at `at`."""
        self.send_raw(_body(events), len(events), source=source, at=at, trust=trust)

    def send_raw(
        self,
        body: bytes,
        n: int = 1,
        *,
        source: Source | None = None,
        at: datetime = NOW,
        trust: Trust = Trust.SECRET,
    ) -> None:
        """A row of the log as the collector would have written it."""
        self._off += 1
        sender = source or self.back_end
        # transaction 1 is older than any real one: what is logged later still lies ahead of the position
        row = LogRow(1, 1, self._off, 0, sender.id, trust, _us(at), n, "", "", body)
        with self.conn.transaction():
            context = load_context(self.conn, suppression_key=SUPPRESSION_KEY)
            process(self.conn, context, prepare([row], context))

    def log(self, *events: Any, source: Source | None = None) -> None:
        """As `send`, and the request stands in the log as well, in a lane that no processor reads. One each second."""
        sender, at = source or self.back_end, NOW + timedelta(seconds=self._off)
        self.conn.execute(
            "insert into event_log (epoch, xid, off, lane, source_id, trust, received_at, n, body)"
            " overriding system value values (1, '1', %s, 9, %s, 2, %s, %s, %s)",
            [self._off + 1, sender.id, at, len(events), _body(events)],
        )
        self.send(*events, source=sender, at=at)

    def identify(self, user_id: str, *, at: datetime = NOW, **traits: Any) -> None:
        """One identify call."""
        self.send({"type": "identify", "userId": user_id, "traits": traits, "timestamp": at.isoformat()}, at=at)


def _us(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000_000)


def _body(events: tuple[Any, ...]) -> bytes:
    return json.dumps({"batch": events}).encode()


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """A third of a second for each hash is for attackers, not for tests."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def _pool(pg_url: str) -> Iterator[None]:
    open_pool(pg_url, "tests", max_size=4)
    yield
    close_pool()


@pytest.fixture
def shop(_pool: None, db: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> Shop:
    """An empty shop. Nothing waits for a processor; `processor` is one."""
    monkeypatch.setattr("onefold.events.log.WAIT_S", 0.02)
    return Shop(db)


@pytest.fixture
def alice(shop: Shop, transactional_users: Callable[..., "User"]) -> Client:
    """Signed in, an administrator."""
    return signed_in(transactional_users("alice", is_admin=True))


@pytest.fixture
def bob(shop: Shop, transactional_users: Callable[..., "User"]) -> Client:
    """Signed in, a viewer."""
    return signed_in(transactional_users("bob", is_admin=False))


@pytest.fixture
def charlie(shop: Shop, transactional_users: Callable[..., "User"]) -> Client:
    """Not signed in."""
    return Client()


@pytest.fixture
def robot(shop: Shop, transactional_users: Callable[..., "User"]) -> Client:
    """A program with a key of every scope."""
    return Client(headers={"authorization": f"Bearer {shop.key}"})


@pytest.fixture
def transactional_users(shop: Shop, django_access: None) -> Callable[..., "User"]:
    """Makes users in the database that everyone sees."""
    from onefold.accounts.api import create_user
    from onefold.accounts.models import User

    def make(name: str, *, is_admin: bool) -> "User":
        return User.objects.get(pk=create_user(name, PASSWORD, is_admin=is_admin))

    return make


def signed_in(user: "User") -> Client:
    """A browser of this user."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def processor(shop: Shop, settings: Settings, pg_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A processor that reads the log while the test runs. Other tests' transactions may hold it back for seconds."""
    monkeypatch.setattr("onefold.events.log.WAIT_S", 30.0)
    running = Processor(settings, pg_url)
    thread = threading.Thread(target=running.run)
    thread.start()
    yield
    running.stop()
    shop.conn.execute("notify onefold_log")
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that goes to the hot tables from now on."""
    said: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        if query:  # the pool's check is an empty one
            said.append(str(query))
        return execute(self, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    return said


def days_ago(days: float) -> datetime:
    """An instant before NOW."""
    return NOW - timedelta(days=days)


def track(message_id: str, user_id: str = "1", **fields: Any) -> dict[str, Any]:
    """A track call."""
    return {"type": "track", "event": "Bought", "userId": user_id, "messageId": message_id, **fields}
