"""Who may do what in the demo: its sources and their keys, and a user to sign in with. Safe to repeat."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from onefold.config import Settings
from onefold.events.api import (
    SCOPES,
    KeyUnknown,
    NewSource,
    Source,
    check_key,
    create_key,
    create_source,
    get_source,
    list_keys,
)
from onefold.infra.kept import kept_text
from onefold.kernel.errors import NotFound
from onefold.programs.demo.calls import APP, BACKEND, CARE, NEWSLETTER, WEBSITE

USER: Final = "demo"
ACTING_USER: Final = "onefold demo"
SOURCES: Final = (
    NewSource(slug=WEBSITE, name="Shop website", kind="browser", priority=100),
    NewSource(slug=BACKEND, name="Shop backend", kind="server", priority=50),
    NewSource(slug=NEWSLETTER, name="Newsletter", kind="server", priority=100),
    NewSource(slug=CARE, name="Customer care", kind="server", priority=60),
    NewSource(slug=APP, name="Mobile app", kind="app", user_space="app", priority=90),
)
_PASSWORD_FILE: Final = "demo-password"  # noqa: S105 the file's name
_KEY_FILE: Final = "demo-secret-key"


@dataclass(frozen=True, slots=True)
class Access:
    """What the demo's person and its senders need. `keys`: slug → write key; the backend's may ask and decide too."""

    user: str
    password: str
    keys: dict[str, str]
    source_ids: dict[str, int]
    began_at: datetime  # when the first of the sources was made: the history is seen from there


def ensure_access(conn: Connection[Any], settings: Settings) -> Access:
    """Makes what is missing. Passwords and the secret key are kept in the data folder, for its owner alone."""
    sources = [_source(conn, new) for new in SOURCES]
    keys = {
        source.slug: _secret_key(conn, source.slug, settings.database.data_dir)
        if source.kind == "server"
        else _public_key(conn, source)
        for source in sources
    }
    return Access(
        user=USER,
        password=_ensure_user(settings.database.data_dir / _PASSWORD_FILE),
        keys=keys,
        source_ids={source.slug: source.id for source in sources},
        began_at=min(source.created_at for source in sources),
    )


def _source(conn: Connection[Any], new: NewSource) -> Source:
    try:
        return get_source(conn, new.slug)
    except NotFound:
        return create_source(conn, new, acting_user=ACTING_USER)


def _public_key(conn: Connection[Any], source: Source) -> str:
    standing = [key.public_key for key in list_keys(conn, source.id) if key.public_key and key.disabled_at is None]
    return standing[-1] if standing else create_key(conn, source.slug, kind="public", acting_user=ACTING_USER).text


def _secret_key(conn: Connection[Any], slug: str, folder: Path) -> str:
    """The kept one if this database knows it, else a new one; the backend's may write, read and decide."""
    path = folder / (_KEY_FILE if slug == BACKEND else f"{_KEY_FILE}-{slug}")
    scopes = SCOPES if slug == BACKEND else ("write",)
    if path.exists():
        with suppress(KeyUnknown):
            check_key(conn, kept := path.read_text("utf-8").strip(), scopes=["write"])
            return kept
        path.unlink()
    return kept_text(path, create_key(conn, slug, kind="secret", scopes=scopes, acting_user=ACTING_USER).text)


def _ensure_user(path: Path) -> str:
    """The password of the demo's user, whom this makes. One of another data folder gets this folder's password."""
    from onefold.accounts.api import create_user, has_user, set_password

    is_new = not path.exists()
    password = kept_text(path, secrets.token_urlsafe(12))
    if not has_user(USER):
        create_user(USER, password, is_admin=True)
    elif is_new:
        set_password(USER, password)
    return password
