"""Everything that the page of one person shows: of now from the cached profile, of a past moment from its fold."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from psycopg import Connection

from onefold.identity.api import Flag, Node
from onefold.kernel.instants import instant_of
from onefold.profiles import companies, person, timeline
from onefold.profiles.companies import Membership
from onefold.profiles.devices import Device, devices_of
from onefold.profiles.fold import Resolved
from onefold.profiles.naming import Names
from onefold.profiles.people import Person
from onefold.profiles.person import LinkRule, Member, Seen
from onefold.profiles.standing import Standing
from onefold.profiles.topics import BY_KEY, Chip, chips
from onefold.profiles.visits import Row, Visit, folded

MAX_TRAITS: Final = 150
"""Shown at once; the others are found by searching."""
MAX_SHOWN: Final = 12
"""Identifiers and refused links in the narrow column; the identity page has the rest."""
_FIRST_TRAITS: Final = ("name", "firstName", "lastName", "email", "phone")


@dataclass(frozen=True, kw_only=True)
class TraitLine:
    """A trait in the list."""

    name: str
    value: Any
    source_id: int
    n_others: int


@dataclass(kw_only=True)
class Record:
    """A person's page. `apart`: seen together with somebody else's identifiers, not joined."""

    profile: Person
    h: int
    as_of: int | None
    members: list[Member]
    traits: dict[str, Resolved]
    companies: list[Membership]
    tally: timeline.Tally
    chips: list[Chip]
    topic: str
    rows: list[Row | Visit]
    older: str
    devices: list[Device]
    apart: list[Seen] = field(default_factory=list)
    rules: list[LinkRule] = field(default_factory=list)

    @property
    def n_events(self) -> int:
        """All of them, counted as they are folded."""
        return sum(member.n for member in self.members)

    @property
    def last_ts(self) -> int | None:
        """The last event, exactly; µs."""
        return max((member.last_ts for member in self.members if member.last_ts is not None), default=None)

    @property
    def revenue(self) -> list[tuple[str, Decimal]]:
        """Amounts by currency, the greatest first."""
        found = [(currency, amount) for currency, amount in self.tally.revenue.items() if amount]
        return sorted(found, key=lambda pair: -pair[1])


def load_record(
    conn: Connection[Any], names: Names, found: person.Found, *, topic: str = "", past: Standing | None = None
) -> Record:
    """The page of whom `found` leads to; of `past`, if it is given. About eight statements."""
    if past is not None:
        members = [_member(names, node) for node in past.members]
        known = {one.h: one for one in companies.load_companies(conn, [one.h for one in past.companies])}
        seen_in = [
            Membership(
                h=one.h, space=one.space, key=one.key, title=known[one.h].title if one.h in known else one.key,
                first_ts=one.first_ts, last_ts=one.last_ts,
            )
            for one in past.companies
        ]  # fmt: skip
        traits, profile, until = past.traits(names.priorities), _person(past, names, seen_in), past.as_of
    else:
        members = person.load_members(conn, names, found.profile_id)
        seen_in = companies.companies_of(conn, [member.h for member in members if member.n])
        row = person.load_profile(conn, found.profile_id)
        traits, until = person.traits_of(members, names), None
        assert row is not None  # noqa: S101 found.has_profile
        profile = row
    fragments = [member.h for member in members if member.n]
    page = timeline.timeline_page(conn, fragments, until=until, topic=BY_KEY.get(topic))
    counted = timeline.tally(conn, fragments, until)
    return Record(
        profile=profile,
        h=found.h,
        as_of=until,
        members=members,
        traits=traits,
        companies=seen_in,
        tally=counted,
        chips=chips(counted.names),
        topic=topic if topic in BY_KEY else "",
        rows=folded(page.entries),
        older=timeline.place_to_text(page.next_place) if page.next_place else "",
        devices=devices_of(page.entries),
        apart=[] if past else [pair for pair in person.load_seen(conn, names, members) if not pair.is_inside],
        rules=[] if past else person.load_rules(conn, names, members),
    )


def trait_lines(traits: dict[str, Resolved], query: str = "") -> tuple[list[TraitLine], int]:
    """Up to MAX_TRAITS of those whose name or value holds the query, and how many there are of them."""
    wanted = query.casefold().strip()
    lines = [
        TraitLine(name=name, value=one.value, source_id=one.source_id, n_others=len(one.others))
        for name, one in traits.items()
        if not wanted or wanted in name.casefold() or wanted in str(one.value)[:2_000].casefold()
    ]
    order = {name: place for place, name in enumerate(_FIRST_TRAITS)}
    lines.sort(key=lambda line: (order.get(line.name, len(order)), line.name.casefold()))
    return lines[:MAX_TRAITS], len(lines)


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


def _person(past: Standing, names: Names, seen_in: list[Membership]) -> Person:
    golden = past.golden(names.priorities)
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
