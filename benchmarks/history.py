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
select at, md5(message_id)::uuid, h, at, 2,
    case kind when 'identify' then %(identify)s when 'page' then %(page)s else %(track)s end, 0, 0,
    case kind when 'identify' then '' when 'page' then 'Product' else name end, message_id, convert_to(format(
    '{"type":"%%s","messageId":"%%s","timestamp":"%%s","userId":"%%s","anonymousId":"%%s",%%s}', kind, message_id,
    to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), val,
    lpad(to_hex(n), 8, '0') || '-6c1e-4b0a-9d3f-0123456789ab',  -- as traffic.visitor
    case kind when 'identify' then format('"traits":{"name":"Person %%s","plan":"%%s"}', n, %(plan)s::text)
        when 'page' then '"name":"Product","properties":{"path":"/product","variant":"b","depth":3}'
        else format(
        '"event":"%%s","properties":{"product_id":"p%%s","price":19.9,"currency":"EUR","quantity":1}', name,
        abs(h %% 500)) end), 'UTF8')
from (
    select h, val, substr(val, 6)::integer as n, format('past-%%s-%%s', %(round)s::integer, h) as message_id,
           case when abs(h %% 12) = %(round)s %% 12 then 'identify' when abs(h %% 2) = %(round)s %% 2 then 'page'
               else 'track' end as kind,
           case when abs(h %% 3) = %(round)s %% 3 then 'Product Added' else 'Product Viewed' end as name,
           %(start)s::timestamptz + row_number() over () * %(step)s::interval as at
    from node where n > 0 and ns = 2
) past
"""


def fill_events(conn: Connection[Any], scale: Scale) -> None:
    """`scale.past_events` events as they would have come: by receipt, everybody in turn, ids without order. Autocommit.

    One in twelve is an identify call with the person's traits, half are views of pages. Counts and times of profiles
    don't follow, nor do sums by the hour: `rebuild` makes them, and nothing else that is measured reads them.
    """
    now = datetime.now(UTC)
    since = EVENTS.start_of(now) - timedelta(weeks=WEEKS)
    ensure_partitions(conn, EVENTS, since, now)
    rounds = max(1, scale.past_events // scale.people)
    lasts = timedelta(weeks=WEEKS) / rounds
    said = {"identify": int(Kind.IDENTIFY), "track": int(Kind.TRACK), "page": int(Kind.PAGE)}
    for n in range(rounds):
        step = lasts / (scale.people + 1)
        plan = ("free", "pro")[n // 12 % 2]
        conn.execute(FILL_SQL, {"round": n, "start": since + n * lasts, "step": step, "plan": plan, **said})
    conn.execute("vacuum (analyze) event")  # or autovacuum does it while something is measured
    conn.execute("checkpoint")
