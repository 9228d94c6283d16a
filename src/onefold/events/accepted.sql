-- known: which of these ids were accepted lately (index on id; the span prunes partitions)
select id, (extract(epoch from received_at) * 1000000)::bigint
from event where id = any(%(ids)b) and received_at between %(since)s and %(until)s

-- retracted: which of these ids are taken back, and up to which receipt (primary key)
select id, (extract(epoch from received_at) * 1000000)::bigint from retraction where id = any(%(ids)b)

-- insert_events: accepted events
insert into event (received_at, id, fragment, ts, source_id, kind, trust, flags, name, message_id, body)
select * from unnest(%(received_at)b, %(id)b, %(fragment)b, %(ts)b, %(source_id)b, %(kind)b, %(trust)b, %(flags)b, %(name)b,
    %(message_id)b, %(body)b)

-- insert_duplicates: events that came again
insert into duplicate (id, received_at) select * from unnest(%(id)b, %(received_at)b) on conflict do nothing

-- insert_violations: what was refused
insert into violation (at, source_id, message_id, kind, reason, detail, is_fatal, body)
select * from unnest(%(at)b, %(source_id)b, %(message_id)b, %(kind)b, %(reason)b, %(detail)b, %(is_fatal)b::boolean[], %(body)b)

-- insert_retractions: of several the latest receipt counts
insert into retraction (id, received_at, cause)
select id, received_at, cause from unnest(%(id)b, %(received_at)b, %(cause)b) v(id, received_at, cause)
on conflict (id) do update set received_at = excluded.received_at, cause = excluded.cause
where retraction.received_at < excluded.received_at

-- delete_retracted: stored events that are taken back
with deleted as (
    delete from event using retraction
    where event.id = any(%(ids)b) and retraction.id = event.id and event.received_at <= retraction.received_at and event.kind <> 8
    returning event.*
), noted as (
    insert into event_gone select position, fragment, ts from deleted
)
select id, fragment, (extract(epoch from received_at) * 1000000)::bigint, source_id, trust, flags,
    (extract(epoch from ts) * 1000000)::bigint, message_id, body
from deleted

-- latest_of: of a fragment the latest up to a time, to be erased (index on fragment, ts, a partition after the other)
select id, fragment, (extract(epoch from received_at) * 1000000)::bigint, source_id, trust, flags,
    (extract(epoch from ts) * 1000000)::bigint, message_id, body
from event where fragment = %(fragment)s and ts <= %(until)s
order by ts desc limit %(limit)s

-- delete_events: by receipt and id (index on id)
with deleted as (
    delete from event e using unnest(%(id)b, %(received_at)b) v(id, received_at)
    where e.id = v.id and e.received_at = v.received_at
    returning e.position, e.fragment, e.ts
)
insert into event_gone select position, fragment, ts from deleted

-- withhold: nobody sees these fragments' events from now on
insert into withheld select unnest(%(fragments)b) on conflict do nothing

-- end_withholding: they are gone
delete from withheld where fragment = any(%(fragments)b)

-- withheld: all (a few, while somebody with many events is erased)
select fragment from withheld

-- company_events_of: what these fragments say of companies; of a company's own fragment also its track calls
select id, fragment, (extract(epoch from received_at) * 1000000)::bigint, source_id, trust, flags,
    (extract(epoch from ts) * 1000000)::bigint, message_id, body
from event where fragment = any(%(fragments)b) and (kind = 5 or (kind = 2 and source_id = 1))

-- events_of: everything accepted of these fragments, one partition after another
select id, fragment, (extract(epoch from received_at) * 1000000)::bigint, source_id, trust, flags,
    (extract(epoch from ts) * 1000000)::bigint, message_id, body
from event where fragment = any(%(fragments)b)

-- note_pending: taken back, but perhaps in the lake only
insert into pending_retraction (id) select unnest(%(ids)b) on conflict (id) do update set is_ready = false

-- pending: those that nobody has looked for in the lake yet
select id from pending_retraction where not is_ready limit %(limit)s

-- make_ready: their events' histories are here
update pending_retraction set is_ready = true where id = any(%(ids)b)

-- ready: those that can be taken back now
select id from pending_retraction where is_ready limit %(limit)s for update

-- end_pending: done, or there was nothing
delete from pending_retraction where id = any(%(ids)b)
