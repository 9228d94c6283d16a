"""A rule in one sentence: every condition has its words, different rules different ones, and no rule is without."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from onefold.audiences.company_words import sentence_of_companies
from onefold.audiences.spelling import MAX_QUOTED, number_of, quoted
from onefold.audiences.words import Names, Piece, sentence_of, text_of, words_of
from onefold.filters import api as f
from tests.audiences.drawing import dids, person_leaves, rules, sequences, worlds
from tests.audiences.two_hundred import RULES

NAMES: Final = Names({7: "VIP"}, {"email": "E-mail marketing", "sms": "SMS", "ads": "Google Ads"}, {1: "Fair 2026"})
ORDER: Final = f.EventMatch("Order Completed")
VIEW: Final = f.EventMatch("Product Viewed")
HOME: Final = f.EventMatch("Home", "page")
ANY_SCREEN: Final = f.EventMatch("", "screen")
BIG: Final = f.EventMatch("Order Completed", where=f.AllOf((f.Number("total", "ge", 200), f.Present("email"))))
INDUSTRY: Final = f.OneOf("trait:industry", "is", ("hospitality",))
STAFF: Final = f.AtCompany(f.Number("trait:employees", "ge", 50))
BOUGHT: Final = f.Did(ORDER, value=2)
LATELY: Final = f.Window(last=f.Span(90))
ON: Final = date(2026, 12, 1)

LEAVES: Final[dict[str, Any]] = {
    "has at least 3 people in audience 'VIP'": f.PeopleIn(7, value=3),
    "has at most 1 person in audience 8": f.PeopleIn(8, "le"),
    "belongs to a company that has more than 2 people in audience 'VIP'": f.AtCompany(
        f.AllOf((f.PeopleIn(7, "gt", 2),))
    ),
    "belongs to a company (where employees is at least 50 and it is not in audience 'VIP')": f.AtCompany(
        f.AllOf((f.Number("trait:employees", "ge", 50), f.InAudience(7, False)))
    ),
    "plan is 'pro'": f.OneOf("trait:plan", "is", ("pro",)),
    "'first name' is one of 'a', 'b'": f.OneOf("trait:first name", "is", ("a", "b")),
    "plan is not 'pro'": f.OneOf("trait:plan", "is_not", ("pro",)),
    "plan is none of '1', '2', '3', '4', '5' and 7 more": f.OneOf(
        "trait:plan", "is_not", tuple(str(n + 1) for n in range(12))
    ),
    "plan is one of '1', '2', '3', '4', '5', '6'": f.OneOf("trait:plan", "is", tuple(str(n + 1) for n in range(6))),
    """name contains "it's\"""": f.Contains("name", "contains", "it's"),
    "trait name doesn't contain 'a\\nb'": f.Contains("trait:name", "contains_not", "a\nb"),
    "e-mail address starts with 'ada@'": f.Contains("email", "starts", "ada@"),
    "computed ltv is exactly 1,234.5": f.Number("computed:ltv", "eq", 1234.5),
    "total is not exactly -0.0000005": f.Number("trait:total", "ne", -0.0000005),
    "total is less than 1e-12": f.Number("trait:total", "lt", 1e-12),
    "total is at most 20": f.Number("trait:total", "le", 20.0),
    "total is more than 1,000,000,000,000,000": f.Number("trait:total", "gt", 1e15),
    "total is from 1 to 2": f.Between("trait:total", 1, 2),
    "born is before 2026-12-01": f.Days("trait:born", "before", ON),
    "was first seen after 2026-12-01": f.Days("first_seen", "after", ON),
    "born is from 2026-12-01 to 2026-12-01": f.Days("trait:born", "between", ON, ON),
    "was last seen more than 1 day ago": f.Recent("last_seen", "longer_ago", 1),
    "renews comes in the next 30 days": f.Recent("trait:renews", "ahead", 30),
    "renews was in the last day": f.Recent("trait:renews", "within", 1),
    "born comes round today": f.Anniversary("trait:born", 0),
    "born comes round in the next 7 days": f.Anniversary("trait:born", 7),
    "is not known": f.Flag("known", False),
    "vip is true": f.Flag("trait:vip", True),
    "tags doesn't have 'a'": f.Has("trait:tags", "has_not", ("a",)),
    "tags has one of 'a', 5": f.Has("trait:tags", "has", ("a", 5)),
    "phone number is empty": f.Present("phone", False),
    "plan matches the pattern '^x\\d'": f.Matches("trait:plan", "^x\\d"),
    "did 'Order Completed' at least once": f.Did(ORDER),
    "never did 'Order Completed' in the last 90 days": f.Did(ORDER, window=LATELY, op="eq", value=0),
    "viewed page 'Home' fewer than 3 times since 2026-12-01": f.Did(HOME, window=f.Window(since=ON), op="lt", value=3),
    "viewed any screen exactly once since the day in born": f.Did(
        ANY_SCREEN, window=f.Window(since_trait="born"), op="eq"
    ),
    "did 'Order Completed' (where total is at least 200 and email is filled in) at least 2 times": f.Did(BIG, value=2),
    "sum of total over 'Order Completed' is at least 99.9 in the last 2 hours": f.Did(
        ORDER, "sum", "total", window=f.Window(last=f.Span(2, "hours")), value=99.9
    ),
    "greatest cart.total over any screen is more than 1": f.Did(ANY_SCREEN, "max", "cart.total", op="gt"),
    "count of different numbers in total over 'Product Viewed' is at least 3": f.Did(
        VIEW, "distinct", "total", "number", value=3
    ),
    "count of different values of category over 'Product Viewed' is at least 3": f.Did(
        VIEW, "distinct", "category", value=3
    ),
    "did 'Product Viewed', then viewed page 'Home' within 1 day without 'Order Completed' in between, then no"
    " 'Order Completed' within 7 days, all in the last 30 days": f.Sequence(
        (f.Step(VIEW), f.Step(HOME, f.Span(1), ORDER)), f.ThenNot(ORDER, f.Span(7))
    ),
    "did 'Product Viewed' in the last hour": f.Sequence((f.Step(VIEW),), window=f.Span(1, "hours")),
    "is in audience 'VIP'": f.InAudience(7),
    "is not in audience 8": f.InAudience(8, False),
    "allows e-mail marketing": f.Consents("email"),
    "denied SMS": f.Consents("sms", "denied"),
    "said nothing about Google Ads": f.Consents("ads", "unknown"),
    "allows 'post'": f.Consents("post"),
    "belongs to a company whose employees is at least 50": STAFF,
    "belongs to a company that was first seen after 2026-12-01": f.AtCompany(f.Days("first_seen", "after", ON)),
    "belongs to a company (where name is filled in or key is 'x')": f.AtCompany(
        f.AnyOf((f.Present("name"), f.OneOf("key", "is", ("x",))))
    ),
    "belongs to a company": f.AtCompany(f.AllOf(())),
    "is in the top 10\u202f% by computed ltv": f.TopShare("computed:ltv", 10.0),
    "is in the bottom 0.5\u202f% by total": f.TopShare("trait:total", 0.5, True),
    "is in a random 12.5\u202f% of all people": f.Sample(12.5),
    "is in a random 50\u202f% of all people (draw 'b')": f.Sample(50, "b"),
    "is on list 'Fair 2026'": f.Listed(1),
    "is on list 2": f.Listed(2),
}
SENTENCES: Final[dict[str, Any]] = {
    "Everybody.": f.AllOf(()),
    "Nobody.": f.AnyOf(()),
    "Everybody who allows e-mail marketing.": f.AllOf((f.AllOf(()), f.Consents("email"))),
    "Everybody. Not those who are in audience 'VIP' or whose industry is 'hospitality'.": f.NoneOf(
        (f.InAudience(7), INDUSTRY)
    ),
    "People who did 'Order Completed' at least 2 times and are on list 2.": f.AllOf((BOUGHT, f.Listed(2))),
    "People who did 'Order Completed' at least 2 times, are on list 2, or whose industry is 'hospitality'.": f.AnyOf(
        (BOUGHT, f.Listed(2), INDUSTRY)
    ),
    "People who did 'Order Completed' at least 2 times, either whose industry is 'hospitality' or who belong to a"
    " company whose employees is at least 50, and who are on list 'Fair 2026'. Only those who allow e-mail marketing"
    " and SMS. Not those who are in audience 'VIP'.": f.AllOf(
        (
            f.AllOf((BOUGHT, f.AnyOf((INDUSTRY, STAFF)), f.NoneOf((f.InAudience(7),)))),
            f.Listed(1),
            f.Consents("email"),
            f.Consents("sms"),
        )
    ),
    "People who either did 'Order Completed' at least 2 times or are on list 2, and neither are on list 3 nor are in"
    " audience 8.": f.AllOf((f.AnyOf((BOUGHT, f.Listed(2))), f.AnyOf((f.NoneOf((f.Listed(3), f.InAudience(8))),)))),
    "People who are on list 2, and for whom at least one of these holds (industry is 'hospitality'; both did"
    " 'Order Completed' at least 2 times and is on list 3; this doesn't hold (is in audience 8)).": f.AllOf(
        (f.Listed(2), f.AnyOf((INDUSTRY, f.AllOf((BOUGHT, f.Listed(3))), f.NoneOf((f.InAudience(8),)))))
    ),
    "People who are on list 2 and are nobody.": f.AllOf((f.Listed(2), f.AnyOf(()))),
}


