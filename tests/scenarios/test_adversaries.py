"""Whoever floods one identifier or one person can't make a batch dearer than docs/reference/limits.md says."""

from typing import Any, Final, LiteralString

import pytest
from psycopg import Connection

from onefold.events.api import Trust
from onefold.identity.api import DEFAULT_CONFIG, Flag
from tests.processor.driving import check_rebuild
from tests.scenarios.work import Worker

pytestmark = pytest.mark.timeout(180)

BATCH: Final = 1_000
# the bounds that docs/reference/limits.md states
ROWS_PER_EVENT: Final = 6  # of a batch in which every event names a new identifier beside the flooded one
FEW: Final = 250  # of the batch itself: positions, sources, sums, the 200 events that it notes for the live list
ROWS_PER_EVENT_OF_ONE: Final = 1.1  # of a batch whose events are one person's
ROWS_PER_NEW_TRIO: Final = 10  # of a batch in which every event names three new identifiers
ROWS_PER_MEMBER: Final = 3  # of each component that a batch touches
ROWS_OF_VERDICT: Final = 8  # for each member, when a component is cut up


def test_kiosk_of_ten_thousand_users_costs_a_batch_no_more_than_its_own_events(db: Connection[Any]) -> None:
    worker = Worker(db)

    rows = [
        worker.batch([_visit(f"u{batch * BATCH + number}", "kiosk") for number in range(BATCH)]) for batch in range(10)
    ]

    assert max(rows) <= ROWS_PER_EVENT * BATCH + FEW
    assert max(rows[1:]) <= 1.05 * min(rows[1:])
    assert _flags(db, "kiosk") & Flag.SHARED
    assert _one(db, "select count(*) from profile") == 10_000
    _demand_clean_rebuild(db)


def test_tester_with_ten_thousand_devices_costs_a_batch_no_more_than_its_own_events(db: Connection[Any]) -> None:
    worker = Worker(db)

    rows = [
        worker.batch([_visit("tester", f"device-{batch * BATCH + number}") for number in range(BATCH)])
        for batch in range(10)
    ]

    assert rows[0] <= (ROWS_PER_EVENT + 1) * BATCH + FEW
    assert max(rows[1:]) <= ROWS_PER_EVENT * BATCH + FEW
    assert max(rows[1:]) <= 1.05 * min(rows[1:])
    assert _flags(db, "tester") & Flag.BUSY
    _demand_clean_rebuild(db)


def test_hundred_thousand_events_of_one_person_cost_a_batch_no_more_than_its_own_events(db: Connection[Any]) -> None:
    _flood(db, batches=20, size=5_000)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_million_events_of_one_person_cost_a_batch_no_more_than_its_own_events(db: Connection[Any]) -> None:
    _flood(db, batches=200, size=5_000)


def _flood(db: Connection[Any], *, batches: int, size: int) -> None:
    worker = Worker(db)

    rows = [worker.batch([_purchase(number) for number in range(size)]) for _ in range(batches)]

    assert max(rows) <= ROWS_PER_EVENT_OF_ONE * size
    assert max(rows[1:]) <= 1.05 * min(rows[1:])
    assert db.execute("select n from node where val = 'whale'").fetchall() == [(batches * size,)]
    _demand_clean_rebuild(db)


def test_chain_by_a_public_key_is_cut_up_whenever_it_passes_the_limit(db: Connection[Any]) -> None:
    """E-mails and phones, each with two of the others: no rule of degree holds them."""
    worker, limit = Worker(db), DEFAULT_CONFIG.component_limit
    largest, verdicts = 0, []

    for start in range(0, 3_000, 50):
        events = [event for number in range(start, start + 50) for event in _chain(number)]
        assert worker.batch(events, Trust.PUBLIC) <= ROWS_PER_NEW_TRIO * len(events) + ROWS_PER_MEMBER * limit
        if rows := worker.catch_up():
            verdicts.append(rows)
        largest = max(largest, _largest_component(db))

    assert len(verdicts) == 6
    assert max(verdicts) <= ROWS_OF_VERDICT * limit
    assert largest <= limit + 3 * 100
    assert worker.catch_up() == 0
    assert _one(db, "select count(*) from node") > 10_000
    _demand_clean_rebuild(db)


def _chain(number: int) -> list[dict[str, Any]]:
    """Two events: an e-mail with its phone, and the next e-mail with the same phone."""
    phone = f"+4670{number:07d}"
    return [
        {
            "type": "identify",
            "anonymousId": f"a-{2 * number + step}",
            "traits": {"email": f"e{number + step}@chain.example", "phone": phone},
        }
        for step in (0, 1)
    ]


def _largest_component(db: Connection[Any]) -> int:
    return int(_one(db, "select max(n) from (select count(*) as n from node group by comp) component"))


def _visit(user: str, device: str) -> dict[str, Any]:
    return {"type": "track", "event": "Visited", "userId": user, "anonymousId": device}


def _purchase(number: int) -> dict[str, Any]:
    if number % 100 == 0:
        return {"type": "identify", "userId": "whale", "traits": {"purchases": number}}
    return {"type": "track", "event": "Bought", "userId": "whale", "anonymousId": "whale-device"}


def _flags(db: Connection[Any], value: str) -> int:
    ((flags,),) = db.execute("select fl from node where val = %s", [value]).fetchall()
    return int(flags)


def _demand_clean_rebuild(db: Connection[Any]) -> None:
    with db.transaction():
        assert check_rebuild(db) == []


def _one(db: Connection[Any], statement: LiteralString) -> Any:
    ((found,),) = db.execute(statement).fetchall()
    return found
