-- newest: accepted events received in a stretch of time, the latest first (partitions and BRIN index on received_at)
select e.received_at, e.id, e.ts, e.kind, e.name, e.source_id, e.flags, e.message_id, e.fragment, e.body
from event e
where e.received_at >= %(since)s and (e.received_at, e.id) > (%(since)s, %(since_id)s)
  and (%(source_id)s::integer is null or e.source_id = %(source_id)s)
  and (%(kind)s::smallint is null or e.kind = %(kind)s)
order by e.received_at desc, e.id desc
limit %(limit)s
