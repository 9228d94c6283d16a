"""Keys of sources: public ones stand in web pages, secret ones on servers. Create, rotate, disable, check."""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from psycopg import AsyncConnection, Connection

from onefold.events.event import Trust
from onefold.events.internal import INTERNAL_SOURCE
from onefold.events.sources import (
    ON_DEVICES,
    QUERIES,
    NewSource,
    Source,
    announce,
    create_source,
    get_source,
    note,
    source_of,
)
from onefold.kernel.errors import Forbidden, NotFound, Rejected

SCOPES: Final = ("write", "read", "admin")
ROTATION_GRACE: Final = timedelta(days=1)
_PREFIXES: Final = {"public": "pk_", "secret": "sk_"}
_SHOWN: Final = 7  # characters of a secret key that pages may show


class KeyUnknown(Rejected):
    """The key is not one of ours, or not any more."""

    code = "invalid_write_key"
    status = 401


class SourceDisabled(NotFound):
    """The key is good, its source is switched off."""

    code = "source_disabled"


class KeyRejected(Rejected):
    """A key like that can't be made."""

    code = "key_rejected"


@dataclass(frozen=True, kw_only=True)
class Key:
    """A stored key. Of a secret one only `prefix` is known, its first characters."""

    id: int
    source_id: int
    kind: str
    prefix: str
    public_key: str | None
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    disabled_at: datetime | None  # may lie ahead: a rotated key's grace


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key just made: the only time that `text` is to be had, if it is secret."""

    key: Key
    text: str


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a presented key opens."""

    key_id: int
    source: Source
    trust: Trust
    scopes: frozenset[str]
    disabled_at: datetime | None


def create_key(
    conn: Connection[Any], slug: str, *, kind: str, scopes: Iterable[str] = ("write",), acting_user: str
) -> NewKey:
    """A new key of a source. Public keys may only write. Raises NotFound or KeyRejected."""
    wanted = sorted(set(scopes), key=SCOPES.index) if set(scopes) <= set(SCOPES) else []
    if kind not in _PREFIXES or not wanted:
        raise KeyRejected(f"A key is public or secret, with some of the scopes {', '.join(SCOPES)}.")
    if kind == "public" and wanted != ["write"]:
        raise KeyRejected("A public key stands in web pages for everyone to read, so it may only write.")
    with conn.transaction():
        source = get_source(conn, slug)
        if source.id == INTERNAL_SOURCE and "write" in wanted:
            raise KeyRejected("Only Onefold itself writes as its own source. Make a source for the sender.")
        new = _insert(conn, source.id, kind, wanted)
        note(conn, acting_user, "key.created", f"key:{new.key.id}", source=slug, kind=kind, scopes=wanted)
    return new


def create_source_with_key(conn: Connection[Any], new: NewSource, *, acting_user: str) -> NewKey:
    """A new source and a key of it that may write: a public one for what runs on people's devices, else a secret one.

    Raises SourceRejected, and then there is neither.
    """
    with conn.transaction():
        source = create_source(conn, new, acting_user=acting_user)
        kind = "public" if source.kind in ON_DEVICES else "secret"
        return create_key(conn, source.slug, kind=kind, acting_user=acting_user)


def rotate_key(conn: Connection[Any], key_id: int, *, grace: timedelta = ROTATION_GRACE, acting_user: str) -> NewKey:
    """A new key of the same kind and scopes; the old one works on for `grace`. Raises NotFound."""
    with conn.transaction():
        old = _get(conn, key_id)
        new = _insert(conn, old.source_id, old.kind, list(old.scopes))
        conn.execute(QUERIES["end_key"], {"id": key_id, "seconds": grace.total_seconds()})
        note(conn, acting_user, "key.rotated", f"key:{key_id}", successor=new.key.id)
    return new


def disable_key(conn: Connection[Any], key_id: int, *, acting_user: str) -> None:
    """The key stops working at once. Safe to repeat. Raises NotFound."""
    with conn.transaction():
        _get(conn, key_id)
        conn.execute(QUERIES["end_key"], {"id": key_id, "seconds": 0})
        announce(conn)
        note(conn, acting_user, "key.ended", f"key:{key_id}")


