"""What is kept by profile so that the stream can say which audiences somebody is in: rows in, rows out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec
from psycopg import Connection, Cursor

from onefold.audiences.answers import LAYOUT_BYTES
from onefold.audiences.asked import Person
from onefold.audiences.folding import State
from onefold.audiences.metrics import Stored
from onefold.filters.api import PeopleIn
from onefold.infra.arrays import bigints, byteas, instants, integers, texts
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.audiences", "stream.sql")
SOON_US: Final = 1_000_000
"""Nobody, and no company, is looked at again sooner for time alone."""
LOOK_NOW: Final = "audiences"
"""What a notification of `onefold_log` says when somebody is to be looked at, or what is kept of events is more."""
COMPANIES: Final = load_queries("onefold.audiences", "company_stream.sql")
CHANGES: Final = load_queries("onefold.audiences", "actions.sql")
_doc_encoder: Final = msgspec.msgpack.Encoder()
_doc_decoder: Final = msgspec.msgpack.Decoder(dict[int, dict[int, list[int] | dict[int, Any]]])


@dataclass(slots=True)
class Standing:
    """A profile: what its fragments' events say, what it allows, and which audiences it was last found in.

    `members`: the audiences, by bits of their numbers. `due`: when to look again at the latest, in µs; None = never for
    time alone. `bits`: which conditions hold, as `answers.py` counts them in a `layout`; None = not known.
    """

    id: int
    doc: bytes = b""
    consents: str = ""  # JSON object, "" = said nothing
    members: int = 0
    due: int | None = None
    layout: bytes = b""
    bits: int | None = None
    is_changed: bool = False
    _fragments: dict[int, State] | None = None

    @property
    def fragments(self) -> dict[int, State]:
        """What each fragment's events say. Read when it is asked for: near what is done with it, a third faster."""
        if self._fragments is None:
            self._fragments = _doc_decoder.decode(self.doc) if self.doc else {}
        return self._fragments

    @fragments.setter
    def fragments(self, fragments: dict[int, State]) -> None:
        self._fragments = fragments

    def pack(self) -> None:
        """What it holds into `doc`; the rest is let go, which costs least while it is at hand."""
        if self._fragments is not None:
            self.doc = _doc_encoder.encode(self._fragments) if self._fragments else b""
            self._fragments = None


def load_stored(conn: Connection[Any]) -> Stored:
    """What is kept of events, as of now."""
    return Stored((number, key, is_complete) for number, key, is_complete, _ in conn.execute(QUERIES["metrics"]))


def ask_standings(conn: Connection[Any], ids: Collection[int]) -> Cursor[Any]:
    """The question for `load_standings`: in a pipeline the server works on it, and on what is sent later, meanwhile."""
    return conn.execute(QUERIES["load_states"], {"ids": bigints(list(ids))}, binary=True)


def load_standings(conn: Connection[Any], ids: Collection[int]) -> dict[int, Standing]:
    """Of all of them; a new one is empty. Cost: 5 µs a profile, and 2 to 10 for its document."""
    return read_standings(ids, ask_standings(conn, ids))


def read_standings(ids: Collection[int], asked: Iterable[Any]) -> dict[int, Standing]:
    """As `load_standings`, of what was asked for; of others none."""
    found = {}
    for profile_id, doc, consents, members, due, answers in asked:
        if profile_id in ids:
            found[profile_id] = Standing(
                profile_id,
                doc or b"",
                consents or "",
                int.from_bytes(members, "little") if members else 0,
                due,
                answers[:LAYOUT_BYTES] if answers else b"",
                int.from_bytes(answers[LAYOUT_BYTES:]) if answers else None,
            )
    if len(found) < len(ids):
        found.update((one, Standing(one)) for one in ids if one not in found)
    return found


def write_standings(conn: Connection[Any], standings: Sequence[Standing]) -> None:
    """Whole rows; those of which nothing is known are deleted."""
    rows, empty = [], []
    for one in standings:
        one.pack()
        if one.doc or one.consents or one.members or one.due:
            rows.append(one)
        else:
            empty.append(one.id)
    if empty:
        conn.execute(QUERIES["delete_states"], {"ids": bigints(empty)})
    if rows:
        columns = {
            "id": bigints([one.id for one in rows]),
            "doc": byteas([one.doc for one in rows]),
            "consents": texts([one.consents for one in rows]),
            "due": bigints([one.due for one in rows]),
            "answers": byteas([b"" if one.bits is None else one.layout + _bytes_of(one.bits, "big") for one in rows]),
        }
        conn.execute(QUERIES["write_states"], columns)


def write_members(conn: Connection[Any], members: Mapping[int, int]) -> None:
    """Profile, or a company's hash → the audiences that it is in now, by bits of their numbers."""
    if out := [one for one, audiences in members.items() if not audiences]:
        conn.execute(QUERIES["delete_members"], {"profiles": bigints(out)})
    if inside := {one: audiences for one, audiences in members.items() if audiences}:
        columns = {
            "profile": bigints(list(inside)),
            "audiences": byteas([_bytes_of(audiences, "little") for audiences in inside.values()]),
        }
        conn.execute(QUERIES["write_members"], columns)


