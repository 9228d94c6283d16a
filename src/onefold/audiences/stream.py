"""Keeps audiences up to date in the processor's transactions: after events, merges and splits, retractions, and as time
goes by. The processor alone writes who is in; all others ask it to look (`profile_due`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection, Cursor

from onefold.audiences.folding import Counted, State, merge_states
from onefold.audiences.live import LiveAudiences
from onefold.audiences.membership import Cause
from onefold.audiences.settling import Look, settle
from onefold.audiences.states import (
    QUERIES,
    ask_standings,
    load_standings,
    read_standings,
    write_standings,
)
from onefold.events.api import Decoded, Kind
from onefold.infra.arrays import bigints
from onefold.kernel.instants import instant_of
from onefold.privacy.api import consents_in_force

FragmentMove = tuple[int, int | None, int | None, bytes | None]
"""(fragment, old profile, new profile, event that caused it)."""


_TELLING: Final = (Kind.IDENTIFY, Kind.GROUP)
"""Events after which somebody may be another for rules."""


@dataclass
class Happened:
    """What a transaction did to people. `events`: what came, by fragment, as far as it counts for anything.

    `profile_of`: fragment → whose it is now, of all in `events`, `moves`, `replaced`, `consents` that are still there.
    `replaced`: fragments that were folded anew from all their events. `touched`: profiles that were folded anew, with
    those that are no more; `changed`: those of them whose row says something else now, None: any may. `consents`:
    fragments whose ledger changed.
    """

    events: list[tuple[int, Counted]] = field(default_factory=list)
    moves: list[FragmentMove] = field(default_factory=list)
    touched: Collection[int] = ()
    changed: Callable[[], Collection[int]] | None = None
    consents: Collection[int] = ()
    replaced: Mapping[int, State] = field(default_factory=dict)
    profile_of: Mapping[int, int] = field(default_factory=dict)


class Foreseen(NamedTuple):
    """Whom a transaction will probably concern, and the question for their standings."""

    ids: set[int]
    standings: Cursor[Any]


class AskedFor(NamedTuple):
    """Whom it concerns, and the questions for their standings. `said`: profiles whose consent may be another."""

    ids: set[int]
    moves: list[FragmentMove]
    said: set[int]
    standings: list[Cursor[Any]]


def foresee(conn: Connection[Any], events: Iterable[tuple[int, Decoded, Counted | None]]) -> Foreseen | None:
    """The standings of those whom events concern, by the profiles that these had before; None: nobody. As soon as they
    are known, so that the answer is there when `follow` needs it."""
    ids = {profile_id for profile_id, event, counted in events if counted is not None or event.kind in _TELLING}
    return Foreseen(ids, ask_standings(conn, ids)) if ids else None


def ask_for(
    conn: Connection[Any], live: LiveAudiences, happened: Happened, foreseen: Foreseen | None = None
) -> AskedFor | None:
    """The standings of those whom it may concern, as far as these weren't foreseen; None: nobody. Before what else the
    transaction writes, so that the server does that while `follow` works."""
    profile_of = happened.profile_of
    moves = [move for move in happened.moves if move[1] is not None and move[1] != move[2]]
    said = {profile_of[h] for h in happened.consents if h in profile_of}
    for h, before, after, _ in moves:
        said.update(end for end in (before, profile_of.get(h, after)) if end is not None)
    ids = said.union(
        [profile_of[h] for h, _ in happened.events], [profile_of[h] for h in happened.replaced if h in profile_of]
    )
    if live.versions:
        ids.update(happened.touched)
    if not ids:
        return None
    standings = [] if foreseen is None else [foreseen.standings]
    if others := ids if foreseen is None else ids - foreseen.ids:
        standings.append(ask_standings(conn, others))
    return AskedFor(ids, moves, said, standings)


def follow(
    conn: Connection[Any], live: LiveAudiences, happened: Happened, now_us: int, asked: AskedFor | None = None
) -> None:
    """Bring states, consents and memberships to what happened. In the transaction in which it did.

    `asked`: of `ask_for`. Cost: nothing of people whom no metric asks for; else 30 to 60 µs each with two hundred
    audiences, and a few in PostgreSQL for each that they enter or leave.
    """
    if asked is None:
        asked = ask_for(conn, live, happened)
    if asked is None:
        return
    rows = chain.from_iterable(one.fetchall() for one in asked.standings)
    looks = {one.id: Look(one) for one in read_standings(asked.ids, rows).values()}
    _move(looks, asked.moves, happened)
    _replace(looks, happened)
    profile_of = happened.profile_of
    for one in happened.events:
        looks[profile_of[one[0]]].events.append(one)
    for profile_id in happened.touched:
        if profile_id in looks:
            looks[profile_id].is_touched = True
    _project_consents(conn, looks, asked.said)
    changed = None if live.evaluator.has_lists else happened.changed  # of lists it matters who joined them
    settle(conn, live, looks, now_us, profile_of, changed)


def sweep(conn: Connection[Any], live: LiveAudiences, now_us: int, limit: int) -> int:
    """Look at those whose time has come, at most `limit`; how many that were. Safe to repeat."""
    parameters = {"now": instant_of(now_us).astimezone(UTC), "limit": limit}
    ids = [row[0] for row in conn.execute(QUERIES["take_due"], parameters)]
    if ids:
        looks = {}
        for one in load_standings(conn, ids).values():
            one.due, one.is_changed = None, True
            looks[one.id] = Look(one, is_whole=True, cause=Cause.TIME)
        if moved := _project_consents(conn, looks, set(ids)):
            conn.execute(QUERIES["tell_lake"], {"ids": bigints(moved)})  # no event tells it
        settle(conn, live, looks, now_us, successor_of={})
    return len(ids)


def absorb(conn: Connection[Any], live: LiveAudiences, limit: int) -> int:
    """Add what was read from the lake of events before a metric was folded; how many rows. Safe to repeat."""
    rows = conn.execute(QUERIES["take_fills"], {"limit": limit}, binary=True).fetchall()
    if rows:
        fragments = bigints(sorted({row[0] for row in rows}))
        newer = set(conn.execute(QUERIES["refolded"], {"fragments": fragments}).fetchall())
        profile_of = dict(conn.execute(QUERIES["profiles_of"], {"fragments": fragments}, binary=True).fetchall())
        standings = load_standings(conn, set(profile_of.values()))
        for fragment, metric, buckets in rows:
            if (fragment, metric) in newer or fragment not in profile_of or metric not in live.metrics:
                continue
            standing = standings[profile_of[fragment]]
            before: State = {metric: msgspec.msgpack.decode(buckets)}
            standing.fragments[fragment] = merge_states(live.metrics, standing.fragments.get(fragment, {}), before)
            standing.bits, standing.is_changed = None, True
        write_standings(conn, [one for one in standings.values() if one.is_changed])
    if conn.execute(QUERIES["complete"]).fetchall():
        conn.execute(QUERIES["forget_refolded"])
        conn.execute(QUERIES["raise_epoch"])
    return len(rows)


def note_refolded(conn: Connection[Any], live: LiveAudiences, fragments: Collection[int]) -> None:
    """What waits to be added to these fragments is old: they were folded from all events that are left."""
    if live.filling and fragments:
        given = {"fragments": bigints(sorted(fragments))}
        conn.execute(QUERIES["note_refolded"], given)
        conn.execute(QUERIES["drop_fills"], given)


def _move(looks: dict[int, Look], moves: Iterable[FragmentMove], happened: Happened) -> None:
    for h, before, after, cause in moves:
        owner = happened.profile_of.get(h, after)
        if before is None or owner == before:
            continue
        state = looks[before].standing.fragments.pop(h, None)
        for profile_id in (before, owner):
            if profile_id is not None and profile_id in looks:
                look = looks[profile_id]
                look.is_whole, look.cause = True, Cause.IDENTITY
                look.event = (0, cause) if cause else look.event
        if state is not None:
            looks[before].standing.is_changed = True
            if owner is not None:
                looks[owner].standing.fragments[h] = state
                looks[owner].standing.is_changed = True


def _replace(looks: dict[int, Look], happened: Happened) -> None:
    for h, state in happened.replaced.items():
        owner = happened.profile_of.get(h)
        for look in looks.values():  # few: retractions come seldom, and in pieces
            if h in look.standing.fragments:
                del look.standing.fragments[h]
                look.standing.is_changed = look.is_whole = True
        if owner is not None:
            look = looks[owner]
            look.standing.is_changed, look.is_whole, look.cause = True, True, Cause.TAKEN_BACK
            if state:
                look.standing.fragments[h] = state


def _project_consents(conn: Connection[Any], looks: dict[int, Look], ids: Collection[int]) -> list[int]:
    """The ledger's answer for each purpose, beside what audiences need; returns those for whom it is another one."""
    moved: list[int] = []
    if not ids:
        return moved
    found = consents_in_force(conn, ids)
    for profile_id in ids:
        said = found.get(profile_id)
        text = msgspec.json.encode(said).decode() if said else ""
        look = looks[profile_id]
        if look.standing.consents != text:
            look.standing.consents, look.standing.is_changed, look.is_whole = text, True, True
            moved.append(profile_id)
    return moved
