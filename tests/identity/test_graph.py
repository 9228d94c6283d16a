"""Constrained clustering: what joins, what is refused, and in which order."""

import msgspec

from onefold.identity.api import DEFAULT_CONFIG, Edge, IdentityConfig, Refusal, RuleKind, Solution, solve
from onefold.identity.graph import Vertex

USER, EMAIL, DEVICE = 2, 3, 5  # codes of namespaces
PUBLIC, SECRET = 0, 2


def vertices(
    *said: tuple[int, int], mute: tuple[int, ...] = (), config: IdentityConfig = DEFAULT_CONFIG
) -> dict[int, Vertex]:
    """(h, namespace) pairs; receipt = h, so the smallest h is the anchor."""
    return {h: Vertex(h, ns, config.by_code[ns].rank, h, h in mute) for h, ns in said}


def solved(
    people: dict[int, Vertex],
    edges: list[Edge],
    rules: dict[tuple[int, int], RuleKind] | None = None,
    config: IdentityConfig = DEFAULT_CONFIG,
) -> Solution:
    return solve(people, edges, rules or {}, config)


def test_what_was_seen_together_is_one_person() -> None:
    solution = solved(vertices((1, USER), (2, DEVICE), (3, EMAIL)), [Edge(1, 2, 10, PUBLIC), Edge(1, 3, 20, PUBLIC)])
    assert solution.prof == {1: 1, 2: 1, 3: 1}
    assert solution.refused == {}
    assert solution.complex_labels == set()


def test_two_users_on_one_mail_stay_two_and_the_earlier_link_wins() -> None:
    people = vertices((1, USER), (2, USER), (3, EMAIL))
    solution = solved(people, [Edge(1, 3, 20, PUBLIC), Edge(2, 3, 10, PUBLIC)])
    assert solution.prof == {1: 1, 2: 2, 3: 2}
    assert solution.refused == {(1, 3): Refusal.LIMIT}
    assert solution.comp == {1: 1, 2: 1, 3: 1}
    assert solution.complex_labels == {1}


def test_trust_beats_time() -> None:
    people = vertices((1, USER), (2, USER), (3, EMAIL))
    solution = solved(people, [Edge(1, 3, 20, SECRET), Edge(2, 3, 10, PUBLIC)])
    assert solution.refused == {(2, 3): Refusal.LIMIT}


def test_a_never_rule_keeps_two_apart_also_over_a_third() -> None:
    people = vertices((1, USER), (2, DEVICE), (3, EMAIL))
    edges = [Edge(1, 3, 10, PUBLIC), Edge(3, 2, 20, PUBLIC)]
    solution = solved(people, edges, {(1, 2): RuleKind.NEVER})
    assert solution.prof == {1: 1, 3: 1, 2: 2}
    assert solution.refused == {(3, 2): Refusal.NEVER}


def test_an_always_rule_may_exceed_a_limit() -> None:
    solution = solved(vertices((1, USER), (2, USER)), [], {(1, 2): RuleKind.ALWAYS})
    assert solution.prof == {1: 1, 2: 1}


def test_an_always_rule_joins_what_does_not_conduct_and_nothing_else_does() -> None:
    people = vertices((1, USER), (2, USER), (3, DEVICE), mute=(3,))
    edges = [Edge(1, 3, 10, PUBLIC), Edge(2, 3, 20, PUBLIC)]
    assert solved(people, edges).prof == {1: 1, 2: 2, 3: 3}
    assert solved(people, edges, {(2, 3): RuleKind.ALWAYS}).prof == {1: 1, 2: 2, 3: 2}


def test_a_refused_always_link_says_so_on_its_edge() -> None:
    people = vertices((1, USER), (2, DEVICE), (3, EMAIL))
    rules = {(1, 2): RuleKind.NEVER, (1, 3): RuleKind.ALWAYS, (2, 3): RuleKind.ALWAYS}
    solution = solved(people, [Edge(3, 2, 10, PUBLIC)], rules)
    assert solution.prof == {1: 1, 3: 1, 2: 2}
    assert solution.refused == {(3, 2): Refusal.NEVER}


def test_nobody_has_more_identifiers_than_the_cap() -> None:
    config = msgspec.structs.replace(DEFAULT_CONFIG, size_cap=2)
    people = vertices((1, USER), (2, DEVICE), (3, DEVICE))
    solution = solved(people, [Edge(1, 2, 10, PUBLIC), Edge(1, 3, 20, PUBLIC)], config=config)
    assert solution.refused == {(1, 3): Refusal.SIZE}


def test_the_order_of_edges_means_nothing() -> None:
    people = vertices((1, USER), (2, USER), (3, EMAIL), (4, DEVICE))
    edges = [Edge(1, 3, 20, PUBLIC), Edge(2, 3, 10, PUBLIC), Edge(3, 4, 5, PUBLIC), Edge(2, 4, 7, SECRET)]
    assert solved(people, edges) == solved(people, edges[::-1])
