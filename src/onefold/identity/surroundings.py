"""The raw component around some identifiers, read only: as it is, as it was, or as a decision would make it.

It is clustered by the same `solve` as in the processor. Nothing is written or locked.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg import Connection

from onefold.identity.config import IdentityConfig
from onefold.identity.graph import Edge, Flag, Pair, Refusal, RuleKind, pair_of, solve
from onefold.identity.store import (
    WEAKER,
    EdgeFacts,
    Node,
    Rule,
    StoredEdge,
    degree_flags,
    load_nodes,
)
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import Rejected

QUERIES = load_queries("onefold.identity", "surroundings.sql")
MAX_IDENTIFIERS: Final = 4_000
"""Twice what a raw component may hold for long: the processor takes larger ones apart."""
MAX_EDGES: Final = 1_000
"""Loaded at either end of an identifier; who conducts has fewer."""
ALWAYS: Final = 253_402_300_799_999_999
"""As `until`: everything, the last µs of the year 9999."""


class TooManyIdentifiers(Rejected):
    """More identifiers hang together here than can be computed while somebody waits."""

    code = "too_many_identifiers"


@dataclass(kw_only=True)
class Surroundings:
    """`inside`: identifiers whose edges are known; `nodes` holds their neighbours too. Flags, `comp` and `prof` of
    those inside are of the moment, after `settle`."""

    config: IdentityConfig
    until: int = ALWAYS  # receipt, µs
    nodes: dict[int, Node] = field(default_factory=dict)
    inside: set[int] = field(default_factory=set)
    edges: dict[Pair, StoredEdge] = field(default_factory=dict)
    decisions: dict[Pair, Rule] = field(default_factory=dict)  # the latest of each pair, withdrawn ones too
    refused: dict[Pair, Refusal] = field(default_factory=dict)

    @property
    def rules(self) -> dict[Pair, RuleKind]:
        """What counts of the decisions."""
        return {pair: rule.kind for pair, rule in self.decisions.items() if rule.kind is not RuleKind.WITHDRAWN}

    def settle(self, facts: Mapping[Pair, EdgeFacts] | None = None) -> None:
        """Cluster those inside. `facts`: what was known of the edges then, if that isn't what the table says."""
        if facts is not None:
            self.edges = {
                pair: edge._replace(first=facts[pair].first, trust=facts[pair].trust) if pair in facts else edge
                for pair, edge in self.edges.items()
            }
        vertices = {h: self.nodes[h].vertex(self.config) for h in self.inside}
        edges = [Edge(*edge[:4]) for edge in self.edges.values()]
        solution = solve(vertices, edges, self.rules, self.config)
        self.refused = solution.refused
        for h in self.inside:
            self.nodes[h].comp, self.nodes[h].prof = solution.comp[h], solution.prof[h]

    def members(self, h: int) -> list[Node]:
        """The cluster of an identifier inside, by receipt."""
        profile_id = self.nodes[h].prof
        found = [self.nodes[one] for one in self.inside if self.nodes[one].prof == profile_id]
        return sorted(found, key=lambda node: (node.rcv, self.config.by_code[node.ns].rank, node.h))

    def joins(self, edge: StoredEdge) -> bool:
        """Whether the edge holds its ends together (perhaps beside others)."""
        pair = pair_of(edge.a, edge.b)
        return (
            edge.a in self.inside
            and edge.b in self.inside
            and self.nodes[edge.a].prof == self.nodes[edge.b].prof
            and self.rules.get(pair) is not RuleKind.ALWAYS
            and (edge.a, edge.b) not in self.refused
            and not self.nodes[edge.a].is_mute
            and not self.nodes[edge.b].is_mute
        )


def explore(
    conn: Connection[Any],
    config: IdentityConfig,
    seeds: Collection[int],
    *,
    until: int = ALWAYS,
    decision: Rule | None = None,
) -> Surroundings:
    """The raw components of `seeds` as of what was received `until` then (µs), not settled yet.

    Seeds that were not known are left out. `decision` is taken to have been made last. Raises TooManyIdentifiers.
    Cost: three statements for each step away from the seeds. In the past, edges have the time and trust that they have
    today; `settle` takes what they had.
    """
    found = Surroundings(config=config, until=until)
    frontier = set(seeds)
    while frontier:
        frontier = _step(conn, found, frontier, decision)
    return found


