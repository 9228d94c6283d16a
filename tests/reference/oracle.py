"""The slow reference: the world that follows from a set of events, recomputed whole and directly.

It follows docs/reference/identity.md section by section, and shares no code with the programs but the hash.
Cost: every cluster is found afresh by breadth-first search for every link; meant for some hundred events.

Where the specification leaves a choice, this is what is computed (of acceptance: see acceptance.py):

Identifiers and edges
- Link events name their identifiers whatever they say, also when a later rule replaces them; `withdrawn` too.
- The pair of a rule has no order. `withdrawn {a, a}` lifts an isolation.
- Clamped and unclamped claim times of one edge are compared as they are: a public event may lower `first` of an
  edge whose trust a secret key made.
- `trust` 1 is not clamped.
- Degrees (shared, busy) count every edge, whatever rules or flags its ends have. Always-links don't count.
- `shared` looks at each unique namespace alone: `user_id` and `app:user_id` don't add up.

Clusters
- An `always` rule links an isolated identifier: the rule on the pair is the more particular one.
- An edge with an end that does not conduct says `shared`, whatever its pair's rule. An edge of an `always` pair is no
  link; else it says what became of the always-link (`None` or `never`).
- Nobody's is decided by the cluster, not by the cause: an isolated or busy e-mail alone has no profile either.
- An identifier that is known from link events only is a member like any other, and alone it has a profile.

Traits
- A trait is a top-level key; a nested object or list is one value.
- The latest claim of a source wins over its earlier ones even if it is null, across fragments as within one.
- A company is named by a user space (the source's, unless the event names one) and the group id; its traits fold like
  a person's. A group event counts as an event of its fragment; its traits are the company's alone.
- A company's own event (group or track) names nobody: it counts for the company, and is in no person's fragment.
- A person's companies are those of its members' fragments, each with the first and last `ts` of the group events.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from .acceptance import accepted, check, named_by
from .world import (
    HOUR,
    Claim,
    Company,
    CompanyKey,
    Config,
    Edge,
    Ev,
    Fragment,
    H,
    Ident,
    Node,
    Profile,
    Refusal,
    Rule,
    Span,
    Value,
    World,
)

PUBLIC = 0
CLAIM_MAY_BE_OLDER_BY = 48 * HOUR

Pair = frozenset[Ident]  # one member: {a, a}
Neighbours = dict[Ident, set[Ident]]


class Seen(NamedTuple):
    """An edge before it is known what becomes of it."""

    a: Ident
    b: Ident
    first: int
    trust: int
    rcv: int


class Link(NamedTuple):
    """What Kruskal takes in turn."""

    a: Ident
    b: Ident
    is_always: bool


class Clusters(NamedTuple):
    """What Kruskal leaves: who is joined to whom, and which links were refused."""

    joined: Neighbours
    refusals: dict[Link, Refusal]


def expected(events: Collection[Ev], config: Config) -> World:
    """The world of these deliveries. Their order means nothing. ValueError for what the door would not let in."""
    check(events, config)
    kept = accepted(events)
    facts = [e for e in kept if e.kind in ("identify", "track", "group") and e.identifiers]
    own = [e for e in kept if e.company is not None and not e.identifiers]
    rcv = _receipts(kept)
    edges = _edges(facts, config)
    rules = _rules(kept)
    shared = {i for i in rcv if _is_shared(i, edges, config)}
    busy = {i for i in rcv if sum(e.a == i for e in edges) > config.busy_above}
    isolated = {i for i in rcv if rules.get(frozenset([i])) == "never"}
    mute = shared | busy | isolated

    links = _links(edges, rules, mute, config)
    raw = _graph(links)
    clusters = _kruskal(links, rules, config)

    nodes = {}
    for i in rcv:
        cluster = reachable(i, clusters.joined)
        nodes[i.h] = Node(
            ident=i,
            rcv=rcv[i],
            component=_anchor(reachable(i, raw), rcv, config).h,
            profile=_anchor(cluster, rcv, config).h,
            is_nobody=cluster == {i} and i in mute and not config.namespaces[i.namespace].is_unique,
            is_shared=i in shared,
            is_busy=i in busy,
            is_isolated=i in isolated,
        )
    return World(
        accepted=frozenset((e.id, e.received_at) for e in kept),
        nodes=nodes,
        edges={
            (e.a.h, e.b.h): Edge(e.first, e.trust, e.rcv, _refusal(e, rules, mute, clusters.refusals)) for e in edges
        },
        fragments={i.h: _fragment(_of_fragment(i, facts, config)) for i in rcv if _of_fragment(i, facts, config)},
        profiles=_profiles(nodes, facts, config),
        companies=_companies(facts + own, config),
        allows=_consents(nodes, facts, config),
    )


# Identifiers, edges, rules


def _receipts(events: Collection[Ev]) -> dict[Ident, int]:
    names = {i for e in events for i in named_by(e)}
    return {i: min(e.received_at for e in events if i in named_by(e)) for i in names}


def _strength(i: Ident, config: Config) -> tuple[int, int]:
    return config.namespaces[i.namespace].rank, i.h


def _strongest(event: Ev, config: Config) -> Ident:
    return min(event.identifiers, key=lambda i: _strength(i, config))


def _anchor(members: set[Ident], rcv: Mapping[Ident, int], config: Config) -> Ident:
    return min(members, key=lambda i: (rcv[i], *_strength(i, config)))


def _claim_time(event: Ev) -> int:
    if event.trust == PUBLIC:
        return max(event.ts, event.received_at - CLAIM_MAY_BE_OLDER_BY)
    return event.ts


def _edges(facts: Collection[Ev], config: Config) -> list[Seen]:
    events_of: dict[tuple[Ident, Ident], list[Ev]] = {}
    for event in facts:
        a = _strongest(event, config)
        for b in event.identifiers:
            if b != a:
                events_of.setdefault((a, b), []).append(event)
    return [
        Seen(a, b, min(map(_claim_time, es)), max(e.trust for e in es), min(e.received_at for e in es))
        for (a, b), es in events_of.items()
    ]


def _rules(events: Collection[Ev]) -> dict[Pair, Rule]:
    """The rule of each pair that has one."""
    rules: dict[Pair, Rule] = {}
    for event in sorted((e for e in events if e.kind == "link"), key=lambda e: (e.ts, e.id)):
        assert event.rule is not None
        rules[frozenset(named_by(event))] = event.rule
    return {pair: rule for pair, rule in rules.items() if rule != "withdrawn"}


def _is_shared(i: Ident, edges: Collection[Seen], config: Config) -> bool:
    namespace = config.namespaces[i.namespace]
    if namespace.is_unique or namespace.shared_above is None:
        return False
    neighbours = {e.b for e in edges if e.a == i} | {e.a for e in edges if e.b == i}
    return any(
        unique.is_unique and sum(n.namespace == name for n in neighbours) > namespace.shared_above
        for name, unique in config.namespaces.items()
    )


# Clusters


def _links(edges: Collection[Seen], rules: Mapping[Pair, Rule], mute: set[Ident], config: Config) -> list[Link]:
    """The links of the conducting graph in the order in which Kruskal takes them."""

    def rank(i: Ident) -> int:
        return config.namespaces[i.namespace].rank

    always = [sorted(pair, key=lambda i: i.h) for pair, rule in rules.items() if rule == "always"]
    conducting = [e for e in edges if not {e.a, e.b} & mute and rules.get(frozenset([e.a, e.b])) != "always"]
    return [Link(a, b, is_always=True) for a, b in sorted(always, key=lambda pair: (pair[0].h, pair[1].h))] + [
        Link(e.a, e.b, is_always=False)
        for e in sorted(conducting, key=lambda e: (-e.trust, rank(e.a) + rank(e.b), e.first, e.a.h, e.b.h))
    ]


def _graph(links: Iterable[Link]) -> Neighbours:
    graph: Neighbours = {}
    for link in links:
        _join(link, graph)
    return graph


def _join(link: Link, graph: Neighbours) -> None:
    graph.setdefault(link.a, set()).add(link.b)
    graph.setdefault(link.b, set()).add(link.a)


def reachable(start: Ident, graph: Neighbours) -> set[Ident]:
    """Everything that hangs together with `start`, itself too."""
    found, frontier = {start}, {start}
    while frontier:
        frontier = {n for i in frontier for n in graph.get(i, set())} - found
        found |= frontier
    return found


def _kruskal(links: Iterable[Link], rules: Mapping[Pair, Rule], config: Config) -> Clusters:
    """All raw components in one pass: no link leads from one to another, and no reason to refuse looks beyond one."""
    joined: Neighbours = {}
    refusals: dict[Link, Refusal] = {}
    for link in links:
        left, right = reachable(link.a, joined), reachable(link.b, joined)
        if link.b in left:
            continue
        reason = _reason_to_refuse(link, left, right, rules, config)
        if reason is None:
            _join(link, joined)
        else:
            refusals[link] = reason
    return Clusters(joined, refusals)


def _reason_to_refuse(
    link: Link, left: set[Ident], right: set[Ident], rules: Mapping[Pair, Rule], config: Config
) -> Refusal | None:
    if any(rules.get(frozenset([x, y])) == "never" for x in left for y in right):
        return "never"
    if link.is_always:
        return None
    for name, namespace in config.namespaces.items():
        here, there = (sum(i.namespace == name for i in side) for side in (left, right))
        if namespace.limit is not None and here and there and here + there > namespace.limit:
            return "limit"
    return "size" if len(left) + len(right) > config.size_cap else None


def _refusal(
    edge: Seen, rules: Mapping[Pair, Rule], mute: set[Ident], refusals: Mapping[Link, Refusal]
) -> Refusal | None:
    if {edge.a, edge.b} & mute:
        return "shared"
    if rules.get(frozenset([edge.a, edge.b])) == "always":
        low, high = sorted((edge.a, edge.b), key=lambda i: i.h)
        return refusals.get(Link(low, high, is_always=True))
    return refusals.get(Link(edge.a, edge.b, is_always=False))


# Fragments, profiles, companies


def _of_fragment(head: Ident, facts: Collection[Ev], config: Config) -> list[Ev]:
    return [e for e in facts if _strongest(e, config) == head]


def _span(events: Collection[Ev]) -> Span:
    return Span(min(e.ts for e in events), max(e.ts for e in events))


def _claims(events: Collection[Ev]) -> dict[tuple[str, int], Claim]:
    """For each trait and source the latest claim, null or not."""
    claims: dict[tuple[str, int], Claim] = {}
    for event in sorted(events, key=lambda e: (e.ts, e.received_at, e.id)):
        for trait, value in (event.traits or {}).items():
            claims[trait, event.source_id] = Claim(value, event.ts, event.received_at, event.id)
    return claims


def _values(claims: Mapping[tuple[str, int], Claim], config: Config) -> dict[str, Value]:
    """For each trait the claim that wins, of those that are not null."""
    values = {}
    for trait in {trait for trait, _ in claims}:
        rivals = [(source, c) for (name, source), c in claims.items() if name == trait and c.value is not None]
        best = min((config.source(source).priority for source, _ in rivals), default=0)
        finalists = [(source, c) for source, c in rivals if config.source(source).priority == best]
        if finalists:
            source, claim = max(finalists, key=lambda f: (f[1].ts, f[1].received_at, f[1].id))
            values[trait] = Value(claim.value, source, claim.ts)
    return values


def _identifies(events: Collection[Ev]) -> list[Ev]:
    return [e for e in events if e.kind == "identify"]


def _fragment(events: Collection[Ev]) -> Fragment:
    span = _span(events)
    return Fragment(len(events), span.first_ts, span.last_ts, _claims(_identifies(events)))


def _profiles(nodes: Mapping[H, Node], facts: Collection[Ev], config: Config) -> dict[H, Profile]:
    profiles = {}
    for h in {node.profile for node in nodes.values() if not node.is_nobody}:
        members = {node.ident for node in nodes.values() if node.profile == h}
        events = [e for e in facts if _strongest(e, config) in members]
        profiles[h] = Profile(
            members=frozenset(i.h for i in members),
            n=len(events),
            seen=_span(events) if events else None,
            traits=_values(_claims(_identifies(events)), config),
            companies={key: _span(es) for key, es in _by_company(events, config).items()},
        )
    return profiles


def _consents(nodes: Mapping[H, Node], facts: Collection[Ev], config: Config) -> dict[tuple[H, str], bool]:
    """What the events of each person's fragments allow and deny."""
    said: dict[tuple[H, str], list[Ev]] = {}
    for event in facts:
        node = nodes[_strongest(event, config).h]
        if not node.is_nobody:
            for purpose, _ in event.consents:
                said.setdefault((node.profile, purpose), []).append(event)
    return {(h, purpose): _allows(events, purpose) for (h, purpose), events in said.items()}


def _allows(events: Collection[Ev], purpose: str) -> bool:
    """The latest answer, at one instant the denial; a stamped grant only where nobody made a statement."""
    said = [(e, answer) for e in events for p, answer in e.consents if p == purpose]
    if any(e.is_statement for e, _ in said):
        said = [(e, answer) for e, answer in said if e.is_statement or not answer]
    latest = max(e.ts for e, _ in said)
    return all(answer for e, answer in said if e.ts == latest)


def _by_company(events: Collection[Ev], config: Config) -> dict[CompanyKey, list[Ev]]:
    found: dict[CompanyKey, list[Ev]] = {}
    for event in events:
        if event.company is not None:
            space = config.source(event.source_id).user_space if event.space is None else event.space
            found.setdefault((space, event.company), []).append(event)
    return found


def _companies(facts: Collection[Ev], config: Config) -> dict[CompanyKey, Company]:
    return {
        key: Company(len(events), _span(events), _values(_claims(events), config))
        for key, events in _by_company(facts, config).items()
    }
