"""Tell users something, and ask what they were told."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.types.json import Jsonb

from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.notifications", "notifications.sql")
PAGE_SIZE: Final = 50
VISIT_PAUSE: Final = timedelta(minutes=30)
_LAST: Final = (1 << 63) - 1


@dataclass(frozen=True, kw_only=True)
class News:
    """Something to tell. `title` and `body` are English patterns for `params`, marked for translation.

    `key` names the cause: told twice it is one notification. `user_id` None = everybody. `tone`: ok, warn, bad.
    """

    key: str
    tone: str
    title: str
    body: str = ""
    url: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)
    user_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Notification:
    """As it is stored, for one user."""

    id: int
    key: str
    tone: str
    title: str
    body: str
    params: dict[str, Any]
    url: str
    at: datetime
    ended_at: datetime | None
    is_seen: bool


def tell(conn: Connection[Any], news: News) -> None:
    """Tell it, in the caller's transaction. Safe to repeat: while its cause lasts there is one, which follows."""
    parameters = {name: getattr(news, name) for name in ("key", "user_id", "tone", "title", "body", "url")}
    conn.execute(QUERIES["tell"], parameters | {"params": Jsonb(dict(news.params))})


def tell_lasting(conn: Connection[Any], prefix: str, news: Iterable[News]) -> None:
    """All causes below `prefix` that last now; those told earlier that are not among them are over. One transaction."""
    found = list(news)
    with conn.transaction():
        for one in found:
            tell(conn, one)
        conn.execute(QUERIES["end_others"], {"prefix": prefix, "keys": [one.key for one in found]})


def end(conn: Connection[Any], keys: Collection[str]) -> None:
    """These causes are gone, for everybody who was told. Safe to repeat."""
    if keys:
        conn.execute(QUERIES["end"], {"keys": list(keys)})


def notifications_of(conn: Connection[Any], user_id: int, before: int | None = None) -> list[Notification]:
    """Up to PAGE_SIZE that are for a user, the latest first, older than the one with id `before`."""
    parameters = {"user_id": user_id, "before": before or _LAST, "limit": PAGE_SIZE}
    names = Notification.__dataclass_fields__
    return [Notification(**dict(zip(names, row, strict=True))) for row in conn.execute(QUERIES["list"], parameters)]


def count_unseen(conn: Connection[Any], user_id: int) -> int:
    """Of lasting causes, up to 100."""
    row = conn.execute(QUERIES["count_unseen"], {"user_id": user_id}).fetchone()
    return int(row[0]) if row else 0


def last_visit(conn: Connection[Any], user_id: int, subject: str, now: datetime) -> datetime | None:
    """When this user looked at a record in the visit before this one, None = never; notes that they look now.

    A visit ends when VISIT_PAUSE has passed without a look. One statement.
    """
    parameters = {"user_id": user_id, "subject": subject, "now": now, "pause": VISIT_PAUSE}
    row = conn.execute(QUERIES["visit"], parameters).fetchone()
    return row[0] if row else None


def see(conn: Connection[Any], user_id: int, ids: list[int] | None) -> None:
    """A user has seen these; None = all. Those for others stay as they are. Safe to repeat."""
    if ids is None:
        conn.execute(QUERIES["see_all"], {"user_id": user_id})
    else:
        conn.execute(QUERIES["see"], {"user_id": user_id, "ids": ids})


def unsee(conn: Connection[Any], user_id: int, notification_id: int) -> None:
    """As if a user had not seen it. Safe to repeat."""
    conn.execute(QUERIES["unsee"], {"user_id": user_id, "id": notification_id})
