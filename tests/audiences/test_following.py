"""Bits that are followed event by event are those that are found when everything is asked, however late events come."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from onefold.audiences.answers import Answers
from onefold.audiences.asked import Person
from onefold.audiences.evaluate import Evaluator
from onefold.audiences.folding import Counted
from onefold.audiences.settling import Look, fold_events
from onefold.audiences.states import Standing
from onefold.filters import api as f
from onefold.kernel.instants import EPOCH, MICROSECOND
from tests.audiences.asking import decoded, evaluator_of, us
from tests.audiences.drawing import NAMES, START
from tests.audiences.oracle import Event, Somebody, World, members

A, B, C = (f.EventMatch(name) for name in NAMES[:3])
PRICED: Final = f.EventMatch(NAMES[0], where=f.Number("total", "ge", 2))
matches = st.sampled_from((A, A, B, B, C, PRICED))
spans = st.builds(f.Span, st.sampled_from((1, 2, 25)), st.sampled_from(("minutes", "hours", "days")))
ops = st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge"))
windows = st.one_of(st.just(f.EVER), st.builds(f.Window, last=spans))
dids = st.one_of(
    st.builds(f.Did, matches, window=windows, op=ops, value=st.sampled_from((0, 1, 2, 2.5, 3))),
    st.builds(f.Did, matches, st.sampled_from(("sum", "average", "max", "distinct")), st.just("total"),
              st.just("number"), window=windows, op=ops, value=st.sampled_from((0, 1.5, 3, -1))),
)  # fmt: skip
later_steps = st.builds(f.Step, matches, st.none() | spans, st.none() | matches)
sequences = st.builds(
    lambda first, steps, then_not, window: f.Sequence((f.Step(first), *steps), then_not, window),
    matches,
    st.lists(later_steps, max_size=2),
    st.none() | st.builds(f.ThenNot, matches, spans),
    spans,
)
GAPS: Final = [
    timedelta(0), timedelta(microseconds=1), timedelta(seconds=40), timedelta(minutes=1), timedelta(minutes=2),
    timedelta(minutes=50), timedelta(hours=1), timedelta(hours=2), timedelta(hours=25), timedelta(days=2),
    timedelta(days=26),
]  # fmt: skip
Came = tuple[timedelta, list[tuple[str, timedelta, int, float]]]
"""How much later: name, how late, fragment and total of each event that came then."""
events = st.tuples(
    st.sampled_from(NAMES[:3]), st.sampled_from([*[timedelta(0)] * 8, *GAPS]), st.integers(1, 2),
    st.sampled_from((1.0, 2.0, -3.0)),
)  # fmt: skip
arrivals = st.lists(st.tuples(st.sampled_from(GAPS), st.lists(events, max_size=3)), min_size=1, max_size=12)
THEN_NOT: Final = f.Sequence((f.Step(A),), f.ThenNot(B, f.Span(1, "hours")), f.Span(25))
ZERO: Final = timedelta(0)


@settings(max_examples=10 * int(os.environ.get("TWIN_EXAMPLES", "100")), deadline=None)
@given(rules=st.lists(st.one_of(dids, sequences, sequences), min_size=1, max_size=6), arrivals=arrivals)
@example(  # what must not follow comes after it was waited for
    rules=[THEN_NOT],
    arrivals=[
        (ZERO, [(NAMES[0], ZERO, 1, 1.0)]),
        (timedelta(hours=2), []),
        (timedelta(minutes=5), [(NAMES[1], timedelta(minutes=95), 1, 1.0)]),
    ],
)
def test_what_is_followed_is_what_is_found(rules: list[Any], arrivals: list[Came]) -> None:
    somebody = Somebody(1, {}, {}, {})
    asked = dict(enumerate(rules, 1))
    evaluator = evaluator_of(World([somebody], []), asked, {})
    answers, standing, happened, now = evaluator.answers, Standing(1), list[Event](), START
    bits, due = answers.look(Person(1), us(now))
    for gap, came in arrivals:
        before, now = now, now + gap
        while us(now) >= due:  # by then it was asked again
            bits, due = look(answers, standing, datetime_of(due))
        assert bits == look(answers, standing, now)[0], f"as time goes by from {before} to {now}"
        fresh = [
            Event(len(happened) + i, 1, fragment, now - late, name, "track", {"total": total})
            for i, (name, late, fragment, total) in enumerate(came)
        ]
        happened += fresh
        counted, news = fold_events(Look(standing, list(counted_of(evaluator, fresh))))
        states = list(standing.fragments.values())
        bits, due = answers.follow(bits, counted, states, news, us(now), due)
        assert bits == look(answers, standing, now)[0]
        found = {number for number, rule in asked.items() if 1 in members(World([somebody], happened), rule, now)}
        assert answers.audiences_of(bits) == sum(1 << number for number in found)


def look(answers: Answers, standing: Standing, now: datetime) -> tuple[int, int]:
    return answers.look(Person(1, list(standing.fragments.values())), us(now))


def counted_of(evaluator: Evaluator, events: list[Event]) -> Iterator[tuple[int, Counted]]:
    for event in events:
        if (counted := evaluator.folder.count(decoded(event))) is not None:
            yield event.fragment, counted


def datetime_of(at_us: int) -> datetime:
    return EPOCH + at_us * MICROSECOND