def list_keys(conn: Connection[Any], source_id: int) -> list[Key]:
    """The keys of a source, newest first, ended ones too."""
    return [_key(row) for row in conn.execute(QUERIES["list_keys"], {"source_id": source_id})]


def check_key(conn: Connection[Any], text: str, *, scopes: Collection[str]) -> Grant:
    """What a key opens, if it has one of `scopes`. One index probe. Raises KeyUnknown, Forbidden or SourceDisabled."""
    row = conn.execute(QUERIES["find_key"], {"digest": digest_of(text)}).fetchone()
    grant = grant_of(row)[1] if row else None
    if grant is None or is_ended(grant, datetime.now(UTC)):
        raise KeyUnknown("This key is not known. Take one from the page of its source.")
    if grant.scopes.isdisjoint(scopes):
        held = ", ".join(sorted(grant.scopes))
        raise Forbidden(f"This needs a key with the scope {' or '.join(scopes)}; this one has {held}.")
    if not grant.source.is_enabled:
        raise SourceDisabled("The source of this key is disabled.")
    conn.execute(QUERIES["touch_keys"], {"ids": [grant.key_id]})
    return grant


class KeyBook:
    """All sources and keys in memory, as the collector needs them: one hash and one look-up a request."""

    def __init__(self, rows: Iterable[tuple[Any, ...]] = ()) -> None:
        """`rows` of the query `all_keys`."""
        self._grants = dict(grant_of(row) for row in rows)

    def find(self, text: str, now: datetime) -> Grant | None:
        """None for a key that isn't known or has ended."""
        grant = self._grants.get(digest_of(text))
        return None if grant is None or is_ended(grant, now) else grant


async def read_book(conn: AsyncConnection[Any]) -> KeyBook:
    """All keys that work, as of now."""
    cursor = await conn.execute(QUERIES["all_keys"])
    return KeyBook(await cursor.fetchall())


async def touch_keys(conn: AsyncConnection[Any], key_ids: list[int]) -> None:
    """These keys were used."""
    await conn.execute(QUERIES["touch_keys"], {"ids": key_ids})


def is_ended(grant: Grant, now: datetime) -> bool:
    """Whether the key has stopped working."""
    return grant.disabled_at is not None and grant.disabled_at <= now


def digest_of(text: str) -> bytes:
    """What is stored of a key. A plain hash: keys are random, so there is no dictionary to try."""
    return sha256(text.encode(errors="replace")).digest()


def grant_of(row: tuple[Any, ...]) -> tuple[bytes, Grant]:
    """Digest and grant, from a row of `find_key` or `all_keys`."""
    key_id, kind, scopes, digest, disabled_at, *columns = row
    trust = Trust.SECRET if kind == "secret" else Trust.PUBLIC
    source = source_of(tuple(columns))
    grant = Grant(key_id=key_id, source=source, trust=trust, scopes=frozenset(scopes), disabled_at=disabled_at)
    return bytes(digest), grant


def _insert(conn: Connection[Any], source_id: int, kind: str, scopes: list[str]) -> NewKey:
    text = _PREFIXES[kind] + secrets.token_urlsafe(24)
    parameters = {
        "source_id": source_id,
        "kind": kind,
        "prefix": text[:_SHOWN],
        "public_key": text if kind == "public" else None,
        "digest": digest_of(text),
        "scopes": scopes,
    }
    row = conn.execute(QUERIES["create_key"], parameters).fetchone()
    assert row is not None  # noqa: S101 an insert without condition returns its row
    announce(conn)
    return NewKey(key=_key(row), text=text)


def _get(conn: Connection[Any], key_id: int) -> Key:
    row = conn.execute(QUERIES["get_key"], {"id": key_id}).fetchone()
    if row is None:
        raise NotFound(f"There is no key {key_id}.")
    return _key(row)


def _key(row: tuple[Any, ...]) -> Key:
    return Key(**dict(zip(Key.__dataclass_fields__, row, strict=True)) | {"scopes": tuple(row[5])})
