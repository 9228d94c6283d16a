"""What waits is taken in time that grows with it, by plans that were made while nothing waited."""

import time

import pytest
from psycopg import Connection

from onefold.audiences.states import COMPANIES, QUERIES
from onefold.infra.postgres import connect
from onefold.programs.processor.batches import tune

WAITING = 30_000
AT_ONCE = 5_000


@pytest.mark.parametrize(
    ("query", "fill", "given"),
    [
        (
            QUERIES["take_fills"],
            "insert into metric_fill (metric, fragment, buckets)"
            " select number, hashtextextended(i::text, 0), '' from generate_series(1, %s) i, metric",
            {},
        ),
        (
            QUERIES["take_due"],
            "insert into profile_due select hashtextextended(i::text, 0), '2020-01-01' from generate_series(1, %s) i",
            {"now": "2026-01-01T00:00:00Z"},
        ),
        (
            COMPANIES["take_due"],
            "insert into company_due select hashtextextended(i::text, 0), '2020-01-01' from generate_series(1, %s) i",
            {"now": "2026-01-01T00:00:00Z"},
        ),
    ],
    ids=["buckets", "people", "companies"],
)
def test_a_plan_of_an_empty_queue_does_for_a_long_one(
    db: Connection[object], pg_url: str, query: str, fill: str, given: dict[str, str]
) -> None:
    db.execute("insert into metric (key, state, since) values ('one', 'staged', 0)")
    with connect(pg_url, "tests") as conn:
        tune(conn)
        conn.autocommit = True
        conn.execute("analyze metric_fill, profile_due, company_due")
        asked = {**given, "limit": AT_ONCE}
        for _ in range(7):  # by then a plan for any parameters is kept
            conn.execute(query, asked)
        conn.execute(fill, [WAITING])
        conn.execute("set statement_timeout = '20s'")  # by going through the queue for each row it took minutes
        began, taken = time.monotonic(), 0
        while found := conn.execute(query, asked).fetchall():
            taken += len(found)
        assert taken == WAITING, f"{taken} in {time.monotonic() - began:.1f} s"
