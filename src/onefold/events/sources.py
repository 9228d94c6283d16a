"""Where events come from: create, list, change and disable sources."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import chain, count
from typing import Any, Final

from psycopg import Connection

from onefold.events.fields import USER_SPACE
from onefold.events.internal import INTERNAL_SOURCE
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound, Rejected

QUERIES: Final = load_queries("onefold.events", "sources.sql")
CHANGED_CHANNEL: Final = "onefold_sources"
KINDS: Final = ("browser", "app", "server", "import")  # and internal: Onefold itself, of which there is one
ON_DEVICES: Final = frozenset(("browser", "app"))
"""Kinds that run on people's own devices: anybody can read their key, and the connection's address is the person's."""
IP_POLICIES: Final = ("keep", "truncate", "drop")
CHANGEABLE: Final = frozenset(
    ("name", "lane", "priority", "ip_policy", "allowed_origins", "rate_limit", "is_enabled", "id_cookie")
)
LANES: Final = (0, 1)  # interactive, bulk
_MAX_NAME: Final = 200
_MAX_SUGGESTED: Final = 40
_MAX_ORIGINS: Final = 100
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.\-\[\]:]+", re.IGNORECASE)


class SourceRejected(Rejected):
    """What was asked of a source can't be; the message lists every fault."""

    code = "source_rejected"


@dataclass(frozen=True, kw_only=True)
class NewSource:
    """What is said when a source is created.

    `user_space` "" = its user ids are the workspace's own; "shop" = namespace shop:user_id. `priority`: at
    survivorship the smaller wins. `rate_limit` in events/s; None = the setting. `allowed_origins` () = every origin.
    `id_cookie`: the collector gives browsers of our own site a cookie as device id.
    """

    slug: str
    name: str
    kind: str
    user_space: str = ""
    lane: int | None = None  # None: bulk for an import, else interactive
    priority: int = 100
    ip_policy: str = "truncate"
    allowed_origins: tuple[str, ...] = ()
    rate_limit: int | None = None
    id_cookie: bool = False


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source as it is stored; fields as in NewSource."""

    id: int
    slug: str
    name: str
    kind: str
    user_space: str
    lane: int
    priority: int
    ip_policy: str
    allowed_origins: tuple[str, ...]
    rate_limit: int | None
    is_enabled: bool
    created_at: datetime
    id_cookie: bool


def list_sources(conn: Connection[Any]) -> list[Source]:
    """Every source, Onefold's own (id 1) first."""
    return [source_of(row) for row in conn.execute(QUERIES["list"])]


def get_source(conn: Connection[Any], slug: str) -> Source:
    """Raises NotFound."""
    row = conn.execute(QUERIES["get"], {"slug": slug}).fetchone()
    if row is None:
        raise NotFound(f"There is no source {slug!r}.")
    return source_of(row)


