-- newest: the newest events of a few fragments, from a place on (index on fragment, ts: two descents a fragment and partition)
with reach as materialized (
    select case when count(*) = %(limit)s then min(e.ts) else '-infinity' end as ts
    from (
        select e.ts from unnest(%(fragments)s::bigint[]) f(fragment) cross join lateral (
            select event.ts from event
            where event.fragment = f.fragment and event.ts <= %(before_at)s and (event.ts, event.id, event.received_at) < (%(before_at)s, %(before_id)s, %(before_received)s)
                and event.received_at <= %(until)s
            order by event.ts desc
            limit %(limit)s
        ) e
        order by e.ts desc
        limit %(limit)s
    ) e
)
select e.id, e.ts, e.received_at, e.kind, e.name, e.source_id, e.flags, e.message_id, e.body
from unnest(%(fragments)s::bigint[]) f(fragment) join event e on e.fragment = f.fragment
where e.ts between (select ts from reach) and %(before_at)s and (e.ts, e.id, e.received_at) < (%(before_at)s, %(before_id)s, %(before_received)s)
    and e.received_at <= %(until)s
order by e.ts desc, e.id desc, e.received_at desc
limit %(limit)s

-- window: when the newest so many events from a place on began; none if there are fewer (index on fragment, ts)
select e.ts from (
    select e.ts from unnest(%(fragments)s::bigint[]) f(fragment) cross join lateral (
        select event.ts from event where event.fragment = f.fragment and event.ts <= %(before_at)s and (event.ts, event.id, event.received_at) < (%(before_at)s, %(before_id)s, %(before_received)s)
            and event.received_at <= %(until)s
        order by event.ts desc
        limit %(window)s
    ) e
    order by e.ts desc
    limit %(window)s
) e
order by e.ts desc
offset %(window)s - 1

-- newest_of_topic: the newest events of a topic from a place on, back to a moment (index on fragment, ts)
select e.id, e.ts, e.received_at, e.kind, e.name, e.source_id, e.flags, e.message_id, e.body
from unnest(%(fragments)s::bigint[]) f(fragment) join event e on e.fragment = f.fragment
where e.ts between %(since)s and %(before_at)s and (e.ts, e.id, e.received_at) < (%(before_at)s, %(before_id)s, %(before_received)s)
    and e.received_at <= %(until)s and e.kind = any(%(kinds)s) and e.name ~* %(like)s and e.name !~* %(unlike)s
order by e.ts desc, e.id desc, e.received_at desc
limit %(limit)s

-- tally: how many events since a moment have which name; with the bodies of orders (index on fragment, ts)
select e.kind, e.name, count(*), array_agg(e.body) filter (where lower(replace(e.name, '_', ' ')) = any(%(orders)s))
from unnest(%(fragments)s::bigint[]) f(fragment) join event e on e.fragment = f.fragment
where e.ts >= %(since)s and e.received_at <= %(until)s
group by e.kind, e.name

-- pulse: the present profile of an identifier and how many events it has (primary key, index on comp)
select n.prof, (select sum(m.n)::bigint from node m where m.comp = n.comp and m.prof = n.prof) from node n where n.h = %(h)s

-- doings: the newest that some people did since a moment, so many of each (index on fragment, ts; weeks by receipt);
-- when somebody was seen is stored to the hour
select asked.h, p.id, p.name, p.email, p.phone, p.is_known, p.first_seen, p.last_seen, c.name, c.space, c.key, null, e.*
from (
    select distinct on (a.prof) a.h, a.comp, a.prof from unnest(%(anchors)s::bigint[]) v(h) join node a on a.h = v.h order by a.prof, a.h
) asked
join profile p on p.id = asked.prof left join company c on c.h = p.company
cross join lateral (
    select found.id, found.ts, found.received_at, found.kind, found.name, found.source_id, found.flags, found.message_id, found.body
    from node m cross join lateral (
        select * from event where event.fragment = m.h and event.ts >= %(since)s and event.received_at >= %(since)s
            and event.source_id <> %(internal)s and event.flags & %(bot)s = 0
        order by event.ts desc
        limit %(each)s
    ) found
    where m.comp = asked.comp and m.prof = asked.prof and m.h not in (select fragment from withheld)
    order by found.ts desc
    limit %(each)s
) e
where p.last_seen >= %(since)s - interval '1 hour'
order by e.ts desc
limit %(most)s
