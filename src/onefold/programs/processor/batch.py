"""What a batch carries from step to step."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from psycopg import Connection

from onefold.audiences.api import AskedFor, Counted, Foreseen, Happened
from onefold.events.api import Decoded, LogRow, Tallies, Violation
from onefold.identity.api import Facts, Identifier, LastKnown, Node, Refused, Resolved, Rule
from onefold.privacy.api import Ledger
from onefold.profiles.api import Claims, CompanyFacts, Refolded
from onefold.programs.processor.context import Context

MINUTE_US = 60_000_000
LINKS_ONLY = 0
"""The fragment of link and retraction events: nobody's."""


@dataclass(slots=True)
class Accepted:
    """An event on its way into the profile. `fragment` = hash of its strongest identifier, or of the company whose own
    it is; `counted`: what it says to audiences' metrics."""

    event: Decoded
    identifiers: list[Identifier]  # strongest first; none: of a company, or a retraction
    fragment: int
    counted: Counted | None = None
    rule: Rule | None = None


class Incoming(NamedTuple):
    """A well-formed event, whom it names, and what it says to audiences' metrics; of links and retractions that is
    found out later."""

    event: Decoded
    identifiers: list[Identifier]  # strongest first
    refused: list[Refused]
    counted: Counted | None = None


class Prepared(NamedTuple):
    """Log rows decoded and normalised: all that needs no database, so a thread can do it ahead."""

    rows: list[LogRow]
    events: list[Incoming]  # by receipt
    violations: list[Violation]
    unkept: list[tuple[LogRow, list[int]]]  # requests, with the places of events of which nothing may be kept

    @property
    def size(self) -> int:
        return sum(row.n for row in self.rows)

    @property
    def lanes(self) -> set[int]:
        return {row.lane for row in self.rows}


@dataclass
class Batch:
    """Everything between a batch's log rows and its rows in the tables; times in µs."""

    conn: Connection[Any]
    context: Context
    prepared: Prepared
    last_known: LastKnown = field(default_factory=LastKnown)
    incoming: list[Incoming] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    duplicates: list[Decoded] = field(default_factory=list)
    to_take_back: set[bytes] = field(default_factory=set)  # ids of events that the batch's retractions name
    requests: list[int] = field(default_factory=list)  # ids of the privacy requests whose turn it is
    accepted: list[Accepted] = field(default_factory=list)
    nodes: dict[int, Node] = field(default_factory=dict)
    claims: dict[int, Claims] = field(default_factory=dict)  # fragment → folded document
    companies: dict[int, CompanyFacts] = field(default_factory=dict)
    consents: dict[int, Ledger] = field(default_factory=dict)  # fragment → what the batch says of consent
    facts: Facts = field(default_factory=Facts)
    tallied: set[int] = field(default_factory=set)  # fragments with new events
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)  # fragments seen earlier or in a later hour
    refolded: Refolded = field(default_factory=Refolded)
    earlier: set[int] = field(default_factory=set)  # fragments seen earlier
    widened: set[int] = field(default_factory=set)  # profiles seen earlier or in a later hour
    resolved: Resolved = field(default_factory=Resolved)
    counts: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    tallies: Tallies = field(default_factory=Tallies)
    happened: Happened = field(default_factory=Happened)  # what audiences are to know of it
    foreseen: Foreseen | None = None  # whom it will probably concern
    asked: AskedFor | None = None  # whom it may concern

    def count(self, source_id: int, received_at: int, outcome: str) -> None:
        """One event of a source ended so; see the table source_count."""
        self.counts[source_id, received_at - received_at % MINUTE_US, outcome] += 1

    def refuse(self, violation: Violation) -> None:
        """Keep what was refused, and count it."""
        self.violations.append(violation)
        self.count(violation.source_id, violation.received_at, f"violation:{violation.reason}")
