"""What a year in business leaves behind: events of everybody over the last weeks, in their partitions."""

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
select at, uuidv7(), h, at, 2, %(kind)s, 0, 0, 'Product Viewed', message_id, convert_to(format(
    '{"type":"track","event":"Product Viewed","messageId":"%%s","timestamp":"%%s","userId":"%%s",'
    '"properties":{"product_id":"p%%s","price":19.9,"currency":"EUR","quantity":1}}',
    message_id, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), val, abs(h %% 500)), 'UTF8')
from (
    select h, val, format('past-%%s-%%s-%%s', to_char(start, 'YYMMDD'), i, h) as message_id,
           start + make_interval(secs => abs(h %% 500000) + i * 3600) as at
    from node, generate_series(1, %(each)s) i, (select %(start)s::timestamptz) s(start)
    where n > 0 order by h
) past
"""


def fill_events(conn: Connection[Any], scale: Scale) -> None:
    """`scale.past_events` events, the same number of everybody in each week. Autocommit."""
    now = datetime.now(UTC)
    since = EVENTS.start_of(now) - timedelta(weeks=WEEKS)
    ensure_partitions(conn, EVENTS, since, now)
    each = scale.past_events // WEEKS // scale.people
    for start in list(EVENTS.starts(since, now))[:WEEKS]:
        conn.execute(FILL_SQL, {"start": start, "each": each, "kind": int(Kind.TRACK)})
    conn.execute("vacuum (analyze) event")  # or autovacuum does it while something is measured
    conn.execute("checkpoint")
