"""What `GET /api/profiles/{id}/why` answers: JSON-ready, made of what `why` and `because` find."""

from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.identity.api import ALWAYS, Identifier
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound, Rejected
from onefold.kernel.instants import instant_of
from onefold.profiles.because import MAX_LINKS, Because, Explainer, Link, Obstacle
from onefold.profiles.evidence import Evidence
from onefold.profiles.ids import to_text
from onefold.profiles.naming import Names, with_sources
from onefold.profiles.standing import Standing, standing
from onefold.profiles.why import Said, why_trait

QUERIES = load_queries("onefold.profiles", "person.sql")
MAX_MOVES: Final = 50


class WhyRejected(Rejected):
    """This can't be asked."""

    code = "query_invalid"


def pair_from_text(names: Names, text: str) -> tuple[int, int]:
    """The two identifiers of `ns:value,ns:value`; values may hold commas. Raises WhyRejected."""
    parts = text.split(",")
    for cut in range(1, len(parts)):
        one, other = ",".join(parts[:cut]), ",".join(parts[cut:]).strip()
        if names.split(other):
            return names.identifier(one).h, names.identifier(other).h
    raise WhyRejected(_("Write a pair as two identifiers by a comma: email:ada@example.com,user_id:7."))


def trait_answer(conn: Connection[Any], names: Names, found: Standing, trait: str) -> dict[str, Any]:
    """Why a trait has its value."""
    why = why_trait(conn, names, found, trait)
    said_by = {one.source_id for one in why.said} | {one.source_id for one in why.changes}
    names = with_sources(conn, names, said_by)
    return {
        "profile_id": to_text(found.profile_id),
        "as_of": _instant(found.as_of),
        "about": "trait",
        "sentence": _("Of a trait the value of the source with the smallest priority counts, then the newest."),
        "trait": why.name,
        "value": why.value,
        "values": [_said(names, one) for one in why.said],
        "changes": [_evidence(names, one) | {"value": one.traits[trait]} for one in why.changes],
        "is_complete": why.is_complete,
    }


def identifier_answer(conn: Connection[Any], names: Names, found: Standing, identifier: Identifier) -> dict[str, Any]:
    """Why an identifier is this person's: the links between it and the one that names the profile."""
    return pair_answer(conn, names, found, (found.profile_id, identifier.h)) | {"about": "identifier"}


def pair_answer(conn: Connection[Any], names: Names, found: Standing, pair: tuple[int, int]) -> dict[str, Any]:
    """Why two identifiers are one person, or not."""
    a, b = pair
    around = found.around
    if a not in around.inside or b not in around.inside:
        wider = standing(conn, names, found.h, found.as_of, also=pair)
        assert wider is not None  # noqa: S101 it was found before
        around = wider.around
    if a not in around.inside or b not in around.inside:
        raise NotFound(_("No event had named this identifier."))
    explainer = Explainer(conn, names, around)
    because = explainer.pair(a, b)
    names = with_sources(conn, names, _sources_of(because.links, because.obstacles))
    return {
        "profile_id": to_text(found.profile_id),
        "as_of": _instant(found.as_of),
        "about": "pair",
        "a": explainer.text(a),
        "b": explainer.text(b),
        **_because(names, because),
        "moves": moves_answer(conn, names, found, [a, b]),
    }


def person_answer(conn: Connection[Any], names: Names, found: Standing) -> dict[str, Any]:
    """Why all of these identifiers are one person, and what was kept out."""
    explainer = Explainer(conn, names, found.around)
    links = explainer.links(explainer.tree(found.profile_id)[:MAX_LINKS])
    members = [member.h for member in found.members]
    refused = explainer.links(explainer.apart(members)[:MAX_LINKS])
    names = with_sources(conn, names, _sources_of([*links, *refused]))
    return {
        "profile_id": to_text(found.profile_id),
        "as_of": _instant(found.as_of),
        "about": "person",
        "is_one_person": not found.is_nobody,
        "sentence": _("%(n)d identifiers, joined by what was seen together and by decisions.") % {"n": len(members)},
        "links": [_link(names, link) for link in links],
        "refused": [_link(names, link) for link in refused],
        "moves": moves_answer(conn, names, found, members),
    }


def moves_answer(conn: Connection[Any], names: Names, found: Standing, members: list[int]) -> list[dict[str, Any]]:
    """Which of these identifiers changed their profile, the latest first, and the event that caused it."""
    until = instant_of(ALWAYS if found.as_of is None else found.as_of)
    parameters = {"members": members, "until": until, "limit": MAX_MOVES}
    nodes = found.around.nodes
    return [
        {
            "at": at,
            "identifier": f"{names.namespace(nodes[h].ns)}:{nodes[h].val}" if h in nodes else None,
            "from_profile_id": None if before is None else to_text(before),
            "to_profile_id": None if after is None else to_text(after),
            "cause": None if cause is None else cause.hex,
        }
        for at, h, before, after, cause in conn.execute(QUERIES["moves"], parameters)
    ]


def _sources_of(links: Sequence[Link], obstacles: Sequence[Obstacle] = ()) -> set[int]:
    """Whose events stand in an answer: a source may be younger than the names at hand."""
    events = [link.event for link in links] + [link.obstacle.decision for link in links if link.obstacle]
    events += [one.decision for one in obstacles]
    return {event.source_id for event in events if event}


def _because(names: Names, because: Because) -> dict[str, Any]:
    return {
        "is_one_person": because.is_one,
        "sentence": because.sentence,
        "links": [_link(names, link) for link in because.links],
        "obstacles": [_obstacle(names, one) for one in because.obstacles],
    }


def _link(names: Names, link: Link) -> dict[str, Any]:
    return {
        "a": link.a_text,
        "b": link.b_text,
        "by": "decision" if link.is_rule else "seen_together",
        "first": instant_of(link.first),
        "trust": link.trust.name.lower(),
        "event": link.event and _evidence(names, link.event),
        "obstacle": link.obstacle and _obstacle(names, link.obstacle),
    }


def _obstacle(names: Names, one: Obstacle) -> dict[str, Any]:
    return {
        "reason": one.reason,
        "sentence": one.sentence,
        "decision": one.decision and _evidence(names, one.decision),
    }


def _said(names: Names, one: Said) -> dict[str, Any]:
    return {
        "value": one.claim.value,
        "counts": not one.lost_by,
        "lost_by": one.lost_by or None,
        "sentence": one.because,
        "source": _slug(names, one.source_id),
        "priority": one.priority,
        "fragment": one.fragment,
        "timestamp": instant_of(one.claim.ts),
        "received_at": instant_of(one.claim.received_at),
        "event": one.event and _evidence(names, one.event),
    }


def _evidence(names: Names, one: Evidence) -> dict[str, Any]:
    return {
        "source": _slug(names, one.source_id),
        "message_id": one.message_id,
        "type": one.kind.name.lower(),
        "name": one.name,
        "timestamp": instant_of(one.ts),
        "received_at": instant_of(one.received_at),
        "acting_user": one.acting_user or None,
    }


def _slug(names: Names, source_id: int) -> str:
    source = names.sources.get(source_id)
    return source.slug if source else ""


def _instant(micros: int | None) -> Any:  # noqa: ANN401  (a datetime or None, for msgspec)
    return None if micros is None else instant_of(micros)
