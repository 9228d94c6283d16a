"""`edit_during_import_p99`: what a steward's decision takes to come into force while a million rows are imported.

The edit is what `POST /api/identity/links` does: a link rule is logged on the interactive lane and waited for; the time
is that of both. The rows come to /v1/import, as fast as it takes them, as identify calls of people who are known.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.figures import Measuring, percentile, tell_times
from benchmarks.installation import Running, new_key, wait_until
from benchmarks.load import Plan, loading, posts
from benchmarks.scale import Scale
from benchmarks.traffic import user, visitor
from onefold.events.api import append_internal, has_unread, wait_until_processed

CONNECTIONS: Final = 2
IMPORTED_WITHIN_S: Final = 900.0
IN_FORCE_WITHIN_S: Final = 60.0
FEWEST_EDITS: Final = 5


def rows(count: int, people: int, size: int) -> Iterator[bytes]:
    """Bodies of `size` rows of a table of customers; each row another person, as long as there are enough."""
    for start in range(0, count, size):
        batch = [_row(n, people) for n in range(start, min(start + size, count))]
        yield json.dumps({"batch": batch}, separators=(",", ":")).encode()


def _row(n: int, people: int) -> dict[str, object]:
    traits = {"name": f"Person {n}", "city": "Iași", "plan": "pro", "orders": n % 50, "since": "2024-05-17"}
    return {"type": "identify", "messageId": f"row-{n}", "userId": user(n % people), "traits": traits}


def build(key: str, count: int, people: int, size: int) -> list[bytes]:
    """Requests to the bulk lane."""
    return posts("/v1/import", key, rows(count, people, size))


def figures(scale: Scale, running: Running) -> Measuring:
    """One editor at work until all rows are in."""
    with running.connect() as conn:
        key = new_key(conn)
    plan = Plan(
        port=running.collector_port,
        build=partial(build, key, scale.import_rows, scale.people, scale.import_request),
        connections=CONNECTIONS,
    )
    with loading(plan) as load, running.connect() as conn:
        began = load.begin()
        wait_until(lambda: has_unread(conn) or load.is_over, IN_FORCE_WITHIN_S, "The import did not begin")
        deadline = time.monotonic() + IMPORTED_WITHIN_S
        times: list[float] = []
        while not load.is_over or has_unread(conn) or len(times) < FEWEST_EDITS:
            times.append(_edit_ms(running, scale.people))
            if time.monotonic() > deadline:
                raise TimeoutError(f"The import was not processed within {IMPORTED_WITHIN_S:.0f} s.")
            time.sleep(scale.edit_pause_s)
        load.outcome(1)
        speed = scale.import_rows / (time.monotonic() - began)
    print(f"  {scale.import_rows:,} rows imported at {speed:,.0f} rows/s", file=sys.stderr)
    tell_times("edits during the import", times)
    yield "edit_during_import_p99", percentile(times, 0.99)


def _edit_ms(running: Running, people: int) -> float:
    """A user id and another person's device shall never be one."""
    one, other = random.sample(range(people), 2)
    ends = (["user_id", user(one)], ["anonymous_id", visitor(other)])
    with running.connect() as conn:
        began = time.perf_counter()
        event = {"type": "link", "rule": "never", "a": ends[0], "b": ends[1]}
        position = append_internal(conn, [event], acting_user="benchmarks")
        if not wait_until_processed(conn, position, IN_FORCE_WITHIN_S):
            raise TimeoutError(f"An edit was not in force within {IN_FORCE_WITHIN_S:.0f} s.")
        return (time.perf_counter() - began) * 1000
