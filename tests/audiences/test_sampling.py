"""How far an estimate from a sample may be off."""

import random
from datetime import UTC, datetime

import numpy as np
import pytest

from onefold.audiences.preview import Preview


def sampled(found: int, looked_at: int, people: int) -> Preview:
    nobody = np.array([], dtype=np.int64)
    return Preview(
        count=round(found * people / looked_at) if looked_at else 0,
        people=people,
        looked_at=looked_at,
        is_sampled=True,
        fresh_until=datetime.now(UTC),
        parts={},
        ids=np.arange(found),
        with_email=0,
        with_phone=0,
        entering=nobody,
        leaving=nobody,
    )


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("looked_at", [700, 8_000])
def test_nineteen_times_of_twenty_the_count_lies_between(share: float, looked_at: int) -> None:
    chance, people, inside = random.Random(1), 10_000, 0  # noqa: S311  (not for secrets)
    are_in = round(people * share)
    for _ in range(300):
        found = sum(one < are_in for one in chance.sample(range(people), looked_at))
        least, most = sampled(found, looked_at, people).bounds
        inside += least <= are_in <= most
    assert inside >= 0.9 * 300


@pytest.mark.parametrize(
    ("found", "looked_at", "people", "bounds"),
    [(0, 0, 500, (0, 500)), (0, 10_000, 10_001, (0, 1)), (10_000, 10_000, 10_001, (10_000, 10_001))],
)
def test_bounds_know_what_was_seen(found: int, looked_at: int, people: int, bounds: tuple[int, int]) -> None:
    assert sampled(found, looked_at, people).bounds == bounds
