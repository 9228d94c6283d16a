-- newest: what was refused, the latest first, from a place on (primary key)
select id, at, source_id, message_id, kind, reason, detail, is_fatal, body
from violation
where id < %(before)s and (%(reason)s::text is null or reason = %(reason)s)
order by id desc
limit %(limit)s

-- newest_of_source: as newest, of one source (index on source_id, id)
select id, at, source_id, message_id, kind, reason, detail, is_fatal, body
from violation
where source_id = %(source_id)s and id < %(before)s and (%(reason)s::text is null or reason = %(reason)s)
order by id desc
limit %(limit)s

-- counts: how often each reason came in the last day, by source
select source_id, substr(outcome, 11), sum(n)::bigint
from source_count
where outcome like 'violation:%%' and minute >= now() - interval '24 hours'
  and (%(source_id)s::integer is null or source_id = %(source_id)s)
group by 1, 2
order by 3 desc, 1, 2
limit 50

-- groups: reasons by source over a week, by the day, the most frequent first (primary key of source_count)
select source_id, substr(outcome, 11), sum(n) filter (where minute >= now() - interval '24 hours')::bigint, sum(n)::bigint,
       array(select coalesce(sum(c2.n), 0)::bigint
             from generate_series(0, 6) day
             left join source_count c2 on c2.source_id = c.source_id and c2.outcome = c.outcome
                 and c2.minute >= now() - (7 - day) * interval '1 day' and c2.minute < now() - (6 - day) * interval '1 day'
             group by day order by day)
from source_count c
where outcome like 'violation:%%' and minute >= now() - interval '7 days'
  and (%(source_id)s::integer is null or source_id = %(source_id)s)
group by source_id, outcome
order by 4 desc, 1, 2
limit 30

-- replayable: fatal violations of reasons that may be replayed, the oldest first (primary key; index on source_id, id)
select id, at, source_id, kind, body from violation
where is_fatal and id > %(after)s and reason = any(%(reasons)s)
  and (%(id)s::bigint is null or id = %(id)s) and (%(reason)s = '' or reason = %(reason)s)
  and (%(source_id)s::integer is null or source_id = %(source_id)s)
order by id
limit %(limit)s

-- to_replay: as replayable, kept from others
select id, at, source_id, kind, body from violation
where is_fatal and id > %(after)s and reason = any(%(reasons)s)
  and (%(id)s::bigint is null or id = %(id)s) and (%(reason)s = '' or reason = %(reason)s)
  and (%(source_id)s::integer is null or source_id = %(source_id)s)
order by id
limit %(limit)s
for update skip locked

-- newest_id: the latest violation (primary key)
select coalesce(max(id), 0) from violation

-- came_back: how many of these messages were refused since (index on source_id, message_id)
select count(distinct v.id) from unnest(%(source_id)b, %(message_id)b) sent(source_id, message_id)
join violation v using (source_id, message_id)
where v.id > %(after)s and v.is_fatal

-- forget: these were sent again
delete from violation where id = any(%(ids)s)
