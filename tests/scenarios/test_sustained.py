"""Hours under load: memory, lag and tables stay as large as they were after the first minutes."""

import time
from typing import Final

import pytest
from structlog import get_logger

from tests.scenarios.installation import Installation
from tests.scenarios.load import under_load

pytestmark = pytest.mark.soak

HOURS: Final = 2.0
REQUESTS_PER_S: Final = 200.0
"""Of 1 to 5 events: 600 events/s, 52 million a day, which leaves two cores room to catch up after a pause."""
WARM_UP_S: Final = 180.0
SAMPLE_EVERY_S: Final = 60.0
PROCESSES: Final = ("collector", "processor", "worker", "web")
GROWTH_MB: Final = 60.0
"""What a process may grow after the warm-up: its memory of identifiers fills up."""


def memory_mb(installation: Installation) -> dict[str, float]:
    """Private and shared memory of each process, shared pages split among their users (PSS)."""
    found = {name: installation.find(name) for name in PROCESSES}
    return {name: process.memory_full_info().pss / 1e6 for name, process in found.items() if process is not None}


@pytest.mark.timeout(6 * 3_600)
def test_hours_of_load_let_nothing_grow(installation: Installation) -> None:
    origins = [installation.new_source(name) for name in ("sustained-a", "sustained-b")]
    longest_lag_s = 0.0
    with under_load(installation.collector, origins, REQUESTS_PER_S) as load:
        time.sleep(WARM_UP_S)
        before = memory_mb(installation)
        until = time.monotonic() + HOURS * 3_600
        while time.monotonic() < until:
            time.sleep(SAMPLE_EVERY_S)
            lags = installation.ask("GET", "/health").json()["lag"]
            longest_lag_s = max(longest_lag_s, *(lag["seconds"] for lag in lags))
        after = memory_mb(installation)
    installation.settle(180)
    growth = {name: after[name] - before.get(name, 0.0) for name in after}
    get_logger().info("sustained", events=len(load.acknowledged), longest_lag_s=longest_lag_s, growth_mb=growth)

    assert len(load.acknowledged) > 0.95 * 3 * REQUESTS_PER_S * HOURS * 3_600  # the load was not held up either
    assert after.keys() == before.keys() == set(PROCESSES)
    assert {name: mb for name, mb in growth.items() if mb > GROWTH_MB} == {}
    assert longest_lag_s < 10
    dead, live = installation.query("select n_dead_tup, n_live_tup from pg_stat_user_tables where relname = 'node'")[0]
    assert dead < 2 * live + 10_000  # autovacuum keeps up
    assert installation.value("select count(*) from event") >= len(load.acknowledged)
    installation.demand_clean_rebuild()
