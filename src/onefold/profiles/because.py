"""Why identifiers are one person, or why they are not: the links between them and what refused to be one."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.events.api import Sighting, Trust
from onefold.identity.api import Flag, Node, Pair, Refusal, RuleKind, StoredEdge, Surroundings, pair_of
from onefold.profiles.evidence import Evidence, events_of_ids, first_events
from onefold.profiles.naming import Names
from onefold.profiles.person import why_mute

MAX_LINKS: Final = 200
_MAX_VALUES: Final = 5


class Step(NamedTuple):
    """From one identifier to another: along an edge, or (None) by an always-link decision."""

    a: int
    b: int
    edge: StoredEdge | None


Neighbours = dict[int, list[tuple[int, StoredEdge | None]]]
"""Identifier → whom it leads to, and by which edge."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """Two identifiers that are linked: seen together (`event` named both first), or by a decision. Times in µs."""

    a: Node
    b: Node
    a_text: str
    b_text: str
    is_rule: bool  # always linked by a decision, else seen together
    first: int
    trust: Trust
    event: Evidence | None
    obstacle: "Obstacle | None" = None  # None = it joins


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """What keeps two apart. `reason`: never, limit, size, shared, busy, isolated, unlinked, unknown, other."""

    reason: str
    sentence: str
    decision: Evidence | None = None


@dataclass(frozen=True, kw_only=True)
class Because:
    """`links`: the chain between the two (of the whole person: what holds each identifier). Bounded."""

    is_one: bool
    sentence: str
    links: list[Link]
    obstacles: list[Obstacle]


class Explainer:
    """Explains one neighbourhood, which is settled."""

    def __init__(self, conn: Connection[Any], names: Names, around: Surroundings) -> None:
        self.conn = conn
        self.names = names
        self.around = around
        self._joined: Neighbours = {}
        self._conducting: Neighbours = {}
        for edge in around.edges.values():
            if around.joins(edge):
                self._add(self._joined, edge.a, edge.b, edge)
            if not around.nodes[edge.a].is_mute and not around.nodes[edge.b].is_mute:
                self._add(self._conducting, edge.a, edge.b, edge)
        for (a, b), kind in around.rules.items():
            if kind is RuleKind.ALWAYS and a in around.inside and b in around.inside:
                self._add(self._conducting, a, b, None)
                if around.nodes[a].prof == around.nodes[b].prof:
                    self._add(self._joined, a, b, None)

    def text(self, h: int) -> str:
        """`namespace:value` of an identifier."""
        return f"{self.namespace(h)}:{self.around.nodes[h].val}"

    def namespace(self, h: int) -> str:
        """The name of an identifier's namespace."""
        return self.names.namespace(self.around.nodes[h].ns)

    def pair(self, a: int, b: int) -> Because:
        """Why these two are one person or why not. Both must be known. Two statements."""
        around = self.around
        if around.nodes[a].prof == around.nodes[b].prof:
            links = self.links(self._path(self._joined, a, b))
            return Because(is_one=True, sentence=self._joined_sentence(a, b, links), links=links, obstacles=[])
        obstacles = self._obstacles(a, b)
        way = self._path(self._conducting, a, b) if not obstacles else []
        links = self.links(way)
        obstacles += [link.obstacle for link in links if link.obstacle]
        if (a, b) in around.edges or (b, a) in around.edges:
            edge = around.edges.get((a, b)) or around.edges[b, a]
            links = self.links([Step(edge.a, edge.b, edge)]) if not way else links
        if not obstacles:
            obstacles = [Obstacle(reason="unlinked", sentence=_("No event names both, and nothing else links them."))]
        return Because(is_one=False, sentence=obstacles[0].sentence, links=links, obstacles=_distinct(obstacles))

    def tree(self, anchor: int) -> list[Step]:
        """For each member but the anchor the step that leads to it, the nearest first, of these the strongest."""
        nodes, by_code = self.around.nodes, self.around.config.by_code
        found: list[Step] = []
        seen, queue = {anchor}, deque([anchor])
        while queue:
            here = queue.popleft()
            steps = [Step(here, there, edge) for there, edge in self._joined.get(here, ()) if there not in seen]
            for step in sorted(steps, key=lambda one: (by_code[nodes[one.b].ns].rank, nodes[one.b].rcv, one.b)):
                if step.b not in seen:
                    seen.add(step.b)
                    queue.append(step.b)
                    found.append(step)
        return found

    def apart(self, members: Iterable[int]) -> list[Step]:
        """Pairs of a member and somebody else's identifier that were seen together and don't join, the first first."""
        inside = set(members)
        found = [edge for edge in self.around.edges.values() if (edge.a in inside) != (edge.b in inside)]
        found.sort(key=lambda edge: (edge.rcv, edge.a, edge.b))
        return [Step(edge.a, edge.b, edge) for edge in found]

    def links(self, steps: list[Step], *, with_events: bool = True) -> list[Link]:
        """With their first events and with why they don't join, if they don't. Two statements, none without events."""
        edges = [edge for _a, _b, edge in steps if edge is not None] if with_events else []
        asked = [(edge.b, Sighting(edge.a, edge.rcv, edge.first, self.around.nodes[edge.b].val)) for edge in edges]
        events = first_events(self.conn, self.names, asked) if asked else {}
        decisions = self._decisions([pair_of(a, b) for a, b, edge in steps if edge is None])
        found = []
        for a, b, edge in steps:
            decided = self.around.decisions.get(pair_of(a, b))
            found.append(
                Link(
                    a=self.around.nodes[a],
                    b=self.around.nodes[b],
                    a_text=self.text(a),
                    b_text=self.text(b),
                    is_rule=edge is None,
                    first=edge.first if edge else decided.ts if decided else 0,
                    trust=Trust(edge.trust) if edge else Trust.SECRET,
                    event=events.get((edge.a, edge.b)) if edge else decisions.get(pair_of(a, b)),
                    obstacle=self.obstacle(edge) if edge and not self.around.joins(edge) else None,
                )
            )
        return found

    def obstacle(self, edge: StoredEdge) -> Obstacle | None:
        """Why an edge doesn't join its ends; None if it does, or if a decision does it instead."""
        around, a, b = self.around, edge.a, edge.b
        if a in around.inside and b in around.inside and around.nodes[a].prof == around.nodes[b].prof:
            return None
        refusal = around.refused.get((a, b))
        match refusal:
            case Refusal.NEVER:
                return self._never(a, b)
            case Refusal.LIMIT:
                return self._limit(a, b)
            case Refusal.SIZE:
                cap = around.config.size_cap
                return Obstacle(
                    reason="size",
                    sentence=_("Joined, they would have more than %(cap)d identifiers, and nobody has.") % {"cap": cap},
                )
        mute = self._mute((a, b))
        return (
            mute[0]
            if mute
            else Obstacle(
                reason="other",
                sentence=_("Another link between the same people was refused, so this one joins nothing."),
            )
        )

    def _obstacles(self, a: int, b: int) -> list[Obstacle]:
        """What speaks against the pair itself, before any chain between them is looked at."""
        found = self._mute((a, b))
        if self.around.rules.get(pair_of(a, b)) is RuleKind.NEVER:
            found.append(self._never(a, b))
        edge = self.around.edges.get((a, b)) or self.around.edges.get((b, a))
        direct = self.obstacle(edge) if edge else None
        return _distinct([*found, *([direct] if direct else [])])

    def _mute(self, ends: Iterable[int]) -> list[Obstacle]:
        reasons = {Flag.ISOLATED: "isolated", Flag.SHARED: "shared", Flag.BUSY: "busy"}
        found = []
        for h in ends:
            flags = Flag(self.around.nodes[h].fl)
            reason = next((word for flag, word in reasons.items() if flag in flags), "")
            if reason:
                rule = self._decisions([(h, h)]).get((h, h)) if reason == "isolated" else None
                found.append(Obstacle(reason=reason, sentence=why_mute(self.text(h), flags), decision=rule))
        return found

    def _never(self, a: int, b: int) -> Obstacle:
        """Of the never rules one that stands between the two people."""
        nodes = self.around.nodes
        sides = {nodes[a].prof, nodes[b].prof}
        for (one, other), kind in self.around.rules.items():
            if kind is not RuleKind.NEVER or one == other or one not in nodes or other not in nodes:
                continue
            if {nodes[one].prof, nodes[other].prof} == sides and len(sides) == 2:
                sentence = _("A decision keeps %(a)s and %(b)s apart: never link.") % {
                    "a": self.text(one),
                    "b": self.text(other),
                }
                decision = self._decisions([(one, other)]).get((one, other))
                return Obstacle(reason="never", sentence=sentence, decision=decision)
        return Obstacle(reason="never", sentence=_("A never-link decision keeps them apart."))

    def _limit(self, a: int, b: int) -> Obstacle:
        held: dict[int, tuple[list[str], list[str]]] = {}
        sides = (self.around.nodes[a].prof, self.around.nodes[b].prof)
        for h in self.around.inside:
            node = self.around.nodes[h]
            if node.prof in sides:
                held.setdefault(node.ns, ([], []))[sides.index(node.prof)].append(node.val)
        for ns, (one, other) in sorted(held.items()):
            limit = self.around.config.by_code[ns].limit
            if limit is not None and one and other and len(one) + len(other) > limit:
                values = [*sorted(one)[:_MAX_VALUES], *sorted(other)[:_MAX_VALUES]]
                sentence = _(
                    "Joined, they would have %(n)d of %(namespace)s (%(values)s), and a person has %(limit)d at most."
                )
                return Obstacle(
                    reason="limit",
                    sentence=sentence
                    % {
                        "n": len(one) + len(other),
                        "namespace": self.names.namespace(ns),
                        "values": ", ".join(values),
                        "limit": limit,
                    },
                )
        return Obstacle(
            reason="limit", sentence=_("Joined, they would have more values of one kind than one person may.")
        )

    def _decisions(self, pairs: list[Pair]) -> dict[Pair, Evidence]:
        rules = {pair: rule for pair in pairs if (rule := self.around.decisions.get(pair)) and rule.event}
        events = events_of_ids(self.conn, [rule.event for rule in rules.values()])
        return {pair: events[rule.event] for pair, rule in rules.items() if rule.event in events}

    def _joined_sentence(self, a: int, b: int, links: list[Link]) -> str:
        if a == b:
            return _("This identifier names the profile: of all of them it was received first.")
        if len(links) == 1:
            if links[0].is_rule:
                return _("A decision links them always.")
            return _("They were seen together.")
        return _("A chain of %(n)d links joins them.") % {"n": len(links)}

    def _add(self, graph: Neighbours, a: int, b: int, edge: StoredEdge | None) -> None:
        graph.setdefault(a, []).append((b, edge))
        graph.setdefault(b, []).append((a, edge))

    def _path(self, graph: Neighbours, a: int, b: int) -> list[Step]:
        """A shortest way from `a` to `b`; empty when there is none."""
        came: dict[int, tuple[int, StoredEdge | None] | None] = {a: None}
        queue = deque([a])
        while queue and b not in came:
            here = queue.popleft()
            for there, edge in graph.get(here, ()):
                if there not in came:
                    came[there] = (here, edge)
                    queue.append(there)
        way: list[Step] = []
        here = b
        while (step := came.get(here)) is not None:
            way.append(Step(step[0], here, step[1]))
            here = step[0]
        return way[::-1][:MAX_LINKS]


def _distinct(obstacles: list[Obstacle]) -> list[Obstacle]:
    return list({one.sentence: one for one in obstacles}.values())
