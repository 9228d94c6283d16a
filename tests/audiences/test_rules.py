"""Bad rules are rejected with the place in them and what is allowed there; the largest good ones can be asked."""

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from onefold.audiences.errors import RuleRejected
from onefold.audiences.evaluate import Evaluator, metrics_of
from onefold.audiences.metrics import Stored
from onefold.audiences.references import MAX_CHAIN
from onefold.audiences.rules import BOUNDS, Computed, Scope, check_computed, check_rule, rule_of
from onefold.filters import api as f
from onefold.lake.engines.duckdb import DuckDBEngine
from tests.audiences.asking import members_by, snapshot
from tests.audiences.golden_rules import SCOPE
from tests.audiences.oracle import Somebody, World, members

ORDER: Final = {"name": "Order Completed"}
TODAY: Final = {"type": "recent", "field": "when", "op": "within", "days": 3}
NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANYBODY: Final = {"type": "flag", "field": "known", "value": True}


def did(**more: Any) -> dict[str, Any]:
    return {"type": "did", "event": ORDER, **more}


def text(field: str, *values: str) -> dict[str, Any]:
    return {"type": "text", "field": field, "op": "is", "values": values or ("x",)}


def number(field: str, value: Any = 1) -> dict[str, Any]:
    return {"type": "number", "field": field, "op": "eq", "value": value}


def matches(pattern: str) -> dict[str, Any]:
    return {"type": "regex", "field": "name", "pattern": pattern}


def steps(*given: Any, **more: Any) -> dict[str, Any]:
    return {"type": "sequence", "steps": given or ({"event": ORDER},), **more}


def nested(depth: int, node: Any) -> Any:
    for _ in range(depth):
        node = {"type": "all", "of": [node]}
    return node


def read(where: Any, own_id: int | None = None, scope: Scope = SCOPE) -> Any:
    return rule_of(where if isinstance(where, str) else json.dumps({"v": 1, "where": where}), scope, own_id)


