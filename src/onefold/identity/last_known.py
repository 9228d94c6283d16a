"""What the last batches knew of identifiers and pairs: a visitor's next event needs no look into the tables."""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from psycopg import Connection

from onefold.identity import store
from onefold.identity.graph import Pair
from onefold.identity.store import EdgeFacts, Node

GENERATION: Final = 12_000
"""Two of them are kept, of about .6 KB an identifier and .4 KB a pair: 24 MB at most."""

K = TypeVar("K")
V = TypeVar("V")


class LastKnown:
    """Rows of `node` and `edge` as they stand, of those that were needed lately.

    Only its owner may write to these tables: whoever else did, or a transaction that failed, calls for a new one.
    """

    def __init__(self, generation: int = GENERATION) -> None:
        self._nodes: _Generations[int, Node] = _Generations(generation)
        self._edges: _Generations[Pair, EdgeFacts] = _Generations(generation)

    def load_nodes(self, conn: Connection[Any], hashes: Collection[int]) -> dict[int, Node]:
        """As `store.load_nodes`. They are the caller's to change, who then writes and keeps them."""
        found = self._nodes.find(hashes)
        return found | store.load_nodes(conn, [h for h in hashes if h not in found])

    def load_edges(self, conn: Connection[Any], pairs: Collection[Pair]) -> dict[Pair, EdgeFacts]:
        """As `store.load_edges`."""
        found = self._edges.find(pairs)
        return found | store.load_edges(conn, [pair for pair in pairs if pair not in found])

    def keep(self, nodes: Mapping[int, Node], edges: Mapping[Pair, EdgeFacts]) -> None:
        """Remember a batch's rows as it wrote or read them."""
        for node in nodes.values():
            if node.is_changed or node.doc is not None:
                node.is_new = node.is_changed = False
                node.doc = None  # documents are large, and seldom needed
        self._nodes.keep(nodes)
        self._edges.keep(edges)

    def forget(self) -> None:
        """Somebody else may have written."""
        self._nodes.clear()
        self._edges.clear()


class _Generations(Generic[K, V]):
    """The last `size` to twice as many entries that were kept; keeping costs no more than `dict.update`."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def find(self, keys: Iterable[K]) -> dict[K, V]:
        young, old = self._young, self._old
        return {key: value for key in keys if (value := young.get(key) or old.get(key)) is not None}

    def keep(self, entries: Mapping[K, V]) -> None:
        """Of more than `size` entries the last; of the others nothing older may be left either."""
        too_many = max(0, len(entries) - self._size)
        for key in islice(entries, too_many):
            self._young.pop(key, None)
            self._old.pop(key, None)
        self._young.update(islice(entries.items(), too_many, None))
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}

    def clear(self) -> None:
        self._young, self._old = {}, {}
