"""The table of clocks: `received - (sentAt - timestamp)`, clamped and marked."""

from typing import Any

import pytest

from onefold.events.api import Flag, Reason
from onefold.events.times import instant_of
from tests.events.rows import RECEIVED, decoded, refused, track

SECOND = 1_000_000
RECEIVED_ISO = "2026-11-22T02:46:42.551Z"


@pytest.mark.parametrize(
    ("event", "shared", "after_receipt_us", "flags"),
    [
        pytest.param({}, {}, 0, 0, id="no times: the receipt"),
        pytest.param({}, {"sentAt": "2020-01-01T00:00:00Z"}, 0, 0, id="no timestamp: the receipt"),
        pytest.param({"timestamp": "2026-11-22T02:46:41.551Z"}, {}, -SECOND, 0, id="no sentAt: no correction"),
        pytest.param(
            {"timestamp": "2026-11-22T02:46:41.551Z"}, {"sentAt": RECEIVED_ISO}, -SECOND, 0, id="a right clock"
        ),
        pytest.param(
            {"timestamp": "2026-11-22T02:46:41.552Z"},
            {"sentAt": "2026-11-22T02:46:41.552Z"},
            0,
            0,
            id="less than a second on the way is no skew",
        ),
        pytest.param(
            {"timestamp": "2035-01-01T00:00:00Z"},
            {"sentAt": "2035-01-01T00:00:10Z"},
            -10 * SECOND,
            Flag.TIME_CORRECTED,
            id="a clock years ahead",
        ),
        pytest.param(
            {"timestamp": "1999-01-01T00:00:00Z"},
            {"sentAt": "1999-01-01T00:00:10Z"},
            -10 * SECOND,
            Flag.TIME_CORRECTED,
            id="a clock years behind",
        ),
        pytest.param(
            {"timestamp": "1969-01-01T00:00:00Z", "sentAt": "1969-01-01T00:00:01Z"},
            {},
            -SECOND,
            Flag.TIME_CORRECTED,
            id="a clock before 1970, put right",
        ),
        pytest.param({"timestamp": "2027-01-01T00:00:00Z"}, {}, 0, Flag.TIME_CLAMPED, id="the future is clamped"),
        pytest.param({"timestamp": "9999-12-31T23:59:59Z"}, {}, 0, Flag.TIME_CLAMPED, id="year 9999 is clamped"),
        pytest.param(
            {"timestamp": "2026-11-22T02:46:43Z"},
            {"sentAt": "2026-11-22T02:46:32Z"},
            0,
            Flag.TIME_CLAMPED | Flag.TIME_CORRECTED,
            id="sent before it happened",
        ),
        pytest.param(
            {"timestamp": "2020-01-01T00:00:00Z", "originalTimestamp": "2026-11-22T02:46:40.551Z"},
            {},
            -2 * SECOND,
            0,
            id="originalTimestamp wins",
        ),
        pytest.param(
            {"timestamp": "2026-11-22T02:46:41.551Z", "sentAt": RECEIVED_ISO},
            {"sentAt": "2035-01-01T00:00:10Z"},
            -SECOND,
            0,
            id="the event's own sentAt wins",
        ),
        pytest.param({"timestamp": None, "sentAt": ""}, {"sentAt": None}, 0, 0, id="null and empty are absent"),
    ],
)
def test_time_is_corrected_by_the_clients_own_clock(
    event: dict[str, Any], shared: dict[str, Any], after_receipt_us: int, flags: int
) -> None:
    result = decoded(track(**event), shared=shared)
    assert (result.ts - RECEIVED, result.flags) == (after_receipt_us, flags)


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-22T25:00:00Z",
        "١٢٣٤",
        "9" * 400,
        True,
        [],
        {"$date": 1},
        1e300,
        -1e300,
        10**18,
    ],
)
@pytest.mark.parametrize("field", ["timestamp", "originalTimestamp", "sentAt"])
def test_a_time_that_is_none_is_a_violation(value: object, field: str) -> None:
    violation = refused(track(**{field: value}))
    assert violation.reason == Reason.TIMESTAMP_INVALID
    assert violation.message_id == "m1"


def test_a_batch_with_a_broken_clock_is_told_about_every_event() -> None:
    assert refused(track(), shared={"sentAt": "noon"}).reason == Reason.TIMESTAMP_INVALID
    assert decoded(track(sentAt="2026-11-22T02:46:42Z"), shared={"sentAt": "noon"}).ts == RECEIVED


def test_before_1970_is_a_violation() -> None:
    assert "1970" in refused(track(timestamp="1969-12-31T23:59:59Z")).detail


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T01:00:00+0100", 0),
        ("1970-01-01 00:00:01", SECOND),
        ("1970-01-02", 86_400 * SECOND),
        ("19700102T000000Z", 86_400 * SECOND),
        ("1970-01-01t00:00:01z", SECOND),
        (1_795_315_602_551, RECEIVED),
        (1_795_315_602_551.0, RECEIVED),
        ("1795315602551", RECEIVED),
        (1_795_315_602, RECEIVED - 551_000),  # seconds
        ("", None),
        (None, None),
    ],
)
def test_many_ways_to_write_a_time(value: object, expected: int | None) -> None:
    assert instant_of(value, "timestamp") == expected
