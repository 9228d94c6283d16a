"""Drives audiences beside the processor with the reference's histories; the clock is the history's own."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from onefold.audiences.api import absorb, look_at_companies, sweep
from onefold.audiences.evaluate import metrics_of
from onefold.audiences.filling import advance
from onefold.audiences.live import load_scope
from onefold.audiences.metrics import needed
from onefold.audiences.rules import with_purpose
from onefold.audiences.states import QUERIES
from onefold.audiences.work import Work
from onefold.events.api import LogRow, Trust
from onefold.filters import api as f
from onefold.filters.api import to_json
from onefold.lake.engine import Engine
from onefold.lake.location import Location
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.steps import process
from tests.audiences.oracle import Event, Somebody, World, company_holds, members
from tests.processor.driving import body_of
from tests.reference import world as reference
from tests.reference.oracle import expected
from tests.reference.strategies import VALUES, History

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
PURPOSE: Final = "ads"
NAMES: Final = ("Order Completed", "Product Viewed", "Order Completed")


def number_of(event: reference.Ev) -> int:
    return int(event.message_id.removeprefix("m"))


def name_of(event: reference.Ev) -> str:
    return "Consent Updated" if event.is_statement else NAMES[number_of(event) % 3]


def properties_of(event: reference.Ev) -> dict[str, Any]:
    n = number_of(event)
    if event.is_statement and event.consents:
        return {"purposes": dict(event.consents)}
    return {"total": VALUES[n % 9], "category": VALUES[(n // 2) % 9]}


def body_with_properties(event: reference.Ev) -> dict[str, Any]:
    body = body_of(event)
    return body | {"event": name_of(event), "properties": properties_of(event)} if event.kind == "track" else body


class Play:
    """One history in the making, and audiences that are begun, changed and kept meanwhile."""

    def __init__(self, conn: Connection[Any], url: str, location: Location, engine: Engine, history: History) -> None:
        self.conn, self.history = conn, history
        self.delivered: list[reference.Ev] = []
        self.now = history.events[0].received_at
        self.rules: dict[int, Any] = {}
        self.company_rules: dict[int, Any] = {}
        self.work = Work(conn, url, location, engine, lambda: EPOCH + timedelta(microseconds=self.now))

    def deliver(self, events: Sequence[reference.Ev]) -> None:
        """One batch."""
        self.now = max([self.now, *(event.received_at for event in events)])
        rows = [
            LogRow(
                1, 1000, 1 + len(self.delivered) + i, 0, event.source_id, Trust(event.trust), event.received_at, 1,
                "", "",
                json.dumps({"batch": [body_with_properties(event)]}).encode(),
            )
            for i, event in enumerate(events)
        ]  # fmt: skip
        with self.conn.transaction():
            context = load_context(self.conn, clock=lambda: self.now)
            process(self.conn, context, prepare(rows, context))
        self.delivered += events

    def pass_time(self, span_us: int) -> None:
        """Time alone goes by; then who is due is looked at."""
        self.now += span_us
        self.look()

    def look(self, limit: int = 3) -> None:
        """As the processor between batches, until there is nothing more."""
        while True:
            with self.conn.transaction():
                live = load_context(self.conn, clock=lambda: self.now).live
                companies = look_at_companies(self.conn, live, self.now, limit)
                if not companies + sweep(self.conn, live, self.now, limit) + absorb(self.conn, live, limit):
                    return

    def begin(self, rule: Any, audience: int | None = None) -> int:
        """Save a rule as an audience's newest, and let it come into force."""
        keys = list(metrics_of([with_purpose(rule, PURPOSE)], load_scope(self.conn)))
        with self.conn.transaction():
            if audience is None:
                row = self.conn.execute(
                    "insert into audience (name, state, created_by, watches_companies)"
                    " values (gen_random_uuid(), 'filling', 'test', true) returning id, version"
                ).fetchone()
            else:
                row = self.conn.execute(
                    "update audience set state = 'filling', version = version + 1, checked_at = null where id = %s"
                    " returning id, version",
                    [audience],
                ).fetchone()
            assert row is not None
            self.conn.execute(
                "insert into audience_version (audience, version, rule, purpose, created_by)"
                " values (%s, %s, %s, %s, 'test')",
                [*row, to_json(rule), PURPOSE],
            )
            there = [row[0] for row in self.conn.execute("select key from metric")]
            wanted = sorted(needed(keys, there))
            self.conn.execute("insert into metric (key) select unnest(%s::text[]) on conflict do nothing", [wanted])
            self.conn.execute(QUERIES["raise_epoch"])
        self.rules[row[0]] = rule
        return int(row[0])

    def begin_companies(self, rule: Any) -> int:
        """An audience of companies."""
        with self.conn.transaction():
            row = self.conn.execute(
                "insert into audience (name, state, created_by, is_of_companies, watches_companies)"
                " values (gen_random_uuid(), 'filling', 'test', true, true) returning id"
            ).fetchone()
            assert row is not None
            self.conn.execute(
                "insert into audience_version (audience, version, rule, purpose, created_by)"
                " values (%s, 1, %s, '', 'test')",
                [*row, to_json(rule)],
            )
            self.conn.execute(QUERIES["raise_epoch"])
        self.company_rules[row[0]] = rule
        return int(row[0])

    def fill(self) -> None:
        """Until every audience is live."""
        for _ in range(20):
            self.look()
            if not advance(self.work):
                return
        raise AssertionError(self.conn.execute("select * from audience").fetchall())

    def world(self) -> World:
        """What the slow reference makes of what was delivered."""
        return world_of(expected(self.delivered, self.history.config), self.delivered)

    def members(self) -> dict[int, set[int]]:
        """As they are stored."""
        found: dict[int, set[int]] = {audience: set() for audience in (*self.rules, *self.company_rules)}
        for audience, profile in self.conn.execute("select audience, profile from membership"):
            found[audience].add(profile)
        return found

    def expected_members(self) -> dict[int, set[int]]:
        """Of the rules in their order: what counts who is in another comes after that."""
        world, now = self.world(), EPOCH + timedelta(microseconds=self.now)
        found: dict[int, set[int]] = {}
        counts: dict[int, dict[int, int]] = {}
        world = replace(world, company_audiences=self.company_rules, counts=counts)
        of = {one.id: one.company_id for one in world.people if one.company}
        for number, rule in self.rules.items():
            found[number] = members(world, f.AllOf((rule, f.Consents(PURPOSE))), now)
            counts[number] = Counter(of[one] for one in found[number] if one in of)
        for number, rule in self.company_rules.items():
            found[number] = {one.id for one in self.companies() if company_holds(world, one, rule, now)}
        return found

    def companies(self) -> list[Somebody]:
        """Those that there are, each as somebody who belongs to it."""
        made = expected(self.delivered, self.history.config)
        return [
            Somebody(h, {}, {}, {}, columns_of(key, one), {name: value.value for name, value in one.traits.items()}, h)
            for key, one in made.companies.items()
            if (h := reference_hash(key))
        ]


