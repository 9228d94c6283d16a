"""Keeps audiences up to date in the processor's transactions: after events, merges and splits, retractions, and as time
goes by. The processor alone writes who is in; all others ask it to look (`profile_due`).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from functools import reduce
from operator import or_
from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.audiences.asked import Person
from onefold.audiences.cells import Glance, Said
from onefold.audiences.company_stream import note_people
from onefold.audiences.evaluate import Live
from onefold.audiences.folding import State, merge_states, without_old
from onefold.audiences.live import LiveAudiences
from onefold.audiences.membership import Cause, Change, Kind, write_changes
from onefold.audiences.metrics import Moments
from onefold.audiences.states import (
    QUERIES,
    Standing,
    load_counts,
    load_people,
    load_standings,
    record_of,
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


@dataclass
class _Look:
    """Somebody to look at. `is_whole`: anything may have changed; `is_touched`: who they are. `cause`, `event`: why.

    `before`: of metrics that changed what they were, by fragment; `news`: of moments, what came (time, bits).
    """

    standing: Standing
    before: dict[int, list[State]] = field(default_factory=dict)
    news: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
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
            standing.is_changed = True
        write_standings(conn, [one for one in standings.values() if one.is_changed])
    if conn.execute(QUERIES["complete"]).fetchall():
        conn.execute(QUERIES["forget_refolded"])
        conn.execute(QUERIES["raise_epoch"])
    return len(rows)


def look_at(
    conn: Connection[Any],
    *,
    profiles: Collection[int] = (),
    fragments: Collection[int] = (),
) -> None:
    """Ask the processor to look at these people, at whose fragments are: something changed that no event tells. Safe to
    repeat."""
    for kind, ids in (("profiles", profiles), ("fragments", fragments)):
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
    folder = live.folder
    compared = {number for number, cells in live.evaluator.cells_of.items() if cells.needs_before}
    for h, event in events:
        look = looks[profile_of[h]]
        fragments = look.standing.fragments
        state = fragments.get(h)
        if state is None:
            state = {}
        if not look.is_whole:
            _note_before(look, [one for one in folder.may_count(event.kind, event.name) if one in compared])
        if counted := folder.fold(state, event):
            fragments[h] = state
            look.standing.is_changed = True
            for number in counted:
                codes = state[number].get(event.ts) if isinstance(live.metrics[number], Moments) else None
                look.news.setdefault(number, []).append((event.ts, reduce(or_, codes) if codes else -1))
            if look.event is None or (event.ts, event.id) > look.event:
                look.event = (event.ts, event.id)


def _note_before(look: _Look, metrics: Iterable[int]) -> None:
    """What these metrics are before the first event of the transaction that may count for them."""
    for number in metrics:
        if number not in look.before:
            look.before[number] = [
                {number: dict(buckets)}
                for state in look.standing.fragments.values()
                if (buckets := state.get(number)) is not None
            ]


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
    """Ask everybody what may have changed, and write what has."""
    asked: dict[int, list[Live]] = {}
    due: dict[int, int] = {}
    for profile_id, look in looks.items():
        asked[profile_id], until = _whom_to_ask(live, look, now_us)
        _be_due(look.standing, until, now_us, due)
    to_load = [
        one
        for one, audiences in asked.items()
        if audiences or looks[one].is_touched or (looks[one].is_whole and looks[one].standing.audiences)
    ]
    people = load_people(conn, to_load, with_lists=live.evaluator.has_lists) if to_load else {}
    load_counts(conn, people, live.evaluator.counts)
    before = {profile_id: look.standing.audiences for profile_id, look in looks.items()}
    for profile_id in to_load:
        standing, person = looks[profile_id].standing, people.get(profile_id)
        if person is None:  # no more, or nobody's
            if standing.audiences:
                standing.audiences, standing.is_changed = frozenset(), True
        else:
            until = _ask(live, looks[profile_id], person, asked[profile_id], now_us)
            _be_due(standing, until, now_us, due)
    changes = list(_changes(live, looks, before, now_us, successor_of))
    write_changes(conn, changes)
    note_people(conn, live.companies, changes)
    write_standings(conn, [look.standing for look in looks.values() if look.standing.is_changed])
    write_due(conn, due)


def _ask(live: LiveAudiences, look: _Look, person: Person, audiences: list[Live], now_us: int) -> int:
    """Which audiences somebody is in now; until when that is sure. Where nothing that rules ask of a record has
    changed, only those that the events may have moved are asked."""
    standing = look.standing
    if look.is_whole or look.is_touched:
        record = record_of(person, with_times=live.evaluator.asks_times)
        if look.is_whole or record != standing.record:
            audiences = live.evaluator.live
            standing.is_changed = standing.is_changed or record != standing.record
            standing.record = record
    person.states = list(standing.fragments.values())
    person.consents = msgspec.json.decode(standing.consents) if standing.consents else {}
    inside, until = live.evaluator.evaluate(person, audiences, now_us)
    unasked = standing.audiences.difference(one.id for one in audiences)
    now_in = frozenset(inside | {one for one in unasked if one in live.versions or one in live.paused})
    if now_in != standing.audiences:
        standing.audiences, standing.is_changed = now_in, True
    return until


def _whom_to_ask(live: LiveAudiences, look: _Look, now_us: int) -> tuple[list[Live], int]:
    """The audiences whose answer may be another one now, and until when the others are sure."""
    if look.is_whole:
        return live.evaluator.live, FOREVER
    evaluator, after = live.evaluator, list(look.standing.fragments.values())
    changes: list[Said] = []
    on_record: dict[int, Live] = {}
    until = FOREVER
    for number, news in look.news.items():
        cells = evaluator.cells_of.get(number)
        if cells is None:
            continue
        glance = Glance(number, look.before.get(number, ()), after, news)
        for cell in cells.that_may_move(glance):
            change = cell.compare(glance, now_us)
            if change is None:
                on_record.update((one.id, one) for one in evaluator.reading(cell))
            else:
                until = min(until, change.until)
                if change.before != change.after:
                    changes.append(change)
    if not on_record:
        return evaluator.touched_by(changes), until
    return list((on_record | {one.id: one for one in evaluator.touched_by(changes)}).values()), until


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
) -> Iterable[Change]:
    """Who entered and left; of people who merged, who moved."""
    moved: set[tuple[int, int]] = set()
    for profile_id, look in looks.items():
        successor = successor_of.get(profile_id, profile_id)
        for audience in sorted(before[profile_id] - look.standing.audiences):
            is_move = successor != profile_id and successor in looks and audience in looks[successor].standing.audiences
            if is_move:
                is_first = audience not in before[successor] and (successor, audience) not in moved
                kind, other = Kind.MOVED_AWAY, successor
                if is_first:
                    moved.add((successor, audience))
                    yield _change(live, looks[successor], audience, Kind.MOVED_HERE, now_us, profile_id)
            else:
                kind, other = Kind.LEFT, None
            yield _change(live, look, audience, kind, now_us, other)
    for profile_id, look in looks.items():
        for audience in sorted(look.standing.audiences - before[profile_id]):
            if (profile_id, audience) not in moved:
                yield _change(live, look, audience, Kind.ENTERED, now_us, None)


def _change(live: LiveAudiences, look: _Look, audience: int, kind: Kind, now_us: int, other: int | None) -> Change:
    cause = look.cause
    if cause is Cause.TIME and audience in live.changing:
        cause = Cause.RULE
    if audience not in live.versions:
        cause = Cause.REMOVED
    event = look.event[1] if look.event is not None else None
    return Change(audience, look.standing.id, kind, now_us, cause, event, live.versions.get(audience, 0), other)
