"""The token bucket: a second's worth at once, debts are paid."""

from onefold.programs.collector.rates import RateLimits


def test_up_to_the_rate_at_once_then_wait() -> None:
    rates = RateLimits()
    assert [rates.wait_s(2, 1, 3, 100.0) for _ in range(4)] == [0, 0, 0, 1]
    assert rates.wait_s(2, 1, 3, 100.1) == 0  # a third of a second's worth has come back … a little
    assert rates.wait_s(2, 1, 3, 101.5) == 0


def test_a_large_batch_overdraws_and_the_next_waits_for_the_debt() -> None:
    rates = RateLimits()
    assert rates.wait_s(2, 2_500, 100, 100.0) == 0
    assert rates.wait_s(2, 1, 100, 100.0) == 24
    assert rates.wait_s(2, 1, 100, 123.0) == 1
    assert rates.wait_s(2, 1, 100, 124.1) == 0


def test_refused_events_cost_nothing() -> None:
    rates = RateLimits()
    assert rates.wait_s(2, 10, 10, 100.0) == 0
    assert [rates.wait_s(2, 10, 10, 100.0) for _ in range(5)] == [1] * 5
    assert rates.wait_s(2, 10, 10, 101.0) == 0


def test_sources_are_apart_and_rest_does_not_save_up() -> None:
    rates = RateLimits()
    assert rates.wait_s(2, 10, 10, 100.0) == 0
    assert rates.wait_s(3, 10, 10, 100.0) == 0
    assert rates.wait_s(2, 10, 10, 1_000.0) == 0
    assert rates.wait_s(2, 10, 10, 1_000.0) == 1
