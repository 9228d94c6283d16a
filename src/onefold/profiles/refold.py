"""Refold the profiles and companies that a batch touched, and write them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from psycopg import Connection, Cursor

from onefold.identity.api import IdentityConfig, Node, load_docs
from onefold.infra.arrays import bigints, booleans, byteas, instants, texts
from onefold.infra.postgres import load_queries
from onefold.kernel.instants import micros_of
from onefold.profiles.company_heads import array_text, head_row, merged_into, related, settle
from onefold.profiles.fold import Claims, add_claims, pack, unpack
from onefold.profiles.golden import Golden, Membership, golden_record, is_nobody

QUERIES = load_queries("onefold.profiles", "refold.sql")


@dataclass
class CompanyFacts:
    """What a batch says of one company; times in µs."""

    space: str
    key: str
    n: int = 0
    first_ts: int = 0
    last_ts: int = 0
    claims: list[tuple[dict[str, Any], int, tuple[int, int, bytes]]] = field(default_factory=list)
    members: dict[int, tuple[int, int]] = field(default_factory=dict)  # fragment (its own, too) → first, last

    def add(self, fragment: int, ts: int, traits: dict[str, Any], source_id: int, at: tuple[int, int, bytes]) -> None:
        self.count(fragment, 1, ts, ts)
        if traits:
            self.claims.append((traits, source_id, at))

    def count(self, fragment: int, n: int, first_ts: int, last_ts: int) -> None:
        """That `n` events of a fragment named it."""
        self.first_ts = min(self.first_ts, first_ts) if self.n else first_ts
        self.last_ts = max(self.last_ts, last_ts)
        self.n += n
        first, last = self.members.get(fragment, (first_ts, last_ts))
        self.members[fragment] = (min(first, first_ts), max(last, last_ts))


class Refolded(NamedTuple):
    """What became of profiles: the question for the ids of those that say something else now, and those that went."""

    changed: Cursor[Any] | None = None
    gone: Collection[int] = ()

    def ids(self) -> set[int]:
        """Of both; asks the server, once."""
        return {*self.gone, *(row[0] for row in self.changed or ())}


def refold_profiles(
    conn: Connection[Any],
    touched: Collection[int],
    nodes: Mapping[int, Node],
    claims: Mapping[int, Claims],
    priorities: Mapping[int, int],
    config: IdentityConfig,
) -> Refolded:
    """Fold the `touched` profiles anew and write them; ids without members are removed.

    `nodes` holds every member of them; `claims` the folded documents that are in memory, the others are loaded.
    """
    if not touched:
        return Refolded()
    members: dict[int, list[Node]] = {profile_id: [] for profile_id in touched}
    for node in nodes.values():
        if node.prof in members:
            members[node.prof].append(node)
    people = {profile_id: group for profile_id, group in members.items() if group and not is_nobody(group, config)}
    fragments = [node.h for group in people.values() for node in group]
    missing = [h for h in fragments if h not in claims and nodes[h].has_doc]
    loaded = {h: unpack(doc) for h, doc in load_docs(conn, missing).items()}
    companies = _companies_of(conn, fragments)
    rows = [
        golden_record(
            profile_id,
            group,
            [found for node in group if (found := claims.get(node.h) or loaded.get(node.h))],
            [membership for node in group for membership in companies.get(node.h, ())],
            priorities,
            config,
        )
        for profile_id, group in people.items()
    ]
    gone = [profile_id for profile_id in members if profile_id not in people]
    delete_profiles(conn, gone)
    return Refolded(write_profiles(conn, rows), gone)


def delete_profiles(conn: Connection[Any], ids: Sequence[int]) -> None:
    """Ids that no cluster has any more."""
    if ids:
        conn.execute(QUERIES["delete_profiles"], {"ids": bigints(ids)})
        conn.execute(QUERIES["delete_search"], {"ids": bigints(ids)})
        conn.execute(QUERIES["delete_traits"], {"ids": bigints(ids)})


def write_profiles(conn: Connection[Any], rows: Collection[Golden]) -> Cursor[Any] | None:
    """Returns the ids of those that said something else before, or weren't there: once they are asked for."""
    changed = None
    if rows:
        columns = {
            "id": bigints([row.id for row in rows]),
            "name": texts([row.name for row in rows]),
            "email": texts([row.email for row in rows]),
            "phone": texts([row.phone for row in rows]),
            "company": bigints([row.company for row in rows]),
            "traits": texts([row.traits for row in rows]),
            "is_known": booleans([row.is_known for row in rows]),
            "first_seen": instants([row.first_seen for row in rows]),
            "last_seen": instants([row.last_seen for row in rows]),
        }
        changed = conn.execute(QUERIES["write_profiles"], columns)
        found_by = {name: columns[name] for name in ("id", "name", "email")}
        conn.execute(QUERIES["write_search"], {**found_by, "search": texts([row.search for row in rows])})
        conn.execute(QUERIES["write_traits"], {name: columns[name] for name in ("id", "traits")})
    return changed


