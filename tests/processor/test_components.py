"""Connected components in bulk, against one edge after another."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from onefold.programs.processor.components import components


def one_by_one(n: int, edges: list[tuple[int, int]]) -> list[int]:
    """For each vertex the least of its component."""
    least = list(range(n))
    for a, b in edges:
        kept, lost = sorted((least[a], least[b]))
        least = [kept if one == lost else one for one in least]
    return least


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_components_are_those_of_a_plain_union(graph: tuple[int, list[tuple[int, int]]]) -> None:
    n, edges = graph
    ends = np.array(edges, np.int64).reshape(-1, 2)
    assert components(n, ends[:, 0], ends[:, 1]).tolist() == one_by_one(n, edges)


def test_a_long_chain_in_the_worst_order_is_one_component() -> None:
    n = 100_000
    chain = np.random.default_rng(1).permutation(n)
    assert not components(n, chain[1:], chain[:-1]).any()
    assert not components(n, np.arange(n - 1, 0, -1), np.arange(n - 2, -1, -1)).any()
