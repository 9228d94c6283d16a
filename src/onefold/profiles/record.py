"""Everything that the page of one person shows: of now from the cached profile, of a past moment from its fold."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from psycopg import Connection

from onefold.identity.api import Flag, Node
from onefold.kernel.instants import instant_of
from onefold.profiles import companies, person, timeline
from onefold.profiles.because import Explainer, Link
from onefold.profiles.companies import Membership
from onefold.profiles.devices import Device, devices_of
from onefold.profiles.fold import Resolved
from onefold.profiles.naming import Names
from onefold.profiles.people import Person
from onefold.profiles.person import LinkRule, Member
from onefold.profiles.standing import Standing
from onefold.profiles.topics import BY_KEY, Chip, chips
from onefold.profiles.visits import Row, Visit, folded

MAX_SHOWN: Final = 12
"""Identifiers and refused links in the narrow column; the identity page has the rest."""
DEVICES_SOUGHT: Final = 500
"""The newest events, in which devices are looked for."""


@dataclass(kw_only=True)
class Record:
    """A person's page. `apart`: the first MAX_SHOWN of `n_apart` links to somebody else's identifiers."""

    profile: Person
    standing: Standing
    members: list[Member]
    traits: dict[str, Resolved]
    companies: list[Membership]
    tally: timeline.Tally
    chips: list[Chip]
    topic: str
    rows: list[Row | Visit]
    older: str
    is_cut: bool  # of the topic's older events
    devices: list[Device]
    n_looked_at: int  # events in which devices were looked for
    apart: list[Link]
    n_apart: int
    rules: list[LinkRule]

    @property
    def as_of(self) -> int | None:
        """µs; None = now."""
        return self.standing.as_of

    @property
    def n_events(self) -> int:
        """All of them, counted as they are folded."""
        return self.standing.n_events

    @property
    def last_ts(self) -> int | None:
        """The last event, exactly; µs."""
        return max((member.last_ts for member in self.members if member.last_ts is not None), default=None)

    @property
    def revenue(self) -> list[tuple[str, Decimal]]:
        """Amounts by currency, the greatest first."""
        found = [(currency, amount) for currency, amount in self.tally.revenue.items() if amount]
        return sorted(found, key=lambda pair: -pair[1])


def load_record(conn: Connection[Any], names: Names, then: Standing, *, topic: str = "") -> Record:
    """The page of a person as they stand, or stood. About ten statements and those of `standing`."""
    seen_in = _companies(conn, then)
    row = person.load_profile(conn, then.profile_id) if then.as_of is None else None
    newest = timeline.timeline_page(conn, then.fragments, until=then.as_of, limit=DEVICES_SOUGHT)
    page = newest.first(timeline.PAGE_SIZE)
    if topic in BY_KEY:
        page = timeline.timeline_page(conn, then.fragments, until=then.as_of, topic=BY_KEY[topic])
    since = timeline.window_of(conn, then.fragments, then.as_of) if then.n_events > timeline.WINDOW else None
    counted = timeline.tally(conn, then.fragments, then.as_of, since)
    members = [node.h for node in then.members]
    explainer = Explainer(conn, names, then.around)
    apart = explainer.apart(members)
    return Record(
        profile=row or _person(then, names, seen_in),
        standing=then,
        members=[_member(names, node) for node in then.members],
        traits=then.traits(names.priorities),
        companies=seen_in,
        tally=counted,
        chips=chips(counted.names, is_capped=counted.is_capped),
        topic=topic if topic in BY_KEY else "",
        rows=folded(page.entries),
        older=timeline.place_to_text(page.next_place) if page.next_place else "",
        is_cut=page.is_cut,
        devices=devices_of(newest.entries),
        n_looked_at=len(newest.entries) if newest.next_place else 0,
        apart=explainer.links(apart[:MAX_SHOWN], with_events=False),
        n_apart=len(apart),
        rules=person.load_rules(conn, names, members, then.as_of),
    )


def _companies(conn: Connection[Any], then: Standing) -> list[Membership]:
    """Those of a past moment have today's names."""
    if then.as_of is None:
        return companies.companies_of(conn, then.fragments)
    known = companies.load_companies(conn, [one.h for one in then.companies])
    return [
        Membership(
            h=one.h, space=one.space, key=one.key, title=known[one.h].title if one.h in known else one.key,
            first_ts=one.first_ts, last_ts=one.last_ts,
        )
        for one in then.companies
    ]  # fmt: skip


def _member(names: Names, node: Node) -> Member:
    return Member(
        h=node.h,
        namespace=names.namespace(node.ns),
        value=node.val,
        rcv=node.rcv,
        flags=Flag(node.fl),
        n=node.n,
        first_ts=node.first_ts,
        last_ts=node.last_ts,
        doc=None,
    )


def _person(then: Standing, names: Names, seen_in: list[Membership]) -> Person:
    golden = then.golden(names.priorities)
    company = seen_in[0] if seen_in else None
    return Person(
        id=golden.id,
        name=golden.name,
        email=golden.email,
        phone=golden.phone,
        is_known=golden.is_known,
        first_seen=instant_of(golden.first_seen),
        last_seen=instant_of(golden.last_seen),
        company=company.title if company else "",
        company_space=company.space if company else None,
        company_key=company.key if company else None,
    )
