"""`kill -9` at random moments under load: every acknowledged event is in exactly once."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Final

import psutil
import pytest

from tests.scenarios.installation import Installation, installed
from tests.scenarios.load import Load, under_load
from tests.waiting import wait_until

VICTIMS: Final = ("collector", "processor", "postgres", "backend", "worker", "web")
SUPERVISOR_EVERY: Final = 9  # deaths: one of so many is the supervisor's
PAIR_EVERY: Final = 5
LONGEST_REST_S: Final = 1.6


class Killer:
    """Kills what lives, one or two at a time, with rests of random length in between."""

    def __init__(self, installation: Installation, seed: int) -> None:
        self.deaths: Counter[str] = Counter()
        self._installation = installation
        self._chance = random.Random(seed)  # noqa: S311 moments, not secrets

    def kill(self, wanted: int) -> None:
        """Until `wanted` processes have died by our hand."""
        while (done := self.deaths.total()) < wanted:
            time.sleep(self._chance.uniform(0.1, LONGEST_REST_S))
            if self._chance.randrange(SUPERVISOR_EVERY) == 0:
                self._kill_supervisor()
            else:
                for name in self._chance.sample(VICTIMS, 2 if done % PAIR_EVERY == 0 else 1):
                    self._kill(name)

    def _kill(self, name: str) -> None:
        """One that is not there (it died a moment ago, and waits for its restart) doesn't count."""
        victim = self._find(name)
        if victim is not None:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
                self.deaths[name] += 1

    def _find(self, name: str) -> psutil.Process | None:
        if name == "backend":
            backends = self._installation.backends()
            return self._chance.choice(backends) if backends else None
        return self._installation.find(name)

    def _kill_supervisor(self) -> None:
        """Its children end with it, whatever they are at; then everything is started again by hand."""
        self._installation.supervisor.kill()
        self.deaths["supervisor"] += 1
        self._installation.revive()


@pytest.fixture
def durable() -> Iterator[Installation]:
    """An installation that nobody else uses: fsync is on, as it is by default."""
    with installed() as installation:
        assert installation.value("select current_setting('fsync')") == "on"
        assert installation.value("select current_setting('synchronous_commit')") == "on"
        yield installation


@pytest.mark.timeout(420)
def test_fifty_deaths_lose_and_double_nothing(durable: Installation) -> None:
    survive(durable, deaths=52, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(14_400)
def test_thousand_deaths_lose_and_double_nothing(durable: Installation) -> None:
    survive(durable, deaths=1_000, seed=2)


def survive(installation: Installation, *, deaths: int, seed: int) -> None:
    """Load and deaths; then everything acknowledged must be there once, and everything healthy again."""
    origins = [installation.new_source(name) for name in ("kill-a", "kill-b")]
    killer = Killer(installation, seed)
    with under_load(installation.collector, origins) as load:
        killer.kill(deaths)
        for name in ("postgres", "collector", "processor", "worker", "web"):
            wait_until(partial(installation.find, name), 60, f"a living {name}")
    installation.settle(180)

    assert set(killer.deaths) >= {*VICTIMS, "supervisor"}
    demand_exactly_once(installation, load)
    installation.demand_clean_rebuild()
    demand_health(installation)


def demand_exactly_once(installation: Installation, load: Load) -> None:
    """By message id; nothing that was never sent; the tallies agree."""
    assert load.acknowledged == load.sent
    assert len(load.sent) > 1_000
    stored = Counter(message_id for (message_id,) in installation.query("select message_id from event"))
    assert set(stored) == load.acknowledged
    assert stored.most_common(1)[0][1] == 1
    assert installation.value("select sum(n)::bigint from node") == len(load.sent)
    assert installation.query("select reason from violation") == []


def demand_health(installation: Installation) -> None:
    """Doctor finds nothing wrong but that processes had to be started again, which they had."""
    said = installation.run("doctor").stdout.splitlines()
    wrong = [line for line in said if line.startswith("WRONG") and "was started again" not in line]
    assert not wrong, said
    assert installation.ask("GET", "/health").status_code == 200
