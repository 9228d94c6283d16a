"""Asks everybody of whom something may have changed which audiences they are in, and writes what has."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.audiences.asked import Person
from onefold.audiences.cells import News
from onefold.audiences.company_stream import note_people
from onefold.audiences.folding import Counted, without_old
from onefold.audiences.live import LiveAudiences
from onefold.audiences.measuring import is_latest
from onefold.audiences.membership import Cause, Kind, MembershipMove, writing_moves
from onefold.audiences.states import (
    SOON_US,
    Standing,
    ask_people,
    forget_due,
    load_counts,
    numbers_in,
    read_people,
    write_due,
    write_members,
    write_standings,
)
from onefold.filters.api import FOREVER

PIECE: Final = 250
"""People."""
ROOMY_BYTES: Final = 4_096
"""Of a document: what is longer is made as short as it can be whenever it is read."""
_ENTERED_OR_LEFT: Final = (int(Kind.ENTERED), int(Kind.LEFT))
_MOVED: Final = (int(Kind.MOVED_HERE), int(Kind.MOVED_AWAY))
_no_news: Final[dict[int, News]] = {}
_WriteMoves = Callable[[Sequence[MembershipMove]], None]


@dataclass(slots=True)
class Look:
    """Somebody to look at. `is_whole`: anything may have changed; `is_touched`: who they are. `cause`, `event`: why.

    `events`: what came, each with its fragment. `before`: the audiences by bits of their numbers, where these changed.
    `inherited`: of paused audiences those of whoever became this person.
    """

    standing: Standing
    events: list[tuple[int, Counted]] = field(default_factory=list)
    is_whole: bool = False
    is_touched: bool = False
    cause: Cause = Cause.EVENT
    event: tuple[int, bytes] | None = None
    before: int | None = None
    inherited: int = 0


def settle(
    conn: Connection[Any],
    live: LiveAudiences,
    looks: Mapping[int, Look],
    now_us: int,
    successor_of: Mapping[int, int],
    changed: Callable[[], Collection[int]] | None = None,
) -> None:
    """Which audiences they are in now. `successor_of`: profile that is no more -> who they are now. `changed`: those
    who are another now, of all that are touched (None: all of these); waits for the server.

    In pieces, so that the server writes one while the next is asked. Those of whom it must be known who they are come
    last, for the server is still at what was sent to it before; and all of them together, for memberships move among
    them.
    """
    if live.paused:
        _inherit(live.paused, looks, successor_of)
    alike, others = _apart(live, looks.values(), now_us)
    with writing_moves(conn, now_us) as write:
        _settle_pieces(conn, live, alike, now_us, write)
        alike, others = _apart(live, _keep_touched(others, changed), now_us)
        to_load = {look.standing.id: look for look in others}
        asked = ask_people(conn, to_load, with_lists=live.evaluator.has_lists) if to_load else None
        _settle_pieces(conn, live, alike, now_us, write)
        if asked is not None:
            people = read_people(*asked)
            load_counts(conn, people, live.evaluator.counts)
            _write(conn, others, _answer(live, others, people, now_us))
            _write_moves(conn, live, write, _moves_among(live, to_load, successor_of))
            forget_due(conn, [profile_id for profile_id in to_load if profile_id not in people])


def _settle_pieces(
    conn: Connection[Any], live: LiveAudiences, looks: Sequence[Look], now_us: int, write: _WriteMoves
) -> None:
    """Those of whom it need not be known who they are."""
    rest = iter(looks)
    while piece := list(islice(rest, PIECE)):
        _write(conn, piece, _answer(live, piece, None, now_us))
        _write_moves(conn, live, write, _moves(live, piece))


def _apart(live: LiveAudiences, looks: Iterable[Look], now_us: int) -> tuple[list[Look], list[Look]]:
    """Those of whom it need not be known who they are, and the others."""
    alike: list[Look] = []
    others: list[Look] = []
    for look in looks:
        (others if _is_record_needed(live, look, now_us) else alike).append(look)
    return alike, others


def _keep_touched(looks: list[Look], changed: Callable[[], Collection[int]] | None) -> list[Look]:
    """The same; those who are as they were aren't touched."""
    if changed is not None and (touched := [look for look in looks if look.is_touched]):
        another = changed()
        for look in touched:
            look.is_touched = look.standing.id in another
    return looks


