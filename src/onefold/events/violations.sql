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
