"""A preview as of a past moment is what the same rule gave then, before anything else came."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import pytest
from psycopg import Connection

from onefold.audiences import past
from onefold.audiences.compile import Members
from onefold.audiences.live import load_scope
from onefold.audiences.past import past_of
from onefold.audiences.preview import Asked, Preview, preview
from onefold.audiences.rules import with_purpose
from onefold.audiences.work import Work
from onefold.config import EngineSettings, Settings
from onefold.events.api import LogRow, Trust
from onefold.filters import api as f
from onefold.kernel.instants import micros_of
from onefold.lake.engines.duckdb import DuckDBEngine
from onefold.lake.location import location_of
from onefold.lake.reading import take_snapshot
from onefold.programs.processor.accept import prepare
from onefold.programs.processor.context import load_context
from onefold.programs.processor.steps import process

NOW: Final = datetime.now(UTC).replace(microsecond=0)
THEN: Final = NOW - timedelta(days=40)
PURPOSE: Final = "analytics"
BOUGHT: Final = f.EventMatch("Bought")
RULES: Final[dict[str, f.Node]] = {
    "plan": f.OneOf("trait:plan", "is", ("pro",)),
    "no plan": f.Present("trait:plan", False),
    "age": f.Number("trait:age", "ge", 30),
    "tags": f.Has("trait:tags", "has", ("a",)),
    "name": f.Contains("name", "contains", "da"),
    "email": f.Present("email", True),
    "phone": f.Present("phone", True),
    "known": f.Flag("known", True),
    "bought": f.Did(BOUGHT, op="ge", value=2),
    "lately": f.Did(BOUGHT, window=f.Window(last=f.Span(10))),
    "seen": f.Recent("last_seen", "within", 5),
    "new": f.Recent("first_seen", "within", 20),
    "others": f.Consents("advertising", "denied"),
    "nothing said": f.Consents("advertising", "unknown"),
    "since": f.Did(BOUGHT, window=f.Window(since_trait="signed_up")),
    "company": f.AtCompany(f.Present("key", True)),
    "top": f.TopShare("trait:age", 30.0),
    "both": f.AnyOf((f.OneOf("trait:plan", "is_not", ("pro",)), f.NoneOf((f.Did(BOUGHT),)))),
}


class Shop:
    """Events that are processed when `send` returns."""

    def __init__(self, conn: Connection[Any], settings: Settings) -> None:
        self.conn, self._off = conn, 0
        conn.execute("insert into source (id, slug, name, kind) values (2, 'shop', 'Shop', 'server')")
        conn.execute("insert into source (id, slug, name, kind, priority) values (3, 'crm', 'CRM', 'server', 50)")
        engine = DuckDBEngine(EngineSettings(), settings.database.data_dir)
        self.work = Work(conn, settings.database.address(), location_of(settings), engine)

    def send(self, *events: dict[str, Any], source: int = 2) -> None:
        self._off += 1
        body = json.dumps({"batch": events}).encode()
        row = LogRow(1, 1, self._off, 0, source, Trust.SECRET, micros_of(NOW), len(events), "", "", body)
        with self.conn.transaction():
            context = load_context(self.conn)
            process(self.conn, context, prepare([row], context))

    def members_now(self, rule: f.Node, at: datetime) -> set[int]:
        """By who everybody is now; events until `at`."""
        from onefold.audiences.preview import thresholds_of

        scope = load_scope(self.conn)
        whole = with_purpose(rule, PURPOSE)
        taken = take_snapshot(self.work.url, self.work.location, tables=("profiles", "companies"))
        thresholds = thresholds_of(self.work, taken, whole, scope, at, None)
        plan = Members(rule=whole, scope=scope, now=at, thresholds=thresholds)
        return set(self.work.engine.run(plan, taken).table["profile_id"].to_pylist())

    def preview(self, rule: f.Node, **more: Any) -> Preview:
        document = json.loads(f.to_json(rule))
        return preview(self.work, Asked(rule=document, purpose=PURPOSE, at=THEN, **more))


@pytest.fixture
def shop(db: Connection[Any], settings: Settings) -> Shop:
    return Shop(db, settings)


def call(kind: str, user: str, at: datetime, **more: Any) -> dict[str, Any]:
    said = {"type": kind, "userId": user, "timestamp": at.isoformat()} | more
    return said | {"messageId": sha256(json.dumps(said).encode()).hexdigest()}


def some_events(chance: random.Random, users: list[str], moment: Callable[[], datetime], n: int) -> list[Any]:
    """What people do, say and are, by chance."""
    found = []
    for _ in range(n):
        user, at = chance.choice(users), moment()
        answers = {
            name: chance.random() < 0.6 for name in chance.sample((PURPOSE, "advertising"), chance.choice((1, 2)))
        }
        stamp = {"context": {"consent": {"categoryPreferences": answers}}} if chance.random() < 0.3 else {}
        match chance.choice(("trait", "trait", "bought", "bought", "group", "consent")):
            case "trait":
                trait = chance.choice((
                    {"plan": chance.choice(("pro", "free", None))}, {"age": chance.choice((20, 30, 40.5, "40"))},
                    {"tags": chance.choice((["a"], ["b", "a"], []))}, {"name": chance.choice(("Ada", "Ben", "Dana"))},
                    {"email": f"{user}@example.com"}, {"phone": f"+4930123456{users.index(user):02}"},
                    {"signed_up": (NOW - timedelta(days=chance.choice((30, 50, 70)))).date().isoformat()},
                ))  # fmt: skip
                found.append(call("identify", user, at, traits=trait, **stamp))
            case "bought":
                found.append(call("track", user, at, event="Bought", **stamp))
            case "group":
                found.append(call("group", user, at, groupId=chance.choice(("g1", "g2")), **stamp))
            case "consent":
                more = {"event": "Consent Updated", "properties": {"purposes": answers}}
                found.append(call("track", user, at, **more))
    return found


@pytest.mark.parametrize("seed", range(2))
def test_then_is_what_it_was_then(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  (not for secrets)
    users = [f"u{i}" for i in range(40)]
    before = some_events(chance, users[:30], lambda: THEN - timedelta(seconds=chance.randrange(60 * 86_400)), 250)
    for source in (2, 3):
        shop.send(*before[source - 2 :: 2], source=source)
    expected = {name: shop.members_now(rule, THEN) for name, rule in RULES.items()}
    assert sum(0 < len(found) < 30 for found in expected.values()) > 12
    then = _people(shop)
    later = some_events(chance, users, lambda: THEN + timedelta(seconds=1 + chance.randrange(39 * 86_400)), 250)
    for source in (3, 2):
        shop.send(*later[source - 2 :: 2], source=source)
    assert {name: shop.members_now(rule, THEN) for name, rule in RULES.items()} != expected
    found = {name: shop.preview(rule) for name, rule in RULES.items()}
    assert {name: set(one.ids.tolist()) for name, one in found.items()} == expected
    assert {(one.people, one.looked_at, one.is_sampled) for one in found.values()} == {(len(then), len(then), False)}
    assert _people_at(shop) == then


def _people(shop: Shop) -> dict[int, tuple[Any, ...]]:
    """Everybody's record, company and consent as the tables of today have them."""
    taken = take_snapshot(shop.work.url, shop.work.location, tables=("profiles",))
    return {row.pop("profile_id"): _told(row) for row in _rows(taken)}