@pytest.mark.parametrize("words", LEAVES)
def test_every_condition_has_its_words(words: str) -> None:
    assert words_of(LEAVES[words], NAMES) == words


def test_no_type_of_condition_is_forgotten() -> None:
    every = {type(one) for one in (*LEAVES.values(), *SENTENCES.values())}
    asked = set(get_args(f.Condition)) | set(get_args(f.Behaviour)) | set(get_args(f.Group))
    assert every >= asked - {f.RelatedTo}, "rules refuse that one: only lists are filtered by it"


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_rule_is_one_sentence_with_its_exceptions(sentence: str) -> None:
    assert text_of(SENTENCES[sentence], NAMES) == sentence


def test_what_is_asked_is_strong() -> None:
    assert sentence_of(f.AllOf((BOUGHT, INDUSTRY, f.Consents("email"), f.NoneOf((f.InAudience(7),)))), NAMES) == [
        Piece("People who "),
        Piece("did 'Order Completed' at least 2 times", True),
        Piece(" and whose "),
        Piece("industry is 'hospitality'", True),
        Piece(". Only those who "),
        Piece("allow e-mail marketing", True),
        Piece(". Not those who "),
        Piece("are in audience 'VIP'", True),
        Piece("."),
    ]


def test_long_texts_are_cut() -> None:
    long = "x" * f.MAX_TEXT
    rule = f.AllOf((f.OneOf(f"trait:{long}", "is", (long,) * 10_000), f.Did(f.EventMatch(long))))
    assert len(text_of(rule, Names())) < 10 * MAX_QUOTED


