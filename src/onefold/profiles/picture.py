"""A person's identity as a list and as a picture: which identifiers, held by which links, and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from onefold.identity.api import Node
from onefold.profiles.because import Explainer, Link, Step
from onefold.profiles.ids import to_text
from onefold.profiles.standing import Standing

PAGE: Final = 50
"""Lines of the list at once: of each the event behind it is looked up."""
MAX_DRAWN: Final = 120
"""Identifiers in the picture, others' among them."""
_MAX_OTHERS: Final = 40
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Held:
    """An identifier of the person. `link`: what joins it to those nearer to the anchor; None = it is the anchor."""

    node: Node
    text: str
    link: Link | None

    @property
    def holder(self) -> int:
        """Whom a never-link would take it off; of the anchor itself."""
        return self.node.h if self.link is None else self.link.a.h


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    """Some of `n` lines; `end` = where the next ones begin."""

    items: Sequence[Item]
    n: int
    end: int

    @property
    def n_left(self) -> int:
        """How many come after these."""
        return self.n - self.end


def held(explainer: Explainer, then: Standing, query: str = "", start: int = 0) -> Page[Held]:
    """The identifiers whose text holds `query`, the anchor first, then by how near they are to it. Two statements."""
    wanted = query.casefold().strip()
    steps: dict[int, Step | None] = {then.profile_id: None}
    steps |= {step.b: step for step in explainer.tree(then.profile_id)}
    found = [h for h in steps if not wanted or wanted in explainer.text(h).casefold()]
    shown = found[start : start + PAGE]
    links = {link.b.h: link for link in explainer.links([step for step in map(steps.get, shown) if step])}
    items = [Held(node=then.around.nodes[h], text=explainer.text(h), link=links.get(h)) for h in shown]
    return Page(items=items, n=len(found), end=min(start + PAGE, len(found)))


def refused(explainer: Explainer, then: Standing, start: int = 0) -> Page[Link]:
    """What was seen together with somebody else's identifiers and not joined, the first first. Two statements."""
    apart = explainer.apart([member.h for member in then.members])
    items = explainer.links(apart[start : start + PAGE])
    return Page(items=items, n=len(apart), end=min(start + PAGE, len(apart)))


def drawing(explainer: Explainer, then: Standing) -> dict[str, Any]:
    """What the picture is drawn from: `nodes` and `edges`, the anchor first, then those nearest to it."""
    steps = explainer.tree(then.profile_id)
    apart = explainer.apart([member.h for member in then.members])
    n_others = min(_MAX_OTHERS, len({h for step in apart for h in step[:2]}))
    inside = [then.profile_id, *(step.b for step in steps[: MAX_DRAWN - 1 - n_others])]
    kinds = {h: "anchor" if h == then.profile_id else "member" for h in inside}
    for step in apart:
        for end, near in ((step.a, step.b), (step.b, step.a)):
            if kinds.get(near, "other") != "other" and end not in kinds and len(kinds) < MAX_DRAWN:
                kinds[end] = "other"
    nodes = then.around.nodes
    return {
        "nodes": [
            {"id": to_text(h), "namespace": explainer.namespace(h), "value": nodes[h].val, "kind": kind}
            for h, kind in kinds.items()
        ],
        "edges": [
            {"source": to_text(step.a), "target": to_text(step.b), "kind": kind or ("joined" if step.edge else "rule")}
            for kind, one in (("", steps), ("refused", apart))
            for step in one
            if step.a in kinds and step.b in kinds
        ],
        "n_left_out": len(then.members) - len(inside),
    }