NOTHING_THERE: Final[dict[str, tuple[Any, ...]]] = {
    "field": (text("nickname"), "where.field: there is no field 'nickname'", "trait:NAME", "computed:revenue"),
    "trait without a name": (text("trait:"), "where.field: there is no field 'trait:'", "first_seen"),
    "computed trait": (number("computed:revenues"), "where.field", "'computed:revenues'", "computed:revenue"),
    "audience": ({"type": "audience", "audience": 9}, "where.audience: there is no audience 9", "1, 2, 3"),
    "purpose": ({"type": "consent", "purpose": "spam"}, "where.purpose", "'spam'", "advertising, email_marketing"),
    "list": ({"type": "listed", "list": 4}, "where.list: there is no list 4", "There are: 1."),
    "field of a company": (
        {"type": "company", "where": {"type": "any", "of": [ANYBODY | {"field": "email"}]}},
        "where.where.of[0].field: a company has no field 'email'", "name, key, first_seen, last_seen, trait:NAME",
    ),
    "kind of condition": ({"type": "likes"}, "'likes'", "$.where.type"),
    "measure": (did(measure="median", property="x"), "'median'", "$.where.measure"),
    "version": ('{"v":2,"where":{"type":"all"}}', "Invalid enum value 2", "$.v", "docs/reference/audiences.md"),
}  # fmt: skip
TOO_MUCH: Final[dict[str, tuple[Any, ...]]] = {
    "conditions": ({"type": "any", "of": [ANYBODY] * 1_000}, "1000 conditions", "200 are allowed"),
    "values": (text("name", *map(str, range(100_000))), "<= 10000", "$.where.values"),
    "characters": (text("name", *("x" * 500,) * 2_100), "longer than 1,000,000 characters"),
    "groups in groups": (nested(20, ANYBODY), f"{'where' + '.of[0]' * 8}: groups are nested deeper than 8"),
    "groups in groups of a company": (
        nested(8, {"type": "company", "where": text("name")}), f"{'where' + '.of[0]' * 8}.where: groups are nested",
    ),
    "groups without end": ('{"v":1,"where":' + '{"type":"all","of":[' * 40_000, "The rule can't be read"),
    "steps": (steps(*[{"event": ORDER}] * 9), "<= 8", "$.where.steps"),
    "no steps": ('{"v":1,"where":{"type":"sequence","steps":[]}}', ">= 1", "$.where.steps"),
    "days of a sequence": (steps(window={"n": 91}), "where.window: sequences look back 90 days at most"),
    "days of a window": (did(window={"last": {"n": 36_501}}), "where.window.last", "36,500 days at most"),
    "days of a window in hours": (did(window={"last": {"n": 876_001, "unit": "hours"}}), "36,500 days at most"),
    "pattern": (matches("a" * 201), "<= 200", "$.where.pattern"),
    "repetition": (matches("(a{1000}){1000}"), "where: The pattern", "can't be used"),
    "sum": (did(measure="sum", property="total", value=1e12 + 1), "where.value: sum", "from -10¹² to 10¹²"),
    "average": (did(measure="average", property="total", value=-(10**13)), "where.value: average", "10¹²"),
    "number": (number("trait:x", 10**31), "where holds a number beyond 10³⁰"),
    "number within an event": (did(event=ORDER | {"where": number("x", 1e31)}), "where.event.where holds a number"),
    "number of 400 digits": (number("trait:x", 10**400), "where holds a number beyond 10³⁰"),
    "number of 5,000 digits": (
        f'{{"v":1,"where":{{"type":"number","field":"trait:x","op":"eq","value":1{"0" * 5_000}}}}}', "can't be read",
    ),
    "infinity": ('{"v":1,"where":{"type":"number","field":"trait:x","op":"eq","value":1e400}}', "$.where.value"),
    "share": ({"type": "top", "field": "trait:x", "percent": 100.1}, "<= 100.0", "$.where.percent"),
    "no share": ({"type": "sample", "percent": 0}, "> 0.0", "$.where.percent"),
}  # fmt: skip
CONTRADICTIONS: Final[dict[str, tuple[Any, ...]]] = {
    "two begins": (
        did(window={"last": {"n": 3}, "since": "2026-01-01"}),
        "where.window: give one of last, since, since_trait", "there are last and since",
    ),
    "two other begins": (did(window={"since_trait": "born", "since": "2026-01-01"}), "there are since and since_trait"),
    "within before the first step": (steps({"event": ORDER, "within": {"n": 1}}), "where.steps[0]", "leave out"),
    "without before the first step": (steps({"event": ORDER, "without": ORDER}), "where.steps[0]", "leave out"),
    "sum of nothing": (did(measure="sum"), "where.property: sum needs a property"),
    "count of something": (did(property="total"), "where.property: count takes none", "`where`"),
    "property without a name": (did(measure="sum", property="a..b"), "where: 'a..b' names no property", "dots"),
    "event without a name": (did(event={}), "where.event.name", "only pages and screens can be any"),
    "step without a name": (steps({"event": ORDER}, {"event": {}}), "where.name: give the event's name"),
    "today within an event": (did(event=ORDER | {"where": TODAY}), "where: ", "can't be compared with today"),
    "today within a step": (steps({"event": ORDER | {"where": nested(2, TODAY)}}), "can't be compared with today"),
    "behaviour within an event": (did(event=ORDER | {"where": did()}), "can't be asked this"),
    "behaviour of a company": ({"type": "company", "where": did()}, "where.where.type: a company can be asked about"),
    "between without an end": (
        {"type": "date", "field": "trait:x", "op": "between", "first": "2026-01-01"}, "`between` needs `first` and",
    ),
    "look-ahead in a property": (
        did(event={**ORDER, "where": {"type": "all", "of": [ANYBODY, {"type": "any", "of": [matches("a(?=b)")]}]}}),
        "where.event.where.of[1].of[0]: The pattern 'a(?=b)'", "without look-around",
    ),
    "look-ahead at a company": (
        {"type": "company", "where": {"type": "all", "of": [matches("a(?=b)")]}}, "where.where.of[0]: The pattern",
    ),
    "look-ahead": (matches("a(?=b)"), "where: The pattern 'a(?=b)'", "RE2", "without look-around"),
    "reference back": (matches(r"(a)\1"), "without look-around and back-references"),
    "open bracket": (matches("("), "missing )"),
    "NUL in a value": (text("name", "a\0b"), "NUL"),
    "NUL in a name": (did(event={"name": "\0"}), "NUL"),
    "NUL in a trait": (did(window={"since_trait": "\0"}), "NUL"),
    "NUL in a seed": ({"type": "sample", "percent": 5, "seed": "\0"}, "NUL"),
    "half of a pair": ('{"v":1,"where":{"type":"consent","purpose":"\\ud800"}}', "can't be read"),
    "text for a number": (did(value="3"), "got `str`", "$.where.value"),
    "number asked of a name": (number("name"), "where.type: 'name' can't be asked 'number', but text, part, regex"),
    "text asked of a moment": (text("first_seen"), "can't be asked 'text', but date, recent, anniversary, present"),
    "presence of a flag": ({"type": "present", "field": "known"}, "'known' can't be asked 'present', but flag"),
    "text asked of a sum": (text("computed:revenue"), "can't be asked 'text', but number, range, present"),
    "number asked of a text": (number("computed:favourite"), "can't be asked 'number', but text, part, regex, present"),
    "text asked of a list": (text("computed:categories"), "can't be asked 'text', but list, present"),
    "number asked of a company": (
        {"type": "company", "where": nested(2, number("name"))},
        "where.where.of[0].of[0].type: 'name' can't be asked 'number'",
    ),
    "share by a text": ({"type": "top", "field": "computed:favourite", "percent": 5}, "where.field", "needs numbers"),
    "share by a name": ({"type": "top", "field": "name", "percent": 5}, "where.field", "'name' has none"),
}  # fmt: skip


