"""What business leaves behind: events of everybody over the last weeks, in their partitions."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from benchmarks.scale import Scale
from onefold.events.api import Kind
from onefold.infra.partitions import ensure_partitions
from onefold.programs.upkeep import EVENTS

WEEKS: Final = 10
FILL_SQL: Final = """
insert into event (received_at, id, fragment, ts, source_id, kind, trust, flags, name, message_id, body)
select at, md5(message_id)::uuid, h, at, 2, %(kind)s, 0, 0, 'Product Viewed', message_id, convert_to(format(
    '{"type":"track","event":"Product Viewed","messageId":"%%s","timestamp":"%%s","userId":"%%s",'
    '"properties":{"product_id":"p%%s","price":19.9,"currency":"EUR","quantity":1}}',
    message_id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), val, abs(h %% 500)), 'UTF8')
from (
    select h, val, format('past-%%s-%%s', %(round)s::integer, h) as message_id,
           %(start)s::timestamptz + row_number() over () * %(step)s::interval as at
    from node where n > 0 and ns = 2
) past
"""


def fill_events(conn: Connection[Any], scale: Scale) -> None:
    """`scale.past_events` events as they would have come: by receipt, everybody in turn, ids without order. Autocommit.

    Counts and times of profiles don't follow, nor do sums by the hour: nothing that is measured reads them.
    """
    now = datetime.now(UTC)
    since = EVENTS.start_of(now) - timedelta(weeks=WEEKS)
    ensure_partitions(conn, EVENTS, since, now)
    rounds = max(1, scale.past_events // scale.people)
    lasts = timedelta(weeks=WEEKS) / rounds
    for n in range(rounds):
        step = lasts / (scale.people + 1)
        conn.execute(FILL_SQL, {"round": n, "start": since + n * lasts, "step": step, "kind": int(Kind.TRACK)})
    conn.execute("vacuum (analyze) event")  # or autovacuum does it while something is measured
    conn.execute("checkpoint")