def widen_seen(conn: Connection[Any], seen: Mapping[int, tuple[int, int]]) -> None:
    """Profile id → (first, last floored to the hour) in µs, of people of whom nothing else changed."""
    if seen:
        columns = {
            "id": bigints(list(seen)),
            "first_seen": instants([first for first, _ in seen.values()]),
            "last_seen": instants([last for _, last in seen.values()]),
        }
        conn.execute(QUERIES["widen_seen"], columns)


def _companies_of(conn: Connection[Any], fragments: list[int]) -> dict[int, list[Membership]]:
    found: dict[int, list[Membership]] = {}
    if fragments:
        rows = conn.execute(QUERIES["companies_of"], {"fragments": bigints(fragments)}, binary=True)
        for fragment, company, _, last_ts in rows:
            found.setdefault(fragment, []).append((last_ts, company))
    return found


def fold_companies(conn: Connection[Any], facts: Mapping[int, CompanyFacts], priorities: Mapping[int, int]) -> set[int]:
    """Add what a batch says to its companies and their members; the people who are in another company because it says
    which are one."""
    if not facts:
        return set()
    were_related = related(conn, list(facts))
    stored = {
        row[0]: row
        for row in conn.execute(QUERIES["load_companies"], {"hashes": bigints(sorted(facts))}, binary=True).fetchall()
    }
    rows = []
    for h, said in facts.items():
        _, doc, n, first_seen, last_seen = stored.get(h, (h, None, 0, None, None))
        first_ts = min(said.first_ts, micros_of(first_seen)) if first_seen else said.first_ts
        last_ts = max(said.last_ts, micros_of(last_seen)) if last_seen else said.last_ts
        rows.append(company_row(h, said, unpack(doc), (n + said.n, first_ts, last_ts), priorities))
    write_companies(conn, rows)
    write_members(conn, facts)
    return _settle(conn, rows, were_related, priorities)


def _settle(
    conn: Connection[Any], rows: Sequence["CompanyRow"], were_related: set[int], priorities: Mapping[int, int]
) -> set[int]:
    decided = {row.merged_into for row in rows if row.merged_into is not None}
    seeds = were_related | decided | {row.h for row in rows if row.merged_into is not None}
    return settle(conn, seeds, priorities)


class CompanyRow(NamedTuple):
    """A row of `company`; times in µs. `merged_into`: as it was decided of this one; `head`: where that leads, unless
    to itself; `apart`: companies that an editor said to be others."""

    h: int
    space: str
    key: str
    name: str
    traits: str  # JSON object, names sorted
    doc: bytes | None
    n: int
    first_ts: int
    last_ts: int
    merged_into: int | None = None
    head: int | None = None
    apart: Sequence[int] = ()


