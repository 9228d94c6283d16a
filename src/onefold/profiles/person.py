"""One person: golden record, identifiers, what was seen together, link rules."""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from onefold.events.api import Trust
from onefold.identity.api import Flag, Refusal, RuleKind
from onefold.infra.postgres import load_queries
from onefold.profiles.fold import Resolved, resolve, unpack
from onefold.profiles.naming import Names
from onefold.profiles.people import Person, person_of

QUERIES = load_queries("onefold.profiles", "person.sql")
MAX_LISTED: Final = 200


@dataclass(frozen=True, kw_only=True)
class Found:
    """What an identifier's hash leads to today."""

    h: int
    namespace: str
    value: str
    flags: Flag
    profile_id: int
    has_profile: bool  # False and mute = shared: nobody's


@dataclass(frozen=True, kw_only=True)
class Member:
    """An identifier of a person. Times in µs; `doc` = its fragment's claims."""

    h: int
    namespace: str
    value: str
    rcv: int
    flags: Flag
    n: int
    first_ts: int | None
    last_ts: int | None
    doc: bytes | None

    @property
    def text(self) -> str:
        """`namespace:value`."""
        return f"{self.namespace}:{self.value}"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Two identifiers that were seen together. `first` in µs; `refusal` in words, empty = joined."""

    a: str
    b: str
    a_hash: int
    b_hash: int
    first: int
    trust: Trust
    is_inside: bool  # both are this person's
    refusal: str


@dataclass(frozen=True, kw_only=True)
class LinkRule:
    """A decision about a pair; `a == b` isolates. `ts` in µs."""

    kind: RuleKind
    a: str
    b: str
    ts: int


def find(conn: Connection[Any], names: Names, h: int) -> Found | None:
    """Where identifier, fragment or profile id `h` leads today; None if no event ever named it."""
    row = conn.execute(QUERIES["resolve"], {"h": h}).fetchone()
    if row is None:
        return None
    return Found(
        h=row[0],
        namespace=names.namespace(row[1]),
        value=row[2],
        flags=Flag(row[3]),
        profile_id=row[4],
        has_profile=row[5],
    )


def load_profile(conn: Connection[Any], profile_id: int) -> Person | None:
    """The row of a present profile."""
    row = conn.execute(QUERIES["profile"], {"id": profile_id}).fetchone()
    return person_of(row) if row else None


def load_members(conn: Connection[Any], names: Names, profile_id: int) -> list[Member]:
    """A profile's identifiers by receipt, the anchor first. Cost: its raw component."""
    return [
        Member(
            h=row[0],
            namespace=names.namespace(row[1]),
            value=row[2],
            rcv=row[3],
            flags=Flag(row[4]),
            n=row[5],
            first_ts=row[6],
            last_ts=row[7],
            doc=row[8],
        )
        for row in conn.execute(QUERIES["members"], {"id": profile_id})
    ]


def traits_of(members: list[Member], names: Names) -> dict[str, Resolved]:
    """Each trait's value with where it comes from and what lost; names sorted."""
    record = resolve([unpack(member.doc) for member in members if member.doc], names.priorities)
    return dict(sorted(record.items()))


def load_seen(conn: Connection[Any], names: Names, members: list[Member]) -> list[Seen]:
    """Up to MAX_LISTED pairs of which one is a member, those that don't join first."""
    parameters = {"members": [member.h for member in members], "limit": MAX_LISTED}
    found = []
    for row in conn.execute(QUERIES["edges"], parameters):
        a, b, first, trust, ref, a_ns, a_val, a_fl, a_prof, b_ns, b_val, b_fl, b_prof = row
        a_text, b_text = f"{names.namespace(a_ns)}:{a_val}", f"{names.namespace(b_ns)}:{b_val}"
        refusal = why_not_joined(Refusal(ref), (a_text, Flag(a_fl)), (b_text, Flag(b_fl)))
        found.append(
            Seen(
                a=a_text,
                b=b_text,
                a_hash=a,
                b_hash=b,
                first=first,
                trust=Trust(trust),
                is_inside=a_prof == b_prof,
                refusal=refusal if a_prof != b_prof else "",
            )
        )
    return found


def load_rules(conn: Connection[Any], names: Names, members: list[Member]) -> list[LinkRule]:
    """Decisions in force that name one of `members`."""
    parameters = {"members": [member.h for member in members], "limit": MAX_LISTED}
    rules = [
        LinkRule(kind=RuleKind(kind), ts=ts, a=f"{names.namespace(a_ns)}:{a}", b=f"{names.namespace(b_ns)}:{b}")
        for kind, ts, a_ns, a, b_ns, b in conn.execute(QUERIES["rules"], parameters)
    ]
    return [rule for rule in rules if rule.kind is not RuleKind.WITHDRAWN]


def why_not_joined(refusal: Refusal, a: tuple[str, Flag], b: tuple[str, Flag]) -> str:
    """A sentence for a person: why these two, seen together, are not one."""
    match refusal:
        case Refusal.NEVER:
            return "A never-link rule keeps them apart."
        case Refusal.LIMIT:
            return "Joined, they would have more values of one kind than a person may have."
        case Refusal.SIZE:
            return "Joined, they would have more identifiers than a person may have."
    for text, flags in (a, b):
        if reason := why_mute(flags):
            return f"{text} {reason}."
    return "Another link of the same people was refused, or this one waits to be processed."


def why_mute(flags: Flag) -> str:
    """Predicate of a sentence about an identifier that joins nobody; empty when it does join."""
    if Flag.ISOLATED in flags:
        return "is isolated by a rule: it is linked with nothing"
    if Flag.SHARED in flags:
        return "is shared: it was seen with more people than one person's may be"
    if Flag.BUSY in flags:
        return "is too busy: it was seen with more identifiers than one person has"
    return ""