def _step(conn: Connection[Any], found: Surroundings, frontier: set[int], decision: Rule | None) -> set[int]:
    """Take the frontier in; returns whom it leads to."""
    _load(conn, found, frontier)
    frontier = {h for h in frontier if h in found.nodes}
    found.inside |= frontier
    if len(found.inside) > MAX_IDENTIFIERS:
        raise TooManyIdentifiers(
            f"More than {MAX_IDENTIFIERS:,} identifiers hang together here; Onefold takes such groups apart by itself."
        )
    parameters = {"hashes": list(frontier), "until": found.until, "limit": MAX_EDGES + 1}
    edges = [StoredEdge(*row) for row in conn.execute(QUERIES["edges_around"], parameters)]
    _load(conn, found, {end for edge in edges for end in (edge.a, edge.b)})
    found.edges.update(((edge.a, edge.b), edge) for edge in edges)
    rules = [
        Rule(a, b, RuleKind(kind), ts, event.bytes)
        for a, b, kind, ts, event in conn.execute(QUERIES["rules_around"], parameters)
    ]
    _note(found, [*rules, *([decision] if decision and not frontier.isdisjoint(decision[:2]) else [])])
    _mark(found, frontier, edges)
    ends = {end for edge in edges for end in _leads_to(found, edge, frontier)}
    for pair, kind in found.rules.items():
        if kind is RuleKind.ALWAYS and not frontier.isdisjoint(pair):
            ends.update(pair)
    return ends - found.inside


def _load(conn: Connection[Any], found: Surroundings, hashes: Iterable[int]) -> None:
    missing = [h for h in hashes if h not in found.nodes]
    if missing:
        nodes = load_nodes(conn, missing)
        found.nodes.update((h, node) for h, node in nodes.items() if node.rcv <= found.until)


def _note(found: Surroundings, rules: Iterable[Rule]) -> None:
    for rule in rules:
        pair = pair_of(rule.a, rule.b)
        known = found.decisions.get(pair)
        if known is None or (known.ts, known.event) < (rule.ts, rule.event):
            found.decisions[pair] = rule


def _mark(found: Surroundings, frontier: Collection[int], edges: Collection[StoredEdge]) -> None:
    """The flags of the frontier. Today's counts stand in the table; those of the past are counted here."""
    degrees: dict[int, dict[int, int]] = {h: {} for h in frontier}
    at_end: dict[tuple[int, bool], int] = {}
    by_code = found.config.by_code
    for a, b, *_ in edges:
        for end, other in ((a, b), (b, a)):
            if end not in degrees:
                continue
            at_end[end, end == a] = at_end.get((end, end == a), 0) + 1
            kinds = [WEAKER] if end == a else []
            if by_code[found.nodes[other].ns].is_unique and not by_code[found.nodes[end].ns].is_unique:
                kinds.append(found.nodes[other].ns)
            for kind in kinds:
                degrees[end][kind] = degrees[end].get(kind, 0) + 1
    for h in frontier:
        node = found.nodes[h]
        if found.until != ALWAYS:
            node.set_degree(degrees[h])
            node.fl = degree_flags(node, found.config)
        node.fl &= Flag.SHARED | Flag.BUSY
        if found.rules.get((h, h)) is RuleKind.NEVER:
            node.fl |= Flag.ISOLATED
        if not node.is_mute and max(at_end.get((h, True), 0), at_end.get((h, False), 0)) > MAX_EDGES:
            raise TooManyIdentifiers(f"An identifier here was seen with more than {MAX_EDGES:,} others.")


def _leads_to(found: Surroundings, edge: StoredEdge, frontier: Collection[int]) -> list[int]:
    """The far ends of an edge whose near end conducts. Whether they do is seen when they are taken in."""
    near = [end for end in (edge.a, edge.b) if end in frontier and not found.nodes[end].is_mute]
    return [edge.b if end == edge.a else edge.a for end in near]
