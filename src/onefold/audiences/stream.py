"""Keeps audiences up to date in the processor's transactions: after events, merges and splits, retractions, and as time
goes by. The processor alone writes who is in; all others ask it to look (`profile_due`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.audiences.answers import Judged
from onefold.audiences.asked import Person
from onefold.audiences.cells import News
from onefold.audiences.folding import State, merge_states, without_old
from onefold.audiences.live import LiveAudiences
from onefold.audiences.measuring import latest_in
from onefold.audiences.membership import Cause, Change, Kind, write_changes
from onefold.audiences.states import (
    QUERIES,
    Standing,
    load_people,
    load_standings,
    write_due,
    write_standings,
)
from onefold.events.api import Decoded
from onefold.filters.api import FOREVER
from onefold.infra.arrays import bigints
from onefold.kernel.instants import instant_of
from onefold.privacy.api import consents_in_force

SOON_US: Final = 1_000_000
"""Nobody is looked at again sooner for time alone."""
PIECE: Final = 250
"""People."""
Move = tuple[int, int | None, int | None, bytes | None]
"""(fragment, old profile, new profile, event that caused it)."""


@dataclass
class Happened:
    """What a transaction did to people.

    `profile_of`: fragment → whose it is now, of all in `events`, `moves`, `replaced`, `consents` that are still there.
    `replaced`: fragments that were folded anew from all their events. `touched`: profiles that were folded anew, with
    those that are no more. `consents`: fragments whose ledger changed.
    """

    events: list[tuple[int, Decoded]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    touched: Collection[int] = ()
    consents: Collection[int] = ()
    replaced: Mapping[int, State] = field(default_factory=dict)
    profile_of: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Look:
    """Somebody to look at. `is_whole`: anything may have changed; `is_touched`: who they are. `cause`, `event`: why.

    `counted`: metrics that events counted for; `news`: of moments what came.
    """

    standing: Standing
    counted: set[int] = field(default_factory=set)
    news: dict[int, News] = field(default_factory=dict)
    is_whole: bool = False
    is_touched: bool = False
    cause: Cause = Cause.EVENT
    event: tuple[int, bytes] | None = None


def follow(conn: Connection[Any], live: LiveAudiences, happened: Happened, now_us: int) -> None:
    """Bring states, consents and memberships to what happened. In the transaction in which it did.

    Cost: nothing of people whom no metric asks for; else some 40 µs each, half of it in PostgreSQL.
    """
    moves = [move for move in happened.moves if move[1] is not None and move[1] != move[2]]
    asked = [one for one in happened.events if live.folder.asks_for(one[1].kind, one[1].name)]
    said = {happened.profile_of[h] for h in happened.consents if h in happened.profile_of}
    for h, before, after, _ in moves:
        said.update(end for end in (before, happened.profile_of.get(h, after)) if end is not None)
    ids = said | {happened.profile_of[h] for h, _ in asked} | {
        happened.profile_of[h] for h in happened.replaced if h in happened.profile_of
    }  # fmt: skip
    if live.versions:
        ids.update(happened.touched)
    if not ids:
        return
    looks = {one.id: _Look(one) for one in load_standings(conn, ids).values()}
    _move(looks, moves, happened)
    _replace(looks, happened)
    _fold(looks, live, asked, happened.profile_of)
    for profile_id in happened.touched:
        if profile_id in looks:
            looks[profile_id].is_touched = True
    _project_consents(conn, looks, said)
    _settle(conn, live, looks, now_us, successor_of=happened.profile_of)


def sweep(conn: Connection[Any], live: LiveAudiences, now_us: int, limit: int) -> int:
    """Look at those whose time has come, at most `limit`; how many that were. Safe to repeat."""
    parameters = {"now": instant_of(now_us).astimezone(UTC), "limit": limit}
    ids = [row[0] for row in conn.execute(QUERIES["take_due"], parameters)]
    if ids:
        looks = {}
        for one in load_standings(conn, ids).values():
            one.due, one.is_changed = None, True
            one.fragments = {
                h: kept for h, state in one.fragments.items() if (kept := without_old(live.metrics, state, now_us))
            }
            looks[one.id] = _Look(one, is_whole=True, cause=Cause.TIME)
        if moved := _project_consents(conn, looks, set(ids)):
            conn.execute(QUERIES["tell_lake"], {"ids": bigints(moved)})  # no event tells it
        _settle(conn, live, looks, now_us, successor_of={})
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


def look_at(
    conn: Connection[Any],
    *,
    profiles: Collection[int] = (),
    companies: Collection[int] = (),
    fragments: Collection[int] = (),
) -> None:
    """Ask the processor to look at these people, at those of companies, at whose fragments are: something changed that
    no event tells. Safe to repeat. Of companies: one scan of `profile`."""
    for kind, ids in (("profiles", profiles), ("companies", companies), ("fragments", fragments)):
        if ids:
            conn.execute(QUERIES[f"look_at_{kind}"], {"ids": bigints(list(ids))})


def note_refolded(conn: Connection[Any], live: LiveAudiences, fragments: Collection[int]) -> None:
    """What waits to be added to these fragments is old: they were folded from all events that are left."""
    if live.filling and fragments:
        given = {"fragments": bigints(sorted(fragments))}
        conn.execute(QUERIES["note_refolded"], given)
        conn.execute(QUERIES["drop_fills"], given)


def _move(looks: dict[int, _Look], moves: Iterable[Move], happened: Happened) -> None:
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


def _replace(looks: dict[int, _Look], happened: Happened) -> None:
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


def _fold(
    looks: dict[int, _Look],
    live: LiveAudiences,
    events: Iterable[tuple[int, Decoded]],
    profile_of: Mapping[int, int],
) -> None:
    plan_of = live.folder.plan_of
    for h, event in events:
        look = looks[profile_of[h]]
        fragments = look.standing.fragments
        state = fragments.get(h)
        if state is None:
            state = {}
        plan = plan_of(event.kind, event.name)
        for number in plan.moments if plan else ():
            if number not in look.news:
                look.news[number] = News([], latest_in(fragments.values(), number))
        if plan and (counted := plan.fold(state, event)):
            fragments[h] = state
            look.standing.is_changed = True
            look.counted.update(counted)
            for number in plan.moments:
                if number in counted:
                    codes = state[number][event.ts]
                    look.news[number].times.append((event.ts, codes[0] if len(codes) == 1 else reduce(or_, codes)))
            if look.event is None or (event.ts, event.id) > look.event:
                look.event = (event.ts, event.id)


def _project_consents(conn: Connection[Any], looks: dict[int, _Look], ids: Collection[int]) -> list[int]:
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


def _settle(
    conn: Connection[Any],
    live: LiveAudiences,
    looks: dict[int, _Look],
    now_us: int,
    successor_of: Mapping[int, int],
) -> None:
    """Ask everybody what may have changed, and write what has: in pieces, so that the server writes one of them while
    the next is asked."""
    to_load = {profile_id for profile_id, look in looks.items() if _is_record_needed(live, look, now_us)}
    people = load_people(conn, to_load, with_lists=live.evaluator.has_lists) if to_load else {}
    for piece in _pieces(looks):
        before = {profile_id: look.standing.audiences for profile_id, look in piece.items()}
        due: dict[int, int] = {}
        for profile_id, look in piece.items():
            if profile_id in to_load and profile_id not in people:  # no more, or nobody's
                _be_in(look.standing, frozenset(), None, b"")
            elif not live.evaluator.answers.may_be_in_any(look.standing.consents):
                _be_in(look.standing, look.standing.audiences & live.paused, None, b"")
            else:
                _be_due(look.standing, _ask(live, look, people.get(profile_id), now_us), now_us, due)
        write_changes(conn, *_changes(live, piece, before, now_us, successor_of))
        write_standings(conn, [look.standing for look in piece.values() if look.standing.is_changed])
        write_due(conn, due)


def _pieces(looks: dict[int, _Look]) -> Iterator[dict[int, _Look]]:
    """First all that merged or split, for memberships move among these; then the others."""
    moved = {profile_id: look for profile_id, look in looks.items() if look.cause is Cause.IDENTITY}
    if moved:
        yield moved
    others = iter([(profile_id, look) for profile_id, look in looks.items() if profile_id not in moved])
    while piece := dict(islice(others, PIECE)):
        yield piece


def _is_record_needed(live: LiveAudiences, look: _Look, now_us: int) -> bool:
    """Whether it must be known who somebody is. Marks those as whole of whom nothing is known that still counts."""
    standing, answers = look.standing, live.evaluator.answers
    if not answers.may_be_in_any(standing.consents):
        return bool(standing.audiences) and (look.is_whole or look.is_touched)
    if standing.bits is None or standing.layout != answers.layout or (standing.due or FOREVER) <= now_us:
        look.is_whole = True
    return look.is_whole or look.is_touched or not answers.on_record.isdisjoint(look.counted)


def _ask(live: LiveAudiences, look: _Look, person: Person | None, now_us: int) -> int:
    """Which audiences somebody is in now; until when that is sure. Only those are asked of which a condition changed,
    unless anything may have."""
    standing, answers = look.standing, live.evaluator.answers
    states = list(standing.fragments.values())
    if person is not None:
        person.states = states
        person.consents = msgspec.json.decode(standing.consents)
    if look.is_whole and person is not None:
        bits, until = answers.look(person, now_us)
        judged: Iterable[Judged] = answers.judged.values()
        kept = standing.audiences & live.paused
    else:
        bits, until = standing.bits or 0, FOREVER if standing.due is None else standing.due
        if person is not None:
            bits, sure_until = answers.of_record(bits, person, now_us)
            until = min(until, sure_until)
        bits, until = answers.follow(bits, look.counted, states, look.news, now_us, until)
        if bits == standing.bits:
            return until
        judged = answers.decided_by(bits ^ (standing.bits or 0))
        kept = standing.audiences.difference([one.id for one in judged])
    now_in = kept.union([one.id for one in judged if one.decide(bits)])
    _be_in(standing, standing.audiences if now_in == standing.audiences else now_in, bits, answers.layout)
    return until


def _be_in(standing: Standing, audiences: frozenset[int], bits: int | None, layout: bytes) -> None:
    if bits != standing.bits or audiences != standing.audiences or layout != standing.layout:
        standing.audiences, standing.bits, standing.layout, standing.is_changed = audiences, bits, layout, True


def _be_due(standing: Standing, until: int, now_us: int, due: dict[int, int]) -> None:
    """Look at somebody again by then; an earlier date stays."""
    if until < FOREVER:
        until = max(until, now_us + SOON_US)
        if standing.due is None or until < standing.due:
            standing.due, standing.is_changed = until, True
            due[standing.id] = until


def _changes(
    live: LiveAudiences,
    looks: Mapping[int, _Look],
    before: Mapping[int, frozenset[int]],
    now_us: int,
    successor_of: Mapping[int, int],
) -> tuple[list[Change], list[Change]]:
    """Who entered and who left; of people who merged, who moved."""
    come: list[Change] = []
    gone: list[Change] = []
    moved: set[tuple[int, int]] = set()
    versions = live.versions
    for profile_id, look in looks.items():
        audiences = look.standing.audiences
        if audiences is before[profile_id]:
            continue
        cause, event = look.cause, look.event[1] if look.event is not None else None
        successor = successor_of.get(profile_id, profile_id)
        for audience in sorted(before[profile_id] - audiences):
            if successor == profile_id or successor not in looks or audience not in looks[successor].standing.audiences:
                of_this = _cause_of(live, audience, cause)
                version = versions.get(audience, 0)
                gone.append((audience, profile_id, _LEFT, now_us, of_this, event, version, None))
                continue
            other = looks[successor]
            if audience not in before[successor] and (successor, audience) not in moved:
                moved.add((successor, audience))
                come.append(_moved(live, audience, other, _MOVED_HERE, now_us, profile_id))
            gone.append(_moved(live, audience, look, _MOVED_AWAY, now_us, successor))
    for profile_id, look in looks.items():
        audiences = look.standing.audiences
        if audiences is not before[profile_id]:
            cause, event = look.cause, look.event[1] if look.event is not None else None
            for audience in sorted(audiences - before[profile_id]):
                if (profile_id, audience) not in moved:
                    of_this = _cause_of(live, audience, cause)
                    version = versions.get(audience, 0)
                    come.append((audience, profile_id, _ENTERED, now_us, of_this, event, version, None))
    return come, gone


def _moved(live: LiveAudiences, audience: int, look: _Look, kind: int, now_us: int, other: int) -> Change:
    event = look.event[1] if look.event is not None else None
    cause = _cause_of(live, audience, look.cause)
    return (audience, look.standing.id, kind, now_us, cause, event, live.versions.get(audience, 0), other)


def _cause_of(live: LiveAudiences, audience: int, cause: Cause) -> int:
    if audience not in live.versions:
        return int(Cause.REMOVED)
    return int(Cause.RULE if cause is Cause.TIME and audience in live.changing else cause)


_ENTERED, _LEFT, _MOVED_HERE, _MOVED_AWAY = (int(kind) for kind in Kind)