def free_slug(conn: Connection[Any], name: str, kind: str) -> str:
    """An address for a new source of that name: `Web shop` → web-shop, web-shop-2 where that is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MAX_SUGGESTED].strip("-") or kind
    taken = {source.slug for source in list_sources(conn)}
    return next(one for one in chain((slug,), (f"{slug}-{n}" for n in count(2))) if one not in taken)


def create_source(conn: Connection[Any], new: NewSource, *, acting_user: str) -> Source:
    """The new source, enabled and without keys. Raises SourceRejected."""
    fields = asdict(new) | {"lane": int(new.kind == "import") if new.lane is None else new.lane}
    _raise_faults([*_identity_faults(new), *_faults(fields)])
    fields["allowed_origins"] = [origin.rstrip("/").lower() for origin in new.allowed_origins]
    with conn.transaction():
        conn.execute(QUERIES["one_at_a_time"])
        row = conn.execute(QUERIES["create"], fields).fetchone()
        if row is None:
            raise SourceRejected(f"The slug {new.slug!r} is taken. Choose another.")
        announce(conn)
        note(conn, acting_user, "source.created", f"source:{new.slug}", kind=new.kind)
    return source_of(row)


def update_source(conn: Connection[Any], slug: str, changes: Mapping[str, Any], *, acting_user: str) -> Source:
    """The source with `changes` to any of its fields but id, slug, kind, user_space and created_at.

    A new priority reaches the profiles that are already there with their next event or the next rebuild.
    Raises NotFound or SourceRejected; safe to repeat.
    """
    fixed = set(changes) - CHANGEABLE
    if fixed:
        raise SourceRejected(f"These can't be changed: {', '.join(sorted(fixed))}.")
    with conn.transaction():
        source = get_source(conn, slug)
        if source.id == INTERNAL_SOURCE:
            raise SourceRejected("Onefold's own source can't be changed.")
        changed = replace(source, **changes)
        _raise_faults(_faults(asdict(changed)))
        origins = [origin.rstrip("/").lower() for origin in changed.allowed_origins]
        conn.execute(QUERIES["update"], asdict(changed) | {"allowed_origins": origins})
        announce(conn)
        changed = get_source(conn, slug)
        note(conn, acting_user, "source.changed", f"source:{slug}", **changes)
    return changed


def disable_source(conn: Connection[Any], slug: str, *, acting_user: str) -> Source:
    """From now on its events are answered 404; what it sent stays. `update_source` with is_enabled enables it again."""
    return update_source(conn, slug, {"is_enabled": False}, acting_user=acting_user)


def note(conn: Connection[Any], acting_user: str, action: str, target: str, **details: object) -> None:
    """An entry of the audit log, in the transaction under way."""
    from onefold.accounts.api import audit  # the collector lists sources and has no use for what guards pages

    audit(conn, actor=acting_user, action=action, target=target, details=details)


def announce(conn: Connection[Any]) -> None:
    """Tells the collectors, when the transaction commits, to read sources and keys again."""
    conn.execute("select pg_notify(%s, '')", [CHANGED_CHANNEL])


def source_of(row: tuple[Any, ...]) -> Source:
    """From the columns in the order of the table."""
    names = Source.__dataclass_fields__
    return Source(**dict(zip(names, row, strict=True)) | {"allowed_origins": tuple(row[8])})


def _identity_faults(new: NewSource) -> Iterator[str]:
    if not _SLUG.fullmatch(new.slug):
        yield "slug: up to 63 of a-z, 0-9 and -, the first not -"
    if new.kind not in KINDS:
        yield f"kind: one of {', '.join(KINDS)}"
    if not USER_SPACE.fullmatch(new.user_space):
        yield "user_space: up to 30 of a-z, 0-9 and -"


def _faults(fields: Mapping[str, Any]) -> Iterator[str]:
    if not fields["name"].strip() or len(fields["name"]) > _MAX_NAME or not fields["name"].isprintable():
        yield f"name: 1 to {_MAX_NAME} printable characters"
    if fields["lane"] not in LANES:
        yield "lane: 0 (interactive) or 1 (bulk)"
    if not 0 <= fields["priority"] <= 1_000_000:
        yield "priority: 0 to 1,000,000"
    if fields["ip_policy"] not in IP_POLICIES:
        yield f"ip_policy: one of {', '.join(IP_POLICIES)}"
    if fields["rate_limit"] is not None and not 0 < fields["rate_limit"] < 2**31:
        yield "rate_limit: at least 1 event a second, or none"
    if fields["id_cookie"] and fields["kind"] != "browser":
        yield "id_cookie: only sources of the kind browser have one"
    origins = fields["allowed_origins"]
    if len(origins) > _MAX_ORIGINS or not all(_ORIGIN.fullmatch(origin.rstrip("/")) for origin in origins):
        yield f"allowed_origins: up to {_MAX_ORIGINS} like https://shop.example.com"


def _raise_faults(faults: list[str] | Iterator[str]) -> None:
    if found := list(faults):
        raise SourceRejected("The source can't be kept like that. " + "; ".join(found) + ".")
