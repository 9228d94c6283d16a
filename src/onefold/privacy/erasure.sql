-- lock_request: whose turn it is, unless it is done
select id, kind, identifier, is_suppressed, rest, report from privacy_request
where id = %(id)s and done_at is null for update

-- under_way: the oldest erasure that has begun and doesn't stand still (index on id where not done)
select id, kind, identifier, is_suppressed, rest, report from privacy_request
where done_at is null and rest is not null and fault is null order by id limit 1 for update

-- next_waiting: the oldest that waited for histories from the lake, once none is to come any more (index on id where not done)
select id, kind, identifier, is_suppressed, rest, report from privacy_request
where done_at is null and is_waiting and fault is null and not exists (select from lake_wanted) order by id limit 1 for update

-- has_history_come: whether a retraction or a request can go on that waited for it (small tables)
select exists (select from pending_retraction where is_ready)
    or exists (select from privacy_request where done_at is null and is_waiting and fault is null)
        and not exists (select from lake_wanted)

-- note_waiting: whether histories must come first
update privacy_request set is_waiting = %(is_waiting)s where id = %(id)s and is_waiting <> %(is_waiting)s

-- begin: nobody sees the person any more
update privacy_request set begun_at = clock_timestamp(), changed_at = clock_timestamp(), n_events = %(n_events)s where id = %(id)s

-- note: how far it is
update privacy_request set rest = %(rest)s, report = %(report)s, fault = null where id = %(id)s

-- note_fault: it stands still until it is asked for again
update privacy_request set fault = %(fault)s where id = %(id)s and done_at is null

-- finish: done; the identifiers are forgotten
update privacy_request set done_at = clock_timestamp(), begun_at = coalesce(begun_at, clock_timestamp()),
    changed_at = clock_timestamp(), identifier = null, rest = null, fault = null, report = %(report)s
where id = %(id)s

-- counts: what else goes with these identifiers
select (select count(distinct company) from company_member where fragment = any(%(hashes)b)),
       (select count(*) from consent where fragment = any(%(hashes)b))

-- delete_links: decisions that name one of these identifiers (indexes on a and b; index on id)
with deleted as (
    delete from event
    where kind = 7 and id in (
        select event from link_rule where a = any(%(hashes)b) union select event from link_rule where b = any(%(hashes)b)
    )
    returning *
), noted as (
    insert into event_gone select position, fragment, ts from deleted
)
select id, fragment, (extract(epoch from received_at) * 1000000)::bigint, source_id, trust, flags,
    (extract(epoch from ts) * 1000000)::bigint, message_id, body
from deleted

-- neighbours: whose events name one of these as the weaker (index on b)
select distinct a from edge where b = any(%(hashes)b) and a <> all(%(hashes)b)

-- redact_events: what is left of other people's events, as new ones (index on id)
with noted as (
    insert into event_gone
    select e.position, e.fragment, e.ts from unnest(%(id)b, %(received_at)b) v(id, received_at)
    join event e on e.id = v.id and e.received_at = v.received_at
)
update event e set body = v.body, position = nextval('event_position')
from unnest(%(id)b, %(received_at)b, %(body)b) v(id, received_at, body)
where e.id = v.id and e.received_at = v.received_at

-- views: what users' lists are called and ask for (a scan of a small table)
select id, name, address from saved_view

-- delete_views: by id
delete from saved_view where id = any(%(ids)b)

-- delete_moves: which profile these identifiers were in (index on h); the lake hears of the profiles
with deleted as (
    delete from identity_move where h = any(%(hashes)b) returning from_prof, to_prof
), noted as (
    insert into lake_touched (profile) select from_prof from deleted where from_prof is not null
    union select to_prof from deleted where to_prof is not null
)
select count(*) from deleted

-- blank_moves: others that were in a profile of that name (a scan)
update identity_move set from_prof = case when from_prof = any(%(hashes)b) then null else from_prof end,
    to_prof = case when to_prof = any(%(hashes)b) then null else to_prof end
where from_prof = any(%(hashes)b) or to_prof = any(%(hashes)b)

-- delete_duplicates: deliveries that came again (primary key)
delete from duplicate where id = any(%(ids)b) returning (extract(epoch from received_at) * 1000000)::bigint

-- delete_violations_of: of these messages (index on source_id, message_id)
delete from violation v using (select distinct * from unnest(%(source_id)b, %(message_id)b) m(source_id, message_id)) m
where v.source_id = m.source_id and v.message_id = m.message_id
returning (extract(epoch from v.at) * 1000000)::bigint

-- violation_ids: where the table begins and ends (primary key)
select coalesce(min(id), 1), coalesce(max(id), 0) from violation

-- suspects: of a stretch of violations those that may name somebody (primary key); what they say is looked at apart
select v.id, (extract(epoch from v.at) * 1000000)::bigint, v.message_id, v.body
from violation v
cross join lateral (select lower(encode(v.body, 'escape')) || lower(v.message_id) as text offset 0) t
where v.id between %(first)s and %(last)s and exists (
    select from unnest(%(needles)s::text[]) needle
    where position(lower(encode(convert_to(needle, 'UTF8'), 'escape')) in t.text) > 0
)

-- delete_violations: by id
delete from violation where id = any(%(ids)b)

-- log_rows: requests received at these instants (a scan of what is kept of that stretch)
select (extract(epoch from l.received_at) * 1000000)::bigint, l.lane, l.epoch, l.xid::text::bigint, l.off, l.n, l.body
from event_log l
where l.received_at between (%(first)b)[1] and (%(last)b)[1] and l.received_at in (select unnest(%(at)b))
