"""Drives the processor with the reference's events, and reads the world back from the tables."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from onefold.events.api import LogRow, Trust
from onefold.identity.api import DEFAULT_CONFIG, MUTE, Flag, IdentityConfig, LastKnown, Namespace
from onefold.kernel.hashing import identifier_hash
from onefold.lake.location import Location
from onefold.privacy.api import consents_of
from onefold.profiles.api import resolve, unpack
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.rebuild import find_differences
from onefold.programs.processor.steps import process
from tests.reference import world as reference

NOWHERE: Final = Location("/nowhere")
REFUSALS: dict[int, reference.Refusal | None] = {0: None, 1: "limit", 2: "size", 3: "never"}


@contextmanager
def undone(conn: Connection[Any]) -> Iterator[Connection[Any]]:
    """Whatever is written within is rolled back at the end: cheaper than emptying the tables for each example."""
    with conn.transaction(force_rollback=True):
        yield conn


def install(conn: Connection[Any], config: reference.Config) -> None:
    """Make the reference's configuration the one in force, and its sources."""
    codes = {namespace.name: namespace.code for namespace in DEFAULT_CONFIG.namespaces}
    namespaces = tuple(
        Namespace(
            code=codes.get(name, 100 + index), name=name, rank=said.rank, is_unique=said.is_unique, limit=said.limit,
            shared_above=said.shared_above,
        )
        for index, (name, said) in enumerate(config.namespaces.items())
    )  # fmt: skip
    own = IdentityConfig(
        namespaces=namespaces, blocked_values=(), blocked_patterns=(), size_cap=config.size_cap,
        busy_above=config.busy_above,
    )  # fmt: skip
    conn.execute(
        "insert into identity_config (config, created_by) values (%s, 'test')", [Jsonb(msgspec.to_builtins(own))]
    )
    for source_id, source in config.sources.items():
        conn.execute(
            "insert into source (id, slug, name, kind, user_space, priority) values (%s, %s, %s, 'server', %s, %s)"
            " on conflict (id) do update set priority = excluded.priority, user_space = excluded.user_space",
            [source_id, f"source-{source_id}", f"Source {source_id}", source.user_space, source.priority],
        )


def body_of(event: reference.Ev) -> dict[str, Any]:
    """The event as a client would send it; identifiers as external ids, so that none is implied."""
    instant = event.ts // 1_000_000, event.ts % 1_000_000
    body: dict[str, Any] = {"type": event.kind, "messageId": event.message_id, "timestamp": _iso(*instant)}
    if event.kind == "link":
        assert event.a is not None
        assert event.b is not None
        return body | {"rule": event.rule, "a": _pair(event.a), "b": _pair(event.b)}
    if event.kind == "retract":
        return body | {"source": event.retracted_source, "messageIds": list(event.retracted_messages)}
    body["context"] = {}
    if event.identifiers:
        body["context"]["externalIds"] = [{"type": i.namespace, "id": i.value} for i in event.identifiers]
    if event.kind == "track":
        body["event"] = "Consent Updated" if event.is_statement else "Something Happened"
    if event.consents and event.is_statement:
        body["properties"] = {"purposes": dict(event.consents)}
    elif event.consents:
        body["context"]["consent"] = {"categoryPreferences": dict(event.consents)}
    if event.company is not None:
        body["groupId"] = event.company
    if event.space is not None:
        body["space"] = event.space
    if event.traits is not None:
        body["traits"] = dict(event.traits)
    return body


def deliver(
    conn: Connection[Any], events: Sequence[reference.Ev], off: int, last_known: LastKnown | None = None
) -> int:
    """Process one batch of deliveries, a request each. Returns the next free log offset.

    `last_known`: what the batches before left.
    """
    rows = [
        LogRow(
            1, 1000, off + index, 0, event.source_id, Trust(event.trust), event.received_at, 1, "", "",
            json.dumps({"batch": [body_of(event)]}).encode(),
        )
        for index, event in enumerate(events)
    ]  # fmt: skip
    with conn.transaction():
        context = load_context(conn)
        process(conn, context, prepare(rows, context), last_known)
    return off + len(rows)


