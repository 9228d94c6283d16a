"""The world afresh from all accepted events, in bulk. `rebuild.py` compares it with what is stored.

DuckDB groups, joins and sorts, on disk where memory doesn't suffice; what is decided about a person, a fragment or a
cluster is decided by the code that the stream uses. Nothing here holds more than one component of the graph, one person
or one company in Python, but for companies that are merged.
"""

from collections.abc import Callable, Collection, Iterator
from itertools import chain, groupby
from operator import itemgetter
from typing import Final

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from onefold.events.api import INTERNAL_SOURCE
from onefold.identity.api import (
    MUTE,
    WEAKER,
    Edge,
    Flag,
    Node,
    Pair,
    RuleKind,
    Vertex,
    degree_flags,
    effective_rules,
    solve,
)
from onefold.infra.postgres import load_queries
from onefold.privacy.api import CONSENT_KEY_WIDTH, Said
from onefold.profiles.api import (
    MERGED_INTO,
    Claims,
    CompanyFacts,
    Head,
    add_claims,
    company_row,
    golden_record,
    head_row,
    heads_of,
    is_nobody,
    merged_into,
    pack,
    unpack,
)
from onefold.programs.processor.bulk import Row, insert, read
from onefold.programs.processor.components import components
from onefold.programs.processor.context import Context
from onefold.programs.processor.facts import Facts

QUERIES: Final = load_queries("onefold.programs.processor", "world.sql")
_first = itemgetter(0)