@pytest.mark.parametrize("what", NOTHING_THERE)
def test_a_rule_asks_for_what_there_is(what: str) -> None:
    demand_rejected(*NOTHING_THERE[what])


@pytest.mark.parametrize("what", TOO_MUCH)
def test_a_rule_is_bounded(what: str) -> None:
    demand_rejected(*TOO_MUCH[what])


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_a_rule_makes_sense(what: str) -> None:
    demand_rejected(*CONTRADICTIONS[what])


def demand_rejected(where: Any, *words: str) -> None:
    with pytest.raises(RuleRejected) as rejected:
        read(where)
    assert [word for word in words if word not in str(rejected.value)] == []


def test_the_place_of_a_fault_is_found_among_others() -> None:
    with pytest.raises(RuleRejected, match=r"^where\.of\[1\]\.of\[0\]\.window: give one of"):
        read({"type": "any", "of": [ANYBODY, {"type": "none", "of": [CONTRADICTIONS["two begins"][0]]}]})


def test_a_document_that_is_no_text_is_read_as_well() -> None:
    assert rule_of({"v": 1, "where": ANYBODY}, SCOPE) == f.Flag("known", True)
    with pytest.raises(RuleRejected, match="nested deeper than 8"):
        rule_of({"v": 1, "where": nested(100_000, ANYBODY)}, SCOPE)


def audiences(*pairs: tuple[int, int]) -> Scope:
    """From the first of each pair to the second; others ask something simple."""
    simple: dict[int, Any] = {number: f.Flag("known", True) for pair in pairs for number in pair}
    return Scope(audiences=simple | {one: f.NoneOf((f.InAudience(other),)) for one, other in pairs})


