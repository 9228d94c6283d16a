"""Resolve the identity of one batch: which components it touches, and what they become.

The fast path is a plain union; a component that holds a refusal, a rule, a newly mute identifier or too many values is
clustered anew (`graph.solve`). Everything is loaded by raw component: by cluster would be wrong, because a refused edge
of a neighbour can win or lose by what arrives here.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from onefold.identity import store
from onefold.identity.config import IdentityConfig
from onefold.identity.graph import (
    MUTE,
    Edge,
    Flag,
    Forest,
    Pair,
    Refusal,
    RuleKind,
    solve,
)
from onefold.identity.store import WEAKER, EdgeFacts, Node, Rule, StoredEdge, degree_flags


@dataclass
class Facts:
    """What a batch says about identity. Times in µs."""

    pairs: dict[Pair, EdgeFacts] = field(default_factory=dict)  # seen together in the batch
    causes: dict[Pair, bytes] = field(default_factory=dict)  # the event that first named the pair in this batch
    changed: dict[Pair, EdgeFacts] = field(
        default_factory=dict
    )  # of the pairs those with something new, as they become
    fresh: list[Pair] = field(default_factory=list)  # of these the ones never seen before
    standing: dict[Pair, EdgeFacts] = field(default_factory=dict)  # all pairs as they stand afterwards
    rules: list[tuple[Rule, int]] = field(default_factory=list)  # with receipt
    receipts: dict[int, int] = field(default_factory=dict)  # earliest in the batch, of identifiers that may change
    refold: set[int] = field(default_factory=set)  # fragments whose documents changed: their components are loaded

    def add_pair(self, pair: Pair, seen: EdgeFacts, cause: bytes) -> None:
        """An event (`cause`) names both."""
        known = self.pairs.get(pair)
        if known is None:
            self.pairs[pair] = seen
            self.causes[pair] = cause
        elif known != seen:
            self.pairs[pair] = known.merged(seen)

    def compare(self, known: Mapping[Pair, EdgeFacts]) -> None:
        """Find what is new in the pairs beside what is `known` of them."""
        for pair, facts in self.pairs.items():
            before = known.get(pair)
            if before is None:
                self.changed[pair] = facts
                self.fresh.append(pair)
            elif facts.first < before.first or facts.trust > before.trust or facts.rcv < before.rcv:
                self.changed[pair] = before.merged(facts)
        self.standing = {**known, **self.changed}


@dataclass
class Resolved:
    """What became of it. `nodes` holds whole components of everything whose profile may have changed."""

    touched: set[int] = field(default_factory=set)  # profile ids to fold anew (or to remove, when they have no member)
    moves: list[tuple[int, int | None, int | None, bytes | None]] = field(default_factory=list)
    oversized: list[int] = field(default_factory=list)  # identifiers to isolate


class Resolver:
    """One batch. `nodes`: the identifiers that it may change, loaded or new; grows by the components it touches."""

    def __init__(self, conn: Connection[Any], config: IdentityConfig, nodes: dict[int, Node]) -> None:
        self.conn = conn
        self.config = config
        self.nodes = nodes
        self.result = Resolved()
        self._slow: set[int] = set()  # labels of components to cluster anew
        self._active: set[int] = set()  # labels of components in which something changed
        self._complete: set[int] = set()  # labels of components all of whose identifiers are in `nodes`
        self._joins: list[Pair] = []  # identifiers whose components become one
        self._causes: dict[int, bytes] = {}
        self._rules: dict[Pair, RuleKind] = {}

    def run(self, facts: Facts) -> Resolved:
        store.write_edges(self.conn, facts.changed)
        store.write_rules(self.conn, facts.rules)
        seeds = {end for pair in facts.changed for end in pair}
        for rule, _ in facts.rules:
            seeds.update((rule.a, rule.b))
        earlier = self._apply_receipts(facts.receipts)
        seeds.update(earlier)
        self._load_components_of(seeds | facts.refold)
        self._active.update(self.nodes[h].comp for h in seeds)
        for pair in facts.fresh:
            self._count_neighbours(*pair)
            self._causes.setdefault(self.nodes[pair[0]].comp, facts.causes[pair])
        self.apply_rules(rule for rule, _ in facts.rules)
        self._joins += [pair for pair in facts.fresh if not any(self.nodes[end].is_mute for end in pair)]
        self.settle()
        self.result.touched.update(self.nodes[h].prof for h in (*facts.refold, *earlier))
        return self.result

    def resettle(self, changed: Collection[int], ruled: Collection[int], gone: Collection[int]) -> Resolved:
        """Cluster anew around identifiers that lost events (`changed`) or link rules (`ruled`).

        `gone`: labels of the components that lost an identifier altogether. Counts, receipts and edges are already
        as they shall be, in `nodes` and in the table.
        """
        self._load_labels(gone)
        self._load_components_of({*changed, *ruled})
        labels = {self.nodes[h].comp for h in (*changed, *ruled)} | set(gone)
        self._slow |= labels
        self._active |= labels
        unmuted = []
        for h in changed:
            node = self.nodes[h]
            was_mute = node.is_mute
            self.set_flags(node, (node.fl & ~(Flag.SHARED | Flag.BUSY)) | degree_flags(node, self.config))
            if was_mute and not node.is_mute:
                unmuted.append(h)
        self.reconnect(unmuted)
        self._join_always(ruled)
        self.mark_ruled(ruled)
        self.settle()
        self.result.touched.update(self.nodes[h].prof for h in (*changed, *ruled))
        return self.result

    # --- what a batch changes -------------------------------------------------------------------------------------

    def _apply_receipts(self, receipts: dict[int, int]) -> list[int]:
        """New identifiers, and those whose `rcv` falls because the batch has an earlier receipt (lanes overtake)."""
        earlier = []
        for h, rcv in receipts.items():
            node = self.nodes[h]
            if node.is_new or rcv < node.rcv:
                node.rcv, node.is_changed = min(rcv, node.rcv), True
                earlier.append(h)
        return earlier

    def _count_neighbours(self, a: int, b: int) -> None:
        """A new edge: raise both ends' counts of distinct neighbours; a count that crosses its threshold mutes."""
        strong, weak = self.nodes[a], self.nodes[b]
        self._raise(strong, WEAKER)
        for node, other in ((strong, weak), (weak, strong)):
            if self.config.by_code[other.ns].is_unique and not self.config.by_code[node.ns].is_unique:
                self._raise(node, other.ns)

    def _raise(self, node: Node, kind: int) -> None:
        degree = node.degree()
        degree[kind] = degree.get(kind, 0) + 1
        node.set_degree(degree)
        node.is_changed = True
        self.set_flags(node, (node.fl & ~(Flag.SHARED | Flag.BUSY)) | degree_flags(node, self.config))

    def set_flags(self, node: Node, flags: int) -> None:
        if flags != node.fl:
            if bool(flags & MUTE) != node.is_mute:
                self._slow.add(node.comp)
                self._active.add(node.comp)
                self.result.touched.add(node.prof)  # it may become nobody's, or somebody again
            node.fl, node.is_changed = int(flags), True

    def apply_rules(self, rules: Iterable[Rule]) -> None:
        """Mark what the batch's rules name; a rule makes its components slow."""
        named = {end for rule in rules for end in (rule.a, rule.b)}
        for h in named:
            node = self.nodes[h]
            self._slow.add(node.comp)
            self._active.add(node.comp)
        self._join_always(named)
        self.mark_ruled(named)

    def _join_always(self, hashes: Collection[int]) -> None:
        """What an always rule that is now in force links becomes one component."""
        rules = store.load_rules(self.conn, hashes)
        linked = [pair for pair, kind in rules.items() if kind is RuleKind.ALWAYS]
        self._load_components_of({end for pair in linked for end in pair})
        self._joins += linked

    def mark_ruled(self, hashes: Collection[int]) -> None:
        """Set RULED and ISOLATED of identifiers as their rules are now; what begins to conduct meets its neighbours."""
        if not hashes:
            return
        rules = store.load_rules(self.conn, hashes)
        ruled = {end for pair in rules for end in pair}
        unmuted = []
        for h in hashes:
            node = self.nodes[h]
            was_mute = node.is_mute
            flags = node.fl & ~(Flag.ISOLATED | Flag.RULED)
            flags |= Flag.RULED if h in ruled else 0
            flags |= Flag.ISOLATED if rules.get((h, h)) is RuleKind.NEVER else 0
            self.set_flags(node, flags)
            if was_mute and not node.is_mute:
                unmuted.append(h)
        self.reconnect(unmuted)

    def reconnect(self, hashes: Collection[int]) -> None:
        """These conduct again: load the components of all their neighbours and join them. Cost: all their edges."""
        edges = store.load_neighbours(self.conn, hashes)
        self._load_components_of({end for edge in edges for end in (edge.a, edge.b)} | set(hashes))
        for edge in edges:
            self._slow.update((self.nodes[edge.a].comp, self.nodes[edge.b].comp))
            self._active.update((self.nodes[edge.a].comp, self.nodes[edge.b].comp))
            if not self.nodes[edge.a].is_mute and not self.nodes[edge.b].is_mute:
                self._joins.append((edge.a, edge.b))

    # --- what components become -----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Give every active component its labels, fast where nothing is in dispute."""
        for one, other in self._joins:
            self._active.update((self.nodes[one].comp, self.nodes[other].comp))
        members: dict[int, list[Node]] = {label: [] for label in self._active}
        for node in self.nodes.values():
            if node.comp in members:
                members[node.comp].append(node)
        forest = Forest(members)
        for one, other in self._joins:
            root, other_root = forest.find(self.nodes[one].comp), forest.find(self.nodes[other].comp)
            if root != other_root:
                forest.join(root, other_root)
        slow: list[list[Node]] = []
        for labels in forest.groups().values():
            group = [node for label in labels for node in members[label]]
            cause = next((self._causes[label] for label in labels if label in self._causes), None)
            if self._slow.isdisjoint(labels) and self._is_plain(group):
                self._label_all(group, cause)
            elif group:
                slow.append(group)
                for node in group:
                    self._causes.setdefault(node.h, cause or b"")
        self._solve(slow)

    def _is_plain(self, group: list[Node]) -> bool:
        """One cluster in whatever order: no rule, no refusal, nothing mute, every count within its limit."""
        if len(group) > self.config.size_cap:
            return False
        if len(group) == 1:
            return not group[0].fl & (Flag.COMPLEX | Flag.RULED)
        held: dict[int, int] = {}
        for node in group:
            if node.fl & (Flag.COMPLEX | Flag.RULED | MUTE):
                return False
            held[node.ns] = held.get(node.ns, 0) + 1
        return all(
            limit is None or count <= limit
            for limit, count in ((self.config.by_code[ns].limit, count) for ns, count in held.items())
        )

    def _label_all(self, group: list[Node], cause: bytes | None) -> None:
        label = min(group, key=lambda node: (node.rcv, self.config.by_code[node.ns].rank, node.h)).h
        for node in group:
            self._relabel(node, label, label, cause)

    def _solve(self, groups: list[list[Node]]) -> None:
        if not groups:
            return
        hashes = [node.h for group in groups for node in group]
        edges = store.load_edges_from(self.conn, hashes)
        rules = store.load_rules(self.conn, [node.h for group in groups for node in group if node.fl & Flag.RULED])
        by_group: dict[int, int] = {node.h: index for index, group in enumerate(groups) for node in group}
        edges_of: list[list[StoredEdge]] = [[] for _ in groups]
        for edge in edges:
            edges_of[by_group[edge.a]].append(edge)
        refusals: dict[Pair, int] = {}
        for group, group_edges in zip(groups, edges_of, strict=True):
            refusals.update(self._solve_group(group, group_edges, rules))
        store.write_refusals(self.conn, refusals)

    def _solve_group(self, group: list[Node], edges: list[StoredEdge], rules: dict[Pair, RuleKind]) -> dict[Pair, int]:
        vertices = {node.h: node.vertex(self.config) for node in group}
        own_rules = {pair: kind for pair, kind in rules.items() if pair[0] in vertices or pair[1] in vertices}
        solution = solve(vertices, [Edge(*edge[:4]) for edge in edges], own_rules, self.config)
        sizes: dict[int, int] = {}
        for node in group:
            label = solution.comp[node.h]
            sizes[label] = sizes.get(label, 0) + 1
            is_complex = node.h == label and label in solution.complex_labels
            flags = (node.fl & ~Flag.COMPLEX) | (Flag.COMPLEX if is_complex else 0)
            if flags != node.fl:
                node.fl, node.is_changed = int(flags), True
            self._relabel(node, label, solution.prof[node.h], self._causes.get(node.h) or None)
        for label, size in sizes.items():
            if size > self.config.component_limit:
                self._judge_oversized(label, solution.comp, edges)
        return {
            (edge.a, edge.b): ref
            for edge in edges
            if (ref := solution.refused.get((edge.a, edge.b), Refusal.NONE)) != edge.ref
        }

    def _judge_oversized(self, label: int, comp: dict[int, int], edges: list[StoredEdge]) -> None:
        """No person has so many identifiers: name those that hold the component together.

        What is isolated already stays in it by an always rule: to say it again would never end.
        """
        stronger: dict[int, int] = {}
        neighbours: dict[int, int] = {}
        for edge in edges:
            if comp.get(edge.a) == label == comp.get(edge.b):
                stronger[edge.b] = stronger.get(edge.b, 0) + 1
                for end in (edge.a, edge.b):
                    neighbours[end] = neighbours.get(end, 0) + 1
        connectors = [
            h for h, count in stronger.items() if count > 1 and not self.config.by_code[self.nodes[h].ns].is_unique
        ] or [h for h, count in neighbours.items() if count > 1]
        self.result.oversized += [h for h in connectors if not self.nodes[h].fl & Flag.ISOLATED]

    def _relabel(self, node: Node, comp: int, prof: int, cause: bytes | None) -> None:
        if node.is_new:
            self.result.touched.add(prof)
        elif node.prof != prof:
            self.result.touched.update((node.prof, prof))
            self.result.moves.append((node.h, node.prof, prof, cause))
        if (node.comp, node.prof) != (comp, prof):
            node.comp, node.prof, node.is_changed = comp, prof, True

    # --- loading --------------------------------------------------------------------------------------------------

    def _load_components_of(self, hashes: Collection[int]) -> None:
        missing = [h for h in hashes if h not in self.nodes]
        labels = {self.nodes[h].comp for h in hashes if h in self.nodes and not self.nodes[h].is_new}
        self._load_labels(labels | store.labels_of(self.conn, missing))

    def _load_labels(self, labels: Collection[int]) -> None:
        labels = set(labels) - self._complete
        self._complete |= labels
        for node in store.load_components(self.conn, labels):
            self.nodes.setdefault(node.h, node)
