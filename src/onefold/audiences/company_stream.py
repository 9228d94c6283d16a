"""Keeps audiences of companies up to date in the processor's transactions, and what rules ask of companies' people.

Whatever may change a company's answer adds a row to `company_look`: the database's triggers where a company or
somebody's company changes, `note_people` where one of its people enters or leaves an audience that is counted, the
worker where a rule is new. `look_at_companies` takes them, between batches.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from psycopg import Connection

from onefold.audiences.asked import Person
from onefold.audiences.companies import LiveCompanies
from onefold.audiences.live import LiveAudiences
from onefold.audiences.membership import Cause, Kind, MembershipMove, writing_moves
from onefold.audiences.states import COMPANIES as QUERIES
from onefold.audiences.states import SOON_US, bits_of, look_at, write_members
from onefold.filters.api import FOREVER
from onefold.infra.arrays import bigints, instants, integers
from onefold.kernel.instants import instant_of


@dataclass
class _Seen:
    """A company to look at. `cause`: why; of several reasons the first. `is_told`: its name or traits are others.

    `counts`: audience → how many of its people are in, `before` and now. `now`: None = there is no such company.
    """

    cause: Cause
    is_told: bool = False
    is_seen: bool = False
    before: dict[int, int] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    inside: set[int] = field(default_factory=set)
    now: Person | None = None


def note_people(conn: Connection[Any], live: LiveCompanies, moves: Iterable[MembershipMove]) -> None:
    """These people entered or left: their companies are to be looked at if a rule counts that. In the transaction in
    which they did. Costs nothing while none does."""
    if live.counted and (
        ids := {profile for profile, *_, audiences, _, _ in moves if not live.counted.isdisjoint(audiences)}
    ):
        conn.execute(QUERIES["note_people"], {"ids": bigints(sorted(ids)), "cause": Cause.PEOPLE})


def look_at_companies(conn: Connection[Any], live: LiveAudiences, now_us: int, limit: int) -> int:
    """Look at companies of which something changed, and at those whose time has come, at most `limit` of each; how many
    rows that were. Safe to repeat.

    Cost: 20 µs a company, and 3 µs for each of its people where people are counted.
    """
    found: dict[int, _Seen] = {}
    n = 0
    for company, cause, is_told in conn.execute(QUERIES["take"], {"limit": limit, "epoch": live.epoch}):
        seen = found.setdefault(company, _Seen(Cause(cause)))
        seen.is_told = seen.is_told or is_told
        seen.is_seen = seen.is_seen or cause == Cause.EVENT
        n += 1
    parameters = {"now": instant_of(now_us).astimezone(UTC), "limit": limit}
    for (company,) in conn.execute(QUERIES["take_due"], parameters):
        found.setdefault(company, _Seen(Cause.TIME))
        n += 1
    if found:
        _load(conn, live.companies, found)
        _settle(conn, live.companies, found, now_us)
    return n


def _load(conn: Connection[Any], live: LiveCompanies, found: Mapping[int, _Seen]) -> None:
    ids = bigints(sorted(found))
    for company, audience in conn.execute(QUERIES["inside"], {"ids": ids}):
        found[company].inside.add(audience)
    for company, audience, n in conn.execute(QUERIES["counted"], {"ids": ids}):
        found[company].before[audience] = n
    if live.counted:
        audiences = integers(sorted(live.counted))
        for company, audience, n in conn.execute(QUERIES["count"], {"ids": ids, "audiences": audiences}):
            found[company].counts[audience] = n
    for company, name, key, first, last, traits in conn.execute(QUERIES["load"], {"ids": ids}):
        columns = {"name": name or None, "key": key or None, "first_seen": first, "last_seen": last}
        seen = found[company]
        seen.now = Person(id=company, company_columns=columns, company_json=traits, company_counts=seen.counts)


def _settle(conn: Connection[Any], live: LiveCompanies, found: Mapping[int, _Seen], now_us: int) -> None:
    moves: list[MembershipMove] = []
    members: dict[int, int] = {}
    due: dict[int, int] = {}
    for company, seen in found.items():
        inside, until = live.evaluate(seen.now, now_us) if seen.now is not None else (set(), FOREVER)
        stay = {one for one in seen.inside if live.paused >> one & 1} if seen.now is not None else set()
        if inside | stay != seen.inside:
            members[company] = bits_of(inside | stay)
        moves += _moves(live, company, seen, inside - seen.inside, seen.inside - inside - stay)
        if until < FOREVER:
            due[company] = max(until, now_us + SOON_US)
    write_members(conn, members)
    with writing_moves(conn, now_us) as write:
        write(moves)
    _write_counts(conn, {company: seen for company, seen in found.items() if seen.before != seen.counts})
    _write_due(conn, found, due)
    if people_of := [company for company, seen in found.items() if _may_move_people(live, seen)]:
        look_at(conn, people=people_of, at=instant_of(now_us).astimezone(UTC))


def _may_move_people(live: LiveCompanies, seen: _Seen) -> bool:
    """Whether the company's people may be in other audiences now."""
    is_otherwise = (live.asks_traits and seen.is_told) or (live.asks_times and seen.is_seen)
    return is_otherwise or live.may_move_people(seen.before, seen.counts)


def _moves(live: LiveCompanies, company: int, seen: _Seen, come: set[int], gone: set[int]) -> list[MembershipMove]:
    """At most two: the cause is another one where the audience was removed."""
    kind_of = dict.fromkeys(sorted(come), int(Kind.ENTERED)) | dict.fromkeys(sorted(gone), int(Kind.LEFT))
    removed = {audience for audience in gone if audience not in live.versions and not live.paused >> audience & 1}
    parts = (
        (seen.cause, [one for one in kind_of if one not in removed]),
        (Cause.REMOVED, [one for one in kind_of if one in removed]),
    )
    return [
        (
            company,
            int(cause),
            None,
            None,
            some,
            [kind_of[one] for one in some],
            [live.versions.get(one, 0) for one in some],
        )
        for cause, some in parts
        if some
    ]


def _write_counts(conn: Connection[Any], changed: Mapping[int, _Seen]) -> None:
    rows = [(company, audience, n) for company, seen in changed.items() for audience, n in seen.counts.items()]
    if changed:
        conn.execute(QUERIES["forget_counts"], {"ids": bigints(sorted(changed))})
    if rows:
        columns = {
            "company": bigints([row[0] for row in rows]),
            "audience": integers([row[1] for row in rows]),
            "n": integers([row[2] for row in rows]),
        }
        conn.execute(QUERIES["write_counts"], columns)


def _write_due(conn: Connection[Any], found: Mapping[int, _Seen], due: Mapping[int, int]) -> None:
    if undue := sorted(found.keys() - due.keys()):
        conn.execute(QUERIES["forget_due"], {"ids": bigints(undue)})
    if due:
        columns = {"company": bigints(list(due)), "due_at": instants(list(due.values()))}
        conn.execute(QUERIES["write_due"], columns)