@pytest.mark.parametrize(
    ("scope", "own_id", "named", "ring"),
    [
        (audiences((1, 2)), 1, 1, "1 → 1"),
        (audiences((2, 1)), 1, 2, "1 → 2 → 1"),
        (audiences((2, 3), (3, 1)), 1, 2, "1 → 2 → 3 → 1"),
        (audiences((2, 3), (3, 2)), None, 2, "2 → 3 → 2"),
        (audiences((2, 3), (3, 2)), 1, 2, "2 → 3 → 2"),
    ],
)
def test_audiences_never_refer_to_each_other_in_a_ring(scope: Scope, own_id: int, named: int, ring: str) -> None:
    with pytest.raises(RuleRejected, match=rf"where\.of\[0\]\.audience: .* in a ring: {ring}\."):
        read({"type": "any", "of": [{"type": "audience", "audience": named}]}, own_id, scope)


def chain(first: int, last: int) -> Scope:
    return audiences(*((one, one + 1) for one in range(first, last)))


def test_audiences_refer_to_each_other_over_few_steps() -> None:
    named = {"type": "audience", "audience": 2, "value": False}
    assert read(named, 1, chain(2, MAX_CHAIN))
    assert read(named, None, chain(2, MAX_CHAIN))
    with pytest.raises(RuleRejected, match=r"where\.audience: over 5 audiences would refer to each other"):
        read(named, None, chain(2, MAX_CHAIN + 1))


def test_a_chain_of_audiences_grows_too_long_from_neither_end() -> None:
    """The one in the middle begins to refer to others, when others refer to it already."""
    above, below = audiences((1, 2), (2, 3)), audiences((4, 5))
    both = Scope(audiences={**above.audiences, **below.audiences})
    assert read({"type": "audience", "audience": 4}, 3, both)  # 1 → 2 → 3 → 4 → 5
    longer = Scope(audiences={**both.audiences, 5: f.InAudience(6), 6: f.Flag("known", True)})
    with pytest.raises(RuleRejected, match="over 5 audiences"):
        read({"type": "audience", "audience": 4}, 3, longer)
    assert read(ANYBODY, 3, longer)


def test_conditions_of_the_audiences_it_refers_to_are_counted() -> None:
    scope = Scope(audiences={n: f.AnyOf((f.Flag("known", True),) * 200) for n in range(1, 7)})
    four = [{"type": "audience", "audience": n} for n in range(1, 5)]
    assert read({"type": "any", "of": four}, None, scope)
    with pytest.raises(RuleRejected, match="over 1000 conditions"):
        read({"type": "any", "of": [*four, {"type": "audience", "audience": 5}]}, None, scope)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Computed(f.EventMatch("X"), "sum"), "measure.property: sum needs a property"),
        (Computed(f.EventMatch("X"), "count", "total"), "measure.property: count takes none"),
        (Computed(f.EventMatch(""), "count"), "event.name: give the event's name"),
        (Computed(f.EventMatch("X", where=f.Recent("a", "within", 1)), "count"), "can't be compared with today"),
        (Computed(f.EventMatch("X"), "count", window=f.Window(f.Span(1), date(2026, 1, 1))), "window: give one of"),
        (Computed(f.EventMatch("X"), "days_since", window=f.Window(f.Span(1))), "window: `days_since` looks at all"),
        (Computed(f.EventMatch("X"), "count", window=f.Window(f.Span(36_501))), "window.last: windows look back"),
    ],
)
def test_a_computed_trait_that_cant_be_kept_is_rejected(asked: Computed, words: str) -> None:
    with pytest.raises(RuleRejected) as rejected:
        check_computed(asked, SCOPE)
    assert words in str(rejected.value)


@pytest.fixture(scope="module")
def world() -> World:
    columns = {"name": "", "email": "", "phone": "", "first_seen": NOW, "last_seen": NOW, "known": True}
    people = [Somebody(1, {"long": "a" * 5_000 + "!", "plan": "x"}, columns, {}), Somebody(2, {}, columns, {})]
    return World(people, [])


