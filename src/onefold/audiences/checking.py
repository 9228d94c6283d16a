"""Whether a rule can be what an audience goes by: with what else there is, and all that is saved."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from onefold.audiences.errors import RuleRejected
from onefold.audiences.live import load_scope, read_rule
from onefold.audiences.references import counted_in, leading_to, named_in
from onefold.audiences.rules import Scope, check_purpose, rule_of
from onefold.audiences.states import CHANGES as QUERIES
from onefold.filters.api import Node


def checked(
    conn: Connection[Any],
    rule: str | bytes | Mapping[str, Any],
    purpose: str,
    own_id: int | None,
    is_of_companies: bool,
) -> Node:
    """Raises RuleRejected."""
    scope = load_scope(conn)
    check_purpose(purpose, scope, is_of_companies=is_of_companies)
    tree = rule_of(rule, scope, own_id, is_of_companies=is_of_companies)
    demand_begun(conn, tree)
    if own_id is not None:
        _demand_no_ring(conn, tree, own_id)
    return tree


def _demand_no_ring(conn: Connection[Any], tree: Node, own_id: int) -> None:
    """By rules that are saved and not in force yet it mustn't lead to itself either. Raises RuleRejected."""
    named = set(named_in(tree))
    if ring := sorted(named & leading_to(own_id, naming(conn))):
        listed = ", ".join(map(str, ring))
        raise RuleRejected(
            f"where: the audiences refer to each other in a ring: by the latest rules, {listed} lead here already."
        )


def naming(conn: Connection[Any]) -> dict[int, set[int]]:
    """Audience → those that its latest rule names, or the one in force; drafts too."""
    found: dict[int, set[int]] = {}
    for number, text, _ in conn.execute(QUERIES["every_rule"]):
        found.setdefault(number, set()).update(named_in(read_rule(text)))
    return found


def demand_started(conn: Connection[Any], rule: Node) -> None:
    """Raises RuleRejected if it asks for a draft: that may be changed at any time, without anybody being looked at."""
    if drafts := conn.execute(QUERIES["drafts_of"], {"ids": sorted(set(named_in(rule)))}).fetchall():
        listed = ", ".join(str(row[0]) for row in drafts)
        raise RuleRejected(f"The rule asks who is in audiences that are drafts: {listed}. Start them first.")


def demand_begun(conn: Connection[Any], tree: Node) -> None:
    """Raises RuleRejected if it counts who is in an audience that is a draft: nobody is."""
    counted = counted_in(tree, Scope())
    drafts = conn.execute(QUERIES["drafts_of"], {"ids": sorted(counted)}).fetchall() if counted else []
    if drafts:
        listed = ", ".join(str(row[0]) for row in drafts)
        raise RuleRejected(f"people_in counts who is in, and these audiences are drafts: {listed}. Start them first.")
