"""What rules refer to: other audiences, of people and of companies. No ring, no long chain, not too much. Pure."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from onefold.audiences.errors import RuleRejected
from onefold.filters.api import AtCompany, Behaviour, Bounds, Condition, Group, InAudience, Node, PeopleIn, leaves_of

if TYPE_CHECKING:
    from onefold.audiences.rules import Scope

MAX_REFERENCES: Final = 1_000
"""Conditions with those of the audiences that a rule refers to."""
MAX_CHAIN: Final = 5
"""Audiences that refer to audiences, one after another: whoever reads such rules does it by recursion."""
ANY_DEPTH: Final = Bounds(depth=1_000, conditions=0, values=0, bytes=0)


def check_references(tree: Node, scope: "Scope", own_id: int | None) -> None:
    """Raises RuleRejected for a ring, a long chain, or too much altogether; of people and companies alike."""
    count = 0
    above = _chain_above(own_id, scope) if any(named_in(tree)) else 0

    def follow(node: Node, path: tuple[int, ...], place: str = "") -> None:
        """`place`: where in our own rule it began."""
        nonlocal count
        for here, leaf in leaves_of(node, ANY_DEPTH):
            at = place or here
            count += 1
            if count > MAX_REFERENCES:
                raise RuleRejected(f"With the audiences it refers to, the rule has over {MAX_REFERENCES} conditions.")
            if not isinstance(leaf, InAudience | PeopleIn):
                continue
            if leaf.audience in path:
                ring = " → ".join(str(one) for one in (*path[path.index(leaf.audience) :], leaf.audience))
                raise RuleRejected(f"{at}.audience: the audiences refer to each other in a ring: {ring}.")
            if above + len(path) >= MAX_CHAIN:
                raise RuleRejected(
                    f"{at}.audience: over {MAX_CHAIN} audiences would refer to each other, one to the next. Put the"
                    f" conditions of audience {leaf.audience} in its place."
                )
            if leaf.audience not in scope.rules:
                raise RuleRejected(f"{at}.audience: audience {leaf.audience} is in the trash. Bring it back first.")
            follow(scope.rules[leaf.audience], (*path, leaf.audience), at)

    follow(tree, (own_id or 0,))
    _check_above(tree, scope, own_id)


def _check_above(tree: Node, scope: "Scope", own_id: int | None) -> None:
    """Not too much altogether either for those that ask who, or which company, is in this one."""
    if own_id is None or own_id not in scope.rules:
        return
    rules = {**scope.rules, own_id: tree}
    for number, rule in scope.rules.items():
        leads_here = number != own_id and any(named == own_id for named in _all_named(rule, rules))
        if leads_here and any(True for _ in islice(_all_leaves(rule, rules), MAX_REFERENCES, None)):
            said = f"Audience {number} asks who is in this one: with all that it refers to, its rule"
            raise RuleRejected(f"{said} would have over {MAX_REFERENCES} conditions.")


def _all_leaves(tree: Node, rules: Mapping[int, Node]) -> Iterator[Any]:
    for _, leaf in leaves_of(tree, ANY_DEPTH):
        yield leaf
        if isinstance(leaf, InAudience | PeopleIn) and leaf.audience in rules:
            yield from _all_leaves(rules[leaf.audience], rules)


def _all_named(tree: Node, rules: Mapping[int, Node]) -> Iterator[int]:
    return (leaf.audience for leaf in _all_leaves(tree, rules) if isinstance(leaf, InAudience | PeopleIn))


def named_in(tree: Node) -> Iterator[int]:
    """The audiences that it refers to by itself, of people and of companies; some twice."""
    for leaf in parts_of(tree):
        if isinstance(leaf, InAudience | PeopleIn):
            yield leaf.audience
        elif isinstance(leaf, AtCompany):
            yield from named_in(leaf.where)


def leading_to(own_id: int, named_by: Mapping[int, Collection[int]]) -> set[int]:
    """The audiences whose rules lead to this one, also by others. `named_by`: audience → those that it names."""
    found: set[int] = set()
    reached = {own_id}
    while reached := {one for one, named in named_by.items() if not reached.isdisjoint(named)} - found:
        found |= reached
    return found


def counted_in(tree: Node, scope: "Scope") -> set[int]:
    """The audiences of people of which it asks how many of a company's people are in, those of the audiences that it
    refers to as well, as far as the scope has them."""
    return {leaf.audience for leaf in counts_in(tree, scope)}


def counts_in(tree: Node, scope: "Scope") -> Iterator[PeopleIn]:
    """The same as conditions; some twice. Of the audiences counted themselves nothing: they are asked who is in."""
    for leaf in parts_of(tree):
        match leaf:
            case PeopleIn():
                yield leaf
            case AtCompany():
                yield from counts_in(leaf.where, scope)
            case InAudience():
                if leaf.audience in scope.rules:
                    yield from counts_in(scope.rules[leaf.audience], scope)


def parts_of(tree: Node) -> Iterator[Condition | Behaviour]:
    """As `leaves_in`, without their places."""
    return (leaf for _, leaf in leaves_in(tree, ""))


def leaves_in(node: Node, at: str) -> Iterator[tuple[str, Condition | Behaviour]]:
    """Leaves about whom the rule asks, people or companies, with their places: not those within about events or a
    person's company."""
    if isinstance(node, Group):
        for i, one in enumerate(node.of):
            yield from leaves_in(one, f"{at}.of[{i}]")
    else:
        yield at, node


def company_fields(where: Node, scope: "Scope") -> Iterator[str]:
    """The fields of a company that are asked, also by the audiences of companies that it refers to."""
    for leaf in parts_of(where):
        if isinstance(leaf, Condition):
            yield leaf.field
        elif isinstance(leaf, InAudience):
            yield from company_fields(scope.company_rule_of(leaf.audience), scope)


def _chain_above(own_id: int | None, scope: "Scope") -> int:
    """How many audiences lead to this one, one after another: the longest way."""
    named_by = {number: frozenset(named_in(rule)) for number, rule in scope.rules.items()} if own_id else {}
    length, reached = 0, {own_id}
    while length <= MAX_CHAIN and (reached := {number for number, named in named_by.items() if named & reached}):
        length += 1
    return length