def test_texts_are_quoted_in_one_line() -> None:
    assert [quoted(text) for text in ("a b", "a\u00a0b", "it's", "'\"", "a\0\n", "é😀")] == [
        "'a b'", "'a b'", '"it\'s"', "'\'\"'", "'a\\x00\\n'", "'é😀'",
    ]  # fmt: skip


@given(one=st.floats(-1e30, 1e30) | st.integers(-(10**30), 10**30), other=st.floats(-1e30, 1e30) | st.integers())
def test_different_numbers_never_look_alike(one: float, other: float) -> None:
    assert one == other or number_of(one) != number_of(other)


@pytest.mark.parametrize("name", RULES)
def test_rules_with_awkward_text_have_words(name: str) -> None:
    demand_words(RULES[name])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_no_rule_is_without_words(data: st.DataObject) -> None:
    demand_words(data.draw(rules(data.draw(worlds(people=1, max_events=0)))))


def demand_words(rule: Any) -> None:
    pieces = sentence_of(rule, NAMES)
    assert all(piece.text for piece in pieces)
    assert all(one.is_strong is not other.is_strong for one, other in itertools.pairwise(pieces))
    assert text_of(rule, NAMES) == "".join(piece.text for piece in pieces)
    assert re.fullmatch(r"(People|Everybody|Nobody)\b[^\n]+|Everybody\.|Nobody\.", text_of(rule, NAMES))
    assert words_of(rule, NAMES)


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_conditions_that_differ_in_an_operator_or_number_are_said_differently(data: st.DataObject) -> None:
    leaf = data.draw(st.one_of(person_leaves, dids, sequences(), shares))
    document = msgspec.to_builtins(leaf)
    holder, key, others = data.draw(st.sampled_from(list(variable(document)) or [({}, "", [0])]))
    assume(key)
    holder[key] = data.draw(st.sampled_from(others))
    try:
        varied = msgspec.convert(document, f.Node)
        f.check(varied)
    except (msgspec.ValidationError, f.FilterRejected):
        assume(False)
        raise
    assume(varied != leaf)
    assert words_of(varied) != words_of(leaf)
    assert text_of(varied) != text_of(leaf)


