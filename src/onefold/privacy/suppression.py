"""Who was erased and may not come back, known by keyed hashes only."""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from onefold.config import Settings
from onefold.infra.home import make_folder
from onefold.infra.kept import kept_text
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Broken

QUERIES = load_queries("onefold.privacy", "suppression.sql")
MAX_REMEMBERED: Final = 60_000
_KEY_ID_BYTES: Final = 8


@dataclass(frozen=True)
class Suppressions:
    """Those in force as of `version`, when a request changed them last. False when there are none.

    `denying`: categories of consent banners that mean analytics; with them, for one query a batch asks for both.
    """

    version: datetime | None
    key: bytes | None = field(compare=False, repr=False)
    digests: frozenset[bytes] = field(compare=False, repr=False)
    denying: frozenset[str] = frozenset()
    _seen: dict[int, bool] = field(default_factory=dict, compare=False, repr=False)

    def __bool__(self) -> bool:
        return bool(self.digests)

    def holds(self, h: int, namespace: str, value: str) -> bool:
        """Whether the identifier with hash `h` is suppressed."""
        if not self.digests or self.key is None:
            return False
        known = self._seen.get(h)
        if known is None:
            if len(self._seen) > MAX_REMEMBERED:
                self._seen.clear()
            known = self._seen[h] = digest_of(self.key, namespace, value) in self.digests
        return known


NOBODY: Final = Suppressions(None, None, frozenset())


def suppression_key(settings: Settings) -> bytes:
    """The given key, else one made at the first use and kept in the data folder."""
    if settings.privacy.secret_key:
        return settings.privacy.secret_key.reveal().encode()
    make_folder(settings.database.data_dir)
    return kept_text(settings.database.data_dir / "suppression_key", secrets.token_urlsafe(48)).encode()


def digest_of(key: bytes, namespace: str, value: str) -> bytes:
    """HMAC-SHA256 of a normalised identifier."""
    return hmac.digest(key, f"{namespace}\0{value}".encode(), "sha256")


def key_id(key: bytes) -> bytes:
    """Tells keys apart without telling anything of them."""
    return hmac.digest(key, b"", "sha256")[:_KEY_ID_BYTES]


def load_suppressions(conn: Connection[Any], key: bytes | None, current: Suppressions | None = None) -> Suppressions:
    """Those in force; `current` itself when nothing changed. Without a key nobody is suppressed.

    Cost: one probe, and the whole table (32 bytes a row) after a change. Raises Broken when rows were made with
    another key: whoever was erased would come back unseen.
    """
    if key is None:
        return NOBODY
    row = conn.execute(QUERIES["version"]).fetchone()
    version, names = row or (None, None)
    denying = frozenset(names or ())
    if current is not None and (current.key, current.version, current.denying) == (key, version, denying):
        return current
    mine = key_id(key)
    digests = set()
    for digest, made_with in conn.execute(QUERIES["digests"], binary=True):
        if made_with != mine:
            raise Broken(
                "The suppression key isn't the one that erased people are suppressed with. Put back the file"
                " suppression_key of the data folder, or ONEFOLD_PRIVACY_SECRET_KEY."
            )
        digests.add(digest)
    return Suppressions(version, key, frozenset(digests), denying)


def suppress(conn: Connection[Any], key: bytes, identifiers: Iterable[tuple[str, str]], request_id: int) -> int:
    """Suppress (namespace, value) pairs from now on; returns how many are new."""
    known = 0
    for namespace, value in identifiers:
        parameters = {
            "digest": digest_of(key, namespace, value),
            "namespace": namespace,
            "request": request_id,
            "key_id": key_id(key),
        }
        known += conn.execute(QUERIES["suppress"], parameters).rowcount
    return known


def keep_suppressed(conn: Connection[Any], key: bytes, identifiers: Iterable[tuple[str, str]]) -> None:
    """Have no erasure under way let these come back at its end."""
    digests = [digest_of(key, namespace, value) for namespace, value in identifiers]
    conn.execute(QUERIES["keep"], {"digests": digests})


def release_all(conn: Connection[Any], request_id: int) -> None:
    """Let all come back that were suppressed for this request."""
    conn.execute(QUERIES["release_all"], {"request": request_id})


def release(conn: Connection[Any], key: bytes, namespace: str, value: str) -> int:
    """Let an identifier come back, and all that were erased with it; returns how many were suppressed.

    Those whose erasure is under way come back at its end: what came in between would be erased in part.
    """
    row = conn.execute(QUERIES["release"], {"digest": digest_of(key, namespace, value)}).fetchone()
    return row[0] if row else 0
