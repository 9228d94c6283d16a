"""Why somebody is in or not: the evaluator's own answer at every line, and changes that really change the outcome."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onefold.audiences.asked import Person
from onefold.audiences.evaluate import Evaluator
from onefold.audiences.explain import ANYBODY, Change, Explanation, Line, explain
from onefold.audiences.folding import State
from onefold.audiences.found import Reader
from onefold.audiences.rules import Computed, with_purpose
from onefold.audiences.words import Names, words_of
from onefold.filters import api as f
from tests.audiences.asking import decoded, evaluator_of, key, person_of, us
from tests.audiences.drawing import moments, rules, worlds
from tests.audiences.oracle import Event, Somebody, World, _Asked

NOW: Final = datetime(2026, 11, 3, 12, tzinfo=UTC)
NAMES: Final = Names({7: "VIP"}, {"email_marketing": "E-mail marketing"}, {1: "Fair 2026"})
ORDER: Final = f.EventMatch("Order Completed")
VIEW: Final = f.EventMatch("Product Viewed")
CART: Final = f.EventMatch("Cart.Updated")
DAYS_90: Final = f.Window(last=f.Span(90))


def folded(evaluator: Evaluator, world: World, one: Somebody, now: datetime) -> Person:
    """A person with what they did until then."""
    states: dict[int, State] = {}
    for event in world.events:
        if event.profile == one.id and event.ts <= now:
            evaluator.folder.fold(states.setdefault(event.fragment, {}), decoded(event))
    return person_of(world, one, list(states.values()))


def ago(days: float, name: str = "Order Completed", n: int = 1, **properties: Any) -> Event:
    return Event(n, 1, 1, NOW - timedelta(days=days), name, "track", properties)


ADA: Final = Somebody(
    1, {"plan": "free", "score": 12, "tags": ["a", "b"], "none": "", "born": "1990-11-10", "deep": {"a": 1}},
    {"name": "Ada", "email": "ada@example.com", "phone": "", "first_seen": NOW - timedelta(days=9), "last_seen": NOW,
     "known": True},
    {"email_marketing": False}, {"name": "Acme", "key": "acme", "first_seen": NOW, "last_seen": NOW}, {"size": 12},
)  # fmt: skip
DID: Final = (ago(100, n=1, total=5), ago(3, n=2, total=20.5), ago(1.1, n=3), ago(1, "Product Viewed", 4))
WORLD: Final = World(
    [ADA], DID, {"orders": Computed(ORDER, "count")}, {7: f.Number("trait:score", "ge", 10)}, {1: frozenset()}
)


def told(rule: Any, reader: Reader = ANYBODY, purpose: str = "", **given_thresholds: float | None) -> Explanation:
    """Of Ada."""
    asked = with_purpose(rule, purpose) if purpose else rule
    evaluator = evaluator_of(WORLD, {1: asked}, given_thresholds)
    return explain(rule, folded(evaluator, WORLD, ADA, NOW), evaluator, us(NOW), reader, purpose=purpose)


def lines_of(line: Line) -> Iterator[Line]:
    yield line
    for one in line.children:
        yield from lines_of(one)


FOUND: Final[tuple[tuple[Any, bool, str], ...]] = (
    (f.Did(ORDER, value=2, window=DAYS_90), True, "2 times, last on 2026-11-02"),
    (f.Did(ORDER, value=2), True, "3 times"),
    (f.Did(VIEW, window=f.Window(last=f.Span(1, "hours"))), False, "not in that time"),
    (f.Did(CART), False, "never"),
    (f.Did(ORDER, window=f.Window(since_trait="plan")), False, "no day in plan, so that nothing counts"),
    (f.Did(ORDER, "sum", "total", window=DAYS_90, value=20), True, "20.5, last on 2026-10-31"),
    (f.Did(ORDER, "sum", "nothing"), False, "0"),
    (f.Did(ORDER, "max", "nothing", op="lt"), False, "no value"),
    (f.Did(ORDER, "distinct", "total", "number", value=2), True, "2"),
    (f.Sequence((f.Step(ORDER), f.Step(VIEW))), True, "all 2 steps"),
    (f.Sequence((f.Step(VIEW), f.Step(ORDER))), False, "1 of 2 steps"),
    (f.Sequence((f.Step(CART),)), False, "none of 1 step"),
    (
        f.Sequence((f.Step(ORDER), f.Step(VIEW)), f.ThenNot(CART, f.Span(2))),
        False,
        "all 2 steps; what must not follow still may until 2026-11-04 12:00 UTC",
    ),
    (f.Sequence((f.Step(ORDER),), f.ThenNot(VIEW, f.Span(5))), False, "the step, but 'Product Viewed' followed"),
    (f.InAudience(7), True, "in it"),
    (f.InAudience(7, False), False, "in it"),
    (f.Consents("email_marketing"), False, "denied"),
    (f.Consents("advertising"), False, "never said"),
    (f.AtCompany(f.Number("trait:size", "ge", 50)), False, "company 'Acme'"),
    (f.Listed(1), False, "not on it"),
    (f.OneOf("trait:plan", "is", ("pro",)), False, "value: 'free'"),
    (f.OneOf("trait:other", "is", ("pro",)), False, "no such trait"),
    (f.Present("phone"), False, "no value"),
    (f.Present("trait:none"), False, "empty text"),
    (f.Has("trait:tags", "has", ("b",)), True, "value: ['a', 'b']"),
    (f.Present("trait:deep"), True, "value: an object"),
    (f.Flag("known", True), True, "value: true"),
    (f.Number("computed:orders", "ge", 3), True, "value: 3"),
    (f.Recent("first_seen", "within", 7), False, "value: 2026-10-25 12:00 UTC"),
)


@pytest.mark.parametrize(("rule", "is_held", "found"), FOUND, ids=[found for _, _, found in FOUND])
def test_a_line_says_what_was_found(rule: Any, is_held: bool, found: str) -> None:
    line = told(rule).root
    assert (line.at, line.is_held, line.found, line.words) == ("where", is_held, found, words_of(rule))


def test_chance_says_where_somebody_stands() -> None:
    assert told(f.Sample(50.0)).root.found.endswith("\u202f%, 50\u202f% are in")


def test_a_share_says_what_it_begins_at() -> None:
    share = f.TopShare("trait:score", 10.0)
    evaluator = evaluator_of(WORLD, {1: share}, {key(share): 20})
    ada = folded(evaluator, WORLD, ADA, NOW)
    assert explain(share, ada, evaluator, us(NOW)).root.found == "value: 12; at least 20 is needed"
    assert told(share).root.found == "not known yet whose score is greatest"


def test_a_group_says_how_many_hold_and_lines_have_their_places() -> None:
    inner = f.AnyOf((f.Listed(1), f.Flag("known", True)))
    company = f.AtCompany(f.AllOf((f.Number("trait:size", "ge", 50), f.Present("name"))))
    root = told(f.AllOf((inner, company))).root
    assert [(line.at, line.kind, line.is_held, line.found) for line in lines_of(root)] == [
        ("where", "all", False, "1 of 2 hold"),
        ("where.of[0]", "any", True, "1 of 2 hold"),
        ("where.of[0].of[0]", "listed", False, "not on it"),
        ("where.of[0].of[1]", "flag", True, "value: true"),
        ("where.of[1]", "company", False, "company 'Acme'"),
        ("where.of[1].where", "all", False, "1 of 2 hold"),
        ("where.of[1].where.of[0]", "number", False, "value: 12"),
        ("where.of[1].where.of[1]", "present", True, "value: 'Acme'"),
    ]


def test_the_purpose_stands_beside_the_rule() -> None:
    found = told(f.AllOf((f.Listed(1),)), Reader(NAMES), "email_marketing")
    assert [line.at for line in lines_of(found.root)] == ["", "where", "where.of[0]", "purpose"]
    assert found.root.children[1].words == "allows e-mail marketing"
    assert found.changes == ()  # two things are missing
    assert told(f.AllOf(()), Reader(NAMES), "email_marketing").changes == (
        Change(at="purpose", words="allows e-mail marketing"),
    )


def test_hidden_values_stay_hidden() -> None:
    reader = Reader(is_hidden=lambda field: field in ("email", "trait:plan"))
    rule = f.AllOf((f.Contains("email", "starts", "ada"), f.Present("trait:plan"), f.Present("trait:email")))
    found = told(rule, reader)
    assert [line.found for line in found.root.children] == [
        "a value that you don't see", "a value that you don't see", "no such trait",
    ]  # fmt: skip
    assert not {"ada@example.com", "free"} & {part for line in lines_of(found.root) for part in line.found.split("'")}


CHANGES: Final[tuple[tuple[Any, list[str]], ...]] = (
    (f.Did(ORDER, value=3, window=DAYS_90), ["1 more 'Order Completed' in the last 90 days"]),
    (f.Did(ORDER, op="gt", value=3.5), ["1 more 'Order Completed'"]),
    (f.Did(ORDER, op="eq", value=5), ["2 more 'Order Completed'"]),
    (f.Did(ORDER, op="eq", value=2), ["did 'Order Completed' exactly 2 times"]),
    (f.Did(ORDER, op="eq", value=3), ["1 more 'Order Completed'"]),
    (f.Did(ORDER, op="lt", value=5), ["2 more 'Order Completed'"]),
    (f.Did(ORDER, op="le", value=2), ["did 'Order Completed' at most 2 times"]),
    (f.Did(f.EventMatch("", "page")), ["1 more view of any page"]),
    (f.Did(f.EventMatch("Home", "page"), value=1200), ["1,200 more views of page 'Home'"]),
    (f.Did(ORDER, window=f.Window(since_trait="plan")), [
        "did 'Order Completed' at least once since the day in plan",
    ]),
    (f.OneOf("trait:plan", "is", ("pro",)), ["plan is 'pro'"]),
    (f.OneOf("trait:plan", "is", ("free",)), ["plan is not 'free'"]),
    (f.Contains("trait:plan", "starts", "f"), ["no longer: plan starts with 'f'"]),
    (f.Consents("email_marketing"), ["allows e-mail marketing"]),
    (f.NoneOf((f.Flag("known", True),)), ["is not known"]),
    (f.InAudience(7), ["is not in audience 'VIP'"]),
    (f.AllOf((f.Flag("known", True), f.Listed(1))), ["is on list 'Fair 2026'"]),
    (f.AllOf((f.Listed(1), f.Listed(1))), ["is on list 'Fair 2026'"]),
    (f.AnyOf((f.Flag("known", True), f.Present("name"))), []),
    (f.AnyOf((f.Listed(1), f.Consents("advertising"))), ["is on list 'Fair 2026'", "allows 'advertising'"]),
    (f.AllOf(()), []),
    (f.Recent("first_seen", "within", 30), [
        "no longer: was first seen in the last 30 days",
        "on 2026-11-24 leaves by the passing of time alone",
    ]),
    (f.Did(ORDER, op="lt", value=3, window=f.Window(last=f.Span(100))), [
        "did 'Order Completed' fewer than 3 times in the last 100 days",
        "on 2026-11-04 enters by the passing of time alone",
    ]),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "changes"), CHANGES, ids=[words_of(rule) for rule, _ in CHANGES])
def test_what_alone_would_change_the_outcome(rule: Any, changes: list[str]) -> None:
    assert [one.words for one in told(rule, Reader(NAMES)).changes] == changes


class Otherwise(_Asked):
    """The reference, asked of somebody of whom one condition is the other way round."""

    flipped = ""

    def leaf(self, rule: Any) -> bool:
        return super().leaf(rule) is not (f.to_json(rule) == self.flipped)


def part_at(rule: Any, at: str) -> Any:
    """What stands at a place of a rule."""
    document: Any = {"where": msgspec.to_builtins(rule)}
    for name in at.replace("[", ".").replace("]", "").split("."):
        document = document[int(name) if name.isdigit() else name]
    return msgspec.convert(document, f.Node)


SOME: Final = settings(
    max_examples=int(os.environ.get("TWIN_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def questions(draw: st.DrawFn) -> tuple[World, Any, datetime]:
    """A rule asked at a moment; nothing comes after it."""
    world = draw(worlds())
    rule, now = draw(rules(world)), draw(moments(world))
    events = [event for event in world.events if event.ts <= now]
    return replace(world, events=events), rule, now


def explained(question: tuple[World, Any, datetime]) -> Iterator[tuple[_Asked, Person, Evaluator, Explanation]]:
    world, rule, now = question
    evaluator = evaluator_of(world, {1: rule}, {})
    for one in world.people:
        person = folded(evaluator, world, one, now)
        yield _Asked(world, one, now), person, evaluator, explain(rule, person, evaluator, us(now))


@SOME
@given(question=questions())
def test_every_line_is_what_the_evaluator_and_the_reference_say(question: tuple[World, Any, datetime]) -> None:
    _, rule, now = question
    for reference, person, evaluator, found in explained(question):
        is_in, until = evaluator.ask(rule, person, us(now))
        assert found.root.is_held is is_in
        assert found.root.until == (None if until >= f.FOREVER else until)
        for line in lines_of(found.root):
            assert line.found
            assert line.words
            if ".where" not in line.at:
                assert line.is_held is reference.holds(part_at(rule, line.at))
                assert line.kind == part_at(rule, line.at).__struct_config__.tag


@SOME
@given(question=questions())
def test_exactly_the_changes_told_change_the_outcome(question: tuple[World, Any, datetime]) -> None:
    world, rule, now = question
    for reference, _, _, found in explained(question):
        told_of = {f.to_json(part_at(rule, change.at)) for change in found.changes if change.at}
        for line in lines_of(found.root):
            if ".where" in line.at or isinstance(part_at(rule, line.at), f.Group):
                continue
            forced = Otherwise(world, reference.person, now)
            forced.flipped = f.to_json(part_at(rule, line.at))
            assert (forced.holds(rule) is not found.root.is_held) is (forced.flipped in told_of)


@SOME
@given(question=questions())
def test_time_changes_the_outcome_when_it_is_told(question: tuple[World, Any, datetime]) -> None:
    world, rule, now = question
    for reference, _, _, found in explained(question):
        turns = [change.at_us for change in found.changes if change.at_us is not None]
        for days in (0.01, 1, 8, 95, 400):
            later = now + timedelta(days=days)
            if not turns or us(later) < turns[0]:
                assert _Asked(world, reference.person, later).holds(rule) is found.root.is_held
        for at_us in turns:
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
            assert _Asked(world, reference.person, at).holds(rule) is not found.root.is_held