def _inherit(paused: int, looks: Mapping[int, Look], successor_of: Mapping[int, int]) -> None:
    """Members of paused audiences stay, whoever they become."""
    for profile_id, look in looks.items():
        successor = looks.get(successor_of.get(profile_id, profile_id), look)
        if successor is not look:
            successor.inherited |= look.standing.members & paused


def _write_moves(
    conn: Connection[Any],
    live: LiveAudiences,
    write: _WriteMoves,
    moves: list[MembershipMove],
) -> None:
    write(moves)
    note_people(conn, live.companies, moves)


def _is_record_needed(live: LiveAudiences, look: Look, now_us: int) -> bool:
    """Whether it must be known who somebody is. Marks those as whole of whom nothing is known that still counts."""
    standing, answers = look.standing, live.evaluator.answers
    if not answers.may_be_in_any(standing.consents):
        return bool(standing.members or standing.due or look.inherited) and (look.is_whole or look.is_touched)
    if standing.bits is None or standing.layout != answers.layout or (standing.due or FOREVER) <= now_us:
        look.is_whole = True
    if look.is_whole or look.is_touched:
        return True
    on_record = answers.on_record
    return bool(on_record) and any(not on_record.isdisjoint(one.numbers) for _, one in look.events)


def _answer(
    live: LiveAudiences, piece: Iterable[Look], people: Mapping[int, Person] | None, now_us: int
) -> dict[int, int]:
    """Brings everybody's standing up to date; returns when to look at some of them again. `people`: None where it need
    not be known who they are."""
    due: dict[int, int] = {}
    may_be_in_any = live.evaluator.answers.may_be_in_any
    for look in piece:
        standing = look.standing
        # whoever comes every day may not be swept for long
        if look.cause is Cause.TIME or (look.events and len(standing.doc) > ROOMY_BYTES):
            _forget_old(live, standing, now_us)
        counted, news = fold_events(look) if look.events else ((), _no_news)
        person = None if people is None else people.get(standing.id)
        is_gone = person is None and people is not None  # no more, or nobody's
        if is_gone or not may_be_in_any(standing.consents):
            _be_in(look, 0 if is_gone else (standing.members | look.inherited) & live.paused, None, b"")
            if standing.due is not None or (is_gone and standing.consents):
                standing.due, standing.is_changed = None, True
                standing.consents = "" if is_gone else standing.consents
        else:
            until = _ask(live, look, counted, news, person, now_us)
            if until < FOREVER:  # an earlier date stays
                until = max(until, now_us + SOON_US)
                if standing.due is None or until < standing.due:
                    standing.due, standing.is_changed = until, True
                    due[standing.id] = until
        if standing.is_changed:
            standing.pack()
    return due


def _ask(
    live: LiveAudiences,
    look: Look,
    counted: Collection[int],
    news: Mapping[int, News],
    person: Person | None,
    now_us: int,
) -> int:
    """Which audiences somebody is in now; until when that is sure. Only those are asked of which a condition changed,
    unless anything may have. `counted`, `news`: as `fold_events` has them."""
    standing, answers = look.standing, live.evaluator.answers
    states = list(standing.fragments.values())
    if person is not None:
        person.states = states
        person.consents = msgspec.json.decode(standing.consents)
    if look.is_whole and person is not None:
        bits, until = answers.look(person, now_us)
        if standing.due is not None and standing.due <= now_us:
            standing.due, standing.is_changed = None, True  # it is over; the sweep finds them once more
        now_in = (standing.members | look.inherited) & live.paused | answers.audiences_of(bits)
    else:
        bits, until = standing.bits or 0, FOREVER if standing.due is None else standing.due
        if person is not None:
            bits, sure_until = answers.of_record(bits, person, now_us)
            until = min(until, sure_until)
        bits, until = answers.follow(bits, counted, states, news, now_us, until)
        if bits == standing.bits:
            return until
        now_in = answers.moved_by(bits ^ (standing.bits or 0), bits, standing.members)
    _be_in(look, now_in, bits, answers.layout)
    return until


def _be_in(look: Look, members: int, bits: int | None, layout: bytes) -> None:
    standing = look.standing
    if members != standing.members:
        look.before, standing.members, standing.is_changed = standing.members, members, True
    if bits != standing.bits or layout != standing.layout:
        standing.bits, standing.layout, standing.is_changed = bits, layout, True


def _forget_old(live: LiveAudiences, standing: Standing, now_us: int) -> None:
    """What no rule can ask for any more of somebody."""
    standing.fragments = {
        h: kept for h, state in standing.fragments.items() if (kept := without_old(live.metrics, state, now_us))
    }


