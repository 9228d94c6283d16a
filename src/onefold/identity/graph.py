"""Constrained clustering of one raw component. Pure: the stream and the rebuild call the same function.

docs/reference/identity.md specifies it; the tests hold it against a reference that was written apart from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import NamedTuple

from onefold.identity.config import IdentityConfig

Pair = tuple[int, int]


class Flag(IntFlag):
    """Marks on a node; stored in `node.fl`."""

    SHARED = 1  # touches more values of a unique namespace than its own allows
    BUSY = 2  # has too many weaker neighbours
    ISOLATED = 4  # by a link rule
    COMPLEX = 8  # on a component's label: it holds a refusal or a rule
    RULED = 16  # a link rule names it


MUTE = Flag.SHARED | Flag.BUSY | Flag.ISOLATED
"""With any of these an identifier doesn't conduct."""


class RuleKind(IntEnum):
    """What a link rule says; stored in `link_rule.kind`."""

    NEVER = 1
    ALWAYS = 2
    WITHDRAWN = 3


RULES = {kind.name.lower(): kind for kind in RuleKind}
"""As link events and the API write them."""


class Refusal(IntEnum):
    """Why an edge doesn't join its ends; stored in `edge.ref`. That an end doesn't conduct is read off `node.fl`."""

    NONE = 0
    LIMIT = 1
    SIZE = 2
    NEVER = 3


class Vertex(NamedTuple):
    """What clustering needs of an identifier. `rcv` in µs."""

    h: int
    ns: int
    rank: int
    rcv: int
    is_mute: bool

    @property
    def seniority(self) -> tuple[int, int, int]:
        """The smallest of a cluster is its anchor, of a component its label."""
        return (self.rcv, self.rank, self.h)


class Edge(NamedTuple):
    """Seen together; `a` is the stronger end. `first` in µs."""

    a: int
    b: int
    first: int
    trust: int


@dataclass
class Solution:
    """Labels of every vertex, refusals, and which component labels hold a refusal or rule."""

    comp: dict[int, int] = field(default_factory=dict)
    prof: dict[int, int] = field(default_factory=dict)
    refused: dict[Pair, Refusal] = field(default_factory=dict)
    complex_labels: set[int] = field(default_factory=set)


class Forest:
    """Union-find with path halving and union by size."""

    def __init__(self, members: Iterable[int]) -> None:
        self.parent = {member: member for member in members}
        self.size = dict.fromkeys(self.parent, 1)

    def find(self, member: int) -> int:
        parent = self.parent
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def join(self, one: int, other: int) -> tuple[int, int]:
        """Join two different roots; returns (kept root, lost root)."""
        if self.size[one] < self.size[other]:
            one, other = other, one
        self.parent[other] = one
        self.size[one] += self.size[other]
        return one, other

    def groups(self) -> dict[int, list[int]]:
        members: dict[int, list[int]] = {}
        for member in self.parent:
            members.setdefault(self.find(member), []).append(member)
        return members


def pair_of(one: int, other: int) -> Pair:
    return (one, other) if one <= other else (other, one)


def solve(
    vertices: Mapping[int, Vertex],
    edges: Sequence[Edge],
    rules: Mapping[Pair, RuleKind],
    config: IdentityConfig,
) -> Solution:
    """Cluster `vertices` by those of `edges` and `rules` (without withdrawn ones) that lie among them.

    Cost: a sort of the edges, near-linear in vertices and edges.
    """
    always = sorted(
        pair
        for pair, kind in rules.items()
        if kind is RuleKind.ALWAYS and pair[0] in vertices and pair[1] in vertices and pair[0] != pair[1]
    )
    conducting = [
        edge
        for edge in edges
        if edge.a in vertices
        and edge.b in vertices
        and not vertices[edge.a].is_mute
        and not vertices[edge.b].is_mute
        and rules.get(pair_of(edge.a, edge.b)) is not RuleKind.ALWAYS
    ]
    solution = Solution()
    raw = Forest(vertices)
    for one, other in [*always, *((edge.a, edge.b) for edge in conducting)]:
        root, other_root = raw.find(one), raw.find(other)
        if root != other_root:
            raw.join(root, other_root)
    solution.comp = _labels(raw, vertices)

    clusters = _Clusters(vertices, rules, config)
    broken = {pair for pair in always if clusters.try_join(*pair, is_always=True) is not Refusal.NONE}
    for edge in edges:  # of an always pair: what became of the always-link
        if broken and pair_of(edge.a, edge.b) in broken and not (vertices[edge.a].is_mute or vertices[edge.b].is_mute):
            solution.refused[edge.a, edge.b] = Refusal.NEVER
    for edge in _in_order(conducting, vertices):
        refusal = clusters.try_join(edge.a, edge.b, is_always=False)
        if refusal is not Refusal.NONE:
            solution.refused[edge.a, edge.b] = refusal
            solution.complex_labels.add(solution.comp[edge.a])
    solution.prof = _labels(clusters.forest, vertices)
    for one, other in rules:
        solution.complex_labels.update(solution.comp[end] for end in (one, other) if end in vertices)
    return solution


