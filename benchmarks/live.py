"""`end_to_end_*`, `profile_api_p99`: what a request and a question take while events come in at a steady rate.

A request's time runs from the moment it was due to be sent until another connection sees that its events are processed.
Every request is timed: the log tells where each stands, and a poll every 5 ms how far the processor's commits have come
(position and profiles are written in one transaction). So a time is at most 5 ms and one short query too long, never
too short.
"""

import random
import re
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, LiteralString

from benchmarks.figures import Measuring, percentile, tell_times
from benchmarks.installation import STARTED_WITHIN_S, Running, new_key
from benchmarks.load import Outcome, Plan, get, loading, posts
from benchmarks.scale import Scale
from benchmarks.traffic import START_US, requests, user

POLL_S: Final = 0.005
API_CONNECTIONS: Final = 4
READ_WITHIN_S: Final = 120.0
ALL: Final = "include=traits,identifiers,events"
NUMBER: Final = re.compile(rb"ajs-next-(\d+)-")

Place = tuple[int, ...]
POSITION: Final = "select epoch, xid::text::bigint, off from log_position where lane = 0"
"""Epoch, transaction and offset: the order of the log."""


class Watch:
    """When something that only grows was seen at which place: unless told otherwise the interactive lane's position."""

    def __init__(self, query: LiteralString = POSITION) -> None:
        self._query = query
        self.places: list[Place] = []
        self.seen_at: list[float] = []  # time.monotonic

    @contextmanager
    def watching(self, running: Running) -> Iterator[None]:
        """Looks every POLL_S during the block, in a thread."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(running, is_over), name="watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def seen(self, place: Place) -> float:
        """When it was first seen there, or beyond. Raises IndexError if it never was."""
        return self.seen_at[bisect_left(self.places, place)]

    def _watch(self, running: Running, is_over: threading.Event) -> None:
        with running.connect() as conn:
            while not is_over.wait(POLL_S):
                row = conn.execute(self._query, prepare=True).fetchone()
                if row and (not self.places or row > self.places[-1]):
                    self.places.append(row)
                    self.seen_at.append(time.monotonic())


def build(key: str, count: int, people: int) -> list[bytes]:
    """Requests of one event each, as browsers send them."""
    return posts("/v1/batch", key, requests(count, people, 0, 1))


def build_questions(key: str, count: int, people: int) -> list[bytes]:
    """Questions about people taken at random from all of them."""
    chance = random.Random(1)  # noqa: S311 made-up traffic
    return [get(f"/api/profiles/user_id:{user(chance.randrange(people))}?{ALL}", key) for _ in range(count)]


def figures(scale: Scale, running: Running) -> Measuring:
    """All three, from one run."""
    with running.connect() as conn:
        key = new_key(conn)
    seconds = scale.warm_s + scale.live_s
    count, questions = int(scale.live_rate * seconds), int(scale.api_rate * seconds)
    events = Plan(
        port=running.collector_port,
        build=partial(build, key, count, scale.people),
        connections=scale.connections,
        rate=scale.live_rate,
        seconds=seconds,
    )
    asking = Plan(
        port=running.web_port,
        build=partial(build_questions, key, questions, scale.people),
        connections=API_CONNECTIONS,
        rate=scale.api_rate,
        seconds=seconds,
    )
    watch = Watch()
    with watch.watching(running), loading(events) as load, loading(asking) as asker:
        since = load.begin() + scale.warm_s
        asker.begin()
        sent = load.outcome(seconds + STARTED_WITHIN_S)
        asked = asker.outcome(seconds + STARTED_WITHIN_S)
        running.read_all(READ_WITHIN_S)
        time.sleep(20 * POLL_S)
    times = _times_ms(running, sent, watch, since)
    answers = asked.times_ms(since)
    tell_times("answers of the collector", sent.times_ms(since))
    tell_times("end to end", times)
    tell_times("answers of the REST API", answers)
    yield "end_to_end_p50", percentile(times, 0.5)
    yield "end_to_end_p99", percentile(times, 0.99)
    yield "profile_api_p99", percentile(answers, 0.99)


def _times_ms(running: Running, sent: Outcome, watch: Watch, since: float) -> list[float]:
    """From due to processed, of every request due after `since`; the number of each is in its event's message id."""
    times: list[float] = []
    with running.connect() as conn:
        for epoch, xid, off, beginning in _log_rows(conn, len(sent.due)):
            found = NUMBER.search(beginning)
            due = sent.due[int(found[1]) - START_US // 1000] if found else 0.0
            if due >= since:
                times.append((watch.seen((epoch, xid, off)) - due) * 1000)
    expected = sum(due >= since for due in sent.due)
    if len(times) != expected:
        raise RuntimeError(f"{expected:,} requests were acknowledged, but the log holds {len(times):,} of them.")
    return times


def _log_rows(conn: Any, count: int) -> list[tuple[int, int, int, bytes]]:  # noqa: ANN401 a connection of any rows
    """The latest `count` rows of the interactive lane: their places and how their bodies begin."""
    rows: list[tuple[int, int, int, bytes]] = conn.execute(
        "select epoch, xid::text::bigint, off, substring(body for 200) from event_log"
        " where lane = 0 order by epoch desc, event_log.xid desc, off desc limit %s",
        [count],
    ).fetchall()
    return rows
