"""What matching in Python rests on: folded texts, instants of texts, days of a year, and until when an answer lasts."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onefold.filters.api import (
    FOREVER,
    MAX_DATE_CHARS,
    Anniversary,
    Between,
    Condition,
    Contains,
    Days,
    FilterRejected,
    Flag,
    Has,
    Matches,
    Number,
    OneOf,
    Present,
    Recent,
    days_ahead,
    fold_text,
    instant_of,
    matcher_of,
)
from onefold.filters.matching import DAY_US, day_of, pattern_of

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def us(text: str) -> int:
    """µs since 1970 of an instant with its zone."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


class TestFolding:
    """Letters without case, one for one."""

    @pytest.mark.parametrize(
        ("text", "folded"),
        [
            ("", ""),
            ("Plan PRO_1", "plan pro_1"),
            ("ÉÇŁ", "éçł"),
            ("Straße", "straße"),
            ("İZMİR", "izmir"),
            ("\u0131s\u0131", "\u0131s\u0131"),  # without a dot
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("σίσυφος", "σίσυφοσ"),
            ("ЖЁ", "жё"),
            ("😀ﬁ", "😀ﬁ"),
        ],
    )
    def test_a_text_without_case(self, text: str, folded: str) -> None:
        assert fold_text(text) == folded

    @given(st.text())
    def test_folding_keeps_the_length_and_is_done_once(self, text: str) -> None:
        folded = fold_text(text)
        assert len(folded) == len(text)
        assert fold_text(folded) == folded

    @given(st.text(), st.text())
    def test_a_letter_is_folded_whatever_stands_beside_it(self, a: str, b: str) -> None:
        assert fold_text(a + b) == fold_text(a) + fold_text(b)


