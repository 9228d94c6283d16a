"""What the last batches knew: found without the tables, for a while, and without documents."""

from typing import Any

from psycopg import Connection

from onefold.identity.api import DEFAULT_CONFIG, EdgeFacts, LastKnown, Node, write_nodes
from onefold.identity.store import write_edges

FACTS = EdgeFacts(1, 0, 1)
CODE = next(iter(DEFAULT_CONFIG.by_code))


def node(h: int) -> Node:
    return Node(h, CODE, f"value-{h}", 1, h, h, n=1, doc=b"document", has_doc=True, is_new=True, is_changed=True)


def test_what_was_kept_is_found_without_the_tables(db: Connection[Any]) -> None:
    last_known = LastKnown()
    last_known.keep({1: node(1)}, {(1, 2): FACTS})
    found = last_known.load_nodes(db, [1, 2])
    assert list(found) == [1]
    assert (found[1].doc, found[1].has_doc, found[1].is_new, found[1].is_changed) == (None, True, False, False)
    assert last_known.load_edges(db, [(1, 2), (1, 3)]) == {(1, 2): FACTS}


def test_what_was_not_kept_comes_from_the_tables(db: Connection[Any]) -> None:
    write_nodes(db, [node(1), node(2)])
    write_edges(db, {(1, 2): FACTS})
    last_known = LastKnown()
    assert sorted(last_known.load_nodes(db, [1, 2, 3])) == [1, 2]
    assert last_known.load_edges(db, [(1, 2), (1, 3)]) == {(1, 2): FACTS}


def test_only_the_latest_are_kept(db: Connection[Any]) -> None:
    last_known = LastKnown(generation=10)
    for h in range(100):
        last_known.keep({h: node(h)}, {(h, h + 1): FACTS})
    kept = last_known.load_nodes(db, range(100))
    assert 10 <= len(kept) <= 20
    assert max(kept) == 99
    assert min(kept) == 100 - len(kept)
    assert len(last_known.load_edges(db, [(h, h + 1) for h in range(100)])) == len(kept)


def test_what_is_needed_again_stays(db: Connection[Any]) -> None:
    last_known = LastKnown(generation=10)
    for h in range(1, 100):
        last_known.keep({0: node(0), h: node(h)}, {})
    assert 0 in last_known.load_nodes(db, [0])


def test_nothing_older_is_left_of_what_a_large_batch_changed(db: Connection[Any]) -> None:
    changed = EdgeFacts(1, 0, 0)
    write_edges(db, {(1, 2): changed})
    last_known = LastKnown(generation=5)
    last_known.keep({}, {(1, 2): FACTS})
    last_known.keep({}, {(1, 2): changed} | {(h, h + 1): FACTS for h in range(10, 20)})
    assert last_known.load_edges(db, [(1, 2)]) == {(1, 2): changed}


def test_forgotten_is_forgotten(db: Connection[Any]) -> None:
    last_known = LastKnown()
    last_known.keep({1: node(1)}, {(1, 2): FACTS})
    last_known.forget()
    assert last_known.load_nodes(db, [1]) == {}
    assert last_known.load_edges(db, [(1, 2)]) == {}


def test_of_a_batch_larger_than_a_generation_the_last_are_kept(db: Connection[Any]) -> None:
    last_known = LastKnown(generation=10)
    last_known.keep({h: node(h) for h in range(50)}, {})
    assert sorted(last_known.load_nodes(db, range(50))) == list(range(40, 50))
