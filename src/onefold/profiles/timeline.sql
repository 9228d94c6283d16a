-- newest: the newest events of a few fragments, from a place on (index on fragment, ts: one descent a fragment and partition)
select e.id, e.ts, e.received_at, e.kind, e.name, e.source_id, e.flags, e.message_id, e.body
from unnest(%(fragments)s::bigint[]) f(fragment)
cross join lateral (
    select * from event
    where event.fragment = f.fragment and event.ts <= %(before_at)s and (event.ts, event.id, event.received_at) < (%(before_at)s, %(before_id)s, %(before_received)s)
        and event.received_at <= %(until)s
    order by event.ts desc, event.id desc, event.received_at desc
    limit %(limit)s
) e
order by e.ts desc, e.id desc, e.received_at desc
limit %(limit)s