class TestInstants:
    """Texts that are dates."""

    @pytest.mark.parametrize(
        ("text", "same"),
        [
            ("2026-05-17", "2026-05-17T00:00:00+00:00"),
            ("2026-05-17T12:30", "2026-05-17T12:30:00+00:00"),
            ("2026-05-17 12:30:45", "2026-05-17T12:30:45+00:00"),
            ("2026-05-17T12:30:45.5Z", "2026-05-17T12:30:45.500000+00:00"),
            ("2026-05-17T12:30:45.123456Z", "2026-05-17T12:30:45.123456+00:00"),
            ("2026-05-17T12:30+02:00", "2026-05-17T10:30:00+00:00"),
            ("2026-05-17T12:30:00-14:59", "2026-05-18T03:29:00+00:00"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999+00:00"),
            ("2024-02-29", "2024-02-29T00:00:00+00:00"),
            ("0002-01-01", "0002-01-01T00:00:00+00:00"),
            ("9998-12-31T23:59:59.999999Z", "9998-12-31T23:59:59.999999+00:00"),
        ],
    )
    def test_a_date_in_words(self, text: str, same: str) -> None:
        assert len(text) <= MAX_DATE_CHARS
        assert instant_of(text) == us(same)

    @pytest.mark.parametrize(
        "value",
        [
            None, True, 0, 1_780_000_000, 2026.5, [], {}, ["2026-05-17"],
            "", "now", "2026", "2026-05", "2026-5-17", "20260517", "17.05.2026", " 2026-05-17", "2026-05-17 ",
            "2026-05-17\n", "2026-05-17T12:30:00Z\n", "2026-05-17T12", "2026-05-17T12:30:60Z", "2026-05-17T24:00:00Z",
            "2026-05-17T12:30:00.Z", "2026-05-17T12:30:00.1234567Z", "2026-05-17T12:30:00,5Z", "2026-05-17t12:30:00z",
            "2026-05-17T12:30:00+15:00", "2026-05-17T12:30:00+0200", "2026-05-17Z", "2026-W20-7", "+2026-05-17",
            "2026-02-29", "2026-02-30", "2026-04-31", "2026-13-01", "2026-00-10", "0000-01-01", "10000-01-01",
            "２０２６-05-17", "2026-05-1٧", "2026-05-17" * 100,  # noqa: RUF001  (digits, but not ours)
        ],
    )  # fmt: skip
    def test_no_date(self, value: Any) -> None:
        assert instant_of(value) is None

    @given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001  (hypothesis adds it)
    def test_every_instant_is_read_as_it_is_written(self, at: datetime) -> None:
        assert instant_of(at.isoformat()) == (at - EPOCH) // timedelta(microseconds=1)
        assert day_of(us(at.isoformat())) == at.date()

    @given(st.text() | st.from_regex(r"\A\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?\Z"))
    def test_no_text_is_too_much(self, text: str) -> None:
        found = instant_of(text)
        assert found is None or len(text) <= MAX_DATE_CHARS


class TestDaysAhead:
    """Days of the year that come, 29 February where there is none with the 28th."""

    @pytest.mark.parametrize(
        ("today", "days", "expected"),
        [
            ("2026-05-17", 0, {"05-17"}),
            ("2026-12-30", 3, {"12-30", "12-31", "01-01", "01-02"}),
            ("2026-02-27", 0, {"02-27"}),
            ("2026-02-27", 1, {"02-27", "02-28", "02-29"}),
            ("2026-02-28", 0, {"02-28", "02-29"}),
            ("2026-03-01", 0, {"03-01"}),
            ("2024-02-28", 0, {"02-28"}),
            ("2024-02-28", 1, {"02-28", "02-29"}),
            ("2024-02-29", 0, {"02-29"}),
            ("2024-02-29", 1, {"02-29", "03-01"}),
            ("2000-02-28", 0, {"02-28"}),
            ("2100-02-28", 0, {"02-28", "02-29"}),
        ],
    )
    def test_days_around_the_end_of_february(self, today: str, days: int, expected: set[str]) -> None:
        assert days_ahead(date.fromisoformat(today), days) == expected

    @given(st.dates(date(1600, 1, 1), date(2800, 1, 1)), st.integers(0, 365))
    def test_a_day_comes_when_its_next_anniversary_is_near(self, today: date, days: int) -> None:
        for born in (date(2000, 2, 29), date(2000, 2, 28), date(2000, 3, 1), today):
            next_one = min(day for year in range(3) if (day := in_year(born, today.year + year)) >= today)
            assert (f"{born:%m-%d}" in days_ahead(today, days)) is ((next_one - today).days <= days)

    @given(st.dates(date(1600, 1, 1), date(2800, 1, 1)))
    def test_every_day_comes_within_a_year(self, today: date) -> None:
        assert len(days_ahead(today, 365)) == 366


def in_year(born: date, year: int) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


class TestPatterns:
    """RE2's."""

    @pytest.mark.parametrize(
        "pattern",
        ["a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(", "[", "*", "a{1001}", "((((a{100}){100}){100}){100})"],
    )
    def test_what_takes_more_than_linear_time_is_refused(self, pattern: str) -> None:
        said = f"The pattern {re.escape(repr(pattern))} can't be used: .+RE2's: without look-around"
        with pytest.raises(FilterRejected, match=said):
            pattern_of(pattern)
        with pytest.raises(FilterRejected, match=said):
            matcher_of(Matches("trait:plan", pattern))

    @pytest.mark.parametrize(
        ("pattern", "text", "is_found"),
        [
            ("b", "abc", True),
            ("^b", "abc", False),
            ("(?i)STRASSE|é$", "CAFÉ", True),
            (r"^\p{Lu}", "Жук", True),
            ("^.$", "😀", True),
            ("(a+)+$", "a" * 5000 + "b", False),
        ],
    )
    def test_it_is_looked_for_anywhere(self, pattern: str, text: str, is_found: bool) -> None:
        assert matcher_of(Matches("trait:plan", pattern)).of(text, 0) == (is_found, FOREVER)

    @pytest.mark.parametrize("value", [None, 1, True, ["a"], {"a": "a"}])
    def test_what_is_no_text_matches_none(self, value: Any) -> None:
        assert matcher_of(Matches("trait:plan", "")).of(value, 0) == (False, FOREVER)


NOW: Final = us("2026-05-17T12:30:00+00:00")
YEAR: Final = 366 * DAY_US
NEARBY: Final = st.integers(-3, 3).flatmap(
    lambda off: st.sampled_from([NOW + days * DAY_US + off for days in (-400, -30, -1, 0, 1, 30, 365, 400)])
) | st.integers(NOW - 3 * YEAR, NOW + 3 * YEAR)
RECENT: Final = st.builds(
    Recent, st.just("seen"), st.sampled_from(["within", "longer_ago", "ahead"]), st.sampled_from([1, 30, 365, 36_500])
)
ANNIVERSARY: Final = st.builds(Anniversary, st.just("seen"), st.sampled_from([0, 1, 7, 364, 365]))


def between(now: int, until: int) -> st.SearchStrategy[int]:
    """Moments until which an answer lasts: the first, the last, any."""
    last = min(until, now + 3 * YEAR) - 1
    return st.sampled_from([now, last]) | st.integers(now, last)


class TestHowLongAnAnswerLasts:
    """`Held`: whether it holds, and until when."""

    @given(RECENT | ANNIVERSARY, NEARBY, NEARBY, st.data())
    def test_an_answer_lasts_until_it_says(self, leaf: Condition, at: int, now: int, data: st.DataObject) -> None:
        test = matcher_of(leaf, is_moment=True)
        assert test.is_timed
        holds, until = test.of(at, now)
        assert until > now
        assert test.of(at, data.draw(between(now, until))) == (holds, until)

    @given(RECENT, NEARBY, NEARBY)
    def test_then_it_changes(self, leaf: Recent, at: int, now: int) -> None:
        test = matcher_of(leaf, is_moment=True)
        holds, until = test.of(at, now)
        if until == FOREVER:
            assert test.of(at, now + 400 * YEAR) == (holds, FOREVER)
        else:
            assert test.of(at, until - 1)[0] is holds
            assert test.of(at, until)[0] is not holds

    @given(ANNIVERSARY, NEARBY, NEARBY)
    def test_an_anniversary_is_asked_again_at_the_next_day(self, leaf: Anniversary, at: int, now: int) -> None:
        holds, until = matcher_of(leaf, is_moment=True).of(at, now)
        assert until == (now // DAY_US + 1) * DAY_US
        assert holds is (f"{day_of(at):%m-%d}" in days_ahead(day_of(now), leaf.days))

    @given(RECENT, NEARBY, NEARBY)
    @example(Recent("seen", "ahead", 1), NOW, NOW)
    @example(Recent("seen", "ahead", 1), NOW + DAY_US, NOW)
    @example(Recent("seen", "within", 1), NOW - DAY_US, NOW)
    @example(Recent("seen", "longer_ago", 1), NOW - DAY_US, NOW)
    def test_recent_and_ahead_take_both_ends(self, leaf: Recent, at: int, now: int) -> None:
        span = leaf.days * DAY_US
        expected = {"within": now - span <= at <= now, "longer_ago": at < now - span, "ahead": now <= at <= now + span}
        assert matcher_of(leaf, is_moment=True).of(at, now)[0] is expected[leaf.op]

    def test_a_birthday_on_29_february(self) -> None:
        test = matcher_of(Anniversary("trait:born", 0))
        days = ["2026-02-27", "2026-02-28", "2026-03-01", "2028-02-28", "2028-02-29", "2028-03-01"]
        held = [test.of("2000-02-29", us(f"{day}T23:00:00+00:00"))[0] for day in days]
        assert held == [False, True, False, False, True, False]

    @pytest.mark.parametrize("leaf", [Recent("a", "within", 1), Recent("a", "ahead", 1), Anniversary("a", 365)])
    @pytest.mark.parametrize("value", [None, "soon", 20_260_517, "2026-02-30", ["2026-05-17"]])
    def test_what_is_no_date_never_is(self, leaf: Condition, value: Any) -> None:
        assert matcher_of(leaf).of(value, NOW) == (False, FOREVER)

    @pytest.mark.parametrize(
        "leaf",
        [
            OneOf("a", "is", ("x",)), Contains("a", "starts", "X"), Number("a", "ne", 1), Flag("a", True),
            Present("a"), Days("a", "before", date(2026, 5, 17)), Matches("a", "x"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("value", [None, "x", 1, True, "2026-05-17"])
    def test_time_changes_nothing_else(self, leaf: Condition, value: Any) -> None:
        test = matcher_of(leaf)
        assert not test.is_timed
        assert test.of(value, NOW) == test.of(value, NOW + 400 * YEAR)
        assert test.of(value, NOW)[1] == FOREVER


def test_an_integer_beyond_all_doubles_is_infinite() -> None:
    huge = int("9" * 400)
    held = {leaf: matcher_of(leaf).of(huge, 0)[0] for leaf in (
        Number("x", "ge", 5), Number("x", "ne", 5), Between("x", 0, 10), Has("x", "has", (5,)), Present("x"),
    )}  # fmt: skip
    assert list(held.values()) == [True, True, False, False, True]
    assert matcher_of(Has("x", "has", (5,))).of([huge, 5], 0)[0]
