"""What must hold of the slow reference for every history, and that the generated histories hold enough conflicts."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from onefold.kernel.hashing import event_id

from .acceptance import accepted
from .oracle import expected
from .strategies import INTERNAL, History, deliveries, histories
from .world import DAY, Config, Ev, EventKind, H, Ident, World, diff

few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
COMMON = 0.3  # share of the histories in which each of these is found
CONFLICTS = (
    *("refusal", "refusal limit", "shared", "rule", "split", "late edge", "always", "never", "isolated"),
    *("nobody", "duplicate", "retraction", "company", "person of four"),
)
RARER = {"busy": 0.15, "refusal never": 0.15, "refusal size": 0.15, "refusal of an always rule": 0.03}


def partition(world: World) -> set[frozenset[Ident]]:
    """Who is one person with whom, whatever the ids; nobody's too."""
    clusters: dict[H, set[Ident]] = {}
    for node in world.nodes.values():
        clusters.setdefault(node.profile, set()).add(node.ident)
    return {frozenset(members) for members in clusters.values()}


def later(history: History, kind: EventKind, number: int) -> Ev:
    """An event of Onefold itself, received after all others, still without content."""
    now = history.events[-1].received_at + number
    message = f"later{number}"
    return Ev(event_id(INTERNAL, message), INTERNAL, message, kind, now, now, 2)


@few
@given(st.data(), histories(max_events=60))
def test_order_of_deliveries_means_nothing(data: st.DataObject, history: History) -> None:
    shuffled = [event for batch in data.draw(deliveries(history.events)) for event in batch]
    assert diff(expected(history.events, history.config), expected(shuffled, history.config)) == []


@few
@given(st.data(), histories(max_events=60))
def test_deliveries_lose_and_invent_nothing(data: st.DataObject, history: History) -> None:
    batches = data.draw(deliveries(history.events, is_log_order=True))
    assert all(batches)
    processed = [event for batch in batches for event in batch]
    assert Counter(map(repr, processed)) == Counter(map(repr, history.events))
    for event_key in {e.id for e in processed}:
        receipts = [e.received_at for e in processed if e.id == event_key]
        assert receipts == sorted(receipts)


@few
@given(st.data(), histories(max_events=60))
def test_copies_within_a_day_change_nothing(data: st.DataObject, history: History) -> None:
    kept = accepted(history.events)
    assume(kept)
    # A copy of a retracted event, or one that outlives its retraction, would be an event of its own.
    last = kept[-1].received_at
    unretracted = [e for e in kept if last < e.received_at + DAY and e.kind != "retract"]
    copies = [replace(e, received_at=last) for e in unretracted if data.draw(st.booleans())]
    assert diff(expected(kept, history.config), expected(kept + copies, history.config)) == []


@few
@given(st.data(), histories(max_events=60))
def test_retraction_equals_a_world_in_which_the_events_never_came(data: st.DataObject, history: History) -> None:
    target = data.draw(st.sampled_from([e for e in history.events if e.kind != "retract"] or history.events))
    assume(target.kind != "retract")
    named = {e.message_id for e in history.events if e.source_id == target.source_id and e.kind == target.kind}
    messages = {target.message_id} | data.draw(st.sets(st.sampled_from(sorted(named)), max_size=5))
    retraction = replace(
        later(history, "retract", 1), retracted_source=target.source_id, retracted_messages=tuple(messages)
    )
    without = [e for e in history.events if e.source_id != target.source_id or e.message_id not in messages]
    after = expected([*history.events, retraction], history.config)
    after = replace(after, accepted=after.accepted - {(retraction.id, retraction.received_at)})
    assert diff(expected(without, history.config), after) == []


@few
@given(st.data(), histories())
def test_never_equals_a_world_without_that_edge(data: st.DataObject, history: History) -> None:
    """With the rule in both worlds: others could join the pair. Where flags differ, leaving the edge out did more."""
    before = expected(history.events, history.config)
    assume(before.edges)
    ends = data.draw(st.sampled_from(sorted(before.edges)))
    a, b = (before.nodes[h].ident for h in ends)
    rule = replace(later(history, "link", 1), rule="never", a=a, b=b)
    cut = [_without_edge(e, a, b, history.config) for e in history.events]
    with_edge = expected([*history.events, rule], history.config)
    without = expected([*cut, rule], history.config)
    assert ends not in without.edges
    assert with_edge.edges[ends].refusal in ("never", "shared")
    assume(_flags(with_edge) == _flags(without))
    assert partition(with_edge) == partition(without)


def _without_edge(event: Ev, a: Ident, b: Ident, config: Config) -> Ev:
    if not event.identifiers:
        return event
    strongest = min(event.identifiers, key=lambda i: (config.namespaces[i.namespace].rank, i.h))
    return replace(event, identifiers=tuple(i for i in event.identifiers if strongest != a or i != b))


def _flags(world: World) -> dict[Ident, tuple[bool, bool, bool]]:
    return {n.ident: (n.is_shared, n.is_busy, n.is_isolated) for n in world.nodes.values()}


