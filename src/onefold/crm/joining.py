"""Who has an e-mail address at a company's domain joins it: follows what the processor has accepted.

Never in the processor's way: this reads the events after a position, and looks only at whom they concern. A join is a
group event of Onefold's own source, whose message id follows from the company and the address: logged twice it is one
event, and once taken back it is never logged again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from onefold.crm.domains import DOMAIN_SQL, domain_of, is_free_mail
from onefold.events.api import INTERNAL_SOURCE, Kind, append_internal
from onefold.identity.api import MUTE
from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries
from onefold.kernel.hashing import event_id
from onefold.kernel.instants import instant_of
from onefold.profiles.api import IdentifierRejected, Names, names_in_force

CHUNK: Final = 10_000
"""Positions of one step."""
PIECE: Final = 2_000
"""People of a company's domain that one step looks at."""
MAX_STEPS: Final = 50
MAX_COMPANIES: Final = 5_000
ACTOR: Final = "onefold: e-mail domain"
_FIRST: Final = -(1 << 63)
_MAX_ADDRESS: Final = 120
"""What is longer stands cut in `profile_search`."""
QUERIES: Final = {
    name: text.replace("{domain}", DOMAIN_SQL.format(traits="traits"))
    for name, text in load_queries("onefold.crm", "joining.sql").items()
}
log = get_logger(__name__)


class _Company(NamedTuple):
    h: int
    space: str
    key: str


class _Join(NamedTuple):
    """Somebody and a company at whose domain an address of theirs is. `since`: when the address was first received."""

    company: _Company
    person: int
    address: str
    h: int
    since: datetime

    @property
    def message_id(self) -> str:
        return join_message(self.company.h, self.h)


def join_message(company: int, address: int) -> str:
    """The message id of the event by which whoever has an address (hash of the identifier) joins a company."""
    return f"join-{company % (1 << 64):016x}-{address % (1 << 64):016x}"


def join_by_domain(conn: Connection[Any], *, is_thorough: bool = False) -> int:
    """Logs what is to be logged for the events that came, up to MAX_STEPS steps; how many joins that were.

    `is_thorough`: compares all companies, for those that were there before this was (as slow as companies have
    domains). A step is one transaction. Safe to repeat, to kill, and to run twice at once.
    """
    if is_thorough:
        _want_all(conn)
    joined = 0
    for _step in range(MAX_STEPS):
        is_any, found = _follow(conn)
        if not is_any:
            is_any, found = _look_for_people(conn)
        joined += found
        if not is_any:
            break
    if joined:
        log.info("people_joined_by_domain", count=joined)
    return joined


def _follow(conn: Connection[Any]) -> tuple[bool, int]:
    """The next events; whether there were any, and how many joins came of them."""
    with conn.transaction():
        position = _position(conn)
        if position is None:
            return False, 0
        newest, fragments, groups = _seen(conn, position)
        if newest is None:
            return False, 0
        people = conn.execute(QUERIES["people"], {"fragments": fragments}).fetchall()
        joined = _join(conn, _at_companies(conn, people))
        if groups:
            _want(conn, conn.execute(QUERIES["changed"], {"fragments": groups}).fetchall())
        conn.execute(QUERIES["move"], {"position": newest})
    return True, joined


def _position(conn: Connection[Any]) -> int | None:
    """None = nothing came, or another is at it."""
    row = conn.execute(QUERIES["begin"]).fetchone()
    given = conn.execute(QUERIES["given"]).fetchone()
    return row[0] if row and given and row[0] < given[0] else None


def _seen(conn: Connection[Any], position: int) -> tuple[int | None, list[int], list[int]]:
    """Position of the last of the next events, their fragments, and those of group events. Of a gap what is behind."""
    given = {"after": position, "until": position + CHUNK, "group": int(Kind.GROUP)}
    newest, fragments, groups = conn.execute(QUERIES["seen"], given).fetchone() or (None, [], [])
    if newest is None:
        (first,) = conn.execute(QUERIES["first_after"], {"after": position}).fetchone() or (None,)
        if first is None:
            return None, [], []
        given |= {"after": first - 1, "until": first + CHUNK}
        newest, fragments, groups = conn.execute(QUERIES["seen"], given).fetchone() or (None, [], [])
    return newest, fragments, groups


