"""Identity's tables: rows in, rows out. Nothing here decides anything."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from onefold.identity.config import DEFAULT_CONFIG, IdentityConfig, with_user_spaces
from onefold.identity.graph import MUTE, Flag, Pair, RuleKind, Vertex, pair_of
from onefold.identity.identifiers import Identifier
from onefold.infra.arrays import bigints, byteas, smallints, texts, uuids
from onefold.infra.postgres import load_queries

QUERIES = load_queries("onefold.identity", "queries.sql")
WEAKER = 0
"""Key of `Node.degree` under which weaker neighbours are counted; others are codes of unique namespaces."""


@dataclass(slots=True)
class Node:
    """An identifier, and the head of its fragment. Times in µs. `doc` None = not loaded or not changed."""

    h: int
    ns: int
    val: str
    rcv: int
    comp: int
    prof: int
    fl: int = 0
    deg: bytes | None = None
    n: int = 0
    own_rcv: int | None = None
    first_ts: int | None = None
    last_ts: int | None = None
    has_doc: bool = False
    doc: bytes | None = None
    is_new: bool = False
    is_changed: bool = False  # more than the counts

    @property
    def is_mute(self) -> bool:
        return bool(self.fl & MUTE)

    def degree(self) -> dict[int, int]:
        return msgspec.msgpack.decode(self.deg, type=dict[int, int]) if self.deg else {}

    def set_degree(self, degree: Mapping[int, int]) -> None:
        self.deg = msgspec.msgpack.encode(dict(sorted(degree.items()))) if degree else None

    def vertex(self, config: IdentityConfig) -> Vertex:
        return Vertex(self.h, self.ns, config.by_code[self.ns].rank, self.rcv, self.is_mute)


def new_node(identifier: Identifier, rcv: int) -> Node:
    h = identifier.h
    return Node(h, identifier.ns, identifier.value, rcv, h, h, is_new=True, is_changed=True)


def degree_flags(node: Node, config: IdentityConfig) -> int:
    """SHARED and BUSY as the counts of distinct neighbours have it."""
    degree = node.degree()
    flags = Flag.BUSY if degree.get(WEAKER, 0) > config.busy_above else Flag(0)
    namespace = config.by_code[node.ns]
    k = None if namespace.is_unique else namespace.shared_above
    if k is not None and any(count > k for kind, count in degree.items() if kind != WEAKER):
        flags |= Flag.SHARED
    return int(flags)


class EdgeFacts(NamedTuple):
    """What is known of a pair seen together; times in µs."""

    first: int
    trust: int
    rcv: int

    def merged(self, other: "EdgeFacts") -> "EdgeFacts":
        return EdgeFacts(min(self.first, other.first), max(self.trust, other.trust), min(self.rcv, other.rcv))


class StoredEdge(NamedTuple):
    a: int
    b: int
    first: int
    trust: int
    rcv: int
    ref: int


class Rule(NamedTuple):
    """One link decision. `a <= b`; equal ends isolate. `ts` in µs."""

    a: int
    b: int
    kind: RuleKind
    ts: int
    event: bytes


def load_config(conn: Connection[Any]) -> tuple[int, IdentityConfig]:
    """(version, configuration) in force, with every source's user space; version 0 = the default, nothing stored."""
    row = conn.execute(QUERIES["current_config"]).fetchone()
    version, config = (row[0], msgspec.convert(row[1], IdentityConfig)) if row else (0, DEFAULT_CONFIG)
    return version, with_user_spaces(config, conn.execute(QUERIES["user_spaces"]))


def load_nodes(conn: Connection[Any], hashes: Collection[int]) -> dict[int, Node]:
    """Those of them that are known, without their documents."""
    if not hashes:
        return {}
    rows = conn.execute(QUERIES["load_nodes"], {"hashes": bigints(list(hashes))}, binary=True).fetchall()
    return {row[0]: Node(*row) for row in rows}


def load_components(conn: Connection[Any], labels: Collection[int]) -> list[Node]:
    if not labels:
        return []
    return [
        Node(*row)
        for row in conn.execute(QUERIES["load_components"], {"labels": bigints(list(labels))}, binary=True).fetchall()
    ]


def load_docs(conn: Connection[Any], hashes: Collection[int]) -> dict[int, bytes]:
    if not hashes:
        return {}
    return dict(conn.execute(QUERIES["load_docs"], {"hashes": bigints(list(hashes))}, binary=True).fetchall())


def labels_of(conn: Connection[Any], hashes: Collection[int]) -> set[int]:
    if not hashes:
        return set()
    return {row[0] for row in conn.execute(QUERIES["labels_of"], {"hashes": bigints(list(hashes))}, binary=True)}


def load_edges(conn: Connection[Any], pairs: Collection[Pair]) -> dict[Pair, EdgeFacts]:
    if not pairs:
        return {}
    ends = {"a": bigints([a for a, _ in pairs]), "b": bigints([b for _, b in pairs])}
    rows = conn.execute(QUERIES["load_edges"], ends, binary=True).fetchall()
    return {(a, b): EdgeFacts(first, trust, rcv) for a, b, first, trust, rcv in rows}


def load_edges_from(conn: Connection[Any], hashes: Collection[int]) -> list[StoredEdge]:
    rows = conn.execute(QUERIES["load_edges_from"], {"hashes": bigints(list(hashes))}, binary=True)
    return [StoredEdge(*row) for row in rows]


def load_neighbours(conn: Connection[Any], hashes: Collection[int]) -> list[StoredEdge]:
    """Cost: every edge of these identifiers, at either end."""
    if not hashes:
        return []
    rows = conn.execute(QUERIES["load_neighbours"], {"hashes": bigints(list(hashes))}, binary=True)
    return [StoredEdge(*row) for row in rows]


