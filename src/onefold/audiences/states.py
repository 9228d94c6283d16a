"""What is kept by profile so that the stream can say which audiences somebody is in: rows in, rows out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

import msgspec
from psycopg import Connection

from onefold.audiences.asked import Person
from onefold.audiences.folding import State
from onefold.filters.api import PeopleIn
from onefold.infra.arrays import bigints, byteas, instants, integers, texts
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.audiences", "stream.sql")
COMPANIES: Final = load_queries("onefold.audiences", "company_stream.sql")
_doc_encoder: Final = msgspec.msgpack.Encoder()
_doc_decoder: Final = msgspec.msgpack.Decoder(dict[int, State])
_numbers_decoder: Final = msgspec.msgpack.Decoder(frozenset[int])


@dataclass
class Standing:
    """A profile: what its fragments' events say, what it allows, and which audiences it was last found in.

    `due`: when to look again at the latest, in µs; None = never for time alone. `record`: hash of who they were when
    all audiences were asked last; None = they never were.
    """

    id: int
    fragments: dict[int, State] = field(default_factory=dict)
    consents: str = ""  # JSON object, "" = said nothing
    audiences: frozenset[int] = frozenset()
    due: int | None = None
    record: int | None = None
    is_changed: bool = False


def load_standings(conn: Connection[Any], ids: Collection[int]) -> dict[int, Standing]:
    """Of all of them; a new one is empty. Cost: 5 µs a profile, and 2 to 10 for its document."""
    found = {profile_id: Standing(profile_id) for profile_id in ids}
    for profile_id, doc, consents, audiences, due, record in conn.execute(
        QUERIES["load_states"], {"ids": bigints(list(ids))}, binary=True
    ):
        found[profile_id] = Standing(
            profile_id,
            _doc_decoder.decode(doc) if doc else {},
            consents or "",
            _numbers_decoder.decode(audiences) if audiences else frozenset(),
            due,
            record,
        )
    return found


def write_standings(conn: Connection[Any], standings: Sequence[Standing]) -> None:
    """Whole rows; those of which nothing is known are deleted."""
    empty = [one.id for one in standings if not (one.fragments or one.consents or one.audiences or one.due)]
    if empty:
        conn.execute(QUERIES["delete_states"], {"ids": bigints(empty)})
    rows = [one for one in standings if one.fragments or one.consents or one.audiences or one.due]
    if rows:
        columns = {
            "id": bigints([one.id for one in rows]),
            "doc": byteas([_doc_encoder.encode(one.fragments) if one.fragments else b"" for one in rows]),
            "consents": texts([one.consents for one in rows]),
            "audiences": byteas([_doc_encoder.encode(sorted(one.audiences)) if one.audiences else b"" for one in rows]),
            "due": bigints([one.due for one in rows]),
            "record": bigints([one.record for one in rows]),
        }
        conn.execute(QUERIES["write_states"], columns)


def write_due(conn: Connection[Any], due: dict[int, int]) -> None:
    """Profile → µs; where an earlier time stands, that stays."""
    if due:
        ids = sorted(due)
        conn.execute(QUERIES["write_due"], {"id": bigints(ids), "due_at": instants([due[one] for one in ids])})


def record_of(person: Person, *, with_times: bool) -> int:
    """A hash of what rules may ask of who somebody is. `with_times`: also of when they and their company were seen."""
    columns, company = person.columns, person.company_columns or {}
    said: list[Any] = [columns["name"], columns["email"], columns["phone"], columns["known"], person.traits_json]
    said += [company.get("key"), company.get("name"), person.company_json, sorted(person.lists)]
    if with_times:
        said += [columns["first_seen"], columns["last_seen"], company.get("first_seen"), company.get("last_seen")]
    digest = blake2b(_doc_encoder.encode(said), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def load_people(conn: Connection[Any], ids: Collection[int], *, with_lists: bool) -> dict[int, Person]:
    """Those who are somebody, without their standing. Cost: 6 µs each."""
    people = {}
    for row in conn.execute(QUERIES["load_people"], {"ids": bigints(list(ids))}, binary=True):
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
    if with_lists:
        on: dict[int, set[int]] = {}
        for profile_id, number in conn.execute(QUERIES["load_lists"], {"ids": bigints(list(people))}, binary=True):
            on.setdefault(profile_id, set()).add(number)
        for profile_id, lists in on.items():
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
