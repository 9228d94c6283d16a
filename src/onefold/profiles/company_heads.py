"""Which companies are one: an event of Onefold's own source says into which company another was merged.

What was said of each stays with it, so that a merge is undone by another event; who reads a company reads all that lead
to it.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection

from onefold.events.api import INTERNAL_SOURCE
from onefold.infra.arrays import bigints, texts
from onefold.infra.postgres import load_queries
from onefold.kernel.hashing import company_hash
from onefold.profiles.fold import Claim, Claims, current_values, unpack

QUERIES = load_queries("onefold.profiles", "company_heads.sql")
MERGED_INTO: Final = "merged_into"
"""The trait that names the company which another is: `{"company": "space:key", "decision": message id}`. It counts if
Onefold's own source says so."""
APART: Final = "apart_from_"
"""How traits begin that say of which other companies (by hash) an editor said that they aren't this one."""
_APART: Final = re.compile(APART + r"-?\d{1,19}")
MAX_COMPANY_NAME: Final = 500


class Head(NamedTuple):
    """What of a company's row depends on what it is merged with. `head`: where it leads, unless to itself; `traits`:
    JSON; `apart`: hashes of companies that an editor said to be others, in order."""

    h: int
    head: int | None
    name: str
    traits: str
    apart: list[int]


def is_decision(trait: str) -> bool:
    """Whether it says which companies are one, and nothing of the company."""
    return trait == MERGED_INTO or trait.startswith(APART)


def merged_into(claims: Claims) -> int | None:
    """The hash of the company that this one was merged into."""
    decided = decision_in(claims, MERGED_INTO)
    said = decided.value.get("company") if decided else None
    if not isinstance(said, str) or ":" not in said:
        return None
    return company_hash(*said.partition(":")[::2])


def decision_in(claims: Claims, trait: str) -> Claim | None:
    """What Onefold's own source said of a decision, whose value is an object then; None: nothing, or nothing any more.

    `decision`: the message id by which it was decided.
    """
    said = claims.get(trait, {}).get(INTERNAL_SOURCE)
    return said if said is not None and isinstance(said.value, dict) else None


def apart_from(documents: Iterable[Claims]) -> list[int]:
    """The hashes of companies that an editor said not to be the one that these documents are about, in order."""
    return sorted(
        {
            int(trait.removeprefix(APART))
            for claims in documents
            for trait in claims
            if _APART.fullmatch(trait) and decision_in(claims, trait)
        }
    )


def heads_of(into: Mapping[int, int | None]) -> dict[int, int]:
    """Where each of these companies leads: from merge to merge, as long as the next is there. In a circle, which two
    editors can make at once, the smallest hash is the head."""
    heads: dict[int, int] = {}
    for start in into:
        path: dict[int, None] = {}
        at = start
        while at not in heads and at not in path:
            path[at] = None
            following = into[at]
            if following is None or following not in into:
                heads[at] = at
            else:
                at = following
        if at not in heads:
            way = list(path)
            circle = way[way.index(at) :]
            heads |= dict.fromkeys(circle, min(circle))
        heads |= dict.fromkeys((one for one in path if one not in heads), heads[at])
    return heads


def values_of(documents: Iterable[Claims], priorities: Mapping[int, int]) -> dict[str, Any]:
    """The traits of a company that these documents, its own and those of all that lead to it, are about."""
    values = current_values(documents, priorities)
    return {name: value for name, value in values.items() if not is_decision(name)}


def name_in(values: Mapping[str, Any]) -> str:
    """What a company with these traits is called; empty = nothing said so."""
    name = values.get("name")
    return name[:MAX_COMPANY_NAME] if isinstance(name, str) else ""


def array_text(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL reads it: arrays of arrays can't be unnested."""
    return f"{{{','.join(map(str, numbers))}}}"


def related(conn: Connection[Any], companies: Sequence[int]) -> set[int]:
    """Those of these that were merged into another, or that another was; and the ones that they were merged into."""
    rows = conn.execute(QUERIES["related"], {"hashes": bigints(companies)}, binary=True)
    return {h for row in rows for h in row if h is not None}


def settle(conn: Connection[Any], companies: Iterable[int], priorities: Mapping[int, int]) -> set[int]:
    """Write where all that these companies are merged with lead, and what is known of them together; the people
    (profile ids) who are in another company by that.

    Cost: a document for each of them; the memberships of those that lead elsewhere now.
    """
    seeds = sorted(set(companies))
    if not seeds:
        return set()
    rows = conn.execute(QUERIES["families"], {"hashes": bigints(seeds)}, binary=True).fetchall()
    claims = {h: unpack(doc) for h, _into, doc, _head in rows}
    heads = heads_of({h: into for h, into, _doc, _head in rows})
    members: dict[int, list[Claims]] = {}
    for h, head in heads.items():
        members.setdefault(head, []).append(claims[h])
    settled = []
    for h, head in heads.items():
        documents = members.get(h, [claims[h]])
        settled.append(head_row(h, None if head == h else head, documents, priorities))
    write_heads(conn, settled)
    leads = {one.h: one.head for one in settled}
    moved = [h for h, _into, _doc, before in rows if before != leads[h]]
    if not moved:
        return set()
    found = conn.execute(QUERIES["move_people"], {"companies": bigints(moved)}, binary=True).fetchall()
    return {profile for (profile,) in found}


def head_row(h: int, head: int | None, documents: Collection[Claims], priorities: Mapping[int, int]) -> Head:
    """Of a company that these documents are about, its own first."""
    values = values_of(documents, priorities)
    return Head(h, head, name_in(values), msgspec.json.encode(values).decode(), apart_from(documents))


def write_heads(conn: Connection[Any], rows: Sequence[Head]) -> None:
    """Of companies that are there."""
    if rows:
        columns = {
            "h": bigints([row.h for row in rows]),
            "head": bigints([row.head for row in rows]),
            "name": texts([row.name for row in rows]),
            "traits": texts([row.traits for row in rows]),
            "apart": texts([array_text(row.apart) for row in rows]),
        }
        conn.execute(QUERIES["write_heads"], columns)