def load_rules(conn: Connection[Any], hashes: Collection[int]) -> dict[Pair, RuleKind]:
    """Of each pair that touches one of `hashes` the latest decision; withdrawn ones are left out."""
    if not hashes:
        return {}
    rows = conn.execute(QUERIES["load_rules"], {"hashes": bigints(list(hashes))}, binary=True)
    return effective_rules(Rule(a, b, RuleKind(kind), ts, event.bytes) for a, b, kind, ts, event in rows)


def effective_rules(rules: Iterable[Rule]) -> dict[Pair, RuleKind]:
    """The latest decision of each pair by (ts, event)."""
    latest: dict[Pair, Rule] = {}
    for rule in rules:
        pair = pair_of(rule.a, rule.b)
        known = latest.get(pair)
        if known is None or (known.ts, known.event) < (rule.ts, rule.event):
            latest[pair] = rule
    return {pair: rule.kind for pair, rule in latest.items() if rule.kind is not RuleKind.WITHDRAWN}


def write_rules(conn: Connection[Any], rules: Collection[tuple[Rule, int]]) -> None:
    """`rules`: each with its receipt in µs."""
    if rules:
        columns = {
            "event": uuids([rule.event for rule, _ in rules]),
            "a": bigints([rule.a for rule, _ in rules]),
            "b": bigints([rule.b for rule, _ in rules]),
            "kind": smallints([rule.kind for rule, _ in rules]),
            "ts": bigints([rule.ts for rule, _ in rules]),
            "received_at": bigints([received_at for _, received_at in rules]),
        }
        conn.execute(QUERIES["write_rules"], columns)


def write_edges(conn: Connection[Any], edges: Mapping[Pair, EdgeFacts]) -> None:
    if edges:
        columns = {
            "a": bigints([a for a, _ in edges]),
            "b": bigints([b for _, b in edges]),
            "first": bigints([facts.first for facts in edges.values()]),
            "trust": smallints([facts.trust for facts in edges.values()]),
            "rcv": bigints([facts.rcv for facts in edges.values()]),
        }
        conn.execute(QUERIES["write_edges"], columns)


def delete_edges(conn: Connection[Any], pairs: Collection[Pair]) -> None:
    if pairs:
        ends = {"a": bigints([a for a, _ in pairs]), "b": bigints([b for _, b in pairs])}
        conn.execute(QUERIES["delete_edges"], ends)


def delete_nodes(conn: Connection[Any], hashes: Collection[int]) -> None:
    if hashes:
        conn.execute(QUERIES["delete_nodes"], {"hashes": bigints(list(hashes))})


def delete_rules(conn: Connection[Any], rules: Collection[tuple[bytes, int]]) -> list[Pair]:
    """Take back link decisions by (id, receipt in µs) of their events; returns the pairs that they named."""
    if not rules:
        return []
    columns = {"event": uuids([event for event, _ in rules]), "received_at": bigints([at for _, at in rules])}
    return conn.execute(QUERIES["delete_rules"], columns, binary=True).fetchall()


def earliest_receipts(conn: Connection[Any], hashes: Collection[int]) -> dict[int, int]:
    """µs; identifiers that are no weaker end and in no rule are absent. Cost: every edge to them."""
    return dict(conn.execute(QUERIES["earliest_receipts"], {"hashes": bigints(list(hashes))}, binary=True).fetchall())


def write_refusals(conn: Connection[Any], refusals: Mapping[Pair, int]) -> None:
    if refusals:
        columns = {
            "a": bigints([a for a, _ in refusals]),
            "b": bigints([b for _, b in refusals]),
            "ref": smallints(list(refusals.values())),
        }
        conn.execute(QUERIES["write_refusals"], columns)


def write_nodes(conn: Connection[Any], nodes: Collection[Node]) -> None:
    """Whole rows, new or changed."""
    if nodes:
        columns = {
            "h": bigints([node.h for node in nodes]),
            "ns": smallints([node.ns for node in nodes]),
            "val": texts([node.val for node in nodes]),
            "rcv": bigints([node.rcv for node in nodes]),
            "comp": bigints([node.comp for node in nodes]),
            "prof": bigints([node.prof for node in nodes]),
            "fl": smallints([node.fl for node in nodes]),
            "deg": byteas([node.deg for node in nodes]),
            "n": bigints([node.n for node in nodes]),
            "own_rcv": bigints([node.own_rcv for node in nodes]),
            "first_ts": bigints([node.first_ts for node in nodes]),
            "last_ts": bigints([node.last_ts for node in nodes]),
            "doc": byteas([node.doc for node in nodes]),
        }
        conn.execute(QUERIES["write_nodes"], columns)


def write_tallies(conn: Connection[Any], nodes: Collection[Node]) -> None:
    """Fragments in which nothing but the counts moved."""
    if nodes:
        columns = {
            "h": bigints([node.h for node in nodes]),
            "n": bigints([node.n for node in nodes]),
            "first_ts": bigints([node.first_ts for node in nodes]),
            "last_ts": bigints([node.last_ts for node in nodes]),
        }
        conn.execute(QUERIES["write_tallies"], columns)


def write_moves(conn: Connection[Any], moves: Collection[tuple[int, int | None, int | None, bytes | None]]) -> None:
    """`moves`: (identifier, old profile, new profile, id of the event that caused it)."""
    if moves:
        columns = {
            "h": bigints([move[0] for move in moves]),
            "from_prof": bigints([move[1] for move in moves]),
            "to_prof": bigints([move[2] for move in moves]),
            "cause": uuids([move[3] or None for move in moves]),
        }
        conn.execute(QUERIES["write_moves"], columns)