def read_world(conn: Connection[Any], config: reference.Config) -> reference.World:
    """The tables as the reference's world."""
    codes = {namespace.code: namespace.name for namespace in load_context(conn).config.namespaces}
    rows = conn.execute(
        "select h, ns, val, rcv, comp, prof, fl, n, first_ts, last_ts, doc from node", binary=True
    ).fetchall()
    profile_ids = {row[0] for row in conn.execute("select id from profile")}
    nodes = {}
    for h, ns, val, rcv, comp, prof, fl, *_ in rows:
        nodes[h] = reference.Node(
            ident=reference.Ident(codes[ns], val), rcv=rcv, component=comp, profile=prof,
            is_nobody=prof not in profile_ids, is_shared=bool(fl & Flag.SHARED), is_busy=bool(fl & Flag.BUSY),
            is_isolated=bool(fl & Flag.ISOLATED),
        )  # fmt: skip
    mute = {row[0] for row in rows if row[6] & MUTE}
    edges = {
        (a, b): reference.Edge(first, trust, rcv, "shared" if a in mute or b in mute else REFUSALS[ref])
        for a, b, first, trust, rcv, ref in conn.execute("select a, b, first, trust, rcv, ref from edge")
    }
    fragments = {
        h: reference.Fragment(n, first, last, _claims(doc)) for h, _, _, _, _, _, _, n, first, last, doc in rows if n
    }
    return reference.World(
        accepted=frozenset(
            (event_id.bytes, received)
            for event_id, received in conn.execute(
                "select id, (extract(epoch from received_at) * 1000000)::bigint from event"
            )
        ),
        nodes=nodes,
        edges=edges,
        fragments=fragments,
        profiles=_profiles(conn, config, rows, profile_ids),
        companies=_companies(conn, config),
        allows={
            (profile_id, purpose): entry.key.is_granted
            for profile_id in profile_ids
            for purpose, entry in consents_of(conn, profile_id).items()
        },
    )


def check_rebuild(conn: Connection[Any], location: Location = NOWHERE) -> list[str]:
    """What `onefold rebuild --check` would print. Nothing is at NOWHERE: all events are in PostgreSQL then."""
    return [difference.sentence() for difference in find_differences(conn, load_context(conn), location)]


def _claims(doc: bytes | None) -> Mapping[tuple[str, int], reference.Claim]:
    return {
        (name, source_id): reference.Claim(claim.value, claim.ts, claim.received_at, claim.event_id)
        for name, by_source in unpack(doc).items()
        for source_id, claim in by_source.items()
    }


def _profiles(
    conn: Connection[Any], config: reference.Config, rows: Sequence[Any], ids: set[int]
) -> dict[Any, reference.Profile]:
    priorities = {source_id: source.priority for source_id, source in config.sources.items()}
    traits_of = dict(conn.execute("select id, traits from profile").fetchall())
    keys = {h: (space, key) for h, space, key in conn.execute("select h, space, key from company")}
    memberships: dict[int, list[Any]] = {}
    for company, fragment, first, last in conn.execute(
        "select company, fragment, first_ts, last_ts from company_member"
    ):
        memberships.setdefault(fragment, []).append((keys[company], first, last))
    profiles = {}
    for profile_id in ids:
        members = [row for row in rows if row[5] == profile_id]
        record = resolve([unpack(row[10]) for row in members], priorities)
        assert traits_of[profile_id] == {name: found.value for name, found in record.items()}
        spans: dict[Any, reference.Span] = {}
        for row in members:
            for key, first, last in memberships.get(row[0], ()):
                known = spans.get(key, reference.Span(first, last))
                spans[key] = reference.Span(min(known.first_ts, first), max(known.last_ts, last))
        seen = [row for row in members if row[7]]
        profiles[profile_id] = reference.Profile(
            members=frozenset(row[0] for row in members),
            n=sum(row[7] for row in members),
            seen=reference.Span(min(row[8] for row in seen), max(row[9] for row in seen)) if seen else None,
            traits={name: reference.Value(found.value, found.source_id, found.ts) for name, found in record.items()},
            companies=spans,
        )
    return profiles


def _companies(conn: Connection[Any], config: reference.Config) -> dict[reference.CompanyKey, reference.Company]:
    priorities = {source_id: source.priority for source_id, source in config.sources.items()}
    rows = conn.execute(
        "select h, space, key, doc, n, (extract(epoch from first_seen) * 1000000)::bigint,"
        " (extract(epoch from last_seen) * 1000000)::bigint from company",
        binary=True,
    )
    companies = {}
    for h, space, key, doc, n, first, last in rows:
        assert h == identifier_hash(f"{space}:group" if space else "group", key)
        record = resolve([unpack(doc)], priorities)
        traits = {name: reference.Value(found.value, found.source_id, found.ts) for name, found in record.items()}
        companies[space, key] = reference.Company(n, reference.Span(first, last), traits)
    return companies


def _pair(ident: reference.Ident) -> list[str]:
    return [ident.namespace, ident.value]


def _iso(seconds: int, micros: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{micros:06}Z"


def all_events(batches: Iterable[Sequence[reference.Ev]]) -> list[reference.Ev]:
    return [event for batch in batches for event in batch]
