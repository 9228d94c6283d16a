"""The sample shop's history is always the same, and holds what it is for."""

import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, Final

import pytest

from onefold.events.api import Flag, LogRow, Trust, Violation, decode_each
from onefold.programs.demo.calls import APP, BACKEND, WEBSITE
from onefold.programs.demo.history import Request, event_count, requests
from onefold.programs.demo.people import make_people, spelled
from onefold.programs.demo.sending import encoded

NOW: Final = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def history() -> list[Request]:
    return requests(NOW)


def decoded(history: list[Request]) -> list[Any]:
    """What the collector's check makes of every message, were all received at NOW."""
    results: list[Any] = []
    for request in history:
        _, headers, body = encoded(request, "key", NOW)
        if "Content-Encoding" in headers:
            body = gzip.decompress(body)
        received_at = int(NOW.timestamp() * 1_000_000)
        results += decode_each(LogRow(1, 1, 1, 0, 2, Trust.PUBLIC, received_at, len(request.messages), "", "", body))
    return results


def test_one_instant_gives_one_history(history: list[Request]) -> None:
    assert requests(NOW) == history
    assert requests(NOW + timedelta(days=1)) != history


def test_it_is_a_shop_of_about_ten_thousand_events(history: list[Request]) -> None:
    assert 8_000 < event_count(history) < 12_000
    assert {request.source for request in history} == {WEBSITE, BACKEND, APP}
    assert max(len(encoded(request, "k" * 40, NOW)[2]) for request in history) < 400_000  # a request may have 500,000


def test_nothing_lies_ahead_and_little_far_back(history: list[Request]) -> None:
    good = [result for result in decoded(history) if not isinstance(result, Violation)]
    oldest = (NOW - timedelta(days=93)).timestamp() * 1_000_000
    assert all(oldest < event.ts <= event.received_at for event in good)
    assert sum(bool(event.flags & Flag.TIME_CLAMPED) for event in good) == 1  # the one that lies on purpose
    assert sum(bool(event.flags & Flag.TIME_CORRECTED) for event in good) > 10
    assert sum(bool(event.flags & Flag.BOT) for event in good) > 30


def test_message_ids_repeat_only_where_an_answer_was_lost(history: list[Request]) -> None:
    counts = Counter(message.body["messageId"] for request in history for message in request.messages)
    assert 5 < sum(n > 1 for n in counts.values()) < 20
    assert all(
        {message.body["messageId"] for message in later.messages}
        <= {message.body["messageId"] for message in earlier.messages}
        for earlier, later in pairwise(history)
        if counts[later.messages[0].body["messageId"]] > 1
        and len(later.messages) < 3
        and earlier.source == later.source
    )


def test_faults_have_many_reasons(history: list[Request]) -> None:
    reasons = Counter(result.reason.value for result in decoded(history) if isinstance(result, Violation))
    assert len(reasons) >= 7
    assert sum(reasons.values()) < 30


def test_people_share_no_identifier() -> None:
    people = make_people(Random(1), 400)  # noqa: S311 invented people
    for values in (
        [person.email for person in people],
        [person.phone for person in people],
        [person.user_id for person in people],
        [person.app_id for person in people],
        [browser.anonymous_id for person in people for browser in person.browsers],
    ):
        assert len(set(values)) == len(values)


def test_names_are_spelled_in_ascii() -> None:
    assert [spelled(name) for name in ("Søren Bæk", "Þóra Ægisson", "Siobhán O'Connor", "Łukasz Żuławski")] == [
        "soren.baek",
        "thora.aegisson",
        "siobhan.oconnor",
        "lukasz.zulawski",
    ]
