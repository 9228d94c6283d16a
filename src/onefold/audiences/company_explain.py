"""Why a company is in an audience or not, line by line, and what alone would change that: as `explain.py` of people."""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from onefold.audiences.asked import Person, key_of_part
from onefold.audiences.changes import contrary_of
from onefold.audiences.evaluate import Evaluator
from onefold.audiences.explain import ANYBODY, Change, Explanation, in_time, line_of_company
from onefold.audiences.found import Asking, Reader
from onefold.audiences.live import load_scope
from onefold.audiences.metrics import Stored
from onefold.audiences.references import counted_in, leaves_in
from onefold.audiences.rules import Scope
from onefold.audiences.states import COMPANIES
from onefold.audiences.words import words_of
from onefold.filters.api import AllOf, AnyOf, Behaviour, Condition, Group, Node
from onefold.infra.arrays import bigints, integers
from onefold.kernel.errors import NotFound


def load_company(conn: Connection[Any], h: int, rule: Node, scope: Scope) -> Person:
    """A company as rules of companies are asked, with its people counted now. Raises NotFound."""
    row = conn.execute(COMPANIES["load"], {"ids": bigints([h])}).fetchone()
    if row is None:
        raise NotFound("There is no such company.")
    _, name, key, first, last, traits = row
    counted = sorted(counted_in(rule, scope))
    parameters = {"ids": bigints([h]), "audiences": integers(counted)}
    counts = {audience: n for _, audience, n in conn.execute(COMPANIES["count"], parameters)} if counted else {}
    columns = {"name": name or None, "key": key or None, "first_seen": first, "last_seen": last}
    return Person(id=h, company_columns=columns, company_json=traits, company_counts=counts)


def explain_company(conn: Connection[Any], rule: Node, h: int, now_us: int, reader: Reader = ANYBODY) -> Explanation:
    """Of a company by its hash, right now. Raises NotFound. Cost: three small queries, and its people counted."""
    scope = load_scope(conn)
    asking = Asking(load_company(conn, h, rule, scope), Evaluator({}, scope, Stored(()), {}), now_us, reader)
    root = line_of_company(rule, "where", asking)
    until = in_time(root, lambda at_us: asking.evaluator.ask_company(rule, asking.person, at_us))
    return Explanation(root=root, changes=(*_flips(rule, asking), *until))


def _flips(rule: Node, asking: Asking) -> Iterator[Change]:
    """Each condition that alone would change the outcome; equal ones change together."""
    ask = asking.evaluator.ask_company
    is_in, _ = ask(rule, asking.person, asking.now_us)
    tried: set[str] = set()
    for at, leaf in leaves_in(rule, "where"):
        key = key_of_part(leaf)
        if key in tried:
            continue
        tried.add(key)
        is_held, _ = ask(leaf, asking.person, asking.now_us)
        if ask(_forced(rule, key, not is_held), asking.person, asking.now_us)[0] is not is_in:
            yield Change(at=at, words=_words(leaf, is_held, asking))


def _forced(node: Node, key: str, is_held: bool) -> Node:
    """The rule as if a condition of it were met, or weren't."""
    if isinstance(node, Group):
        return type(node)(tuple(_forced(one, key, is_held) for one in node.of))
    if key_of_part(node) != key:
        return node
    return AllOf(()) if is_held else AnyOf(())


def _words(leaf: Condition | Behaviour, is_held: bool, asking: Asking) -> str:
    wanted = contrary_of(leaf) if is_held else leaf
    names = asking.reader.names
    return f"no longer: {words_of(leaf, names)}" if wanted is None else words_of(wanted, names)