def _look_for_people(conn: Connection[Any]) -> tuple[bool, int]:
    """The next people at the domain of a company that got it; whether there was such a company, and how many joined."""
    with conn.transaction():
        if conn.execute(QUERIES["begin"]).fetchone() is None:
            return False, 0
        row = conn.execute(QUERIES["wanted"]).fetchone()
        if row is None:
            return False, 0
        h, domain, after = row
        known = conn.execute(QUERIES["companies"], {"hashes": [h]}).fetchone()
        found = []
        if known is not None and known[3] == domain:
            found = conn.execute(QUERIES["people_at"], {"domain": domain, "after": after, "most": PIECE}).fetchall()
        company = _Company(*known[:3]) if known else None
        joined = _join(conn, [(company, person, address) for person, address in found if company])
        conn.execute(QUERIES["went"], {"company": h, "after": found[-1][0] if len(found) == PIECE else None})
    return True, joined


def _want_all(conn: Connection[Any]) -> None:
    with conn.transaction():
        if conn.execute(QUERIES["begin"]).fetchone() is None:
            return
        conn.execute(QUERIES["forget_gone"])
        _want(conn, conn.execute(QUERIES["all_changed"], {"most": MAX_COMPANIES}).fetchall())


def _want(conn: Connection[Any], companies: Sequence[tuple[int, str]]) -> None:
    """People at these domains are looked for; at one that belongs to nobody nobody is."""
    if companies:
        afters = [_FIRST if _counts(domain) else None for _h, domain in companies]
        hashes, domains = [h for h, _domain in companies], [domain for _h, domain in companies]
        conn.execute(QUERIES["want"], {"companies": hashes, "domains": domains, "afters": afters})


def _counts(domain: str) -> bool:
    return domain_of(domain) == domain and not is_free_mail(domain)


def _at_companies(conn: Connection[Any], people: Iterable[tuple[int, str]]) -> list[tuple[_Company, int, str]]:
    """Those of these people (profile id, address) at whose domain a company is, once for each.

    Of a company whose people are yet to be looked for only those whom that came past.
    """
    by_domain = defaultdict(list)
    for person, address in people:
        domain = address.rpartition("@")[2]
        if _counts(domain):
            by_domain[domain].append((person, address))
    if not by_domain:
        return []
    rows = conn.execute(QUERIES["companies_at"], {"domains": sorted(by_domain)})
    return [
        (_Company(h, space, key), person, address)
        for h, space, key, domain, after in rows
        for person, address in by_domain[domain]
        if after is None or person <= after
    ]


def _join(conn: Connection[Any], pairs: Collection[tuple[_Company, int, str]]) -> int:
    """Logs that they join, but for who is in already, was taken out, or shares the address; how many."""
    names = names_in_force(conn)
    joins = _addresses(conn, names, pairs)
    if not joins:
        return 0
    given = {"people": [one.person for one in joins], "companies": [one.company.h for one in joins]}
    members = set(conn.execute(QUERIES["members"], given).fetchall())
    ids = {UUID(bytes=event_id(INTERNAL_SOURCE, one.message_id)): one for one in joins}
    gone = {one for (one,) in conn.execute(QUERIES["taken_back"], {"ids": list(ids)})}
    events = [
        _event(one) for number, one in ids.items() if number not in gone and (one.person, one.company.h) not in members
    ]
    if events:
        append_internal(conn, events, acting_user=ACTOR)
    return len(events)


def _addresses(conn: Connection[Any], names: Names, pairs: Iterable[tuple[_Company, int, str]]) -> list[_Join]:
    """With the identifier that each address is, where it is the person's own."""
    asked: list[tuple[int, _Company, int, str]] = []
    for company, person, address in pairs:
        if len(address) >= _MAX_ADDRESS:
            continue
        try:
            found = names.identifier(f"email:{address}")
        except IdentifierRejected:  # a trait that only looks like an address
            continue
        asked.append((found.h, company, person, found.value))
    if not asked:
        return []
    given = {"hashes": [h for h, *_rest in asked], "mute": int(MUTE)}
    owners = {h: (owner, since) for h, owner, since in conn.execute(QUERIES["addresses"], given)}
    return [
        _Join(company, person, address, h, instant_of(owners[h][1]))
        for h, company, person, address in asked
        if h in owners and owners[h][0] == person
    ]


def _event(one: _Join) -> dict[str, Any]:
    """It happened when the address was first received: who was seen in another company since is still there first."""
    context = {"externalIds": [{"type": "email", "id": one.address}]}
    company = {"groupId": one.company.key, "space": one.company.space, "traits": {}}
    head = {"type": "group", "messageId": one.message_id, "timestamp": one.since.isoformat()}
    return head | company | {"context": context}
