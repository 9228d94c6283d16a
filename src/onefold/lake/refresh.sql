-- stand: up to where the tables of people and companies are, and up to where they can be
select p.refreshed, p.refreshed_move,
    (select coalesce(max(position), p.refreshed) from event where position > p.refreshed) as last,
    (select coalesce(max(seq), 0) from identity_move) as last_move,
    exists (select from lake_touched) as has_noted, p.refreshed_change,
    (select coalesce(max(position), 0) from membership_move) as last_change
from lake_progress p

-- touched: profiles that may have changed since (index on position; primary keys)
with fragments as (
    select fragment as h from event where position > {after} union select fragment from event_gone
), rules as (
    select r.a, r.b from link_rule r join event e on e.id = r.event where e.position > {after} and e.kind = 7
), named as (
    select h from fragments union select e.b from edge e join fragments f on f.h = e.a
    union select a from rules union select b from rules
)
select n.prof as profile_id from named join node n using (h)
union select profile from lake_touched
union select from_prof from identity_move where seq > {move} and from_prof is not null
union select to_prof from identity_move where seq > {move} and to_prof is not null

-- touched_members: profiles whose memberships may have changed since (primary key)
select profile as profile_id from membership_move where position > {change} union select profile from lake_touched

-- noted: profiles of which nothing else tells
select seq from lake_touched

-- profiles: as the lake has them
select id as profile_id, name, email, phone, company as company_id, is_known, first_seen,
    greatest(first_seen, last_seen) as last_seen, traits::text as traits,
    (select s.consents from profile_state s where s.id = profile.id) as consents
from profile where {touched}

-- identifiers: as the lake has them; times in µs
select n.prof as profile_id, n.h as identifier_id, coalesce(s.name, n.ns::text) as namespace, n.val as value, n.rcv,
    n.n as n_events, n.first_ts, n.last_ts
from node n left join lake_namespace s on s.code = n.ns where {touched}

-- memberships: of each entry what came next; of an erased person only an exit may be left (index on profile, position)
select profile as profile_id, audience as audience_id, at as entered_at, words[cause] as entered_cause,
    uuid_send(event) as entered_event, case when kind = 3 then other end as entered_from, version,
    left_at, words[left_cause] as left_cause, uuid_send(left_event) as left_event, case when left_kind = 4 then left_to end as left_to
from (
    select profile, audience, kind, at, cause, event, version, other, array['event', 'time', 'rule', 'identity', 'taken_back', 'removed'] as words,
        lead(kind) over w as left_kind, lead(at) over w as left_at, lead(cause) over w as left_cause, lead(event) over w as left_event,
        lead(other) over w as left_to
    from membership_change where profile <> 0 and {touched} and audience not in (select id from audience where is_of_companies) window w as (partition by profile, audience order by position)
) changes where kind in (1, 3)

-- companies: all of them, but for those that were merged into another
select h as company_id, space, key, name, n as n_events, first_seen, last_seen, traits::text as traits from company where head is null order by h

-- has_group_calls: whether companies may have changed since (index on position); Onefold's own events may be companies'
select exists (select from event where position > {after} and (kind = 5 or source_id = 1)) or exists (select from event_gone)
    or exists (select from lake_touched) as has_any

-- forget_touched: the tables have them now
delete from lake_touched where seq = any(%(noted)s)

-- refreshed: the tables are as of here
update lake_progress set refreshed = %(position)s, refreshed_move = %(move)s, refreshed_change = %(change)s, refreshed_at = now()