@few
@given(st.data(), histories())
def test_withdrawing_equals_never_having_ruled(data: st.DataObject, history: History) -> None:
    before = expected(history.events, history.config)
    ruled = {frozenset([e.a, e.b]) for e in history.events if e.kind == "link"}
    free = [pair for pair in before.edges if frozenset(before.nodes[h].ident for h in pair) not in ruled]
    assume(free)
    a, b = (before.nodes[h].ident for h in data.draw(st.sampled_from(sorted(free))))
    rule = replace(later(history, "link", 1), rule=data.draw(st.sampled_from(("never", "always"))), a=a, b=b)
    withdrawn = replace(later(history, "link", 2), rule="withdrawn", a=b, b=a)
    after = expected([*history.events, rule, withdrawn], history.config)
    assert diff(before, replace(after, accepted=before.accepted)) == []


@few
@given(histories())
def test_every_world_keeps_its_promises(history: History) -> None:
    world = expected(history.events, history.config)
    facts = [e for e in accepted(history.events) if e.identifiers]
    assert sum(f.n for f in world.fragments.values()) == len(facts)
    owned = [h for p in world.profiles.values() for h in p.members]
    assert len(owned) == len(set(owned))
    assert set(owned) == {h for h, n in world.nodes.items() if not n.is_nobody}
    for h, profile in world.profiles.items():
        ranks = {m: history.config.namespaces[world.nodes[m].ident.namespace].rank for m in profile.members}
        assert h == min(profile.members, key=lambda m: (world.nodes[m].rcv, ranks[m], m))
        assert len({world.nodes[m].component for m in profile.members}) == 1
    for (a, b), edge in world.edges.items():
        assert (edge.refusal is None) <= (world.nodes[a].profile == world.nodes[b].profile)
    if not any(e.rule == "always" for e in history.events):
        _check_limits(world, history.config)


def _check_limits(world: World, config: Config) -> None:
    for profile in world.profiles.values():
        assert len(profile.members) <= config.size_cap
        held = Counter(world.nodes[m].ident.namespace for m in profile.members)
        for name, namespace in config.namespaces.items():
            assert namespace.limit is None or held[name] <= namespace.limit


def test_conflicts_are_common_in_generated_histories() -> None:
    """Of 150 histories, always the same ones. A split: two that were one person are not after a later event."""
    found: Counter[str] = Counter()

    @settings(derandomize=True, max_examples=150, database=None, phases=[Phase.generate], deadline=None)
    @given(histories())
    def count(history: History) -> None:
        found.update(["history", *_conflicts(history)])

    count()
    shares = {name: n / found["history"] for name, n in found.items()}
    assert {name: shares.get(name, 0.0) for name in CONFLICTS if shares.get(name, 0.0) < COMMON} == {}
    assert {name: shares.get(name, 0.0) for name, least in RARER.items() if shares.get(name, 0.0) < least} == {}


def _conflicts(history: History) -> set[str]:
    world = expected(history.events, history.config)
    kept = accepted(history.events)
    unretracted = accepted([e for e in history.events if e.kind != "retract"])
    nodes, reasons = world.nodes.values(), {e.refusal for e in world.edges.values()}
    claims = {
        "shared": any(n.is_shared for n in nodes),
        "busy": any(n.is_busy for n in nodes),
        "isolated": any(n.is_isolated for n in nodes),
        "nobody": any(n.is_nobody for n in nodes),
        "rule": any(e.kind == "link" for e in kept),
        "always": any(e.rule == "always" for e in kept),
        "never": any(e.rule == "never" and e.a != e.b for e in kept),
        "company": bool(world.companies),
        "person of four": any(len(p.members) >= 4 for p in world.profiles.values()),
        "duplicate": len({(e.id, e.received_at) for e in history.events}) < len(history.events)
        or len(unretracted) < sum(e.kind != "retract" for e in history.events),
        "retraction": set(map(_delivery, unretracted)) > {_delivery(e) for e in kept if e.kind != "retract"},
        "refusal": bool(reasons & {"never", "limit", "size"}),
        "refusal of an always rule": _has_refused_always(world, kept),
    }
    claims |= {f"refusal {reason}": reason in reasons for reason in ("never", "limit", "size")}
    return {name for name, holds in claims.items() if holds} | _upsets(history)


def _delivery(event: Ev) -> tuple[bytes, int]:
    return event.id, event.received_at


def _has_refused_always(world: World, kept: list[Ev]) -> bool:
    latest = {frozenset([e.a, e.b]): e for e in sorted(kept, key=lambda e: (e.ts, e.id)) if e.kind == "link"}
    profile = {n.ident: n.profile for n in world.nodes.values()}
    return any(e.rule == "always" and e.a and e.b and profile[e.a] != profile[e.b] for e in latest.values())


def _upsets(history: History) -> set[str]:
    """Watched at six moments: were two parted, and was an edge refused that had held before?"""
    n = len(history.events)
    moments = [expected(history.events[: n * i // 6], history.config) for i in range(1, 7)]
    return {name for before, after in pairwise(moments) for name in _upsets_between(before, after)}


def _upsets_between(before: World, after: World) -> set[str]:
    found = set()
    profiles = [{after.nodes[h].profile for h in p.members if h in after.nodes} for p in before.profiles.values()]
    if any(len(now) > 1 for now in profiles):
        found.add("split")
    held = {pair for pair, edge in before.edges.items() if edge.refusal is None and pair in after.edges}
    if any(after.edges[pair].refusal in ("limit", "size") for pair in held):
        found.add("late edge")
    return found
