"""`entry_latency_*`: what it takes until somebody whose event brings them into an audience is in it.

Of each membership that an event brought about: from the moment the event's request was due to be sent, until another
connection sees the entry (polled every 5 ms; entries are numbered by their one writer, in order). Onefold is up, all of
it, with two hundred live audiences; of the million profiles `scale.audience_people` visit, who stand in the audiences
already (`process_audiences`), and strangers. Where a batch has several events of somebody, the entry names the latest
of those that count, so that the time is that one's.
"""

import time
from functools import partial
from typing import Final

from benchmarks.figures import Measuring, percentile, tell_times
from benchmarks.installation import STARTED_WITHIN_S, Running, new_key
from benchmarks.live import NUMBER, POLL_S, READ_WITHIN_S, Watch, build
from benchmarks.load import Outcome, Plan, loading
from benchmarks.scale import Scale
from benchmarks.traffic import START_US
from onefold.audiences.membership import Cause, Kind

CHANGED: Final = "select coalesce(max(position), 0) from membership_move"
ENTERED: Final = """
select c.position, convert_to(e.message_id, 'UTF8') from membership_change c join event e on e.id = c.event
where c.position > %s and c.kind = %s and c.cause = %s order by c.position
"""


def figures(scale: Scale, running: Running) -> Measuring:
    """Both, from one run."""
    with running.connect() as conn:
        key = new_key(conn)
        (last,) = conn.execute(CHANGED).fetchone() or (0,)
    seconds = scale.warm_s + scale.live_s
    plan = Plan(
        port=running.collector_port,
        build=partial(build, key, int(scale.live_rate * seconds), scale.audience_people),
        connections=scale.connections,
        rate=scale.live_rate,
        seconds=seconds,
    )
    watch = Watch(CHANGED)
    with watch.watching(running), loading(plan) as load:
        since = load.begin() + scale.warm_s
        sent = load.outcome(seconds + STARTED_WITHIN_S)
        running.read_all(READ_WITHIN_S)
        time.sleep(20 * POLL_S)
    times = _times_ms(running, sent, watch, last, since)
    tell_times("answers of the collector", sent.times_ms(since))
    tell_times("entries", times)
    yield "entry_latency_p50", percentile(times, 0.5)
    yield "entry_latency_p99", percentile(times, 0.99)


def _times_ms(running: Running, sent: Outcome, watch: Watch, last: int, since: float) -> list[float]:
    """Of each entry by an event that was due after `since`."""
    times: list[float] = []
    with running.connect() as conn:
        for position, message_id in conn.execute(ENTERED, [last, Kind.ENTERED, Cause.EVENT]):
            found = NUMBER.match(message_id)
            due = sent.due[int(found[1]) - START_US // 1000] if found else 0.0
            if due >= since:
                times.append((watch.seen((position,)) - due) * 1000)
    return times
