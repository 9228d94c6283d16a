"""What is refused when a rule is kept: what can never hold, and what grows too large by way of others."""

from typing import Any

import pytest

from onefold.audiences.errors import RuleRejected
from onefold.audiences.references import MAX_REFERENCES
from onefold.audiences.rules import Scope, check_rule
from onefold.filters import api as f

LOOKED, BOUGHT = f.EventMatch("Looked"), f.EventMatch("Bought")


def sequence(within: f.Span, window: f.Span | None = None) -> f.Sequence:
    more: dict[str, Any] = {} if window is None else {"window": window}
    return f.Sequence((f.Step(LOOKED),), f.ThenNot(BOUGHT, within), **more)


@pytest.mark.parametrize(
    ("within", "window", "most"),
    [
        (f.Span(31), None, "30 days"),
        (f.Span(25, "hours"), f.Span(1), "1 days"),
        (f.Span(1), f.Span(90, "minutes"), "90 minutes"),
    ],
)
def test_what_may_not_follow_can_not_take_longer_than_the_window(
    within: f.Span, window: f.Span | None, most: str
) -> None:
    with pytest.raises(RuleRejected, match=rf"where\.of\[0\]\.then_not\.within: at most {most}"):
        check_rule(f.AllOf((sequence(within, window),)), Scope())
    check_rule(sequence(f.Span(24, "hours"), f.Span(1)), Scope())


def test_an_audience_does_not_grow_too_large_by_one_that_it_asks_for() -> None:
    few, many = _conditions(150), _conditions(200)
    refers = f.AllOf((*(f.InAudience(number, True) for number in (1, 2, 3, 4, 5)), *few.of))
    rules: dict[int, f.Node] = {**dict.fromkeys((1, 2, 3, 4, 5), few), 6: refers, 7: f.InAudience(6, True)}
    scope = Scope(audiences=rules)
    check_rule(refers, scope, 6)
    check_rule(_conditions(195), scope, 1)
    with pytest.raises(RuleRejected, match=rf"Audience 6 asks who is in .* over {MAX_REFERENCES} conditions"):
        check_rule(many, Scope(audiences=rules | {6: f.AllOf((refers, *_conditions(50).of))}), 1)
    check_rule(many, Scope(audiences=rules | {6: few}), 1)  # nobody asks for it any more


def _conditions(n: int) -> f.AllOf:
    return f.AllOf(tuple(f.Number("trait:age", "gt", i) for i in range(n)))