def world_of(world: reference.World, delivered: Sequence[reference.Ev]) -> World:
    """The reference's people, and what they did."""
    strongest: dict[tuple[bytes, int], int] = {}
    people = []
    for profile_id, profile in world.profiles.items():
        spans = [(span.last_ts, reference_hash(key), key) for key, span in profile.companies.items()]
        company = world.companies[max(spans)[2]] if spans else None
        company_id = max(spans)[1] if spans else 0
        traits = {name: value.value for name, value in company.traits.items()} if company else {}
        said = {purpose: given for (person, purpose), given in world.allows.items() if person == profile_id}
        people.append(
            Somebody(
                profile_id, {name: value.value for name, value in profile.traits.items()}, {}, said,
                columns_of(max(spans)[2], company) if company else None, traits, company_id,
            )
        )  # fmt: skip
    seen: set[tuple[bytes, int]] = set()
    events = []
    for event in delivered:
        key = (event.id, event.received_at)
        is_somebodys = event.kind == "track" and event.identifiers
        if is_somebodys and key in world.accepted and key not in seen:
            seen.add(key)
            fragment = min(event.identifiers, key=lambda i: (RANKS[i.namespace], i.h)).h
            at = EPOCH + timedelta(microseconds=event.ts)
            events.append(
                Event(int.from_bytes(event.id), world.nodes[fragment].profile, fragment, at, name_of(event),
                      properties=properties_of(event))
            )  # fmt: skip
    del strongest
    return World(people, events)


def columns_of(key: reference.CompanyKey, company: reference.Company) -> dict[str, Any]:
    first, last = (EPOCH + timedelta(microseconds=at) for at in (company.seen.first_ts, company.seen.last_ts))
    return {"key": key[1], "first_seen": first, "last_seen": last}


RANKS: Final[Mapping[str, int]] = {
    "crm:id": 0, "user_id": 10, "app:user_id": 10, "email": 20, "phone": 30, "device_id": 40, "anonymous_id": 50,
}  # fmt: skip


def reference_hash(key: reference.CompanyKey) -> int:
    from onefold.kernel.hashing import identifier_hash

    space, name = key
    return identifier_hash(f"{space}:group" if space else "group", name)