def _people_at(shop: Shop) -> dict[int, tuple[Any, ...]]:
    taken = take_snapshot(shop.work.url, shop.work.location, tables=("profiles",))
    return {row.pop("profile_id"): _told(row) for row in _rows(past_of(shop.work, taken, THEN).snapshot)}


def _rows(taken: Any) -> Any:
    return taken.tables["profiles"].hot.to_pylist()


def _told(row: dict[str, Any]) -> tuple[Any, ...]:
    traits, consents = json.loads(row.pop("traits")), json.loads(row.pop("consents") or "null")
    return traits, consents, *row.values()


def test_who_came_later_was_not_there(shop: Shop) -> None:
    shop.send(call("identify", "ada", THEN - timedelta(days=1), traits={"plan": "pro"}), *_allow("ada", -1))
    shop.send(call("identify", "ben", THEN + timedelta(days=1), traits={"plan": "pro"}), *_allow("ben", 1))
    found = shop.preview(RULES["plan"])
    assert (found.count, found.people, found.parts) == (1, 1, {"where": 1})


def test_what_comes_late_of_before_counts(shop: Shop) -> None:
    """By when things happened, as events are counted."""
    shop.send(call("identify", "ada", THEN - timedelta(days=2), traits={"plan": "free"}), *_allow("ada", -2))
    assert shop.preview(RULES["plan"]).count == 0
    shop.send(call("identify", "ada", THEN - timedelta(days=1), traits={"plan": "pro"}))
    shop.send(call("identify", "ada", THEN + timedelta(days=1), traits={"plan": "free"}))
    assert shop.preview(RULES["plan"]).count == 1