def fold_events(look: Look) -> tuple[Collection[int], dict[int, News]]:
    """The events into what their fragments' say: the metrics that they counted for, and of moments what came."""
    standing = look.standing
    fragments = standing.fragments
    everything: set[int] = set()
    news: dict[int, News] = {}
    for h, counted in look.events:
        event = counted.event
        counted.add_to(fragments.setdefault(h, {}))
        everything.update(counted.numbers)
        for number, bits in counted.bits.items():
            if number not in news:
                news[number] = News()
            news[number].add(event.ts, bits, is_latest(fragments.values(), number, event.ts))
        if look.event is None or (event.ts, event.id) > look.event:
            look.event = (event.ts, event.id)
    standing.is_changed = standing.is_changed or bool(look.events)
    return everything, news


def _write(conn: Connection[Any], piece: Iterable[Look], due: dict[int, int]) -> None:
    write_standings(conn, [look.standing for look in piece if look.standing.is_changed])
    write_members(conn, {look.standing.id: look.standing.members for look in piece if look.before is not None})
    write_due(conn, due)


def _moves(live: LiveAudiences, looks: Iterable[Look]) -> list[MembershipMove]:
    """Who entered and who left."""
    moves: list[MembershipMove] = []
    for look in looks:
        before = look.before
        if before is not None:
            members = look.standing.members
            moves += _moves_of(live, look, members & ~before, before & ~members)
    return moves


def _moves_among(
    live: LiveAudiences, looks: Mapping[int, Look], successor_of: Mapping[int, int]
) -> list[MembershipMove]:
    """The same where some are the same person as others now, and take what they are in along."""
    moves: list[MembershipMove] = []
    gone: list[MembershipMove] = []
    moved: dict[int, int] = {}  # profile → the audiences that came with others
    left: dict[int, int] = {}
    for profile_id, look in looks.items():
        left[profile_id] = of_it = 0 if look.before is None else look.before & ~look.standing.members
        successor = looks.get(successor_of.get(profile_id, profile_id), look)
        if successor is not look and of_it:
            now_in, to = successor.standing.members, successor.standing.id
            was_in = now_in if successor.before is None else successor.before
            away = of_it & now_in
            here = away & ~was_in & ~moved.get(to, 0)
            moved[to] = moved.get(to, 0) | here
            moves += _moves_of(live, successor, here, kinds=_MOVED, other=profile_id)
            gone += _moves_of(live, look, 0, away, kinds=_MOVED, other=to)
            left[profile_id] = of_it & ~now_in
    for profile_id, look in looks.items():
        if look.before is not None:
            come = look.standing.members & ~look.before & ~moved.get(profile_id, 0)
            moves += _moves_of(live, look, come, left[profile_id])
    return moves + gone


def _moves_of(
    live: LiveAudiences,
    look: Look,
    come: int,
    gone: int = 0,
    *,
    kinds: tuple[int, int] = _ENTERED_OR_LEFT,
    other: int | None = None,
) -> list[MembershipMove]:
    """One; or one for each cause, where some of the audiences were removed, or their rules are new. No audience: none.
    `come`, `gone`: audiences by bits of their numbers; `kinds`: of the former, of the latter."""
    audiences = numbers_in(come)
    n_come = len(audiences)
    audiences += numbers_in(gone)
    if not audiences:
        return []
    id, cause, event = look.standing.id, look.cause, look.event[1] if look.event is not None else None
    of_each = [kinds[0]] * n_come + [kinds[1]] * (len(audiences) - n_come)
    version_of = live.versions.get
    versions = [version_of(audience, 0) for audience in audiences]
    if 0 not in versions and (cause is not Cause.TIME or not live.changing):
        return [(id, int(cause), event, other, audiences, of_each, versions)]
    parts: dict[Cause, tuple[list[int], list[int], list[int]]] = {}
    for audience, kind, version in zip(audiences, of_each, versions, strict=True):
        part = parts.setdefault(_cause_of(live, cause, audience), ([], [], []))
        part[0].append(audience)
        part[1].append(kind)
        part[2].append(version)
    return [(id, int(one), event, other, *part) for one, part in parts.items()]


def _cause_of(live: LiveAudiences, cause: Cause, audience: int) -> Cause:
    if audience not in live.versions and not live.paused >> audience & 1:
        return Cause.REMOVED
    return Cause.RULE if cause is Cause.TIME and audience in live.changing else cause
