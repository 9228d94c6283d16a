"""A person with everything that makes them one: as they stand now, or as they stood at a past moment.

The past is the fold of what had been received by then and was never taken back, under today's configuration.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.events.api import Kind, Stored, events_until, said_until, tallies_until
from onefold.identity.api import ALWAYS, EdgeFacts, Extractor, Node, Pair, Surroundings, explore, load_docs
from onefold.kernel.errors import Rejected
from onefold.kernel.hashing import company_hash
from onefold.kernel.instants import micros_of
from onefold.profiles.fold import Claims, Resolved, resolve, unpack
from onefold.profiles.fragment import Fragment
from onefold.profiles.golden import Golden, golden_record, is_nobody
from onefold.profiles.ids import company_named
from onefold.profiles.naming import Names

MAX_FOLDED: Final = 20_000
"""Events of a past that are read and folded one by one while somebody waits; of more, those that say traits."""


class TooManyEvents(Rejected):
    """The past of this person can't be computed while somebody waits."""

    code = "too_many_events"


class AsOfRejected(Rejected):
    """This is no past moment."""

    code = "as_of_invalid"


@dataclass(frozen=True, kw_only=True)
class SeenIn:
    """That a person was seen in a company; times in µs."""

    h: int
    space: str
    key: str
    first_ts: int
    last_ts: int


@dataclass(kw_only=True)
class Standing:
    """`members` by receipt, the anchor first, with tallies of the moment. `companies` only of a past moment."""

    as_of: int | None  # µs; None = now
    h: int  # whom was asked for
    around: Surroundings
    members: list[Node]
    claims: dict[int, Claims]  # by member
    companies: list[SeenIn] = field(default_factory=list)

    @property
    def profile_id(self) -> int:
        """Hash of the anchor."""
        return self.around.nodes[self.h].prof

    @property
    def is_nobody(self) -> bool:
        """Shared by several people, so no person."""
        return is_nobody(self.members, self.around.config)

    @property
    def n_events(self) -> int:
        """Events of the members' fragments."""
        return sum(member.n for member in self.members)

    @property
    def fragments(self) -> list[int]:
        """Members that head events."""
        return [member.h for member in self.members if member.n]

    def traits(self, priorities: Mapping[int, int]) -> dict[str, Resolved]:
        """Each trait's value with what it won against; names sorted."""
        return dict(sorted(resolve(self.claims.values(), priorities).items()))

    def golden(self, priorities: Mapping[int, int]) -> Golden:
        """The golden record."""
        return golden_of(self.members, self.claims, self.companies, priorities, self.around)


def golden_of(
    members: list[Node],
    claims: Mapping[int, Claims],
    companies: list[SeenIn],
    priorities: Mapping[int, int],
    around: Surroundings,
) -> Golden:
    """The golden record of these members."""
    return golden_record(
        members[0].prof,
        members,
        [claims[member.h] for member in members if member.h in claims],
        [(one.last_ts, one.h) for one in companies],
        priorities,
        around.config,
    )


def standing(
    conn: Connection[Any], names: Names, h: int, as_of: int | None = None, also: Collection[int] = ()
) -> Standing | None:
    """The person whom an identifier's hash names, now or as of a moment (µs); None if it wasn't known.

    The surroundings of `also` are explored with it. Raises TooManyIdentifiers, TooManyEvents.
    Cost: the raw component; of the past also its events: each, or beyond MAX_FOLDED those that say traits.
    """
    around = explore(conn, names.config, [h, *also], until=ALWAYS if as_of is None else as_of)
    if h not in around.inside:
        return None
    if as_of is None:
        around.settle()
        members = around.members(h)
        docs = load_docs(conn, [member.h for member in members])
        claims = {found: unpack(doc) for found, doc in docs.items()}
        return Standing(as_of=None, h=h, around=around, members=members, claims=claims)
    return _past(conn, names, h, around, as_of)


def _past(conn: Connection[Any], names: Names, h: int, around: Surroundings, as_of: int) -> Standing:
    tallies = tallies_until(conn, around.inside, as_of)
    spaces = {source.id: source.user_space for source in names.sources.values()}
    is_whole = sum(n for n, _first, _last in tallies.values()) <= MAX_FOLDED
    read = events_until if is_whole else said_until
    stored = read(conn, around.inside, as_of, MAX_FOLDED + 1)
    fragments = _folded(names, stored, spaces)
    around.settle(_edges_of(fragments) if is_whole else None)
    # of what is seen of edges today trust and age may differ from then. They decide who wins a conflict; where there
    # is none, every order of the edges comes to the same clusters
    if len(stored) > MAX_FOLDED or (around.refused and not is_whole):
        raise TooManyEvents(
            _("More than %(n)d events had been received by then, and who was who can't be told without reading each.")
            % {"n": MAX_FOLDED}
        )
    for member in around.inside:
        node = around.nodes[member]
        node.n, node.first_ts, node.last_ts = tallies.get(member, (0, None, None))
    members = around.members(h)
    claims = {member.h: fragments[member.h].claims for member in members if member.h in fragments}
    companies = _companies(stored, {member.h for member in members}, spaces)
    return Standing(as_of=as_of, h=h, around=around, members=members, claims=claims, companies=companies)


def _folded(names: Names, stored: list[Stored], spaces: Mapping[int, str]) -> dict[int, Fragment]:
    extractor = Extractor(names.config, dict(spaces))
    fragments: dict[int, Fragment] = {}
    for one in stored:
        if one.event.kind not in (Kind.LINK, Kind.RETRACT):
            identifiers, _refused = extractor.identifiers(one.event)
            weaker = [found.h for found in identifiers if found.h != one.fragment]
            fragments.setdefault(one.fragment, Fragment()).add(one.event, weaker)
    return fragments


def _edges_of(fragments: Mapping[int, Fragment]) -> dict[Pair, EdgeFacts]:
    return {(a, b): known for a, fragment in fragments.items() for b, known in fragment.edges.items()}


def _companies(stored: list[Stored], members: set[int], spaces: Mapping[int, str]) -> list[SeenIn]:
    spans: dict[tuple[str, str], tuple[int, int]] = {}
    for one in stored:
        if one.event.kind is Kind.GROUP and one.fragment in members:
            key = company_named(one.event, spaces)
            first, last = spans.get(key, (one.event.ts, one.event.ts))
            spans[key] = (min(first, one.event.ts), max(last, one.event.ts))
    seen = [
        SeenIn(h=company_hash(space, key), space=space, key=key, first_ts=first, last_ts=last)
        for (space, key), (first, last) in spans.items()
    ]
    return sorted(seen, key=lambda one: (-one.last_ts, one.h))


def moment_of(text: str, zone: tzinfo = UTC) -> int | None:
    """µs of the past moment that somebody wrote in ISO 8601 (of `zone`, if it says none); None when empty.

    Raises AsOfRejected.
    """
    if not text.strip():
        return None
    try:
        instant = datetime.fromisoformat(text.strip())
        instant = instant if instant.tzinfo else instant.replace(tzinfo=zone)
        as_of = micros_of(instant)
    except (ValueError, OverflowError) as fault:
        raise AsOfRejected(_("Write as_of as an instant in ISO 8601, for example 2026-01-31T12:00:00Z.")) from fault
    if as_of > time.time_ns() // 1000:
        raise AsOfRejected(_("as_of lies in the future. Choose a past moment, or leave it out for now."))
    return as_of
