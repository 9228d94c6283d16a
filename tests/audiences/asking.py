"""The reference's world as the programs have it: people with folded fragments, and a snapshot of the lake."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from onefold.audiences.asked import Person
from onefold.audiences.company_compile import Companies
from onefold.audiences.compile import Members, Memberships, Share
from onefold.audiences.evaluate import Evaluator, key_of_share, metrics_of
from onefold.audiences.folding import State
from onefold.audiences.metrics import Stored
from onefold.audiences.rules import Scope, shares_in
from onefold.audiences.states import numbers_in
from onefold.events.api import Decoded, Kind, Trust
from onefold.filters import api as f
from onefold.lake.engine import Engine
from onefold.lake.snapshot import Snapshot
from tests.audiences.drawing import PURPOSES
from tests.audiences.oracle import Event, Somebody, World, threshold
from tests.lake.small import event, snapshot_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def scope_of(world: World) -> Scope:
    return Scope(
        audiences=world.audiences, companies=world.company_audiences, computed=world.computed, purposes=PURPOSES,
        lists=list(world.lists),
    )  # fmt: skip


def evaluator_of(world: World, rules: Mapping[int, Any], thresholds: Mapping[str, float | None]) -> Evaluator:
    scope = scope_of(world)
    return Evaluator(rules, scope, Stored.only(metrics_of(rules.values(), scope)), thresholds)


def decoded(one: Event) -> Decoded:
    body = msgspec.json.encode({"type": one.kind, "properties": one.properties})
    return Decoded(
        id=one.n.to_bytes(16, "big"), source_id=1, kind=Kind.PAGE if one.kind == "page" else Kind.TRACK, name=one.name,
        ts=us(one.ts), received_at=us(one.ts), trust=Trust.SECRET, flags=0, message_id=str(one.n), user_id=None,
        anonymous_id=None, previous_id=None, group_id=None, email=None, phone=None, device_id=None,
        advertising_id=None, external_ids=(), traits=msgspec.Raw(), body=body,
    )  # fmt: skip


def found_in(evaluator: Evaluator, rules: Mapping[int, Any], person: Person, now: datetime) -> set[int]:
    """The rules that hold of a person: by the bits of their conditions, and each asked by itself."""
    bits, _ = evaluator.answers.look(person, us(now))
    found = set(numbers_in(evaluator.answers.audiences_of(bits)))
    assert found == {number for number, rule in rules.items() if evaluator.ask(rule, person, us(now))[0]}
    return found


def person_of(world: World, one: Somebody, states: list[State]) -> Person:
    moments = {name: us(value) if isinstance(value, datetime) else value for name, value in one.columns.items()}
    company = one.company and {n: us(v) if isinstance(v, datetime) else v for n, v in one.company.items()}
    return Person(
        id=one.id, states=states, columns=moments, traits_json=msgspec.json.encode(one.traits).decode(),
        consents=one.consents, company_columns=company, company_json=msgspec.json.encode(one.company_traits).decode(),
        lists=[number for number, ids in world.lists.items() if one.id in ids],
        company_counts={number: n for number, of in world.counts.items() if (n := of.get(one.company_id, 0))},
    )  # fmt: skip


def snapshot(folder: Path, world: World, *, is_hot: bool) -> Snapshot:
    rows = [
        event(
            e.n, e.profile, e.ts, e.name, kind=e.kind, fragment_id=e.fragment, properties=e.properties,
            event_id=e.n.to_bytes(16, "big"),
        )
        for e in world.events
    ]  # fmt: skip
    people = [
        {
            "profile_id": one.id, "bucket": one.id % 16, "is_known": one.columns["known"],
            "company_id": one.company_id if one.company else None,
            "traits": msgspec.json.encode(one.traits).decode(),
            "consents": msgspec.json.encode(one.consents, order="sorted").decode() if one.consents else None,
            **{name: one.columns[name] for name in ("name", "email", "phone", "first_seen", "last_seen")},
        }
        for one in world.people
    ]  # fmt: skip
    companies = [
        {
            "company_id": one.company_id, "space": "", "n_events": 1, **one.company,
            "traits": msgspec.json.encode(one.company_traits).decode(),
        }
        for one in world.people if one.company
    ]  # fmt: skip
    if is_hot:
        return snapshot_of(folder, [], hot=rows, hot_profiles=people, companies=companies)
    return snapshot_of(folder, rows, profiles=people, companies=companies)


def lists_of(world: World) -> dict[int, pa.Table]:
    return {n: pa.table({"profile_id": pa.array(sorted(ids), pa.int64())}) for n, ids in world.lists.items()}


def counts_of(world: World) -> dict[int, pa.Table]:
    return {
        number: pa.table({"company_id": pa.array(list(of), pa.int64()), "n": pa.array(list(of.values()), pa.int64())})
        for number, of in world.counts.items()
    }


def companies_by(engine: Engine, snapshot: Snapshot, world: World, rule: Any, now: datetime) -> set[int]:
    plan = Companies(rule=rule, scope=scope_of(world), now=now, counts=counts_of(world))
    return set(engine.run(plan, snapshot).table["company_id"].to_pylist())


def members_by(
    engine: Engine, snapshot: Snapshot, world: World, rule: Any, now: datetime, thresholds: Mapping[str, float | None]
) -> set[int]:
    plan = Members(
        rule=rule, scope=scope_of(world), now=now, thresholds=thresholds, lists=lists_of(world), counts=counts_of(world)
    )
    return set(engine.run(plan, snapshot).table["profile_id"].to_pylist())


def memberships_by(
    engine: Engine, snapshot: Snapshot, world: World, rules: Mapping[str, Any], now: datetime
) -> dict[str, set[int]]:
    """Who is in each rule, by its name: all in one question."""
    scope = scope_of(world)
    shares = {key(share): threshold(world, share, now) for rule in rules.values() for share in shares_in(rule, scope)}
    plan = Memberships(
        rules=tuple(rules.values()),
        scope=scope,
        now=now,
        thresholds=shares,
        lists=lists_of(world),
        counts=counts_of(world),
    )
    table = engine.run(plan, snapshot).table
    ids = table["profile_id"].to_pylist()
    bits = (table[f"rule_{i}"].to_pylist() for i in range(len(rules)))
    return {
        name: {one for one, bit in zip(ids, of_rule, strict=True) if bit}
        for name, of_rule in zip(rules, bits, strict=True)
    }


def threshold_by(engine: Engine, snapshot: Snapshot, world: World, share: f.TopShare, now: datetime) -> float | None:
    found: float | None = (
        engine.run(Share(share=share, scope=scope_of(world), now=now), snapshot).table["value"][0].as_py()
    )
    return found


def key(share: f.TopShare) -> str:
    return key_of_share(share)