def test_a_pattern_that_explodes_elsewhere_is_fast(engine: DuckDBEngine, world: World, tmp_path: Path) -> None:
    rule: Any = rule_of({"v": 1, "where": matches("(a+)+$") | {"field": "trait:long"}}, SCOPE)
    begun = time.monotonic()
    assert f.matcher_of(rule).of("a" * 5_000 + "!", 0) == (False, f.FOREVER)
    assert f.matcher_of(rule).of("a" * 5_000, 0) == (True, f.FOREVER)
    assert members_by(engine, snapshot(tmp_path, world, is_hot=True), world, rule, NOW, {}) == set()
    assert time.monotonic() - begun < 5  # backtracking would take longer than there is time


def deepest() -> tuple[Any, World]:
    """Audiences that refer to each other as far as they may, each with its groups nested as far as they may."""

    def nest(node: Any) -> Any:
        for i in range(BOUNDS.depth):
            node = (f.AnyOf, f.NoneOf, f.AllOf)[i % 3]((node, f.OneOf("trait:plan", "is", ("x",))))
        return node

    rules = {number: nest(f.InAudience(number + 1)) for number in range(1, MAX_CHAIN)}
    return nest(f.InAudience(1)), World([], [], {}, rules | {MAX_CHAIN - 1: nest(f.Did(f.EventMatch("X")))})


def widest() -> tuple[Any, World]:
    """As many conditions as there may be, many of them of different events."""
    nobody = tuple(f.Contains("trait:plan", "starts", f"{i}") for i in range(140))
    rules: dict[int, Any] = {
        number: f.AnyOf((*nobody, *(f.Did(f.EventMatch(f"{number} {i}")) for i in range(50)))) for number in range(1, 6)
    }
    of_none = (f.InAudience(number, False) for number in rules)
    return f.AllOf((*of_none, f.OneOf("trait:plan", "is", ("x",)))), World([], [], {}, rules)


@pytest.mark.parametrize("largest", [deepest, widest])
def test_the_largest_rules_can_be_asked(largest: Any, engine: DuckDBEngine, world: World, tmp_path: Path) -> None:
    rule, others = largest()
    asked = World(world.people, world.events, {}, others.audiences)
    scope = Scope(audiences=others.audiences)
    check_rule(rule, scope)
    expected = members(asked, rule, NOW)
    assert len(expected) == 1
    assert members_by(engine, snapshot(tmp_path, asked, is_hot=True), asked, rule, NOW, {}) == expected
    assert Evaluator({1: rule}, scope, Stored.only(metrics_of([rule], scope)), {}).answers.judged


@pytest.mark.parametrize(
    "rule",
    [
        f.Days("trait:plan", "after", date(9999, 12, 31)),
        f.Days("first_seen", "before", date(9999, 12, 31)),
        f.Days("trait:plan", "before", date(1, 1, 1)),
        f.Days("first_seen", "between", date(1, 1, 1), date(9999, 12, 31)),
        f.Recent("first_seen", "longer_ago", 36_500),
        f.Recent("trait:plan", "ahead", 36_500),
        f.Did(f.EventMatch("X"), window=f.Window(f.Span(36_500))),
        f.Did(f.EventMatch("X"), window=f.Window(since=date(1, 1, 1))),
        f.Did(f.EventMatch("X"), window=f.Window(since=date(9999, 12, 31))),
        f.Did(f.EventMatch("X"), "average", "total", op="lt", value=1e12),
    ],
)
def test_the_ends_of_time_and_numbers_can_be_asked(
    rule: Any, engine: DuckDBEngine, world: World, tmp_path: Path
) -> None:
    check_rule(rule, SCOPE)
    found = members_by(engine, snapshot(tmp_path, world, is_hot=True), world, rule, NOW, {})
    assert found == members(world, rule, NOW)
