"""Keys: what they open, how they end, and that secrets are nowhere to be read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from onefold.events.api import (
    KeyUnknown,
    NewSource,
    SourceDisabled,
    Trust,
    check_key,
    create_key,
    create_source,
    disable_key,
    disable_source,
    get_source,
    list_keys,
    rotate_key,
)
from onefold.events.keys import KeyBook, KeyRejected
from onefold.events.sources import QUERIES
from onefold.kernel.errors import Forbidden, NotFound

Conn = Connection[Any]


@pytest.fixture
def shop(db: Conn) -> Conn:
    """A database with one source."""
    create_source(db, NewSource(slug="shop", name="Shop", kind="server"), acting_user="alice")
    return db


def book(conn: Conn) -> KeyBook:
    return KeyBook(conn.execute(QUERIES["all_keys"]).fetchall())


def test_a_public_key_is_readable_and_may_only_write(shop: Conn) -> None:
    new = create_key(shop, "shop", kind="public", acting_user="alice")
    assert new.text.startswith("pk_")
    assert new.key.public_key == new.text
    grant = check_key(shop, new.text, scopes=["write"])
    assert (grant.trust, grant.source, grant.scopes) == (Trust.PUBLIC, get_source(shop, "shop"), frozenset({"write"}))
    with pytest.raises(Forbidden):
        check_key(shop, new.text, scopes=["read"])


def test_a_secret_key_is_shown_once(shop: Conn) -> None:
    new = create_key(shop, "shop", kind="secret", scopes=["read", "write"], acting_user="alice")
    assert new.text.startswith("sk_")
    assert check_key(shop, new.text, scopes=["read"]).trust is Trust.SECRET
    (stored,) = shop.execute("select k::text from source_key k").fetchone() or ("",)
    assert new.text not in stored
    assert new.text[:7] in stored
    assert list_keys(shop, new.key.source_id)[0].scopes == ("write", "read")


@pytest.mark.parametrize(
    ("kind", "scopes"),
    [("public", ["read"]), ("public", ["write", "admin"]), ("secret", []), ("secret", ["fly"]), ("golden", ["write"])],
)
def test_a_wrong_key_is_refused(shop: Conn, kind: str, scopes: list[str]) -> None:
    with pytest.raises(KeyRejected):
        create_key(shop, "shop", kind=kind, scopes=scopes, acting_user="alice")
    assert list_keys(shop, 2) == []


def test_nobody_writes_as_onefold_itself(shop: Conn) -> None:
    with pytest.raises(KeyRejected):
        create_key(shop, "onefold", kind="secret", acting_user="alice")
    with pytest.raises(NotFound):
        create_key(shop, "nobody", kind="secret", acting_user="alice")
    assert create_key(shop, "onefold", kind="secret", scopes=["read"], acting_user="alice").key.scopes == ("read",)


@pytest.mark.parametrize("text", ["", "pk_x", "sk_" + "a" * 32, "\ud800", "x" * 100_000])
def test_an_unknown_key_opens_nothing(shop: Conn, text: str) -> None:
    with pytest.raises(KeyUnknown):
        check_key(shop, text, scopes=["write"])
    assert book(shop).find(text, datetime.now(UTC)) is None


def test_a_disabled_key_stops_at_once(shop: Conn) -> None:
    new = create_key(shop, "shop", kind="secret", acting_user="alice")
    assert book(shop).find(new.text, datetime.now(UTC))
    disable_key(shop, new.key.id, acting_user="alice")
    disable_key(shop, new.key.id, acting_user="bob")
    with pytest.raises(KeyUnknown):
        check_key(shop, new.text, scopes=["write"])
    assert book(shop).find(new.text, datetime.now(UTC)) is None
    with pytest.raises(NotFound):
        disable_key(shop, 999, acting_user="alice")


def test_a_rotated_key_works_on_for_its_grace(shop: Conn) -> None:
    old = create_key(shop, "shop", kind="secret", scopes=["write", "read"], acting_user="alice")
    new = rotate_key(shop, old.key.id, grace=timedelta(hours=1), acting_user="alice")
    assert new.text != old.text
    assert (new.key.kind, new.key.scopes) == (old.key.kind, old.key.scopes)
    assert check_key(shop, old.text, scopes=["write"]).source == check_key(shop, new.text, scopes=["write"]).source
    now = datetime.now(UTC)
    assert book(shop).find(old.text, now + timedelta(minutes=59))
    assert not book(shop).find(old.text, now + timedelta(minutes=61))
    assert book(shop).find(new.text, now + timedelta(days=999))
    rotate_key(shop, old.key.id, grace=timedelta(days=9), acting_user="alice")
    assert not book(shop).find(old.text, now + timedelta(minutes=61))  # a second rotation doesn't prolong


def test_a_disabled_source_is_told_apart_from_a_wrong_key(shop: Conn) -> None:
    new = create_key(shop, "shop", kind="secret", acting_user="alice")
    disable_source(shop, "shop", acting_user="alice")
    with pytest.raises(SourceDisabled):
        check_key(shop, new.text, scopes=["write"])
    grant = book(shop).find(new.text, datetime.now(UTC))
    assert grant is not None
    assert not grant.source.is_enabled


def test_use_is_noted_once_a_minute(shop: Conn) -> None:
    new = create_key(shop, "shop", kind="secret", acting_user="alice")
    check_key(shop, new.text, scopes=["write"])
    first = list_keys(shop, new.key.source_id)[0].last_used_at
    assert first is not None
    check_key(shop, new.text, scopes=["write"])
    assert list_keys(shop, new.key.source_id)[0].last_used_at == first
