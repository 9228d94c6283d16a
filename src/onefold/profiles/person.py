"""One person: golden record, identifiers, link rules."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.identity.api import ALWAYS, Flag, RuleKind
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
class LinkRule:
    """A decision about a pair; `a == b` isolates. `ts` in µs."""

    kind: RuleKind
    a: str
    b: str
    a_hash: int
    b_hash: int
    ts: int

    @property
    def word(self) -> str:
        """As people write it: never, always; isolated of one with itself."""
        return "isolated" if self.a_hash == self.b_hash else self.kind.name.lower()


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


def load_people(conn: Connection[Any], identifiers: Collection[int]) -> dict[int, Person]:
    """Whose each of these identifiers is today; nobody's are left out. Two look-ups each."""
    rows = conn.execute(QUERIES["people_of"], {"identifiers": list(identifiers)})
    return {h: person_of(tuple(row)) for h, *row in rows}


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


def load_fragments(conn: Connection[Any], found: Found, limit: int | None = None) -> list[int]:
    """A profile's identifiers that head events, the asked one first, then by their number. Cost: its raw component."""
    parameters = {"profile": found.profile_id, "h": found.h, "limit": limit}
    return [h for (h,) in conn.execute(QUERIES["fragments"], parameters)]


def traits_of(members: list[Member], names: Names) -> dict[str, Resolved]:
    """Each trait's value with where it comes from and what lost; names sorted."""
    record = resolve([unpack(member.doc) for member in members if member.doc], names.priorities)
    return dict(sorted(record.items()))


def load_rules(
    conn: Connection[Any], names: Names, members: Collection[int], until: int | None = None
) -> list[LinkRule]:
    """Decisions in force that name one of these identifiers, by what had been received `until` then (µs)."""
    parameters = {
        "members": list(members),
        "until": ALWAYS if until is None else until,
        "limit": MAX_LISTED,
    }
    return [
        LinkRule(
            kind=RuleKind(kind),
            ts=ts,
            a_hash=a,
            b_hash=b,
            a=f"{names.namespace(a_ns)}:{a_val}",
            b=f"{names.namespace(b_ns)}:{b_val}",
        )
        for kind, ts, a, b, a_ns, a_val, b_ns, b_val in conn.execute(QUERIES["rules"], parameters)
    ]


def why_mute(identifier: str, flags: Flag) -> str:
    """A sentence about an identifier that joins nobody; empty when it does join."""
    if Flag.ISOLATED in flags:
        said = _("%(identifier)s is isolated by a decision: it is linked with nothing.")
    elif Flag.SHARED in flags:
        said = _("%(identifier)s is shared: it was seen with more people than one person's may be.")
    elif Flag.BUSY in flags:
        said = _("%(identifier)s is too busy: it was seen with more identifiers than one person has.")
    else:
        return ""
    return said % {"identifier": identifier}
