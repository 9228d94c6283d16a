"""The door to identity: what other slices may use."""

from onefold.identity.config import DEFAULT_CONFIG, IdentityConfig, Namespace, user_namespace, with_user_spaces
from onefold.identity.graph import MUTE, Edge, Flag, Forest, Pair, Refusal, RuleKind, Solution, pair_of, solve
from onefold.identity.identifiers import Extractor, Identifier, Refused
from onefold.identity.resolve import Facts, Resolved, Resolver, degree_flags
from onefold.identity.store import (
    WEAKER,
    EdgeFacts,
    Node,
    Rule,
    StoredEdge,
    delete_edges,
    delete_nodes,
    delete_rules,
    earliest_receipts,
    effective_rules,
    load_config,
    load_docs,
    load_edges_from,
    load_neighbours,
    load_nodes,
    new_node,
    write_edges,
    write_moves,
    write_nodes,
    write_refusals,
    write_rules,
    write_tallies,
)

__all__ = [
    "DEFAULT_CONFIG",
    "MUTE",
    "WEAKER",
    "Edge",
    "EdgeFacts",
    "Extractor",
    "Facts",
    "Flag",
    "Forest",
    "Identifier",
    "IdentityConfig",
    "Namespace",
    "Node",
    "Pair",
    "Refusal",
    "Refused",
    "Resolved",
    "Resolver",
    "Rule",
    "RuleKind",
    "Solution",
    "StoredEdge",
    "degree_flags",
    "delete_edges",
    "delete_nodes",
    "delete_rules",
    "earliest_receipts",
    "effective_rules",
    "load_config",
    "load_docs",
    "load_edges_from",
    "load_neighbours",
    "load_nodes",
    "new_node",
    "normalise",
    "pair_of",
    "solve",
    "user_namespace",
    "with_user_spaces",
    "write_edges",
    "write_moves",
    "write_nodes",
    "write_refusals",
    "write_rules",
    "write_tallies",
]  # fmt: skip


def normalise(namespace: str, value: str, config: IdentityConfig = DEFAULT_CONFIG) -> Identifier | Refused:
    """The identifier that `value` stands for, or why it stands for none."""
    return Extractor(config, {}).normalise(namespace, value)