class World:
    """Everything that follows from the accepted events, in tables of DuckDB."""

    def __init__(self, memory: duckdb.DuckDBPyConnection, context: Context, facts: Facts) -> None:
        """Computes it. Cost: about 30 µs an identifier, and a sort of its edges."""
        self._memory, self._context, self._facts = memory, context, facts
        self._rules = effective_rules(rule for rule, _ in facts.rules)
        self._register_config()
        memory.execute(QUERIES["fold"])
        self._fold_documents()
        self._mark()
        self._connect()
        self._cluster()
        memory.execute(QUERIES["nodes"])
        self._heads = self._merge_companies()

    def rows(self) -> dict[str, Callable[[], Iterator[Row]]]:
        """Table → what gives the rows that it shall hold, by key; columns as in COLUMNS of rebuild.py."""
        return {
            "node": lambda: self._read("node"),
            "edge": lambda: self._read("edge"),
            "link_rule": self._link_rules,
            "profile": self._profiles,
            "company": self._companies,
            "company_member": lambda: self._read("company_member"),
            "consent": self._consents,
        }

    def _read(self, query: str, **parameters: object) -> Iterator[Row]:
        return read(self._memory, QUERIES[query].format(**parameters))

    def _insert(self, table: str, rows: Iterator[Row]) -> None:
        insert(self._memory, table, rows)

    def _register_config(self) -> None:
        config = self._context.config
        self._memory.execute("create table namespace (code integer, rank integer, is_unique boolean, most bigint)")
        known = ((one.code, one.rank, one.is_unique, one.limit) for one in config.namespaces)
        self._insert("namespace", known)
        self._memory.execute("create table ruled (h bigint)")
        self._insert("ruled", ((h,) for h in {end for pair in self._rules for end in pair}))

    def _fold_documents(self) -> None:
        self._insert("doc", ((h, pack(claims)) for h, claims in self._claims() if claims))

    def _claims(self) -> Iterator[tuple[int, Claims]]:
        for h, said in groupby(self._read("claims"), key=_first):
            claims: Claims = {}
            for _, traits, source_id, *at in said:
                ts, received_at, event = at
                add_claims(claims, msgspec.json.decode(traits), source_id, (ts, received_at, event))
            yield h, claims

    def _mark(self) -> None:
        """Counts of neighbours, and who doesn't conduct."""
        self._insert("mark", chain(self._degree_marks(), self._rule_marks()))

    def _degree_marks(self) -> Iterator[Row]:
        for (h, ns), counts in groupby(self._read("degrees", weaker=WEAKER), key=itemgetter(0, 1)):
            node = Node(h, ns, "", 0, h, h)
            node.set_degree({kind: n for _, _, kind, n in counts})
            yield h, node.deg, degree_flags(node, self._context.config)

    def _rule_marks(self) -> Iterator[Row]:
        for (one, other), kind in self._rules.items():
            isolated = Flag.ISOLATED if one == other and kind is RuleKind.NEVER else Flag(0)
            yield one, None, int(Flag.RULED | isolated)
            yield other, None, int(Flag.RULED | isolated)

    def _connect(self) -> None:
        """Raw components: over edges of which both ends conduct, and always-links."""
        self._memory.execute(QUERIES["vertices"])
        vertices = self._memory.sql(QUERIES["vertices_by_hash"].format(mute=int(MUTE))).fetchnumpy()
        ends = self._memory.sql(QUERIES["ends"]).fetchnumpy()
        hashes, is_mute = vertices["h"], vertices["is_mute"]
        a, b = np.searchsorted(hashes, ends["a"]), np.searchsorted(hashes, ends["b"])
        conducts = ~(is_mute[a] | is_mute[b])
        always = np.array([pair for pair, kind in self._rules.items() if kind is RuleKind.ALWAYS], np.int64)
        joined = np.searchsorted(hashes, always.reshape(-1, 2))
        roots = components(len(hashes), np.append(a[conducts], joined[:, 0]), np.append(b[conducts], joined[:, 1]))
        component = pa.table({"h": hashes, "root": roots})
        self._memory.register("found", component)
        self._memory.execute("create table component as select * from found")
        self._memory.unregister("found")

    def _cluster(self) -> None:
        """Where nothing can be refused a component is a person; the others are clustered, one by one."""
        self._memory.execute(QUERIES["label"].format(size_cap=self._context.config.size_cap))
        rules_of: dict[int, dict[Pair, RuleKind]] = {}
        for pair, kind in self._rules.items():
            for end in pair:
                rules_of.setdefault(end, {})[pair] = kind
        refused: list[Row] = []
        self._insert("solved", self._solutions(rules_of, refused))
        self._insert("refusal", iter(refused))

    def _solutions(self, rules_of: dict[int, dict[Pair, RuleKind]], refused: list[Row]) -> Iterator[Row]:
        links = groupby(self._read("crowded_links"), key=_first)
        next_links = next(links, None)
        for root, members in groupby(self._read("crowded_vertices", mute=int(MUTE)), key=_first):
            vertices = {h: Vertex(h, ns, rank, rcv, is_mute) for _, h, ns, rank, rcv, is_mute in members}
            edges = []
            if next_links is not None and next_links[0] == root:
                edges = [Edge(*link[1:]) for link in next_links[1]]
                next_links = next(links, None)
            rules = {pair: kind for h in vertices for pair, kind in rules_of.get(h, {}).items()}
            solution = solve(vertices, edges, rules, self._context.config)
            refused += [(*pair, ref) for pair, ref in solution.refused.items()]
            for h in vertices:
                fl = int(Flag.COMPLEX) if h in solution.complex_labels else 0
                yield h, solution.comp[h], solution.prof[h], fl

    def _link_rules(self) -> Iterator[Row]:
        rows = (
            (rule.event, received_at, rule.a, rule.b, rule.kind, rule.ts) for rule, received_at in self._facts.rules
        )
        return iter(sorted(rows))

    def _profiles(self) -> Iterator[Row]:
        context = self._context
        for profile_id, rows in groupby(self._read("members"), key=_first):
            members, claims, companies = [], [], []
            for _, h, ns, val, rcv, fl, first_ts, last_ts, doc, seen in rows:
                members.append(Node(h, ns, val, rcv, h, profile_id, fl, first_ts=first_ts, last_ts=last_ts))
                if doc:
                    claims.append(unpack(doc))
                if seen:
                    companies.append(tuple(seen.values()))
            if not is_nobody(members, context.config):
                yield tuple(golden_record(profile_id, members, claims, companies, context.priorities, context.config))

    def _merge_companies(self) -> dict[int, Head]:
        """Which companies were merged into which, and what is known of all of those together. In memory: each is a
        decision of somebody."""
        deciding = [h for (h,) in self._read("deciding", internal=INTERNAL_SOURCE, trait=MERGED_INTO)]
        into: dict[int, int | None] = {h: merged_into(claims) for h, claims in self._claims_of(deciding)}
        targets = {h for h in into.values() if h is not None}
        into |= {h: None for (h,) in self._there(targets) if h not in into}
        heads = heads_of(into)
        claims = dict(self._claims_of(heads))
        documents: dict[int, list[Claims]] = {}
        for h, head in heads.items():
            documents.setdefault(head, []).append(claims.get(h, {}))
        self._memory.execute("create table company_head (company bigint, head bigint)")
        self._insert("company_head", ((h, head) for h, head in heads.items()))
        priorities = self._context.priorities
        return {
            h: head_row(h, None if head == h else head, documents.get(h, [claims.get(h, {})]), priorities)
            for h, head in heads.items()
        }

    def _there(self, companies: Collection[int]) -> Iterator[Row]:
        return self._read("there", companies=", ".join(map(str, companies))) if companies else iter(())

    def _claims_of(self, companies: Collection[int]) -> Iterator[tuple[int, Claims]]:
        if not companies:
            return
        for h, said in groupby(self._read("said", companies=", ".join(map(str, companies))), key=_first):
            claims: Claims = {}
            for _, traits, source_id, *at in said:
                ts, received_at, event = at
                add_claims(claims, msgspec.json.decode(traits), source_id, (ts, received_at, event))
            yield h, claims

    def _companies(self) -> Iterator[Row]:
        for h, rows in groupby(self._read("company"), key=_first):
            facts: CompanyFacts | None = None
            for _, space, key, fragment, n, first_ts, last_ts, traits, source_id, *at in rows:
                facts = facts or CompanyFacts(space, key)
                facts.count(fragment, n, first_ts, last_ts)
                if traits:
                    ts, received_at, event = at
                    facts.claims.append((msgspec.json.decode(traits), source_id, (ts, received_at, event)))
            if facts:
                tally = (facts.n, facts.first_ts, facts.last_ts)
                row = company_row(h, facts, {}, tally, self._context.priorities)
                if together := self._heads.get(h):
                    row = row._replace(**together._asdict())
                yield tuple(row)

    def _consents(self) -> Iterator[Row]:
        width = CONSENT_KEY_WIDTH
        for key, rows in groupby(self._read("consent"), key=lambda row: row[:width]):
            said = None
            for row in rows:
                other = Said(*row[width:])
                said = other if said is None else said.merged(other)
            if said:
                yield (*key, *said)
