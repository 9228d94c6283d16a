"""`kill -9` at every step of whatever changes the lake: nothing is lost, doubled or half-visible."""

import random
from collections import Counter
from itertools import count
from typing import Any, Final

import pytest
from psycopg import Connection

from onefold.lake.delta import KEPT_HOURS
from onefold.lake.failpoints import POINTS
from onefold.lake.location import Location
from onefold.lake.reading import take_snapshot
from onefold.lake.verify import verify
from tests.lake.dying import DIED, WORKS, Mortals, mortals
from tests.lake.events import RECEIVED_US, rows_in_database, rows_in_snapshot, send, track

HOUR_US: Final = 3_600_000_000
WORK_OF: Final = {
    "flush": ("flush",), "settle": ("flush",), "refresh": ("refresh",), "promote": ("change columns",),
}  # fmt: skip
"""By the first word of a point; others are points of compaction."""


class Life:
    """Makes what comes between deaths."""

    def __init__(self, db: Connection[Any], seed: int) -> None:
        self._db = db
        self._chance = random.Random(seed)  # noqa: S311 a plan, no secret
        self._numbers = count()
        self._sent: list[str] = []

    def go_on(self) -> None:
        """A batch of events of some months, with merges, decisions and retractions among them."""
        batch = [self._event() for _ in range(self._chance.randint(1, 12))]
        send(self._db, batch, RECEIVED_US + next(self._numbers) * HOUR_US)

    def _event(self) -> dict[str, Any]:
        chance = self._chance
        n = next(self._numbers)
        user, device = f"user {chance.randrange(12)}", f"device {chance.randrange(20)}"
        times = {"timestamp": f"2025-{chance.randint(11, 12)}-{chance.randint(1, 28):02}T12:00:00Z"}
        match chance.randrange(10):
            case 0:
                return {"type": "identify", "userId": user, "anonymousId": device, "messageId": f"i{n}"}
            case 1:
                rule = chance.choice(("never", "never", "always", "withdrawn"))
                pair = {"a": ["user_id", user], "b": ["anonymous_id", device]}
                return {"type": "link", "rule": rule, "messageId": f"l{n}", **pair}
            case 2 if self._sent:
                taken = chance.sample(self._sent, min(3, len(self._sent)))
                return {"type": "retract", "source": 1, "messageIds": taken, "messageId": f"r{n}"}
            case 3 | 4 | 5:
                self._sent.append(f"a{n}")
                return {"type": "track", "event": "Seen", "anonymousId": device, "messageId": f"a{n}", **times}
            case _:
                self._sent.append(f"m{n}")
                return track(user, "Seen", n, properties={f"property {n % 5}": user}, **times)


def survive(
    db: Connection[Any], url: str, location: Location, *, deaths: int, kept_hours: int, seed: int
) -> Counter[str]:
    """So many deaths, at points in turn; after each a snapshot holds what the database holds. Where they were."""
    chance, life = random.Random(seed), Life(db, seed)  # noqa: S311 a plan, no secret
    died: Counter[str] = Counter()
    with mortals(url, location, kept_hours=kept_hours) as children:
        for _ in range(10 * deaths):
            if died.total() >= deaths:
                break
            fewest = min(died[point] for point in POINTS)
            point = chance.choice([point for point in POINTS if died[point] <= fewest + 1])
            life.go_on()
            if _die(children, chance, point):
                died[point] += 1
            assert rows_in_snapshot(take_snapshot(url, location)) == rows_in_database(db)
        for work in WORKS:
            assert children.run(work) == "done"
    assert rows_in_snapshot(take_snapshot(url, location)) == rows_in_database(db)
    assert verify(url, location).faults == []
    assert died.total() == deaths
    return died


def _die(children: Mortals, chance: random.Random, point: str) -> bool:
    """Whether the point was reached so often in one of the works that lead there."""
    works = WORK_OF.get(point.partition(":")[0], ("flush", "compact everything"))
    for work in works:
        answer = children.run(work, point, chance.choice((1, 1, 2, 3)))
        assert answer in ("done", DIED)
        if answer == DIED:
            return True
    return False


def test_some_deaths_lose_and_double_nothing(db: Connection[Any], pg_url: str, tmp_path: Any) -> None:
    survive(db, pg_url, Location(f"{tmp_path}/lake"), deaths=12, kept_hours=0, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("kept_hours", [KEPT_HOURS, 0])
def test_two_hundred_deaths_lose_and_double_nothing(
    db: Connection[Any], pg_url: str, location: Location, kept_hours: int
) -> None:
    died = survive(db, pg_url, location, deaths=200, kept_hours=kept_hours, seed=2)
    assert set(died) == set(POINTS)
