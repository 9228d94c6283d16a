"""Connected components of a graph in bulk. Pure."""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def components(n: int, a: Indices, b: Indices) -> Indices:
    """For each of the vertices 0 to n - 1 the least vertex of its component; `a[i]` and `b[i]` are joined.

    Hooking and pointer jumping (Shiloach and Vishkin, 1982). Cost: a few passes over the edges, log(n) at most.
    """
    parent = np.arange(n)
    while True:
        one, other = parent[a], parent[b]
        apart = one != other
        if not apart.any():
            return parent
        a, b, one, other = a[apart], b[apart], one[apart], other[apart]
        np.minimum.at(parent, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(parent, above := parent[parent]):
            parent = above
