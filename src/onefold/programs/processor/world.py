"""The world afresh from the accepted events, in bulk. `rebuild.py` compares it with what is stored."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from psycopg import Connection

from onefold.events.api import Kind, Tallies, every_event, withheld_fragments
from onefold.identity.api import (
    WEAKER,
    Edge,
    EdgeFacts,
    Flag,
    Forest,
    Identifier,
    Node,
    Pair,
    Refused,
    Rule,
    RuleKind,
    degree_flags,
    effective_rules,
    new_node,
    solve,
)
from onefold.profiles.api import CompanyFacts, Golden, company_hash, golden_record, is_nobody, pack
from onefold.programs.processor.accept import link_rule
from onefold.programs.processor.context import Context
from onefold.programs.processor.retract import WholeFragment


@dataclass
class World:
    """Everything that follows from the accepted events."""

    nodes: dict[int, Node] = field(default_factory=dict)
    fragments: dict[int, WholeFragment] = field(default_factory=dict)
    edges: dict[Pair, EdgeFacts] = field(default_factory=dict)
    refusals: dict[Pair, int] = field(default_factory=dict)
    rules: list[tuple[Rule, int]] = field(default_factory=list)  # with receipt
    companies: dict[int, CompanyFacts] = field(default_factory=dict)
    profiles: dict[int, Golden] = field(default_factory=dict)
    tallies: Tallies = field(default_factory=Tallies)


def compute(conn: Connection[Any], context: Context) -> World:
    """The world as the events of the transaction's snapshot have it. Cost: one scan of `event`."""
    world = World()
    _gather(conn, context, world)
    _connect(context, world)
    _resolve_profiles(context, world)
    return world


def _gather(conn: Connection[Any], context: Context, world: World) -> None:
    withheld = withheld_fragments(conn)
    for stored in every_event(conn):
        event = stored.event
        world.tallies.add(event)
        if event.kind is Kind.RETRACT or stored.fragment in withheld:
            continue
        if event.kind is Kind.LINK:
            found = link_rule(context.extractor, event)
            if not isinstance(found, Refused):
                rule, ends = found
                world.rules.append((rule, event.received_at))
                _name(world, ends, event.received_at)
            continue
        identifiers, _ = context.extractor.identifiers(event)
        if not identifiers:  # blocked since it was accepted
            continue
        _name(world, identifiers, event.received_at)
        strongest, *weaker = identifiers
        world.fragments.setdefault(strongest.h, WholeFragment()).add(event, [identifier.h for identifier in weaker])
        if event.kind is Kind.GROUP:
            space, key = context.user_spaces.get(event.source_id, ""), event.group_id or ""
            facts = world.companies.setdefault(company_hash(space, key), CompanyFacts(space, key))
            traits = msgspec.json.decode(event.traits) if event.traits else {}
            facts.add(strongest.h, event.ts, traits, event.source_id, (event.ts, event.received_at, event.id))


def _name(world: World, identifiers: Iterable[Identifier], received_at: int) -> None:
    for identifier in identifiers:
        node = world.nodes.get(identifier.h)
        if node is None:
            world.nodes[identifier.h] = new_node(identifier, received_at)
        elif received_at < node.rcv:
            node.rcv = received_at


def _connect(context: Context, world: World) -> None:
    """Edges, counts of neighbours, flags, components, clusters."""
    config, nodes = context.config, world.nodes
    degrees: dict[int, dict[int, int]] = {}
    for h, fragment in world.fragments.items():
        node = nodes[h]
        node.n, node.own_rcv, node.first_ts, node.last_ts = (
            fragment.n, fragment.own_rcv, fragment.first_ts, fragment.last_ts,
        )  # fmt: skip
        node.doc = pack(fragment.claims) if fragment.claims else None
        for weaker, facts in fragment.edges.items():
            world.edges[h, weaker] = facts
            _count(degrees.setdefault(h, {}), WEAKER)
            for end, neighbour in ((node, nodes[weaker]), (nodes[weaker], node)):
                if config.by_code[neighbour.ns].is_unique and not config.by_code[end.ns].is_unique:
                    _count(degrees.setdefault(end.h, {}), neighbour.ns)
    for h, degree in degrees.items():
        nodes[h].set_degree(degree)
        nodes[h].fl |= degree_flags(nodes[h], config)
    rules = effective_rules(rule for rule, _ in world.rules)
    for (one, other), kind in rules.items():
        nodes[one].fl |= Flag.RULED
        nodes[other].fl |= Flag.RULED
        if one == other and kind is RuleKind.NEVER:
            nodes[one].fl |= Flag.ISOLATED
    _cluster(context, world, rules)


def _count(degree: dict[int, int], kind: int) -> None:
    degree[kind] = degree.get(kind, 0) + 1


def _cluster(context: Context, world: World, rules: dict[Pair, RuleKind]) -> None:
    """`solve` for each raw component apart: sorting all edges of all people at once would gain nothing."""
    nodes, config = world.nodes, context.config
    raw = Forest(nodes)
    joining = [pair for pair, kind in rules.items() if kind is RuleKind.ALWAYS]
    joining += [pair for pair in world.edges if not nodes[pair[0]].is_mute and not nodes[pair[1]].is_mute]
    for one, other in joining:
        root, other_root = raw.find(one), raw.find(other)
        if root != other_root:
            raw.join(root, other_root)
    edges_of: dict[int, list[Edge]] = {}
    for (a, b), facts in world.edges.items():
        edges_of.setdefault(raw.find(a), []).append(Edge(a, b, facts.first, facts.trust))
    rules_of: dict[int, dict[Pair, RuleKind]] = {}
    for pair, kind in rules.items():
        for end in pair:
            rules_of.setdefault(raw.find(end), {})[pair] = kind
    for root, members in raw.groups().items():
        vertices = {h: nodes[h].vertex(config) for h in members}
        solution = solve(vertices, edges_of.get(root, []), rules_of.get(root, {}), config)
        world.refusals.update(solution.refused)
        for h in members:
            nodes[h].comp, nodes[h].prof = solution.comp[h], solution.prof[h]
            if h in solution.complex_labels:
                nodes[h].fl |= Flag.COMPLEX


def _resolve_profiles(context: Context, world: World) -> None:
    members: dict[int, list[Node]] = {}
    for node in world.nodes.values():
        members.setdefault(node.prof, []).append(node)
    companies: dict[int, list[tuple[int, int]]] = {}
    for h, facts in world.companies.items():
        for fragment, (_, last) in facts.members.items():
            companies.setdefault(fragment, []).append((last, h))
    for profile_id, group in members.items():
        if not is_nobody(group, context.config):
            world.profiles[profile_id] = golden_record(
                profile_id,
                group,
                [world.fragments[node.h].claims for node in group if node.h in world.fragments],
                [membership for node in group for membership in companies.get(node.h, ())],
                context.priorities,
                context.config,
            )
