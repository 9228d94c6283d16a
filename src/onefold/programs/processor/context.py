"""What a batch needs to know besides its events: sources and the identity configuration."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from onefold.audiences.api import LiveAudiences, load_live
from onefold.events.api import DEFAULT_LIMITS, Limits, list_sources
from onefold.identity.api import Extractor, Identifier, IdentityConfig, load_config
from onefold.infra.postgres import load_queries
from onefold.privacy.api import Suppressions, load_suppressions

QUERIES = load_queries("onefold.programs.processor", "context.sql")


def clock() -> int:
    """This machine's, in µs since 1970."""
    return time.time_ns() // 1_000


@dataclass(frozen=True)
class Context:
    """One immutable view of the configuration; a change makes a new one between two batches."""

    config: IdentityConfig
    config_version: int
    priorities: dict[int, int]  # source id → survivorship priority
    user_spaces: dict[int, str]
    slugs: dict[str, int]
    limits: Limits
    suppressions: Suppressions
    last_rebuild: int  # 0 = there was none
    live: LiveAudiences
    extractor: Extractor = field(compare=False)
    suppression_key: bytes | None = field(default=None, compare=False, repr=False)
    clock: Callable[[], int] = field(default=clock, compare=False, repr=False)
    """Now, in µs: by which audiences are held."""

    def names_suppressed(self, identifiers: Iterable[Identifier]) -> bool:
        """Whether one of them was erased and may not come back. Cost: one HMAC, 2 µs, a value not seen lately."""
        by_code, holds = self.config.by_code, self.suppressions.holds
        return any(holds(found.h, by_code[found.ns].name, found.value) for found in identifiers)


def load_context(
    conn: Connection[Any],
    current: Context | None = None,
    limits: Limits = DEFAULT_LIMITS,
    suppression_key: bytes | None = None,
    clock: Callable[[], int] = clock,
) -> Context:
    """The configuration in force, for who holds the log. Returns `current` itself when nothing changed: its extractor
    remembers much.

    `limits` must be the collector's: what it told a sender to be wrong becomes a violation here. Without a
    `suppression_key` nobody is suppressed, as at a rebuild: it reads what was accepted. Raises Broken for a wrong one.
    """
    version, config = load_config(conn)
    sources = list_sources(conn)
    spaces = {source.id: source.user_space for source in sources}
    fresh = Context(
        config=config,
        config_version=version,
        priorities={source.id: source.priority for source in sources},
        user_spaces=spaces,
        slugs={source.slug: source.id for source in sources},
        limits=limits,
        suppressions=load_suppressions(conn, suppression_key, current.suppressions if current else None),
        last_rebuild=_last_rebuild(conn),
        live=load_live(conn, current.live if current else None),
        extractor=Extractor(config, spaces),
        suppression_key=suppression_key,
        clock=clock,
    )
    return current if current == fresh else fresh


def _last_rebuild(conn: Connection[Any]) -> int:
    (seq,) = conn.execute(QUERIES["last_rebuild"]).fetchone() or (0,)
    return int(seq)


def note_config(conn: Connection[Any], context: Context, *, is_rebuild: bool) -> None:
    """Keep what history is folded with, so that `doctor` can tell when a rebuild is due."""
    row = conn.execute(QUERIES["last_config"]).fetchone()
    priorities = {str(source_id): priority for source_id, priority in context.priorities.items()}
    if row == (context.config_version, priorities) and not is_rebuild:
        return
    parameters = {"version": context.config_version, "priorities": Jsonb(priorities), "is_rebuild": is_rebuild}
    conn.execute(QUERIES["note_config"], parameters)
