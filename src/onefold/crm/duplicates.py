"""People who may be one: found by what they share (`duplicate_keys.py`), seconds behind the processor."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from onefold.crm.duplicate_keys import Known, Sign, keys_of
from onefold.crm.following import Step, next_step, take_turn
from onefold.crm.pairing import FIRST_PLACE, PAGE_SIZE, Key, Pairing, Place
from onefold.infra.logs import get_logger
from onefold.infra.postgres import load_queries
from onefold.profiles.api import Names, Person, names_in_force, people_at

_IS_NOT_APART: Final = """not exists (
    select from node na
    join node ma on ma.comp = na.comp and ma.prof = na.prof
    cross join lateral (
        select distinct on (r.a, r.b) case when r.a = ma.h then r.b else r.a end as other, r.kind
        from link_rule r where (r.a = ma.h or r.b = ma.h) and r.a <> r.b
        order by r.a, r.b, r.ts desc, r.event desc
    ) said
    join node mb on mb.h = said.other and mb.prof = d.b
    where na.h = d.a and said.kind = 1
)"""
"""Nobody said of the pair `d` that they are two. Costs look-ups for each identifier of the first."""
QUERIES: Final = {
    name: text.replace("{is_not_apart}", _IS_NOT_APART)
    for name, text in load_queries("onefold.crm", "duplicates.sql").items()
}
FOLLOWER: Final = "duplicates"
_MAX_STEPS: Final = 50
_PEOPLE: Final = Pairing(keys="duplicate_key", pairs="duplicate_pair", id_column="person")

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two people who may be one, and what they share."""

    a: Person
    b: Person
    signs: tuple[Sign, ...]
    place: Place

    def other(self, person: int) -> Person:
        """Whom somebody may be."""
        return self.b if self.a.id == person else self.a


def find_duplicates(conn: Connection[Any]) -> int:
    """Looks at everybody of whom events came since, and at who is yet to be looked at; at how many that was.

    Up to _MAX_STEPS steps, each a transaction. Safe to repeat, to kill, and to run twice at once.
    """
    looked_at = 0
    names = names_in_force(conn)
    for _step in range(_MAX_STEPS):
        with conn.transaction():
            step = next_step(conn, FOLLOWER)
            if step is None:
                break
            looked_at += len(step.people)
            _look_at(conn, names, _with_gone(conn, step))
    if looked_at:
        log.debug("people_compared", count=looked_at)
    return looked_at


def look_at(conn: Connection[Any], people: Collection[int]) -> None:
    """Looks at these people (profile ids, also of profiles that were) now."""
    with conn.transaction():
        take_turn(conn, FOLLOWER)
        _look_at(conn, names_in_force(conn), people)


def pairs(conn: Connection[Any], after: Place | None = None) -> tuple[list[Pair], bool]:
    """A page of people who may be one, the likeliest first, and whether there are more."""
    kinds, a, b = after or FIRST_PLACE
    asked = {"kinds": kinds, "a": a, "b": b, "limit": PAGE_SIZE + 1}
    rows = conn.execute(QUERIES["pairs"], asked).fetchall()
    return _pairs(conn, rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE


def pairs_of(conn: Connection[Any], person: int, most: int = 3) -> list[Pair]:
    """Whom somebody (profile id) may be, the likeliest first."""
    return _pairs(conn, conn.execute(QUERIES["pairs_of"], {"person": person, "limit": most}).fetchall())


def signs_of(conn: Connection[Any], a: int, b: int) -> tuple[Sign, ...]:
    """What two people (profile ids) share now."""
    return _signs(_PEOPLE.shared(conn, a, b))


def _pairs(conn: Connection[Any], rows: Collection[tuple[int, int, int]]) -> list[Pair]:
    people = people_at(conn, sorted({number for a, b, _kinds in rows for number in (a, b)}))
    return [
        Pair(a=people[a], b=people[b], signs=_signs(kinds), place=(kinds, a, b))
        for a, b, kinds in rows
        if a in people and b in people
    ]


def _signs(kinds: int) -> tuple[Sign, ...]:
    return tuple(sign for sign in sorted(Sign, reverse=True) if kinds & sign)


def _with_gone(conn: Connection[Any], step: Step) -> list[int]:
    """Also who has signs, and no profile any more."""
    if step.span is None:
        return step.people
    after, until = step.span
    gone = conn.execute(QUERIES["next_gone"], {"after": after, "until": until})
    return step.people + [number for (number,) in gone]


def _look_at(conn: Connection[Any], names: Names, people: Collection[int]) -> None:
    """Brings the signs of these people up to date, and the pairs of whoever shares what changed; cheap if nothing."""
    now: dict[int, set[Key]] = {}
    for row in conn.execute(QUERIES["known"], {"people": list(people)}):
        now[row[0]] = set(keys_of(names, Known(*row)))
    _PEOPLE.bring_up(conn, people, now)
