"""Why a trait has its value: which claims there are, which counts, what the others lost by."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.kernel.errors import NotFound
from onefold.profiles.companies import claims_of_company
from onefold.profiles.evidence import Evidence, changes_of, events_of_ids
from onefold.profiles.fold import Claim
from onefold.profiles.naming import Names
from onefold.profiles.standing import Standing

MAX_CLAIMS = 100


@dataclass(frozen=True, kw_only=True)
class Said:
    """A claim: what one source last said of the trait (of a person: under one identifier). `lost_by` "" = it counts."""

    claim: Claim
    source_id: int
    priority: int
    fragment: str  # `namespace:value`; "" of a company
    lost_by: str  # priority, older, withdrawn; "" = it counts
    because: str  # a sentence
    event: Evidence | None


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a trait's value comes from. `said`: what counts first, then by strength."""

    name: str
    value: Any  # None = every claim was withdrawn
    said: list[Said]

    @property
    def counts(self) -> Said | None:
        """The claim that counts."""
        return self.said[0] if self.said and not self.said[0].lost_by else None


@dataclass(frozen=True, kw_only=True)
class TraitWhy(Provenance):
    """Of a person's. `changes`: events that said something of it, newest first."""

    changes: list[Evidence]
    is_complete: bool  # nothing older changed it


def why_trait(conn: Connection[Any], names: Names, standing: Standing, name: str) -> TraitWhy:
    """Every claim about a trait and why one counts. Raises NotFound. Cost: the identify events of the person."""
    found = [
        (f"{names.namespace(member.ns)}:{member.val}", source_id, claim)
        for member in standing.members
        for source_id, claim in standing.claims.get(member.h, {}).get(name, {}).items()
    ]
    value, said = _judged(conn, names, found)
    changes, is_complete = changes_of(conn, standing.fragments, name, standing.as_of)
    return TraitWhy(name=name, value=value, said=said, changes=changes, is_complete=is_complete)


def why_company_trait(conn: Connection[Any], names: Names, space: str, key: str, name: str) -> Provenance:
    """What each source last said of a company's trait, which of it counts, and who edited it (`Said.event`).

    Raises NotFound. Cost: a row of `company`, and an event a source.
    """
    claims = claims_of_company(conn, space, key)
    if claims is None:
        raise NotFound(_("There is no company with this key."))
    value, said = _judged(conn, names, [("", source_id, claim) for source_id, claim in claims.get(name, {}).items()])
    return Provenance(name=name, value=value, said=said)


def _judged(conn: Connection[Any], names: Names, found: list[tuple[str, int, Claim]]) -> tuple[Any, list[Said]]:
    """The value that comes of claims (fragment, source id, claim), and what became of each. Raises NotFound."""
    if not found:
        raise NotFound(_("Nobody has said anything of this trait."))
    priorities = names.priorities
    found.sort(key=lambda one: one[2].recency, reverse=True)
    found.sort(key=lambda one: (one[2].value is None, priorities.get(one[1], 100)))
    # of several claims of one source the latest stands for it: if that is withdrawn, so are the older ones
    latest: dict[int, Claim] = {}
    for _fragment, source_id, claim in found:
        known = latest.get(source_id)
        if known is None or known.recency < claim.recency:
            latest[source_id] = claim
    standing_claims = [one for one in found if latest[one[1]] is one[2] and one[2].value is not None]
    winner = standing_claims[0] if standing_claims else None
    events = events_of_ids(conn, [claim.event_id for _f, _s, claim in found[:MAX_CLAIMS]])
    said = []
    for fragment, source_id, claim in found[:MAX_CLAIMS]:
        lost_by, because = _outcome((source_id, claim), winner, latest, names)
        said.append(
            Said(
                claim=claim,
                source_id=source_id,
                priority=priorities.get(source_id, 100),
                fragment=fragment,
                lost_by=lost_by,
                because=because,
                event=events.get(claim.event_id),
            )
        )
    said.sort(key=lambda one: bool(one.lost_by))
    return (winner[2].value if winner else None), said


def _outcome(
    one: tuple[int, Claim], winner: tuple[Any, int, Claim] | None, latest: dict[int, Claim], names: Names
) -> tuple[str, str]:
    source_id, claim = one
    if winner is not None and claim is winner[2]:
        return "", _("Counts: the smallest source priority, then the newest.")
    if claim.value is None:
        return "withdrawn", _("Withdrawn: the source took back what it had said.")
    if latest[source_id] is not claim:
        return "older", _("Lost: the same source said something later.")
    assert winner is not None  # noqa: S101 this claim itself would count
    own, best = names.priorities.get(source_id, 100), names.priorities.get(winner[1], 100)
    if own != best:
        return "priority", _("Lost: priority %(own)d, the value that counts has %(best)d.") % {"own": own, "best": best}
    return "older", _("Lost: older than the value that counts.")
