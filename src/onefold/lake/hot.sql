-- events_between: events of PostgreSQL by position, as the lake has them (index on position)
select e.position, uuid_send(e.id) as event_id, coalesce(n.prof, e.fragment) as profile_id, e.fragment as fragment_id, e.ts,
    e.received_at, e.source_id, e.kind, e.trust, e.flags, e.name, e.message_id, e.body
from event e left join node n on n.h = e.fragment
where e.position > {after} and e.position <= {until}

-- first_position: the first event in a span of positions (index on position)
select min(position) as position from event where position > {after} and position <= {until}

-- given_position: no event has a later one yet
select last_value as position from event_position

-- versions: what readers see of each table
select name, version, files, rows from lake_table

-- stand: how far the lake is, and when this is asked (UTC)
select flushed, hot_since, transaction_timestamp() as taken_at from lake_progress

-- gone: positions that were taken back or erased since they were written
select position from event_gone where position <= (select flushed from lake_progress)

-- overrides: fragments that changed their profile since, and their present one (primary keys); of some, if any are named
with moved as (
    select fragment as h from lake_override where {fragments}::bigint[] is null or fragment = any({fragments})
    union select h from identity_move where seq > (select moved from lake_progress)
)
select n.h as fragment_id, n.prof as profile_id from moved join node n using (h) where n.n > 0

-- withheld: events that nobody may see any more
select fragment as fragment_id from withheld

-- hot: as events_between, at most so many positions; of some fragments, if any are named
select e.position, uuid_send(e.id) as event_id, coalesce(n.prof, e.fragment) as profile_id, e.fragment as fragment_id, e.ts,
    e.received_at, e.source_id, e.kind, e.trust, e.flags, e.name, e.message_id, e.body
from event e left join node n on n.h = e.fragment
where e.position >= {first} and e.position < {first} + {most}
    and ({fragments}::bigint[] is null or e.fragment = any({fragments}))

-- hot_end: when the last event of `hot` was received (index on position)
select max(received_at) as ends_at from event where position >= {first} and position < {first} + {most}

-- promoted: properties that every file has as a column
select name, "column", type from lake_property where is_complete

-- content: every event that PostgreSQL has and the lake should, for comparison
select position, fragment as fragment_id, ts, received_at, source_id, uuid_send(id) as event_id, name, message_id, body
from event where position <= (select flushed from lake_progress)
    and received_at >= coalesce((select hot_since from lake_progress), '-infinity')

-- fragments: how many events each has, as profiles count them; of companies' own only the times are known
select h as fragment_id, n, first_ts, last_ts from node where n > 0
union all select fragment, null, first_ts, last_ts from company_member where fragment = company

-- members: who is in which audience
select profile as profile_id, audience as audience_id, true as is_in from membership
where audience not in (select id from audience where is_of_companies)

-- status: what is yet to do
select p.flushed, p.flushed_at, p.refreshed_at, p.compacted_at, p.hot_since, p.fault, p.fault_at,
    (select count(*) from event where position > p.flushed) as waiting,
    (select min(received_at) from event where position > p.flushed) as waiting_since,
    (select count(*) from event_gone) as gone, (select count(*) from lake_override) as overrides
from lake_progress p

-- properties: what events carry, the most frequent first
select name, n, n_text, n_number, n_boolean, n_other, case when not is_demoted then "column" end as "column", type, is_complete
from lake_property order by n desc limit 200