def company_row(
    h: int, said: CompanyFacts, claims: Claims, tally: tuple[int, int, int], priorities: Mapping[int, int]
) -> CompanyRow:
    """The row of a company by itself; its stored `claims` are extended by what was `said`. `tally`: n, first, last."""
    for traits, source_id, at in said.claims:
        add_claims(claims, traits, source_id, at)
    alone = head_row(h, None, [claims], priorities)
    doc = pack(claims) if claims else None
    return CompanyRow(
        h, said.space, said.key, alone.name, alone.traits, doc, *tally, merged_into(claims), None, alone.apart
    )


def write_companies(conn: Connection[Any], rows: list[CompanyRow]) -> None:
    """As they are by themselves; where they lead is `company_heads.settle`'s to write."""
    if rows:
        columns = {
            "h": bigints([row.h for row in rows]),
            "space": texts([row.space for row in rows]),
            "key": texts([row.key for row in rows]),
            "name": texts([row.name for row in rows]),
            "traits": texts([row.traits for row in rows]),
            "doc": byteas([row.doc for row in rows]),
            "n": bigints([row.n for row in rows]),
            "first_seen": instants([row.first_ts for row in rows]),
            "last_seen": instants([row.last_ts for row in rows]),
            "merged_into": bigints([row.merged_into for row in rows]),
            "apart": texts([array_text(row.apart) for row in rows]),
        }
        conn.execute(QUERIES["write_companies"], columns)


def write_members(conn: Connection[Any], facts: Mapping[int, CompanyFacts]) -> None:
    write_member_rows(
        conn, [(h, fragment, *times) for h, said in facts.items() for fragment, times in said.members.items()]
    )


def write_member_rows(conn: Connection[Any], members: Sequence[tuple[int, ...]]) -> None:
    """`members`: (company, fragment, first, last); times widen those that are there."""
    if members:
        names = ("company", "fragment", "first_ts", "last_ts")
        columns = {name: bigints(column) for name, column in zip(names, zip(*members, strict=True), strict=True)}
        conn.execute(QUERIES["write_members"], columns)


def replace_companies(
    conn: Connection[Any], facts: Mapping[int, CompanyFacts], priorities: Mapping[int, int]
) -> set[int]:
    """Make these companies and their members what `facts`, gathered from all their events, say; as `fold_companies`."""
    if not facts:
        return set()
    were_related = related(conn, list(facts))
    conn.execute(QUERIES["delete_members"], {"companies": bigints(list(facts))})
    standing = {h: said for h, said in facts.items() if said.n}
    rows = [company_row(h, said, {}, (said.n, said.first_ts, said.last_ts), priorities) for h, said in standing.items()]
    write_companies(conn, rows)
    write_members(conn, standing)
    delete_companies(conn, [h for h in facts if h not in standing])
    return _settle(conn, rows, were_related, priorities)


def delete_companies(conn: Connection[Any], hashes: Sequence[int]) -> None:
    if hashes:
        conn.execute(QUERIES["delete_companies"], {"hashes": bigints(hashes)})


def delete_members(conn: Connection[Any], members: Sequence[tuple[int, int]]) -> None:
    """`members`: (company, fragment)."""
    if members:
        columns = {"company": bigints([pair[0] for pair in members]), "fragment": bigints([p[1] for p in members])}
        conn.execute(QUERIES["delete_member_rows"], columns)


def companies_with(conn: Connection[Any], fragments: Collection[int]) -> dict[int, CompanyFacts]:
    """Companies in which one of these fragments was ever seen, still empty."""
    rows = conn.execute(QUERIES["companies_with"], {"fragments": bigints(list(fragments))}, binary=True)
    return {h: CompanyFacts(space, key) for h, space, key in rows}


def members_of(conn: Connection[Any], companies: Collection[int]) -> set[int]:
    """Fragments that were ever seen in one of these companies."""
    if not companies:
        return set()
    rows = conn.execute(QUERIES["members_of"], {"companies": bigints(list(companies))}, binary=True)
    return {row[0] for row in rows}
