-- recent: what became of each source's events (primary key of source_count, from its newest minute back)
select s.id, t.accepted_hour, t.accepted_day, t.violations_day, t.duplicates_day, t.rejected_day, l.minute
from source s
cross join lateral (
    select coalesce(sum(n) filter (where outcome = 'accepted' and minute >= now() - interval '1 hour'), 0)::bigint as accepted_hour,
           coalesce(sum(n) filter (where outcome = 'accepted'), 0)::bigint as accepted_day,
           coalesce(sum(n) filter (where outcome like 'violation:%'), 0)::bigint as violations_day,
           coalesce(sum(n) filter (where outcome = 'duplicate'), 0)::bigint as duplicates_day,
           coalesce(sum(n) filter (where outcome like 'rejected:%'), 0)::bigint as rejected_day
    from source_count c where c.source_id = s.id and c.minute >= now() - interval '24 hours'
) t
left join lateral (
    select minute from source_count c where c.source_id = s.id and c.outcome = 'accepted' order by minute desc limit 1
) l on true

-- add: what became of events, by source and minute
insert into source_count (source_id, minute, outcome, n)
select * from unnest(%(source_id)b, %(minute)b, %(outcome)b, %(n)b)
on conflict (source_id, minute, outcome) do update set n = source_count.n + excluded.n

-- totals: what became of all events of an hour and a day (primary key of source_count, by source), and how quick the newest were
select coalesce(sum(t.received_hour), 0)::bigint, coalesce(sum(t.accepted_day), 0)::bigint, coalesce(sum(t.violations_day), 0)::bigint,
       coalesce(sum(t.duplicates_day), 0)::bigint, coalesce(sum(t.rejected_day), 0)::bigint,
       (select percentile_cont(0.95) within group (order by extract(epoch from processed_at - received_at)::float8)
        from (select processed_at, received_at from event_tail order by seq desc limit 1000) newest)
from source s cross join lateral (
    select sum(n) filter (where outcome = 'received' and minute >= now() - interval '1 hour') as received_hour,
           sum(n) filter (where outcome = 'accepted') as accepted_day,
           sum(n) filter (where outcome like 'violation:%') as violations_day,
           sum(n) filter (where outcome = 'duplicate') as duplicates_day,
           sum(n) filter (where outcome like 'rejected:%') as rejected_day
    from source_count c where c.source_id = s.id and c.minute >= now() - interval '24 hours'
) t

-- first: what became of everything that a source ever sent, as far as it is kept (primary key)
select coalesce(sum(n) filter (where outcome = 'accepted'), 0)::bigint,
       coalesce(sum(n) filter (where outcome like 'violation:%%'), 0)::bigint,
       coalesce(sum(n) filter (where outcome like 'rejected:%%'), 0)::bigint
from source_count where source_id = %(source_id)s

-- hours: what became of events by the hour of their receipt, of one source or all (primary key, by source)
select date_bin('1 hour', minute, %(since)s), coalesce(sum(n) filter (where outcome = 'accepted'), 0)::bigint,
       coalesce(sum(n) filter (where outcome = 'duplicate'), 0)::bigint,
       coalesce(sum(n) filter (where outcome like 'violation:%%'), 0)::bigint
from source_count
where source_id = any(case when %(source_id)s::integer is null then array(select id from source) else array[%(source_id)s::integer] end)
  and minute >= %(since)s
group by 1

-- rejections: why requests were refused in a day, of one source or all (primary key, by source)
select substr(outcome, 10), sum(n)::bigint from source_count
where source_id = any(case when %(source_id)s::integer is null then array(select id from source) else array[%(source_id)s::integer] end) and minute >= now() - interval '24 hours' and outcome like 'rejected:%%'
group by 1 order by 2 desc, 1
