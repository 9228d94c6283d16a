-- events_until: of these fragments what was received by a moment, at most so many
select id, fragment, (extract(epoch from received_at) * 1000000)::bigint, source_id, trust, flags,
    (extract(epoch from ts) * 1000000)::bigint, message_id, body
from event where fragment = any(%(fragments)b) and received_at <= %(until)b
limit %(limit)s

-- events_received: of these fragments what was received at these instants, those that hold the text first (index on fragment; one partition each)
select e.id, e.fragment, (extract(epoch from e.received_at) * 1000000)::bigint, e.source_id, e.trust, e.flags,
    (extract(epoch from e.ts) * 1000000)::bigint, e.message_id, e.body
from unnest(%(fragments)b, %(received_at)b, %(texts)b) asked(fragment, received_at, holds) cross join lateral (
    select * from event where event.fragment = asked.fragment and event.received_at = asked.received_at
    order by position(convert_to(asked.holds, 'UTF8') in event.body) = 0, event.ts, event.id
    limit %(limit)s
) e

-- events_exactly: of these fragments what happened and was received at these instants (index on fragment, ts; one partition each)
select e.id, e.fragment, (extract(epoch from e.received_at) * 1000000)::bigint, e.source_id, e.trust, e.flags,
    (extract(epoch from e.ts) * 1000000)::bigint, e.message_id, e.body
from unnest(%(fragments)b, %(received_at)b, %(ts)b) asked(fragment, received_at, ts) cross join lateral (
    select * from event
    where event.fragment = asked.fragment and event.received_at = asked.received_at and event.ts = asked.ts
    limit %(limit)s
) e

-- events_by_id: accepted deliveries of these ids (index on id)
select id, fragment, (extract(epoch from received_at) * 1000000)::bigint, source_id, trust, flags,
    (extract(epoch from ts) * 1000000)::bigint, message_id, body
from event where id = any(%(ids)b) and fragment not in (select fragment from withheld)

-- identifies_of: the latest identify events of these fragments since a moment that were received by another (index on fragment, ts)
select id, fragment, (extract(epoch from received_at) * 1000000)::bigint, source_id, trust, flags,
    (extract(epoch from ts) * 1000000)::bigint, message_id, body
from event where fragment = any(%(fragments)b) and kind = 1 and ts >= %(since)b and received_at <= %(until)b
order by ts desc, id desc
limit %(limit)s

-- tallies_until: of each of these fragments the number of events received by a moment, the first and the last (index on fragment)
select fragment, count(*), (extract(epoch from min(ts)) * 1000000)::bigint, (extract(epoch from max(ts)) * 1000000)::bigint
from event where fragment = any(%(fragments)b) and received_at <= %(until)b and kind not in (7, 8)
group by fragment

-- said_until: of these fragments the identify and group events received by a moment, at most so many
select id, fragment, (extract(epoch from received_at) * 1000000)::bigint, source_id, trust, flags,
    (extract(epoch from ts) * 1000000)::bigint, message_id, body
from event where fragment = any(%(fragments)b) and received_at <= %(until)b and kind in (1, 5)
limit %(limit)s
