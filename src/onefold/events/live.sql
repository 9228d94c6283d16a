-- newest: accepted events received in a stretch of time, the latest first (partitions and BRIN index on received_at)
select e.received_at, e.id, e.ts, e.kind, e.name, e.source_id, e.flags, e.message_id, e.fragment, e.body
from event e
where e.received_at >= %(since)s and (e.received_at, e.id) < (%(before)s, %(before_id)s)
  and e.fragment not in (select fragment from withheld)
  and (%(source_id)s::integer is null or e.source_id = %(source_id)s)
  and (%(kind)s::smallint is null or e.kind = %(kind)s)
  and (%(name)s::text is null or e.name ilike %(name)s)
  and (%(text)s::bytea is null or position(%(text)s::bytea in e.body) > 0 or position(%(escaped)s::bytea in e.body) > 0)
  and (%(text)s::bytea is null or %(hidden)s::text is null or exists (
    select from regexp_replace(encode(e.body, 'escape'), %(hidden)s, ' ', 'g') readable
    where position(encode(%(text)s::bytea, 'escape') in readable) > 0 or position(encode(%(escaped)s::bytea, 'escape') in readable) > 0))
order by e.received_at desc, e.id desc
limit %(limit)s

-- newest_of: as newest, of some fragments, by when they happened (index on fragment, ts; each read from its end)
select e.received_at, e.id, e.ts, e.kind, e.name, e.source_id, e.flags, e.message_id, e.fragment, e.body
from unnest(%(fragments)s::bigint[]) f(h) cross join lateral (
    select * from event where fragment = f.h and (received_at, id) < (%(before)s, %(before_id)s)
    order by ts desc limit %(limit)s
) e
where (%(source_id)s::integer is null or e.source_id = %(source_id)s)
  and (%(kind)s::smallint is null or e.kind = %(kind)s)
  and (%(name)s::text is null or e.name ilike %(name)s)
  and (%(text)s::bytea is null or position(%(text)s::bytea in e.body) > 0 or position(%(escaped)s::bytea in e.body) > 0)
  and (%(text)s::bytea is null or %(hidden)s::text is null or exists (
    select from regexp_replace(encode(e.body, 'escape'), %(hidden)s, ' ', 'g') readable
    where position(encode(%(text)s::bytea, 'escape') in readable) > 0 or position(encode(%(escaped)s::bytea, 'escape') in readable) > 0))
order by e.received_at desc, e.id desc
limit %(limit)s

-- accepted_since: how many were accepted since a minute (primary key of source_count, by source)
select coalesce(sum(n), 0)::bigint from source_count
where outcome = 'accepted' and minute >= %(since)s and source_id = any(array(select id from source))

-- reach: the minute since which as many were accepted as may be looked at
select min(minute) from (
    select minute, sum(sum(n)) over (order by minute desc) as total from source_count
    where outcome = 'accepted' and minute >= %(since)s group by minute
) counted where total <= %(most)s

-- refused: violations of a stretch, the latest first (primary key, index on source_id, id)
select v.at, v.id, v.source_id, v.message_id, v.kind, v.reason, v.detail, v.is_fatal
from violation v
where v.at < %(before)s and v.id > %(after)s
  and (%(source_id)s::integer is null or v.source_id = %(source_id)s)
  and (%(kind_name)s::text is null or v.kind = %(kind_name)s)
  and (%(text)s::bytea is null or position(%(text)s::bytea in v.body) > 0 or position(%(escaped)s::bytea in v.body) > 0)
  and (%(text)s::bytea is null or %(hidden)s::text is null or exists (
    select from regexp_replace(encode(v.body, 'escape'), %(hidden)s, ' ', 'g') readable
    where position(encode(%(text)s::bytea, 'escape') in readable) > 0 or position(encode(%(escaped)s::bytea, 'escape') in readable) > 0))
order by v.id desc
limit %(limit)s

-- tail: what was processed after a place, the latest first; looks at so many at most (primary key; then index on id)
select t.seq, t.processed_at, t.is_duplicate, t.received_at, e.received_at, e.id, e.ts, e.kind, e.name, e.source_id, e.flags,
    e.message_id, e.fragment, e.body
from (select * from event_tail where seq > %(after)s order by seq desc limit %(most)s) t
cross join lateral (
    select * from event e
    where e.id = t.id and e.received_at <= t.received_at and e.received_at > t.received_at - interval '25 hours'
      and e.fragment not in (select fragment from withheld)
    order by e.received_at desc limit 1
) e
where (%(source_id)s::integer is null or e.source_id = %(source_id)s)
  and (%(kind)s::smallint is null or e.kind = %(kind)s)
  and (%(name)s::text is null or e.name ilike %(name)s)
  and (%(text)s::bytea is null or position(%(text)s::bytea in e.body) > 0 or position(%(escaped)s::bytea in e.body) > 0)
  and (%(text)s::bytea is null or %(hidden)s::text is null or exists (
    select from regexp_replace(encode(e.body, 'escape'), %(hidden)s, ' ', 'g') readable
    where position(encode(%(text)s::bytea, 'escape') in readable) > 0 or position(encode(%(escaped)s::bytea, 'escape') in readable) > 0))
  and (%(fragments)s::bigint[] is null or e.fragment = any(%(fragments)s))
  and (%(outcome)s::text is null or (%(outcome)s = 'duplicate') = t.is_duplicate)
order by t.seq desc
limit %(limit)s

-- places: where the tail and the violations end (primary keys)
select coalesce((select max(seq) from event_tail), 0), coalesce((select max(id) from violation), 0)

-- delays: when these events were processed, if it is not long ago (the whole tail at worst: a few thousand rows)
select id, max(processed_at) from event_tail where id = any(%(ids)s) group by id

-- note: what was stored just now
insert into event_tail (id, received_at, source_id, is_duplicate)
select * from unnest(%(id)b, %(received_at)b, %(source_id)b, %(is_duplicate)b::boolean[])

-- forget: all but the newest
delete from event_tail where seq <= (select max(seq) from event_tail) - %(kept)s

-- one: an accepted event with all that was stored of it (index on id)
select e.received_at, e.id, e.ts, e.kind, e.name, e.source_id, e.flags, e.message_id, e.fragment, e.body, e.trust
from event e where e.id = %(id)s and e.fragment not in (select fragment from withheld) order by e.received_at desc limit 1

-- refused_one: the latest violations of a message (index on source_id, message_id)
select id, at, reason, detail, is_fatal, body from violation
where source_id = %(source_id)s and message_id = %(message_id)s order by id desc limit 20

-- refused_by_id: a violation (primary key)
select id, at, source_id, message_id, kind, reason, detail, is_fatal, body from violation where id = %(id)s