def test_who_is_one_person_is_as_known_today(shop: Shop) -> None:
    shop.send(call("identify", "ada", THEN - timedelta(days=2), traits={"plan": "pro"}), *_allow("ada", -2))
    anonymous = {"anonymousId": "phone", "timestamp": (THEN - timedelta(days=1)).isoformat()}
    shop.send({"type": "track", "event": "Bought", "messageId": "b", **anonymous})
    rule = f.AllOf((RULES["plan"], f.Did(BOUGHT)))
    assert (shop.preview(rule).count, shop.preview(rule).people) == (0, 2)
    shop.send(call("identify", "ada", THEN + timedelta(days=1), anonymousId="phone", traits={}))
    assert (shop.preview(rule).count, shop.preview(rule).people) == (1, 1)


def test_reach_is_by_what_was_known_then(shop: Shop) -> None:
    shop.send(
        call("identify", "ada", THEN - timedelta(days=2), traits={"email": "ada@example.com"}), *_allow("ada", -2)
    )
    shop.send(call("identify", "ada", THEN + timedelta(days=2), traits={"phone": "+49301234567"}))
    found = shop.preview(RULES["known"])
    assert (found.with_email, found.with_phone) == (1, 0)


def test_of_many_people_a_sample_is_looked_at_and_marked_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(300):
        day = THEN - timedelta(days=2)
        shop.send(call("identify", f"u{i}", day, traits={"plan": ("pro", "free")[i % 2]}), *_allow(f"u{i}", -2))
    whole = shop.preview(RULES["plan"])
    assert (whole.count, whole.people, whole.looked_at, whole.is_sampled) == (150, 300, 300, False)
    for most in (200, 10):  # of everybody; of one of the lake's buckets, where there are enough
        monkeypatch.setattr(past, "MAX_PEOPLE", most)
        found = shop.preview(RULES["plan"])
        assert (found.is_sampled, found.people, found.looked_at) == (True, 300, most)
        assert found.count == round(len(found.ids) * 300 / found.looked_at)
        assert set(found.ids.tolist()) <= set(whole.ids.tolist())


def test_no_more_events_are_read_than_may_be(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(30):
        days = range(1, 12 if i == 0 else 4)
        said = [call("identify", f"u{i}", THEN - timedelta(days=day), traits={"plan": "pro"}) for day in days]
        shop.send(*said, *_allow(f"u{i}", -2))
    monkeypatch.setattr(past, "MAX_EACH", 10)
    found = shop.preview(RULES["plan"])
    assert (found.looked_at, found.people, found.count, found.is_sampled) == (29, 30, 30, True)
    monkeypatch.setattr(past, "MAX_READ", 20)
    assert shop.preview(RULES["plan"]).looked_at in (6, 7)


def _allow(user: str, days: int) -> list[dict[str, Any]]:
    more = {"event": "Consent Updated", "properties": {"purposes": {PURPOSE: True}}}
    return [call("track", user, THEN + timedelta(days=days), **more)]
