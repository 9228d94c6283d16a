"""What all accepted events say, as single facts: who is named, who was seen with whom, traits, consent, companies.

In tables of DuckDB, which keeps on disk what doesn't fit into memory.
"""

from collections.abc import Iterable
from typing import Final

import duckdb

from onefold.events.api import Kind
from onefold.identity.api import Identifier, Refused, Rule
from onefold.infra.postgres import load_queries
from onefold.kernel.hashing import company_hash
from onefold.privacy.api import Ledger, add_consents
from onefold.profiles.api import company_named
from onefold.programs.processor.accept import link_rule
from onefold.programs.processor.bulk import BATCH_ROWS, Row, insert
from onefold.programs.processor.context import Context
from onefold.programs.processor.sayings import Saying

QUERIES: Final = load_queries("onefold.programs.processor", "facts.sql")


class Facts:
    """Fills the tables of facts.sql in `memory`; `rules` (with receipts) beside them, because they are few."""

    def __init__(self, memory: duckdb.DuckDBPyConnection, context: Context, sayings: Iterable[Saying]) -> None:
        """Cost: about 15 µs a saying."""
        self.rules: list[tuple[Rule, int]] = []
        self._memory, self._context = memory, context
        self._new: dict[str, list[Row]] = {}
        self._named: dict[int, tuple[Identifier, int]] = {}
        memory.execute(QUERIES["tables"])
        for saying in sayings:
            self._note(saying)
        self._store_named()
        for table in self._new:
            self._store(table)

    def _note(self, saying: Saying) -> None:
        event = saying.event
        if event.kind is Kind.LINK:
            found = link_rule(self._context.extractor, event)
            if not isinstance(found, Refused):
                rule, ends = found
                self.rules.append((rule, event.received_at))
                self._name(ends, event.received_at)
            return
        identifiers, _ = self._context.extractor.identifiers(event)
        if not identifiers:
            if event.is_of_company:  # else they are blocked since it was accepted
                self._note_company(saying)
            return
        _, n, first_ts, last_ts, received_at, claimed = saying
        self._name(identifiers, received_at)
        strongest, *weaker = identifiers
        self._add("part", (strongest.h, n, received_at, first_ts, last_ts))
        for identifier in weaker:
            self._add("pair", (strongest.h, identifier.h, claimed, event.trust, received_at))
        self._note_content(saying, strongest.h)

    def _note_content(self, saying: Saying, fragment: int) -> None:
        """Traits, consent, companies."""
        event = saying.event
        at = (event.ts, event.received_at, event.id)
        if event.kind is Kind.IDENTIFY and event.traits:
            self._add("claim", (fragment, event.source_id, bytes(event.traits), *at))
        elif event.kind is Kind.GROUP:
            self._note_company(saying, fragment)
        ledger: Ledger = {}
        add_consents(ledger, event)
        for what, told in ledger.items():
            self._add("consent", (fragment, *what, *told._replace(first_ts=saying.first_ts)))

    def _note_company(self, saying: Saying, fragment: int | None = None) -> None:
        """What is said of a company, by somebody's fragment or by its own."""
        event = saying.event
        space, key = company_named(event, self._context.user_spaces)
        company = company_hash(space, key)
        counted = (company if fragment is None else fragment, saying.n, saying.first_ts, saying.last_ts)
        said = (bytes(event.traits), event.source_id, event.ts, event.received_at, event.id)
        self._add("company_fact", (company, space, key, *counted, *said))

    def _name(self, identifiers: Iterable[Identifier], received_at: int) -> None:
        """Who is named again and again, as it is with sayings by gist, becomes one row."""
        for identifier in identifiers:
            known = self._named.get(identifier.h)
            if known is None or received_at < known[1]:
                self._named[identifier.h] = (identifier, received_at)
        if len(self._named) >= BATCH_ROWS:
            self._store_named()

    def _store_named(self) -> None:
        rows = ((one.h, one.ns, one.value, rcv) for one, rcv in self._named.values())
        insert(self._memory, "named", rows)
        self._named.clear()

    def _add(self, table: str, row: Row) -> None:
        rows = self._new.setdefault(table, [])
        rows.append(row)
        if len(rows) >= BATCH_ROWS:
            self._store(table)

    def _store(self, table: str) -> None:
        insert(self._memory, table, iter(self._new[table]))
        self._new[table].clear()
