"""The audit log: who did what to whom, when and from where. Entries are chained by hash and never change."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from psycopg import Connection

from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.accounts", "audit.sql")
PAGE_SIZE: Final = 100

log = get_logger(__name__)
_address: ContextVar[str | None] = ContextVar("address", default=None)


class Executes(Protocol):
    """A psycopg connection or cursor, or a cursor of Django's: whichever the caller's transaction is on."""

    def execute(self, query: str, params: Mapping[str, object] | None = None, /) -> object:
        """Runs one statement."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that was done. `target`: `kind:name`, as `user:bob` or `source:web-shop`."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    details: dict[str, Any]
    address: str | None


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which entries; an empty text doesn't filter."""

    actor: str = ""
    action: str = ""
    target: str = ""


def audit(conn: Executes, *, actor: str, action: str, target: str, details: Mapping[str, Any] | None = None) -> None:
    """Adds an entry in the caller's transaction; call it last, for entries wait for each other until the commit.

    `actor` is what `name_of` gives, `action` is `noun.verb_in_the_past`. `details` say what changed by names, ids and
    counts, never by values of personal data. The address is that of the request under way.
    """
    parameters = {
        "actor": actor[:200],
        "action": action,
        "target": target[:500].replace("\0", ""),
        "details": json.dumps(dict(details or {}), default=str),
        "address": _address.get(),
    }
    conn.execute(QUERIES["append"], parameters)
    log.info("audited", action=action, acting_user=actor[:200])


@contextmanager
def acting_from(address: str) -> Iterator[None]:
    """What is done meanwhile was done from this IP address."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


def audit_page(
    conn: Connection[Any], wanted: Filter, *, before: int | None = None, limit: int = PAGE_SIZE
) -> list[Entry]:
    """Entries older than the one with id `before`, the latest first. An index for each filter alone."""
    conditions = {"actor": "actor = %(actor)s", "action": "action = %(action)s", "target": "target = %(target)s"}
    given = [condition for name, condition in conditions.items() if getattr(wanted, name)]
    where = " and ".join(["id < %(before)s", *given])
    parameters = {
        "actor": wanted.actor,
        "action": wanted.action,
        "target": wanted.target,
        "before": before or (1 << 63) - 1,
        "limit": limit,
    }
    rows = conn.execute(QUERIES["page"].replace("{where}", where), parameters)
    return [Entry(**dict(zip(Entry.__dataclass_fields__, row, strict=True))) for row in rows]


def known_actions(conn: Connection[Any]) -> list[str]:
    """Every action there is an entry of; a skip scan, one probe an action."""
    return [action for (action,) in conn.execute(QUERIES["actions"])]


def broken_entry(conn: Connection[Any]) -> int | None:
    """Id of the first entry that was changed, or before which some are missing; None = the chain holds. One scan.

    What was cut off at the end leaves no trace here: the processes' own logs hold `audited` for every entry.
    """
    row = conn.execute(QUERIES["broken"]).fetchone()
    return int(row[0]) if row else None