shares = st.builds(f.TopShare, st.just("trait:plan"), st.sampled_from((10.0, 0.5)), st.booleans())
OPS: Final = (
    ("eq", "ne", "lt", "le", "gt", "ge"), ("is", "is_not"), ("contains", "contains_not", "starts"), ("has", "has_not"),
    ("before", "after"), ("within", "longer_ago", "ahead"), ("given", "denied", "unknown"),
)  # fmt: skip


def variable(document: Any) -> Iterator[tuple[Any, Any, Sequence[Any]]]:
    """Operators, numbers and truth values in it: where they stand, and what else could."""
    for key, value in list(document.items() if isinstance(document, dict) else enumerate(document)):
        if isinstance(value, dict | list):
            yield from variable(value)
        elif isinstance(value, bool):
            yield document, key, [not value]
        elif isinstance(value, int | float):
            yield document, key, [0, 1, 2, 24, 30, 1440, value + 1, value * 1.0000001, value - 0.25]
        elif key == "op":
            yield document, key, next(ops for ops in OPS if value in ops or value == "between")
        elif key == "unit":
            yield document, key, ["minutes", "hours"]


A, B, C = f.Listed(1), INDUSTRY, f.Consents("ads", "denied")


def test_groups_within_groups_cant_be_misread() -> None:
    """Rules that are said alike mean alike."""
    small = [A, B, C, *(f.NoneOf((one,)) for one in (A, B, C)), f.AllOf(()), f.AnyOf(())]
    small += [group(pair) for group in GROUPS for pair in itertools.product((A, B, C), repeat=2)]
    trees = [*small, *(group(pair) for group in GROUPS for pair in itertools.product(small, repeat=2))]
    for say in (text_of, words_of):
        meanings: dict[str, set[tuple[bool, ...]]] = {}
        for tree in trees:
            meanings.setdefault(say(tree), set()).add(meaning(tree))
        assert [said for said, different in meanings.items() if len(different) > 1] == []


GROUPS: Final[tuple[Any, ...]] = (f.AllOf, f.AnyOf, f.NoneOf)


def meaning(tree: Any) -> tuple[bool, ...]:
    """For which of all people it holds."""
    return tuple(
        holds(tree, dict(zip((A, B, C), facts, strict=True))) for facts in itertools.product((False, True), repeat=3)
    )


def holds(tree: Any, facts: Mapping[Any, bool]) -> bool:
    if not isinstance(tree, f.Group):
        return facts[tree]
    parts = [holds(one, facts) for one in tree.of]
    return all(parts) if isinstance(tree, f.AllOf) else any(parts) is isinstance(tree, f.AnyOf)


def test_companies_have_their_own_sentence() -> None:
    rule = f.AllOf((f.PeopleIn(7, value=2), f.Number("trait:employees", "ge", 80), f.NoneOf((f.InAudience(8),))))
    said = "".join(piece.text for piece in sentence_of_companies(rule, NAMES))
    assert said == (
        "Companies that have at least 2 people in audience 'VIP' and whose employees is at least 80."
        " Not those that are in audience 8."
    )
    assert "".join(piece.text for piece in sentence_of_companies(f.AllOf(), NAMES)) == "Every company."
    named = f.OneOf("name", "is", ("People who matter",))
    assert "'People who matter'" in "".join(piece.text for piece in sentence_of_companies(named, NAMES))
