"""What a decision about two identifiers would change, computed without writing or locking anything."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.identity.api import (
    ALWAYS,
    RULES,
    Node,
    Rule,
    RuleKind,
    Surroundings,
    explore,
    load_docs,
    load_rules,
    pair_of,
)
from onefold.kernel.errors import NotFound
from onefold.profiles.fold import Claims, current_values, unpack
from onefold.profiles.golden import is_nobody
from onefold.profiles.links import pair_to_decide
from onefold.profiles.naming import Names
from onefold.profiles.standing import golden_of

MAX_TRAITS: Final = 100
MAX_LISTED: Final = 50
"""Identifiers that are named of each person."""
_LAST: Final = b"\xff" * 16


@dataclass(frozen=True, kw_only=True)
class PreviewPerson:
    """Somebody before or after. Nobody's own (shared) identifiers stand alone."""

    id: int
    title: str
    is_nobody: bool
    identifiers: list[str]  # the first MAX_LISTED
    n_identifiers: int
    n_events: int
    values: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TraitChange:
    """A trait that not everybody keeps: its values before and after, person by person (None = has none)."""

    name: str
    before: list[Any]
    after: list[Any]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The people that would change, before and after; empty lists = the decision would change nobody."""

    rule: str
    a: str
    b: str
    a_hash: int
    b_hash: int
    before: list[PreviewPerson]
    after: list[PreviewPerson]
    traits: list[TraitChange]
    n_traits: int
    token: str
    """The same as long as the same identifiers would come together and apart."""

    @property
    def is_change(self) -> bool:
        """Whether anybody changes."""
        return bool(self.before or self.after)

    @property
    def sentence(self) -> str:
        """What happens, in a sentence."""
        before, after = (sum(not one.is_nobody for one in people) for people in (self.before, self.after))
        if not self.is_change:
            return _("Nobody changes now. The decision still counts for what is to come.")
        if before == 1 and after > 1:
            return _("One person becomes %(n)d.") % {"n": after}
        if before > 1 and after == 1:
            return _("%(n)d people become one.") % {"n": before}
        return _("%(before)d people become %(after)d.") % {"before": before, "after": after}


def preview(conn: Connection[Any], names: Names, *, rule: str, a: str, b: str) -> Preview:
    """What `links.decide` with the same arguments would change now.

    Raises RuleRejected, IdentifierRejected, NotFound, TooManyIdentifiers. Cost: the raw components of both, and their
    documents.
    """
    one, other = pair_to_decide(names, rule=rule, a=a, b=b)
    low, high = pair_of(one.h, other.h)
    decision = Rule(low, high, RULES[rule], ALWAYS, _LAST)
    before, after = _both(conn, names, decision)
    for identifier in (one, other):
        if identifier.h not in before.nodes:
            raise NotFound(
                _("No event has named %(text)s yet, so there is nothing to preview.")
                % {"text": f"{names.namespace(identifier.ns)}:{identifier.value}"}
            )
    old, new = _clusters(before), _clusters(after)
    was = [cluster for cluster in old if cluster not in new]
    becomes = [cluster for cluster in new if cluster not in old]
    docs = load_docs(conn, [h for members, _is_nobody in (*was, *becomes) for h in members])
    claims = {h: unpack(doc) for h, doc in docs.items()}
    people_before = [_person(names, before, members, claims) for members, _is_nobody in was]
    people_after = [_person(names, after, members, claims) for members, _is_nobody in becomes]
    changes = _trait_changes(people_before, people_after)
    return Preview(
        rule=rule,
        a=f"{names.namespace(one.ns)}:{one.value}",
        b=f"{names.namespace(other.ns)}:{other.value}",
        a_hash=one.h,
        b_hash=other.h,
        before=people_before,
        after=people_after,
        traits=changes[:MAX_TRAITS],
        n_traits=len(changes),
        token=_token([members for members, _is_nobody in was], [members for members, _is_nobody in becomes]),
    )


def _token(*sides: list[frozenset[int]]) -> str:
    said = repr([sorted(sorted(members) for members in side) for side in sides])
    return blake2b(said.encode(), digest_size=8).hexdigest()


def rule_before(conn: Connection[Any], a: int, b: int) -> str:
    """What is decided about a pair now: never, always or withdrawn (nothing)."""
    kind = load_rules(conn, [a]).get(pair_of(a, b), RuleKind.WITHDRAWN)
    return next(word for word, one in RULES.items() if one is kind)


def _both(conn: Connection[Any], names: Names, decision: Rule) -> tuple[Surroundings, Surroundings]:
    """Before and after, each over all that either of them reaches."""
    seeds = {decision.a, decision.b}
    after = explore(conn, names.config, seeds, decision=decision)
    before = explore(conn, names.config, seeds | after.inside)
    if not before.inside <= after.inside:
        after = explore(conn, names.config, before.inside, decision=decision)
    before.settle()
    after.settle()
    return before, after


def _clusters(around: Surroundings) -> list[tuple[frozenset[int], bool]]:
    """The clusters of all inside and whether each is nobody's, by the receipt of their anchors."""
    groups: dict[int, set[int]] = {}
    for h in around.inside:
        groups.setdefault(around.nodes[h].prof, set()).add(h)
    ordered = sorted(groups.items(), key=lambda group: (around.nodes[group[0]].rcv, group[0]))
    return [(frozenset(members), is_nobody(around.members(h), around.config)) for h, members in ordered]


def _person(names: Names, around: Surroundings, members: frozenset[int], claims: dict[int, Claims]) -> PreviewPerson:
    nodes: list[Node] = around.members(next(iter(members)))
    golden = golden_of(nodes, claims, [], names.priorities, around)
    values = current_values([claims[node.h] for node in nodes if node.h in claims], names.priorities)
    return PreviewPerson(
        id=nodes[0].prof,
        title=golden.name or golden.email or golden.phone or _("Anonymous"),
        is_nobody=is_nobody(nodes, around.config),
        identifiers=[f"{names.namespace(node.ns)}:{node.val}" for node in nodes[:MAX_LISTED]],
        n_identifiers=len(nodes),
        n_events=sum(node.n for node in nodes),
        values=values,
    )


def _trait_changes(before: list[PreviewPerson], after: list[PreviewPerson]) -> list[TraitChange]:
    people = [*before, *after]
    changes = []
    for name in sorted({name for one in people for name in one.values}):
        values = [one.values.get(name) for one in people]
        if any(value != values[0] for value in values):
            changes.append(TraitChange(name=name, before=values[: len(before)], after=values[len(before) :]))
    return changes