def tell_filling(conn: Connection[Any]) -> None:
    """Whoever fills audiences may go on: when this transaction commits."""
    conn.execute(QUERIES["tell_filling"])


def write_due(conn: Connection[Any], due: dict[int, int]) -> None:
    """Profile → µs; where an earlier time stands, that stays."""
    if due:
        ids = sorted(due)
        conn.execute(QUERIES["write_due"], {"id": bigints(ids), "due_at": instants([due[one] for one in ids])})


def forget_due(conn: Connection[Any], ids: Collection[int]) -> None:
    """These are nobody any more."""
    if ids:
        conn.execute(QUERIES["forget_due"], {"ids": bigints(list(ids))})


def look_at(
    conn: Connection[Any],
    *,
    profiles: Collection[int] = (),
    fragments: Collection[int] = (),
    members: Collection[int] = (),
    people: Collection[int] = (),
    at: datetime | None = None,
) -> None:
    """Ask the processor to look at these people, at whose fragments are, at members of audiences, at companies' people:
    something changed that no event tells. `at`: not before; None = now. Safe to repeat."""
    asked = {"profiles": profiles, "fragments": fragments, "members": members, "people": people}
    for whom, ids in asked.items():
        if ids:
            query = QUERIES["look_at"].format(whom=QUERIES[whom])
            conn.execute(query, {"ids": bigints(list(ids)), "at": at})


def look_at_moved(conn: Connection[Any], profiles: Collection[int]) -> None:
    """These people are in another company, which is told by no event of theirs: audiences and the lake look at them."""
    if profiles:
        look_at(conn, profiles=profiles)
        conn.execute(QUERIES["tell_lake"], {"ids": bigints(list(profiles))})


def wake_processor(conn: Connection[Any]) -> None:
    """When this transaction commits: somebody is to be looked at, metrics are new, or what was staged is all there."""
    conn.execute(QUERIES["wake_processor"], {"what": LOOK_NOW})


def _bytes_of(number: int, order: Literal["little", "big"]) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, order)


def bits_of(numbers: Iterable[int]) -> int:
    """Of different numbers a bit each: how audiences stand in `member_of`, and here."""
    return sum(1 << number for number in numbers)


@lru_cache(4_096)
def numbers_in(members: int) -> tuple[int, ...]:
    """Of bits by number the numbers, from the least. People enter and leave the same few sets of audiences."""
    numbers = []
    while members:
        low = members & -members
        numbers.append(low.bit_length() - 1)
        members ^= low
    return tuple(numbers)


def ask_people(
    conn: Connection[Any], ids: Collection[int], *, with_lists: bool
) -> tuple[Cursor[Any], Cursor[Any] | None]:
    """The questions for `load_people`: in a pipeline the server works on them, and on what is sent later, meanwhile."""
    parameters = {"ids": bigints(list(ids))}
    people = conn.execute(QUERIES["load_people"], parameters, binary=True)
    return people, conn.execute(QUERIES["load_lists"], parameters, binary=True) if with_lists else None


def load_people(conn: Connection[Any], ids: Collection[int], *, with_lists: bool) -> dict[int, Person]:
    """Those who are somebody, without their standing. Cost: 6 µs each."""
    return read_people(*ask_people(conn, ids, with_lists=with_lists))


def read_people(asked: Cursor[Any], asked_lists: Cursor[Any] | None) -> dict[int, Person]:
    """As `load_people`, of what was asked for."""
    people = {}
    for row in asked:
        profile_id, name, email, phone, is_known, first, last, traits, *company = row
        people[profile_id] = Person(
            id=profile_id,
            columns={
                "name": name or None, "email": email or None, "phone": phone or None, "known": is_known,
                "first_seen": first, "last_seen": last,
            },
            traits_json=traits,
            company_columns=None if company[1] is None else {
                "name": company[0] or None, "key": company[1] or None, "first_seen": company[2],
                "last_seen": company[3],
            },
            company_json=company[4] or "{}",
        )  # fmt: skip
    on: dict[int, set[int]] = {}
    for profile_id, number in asked_lists or ():
        on.setdefault(profile_id, set()).add(number)
    for profile_id, lists in on.items():
        if profile_id in people:
            people[profile_id].lists = lists
    return people


def load_counts(conn: Connection[Any], people: Mapping[int, Person], counts: Collection[PeopleIn]) -> None:
    """How many of their companies' people are in the audiences that rules count. Costs nothing where none does."""
    if people and (audiences := sorted({one.audience for one in counts})):
        parameters = {"ids": bigints(list(people)), "audiences": integers(audiences)}
        of: dict[int, dict[int, int]] = {}
        for profile_id, audience, n in conn.execute(COMPANIES["counts_of_people"], parameters, binary=True):
            of.setdefault(profile_id, {})[audience] = n
        for profile_id, found in of.items():
            people[profile_id].company_counts = found