def _in_order(edges: list[Edge], vertices: Mapping[int, Vertex]) -> list[Edge]:
    """The total order in which edges are taken. Counts and recency are not in it: every event would re-cluster."""
    return sorted(
        edges,
        key=lambda edge: (-edge.trust, vertices[edge.a].rank + vertices[edge.b].rank, edge.first, edge.a, edge.b),
    )


def _labels(forest: Forest, vertices: Mapping[int, Vertex]) -> dict[int, int]:
    labels = {}
    for members in forest.groups().values():
        label = min((vertices[member] for member in members), key=lambda vertex: vertex.seniority).h
        labels.update(dict.fromkeys(members, label))
    return labels


class _Clusters:
    """Clusters that know what they hold, so that a join can be refused."""

    def __init__(self, vertices: Mapping[int, Vertex], rules: Mapping[Pair, RuleKind], config: IdentityConfig) -> None:
        self.forest = Forest(vertices)
        self._size_cap = config.size_cap
        self._limits = {namespace.code: namespace.limit for namespace in config.namespaces if namespace.limit}
        self._held: dict[int, dict[int, int]] = {
            h: {vertex.ns: 1} for h, vertex in vertices.items() if vertex.ns in self._limits
        }
        self._enemies: dict[int, set[int]] = {}
        for (one, other), kind in rules.items():
            if kind is RuleKind.NEVER and one != other and one in vertices and other in vertices:
                self._enemies.setdefault(one, set()).add(other)
                self._enemies.setdefault(other, set()).add(one)

    def try_join(self, one: int, other: int, *, is_always: bool) -> Refusal:
        """Join the clusters of both, or say why not. NONE also when they are one already."""
        root, other_root = self.forest.find(one), self.forest.find(other)
        if root == other_root:
            return Refusal.NONE
        if self._are_enemies(root, other_root):
            return Refusal.NEVER
        if not is_always:
            if self._exceeds_limit(root, other_root):
                return Refusal.LIMIT
            if self.forest.size[root] + self.forest.size[other_root] > self._size_cap:
                return Refusal.SIZE
        self._merge(*self.forest.join(root, other_root))
        return Refusal.NONE

    def _are_enemies(self, root: int, other_root: int) -> bool:
        enemies, other_enemies = self._enemies.get(root), self._enemies.get(other_root)
        if not enemies or not other_enemies:  # enmity is mutual: both sides have some or neither matters
            return False
        if len(enemies) > len(other_enemies):
            enemies, root, other_root = other_enemies, other_root, root
        return any(self.forest.find(enemy) == other_root for enemy in enemies)

    def _exceeds_limit(self, root: int, other_root: int) -> bool:
        held, other_held = self._held.get(root), self._held.get(other_root)
        if not held or not other_held:
            return False
        return any(ns in other_held and count + other_held[ns] > self._limits[ns] for ns, count in held.items())

    def _merge(self, kept: int, lost: int) -> None:
        lost_held = self._held.pop(lost, None)
        if lost_held:
            held = self._held.setdefault(kept, {})
            for ns, count in lost_held.items():
                held[ns] = held.get(ns, 0) + count
        lost_enemies = self._enemies.pop(lost, None)
        if lost_enemies:
            self._enemies.setdefault(kept, set()).update(lost_enemies)
