"""`collect_1`, `collect_20`: events a second acknowledged as durable, and beside them the same server not storing.

Two collectors run, of which one at a time is under load, by turns. No processor runs: what it takes is measured alone.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from benchmarks.figures import Measuring, median_of
from benchmarks.installation import (
    STARTED_WITHIN_S,
    answers,
    database,
    environment,
    free_port,
    new_key,
    started,
    wait_until,
)
from benchmarks.load import Plan, loading, posts
from benchmarks.scale import Scale
from benchmarks.traffic import requests
from onefold.infra.postgres import connect

BUILT_EVENTS: Final = 4_000
"""Different events of a load; it sends them again and again, which a collector doesn't see."""
WAYS: Final = ("store", "discard")


class NotDurable(Exception):
    """The log holds something else than what was acknowledged."""


def build(key: str, people: int, size: int) -> list[bytes]:
    """Requests of `size` events each."""
    return posts("/v1/batch", key, requests(BUILT_EVENTS, people, size, size))


def figures(scale: Scale, folder: Path, sizes: list[int]) -> Measuring:
    """For each number of events a request: the figure and its ratio."""
    with database(folder / "data") as url, connect(url, "benchmarks", autocommit=True) as conn:
        key = new_key(conn)
        with _receivers(url, folder) as ports:
            for size in sizes:
                rounds = [_round(scale, conn, ports, key, size) for _ in range(scale.collect_rounds)]
                yield median_of(f"collect_{size}", [speeds["store"] for speeds in rounds])
                yield median_of(f"collect_{size}_ratio", [speeds["store"] / speeds["discard"] for speeds in rounds])


@contextmanager
def _receivers(url: str, folder: Path) -> Iterator[dict[str, int]]:
    """Their ports by way."""
    with ExitStack() as stack:
        ports = {}
        for way in WAYS:
            ports[way] = free_port()
            environ = environment(DATABASE_URL=url, ONEFOLD_COLLECTOR_PORT=str(ports[way]), ONEFOLD_LOG_LEVEL="warning")
            command = [sys.executable, "-m", "benchmarks.receiver", way]
            stack.enter_context(started(command, environ, folder / f"{way}.log"))
        wait_until(lambda: all(answers(port) for port in ports.values()), STARTED_WITHIN_S, "The collectors began not")
        yield ports


def _round(scale: Scale, conn: Connection[Any], ports: dict[str, int], key: str, size: int) -> dict[str, float]:
    """Events a second by way."""
    speeds = {}
    for way in WAYS:
        plan = Plan(
            port=ports[way],
            build=partial(build, key, scale.people, size),
            connections=scale.connections,
            seconds=scale.warm_s + scale.collect_s,
        )
        with loading(plan) as load:
            began = load.begin() + scale.warm_s
            outcome = load.outcome(scale.warm_s + scale.collect_s + STARTED_WITHIN_S)
        speeds[way] = outcome.a_second(began, began + scale.collect_s) * size
        _check_log(conn, len(outcome.answered) * size if way == "store" else 0)
    return speeds


def _check_log(conn: Connection[Any], acknowledged: int) -> None:
    """What was acknowledged is there, exactly; then the log is emptied for the next round."""
    row = conn.execute("select coalesce(sum(n), 0)::bigint from event_log").fetchone()
    if row != (acknowledged,):
        raise NotDurable(f"{acknowledged:,} events were acknowledged, but the log holds {row}.")
    conn.execute("truncate event_log")
