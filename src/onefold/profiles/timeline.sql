-- newest: the newest events of a few fragments, from a place on (index on fragment, ts: one descent a fragment and partition)
select e.id, e.ts, e.received_at, e.kind, e.name, e.source_id, e.flags, e.message_id, e.body
from unnest(%(fragments)s::bigint[]) f(fragment)
cross join lateral (
    select * from event
    where event.fragment = f.fragment and event.ts <= %(before_at)s and (event.ts, event.id, event.received_at) < (%(before_at)s, %(before_id)s, %(before_received)s)
        and event.received_at <= %(until)s
        and (%(kinds)s::smallint[] is null or event.kind = any(%(kinds)s) and event.name ~* %(like)s and event.name !~* %(unlike)s)
    order by event.ts desc, event.id desc, event.received_at desc
    limit %(limit)s
) e
order by e.ts desc, e.id desc, e.received_at desc
limit %(limit)s

-- tally: how many events of which name, of some thousands; with the bodies of orders (index on fragment)
select e.kind, e.name, count(*), array_agg(e.body) filter (where e.body is not null)
from (
    select kind, name, case when lower(replace(name, '_', ' ')) = any(%(orders)s) then body end as body
    from event where fragment = any(%(fragments)s::bigint[]) and received_at <= %(until)s
    limit %(limit)s
) e
group by e.kind, e.name

-- pulse: the present profile of an identifier and how many events it has (primary key, index on comp)
select n.prof, (select sum(m.n)::bigint from node m where m.comp = n.comp and m.prof = n.prof) from node n where n.h = %(h)s
